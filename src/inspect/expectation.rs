//! Compares an artifact with what was planned.

use std::collections::{BTreeMap, BTreeSet};

use super::mismatch::{Mismatch, Report};
use super::platform::{format_of, is_normal, libraries, loaders, mark_of};
use super::{BuildInfo, Inspection, Module};
use crate::model::Target;

/// What an artifact should be.
#[derive(Debug, Clone)]
pub struct Expectation {
    /// What it was built for.
    pub target: Target,
    /// The toolchain as the SDK writes it, `go1.26.8`. Experiments (`go1.26.8-X:jsonv2`) are
    /// compared too, unless the settings expect a GOEXPERIMENT.
    pub go_version: String,
    /// Import path of the main package.
    pub main_path: String,
    /// Build settings by their names in build information: `CGO_ENABLED`, `-tags`, `-trimpath`. An
    /// empty value stands for a setting that is not recorded. GOOS, GOARCH and the architecture's
    /// variable are taken from the target where they are not named; others may be anything.
    ///
    /// Go records no `-ldflags` and no cgo flags when `-trimpath` is set.
    pub settings: BTreeMap<String, String>,
    /// The `h1:` lines of go.sum for module contents, by module path and version.
    pub sums: BTreeMap<(String, String), String>,
    /// Paths of the modules of a workspace, which have neither version nor sum.
    pub members: BTreeSet<String>,
}

impl Expectation {
    /// Every way in which the artifact is not what was planned; empty if it is.
    pub fn check(&self, inspection: &Inspection) -> Vec<Mismatch> {
        let mut report = Report::default();
        self.check_platform(inspection, &mut report);
        // With cgo the C linker decides about loader and libraries.
        if self.setting("CGO_ENABLED") != Some("1") {
            self.check_linking(inspection, &mut report);
        }
        match &inspection.build_info {
            Some(info) => self.check_build_info(info, &mut report),
            None => report.require(false, "Go build information", "some", "none"),
        }
        report.0
    }

    fn setting(&self, key: &str) -> Option<&str> {
        self.settings.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }

    fn check_platform(&self, inspection: &Inspection, report: &mut Report) {
        let Target { os, arch, .. } = &self.target;
        let format = format_of(os);
        let expected = format.map_or_else(|| format!("one of {os}"), |format| format.to_string());
        let same = format == Some(inspection.format);
        report.require(same, "object format", expected, inspection.format.to_string());
        report.equal("machine", arch, &inspection.machine);

        let (mark, found) = (mark_of(os), inspection.os.as_deref());
        // A C linker marks programs for linux and dragonfly where Go's does not.
        let agrees = found == mark || mark.is_none() && found == Some(os.as_str());
        let mark = mark.unwrap_or("no mark");
        report.require(agrees, "operating system", mark, found.unwrap_or("no mark"));
    }

    fn check_linking(&self, inspection: &Inspection, report: &mut Report) {
        let Target { os, arch, .. } = &self.target;
        let normal = loaders(os, arch);
        if let Some(found) = inspection.interpreter.as_deref()
            && !normal.contains(&found)
            // A static program that is position-independent still names the usual loader.
            && !(normal.is_empty() && self.setting("-buildmode") == Some("pie"))
        {
            let expected = if normal.is_empty() { "none".into() } else { normal.join(" or ") };
            report.require(false, "interpreter", expected, found);
        }
        // Modules that a WebAssembly program imports from are its host's business.
        if matches!(os.as_str(), "js" | "wasip1") {
            return;
        }
        let normal = libraries(os);
        let expected = if normal.is_empty() { "none".into() } else { normal.join(", ") };
        for library in &inspection.needed {
            report.require(is_normal(os, library), "shared libraries", &expected, library);
        }
    }

    fn check_build_info(&self, info: &BuildInfo, report: &mut Report) {
        let found = &info.go_version;
        let experiments = self.setting("GOEXPERIMENT").is_some();
        let same = *found == self.go_version || experiments && without_experiments(found) == self.go_version;
        report.require(same, "Go version", &self.go_version, found);
        report.equal("main package", &self.main_path, &info.path);
        let shown = |value: &str| if value.is_empty() { "no value".into() } else { value.to_owned() };
        for (key, expected) in self.all_settings() {
            let found = info.setting(key).unwrap_or_default();
            let what = format!("setting {key}");
            report.require(found == expected, what, shown(expected), shown(found));
        }
        for dep in &info.deps {
            match dep.replace.as_deref() {
                // A local directory.
                Some(with) if is_unversioned(with) => {}
                None if is_unversioned(dep) && self.members.contains(&dep.path) => {}
                replace => self.check_sum(replace.unwrap_or(dep), report),
            }
        }
    }

    /// The settings, with those that the target alone decides where they are not named.
    fn all_settings(&self) -> BTreeMap<&str, &str> {
        let mut all =
            BTreeMap::from([("GOOS", self.target.os.as_str()), ("GOARCH", self.target.arch.as_str())]);
        all.extend(self.target.variant_setting().map(|(variable, value)| (variable.name, value)));
        all.extend(self.settings.iter().map(|(key, value)| (key.as_str(), value.as_str())));
        all
    }

    /// A module's checksum. Vendored builds record none: there go.sum must still know the module,
    /// whose files are checked where they are vendored.
    fn check_sum(&self, module: &Module, report: &mut Report) {
        let what = format!("checksum of {} {}", module.path, module.version);
        let known = self.sums.get(&(module.path.clone(), module.version.clone()));
        match (known, &module.sum) {
            (Some(known), Some(found)) => report.equal(what, known, found),
            (Some(_), None) => {}
            (None, found) => {
                let found = found.as_deref().unwrap_or("no line there");
                report.require(false, what, "one in go.sum", found);
            }
        }
    }
}

/// Whether a module has no version to have a sum of.
fn is_unversioned(module: &Module) -> bool {
    module.sum.is_none() && matches!(module.version.as_str(), "" | "(devel)")
}

/// The version without what the linker adds for experiments: `-X:jsonv2`, or ` X:jsonv2` behind a
/// version that has a hyphen. Source: `cmd/link/internal/ld/main.go`.
fn without_experiments(version: &str) -> &str {
    version.split_once("X:").map_or(version, |(base, _)| base.trim_end_matches(['-', ' ']))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::Expectation;
    use crate::inspect::{BuildInfo, Format, Inspection, Module};
    use crate::model::Target;

    fn module(path: &str, version: &str, sum: Option<&str>) -> Module {
        let sum = sum.map(Into::into);
        Module { path: path.into(), version: version.into(), sum, replace: None }
    }

    /// A good artifact and what was planned.
    fn pair() -> (Expectation, Inspection) {
        let owned = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
        let recorded = [("CGO_ENABLED", "0"), ("GOARCH", "arm64"), ("GOOS", "linux"), ("GOARM64", "v8.0")];
        let expectation = Expectation {
            target: Target::new("linux", "arm64"),
            go_version: "go1.26.8".into(),
            main_path: "example.com/app".into(),
            settings: BTreeMap::from([("CGO_ENABLED", "0")].map(owned)),
            sums: BTreeMap::from([(("a".into(), "v1.0.0".into()), "h1:a=".into())]),
            members: BTreeSet::from(["example.com/lib".into()]),
        };
        let info = BuildInfo {
            go_version: "go1.26.8".into(),
            path: "example.com/app".into(),
            main_module: Some(module("example.com/app", "(devel)", None)),
            deps: vec![module("a", "v1.0.0", Some("h1:a="))],
            settings: recorded.map(owned).to_vec(),
        };
        let inspection = Inspection {
            format: Format::Elf,
            machine: "arm64".into(),
            os: None,
            interpreter: None,
            needed: vec![],
            build_info: Some(info),
        };
        (expectation, inspection)
    }

    fn lines(change: impl FnOnce(&mut Expectation, &mut Inspection, &mut BuildInfo)) -> Vec<String> {
        let (mut expectation, mut inspection) = pair();
        let mut info = inspection.build_info.take().unwrap();
        change(&mut expectation, &mut inspection, &mut info);
        inspection.build_info = Some(info);
        expectation.check(&inspection).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_was_planned_passes() {
        assert_eq!(lines(|_, _, _| ()), [""; 0]);
    }

    #[test]
    fn platform_and_linking() {
        assert_eq!(
            lines(|_, found, _| {
                found.format = Format::Pe;
                found.machine = "amd64".into();
                found.os = Some("freebsd".into());
                found.interpreter = Some("/lib/\x1b[1mld.so".into());
                found.needed = vec!["libc.so.6".into()];
            }),
            [
                "object format: expected ELF, found PE",
                "machine: expected arm64, found amd64",
                "operating system: expected no mark, found freebsd",
                "interpreter: expected none, found /lib/\\u{1b}[1mld.so",
                "shared libraries: expected none, found libc.so.6",
            ]
        );
        let darwin = lines(|plan, found, info| {
            plan.target = Target::new("darwin", "arm64");
            found.format = Format::MachO;
            info.settings[2].1 = "darwin".into();
            found.os = Some("darwin".into());
            found.needed = ["/usr/lib/libSystem.B.dylib", "/usr/lib/../x"].map(Into::into).into();
        });
        assert_eq!(darwin, ["shared libraries: expected /usr/lib/, /System/Library/, found /usr/lib/../x"]);
        let cgo = lines(|plan, found, info| {
            plan.settings.insert("CGO_ENABLED".into(), "1".into());
            info.settings[0].1 = "1".into();
            found.needed = vec!["libc.so.6".into()];
        });
        assert_eq!(cgo, [""; 0]);
    }

    #[test]
    fn build_information() {
        assert_eq!(
            lines(|plan, _, info| {
                plan.settings.insert("-tags".into(), String::new());
                info.go_version = "go1.26.7".into();
                info.path = "command-line-arguments".into();
                info.settings = vec![("GOOS".into(), "js".into()), ("-tags".into(), "x".into())];
            }),
            [
                "Go version: expected go1.26.8, found go1.26.7",
                "main package: expected example.com/app, found command-line-arguments",
                "setting -tags: expected no value, found x",
                "setting CGO_ENABLED: expected 0, found no value",
                "setting GOARCH: expected arm64, found no value",
                "setting GOARM64: expected v8.0, found no value",
                "setting GOOS: expected linux, found js",
            ]
        );
        let (expectation, mut inspection) = pair();
        inspection.build_info = None;
        assert_eq!(expectation.check(&inspection).len(), 1);
    }

    #[test]
    fn experiments_are_planned_or_a_mismatch() {
        for version in ["go1.26.8-X:jsonv2", "go1.26.8 X:jsonv2"] {
            assert_eq!(lines(|_, _, info| info.go_version = version.into()).len(), 1);
            let planned = lines(|plan, _, info| {
                info.go_version = version.into();
                info.settings.push(("GOEXPERIMENT".into(), "jsonv2".into()));
                plan.settings.insert("GOEXPERIMENT".into(), "jsonv2".into());
            });
            assert_eq!(planned, [""; 0]);
        }
    }

    #[test]
    fn checksums() {
        let dep = |dep: Module| lines(|_, _, info| info.deps = vec![dep]);
        let replaced = |by: Module| Module { replace: Some(Box::new(by)), ..module("b", "v2.0.0", None) };
        assert_eq!(
            dep(module("a", "v1.0.0", Some("h1:b="))),
            ["checksum of a v1.0.0: expected h1:a=, found h1:b="]
        );
        assert_eq!(
            dep(module("b", "v2.0.0", None)),
            ["checksum of b v2.0.0: expected one in go.sum, found no line there"]
        );
        assert_eq!(dep(module("a", "v1.0.0", None)), [""; 0]);
        assert_eq!(dep(replaced(module("./b", "(devel)", None))), [""; 0]);
        assert_eq!(dep(module("example.com/lib", "(devel)", None)), [""; 0]);
        assert_eq!(dep(module("example.com/other", "(devel)", None)).len(), 1);
        assert_eq!(dep(replaced(module("a", "v1.0.0", Some("h1:a=")))), [""; 0]);
        assert_eq!(dep(replaced(module("a", "v1.0.1", Some("h1:a=")))).len(), 1);
    }
}
