//! What is known of vendored files.

use serde::{Deserialize, Serialize};

/// What is known of the files of a vendor tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// There are none.
    NotNeeded,
    /// Each is what go.sum says.
    Verified,
    /// There is no vendor.lock to prove it with.
    Unverified,
}

impl Proof {
    /// The word in files of dist/.
    pub fn as_str(self) -> &'static str {
        match self {
            Proof::NotNeeded => "not-needed",
            Proof::Verified => "verified",
            Proof::Unverified => "unverified",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        [Proof::NotNeeded, Proof::Verified, Proof::Unverified]
            .into_iter()
            .find(|proof| proof.as_str() == text)
    }

    /// What can be said where both hold.
    #[must_use]
    pub fn and(self, other: Proof) -> Proof {
        match (self, other) {
            (Proof::Unverified, _) | (_, Proof::Unverified) => Proof::Unverified,
            (Proof::Verified, _) | (_, Proof::Verified) => Proof::Verified,
            (Proof::NotNeeded, Proof::NotNeeded) => Proof::NotNeeded,
        }
    }

    /// Whether it says as much as `other`.
    pub fn suffices_for(self, other: Proof) -> bool {
        other == Proof::Unverified || self != Proof::Unverified
    }
}
