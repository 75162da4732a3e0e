//! Content digests: BLAKE3 for the store, SHA-256 for the tools that everybody has.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};
use sha2::Digest as _;

use super::Blake3;

/// What identifies a file's bytes. Both functions are computed in one pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    /// BLAKE3-256, lower-case hexadecimal.
    pub blake3: String,
    /// SHA-256, lower-case hexadecimal.
    pub sha256: String,
    /// Length in bytes.
    pub size: u64,
}

impl Digest {
    /// The digest of everything `reader` still yields, read in 128 KiB pieces.
    pub fn of_reader(reader: impl Read) -> io::Result<Self> {
        let mut reader = DigestReader::new(reader);
        io::copy(&mut reader, &mut io::sink())?;
        Ok(reader.state.finish())
    }

    /// The digest whose parts are known.
    pub fn of_raw(blake3: &Blake3, sha256: &[u8; 32], size: u64) -> Self {
        Digest { blake3: blake3.to_string(), sha256: hex(sha256), size }
    }

    /// The digest of bytes at hand.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        let mut state = State::default();
        state.update(bytes);
        state.finish()
    }

    /// The first twelve digits of the SHA-256, for people.
    pub fn short_sha256(&self) -> &str {
        self.sha256.get(..12).unwrap_or(&self.sha256)
    }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
        text
    })
}

#[derive(Default)]
struct State {
    blake3: blake3::Hasher,
    sha256: sha2::Sha256,
    size: u64,
}

impl State {
    fn update(&mut self, bytes: &[u8]) {
        self.blake3.update(bytes);
        self.sha256.update(bytes);
        self.size += bytes.len() as u64;
    }

    fn finish(self) -> Digest {
        let (blake3, sha256, size) = self.finish_raw();
        Digest::of_raw(&blake3, &sha256, size)
    }

    fn finish_raw(self) -> (Blake3, [u8; 32], u64) {
        (self.blake3.finalize().into(), self.sha256.finalize().into(), self.size)
    }
}

/// A reader that digests what passes through it.
pub struct DigestReader<R> {
    inner: R,
    state: State,
}

impl<R: Read> DigestReader<R> {
    /// Starts a new digest in front of `inner`.
    pub fn new(inner: R) -> Self {
        DigestReader { inner, state: State::default() }
    }

    /// The digest of what has been read.
    pub fn finish(self) -> Digest {
        self.state.finish()
    }

    /// The same as BLAKE3, SHA-256 and number of bytes.
    pub fn finish_raw(self) -> (Blake3, [u8; 32], u64) {
        self.state.finish_raw()
    }
}

impl<R: Read> Read for DigestReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.state.update(&buffer[..read]);
        Ok(read)
    }
}

/// A writer that digests what passes through it, so that a package is never read back.
pub struct DigestWriter<W> {
    inner: W,
    state: State,
}

impl<W: Write> DigestWriter<W> {
    /// Starts a new digest in front of `inner`.
    pub fn new(inner: W) -> Self {
        DigestWriter { inner, state: State::default() }
    }

    /// BLAKE3, SHA-256 and number of the bytes that have been written.
    pub fn finish_raw(self) -> (Blake3, [u8; 32], u64) {
        self.state.finish_raw()
    }

    /// The digest of what has been written, and the writer below.
    pub fn finish(self) -> (Digest, W) {
        (self.state.finish(), self.inner)
    }
}

impl<W: Write> Write for DigestWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.state.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::Digest;

    #[test]
    fn empty_input_has_the_published_digests() {
        let digest = Digest::of_bytes(b"");
        assert_eq!(digest.sha256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(digest.blake3, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262");
        assert_eq!(digest.size, 0);
    }

    #[test]
    fn reader_and_bytes_agree() {
        let bytes: Vec<u8> = (0..300_000u32).map(|n| (n % 251) as u8).collect();
        assert_eq!(Digest::of_reader(&bytes[..]).unwrap(), Digest::of_bytes(&bytes));
    }
}
