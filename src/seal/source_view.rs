//! The source that the build steps see.

use camino::{Utf8Path, Utf8PathBuf};

use crate::fs::{self, EntryKind, FsError, TemporaryDir};

/// The module's directory as the steps see it: the project itself when it has its own vendor/, else a private
/// view of the same files with the vendor tree of the store in place.
#[derive(Debug)]
pub struct SourceView {
    path: Utf8PathBuf,
    _view: Option<TemporaryDir>,
}

/// Why there is no view.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// A link that leads out of the project.
    #[error("{path} is a link that leaves the project: it leads to {to}")]
    LeavingLink {
        /// The link.
        path: Utf8PathBuf,
        /// What it leads to.
        to: Utf8PathBuf,
    },
    /// A FIFO, socket or device.
    #[error("{path} is a FIFO, socket or device, which no build can read")]
    Special {
        /// The path.
        path: Utf8PathBuf,
    },
    /// A file cannot be read or linked.
    #[error(transparent)]
    Fs(#[from] FsError),
}

impl SealError {
    /// What to do about it.
    pub fn next_step(&self) -> String {
        match self {
            SealError::LeavingLink { .. } => "put the file itself into the project".to_owned(),
            SealError::Special { .. } => "take it out of the project".to_owned(),
            SealError::Fs(error) => error.next_step(),
        }
    }
}

impl SourceView {
    /// The project as it is.
    pub fn in_place(module_dir: &Utf8Path) -> Self {
        SourceView { path: module_dir.to_owned(), _view: None }
    }

    /// A view below `scratch`, of hard links where the file system allows (copies elsewhere), with `vendor` leading
    /// to the tree. Version control and the directories in `leave_out` are not part of it.
    pub fn with_vendor(
        module_dir: &Utf8Path,
        vendor: &Utf8Path,
        scratch: &Utf8Path,
        leave_out: &[&Utf8Path],
    ) -> Result<Self, SealError> {
        let view = fs::temporary_dir(scratch, "source-")?;
        let skip = |path: &Utf8Path| {
            let versioned = matches!(path.file_name(), Some(".git" | ".hg" | ".svn" | ".jj"));
            versioned || leave_out.contains(&path) || path == module_dir.join("vendor")
        };
        for (relative, kind) in fs::walk(module_dir, skip)? {
            let (from, to) = (module_dir.join(&relative), view.path().join(&relative));
            if let Some(parent) = to.parent() {
                fs::create_dir_all(parent)?;
            }
            match kind {
                EntryKind::File => fs::link_or_copy(&from, &to)?,
                EntryKind::Link => link(module_dir, &from, &to)?,
                EntryKind::Special => return Err(SealError::Special { path: from }),
            }
        }
        fs::symlink(vendor, &view.path().join("vendor"))?;
        Ok(SourceView { path: view.path().to_owned(), _view: Some(view) })
    }

    /// The directory.
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }
}

fn link(module_dir: &Utf8Path, from: &Utf8Path, to: &Utf8Path) -> Result<(), SealError> {
    // A link that leads nowhere leads nowhere in the view as well: Go decides whether it matters.
    let Ok(real) = fs::canonical(from) else { return Ok(()) };
    let inside = fs::canonical(module_dir)?;
    match real.strip_prefix(&inside) {
        Ok(relative) => {
            let depth = from.strip_prefix(module_dir).unwrap_or(from).components().count() - 1;
            let up: Utf8PathBuf = std::iter::repeat_n("..", depth).collect();
            Ok(fs::symlink(&up.join(relative), to)?)
        }
        Err(_) => Err(SealError::LeavingLink { path: from.to_owned(), to: real }),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_view_has_the_files_and_the_vendor_tree() {
        let dir = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(dir.path()).unwrap();
        let module = root.join("module");
        for (path, text) in
            [("go.mod", "module m"), ("a/b.go", "package a"), (".git/HEAD", "x"), ("dist/old", "x")]
        {
            fs::create_dir_all(module.join(path).parent().unwrap()).unwrap();
            fs::write_atomic(&module.join(path), text.as_bytes()).unwrap();
        }
        fs::symlink("b.go".into(), &module.join("a/c.go")).unwrap();
        let vendor = root.join("tree");
        fs::create_dir_all(&vendor).unwrap();
        fs::write_atomic(&vendor.join("modules.txt"), b"# x").unwrap();
        let view = SourceView::with_vendor(&module, &vendor, root, &[&module.join("dist")]).unwrap();
        assert_eq!(fs::read_text(&view.path().join("a/c.go")).unwrap(), "package a");
        assert_eq!(fs::read_text(&view.path().join("vendor/modules.txt")).unwrap(), "# x");
        assert_eq!(fs::list(view.path()).unwrap(), ["a", "go.mod", "vendor"]);
        let kept = view.path().to_owned();
        drop(view);
        assert!(!kept.exists());

        fs::symlink("/etc/hostname".into(), &module.join("a/leak.go")).unwrap();
        let refused = SourceView::with_vendor(&module, &vendor, root, &[]).unwrap_err();
        assert!(matches!(refused, SealError::LeavingLink { .. }), "{refused}");
    }
}
