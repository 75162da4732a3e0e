//! gzip over POSIX ustar, every header field set by hand.

use std::io::{BufWriter, Write};

use camino::Utf8Path;
use flate2::{Compression, GzBuilder};

use super::contents::Entry;
use crate::fs::{self, FsError};
use crate::model::{Digest, DigestWriter};

pub(super) fn write(entries: &[Entry], epoch: i64, output: &Utf8Path) -> Result<Digest, FsError> {
    let file = DigestWriter::new(BufWriter::new(fs::create(output)?));
    // No name, no time, and "unknown" for the system: the header is the same everywhere.
    let gzip = GzBuilder::new().mtime(0).operating_system(255).write(file, Compression::default());
    let mut archive = tar::Builder::new(gzip);
    for entry in entries {
        let mut source = fs::open(&entry.path)?;
        let size = fs::context(source.metadata(), "read", &entry.path)?.len();
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_size(size);
        header.set_mode(entry.mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(u64::try_from(epoch).unwrap_or(0));
        let appended = archive.append_data(&mut header, &entry.name, &mut source);
        fs::context(appended, "write", output)?;
    }
    let finished = archive.into_inner().and_then(|gzip| gzip.finish()).and_then(|mut file| {
        file.flush()?;
        Ok(file.finish().0)
    });
    fs::context(finished, "write", output)
}
