//! What the last runs found in the store: `runs-v0/log`, a line of JSON for each.

use serde::{Deserialize, Serialize};

use super::Store;
use crate::fs;

/// One run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunLine {
    /// When it ended, in seconds since 1970.
    pub at: u64,
    /// Programs that the store had.
    pub hits: u64,
    /// Programs that were built.
    pub built: u64,
    /// Programs that failed.
    pub failed: u64,
    /// Wall time, in milliseconds.
    pub milliseconds: u64,
}

const LOG: &str = "runs-v0/log";

/// As many are kept, at least.
const KEPT: usize = 100;

impl Store {
    /// Adds a run. Without it the statistics lack a line, and that is all.
    pub fn note_run(&self, run: &RunLine) {
        /// Bytes; some hundred lines.
        const LONG: u64 = 64 << 10;
        let path = self.root().join(LOG);
        let mut line = serde_json::to_string(run).unwrap_or_default();
        line.push('\n');
        if fs::append_line(&path, line.as_bytes()).is_ok()
            && fs::lstat(&path).ok().flatten().is_some_and(|found| found.len() > LONG)
        {
            let lines = self.last_runs().into_iter().filter_map(|run| serde_json::to_string(&run).ok());
            let text: String = lines.map(|line| line + "\n").collect();
            let _ = self.write(&path, text.as_bytes());
        }
    }

    /// The last runs, oldest first. A line that cannot be read is passed over.
    pub fn last_runs(&self) -> Vec<RunLine> {
        let bytes = fs::read_if_present(&self.root().join(LOG)).ok().flatten().unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let runs: Vec<RunLine> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        runs[runs.len().saturating_sub(KEPT)..].to_vec()
    }
}
