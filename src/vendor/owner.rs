//! Which module a file below vendor/ belongs to.

use std::collections::{BTreeMap, BTreeSet};

use super::consistency::ModulesTxt;
use crate::model::ModuleVersion;

/// The names of files that `go mod vendor` also copies from directories above a package.
/// Source: `metaPrefixes` in Go's `cmd/go/internal/modcmd/vendor.go`.
const METADATA: &[&str] =
    &["AUTHORS", "CONTRIBUTORS", "COPYLEFT", "COPYING", "COPYRIGHT", "LEGAL", "LICENSE", "NOTICE", "PATENTS"];

/// What modules.txt says about places below vendor/.
pub(super) struct Owners<'m> {
    /// Modules with a package, by path.
    modules: BTreeMap<&'m str, &'m ModuleVersion>,
    packages: &'m BTreeMap<String, ModuleVersion>,
}

impl<'m> Owners<'m> {
    pub(super) fn of(listed: &'m ModulesTxt) -> Self {
        let modules = listed.packages.values().map(|module| (module.path.as_str(), module)).collect();
        Owners { modules, packages: &listed.packages }
    }

    /// The modules that have packages, each once.
    pub(super) fn modules(&self) -> impl Iterator<Item = &'m ModuleVersion> {
        self.modules.values().copied()
    }

    /// The modules that a file may be of, the likeliest first: that of the nearest package or module path above it.
    /// Licences and the like come from above packages as well, where two modules may meet.
    pub(super) fn of_file(&self, path: &str) -> Vec<&'m ModuleVersion> {
        let Some((dir, name)) = path.rsplit_once('/') else { return Vec::new() };
        let nearest =
            above(dir).find_map(|dir| self.packages.get(dir).or_else(|| self.modules.get(dir).copied()));
        let mut owners: Vec<&ModuleVersion> = nearest.into_iter().collect();
        if METADATA.iter().any(|prefix| name.starts_with(prefix)) {
            let inside = format!("{dir}/");
            let below =
                self.packages.range(inside.clone()..).take_while(|(package, _)| package.starts_with(&inside));
            let others: BTreeSet<&ModuleVersion> =
                below.map(|(_, module)| module).filter(|module| relative(module, path).is_some()).collect();
            owners.extend(others.into_iter().filter(|other| Some(*other) != nearest));
        }
        owners
    }

    /// The directories of a module that are packages, relative to it.
    pub(super) fn packages_of(&self, module: &ModuleVersion) -> BTreeSet<&'m str> {
        let own = self.packages.iter().filter(|(_, owner)| *owner == module);
        own.filter_map(|(package, owner)| relative(owner, package)).collect()
    }
}

/// A directory and those above it.
fn above(dir: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(dir), |dir| dir.rsplit_once('/').map(|(parent, _)| parent))
}

/// A path below vendor/ as the module has it; empty for the module's own directory.
pub(super) fn relative<'p>(module: &ModuleVersion, path: &'p str) -> Option<&'p str> {
    let rest = path.strip_prefix(module.path.as_str())?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
}

/// Whether `go mod vendor` copies a file of a package's directory whatever is in it. It leaves out tests and the files
/// of modules, and of the other Go files those whose build constraint can never hold, such as `ignore`.
pub(super) fn always_copied(name: &str) -> bool {
    !name.ends_with(".go") && name != "go.mod" && name != "go.sum"
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODULES: &str = "# a.test/m v1.0.0\n## explicit\na.test/m\na.test/m/deep/pkg\n# a.test/m/sub v1.1.0\n## explicit\n\
                           a.test/m/sub/x/y\n# a.test/unused v1.0.0\n## explicit\n";

    #[test]
    fn the_nearest_package_or_module_owns() {
        let listed = ModulesTxt::parse(MODULES);
        let owners = Owners::of(&listed);
        let first = |path: &str| owners.of_file(path).first().map(|module| module.to_string());
        assert_eq!(first("a.test/m/m.go").unwrap(), "a.test/m@v1.0.0");
        assert_eq!(first("a.test/m/deep/data/x").unwrap(), "a.test/m@v1.0.0");
        assert_eq!(first("a.test/m/sub/x/y/y.go").unwrap(), "a.test/m/sub@v1.1.0");
        assert_eq!(first("a.test/m/sub/include/y.h").unwrap(), "a.test/m/sub@v1.1.0");
        assert_eq!(first("a.test/unused/x.go"), None);
        assert_eq!(first("modules.txt"), None);
        assert_eq!(owners.of_file("a.test/m/sub/LICENSE").len(), 1);
        assert_eq!(owners.of_file("a.test/m/LICENSE").len(), 1, "sub has no file above itself");
        assert_eq!(owners.packages_of(&listed.modules[0]), BTreeSet::from(["", "deep/pkg"]));
    }
}
