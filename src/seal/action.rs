//! The whole environment and the whole command line of one `go build`.

use std::collections::BTreeMap;

use camino::Utf8Path;

use super::compile_cache::CompileCache;
use super::places::{Places, Purpose, places};
use super::source_view::SourceView;
use crate::model::{SealedAction, Target};
use crate::plan::{BuildPlan, Plan};
use crate::toolchain::environment;

/// Where a run's steps work.
#[derive(Clone, Copy)]
pub struct Directories<'d> {
    /// The module's source with its vendor/.
    pub source: &'d SourceView,
    /// The store.
    pub cache: &'d Utf8Path,
    /// What has been compiled before; where it cannot be shown to the steps, Go has a directory of its own.
    pub compiled: Option<&'d CompileCache>,
    /// Where programs are written before they are published.
    pub staging: &'d Utf8Path,
    /// Where a step may scribble; a directory per target below it.
    pub scratch: &'d Utf8Path,
}

/// What Go writes of its graph of packages, in the step's scratch directory.
const GRAPH: &str = "graph.json";

/// The fields of a package that [`listing`](super::listing) reads.
const FIELDS: &str = "Dir,ImportPath,Standard,DepOnly,Incomplete,Error,GoFiles,CgoFiles,CFiles,CXXFiles,MFiles,HFiles,\
                      FFiles,SFiles,SwigFiles,SwigCXXFiles,SysoFiles,EmbedFiles";

/// Seals one build for one target.
pub fn seal(plan: &Plan, target: &Target, build: &BuildPlan, dirs: &Directories<'_>) -> SealedAction {
    let places = places(plan, target, build, dirs, Purpose::Compile);
    let argv = build_command(plan, build, &places);
    sealed(argv, places, target, build, dirs)
}

/// Seals the question which files a build for a target reads.
pub fn seal_listing(plan: &Plan, target: &Target, build: &BuildPlan, dirs: &Directories<'_>) -> SealedAction {
    let places = places(plan, target, build, dirs, Purpose::List);
    let argv = list_command(plan, build, &places);
    sealed(argv, places, target, build, dirs)
}

fn sealed(
    argv: Vec<String>,
    places: Places,
    target: &Target,
    build: &BuildPlan,
    dirs: &Directories<'_>,
) -> SealedAction {
    let mut env = environment(target, build, &places);
    // Here and in no key: the bytes do not depend on who kept what was compiled before.
    env.extend(places.cache_program.map(|command| ("GOCACHEPROG".to_owned(), command)));
    SealedAction {
        target: target.clone(),
        build: build.id.clone(),
        argv,
        env,
        dir: dirs.source.path().to_owned(),
        seal: dirs.source.level(),
        mounts: places.mounts,
        output: places.host_output,
        action_graph: places.host_scratch.join(GRAPH),
        puts: places.host_puts,
    }
}

/// Every variable of a step.
pub(super) fn environment(target: &Target, build: &BuildPlan, places: &Places) -> BTreeMap<String, String> {
    let mut env = environment::sealed(&places.go);
    env.extend(build.env.clone());
    env.insert("GOOS".to_owned(), target.os.clone());
    env.insert("GOARCH".to_owned(), target.arch.clone());
    if let Some((variable, value)) = target.variant_setting() {
        env.insert(variable.name.to_owned(), value.to_owned());
    }
    // The third is what Windows reads.
    for name in ["TMPDIR", "GOTMPDIR", "TMP"] {
        env.insert(name.to_owned(), places.scratch.to_string());
    }
    env
}

fn go(plan: &Plan, places: &Places) -> String {
    places.go.goroot.join("bin").join(plan.sdk.go().file_name().unwrap_or_default()).into_string()
}

/// The words of the build.
pub(super) fn build_command(plan: &Plan, build: &BuildPlan, places: &Places) -> Vec<String> {
    let flags = &build.flags;
    let mut argv = vec![go(plan, places), "build".to_owned(), "-v".to_owned()];
    argv.extend(["-trimpath", "-buildvcs=false"].map(str::to_owned));
    for (flag, values, separator) in [
        ("-ldflags", &flags.ldflags, " "),
        ("-tags", &flags.tags, ","),
        ("-gcflags", &flags.gcflags, " "),
        ("-asmflags", &flags.asmflags, " "),
    ] {
        if !values.is_empty() {
            argv.push(format!("{flag}={}", values.join(separator)));
        }
    }
    argv.push(format!("-debug-actiongraph={}", places.scratch.join(GRAPH)));
    argv.extend(["-o".to_owned(), places.output.to_string(), "--".to_owned(), build.main.dir.clone()]);
    argv
}

/// The words of the question which files the build reads.
pub(super) fn list_command(plan: &Plan, build: &BuildPlan, places: &Places) -> Vec<String> {
    let mut argv = vec![go(plan, places), "list".to_owned(), "-e".to_owned(), "-deps".to_owned()];
    argv.extend([format!("-json={FIELDS}"), "-buildvcs=false".to_owned()]);
    if !build.flags.tags.is_empty() {
        argv.push(format!("-tags={}", build.flags.tags.join(",")));
    }
    argv.extend(["--".to_owned(), build.main.dir.clone()]);
    argv
}
