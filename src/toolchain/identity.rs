//! Which SDK it is, by content.
//!
//! Takes a GOROOT; returns what the file system says of everything in it that can influence a build, and from that,
//! when it is asked for, the digests. The first is cheap and tells whether the second has to be computed again.

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::fs;
use crate::model::{Blake3, Sdk};
use crate::stat_index::{self, Glance, Stamp};

/// An SDK's version and the digests of what it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SdkIdentity {
    /// As the SDK writes it.
    pub version: String,
    /// GOHOSTOS/GOHOSTARCH.
    pub host: String,
    /// BLAKE3 over the sorted lines `blake3  path` of VERSION, go.env, bin/ and pkg/tool/.
    pub tools_blake3: Blake3,
    /// The same over every file that can influence a build: these, the source of the standard library without its tests,
    /// that of Go's own commands where the SDK comes without one of the tools, and what else the tools read.
    pub goroot_blake3: Blake3,
}

/// The files of an SDK, by path below GOROOT, with `/`.
#[derive(Debug)]
pub struct SdkFiles {
    glance: Glance,
    /// Where each is, in the same order.
    places: Vec<Utf8PathBuf>,
}

/// What of GOROOT no build reads.
const UNREAD: &[&str] = &["api", "doc", "misc", "test"];

/// The source of Go's own commands, which a build reads only to make a tool that the SDK has come without.
const COMMANDS: &str = "src/cmd";

/// The tools that builds run. Source: the calls of `base.Tool` in cmd/go/internal/work.
const TOOLS: &[&str] = &["asm", "cgo", "compile", "link", "preprofile"];

impl SdkFiles {
    /// Looks at every file of the SDK that can influence a build; none is read.
    ///
    /// # Errors
    /// When a directory cannot be listed.
    pub fn look(goroot: &Utf8Path) -> fs::Result<Self> {
        let began = stat_index::now();
        let mut files = Vec::new();
        gather(goroot, "", 0, !has_tools(goroot), &mut files)?;
        files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        let (files, places) =
            files.into_iter().map(|file| ((file.path.into(), file.stamp), file.host)).unzip();
        Ok(SdkFiles { glance: Glance { files, began }, places })
    }

    /// What the file system says of them.
    pub fn glance(&self) -> &Glance {
        &self.glance
    }

    /// Reads and hashes the files, in parallel. The paths are relative, so the digests do not depend on where the SDK
    /// lies.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn identify(&self, sdk: &Sdk) -> fs::Result<SdkIdentity> {
        let lines: Vec<(&str, String)> = self
            .glance
            .files
            .par_iter()
            .zip(&self.places)
            .map(|((path, _), place)| {
                let mut hasher = blake3::Hasher::new();
                fs::context(hasher.update_reader(fs::open(place)?), "read", place)?;
                Ok((path.as_str(), format!("{}  {path}\n", hasher.finalize().to_hex())))
            })
            .collect::<fs::Result<_>>()?;
        let of = |wanted: &dyn Fn(&str) -> bool| {
            let mut hasher = blake3::Hasher::new();
            for (_, line) in lines.iter().filter(|(path, _)| wanted(path)) {
                hasher.update(line.as_bytes());
            }
            Blake3::from(hasher.finalize())
        };
        let tool = |path: &str| {
            matches!(path, "VERSION" | "go.env") || path.starts_with("bin/") || path.starts_with("pkg/tool/")
        };
        Ok(SdkIdentity {
            version: sdk.version_text.clone(),
            host: sdk.host().to_string(),
            tools_blake3: of(&tool),
            goroot_blake3: of(&|_| true),
        })
    }
}

struct SdkFile {
    path: String,
    host: Utf8PathBuf,
    stamp: Option<Stamp>,
}

/// Whether an SDK has each tool, for every host that it has any for.
fn has_tools(goroot: &Utf8Path) -> bool {
    let all = goroot.join("pkg/tool");
    let hosts = fs::list(&all).unwrap_or_default();
    let complete = |host: &String| {
        let dir = all.join(host);
        TOOLS.iter().all(|tool| dir.join(tool).is_file() || dir.join(format!("{tool}.exe")).is_file())
    };
    !hosts.is_empty() && hosts.iter().all(complete)
}

/// Adds the files below a directory. An SDK may be put together by links (distributions keep `src` apart): what is
/// behind one is looked at in its place.
fn gather(
    host: &Utf8Path,
    prefix: &str,
    depth: usize,
    commands: bool,
    files: &mut Vec<SdkFile>,
) -> fs::Result<()> {
    /// Links to directories within directories behind links; no distribution has more.
    const DEEPEST: usize = 4;
    let skip = |path: &Utf8Path| {
        let name = path.file_name().unwrap_or_default();
        name == "testdata"
            || name == ".git"
            || (prefix.is_empty() && UNREAD.contains(&path.as_str()))
            || (!commands && name == "cmd" && format!("{prefix}{path}") == COMMANDS)
    };
    for (path, metadata) in fs::survey(host, &skip)? {
        let (name, full) = (path.file_name().unwrap_or_default(), host.join(&path));
        let below = format!("{prefix}{}", path.as_str().replace('\\', "/"));
        if name.ends_with("_test.go") {
            continue;
        }
        if metadata.is_file() {
            files.push(SdkFile { path: below, host: full, stamp: Stamp::of(&metadata) });
        } else if metadata.is_symlink() {
            // One that leads nowhere is nothing that a build can use.
            let Ok(real) = fs::canonical(&full) else { continue };
            match fs::lstat(&real)? {
                Some(found) if found.is_file() => {
                    files.push(SdkFile { path: below, host: real, stamp: Stamp::of(&found) });
                }
                Some(found) if found.is_dir() && depth < DEEPEST => {
                    gather(&real, &format!("{below}/"), depth + 1, commands, files)?;
                }
                _ => {}
            }
        }
    }
    Ok(())
}
