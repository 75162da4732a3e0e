//! Where things are, as a step sees them.

use camino::{Utf8Path, Utf8PathBuf};

use crate::fs;
use crate::model::{Access, Mount, SealLevel, Target};
use crate::plan::{BuildPlan, Plan};
use crate::toolchain::GoDirectories;

use super::Directories;

/// The places of one step, and what stands behind each.
pub(super) struct Places {
    /// GOROOT, GOCACHE and the like.
    pub(super) go: GoDirectories,
    /// Where the step may scribble.
    pub(super) scratch: Utf8PathBuf,
    /// The program.
    pub(super) output: Utf8PathBuf,
    /// All of it.
    pub(super) mounts: Vec<Mount>,
    /// Where the program is on the host.
    pub(super) host_output: Utf8PathBuf,
    /// Where the step scribbles on the host.
    pub(super) host_scratch: Utf8PathBuf,
    /// GOCACHEPROG.
    pub(super) cache_program: Option<String>,
    /// Where on the host appears what the step has compiled.
    pub(super) host_puts: Option<Utf8PathBuf>,
}

/// What a step is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// It compiles, and finds what was compiled before.
    Compile,
    /// It only reads sources.
    List,
}

/// The places of a step. In a mount namespace they have fixed names, so that nothing of the host, not even the name of
/// a directory, is within the step's reach; elsewhere they have the host's.
pub(super) fn places(
    plan: &Plan,
    target: &Target,
    build: &BuildPlan,
    dirs: &Directories<'_>,
    purpose: Purpose,
) -> Places {
    let level = dirs.source.level();
    let host_goroot = &plan.sdk.goroot;
    let name = format!("{}_{}", build.id, target.file_stem());
    let host_scratch = dirs.scratch.join(&name);
    let compiled = dirs.compiled.filter(|_| purpose == Purpose::Compile);
    let compiled = compiled.and_then(|cache| cache.step(dirs.scratch.join(name + ".puts"), level));
    let host_output = dirs.staging.join(&build.path);
    let output_dir = host_output.parent().unwrap_or(&host_output);
    let name = host_output.file_name().unwrap_or_default();
    let at = |fixed: &str, host: &Utf8Path| match level {
        SealLevel::Strict => Utf8PathBuf::from(fixed),
        SealLevel::Landlock | SealLevel::Env => host.to_owned(),
    };
    let goroot = at("/sdk", host_goroot);
    let (scratch, out) = (at("/tmp", &host_scratch), at("/out", output_dir));
    let mut mounts = sdk(host_goroot, &goroot, 0);
    mounts.extend_from_slice(dirs.source.mounts());
    let cache = match (&compiled, purpose) {
        (Some(compiled), _) => {
            mounts.extend_from_slice(&compiled.mounts);
            compiled.go_cache.clone()
        }
        (None, Purpose::List) => scratch.join("gocache"),
        // What a weaker seal compiled is never part of what a stronger one vouches for.
        (None, Purpose::Compile) => {
            let host_cache = dirs.cache.join("gocache-v1").join(level.as_str());
            let cache = at("/cache", &host_cache);
            mounts.push(Mount::bind(&host_cache, &cache, Access::Write));
            cache
        }
    };
    mounts.push(Mount::bind(&host_scratch, &scratch, Access::Write));
    mounts.push(Mount::bind(output_dir, &out, Access::Write));
    Places {
        go: GoDirectories {
            goroot,
            cache,
            path: scratch.join("gopath"),
            modules: scratch.join("gomodcache"),
            work: plan.project.workspace.as_ref().map(|_| dirs.source.path().join("go.work")),
        },
        output: out.join(name),
        scratch,
        mounts,
        host_output,
        host_scratch,
        cache_program: compiled.as_ref().map(|compiled| compiled.command.clone()),
        host_puts: compiled.map(|compiled| compiled.puts),
    }
}

/// The names that all places have in a key, whatever they are on this host: those of the strongest seal, with one for
/// every project. The bytes of a program do not depend on them (`tests/it/reproducible.rs` holds that).
pub(super) fn nameless(plan: &Plan, build: &BuildPlan) -> Places {
    let scratch = Utf8PathBuf::from("/tmp");
    Places {
        go: GoDirectories {
            goroot: "/sdk".into(),
            cache: "/cache".into(),
            path: scratch.join("gopath"),
            modules: scratch.join("gomodcache"),
            work: plan.project.workspace.as_ref().map(|_| "/src/go.work".into()),
        },
        output: Utf8Path::new("/out").join(&build.binary),
        scratch,
        mounts: Vec::new(),
        host_output: Utf8PathBuf::new(),
        host_scratch: Utf8PathBuf::new(),
        cache_program: None,
        host_puts: None,
    }
}

/// The SDK as a whole, or where it is put together by links (some distributions keep `src` apart) what is behind
/// each: a link out of the SDK would lead nowhere.
fn sdk(host: &Utf8Path, at: &Utf8Path, depth: usize) -> Vec<Mount> {
    if !is_put_together(host, depth) {
        return vec![Mount::bind(host, at, Access::Execute)];
    }
    let names = fs::list(host).unwrap_or_default();
    let each = names.iter().flat_map(|name| match fs::canonical(&host.join(name)) {
        Ok(real) if may_hold_links(name, depth) && real.is_dir() => sdk(&real, &at.join(name), depth + 1),
        Ok(real) => vec![Mount::bind(&real, at.join(name), Access::Execute)],
        // A link that leads nowhere is nothing that a build can use.
        Err(_) => Vec::new(),
    });
    each.collect()
}

fn is_put_together(dir: &Utf8Path, depth: usize) -> bool {
    fs::list(dir).unwrap_or_default().iter().any(|name| {
        let path = dir.join(name);
        path.is_symlink() || may_hold_links(name, depth) && path.is_dir() && is_put_together(&path, depth + 1)
    })
}

/// No distribution has links among the thousands of directories of `src`, or farther down than the tools.
fn may_hold_links(name: &str, depth: usize) -> bool {
    const TOOLS: usize = 3;
    if depth == 0 { ["bin", "pkg"].contains(&name) } else { depth < TOOLS }
}
