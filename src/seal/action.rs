//! The whole environment and the whole command line of one `go build`.

use camino::Utf8Path;

use crate::model::{SealedAction, Target};
use crate::plan::{BuildPlan, Plan};
use crate::toolchain::environment;

/// Where a run's steps work.
pub struct Directories<'d> {
    /// The module's source with its vendor/.
    pub source: &'d Utf8Path,
    /// The store.
    pub cache: &'d Utf8Path,
    /// Where programs are written before they are published.
    pub staging: &'d Utf8Path,
    /// Where a step may scribble; a directory per target below it.
    pub scratch: &'d Utf8Path,
}

/// Seals one build for one target.
pub fn seal(plan: &Plan, target: &Target, build: &BuildPlan, dirs: &Directories<'_>) -> SealedAction {
    let scratch = dirs.scratch.join(format!("{}_{}", build.id, target.file_stem()));
    let output = dirs.staging.join(&build.path);
    let action_graph = scratch.join("graph.json");
    let mut env = environment::sealed(&plan.sdk, dirs.cache);
    env.extend(build.env.clone());
    env.insert("GOOS".to_owned(), target.os.clone());
    env.insert("GOARCH".to_owned(), target.arch.clone());
    if let Some((variable, value)) = target.variant_setting() {
        env.insert(variable.name.to_owned(), value.to_owned());
    }
    // The third is what Windows reads.
    for name in ["TMPDIR", "GOTMPDIR", "TMP"] {
        env.insert(name.to_owned(), scratch.to_string());
    }
    let flags = &build.flags;
    let mut argv = vec![plan.sdk.go().to_string(), "build".to_owned(), "-v".to_owned()];
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
    argv.push(format!("-debug-actiongraph={action_graph}"));
    argv.extend(["-o".to_owned(), output.to_string(), "--".to_owned(), build.main.dir.clone()]);
    SealedAction {
        target: target.clone(),
        build: build.id.clone(),
        argv,
        env,
        dir: dirs.source.to_owned(),
        output,
        action_graph,
    }
}
