//! The store's own directory.

use camino::Utf8Path;

use crate::fs;

/// Source: <https://bford.info/cachedir/>.
const CACHEDIR_TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n\
                            # This directory holds what xbuild can make again.\n";

const GO_MOD: &str =
    "// Keeps this directory out of the packages of a module around it.\nmodule xbuild.invalid/cache\n";

/// Makes the directory and marks it: for backup programs as a cache, and for Go as another module, because the
/// vendor trees inside are no packages of a project that keeps its store within itself.
pub fn open(dir: &Utf8Path) -> fs::Result<()> {
    fs::create_dir_all(dir)?;
    // A store that is there may be one that cannot be written to.
    fs::clock(dir)?;
    for (name, text) in [("CACHEDIR.TAG", CACHEDIR_TAG), ("go.mod", GO_MOD)] {
        let path = dir.join(name);
        if !path.exists() {
            fs::write_atomic(&path, text.as_bytes())?;
        }
    }
    Ok(())
}
