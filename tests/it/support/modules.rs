//! A `file://` GOPROXY made on the spot, with the go.sum lines that belong to it.

use std::fs;
use std::io::Write;
use std::path::Path;

use sha2::{Digest, Sha256};

/// Modules in a directory laid out as Go's proxy protocol has it.
pub struct ModuleTree {
    dir: tempfile::TempDir,
    sums: String,
}

impl ModuleTree {
    /// No module yet.
    pub fn new() -> Self {
        ModuleTree { dir: tempfile::tempdir().unwrap(), sums: String::new() }
    }

    /// Adds a module; its go.mod is made unless `files` has one.
    pub fn module(mut self, path: &str, version: &str, files: &[(&str, &str)]) -> Self {
        let go_mod = format!("module {path}\n\ngo 1.24\n");
        let mut files: Vec<(String, String)> =
            files.iter().map(|(p, t)| ((*p).into(), (*t).into())).collect();
        if !files.iter().any(|(name, _)| name == "go.mod") {
            files.push(("go.mod".into(), go_mod));
        }
        files.sort();
        let go_mod = files.iter().find(|(name, _)| name == "go.mod").unwrap().1.clone();
        // Capitals are written as the protocol has them.
        let escaped = path.chars().fold(String::new(), |mut text, c| {
            text.extend(c.is_ascii_uppercase().then_some('!'));
            text.push(c.to_ascii_lowercase());
            text
        });
        let dir = self.dir.path().join(escaped).join("@v");
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join(format!("{version}.mod")), &go_mod).unwrap();
        fs::write(dir.join(format!("{version}.info")), format!("{{\"Version\":\"{version}\"}}")).unwrap();
        fs::write(dir.join("list"), format!("{version}\n")).unwrap();
        let mut zip = zip::ZipWriter::new(fs::File::create(dir.join(format!("{version}.zip"))).unwrap());
        let mut lines = String::new();
        for (name, text) in &files {
            let name = format!("{path}@{version}/{name}");
            zip.start_file(&name, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
            lines.push_str(&format!("{}  {name}\n", hex(text.as_bytes())));
        }
        zip.finish().unwrap();
        let go_mod_line = format!("{}  go.mod\n", hex(go_mod.as_bytes()));
        self.sums.push_str(&format!("{path} {version} h1:{}\n", base64(&Sha256::digest(lines.as_bytes()))));
        self.sums.push_str(&format!(
            "{path} {version}/go.mod h1:{}\n",
            base64(&Sha256::digest(go_mod_line.as_bytes()))
        ));
        self
    }

    /// The whole go.sum.
    pub fn go_sum(&self) -> &str {
        &self.sums
    }

    /// GOPROXY for it.
    pub fn url(&self) -> String {
        format!("file://{}", self.dir.path().display())
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word =
            chunk.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for digit in 0..4 {
            let shown = digit <= chunk.len();
            text.push(if shown { DIGITS[(word >> (18 - 6 * digit)) as usize & 63] as char } else { '=' });
        }
    }
    text
}
