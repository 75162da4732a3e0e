//! When a request is made again, and how long is waited before it.

use std::time::{Duration, SystemTime};

use crate::cancel::Cancel;

/// How often and how long.
#[derive(Debug, Clone)]
pub(super) struct Policy {
    /// Requests for one file at one proxy, the first included.
    pub(super) attempts: u32,
    /// The longest pause before the second request; it doubles with each further one.
    pub(super) base: Duration,
    /// The longest pause that is chosen here.
    pub(super) cap: Duration,
    /// The longest pause that a server may ask for.
    pub(super) asked_cap: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            attempts: 5,
            base: Duration::from_millis(500),
            cap: Duration::from_secs(10),
            asked_cap: Duration::from_secs(60),
        }
    }
}

impl Policy {
    /// The pause behind a failed request (the first is 1). It is chosen evenly between none and the longest one
    /// (full jitter), so that those who failed together do not come back together; a server's own wish is the
    /// least.
    pub(super) fn pause(&self, failed: u32, asked: Option<Duration>) -> Duration {
        let longest = self.base.saturating_mul(1 << failed.saturating_sub(1).min(20)).min(self.cap);
        let chosen = longest.mul_f64(fastrand::f64());
        chosen.max(asked.unwrap_or_default().min(self.asked_cap))
    }
}

/// What a Retry-After header asks for: seconds, or a date.
/// Source of the format: RFC 9110, section 10.2.3.
pub(super) fn asked(header: &str, now: SystemTime) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(header).ok()?.timestamp();
    let date = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(date.as_second()).ok()?);
    Some(date.duration_since(now).unwrap_or_default())
}

/// Waits; `false` when the run ends meanwhile.
pub(super) fn wait(pause: Duration, cancel: &Cancel) -> bool {
    const SLICE: Duration = Duration::from_millis(50);
    let mut left = pause;
    while cancel.reason().is_none() {
        if left.is_zero() {
            return true;
        }
        let slice = left.min(SLICE);
        std::thread::sleep(slice);
        left -= slice;
    }
    false
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant, SystemTime};

    use super::{Policy, asked, wait};
    use crate::cancel::{Cancel, Reason};

    #[test]
    fn pauses_grow_to_the_cap_and_differ() {
        let policy = Policy::default();
        for failed in 1..40 {
            let longest = Duration::from_millis(500).saturating_mul(1 << (failed - 1).min(10));
            let pauses: Vec<_> = (0..50).map(|_| policy.pause(failed, None)).collect();
            assert!(pauses.iter().all(|pause| *pause <= longest.min(Duration::from_secs(10))));
            assert!(pauses.iter().any(|pause| *pause != pauses[0]));
        }
        let asked = |seconds| policy.pause(1, Some(Duration::from_secs(seconds)));
        assert_eq!((asked(7).as_secs(), asked(7000).as_secs()), (7, 60));
    }

    #[test]
    fn both_forms_of_the_header() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        assert_eq!(asked(" 12 ", now), Some(Duration::from_secs(12)));
        assert_eq!(asked("Sun, 06 Nov 1994 08:49:40 GMT", now), Some(Duration::from_secs(3)));
        assert_eq!(asked("Sun, 06 Nov 1994 08:49:30 GMT", now), Some(Duration::ZERO));
        for wrong in ["", "-1", "soon", "99999999999999999999", "1.5"] {
            assert_eq!(asked(wrong, now), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_pause_ends_with_the_run() {
        let cancel = Cancel::default();
        assert!(wait(Duration::from_millis(60), &cancel));
        cancel.cancel(Reason::FailFast);
        let started = Instant::now();
        assert!(!wait(Duration::from_secs(60), &cancel));
        assert!(started.elapsed() < Duration::from_secs(1));
    }
}
