//! What the file system says of a file without its bytes.

use std::fs::Metadata;

/// Size, times and identity of a file. Times are nanoseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    pub(super) size: u64,
    pub(super) mtime: i128,
    pub(super) ctime: i128,
    pub(super) inode: u64,
    pub(super) device: u64,
}

const SECOND: i128 = 1_000_000_000;

impl Stamp {
    /// The stamp; `None` where the system has no ctime to tell a later change by.
    #[cfg(unix)]
    pub fn of(metadata: &Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        let time = |seconds: i64, nanoseconds: i64| i128::from(seconds) * SECOND + i128::from(nanoseconds);
        Some(Stamp {
            size: metadata.size(),
            mtime: time(metadata.mtime(), metadata.mtime_nsec()),
            ctime: time(metadata.ctime(), metadata.ctime_nsec()),
            inode: metadata.ino(),
            device: metadata.dev(),
        })
    }

    /// The stamp; `None` where the system has no ctime to tell a later change by.
    #[cfg(not(unix))]
    pub fn of(_: &Metadata) -> Option<Self> {
        None
    }

    /// Whether a change after `now` must give the file another stamp. Whole seconds are taken for a clock that counts
    /// two at a time, as FAT's does; any other for one that moves with the kernel's tick.
    pub fn settled(&self, now: u128) -> bool {
        let granularity = |time: i128| if time % SECOND == 0 { 2 * SECOND } else { SECOND / 10 };
        let now = i128::try_from(now).unwrap_or(0);
        [self.mtime, self.ctime].into_iter().all(|time| time + granularity(time) < now)
    }
}

#[cfg(test)]
mod tests {
    use super::{SECOND, Stamp};

    #[test]
    fn coarse_clocks_need_longer() {
        let stamp = |mtime, ctime| Stamp { size: 1, mtime, ctime, inode: 1, device: 1 };
        let fine = stamp(10 * SECOND + 5, 10 * SECOND + 5);
        assert!(!fine.settled(10_050_000_000) && fine.settled(10_200_000_000));
        let coarse = stamp(10 * SECOND, 10 * SECOND);
        assert!(!coarse.settled(11_900_000_000) && coarse.settled(12_100_000_000));
        assert!(!stamp(5, 10 * SECOND).settled(11_000_000_000));
        assert!(!stamp(99 * SECOND, 5).settled(11_000_000_000), "a time in the future");
    }
}
