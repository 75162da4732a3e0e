//! Reads a project's modules.

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use super::error::ModuleSetError;
use super::types::{Member, ModuleSet, clean};
use crate::fs;
use crate::model::{GoMod, GoWork, UseDirectory};

/// The modules of a directory: those of its go.work, unless `alone` says that the go.mod beside it is wanted; else the
/// one of its go.mod.
///
/// # Errors
/// No go.mod, one that cannot be read, and a go.work whose modules are not all below it: nothing else is within the
/// reach of a sealed step.
pub fn read(root: &Utf8Path, alone: bool) -> Result<ModuleSet, ModuleSetError> {
    let path = root.join("go.work");
    let text = if alone { None } else { fs::read_regular_text_if_present(&path)? };
    let Some(text) = text else {
        let go_mod = go_mod(root)?.ok_or_else(|| ModuleSetError::NoModule { dir: root.to_owned() })?;
        let members = vec![Member { dir: Utf8PathBuf::new(), go_mod }];
        return Ok(ModuleSet { root: root.to_owned(), work: None, members });
    };
    let work = GoWork::parse(&text).map_err(|source| ModuleSetError::Parse { path: path.clone(), source })?;
    let mut members: Vec<Member> = Vec::new();
    for used in &work.uses {
        let member = member(root, &path, used, &members)?;
        members.push(member);
    }
    if members.is_empty() {
        return Err(ModuleSetError::NoMember { path });
    }
    Ok(ModuleSet { root: root.to_owned(), work: Some(work), members })
}

fn member(
    root: &Utf8Path,
    path: &Utf8Path,
    used: &UseDirectory,
    before: &[Member],
) -> Result<Member, ModuleSetError> {
    let wrong = |cause: String, help| ModuleSetError::Use {
        path: path.to_owned(),
        line: used.line,
        dir: used.dir.clone(),
        cause,
        help,
    };
    let written = Utf8Path::new(&used.dir);
    let dir = clean(written);
    if written.is_absolute() {
        let cause = "names the directory by its absolute path, which exists on this host only";
        return Err(wrong(cause.to_owned(), "write the path relative to go.work"));
    }
    if dir.components().next() == Some(Utf8Component::ParentDir) {
        let cause = "leaves the directory of go.work, and a sealed step sees nothing outside of it";
        return Err(wrong(
            cause.to_owned(),
            "move go.work to the directory above all of its modules, or `replace` that one in go.work",
        ));
    }
    if before.iter().any(|member| member.dir == dir) {
        return Err(wrong("lists the module a second time".to_owned(), "take one of the two lines out"));
    }
    let go_mod = go_mod(&root.join(&dir))?.ok_or_else(|| {
        let cause = if root.join(&dir).is_dir() { "holds no go.mod" } else { "is no directory" };
        wrong(
            cause.to_owned(),
            "bring the module along, or take the line out with `go work edit -dropuse DIR`",
        )
    })?;
    if let Some(first) = before.iter().find(|member| member.go_mod.module == go_mod.module) {
        let cause = format!("is the module {}, which {} is as well", go_mod.module, first.file());
        return Err(wrong(cause, "take one of the two lines out"));
    }
    Ok(Member { dir, go_mod })
}

fn go_mod(dir: &Utf8Path) -> Result<Option<GoMod>, ModuleSetError> {
    let path = dir.join("go.mod");
    let text = fs::read_regular_text_if_present(&path)?;
    text.map(|text| GoMod::parse(&text).map_err(|source| ModuleSetError::Parse { path, source })).transpose()
}
