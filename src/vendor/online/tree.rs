//! The modules in the store: a tree in the layout of Go's proxy protocol, which Go reads as a `file://` GOPROXY.
//! Source of the layout: <https://go.dev/ref/mod#goproxy-protocol>.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use super::failure::{Mismatch, ModuleFile};
use super::sum;
use crate::fs;
use crate::model::ModuleVersion;
use crate::vendor::source;

/// The tree's directory in the store.
pub(in crate::vendor) const LAYOUT: &str = "modules-v0";

/// The tree. Only what go.sum vouches for enters it, whole or not at all.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    root: Utf8PathBuf,
}

impl Tree {
    pub(super) fn new(cache_dir: &Utf8Path) -> Self {
        Tree { root: cache_dir.join(LAYOUT) }
    }

    /// Moves a file in when its sum is one of those; it must be on the store's file system, and on the disk.
    pub(super) fn admit(
        &self,
        fetched: &Utf8Path,
        module: &ModuleVersion,
        file: ModuleFile,
        sums: &BTreeSet<String>,
        from: &str,
    ) -> fs::Result<Result<(), Mismatch>> {
        let found = match file {
            ModuleFile::GoMod => sum::of_go_mod(&fs::read(fetched)?),
            ModuleFile::Zip => match sum::of_zip(std::io::BufReader::new(fs::open(fetched)?)) {
                Ok(sum) => sum,
                Err(error) => format!("no zip of a module: {error}"),
            },
        };
        if !sums.contains(&found) {
            let (module, source, expected) =
                (module.clone(), from.to_owned(), sums.iter().cloned().collect());
            return Ok(Err(Mismatch { module, file, source, expected, found }));
        }
        let path = self.root.join(source::path(module, file.extension()));
        fs::create_dir_all(path.parent().unwrap_or(&self.root))?;
        // go.sum vouches for no .info, so none is fetched: this says no more than the name does.
        let info = format!("{{\"Version\":\"{}\"}}\n", module.version);
        fs::write_atomic(&self.root.join(source::path(module, "info")), info.as_bytes())?;
        fs::rename(fetched, &path)?;
        Ok(Ok(()))
    }
}
