//! Go's messages, as `cmd/go/internal/cacheprog` describes them.

use std::io::{BufRead, Read, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::entry::Id;

/// Why there is no answer any more.
#[derive(Debug, thiserror::Error)]
pub enum ProtocolError {
    /// Standard input or output broke.
    #[error("the pipe to go broke: {0}")]
    Pipe(#[from] std::io::Error),
    /// What came is no message of Go's.
    #[error("this is no message of go's: {0}")]
    Malformed(String),
}

pub(super) type Result<T> = std::result::Result<T, ProtocolError>;

/// Longer than any message without its body, in bytes.
const LONGEST: u64 = 64 << 10;

/// What Go asks.
#[derive(Debug, Deserialize)]
pub(super) struct Request {
    /// Comes back with the answer.
    #[serde(rename = "ID")]
    pub(super) id: i64,
    /// `get`, `put` or `close`.
    #[serde(rename = "Command", default)]
    pub(super) command: String,
    #[serde(rename = "ActionID", default)]
    action: Option<String>,
    #[serde(rename = "OutputID", default)]
    output: Option<String>,
    /// How many bytes follow.
    #[serde(rename = "BodySize", default)]
    pub(super) size: u64,
}

impl Request {
    /// The next request; `None` at the end.
    pub(super) fn read(input: &mut impl BufRead) -> Result<Option<Self>> {
        let mut line = Vec::new();
        loop {
            line.clear();
            if input.by_ref().take(LONGEST).read_until(b'\n', &mut line)? == 0 {
                return Ok(None);
            }
            if line.trim_ascii().is_empty() {
                continue;
            }
            let request = serde_json::from_slice(&line);
            return request.map(Some).map_err(|error| ProtocolError::Malformed(error.to_string()));
        }
    }

    pub(super) fn action(&self) -> Result<Id> {
        id("ActionID", self.action.as_deref())
    }

    pub(super) fn output(&self) -> Result<Id> {
        id("OutputID", self.output.as_deref())
    }
}

fn id(what: &str, text: Option<&str>) -> Result<Id> {
    let bytes = text.and_then(|text| STANDARD.decode(text).ok());
    let id = bytes.and_then(|bytes| bytes.try_into().ok());
    id.ok_or_else(|| ProtocolError::Malformed(format!("{what} is not 32 bytes")))
}

/// What Go hears.
#[derive(Debug, Default, Serialize)]
pub(super) struct Response {
    #[serde(rename = "ID")]
    pub(super) id: i64,
    #[serde(rename = "Err", skip_serializing_if = "String::is_empty")]
    pub(super) error: String,
    #[serde(rename = "KnownCommands", skip_serializing_if = "<[_]>::is_empty")]
    pub(super) commands: &'static [&'static str],
    #[serde(rename = "Miss", skip_serializing_if = "std::ops::Not::not")]
    pub(super) miss: bool,
    #[serde(rename = "OutputID", skip_serializing_if = "Option::is_none")]
    pub(super) output: Option<String>,
    #[serde(rename = "Size", skip_serializing_if = "Option::is_none")]
    pub(super) size: Option<u64>,
    #[serde(rename = "Time", skip_serializing_if = "Option::is_none")]
    pub(super) time: Option<String>,
    #[serde(rename = "DiskPath", skip_serializing_if = "Option::is_none")]
    pub(super) path: Option<String>,
}

impl Response {
    /// Sends it; Go waits for each.
    pub(super) fn send(&self, output: &mut impl Write) -> Result<()> {
        let mut line = serde_json::to_vec(self).map_err(std::io::Error::other)?;
        line.push(b'\n');
        output.write_all(&line)?;
        Ok(output.flush()?)
    }
}

pub(super) fn encode(id: &Id) -> String {
    STANDARD.encode(id)
}

/// Hands on the body behind a request, of `size` bytes, in pieces. It comes as a line with a JSON string in base64, and
/// none of it is kept: bodies have any size. It is read to its end whatever becomes of it, or the next request would
/// not be found.
pub(super) fn body(input: &mut impl BufRead, size: u64, mut piece: impl FnMut(&[u8])) -> Result<()> {
    /// Base64 of whole groups, 64 KiB: what a pipe holds.
    const PIECE: usize = 64 << 10;
    const BYTES: usize = PIECE / 4 * 3;
    if size == 0 {
        return Ok(());
    }
    let malformed = |what: &str| Err(ProtocolError::Malformed(format!("a body {what}")));
    quote(input)?;
    let (mut text, mut bytes) = (vec![0; PIECE], vec![0; BYTES]);
    let mut left = size;
    while left > 0 {
        let here = left.min(BYTES as u64);
        left -= here;
        // At most a piece, so it is no more than a `usize`.
        let here = usize::try_from(here).unwrap_or(BYTES);
        let text = &mut text[..here.div_ceil(3) * 4];
        input.read_exact(text)?;
        match STANDARD.decode_slice(&*text, &mut bytes) {
            Ok(found) if found == here => piece(&bytes[..found]),
            Ok(_) => return malformed("has another size than was announced"),
            Err(error) => return malformed(&format!("is no base64: {error}")),
        }
    }
    quote(input)
}

/// What a body begins and ends with.
fn quote(input: &mut impl BufRead) -> Result<()> {
    loop {
        let mut byte = [0];
        input.read_exact(&mut byte)?;
        match byte[0] {
            b'"' => return Ok(()),
            b'\n' | b'\r' | b'\t' | b' ' => {}
            other => return Err(ProtocolError::Malformed(format!("byte {other} in the place of a quote"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests() {
        let text = "{\"ID\":1,\"Command\":\"get\",\"ActionID\":\"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\"}\n\n\
                    {\"ID\":2,\"Command\":\"put\",\"ObjectID\":null,\"BodySize\":3}\n\n\"YWJj\"\n\n";
        let mut input = text.as_bytes();
        let first = Request::read(&mut input).unwrap().unwrap();
        assert_eq!((first.id, first.command.as_str(), first.action().unwrap()), (1, "get", [1; 32]));
        assert!(first.output().is_err());
        let second = Request::read(&mut input).unwrap().unwrap();
        let mut found = Vec::new();
        body(&mut input, second.size, |piece| found.extend_from_slice(piece)).unwrap();
        assert_eq!(found, b"abc");
        assert!(Request::read(&mut input).unwrap().is_none());
    }

    #[test]
    fn bodies_of_every_length() {
        for size in (0..70).chain([49151, 49152, 49153, 98303, 98304, 98305, 300_000]) {
            let bytes: Vec<u8> = (0..size).map(|n| (n % 251) as u8).collect();
            let text = match size {
                0 => String::new(),
                _ => format!("\n\"{}\"\n", STANDARD.encode(&bytes)),
            };
            let mut input = std::io::BufReader::with_capacity(7, text.as_bytes());
            let mut found = Vec::new();
            body(&mut input, size as u64, |piece| found.extend_from_slice(piece)).unwrap();
            assert!(found == bytes, "{size}");
        }
    }

    #[test]
    fn nonsense_is_an_error_and_no_panic() {
        let bad = |size: u64, text: &str| body(&mut text.as_bytes(), size, |_| {}).is_err();
        for (size, text) in [
            (3, ""),
            (3, "\""),
            (3, "\"YWJj"),
            (3, "YWJj\""),
            (3, "\"YWJjYWJj\""),
            (6, "\"YWJj\""),
            (2, "\"YWJj\""),
            (3, "\"YW==\""),
            (3, "\"YW\u{0}j\""),
            (3, "{\"YWJj\"}"),
            (u64::MAX, "\"YWJj\""),
        ] {
            assert!(bad(size, text), "{size} {text:?}");
        }
        for text in ["x\n", "{}\n", "[]\n", "{\"ID\":\"1\"}\n", "{\"ID\":1,\"BodySize\":-1}\n", "{\"ID\":1"] {
            assert!(Request::read(&mut text.as_bytes()).is_err(), "{text:?}");
        }
        assert!(Request::read(&mut "x".repeat(1 << 20).as_bytes()).is_err());
    }
}
