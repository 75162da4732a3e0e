//! What an SDK's own `go.env` sets.
//!
//! Go reads the file also with GOENV=off, and a variable that is empty in the environment does not override it. So a
//! sealed build is safe from a key only where the environment gives it a value.
//! Source of the format: `readEnvFile` in cmd/go/internal/cfg.

use std::collections::BTreeSet;

use super::environment::{self, GoDirectories};
use super::find::SdkError;
use crate::fs;
use crate::model::Sdk;

/// Refuses an SDK whose go.env would steer sealed builds. Nothing of the SDK is run for that.
pub(super) fn check(sdk: &Sdk) -> Result<(), SdkError> {
    let file = sdk.goroot.join("go.env");
    if !file.is_file() {
        // Go reads whatever is there, and would wait for ever for a FIFO that nobody writes to.
        let cause = "it is not a regular file".to_owned();
        let present = file.exists();
        return if present {
            Err(SdkError::NotAnSdk { path: file, origin: sdk.origin, cause })
        } else {
            Ok(())
        };
    }
    let sealed = environment::sealed(&GoDirectories::in_store(sdk, "/".into(), None));
    let closed = |key: &str| sealed.get(key).is_some_and(|value| !value.is_empty());
    let names: BTreeSet<String> = keys(&fs::read(&file)?).into_iter().filter(|key| !closed(key)).collect();
    if names.is_empty() {
        return Ok(());
    }
    Err(SdkError::Steered { file, names: names.into_iter().collect() })
}

/// The keys that get a value. What does not begin with a capital letter is a comment to Go, and so is a line without
/// `=`; a line ends with a line feed and nothing else.
fn keys(text: &[u8]) -> Vec<String> {
    text.split(|byte| *byte == b'\n')
        .filter(|line| line.first().is_some_and(u8::is_ascii_uppercase))
        .filter_map(|line| {
            let at = line.iter().position(|byte| *byte == b'=')?;
            let (key, value) = (&line[..at], &line[at + 1..]);
            (!value.is_empty()).then(|| String::from_utf8_lossy(key).into_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::keys;

    #[test]
    fn lines_as_go_reads_them() {
        let text =
            b"# GOFLAGS=-x\nGOPROXY=off\n\n CC=cc\nexport CXX=c\nGOBIN=\nGOAUTH\nGOCACHEPROG=\r\nA B=c=d";
        assert_eq!(keys(text), ["GOPROXY", "GOCACHEPROG", "A B"]);
        assert_eq!(keys(b""), Vec::<String>::new());
        assert_eq!(keys(b"C\xff=1"), ["C\u{fffd}"]);
    }
}
