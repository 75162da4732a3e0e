//! Which key a program had last, and before: `last-v0/<first two digits>/<the others>`, by project, build and target.

use camino::Utf8Path;
use serde::{Deserialize, Serialize};

use super::{Store, frame};
use crate::fs;
use crate::model::{Blake3, Target};

pub(super) const HISTORY: &str = "last-v0";
pub(super) const LAST: &str = "last 0";

/// The last two keys of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// The one that it had when it was last built or fetched.
    pub current: Blake3,
    /// Another one that it had before that.
    pub previous: Option<Blake3>,
    /// When it first had the current one, in seconds since 1970.
    pub since: u64,
}

/// The name of a program's history.
fn name(project: &Utf8Path, build: &str, target: &Target) -> Blake3 {
    Blake3::of([project.as_str(), build, &target.to_string()].join("\0").as_bytes())
}

impl Store {
    /// The history of a program of the project in a directory; a damaged one is none.
    pub fn history(&self, project: &Utf8Path, build: &str, target: &Target) -> Option<History> {
        let name = name(project, build, target);
        let path = self.place(HISTORY, &name, "");
        let bytes = fs::read_if_present(&path).ok()??;
        let found = frame::decode(LAST, &name, &bytes).and_then(|body| serde_json::from_slice(body).ok());
        if found.is_none() {
            self.quarantine(&path);
        }
        found
    }

    /// Notes which key a program has now. `now` is seconds since 1970.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn note_key(
        &self,
        project: &Utf8Path,
        build: &str,
        target: &Target,
        key: Blake3,
        now: u64,
    ) -> fs::Result<()> {
        let before = self.history(project, build, target);
        if before.is_some_and(|before| before.current == key) {
            return Ok(());
        }
        let history = History { current: key, previous: before.map(|before| before.current), since: now };
        let name = name(project, build, target);
        let body = serde_json::to_vec(&history).unwrap_or_default();
        self.write(&self.place(HISTORY, &name, ""), &frame::encode(LAST, &name, &body))
    }
}
