//! A workspace above the project, which has no say in its build.

use camino::{Utf8Path, Utf8PathBuf};

use super::types::clean;
use crate::fs;
use crate::model::GoWork;

/// The nearest go.work above a module, where it lists this module: Go would build the workspace there. One that cannot
/// be read lists nothing.
pub fn workspace_around(module: &Utf8Path) -> Option<Utf8PathBuf> {
    let above = module.ancestors().skip(1);
    let (path, text) = above
        .map(|dir| dir.join("go.work"))
        .find_map(|path| Some((path.clone(), fs::read_regular_text_if_present(&path).ok()??)))?;
    let root = path.parent()?;
    let dir = module.strip_prefix(root).ok()?;
    let work = GoWork::parse(&text).ok()?;
    let lists = work.uses.iter().any(|used| {
        let used = Utf8Path::new(&used.dir);
        if used.is_absolute() { used == module } else { clean(used) == dir }
    });
    lists.then_some(path)
}
