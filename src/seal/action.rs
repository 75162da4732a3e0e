//! The whole environment and the whole command line of one `go build`.

use camino::Utf8Path;

use super::compile_cache::CompileCache;
use super::places::places;
use super::source_view::SourceView;
use crate::model::{SealedAction, Target};
use crate::plan::{BuildPlan, Plan};
use crate::toolchain::environment;

/// Where a run's steps work.
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

/// Seals one build for one target.
pub fn seal(plan: &Plan, target: &Target, build: &BuildPlan, dirs: &Directories<'_>) -> SealedAction {
    const GRAPH: &str = "graph.json";
    let places = places(plan, target, build, dirs);
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
    if let Some(command) = places.cache_program {
        env.insert("GOCACHEPROG".to_owned(), command);
    }
    let flags = &build.flags;
    let go = places.go.goroot.join("bin").join(plan.sdk.go().file_name().unwrap_or_default());
    let mut argv = vec![go.into_string(), "build".to_owned(), "-v".to_owned()];
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
