//! Arguments, as clap reads them.

use std::time::Duration;

use camino::Utf8PathBuf;
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use crate::config::{Color, DURATION, FlagLayer, MEMORY, SEAL, SIZE, bytes, duration, memory};
use crate::exit_code::ExitCode;
use crate::model::SealChoice;

const EXAMPLES: &str = "\
Examples:
  xbuild                                 everything that targets.toml names, into dist/
  xbuild --target linux/arm64            one target, in any Go module
  xbuild --target 'linux/*' -j 4         every linux target, four CPU slots in all
  xbuild --target linux/arm64 -o hello   one program to a path, no dist/
  xbuild explain linux/arm64             why it was built, or would be
  xbuild plan -v                         what would be done, and which layer set each value
  xbuild init                            write a commented targets.toml

Environment:
  XBUILD_SDK, XBUILD_JOBS, XBUILD_CACHE_DIR, XBUILD_DIST, XBUILD_TARGETS, XBUILD_ONLINE,
  XBUILD_FAIL_FAST, XBUILD_SEAL, XBUILD_TIMEOUT, XBUILD_MEMORY, XBUILD_PROCESSES,
  XBUILD_REQUIRE_LOCK, XBUILD_CACHE_SIZE, XBUILD_COLOR, XBUILD_VERSION, XBUILD_COMMIT; SOURCE_DATE_EPOCH, NO_COLOR,
  CLICOLOR_FORCE";

fn after_help() -> String {
    format!("{EXAMPLES}\n\nExit codes:\n{}", ExitCode::table())
}

/// Builds a Go project for many targets on a host that may have no network, and proves what it built.
#[derive(Debug, Parser)]
#[command(name = "xbuild", version, after_help = after_help(), max_term_width = 100, disable_help_subcommand = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) build: BuildArgs,
    #[command(flatten)]
    pub(super) global: GlobalArgs,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Build, inspect, hash, package and publish (what xbuild does without a command)
    Build(BuildArgs),
    /// Show what `build` would do, with nothing done
    Plan(PlanArgs),
    /// Say why programs were built, or would be: what has changed since
    Explain(ExplainArgs),
    /// List every target of the SDK and which ones the project selects
    Targets(JsonArgs),
    /// Make vendor/ and vendor.lock, from the configured GOPROXY; or verify them
    Vendor(VendorArgs),
    /// Look at the store, verify it, make room in it
    Cache(CacheArgs),
    /// Show what this host can do, and why not more
    Doctor(JsonArgs),
    /// Write a commented targets.toml for the module here
    Init(InitArgs),
}

/// Flags of every command.
#[derive(Debug, Clone, Args)]
pub(super) struct GlobalArgs {
    /// Act as if called in DIR
    #[arg(short = 'C', long = "directory", value_name = "DIR", global = true)]
    pub(super) directory: Option<Utf8PathBuf>,
    /// The Go SDK: its directory, or the `go` in it [default: GOROOT, then `go` on PATH]
    #[arg(long, value_name = "DIR", global = true)]
    pub(super) sdk: Option<Utf8PathBuf>,
    /// Where the store is kept
    #[arg(long, value_name = "DIR", global = true)]
    pub(super) cache_dir: Option<Utf8PathBuf>,
    /// When to colour
    #[arg(long, value_name = "WHEN", global = true)]
    pub(super) color: Option<ColorArg>,
    /// Errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Say more
    #[arg(short, long, global = true)]
    pub(super) verbose: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ColorArg {
    Auto,
    Always,
    Never,
}

/// What to build.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub(super) struct SelectionArgs {
    /// A target: os/arch[/variant], a glob, `first-class`, or one of these after `!` (repeatable)
    #[arg(short, long = "target", value_name = "TARGET")]
    pub(super) targets: Vec<String>,
    /// Only the build with this id (repeatable)
    #[arg(long = "build", value_name = "ID")]
    pub(super) builds: Vec<String>,
    /// CPU slots over all targets together [default: the number of cores]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub(super) jobs: Option<u32>,
    /// Where results go [default: dist/ beside targets.toml]
    #[arg(long, value_name = "DIR")]
    pub(super) dist: Option<Utf8PathBuf>,
    /// Leave packages out
    #[arg(long)]
    pub(super) no_package: bool,
    /// Fetch missing modules from the configured GOPROXY; the build itself stays offline
    #[arg(long, conflicts_with = "offline")]
    pub(super) online: bool,
    /// Never fetch, whatever the settings say
    #[arg(long)]
    pub(super) offline: bool,
    /// How strongly each step is shut in: auto (the strongest that works), strict, landlock or env
    #[arg(long, value_name = "LEVEL", value_parser = |text: &str| SealChoice::parse(text).ok_or(SEAL))]
    pub(super) seal: Option<SealChoice>,
    /// End a target that takes longer, such as 90s, 10m or 1h30m
    #[arg(long, value_name = "TIME", value_parser = |text: &str| duration(text).ok_or(DURATION))]
    pub(super) timeout: Option<Duration>,
    /// End a step whose processes hold more memory together, such as 2GiB
    #[arg(long, value_name = "SIZE", value_parser = |text: &str| memory(text).ok_or(MEMORY))]
    pub(super) memory: Option<u64>,
    /// Refuse a vendor/ without a vendor.lock
    #[arg(long)]
    pub(super) require_lock: bool,
    /// Print the result as data on standard output
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub(super) struct BuildArgs {
    #[command(flatten)]
    pub(super) selection: SelectionArgs,
    /// Write the one program to PATH, and nothing to dist/
    #[arg(short, long, value_name = "PATH", conflicts_with = "dist")]
    pub(super) output: Option<String>,
    /// Show the plan, with nothing done
    #[arg(short = 'n', long)]
    pub(super) dry_run: bool,
    /// Stop the other targets when one fails
    #[arg(long, conflicts_with = "keep_going")]
    pub(super) fail_fast: bool,
    /// Finish the other targets when one fails (the default)
    #[arg(short = 'k', long)]
    pub(super) keep_going: bool,
}

#[derive(Debug, Clone, Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    pub(super) selection: SelectionArgs,
}

#[derive(Debug, Clone, Args)]
pub(super) struct ExplainArgs {
    /// Targets, as with --target; all that the project selects by default
    #[arg(value_name = "TARGET")]
    pub(super) names: Vec<String>,
    #[command(flatten)]
    pub(super) selection: SelectionArgs,
}

#[derive(Debug, Clone, Args)]
pub(super) struct CacheArgs {
    #[command(subcommand)]
    pub(super) command: CacheCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub(super) enum CacheCommand {
    /// Sizes by kind, and how often the last runs found what they needed
    Stats(JsonArgs),
    /// Remove what was not used for longest, and show what that is
    Gc(GcArgs),
    /// Read everything again; what is damaged is put aside, and made anew by the next build
    Verify(JsonArgs),
    /// Print the store's directory
    Path,
}

#[derive(Debug, Clone, Args)]
pub(super) struct GcArgs {
    /// Until the store is no larger than SIZE, such as 20GiB [default: the setting cache_size]
    #[arg(long, value_name = "SIZE", value_parser = |text: &str| bytes(text).ok_or(SIZE))]
    pub(super) max_size: Option<u64>,
    /// What was not used for TIME, such as 30d or 12h
    #[arg(long, value_name = "TIME", value_parser = |text: &str| duration(text).ok_or(DURATION))]
    pub(super) max_age: Option<Duration>,
    /// Show what would go, with nothing done
    #[arg(short = 'n', long)]
    pub(super) dry_run: bool,
    /// Print the result as data on standard output
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Clone, Args)]
pub(super) struct JsonArgs {
    /// Print the result as data on standard output
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Clone, Args)]
pub(super) struct VendorArgs {
    /// Where modules come from, in place of GOPROXY: URLs with https, http or file, `direct`, `off`
    #[arg(long, value_name = "URL[,URL]")]
    pub(super) proxy: Option<String>,
    /// Verify vendor/ against vendor.lock and go.sum, with nothing written
    #[arg(long)]
    pub(super) check: bool,
    /// Make vendor.lock for the vendor/ that is there, from module zips on this host
    #[arg(long, conflicts_with = "check")]
    pub(super) lock_only: bool,
    /// Print the result as data on standard output
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Clone, Args)]
pub(super) struct InitArgs {
    /// Print the file instead of writing it
    #[arg(long, action = ArgAction::SetTrue)]
    pub(super) stdout: bool,
}

impl ColorArg {
    pub(super) fn color(self) -> Color {
        match self {
            ColorArg::Auto => Color::Auto,
            ColorArg::Always => Color::Always,
            ColorArg::Never => Color::Never,
        }
    }
}

impl GlobalArgs {
    /// The flag layer of a command that selects nothing.
    pub(super) fn layer(&self) -> FlagLayer {
        FlagLayer {
            sdk: self.sdk.clone(),
            cache_dir: self.cache_dir.clone(),
            color: self.color.map(ColorArg::color),
            ..FlagLayer::default()
        }
    }
}

impl SelectionArgs {
    /// Adds what these flags say to a layer.
    pub(super) fn extend(&self, mut layer: FlagLayer) -> FlagLayer {
        layer.targets.clone_from(&self.targets);
        layer.jobs = self.jobs.and_then(|jobs| usize::try_from(jobs).ok());
        layer.dist.clone_from(&self.dist);
        layer.seal = self.seal;
        layer.timeout = self.timeout;
        layer.memory = self.memory;
        layer.require_lock = self.require_lock.then_some(true);
        layer.online = if self.online { Some(true) } else { self.offline.then_some(false) };
        layer
    }
}

impl BuildArgs {
    /// Adds what these flags say to a layer.
    pub(super) fn extend(&self, layer: FlagLayer) -> FlagLayer {
        let mut layer = self.selection.extend(layer);
        layer.fail_fast = if self.fail_fast { Some(true) } else { self.keep_going.then_some(false) };
        layer
    }
}
