//! Everything that a program depends on, in one value.
//!
//! Where the same bytes come of different values the key does not hold them: directories of this host, the seal, CPU
//! slots and memory, and the times of files. What is left over decides, each in a field of its own, and `xbuild explain`
//! compares field by field.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::action::{build_command, environment, list_command};
use super::listing::Listing;
use super::places::nameless;
use crate::model::{Blake3, ModuleVersion, Target};
use crate::plan::{BuildPlan, Plan};

/// Goes into every key: what a key means changes with it.
const BUILD: &str = "xbuild build 0";
const LIST: &str = "xbuild list 0";

/// What a program depends on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildKey {
    /// The version of this struct and of its meaning.
    pub format: String,
    /// The SDK.
    pub sdk: SdkKey,
    /// The target.
    pub target: String,
    /// The architecture's variable that the target settles, `GOAMD64=v3`, also where it is Go's default.
    pub variant: String,
    /// The build's id.
    pub build: String,
    /// The main package's import path.
    pub main: String,
    /// The command line, with one name for each place.
    pub argv: Vec<String>,
    /// The whole environment, likewise.
    pub env: BTreeMap<String, String>,
    /// go.mod, go.sum, go.work, go.work.sum of the project and its members, and vendor/modules.txt.
    pub modules: BTreeMap<String, Blake3>,
    /// The versions of the vendored modules. modules.txt decides them; they are here to be read.
    pub versions: BTreeMap<String, String>,
    /// Every source file that the build reads.
    pub files: BTreeMap<String, Blake3>,
    /// Every file that these embed.
    pub embeds: BTreeMap<String, Blake3>,
}

/// The SDK in a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SdkKey {
    /// As it writes it itself.
    pub version: String,
    /// The digest of all of it that can influence a build.
    pub digest: Blake3,
}

/// What the answer of `go list` depends on.
#[derive(Debug, Clone, Serialize)]
pub struct ListKey {
    format: &'static str,
    sdk: SdkKey,
    argv: Vec<String>,
    env: BTreeMap<String, String>,
    /// Over what Go's package loader reads of the source; see [`Sources::heads`](super::Sources::heads).
    heads: Blake3,
}

/// What keys of one run share.
#[derive(Debug, Clone)]
pub struct KeyContext<'k> {
    /// The plan.
    pub plan: &'k Plan,
    /// The SDK.
    pub sdk: SdkKey,
    /// The files that are about modules.
    pub modules: BTreeMap<String, Blake3>,
    /// The modules.
    pub versions: &'k [ModuleVersion],
}

impl KeyContext<'_> {
    /// The key of a question.
    pub fn list_key(&self, target: &Target, build: &BuildPlan, heads: Blake3) -> ListKey {
        let places = nameless(self.plan, build);
        ListKey {
            format: LIST,
            sdk: self.sdk.clone(),
            argv: list_command(self.plan, build, &places),
            env: environment(target, build, &places),
            heads,
        }
    }

    /// The key of a build that reads the files of `listing`; `digest` knows them.
    ///
    /// # Errors
    /// The path of a file that `digest` does not know.
    pub fn build_key(
        &self,
        target: &Target,
        build: &BuildPlan,
        listing: &Listing,
        digest: &dyn Fn(&str) -> Option<Blake3>,
    ) -> Result<BuildKey, String> {
        let places = nameless(self.plan, build);
        let digests = |paths: &std::collections::BTreeSet<String>| {
            let one = |path: &String| Ok((path.clone(), digest(path).ok_or_else(|| path.clone())?));
            paths.iter().map(one).collect::<Result<BTreeMap<_, _>, String>>()
        };
        let variant = target.variant_setting();
        Ok(BuildKey {
            format: BUILD.to_owned(),
            sdk: self.sdk.clone(),
            target: target.to_string(),
            variant: variant.map_or(String::new(), |(variable, value)| format!("{}={value}", variable.name)),
            build: build.id.clone(),
            main: build.main.import_path.clone(),
            argv: build_command(self.plan, build, &places),
            env: environment(target, build, &places),
            modules: self.modules.clone(),
            versions: self.versions.iter().map(|one| (one.path.clone(), one.version.clone())).collect(),
            files: digests(&listing.files)?,
            embeds: digests(&listing.embeds)?,
        })
    }
}
