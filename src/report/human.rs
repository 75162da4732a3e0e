//! A run in words: lines as things happen, what failed, and a table at the end.

use super::progress::Bars;
use super::table::{Table, seconds, size};
use super::terminal::{Terminal, Verbosity, harmless, paint};
use crate::event::{BuildStatus, Event, Listener, Phase, TargetReport};
use crate::model::{Proof, SealLevel};
use crate::pipeline::RunReport;
use crate::plan::Plan;
use crate::vendor::{Fetching, VendorOrigin, Verified};

/// Reports to people: bars on a terminal, lines elsewhere.
pub struct HumanReporter<'t> {
    terminal: &'t Terminal,
    bars: Option<Bars>,
}

impl<'t> HumanReporter<'t> {
    /// A reporter that speaks through `terminal`.
    pub fn new(terminal: &'t Terminal) -> Self {
        HumanReporter { terminal, bars: terminal.interactive().then(|| Bars::new(terminal.styled())) }
    }

    /// A reporter without bars, for commands that take a moment.
    pub fn lines(terminal: &'t Terminal) -> Self {
        HumanReporter { terminal, bars: None }
    }

    /// Takes the bars away, so that an error stands alone.
    pub fn clear(&self) {
        if let Some(bars) = &self.bars {
            bars.finish();
        }
    }

    fn line(&self, text: &str) {
        match &self.bars {
            Some(bars) => bars.above(|| self.terminal.line(text)),
            None => self.terminal.line(text),
        }
    }

    fn labelled(&self, label: &str, style: &str, text: &str) {
        if self.terminal.verbosity() > Verbosity::Quiet {
            let label = paint(self.terminal.styled(), style, &format!("{label:<8}"));
            self.line(&format!("{label}{text}"));
        }
    }

    /// The end of a run: the table and where the results are.
    pub fn summary(&self, report: &RunReport) {
        self.clear();
        if self.terminal.verbosity() == Verbosity::Quiet {
            return;
        }
        let several = report.targets.iter().any(|target| target.builds.len() > 1);
        let mut table = Table::default();
        let head = ["TARGET", "BUILD", "STATUS", "TIME", "SIZE", "SHA256"];
        let pick = |cells: [String; 6]| {
            cells.into_iter().enumerate().filter(move |(i, _)| several || *i != 1).map(|(_, c)| c)
        };
        table.row(pick(head.map(str::to_owned)));
        for target in &report.targets {
            for build in &target.builds {
                let (bytes, sum) = match build.status.digest() {
                    Some(digest) => (size(digest.size), digest.short_sha256().to_owned()),
                    None => ("-".to_owned(), "-".to_owned()),
                };
                let status = match build.status {
                    BuildStatus::Built(_) | BuildStatus::Cached(_) if target.package_failure.is_some() => {
                        "unpackaged"
                    }
                    BuildStatus::Built(_) => "built",
                    BuildStatus::Cached(_) => "cached",
                    BuildStatus::Failed(_) => "FAILED",
                    BuildStatus::Stopped => "stopped",
                };
                let cells = [
                    target.target.to_string(),
                    build.id.clone(),
                    status.to_owned(),
                    seconds(build.elapsed),
                    bytes,
                    sum,
                ];
                table.row(pick(cells));
            }
        }
        let right = if several { [3, 4] } else { [2, 3] };
        for line in table.render(&right) {
            let red = line.contains("FAILED") || line.contains("unpackaged");
            self.terminal.line(&if red { paint(self.terminal.styled(), "31", &line) } else { line });
        }
        if let Some(peak) = report.peak_memory.filter(|_| self.terminal.verbosity() == Verbosity::Verbose) {
            self.terminal.line(&format!("peak memory of xbuild itself: {}", size(peak)));
        }
        let failed = report.targets.iter().filter(|target| !target.succeeded()).count();
        let files = match report.records.len() {
            0 => String::new(),
            count => format!("{count} files, "),
        };
        let outcome = if failed == 0 {
            String::new()
        } else {
            format!(", {failed} of {} targets failed", report.targets.len())
        };
        let seal = match report.seal {
            SealLevel::Strict => String::new(),
            weaker => format!(", sealed by {weaker} only"),
        };
        self.terminal.line(&format!("{}  {files}{}{seal}{outcome}", report.place, seconds(report.elapsed)));
    }

    fn planned(&self, plan: &Plan) {
        let builds: usize = plan.targets.iter().map(|target| target.builds.len()).sum();
        let programs =
            if builds == plan.targets.len() { String::new() } else { format!(", {builds} programs") };
        let text = format!(
            "{} {}: {} target{}{programs}, {}, {} CPU slot{}",
            plan.project.name,
            plan.project.version.version,
            plan.targets.len(),
            plural(plan.targets.len()),
            plan.sdk.version_text,
            plan.settings.jobs.value,
            plural(plan.settings.jobs.value),
        );
        self.labelled("plan", "1;36", &text);
        if self.terminal.verbosity() == Verbosity::Verbose {
            for (target, reason) in &plan.skipped {
                self.labelled("skip", "2", &format!("{target}: {reason}"));
            }
        }
    }

    fn finished(&self, report: &TargetReport) {
        let name = &report.target;
        for build in &report.builds {
            let what =
                if report.builds.len() > 1 { format!("{name} {}", build.id) } else { name.to_string() };
            let (label, style, rest) = match &build.status {
                BuildStatus::Built(digest) => {
                    ("built", "1;32", format!("{}  {}", seconds(build.elapsed), size(digest.size)))
                }
                BuildStatus::Cached(digest) => {
                    ("cached", "1;32", format!("{}  {}", seconds(build.elapsed), size(digest.size)))
                }
                BuildStatus::Failed(cause) => ("FAILED", "1;31", cause.clone()),
                BuildStatus::Stopped => ("stopped", "33", String::new()),
            };
            let failed = matches!(build.status, BuildStatus::Failed(_));
            let text = format!("{what}  {}", harmless(&rest));
            if failed && self.terminal.verbosity() == Verbosity::Quiet {
                self.line(&format!("FAILED  {text}"));
            } else if failed || self.bars.is_none() {
                self.labelled(label, style, text.trim_end());
            }
            if !build.messages.is_empty() && (failed || self.terminal.verbosity() == Verbosity::Verbose) {
                let said: Vec<String> =
                    harmless(&build.messages).lines().map(|line| format!("    {line}")).collect();
                self.line(&said.join("\n"));
            }
        }
        if let Some(cause) = &report.package_failure {
            let text = format!("{name}  {}", harmless(cause));
            match self.terminal.verbosity() {
                Verbosity::Quiet => self.line(&format!("FAILED  {text}")),
                _ => self.labelled("FAILED", "1;31", &text),
            }
        }
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

fn verified_words(verified: &Verified) -> String {
    format!(
        "{} file{} of {} module{} are what go.sum says, {} ms",
        verified.files,
        plural(verified.files),
        verified.modules,
        plural(verified.modules),
        verified.elapsed.as_millis()
    )
}

/// A phase in one word or a few.
pub(super) fn phase_words(phase: &Phase<'_>) -> String {
    match phase {
        Phase::Loading => "load".to_owned(),
        Phase::Compiling { package, done, total } => format!("compile {done}/{total}  {package}"),
        Phase::Linking => "link".to_owned(),
        Phase::Inspecting => "inspect".to_owned(),
        Phase::Packaging => "package".to_owned(),
    }
}

/// How far the download is, in a line; nothing for a request that is made again.
pub(super) fn fetching_words(fetching: &Fetching<'_>) -> String {
    let Fetching::Ended { module, file, done, total, bytes } = fetching else { return String::new() };
    let outcome = bytes.map_or_else(|| "did not come".to_owned(), size);
    format!("{file} {done}/{total}  {module}  {outcome}")
}

impl Listener for HumanReporter<'_> {
    fn event(&self, event: &Event<'_>) {
        if let Some(bars) = &self.bars {
            bars.event(event);
        }
        let verbose = self.terminal.verbosity() == Verbosity::Verbose;
        match event {
            Event::Note(text) => self.labelled("note", "1;33", &harmless(text)),
            Event::Planned(plan) => self.planned(plan),
            Event::Sealed { level, why_weaker } => {
                if let Some(why) = why_weaker {
                    self.labelled(
                        "seal",
                        "1;33",
                        &format!("{level} ({}): {}", level.meaning(), harmless(why)),
                    );
                } else {
                    self.labelled("seal", "1;36", &format!("{level} ({})", level.meaning()));
                }
            }
            Event::SealedBefore(level) => {
                self.labelled("seal", "1;36", &format!("{level}, as built; nothing has to be run"));
            }
            Event::Vendoring { online: true } => {
                self.labelled("vendor", "1;36", "asking the configured GOPROXY")
            }
            Event::Vendoring { online: false } => {}
            Event::Fetching(Fetching::Retry { module, cause, pause, attempt, attempts }) => {
                let text = format!(
                    "{module}: {cause}; asking again in {}, attempt {attempt} of {attempts}",
                    seconds(*pause)
                );
                self.labelled("note", "1;33", &harmless(&text));
            }
            Event::Fetching(ended) if verbose => self.labelled("fetch", "2", &fetching_words(ended)),
            Event::Fetching(_) => {}
            Event::Vendored { origin, modules, proof, verified } => {
                let from = match origin {
                    VendorOrigin::NotNeeded => "no module is required".to_owned(),
                    VendorOrigin::Project => {
                        format!("the project's vendor/, {modules} module{}", plural(*modules))
                    }
                    VendorOrigin::Cache => format!("from the cache, {modules} module{}", plural(*modules)),
                    VendorOrigin::Local => {
                        format!("from this host's modules, {modules} module{}", plural(*modules))
                    }
                    VendorOrigin::Online => format!("fetched, {modules} module{}", plural(*modules)),
                };
                let proof = match proof {
                    Proof::NotNeeded => "",
                    Proof::Verified => ", verified",
                    Proof::Unverified => ", unverified: there is no vendor.lock",
                };
                self.labelled("vendor", "1;36", &format!("{from}{proof}"));
                if let Some(verified) = verified.as_ref().filter(|_| verbose) {
                    self.labelled("verify", "2", &verified_words(verified));
                }
            }
            Event::Installed(installed) => {
                let count = installed.modules.len();
                let text = match (installed.changed, count) {
                    (false, 0) => "no module is required".to_owned(),
                    (true, 0) => {
                        "no module is required; the old vendor/ and vendor.lock are removed".to_owned()
                    }
                    (true, _) => {
                        format!("vendor/ and vendor.lock hold {count} module{}, verified", plural(count))
                    }
                    (false, _) => {
                        format!(
                            "vendor/ and vendor.lock are up to date, {count} module{}, verified",
                            plural(count)
                        )
                    }
                };
                self.labelled("vendor", "1;36", &text);
            }
            Event::Verified(None) => self.labelled("vendor", "1;36", "no module is required"),
            Event::Verified(Some(verified)) => self.labelled("vendor", "1;36", &verified_words(verified)),
            Event::Started { target, slots } if verbose || self.bars.is_none() => {
                self.labelled("start", "2", &format!("{target}  {slots} slot{}", plural(*slots)));
            }
            Event::Phase { phase: Phase::Compiling { .. }, .. }
            | Event::Started { .. }
            | Event::Published { .. } => {}
            Event::Phase { target, phase } if verbose => {
                self.labelled("phase", "2", &format!("{target}  {}", phase_words(phase)));
            }
            Event::Phase { .. } => {}
            Event::Finished(report) => self.finished(report),
        }
    }
}
