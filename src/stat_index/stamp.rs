//! What the file system says of a file without its bytes.

use std::fs::Metadata;

/// Size, times and identity of a file. Times are nanoseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

    /// The stamp's bytes, little endian: size, mtime, ctime, inode, device.
    pub fn to_bytes(self) -> [u8; 56] {
        let mut bytes = [0; 56];
        bytes[..8].copy_from_slice(&self.size.to_le_bytes());
        bytes[8..24].copy_from_slice(&self.mtime.to_le_bytes());
        bytes[24..40].copy_from_slice(&self.ctime.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.inode.to_le_bytes());
        bytes[48..].copy_from_slice(&self.device.to_le_bytes());
        bytes
    }

    /// The stamp that has these bytes.
    pub(super) fn from_bytes(bytes: &[u8; 56]) -> Self {
        let number = |at: usize| u64::from_le_bytes(std::array::from_fn(|byte| bytes[at + byte]));
        let time = |at: usize| i128::from_le_bytes(std::array::from_fn(|byte| bytes[at + byte]));
        Stamp { size: number(0), mtime: time(8), ctime: time(24), inode: number(40), device: number(48) }
    }

    /// The later of both times.
    pub(super) fn latest(&self) -> i128 {
        self.mtime.max(self.ctime)
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
    fn bytes_and_back() {
        let stamp = Stamp { size: 1, mtime: -2, ctime: 3 * SECOND, inode: 4, device: u64::MAX };
        assert_eq!(Stamp::from_bytes(&stamp.to_bytes()), stamp);
    }

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
