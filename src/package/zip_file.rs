//! zip with deflate.

use std::io::{self, BufWriter, Write};

use camino::Utf8Path;
use jiff::{Timestamp, tz::TimeZone};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::contents::Entry;
use crate::fs::{self, FsError};
use crate::model::Digest;

/// From here on an entry's size needs the 64-bit fields.
const LARGE: u64 = u32::MAX as u64;

pub(super) fn write(entries: &[Entry], epoch: i64, output: &Utf8Path) -> Result<Digest, FsError> {
    let mut archive = ZipWriter::new(BufWriter::new(fs::create(output)?));
    for entry in entries {
        let mut source = fs::open(&entry.path)?;
        let size = fs::context(source.metadata(), "read", &entry.path)?.len();
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(dos_time(epoch))
            .unix_permissions(entry.mode)
            .large_file(size >= LARGE);
        let written = archive.start_file(&entry.name, options).map_err(io::Error::from);
        fs::context(written.and_then(|()| io::copy(&mut source, &mut archive)), "write", output)?;
    }
    let finished = archive.finish().map_err(io::Error::from).and_then(|mut file| file.flush());
    fs::context(finished, "write", output)?;
    fs::context(Digest::of_reader(fs::open(output)?), "read", output)
}

/// A time as zip holds it: from 1980 to 2107, in steps of two seconds; UTC, as zip knows no zone.
fn dos_time(epoch: i64) -> DateTime {
    let Ok(time) = Timestamp::from_second(epoch) else { return DateTime::default() };
    let time = TimeZone::UTC.to_datetime(time);
    let small = |part: i8| u8::try_from(part).unwrap_or(0);
    u16::try_from(time.year())
        .ok()
        .and_then(|year| {
            DateTime::from_date_and_time(
                year,
                small(time.month()),
                small(time.day()),
                small(time.hour()),
                small(time.minute()),
                small(time.second()),
            )
            .ok()
        })
        .unwrap_or_default()
}
