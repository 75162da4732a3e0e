//! What was worked out before from the same inputs: `memo-v0/<first two digits>/<the others>`. A memo is a shortcut:
//! without it the same comes of more work.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Store, frame};
use crate::fs;
use crate::model::Blake3;

pub(super) const MEMOS: &str = "memo-v0";
pub(super) const MEMO: &str = "memo 0";

impl Store {
    /// What is remembered under a name; a damaged memo, or one of another shape, is none.
    pub fn recall<T: DeserializeOwned>(&self, name: &Blake3) -> Option<T> {
        let path = self.place(MEMOS, name, "");
        let bytes = fs::read_if_present(&path).ok()??;
        let value = frame::decode(MEMO, name, &bytes).and_then(|body| serde_json::from_slice(body).ok());
        if value.is_none() {
            self.quarantine(&path);
        }
        value
    }

    /// Remembers a value under a name.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn remember(&self, name: &Blake3, value: &impl Serialize) -> fs::Result<()> {
        let body = serde_json::to_vec(value).unwrap_or_default();
        self.write(&self.place(MEMOS, name, ""), &frame::encode(MEMO, name, &body))
    }
}
