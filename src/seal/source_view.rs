//! The source that the build steps see.

use camino::{Utf8Path, Utf8PathBuf};

use super::SealError;
use super::scan::SourceScan;
use crate::fs::{self, TemporaryDir};
use crate::model::{Access, Mount, SealLevel};

/// What a view is made of.
#[derive(Debug, Clone, Copy)]
pub struct SourceRequest<'s> {
    /// The module's directory.
    pub dir: &'s Utf8Path,
    /// What was found in it.
    pub scan: &'s SourceScan,
    /// The vendor tree, where it is not the project's own.
    pub vendor: Option<&'s Utf8Path>,
    /// Directories below it that are no input, made since it was looked at.
    pub leave_out: &'s [&'s Utf8Path],
    /// Where a view may be built.
    pub scratch: &'s Utf8Path,
    /// How strongly the steps will be shut in.
    pub level: SealLevel,
}

/// The module's directory with its vendor/, as the steps see it.
#[derive(Debug)]
pub struct SourceView {
    level: SealLevel,
    path: Utf8PathBuf,
    mounts: Vec<Mount>,
    _view: Option<TemporaryDir>,
}

impl SourceView {
    /// Makes the view: mounts where a step has a file system of its own. Elsewhere the project itself when it has its
    /// own vendor/, else hard links of its files (copies across file systems) with `vendor` leading to the tree.
    ///
    /// # Errors
    /// When a directory of the view cannot be made.
    pub fn make(request: &SourceRequest<'_>) -> Result<Self, SealError> {
        match (request.level, request.vendor) {
            (SealLevel::Strict, _) => Self::mounted(request),
            (level, None) => {
                let known = request.scan.hidden.iter().map(|hidden| request.dir.join(hidden));
                let hidden: Vec<Utf8PathBuf> =
                    known.chain(request.leave_out.iter().map(|dir| (*dir).to_owned())).collect();
                let mounts = all_but(&hidden, request.dir)?;
                Ok(SourceView { level, path: request.dir.to_owned(), mounts, _view: None })
            }
            (_, Some(vendor)) => Self::linked(request, vendor),
        }
    }

    /// The view of a plan that is only shown.
    pub fn in_place(dir: &Utf8Path, level: SealLevel) -> Self {
        let path = if level == SealLevel::Strict { inside(dir) } else { dir.to_owned() };
        let mounts = vec![Mount::bind(dir, &path, Access::Read)];
        SourceView { level, path, mounts, _view: None }
    }

    fn mounted(request: &SourceRequest<'_>) -> Result<Self, SealError> {
        let path = inside(request.dir);
        let mut mounts = Vec::new();
        match request.vendor {
            None => {
                mounts.push(Mount::bind(request.dir, &path, Access::Read));
                let later = request.leave_out.iter().filter_map(|dir| dir.strip_prefix(request.dir).ok());
                let hidden = request.scan.hidden.iter().map(Utf8PathBuf::as_path).chain(later);
                mounts.extend(hidden.map(|hidden| Mount::Hide { at: path.join(hidden) }));
            }
            // There is no vendor/ to mount the tree on, and nothing is ever made in the project: the directory is put
            // together from what is in it.
            Some(vendor) => {
                for name in fs::list(request.dir)? {
                    let (host, at) = (request.dir.join(&name), path.join(&name));
                    let hidden = request.leave_out.contains(&host.as_path()) || name == "vendor";
                    if hidden || request.scan.hidden.contains(&Utf8PathBuf::from(&name)) {
                        continue;
                    }
                    mounts.push(match host.is_symlink() {
                        true => Mount::Link { at, to: fs::read_link(&host)? },
                        false => Mount::bind(&host, at, Access::Read),
                    });
                }
                let deep = request.scan.hidden.iter().filter(|path| path.components().count() > 1);
                mounts.extend(deep.map(|hidden| Mount::Hide { at: path.join(hidden) }));
                mounts.push(Mount::bind(vendor, path.join("vendor"), Access::Read));
            }
        }
        Ok(SourceView { level: request.level, path, mounts, _view: None })
    }

    fn linked(request: &SourceRequest<'_>, vendor: &Utf8Path) -> Result<Self, SealError> {
        let view = fs::temporary_dir(request.scratch, "source-")?;
        let scan = request.scan;
        for relative in scan.paths().chain(scan.links.iter().map(Utf8PathBuf::as_path)) {
            let (from, to) = (request.dir.join(relative), view.path().join(relative));
            if let Some(parent) = to.parent() {
                fs::create_dir_all(parent)?;
            }
            match from.is_symlink() {
                true => fs::symlink(&fs::read_link(&from)?, &to)?,
                false => fs::link_or_copy(&from, &to)?,
            }
        }
        fs::symlink(vendor, &view.path().join("vendor"))?;
        let mounts = [view.path(), vendor].map(|dir| Mount::bind(dir, dir, Access::Read)).to_vec();
        Ok(SourceView { level: request.level, path: view.path().to_owned(), mounts, _view: Some(view) })
    }

    /// The directory, as the steps see it.
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// What has to be in place for that.
    pub fn mounts(&self) -> &[Mount] {
        &self.mounts
    }

    /// How strongly the steps that see it are shut in.
    pub fn level(&self) -> SealLevel {
        self.level
    }
}

/// What is in a directory but for some of it. Rules of files only ever allow, so each neighbour of what is left out is
/// allowed on its own; a link needs no rule, because what it leads to has one.
fn all_but(hidden: &[Utf8PathBuf], dir: &Utf8Path) -> Result<Vec<Mount>, SealError> {
    if !hidden.iter().any(|hidden| hidden.starts_with(dir)) {
        return Ok(vec![Mount::bind(dir, dir, Access::Read)]);
    }
    let mut mounts = vec![Mount::bind(dir, dir, Access::List)];
    for name in fs::list(dir)? {
        let path = dir.join(name);
        if !hidden.contains(&path) && !path.is_symlink() {
            mounts.extend(all_but(hidden, &path)?);
        }
    }
    Ok(mounts)
}

/// Each project has a place of its own: Go keeps what it knows of a directory under the directory's name, and two
/// projects with files of the same names, sizes and times must not be taken for one another.
fn inside(dir: &Utf8Path) -> Utf8PathBuf {
    let name = blake3::hash(dir.as_str().as_bytes()).to_hex();
    Utf8Path::new("/src").join(&name[..16])
}
