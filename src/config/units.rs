//! Lengths of time and amounts of memory, as people write them.

use std::time::Duration;

/// What [`duration`] reads, for people.
pub const DURATION: &str = "a length of time such as 90s, 10m or 1h30m";

/// What [`memory`] reads, for people.
pub const MEMORY: &str = "an amount of memory such as 800MiB or 2GiB, at least 256MiB";

/// What [`bytes`] reads, for people.
pub const SIZE: &str = "a size such as 800MiB or 20GiB";

/// The words for a seal, for people.
pub const SEAL: &str = "auto, strict, landlock or env";

/// Reads `90s`, `10m`, `1h30m`; at least a second, at most a year.
pub fn duration(text: &str) -> Option<Duration> {
    const YEAR: u64 = 365 * 24 * 3600;
    let (mut seconds, mut rest, mut smallest) = (0_u64, text, u64::MAX);
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest[..digits].parse().ok()?;
        let unit = match rest.as_bytes().get(digits)? {
            b'd' => 24 * 3600,
            b'h' => 3600,
            b'm' => 60,
            b's' => 1,
            _ => return None,
        };
        // `1m1h` is no way to write a time, and `5m5m` is a slip.
        if unit >= std::mem::replace(&mut smallest, unit) {
            return None;
        }
        seconds = seconds.checked_add(number.checked_mul(unit)?)?;
        rest = &rest[digits + 1..];
    }
    (1..=YEAR).contains(&seconds).then(|| Duration::from_secs(seconds))
}

/// Reads a [size](bytes) of at least 256 MiB, below which no Go compiler works.
pub fn memory(text: &str) -> Option<u64> {
    const LEAST: u64 = 256 << 20;
    bytes(text).filter(|bytes| *bytes >= LEAST)
}

/// Reads `800MiB`, `2GiB`, `2 GB`: a whole number and a unit.
pub fn bytes(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: u64 = text[..digits].parse().ok()?;
    let unit = match text[digits..].trim_start() {
        "MiB" | "M" => 1 << 20,
        "GiB" | "G" => 1 << 30,
        "TiB" | "T" => 1 << 40,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        _ => return None,
    };
    number.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let seconds = |text| duration(text).map(|time| time.as_secs());
        assert_eq!(seconds("90s"), Some(90));
        assert_eq!(seconds("1h30m"), Some(5400));
        for wrong in ["", "10", "s", "0s", "1m1h", "5m5m", "-1s", "1.5h", "9999999h", "10 m", "1h30", "ü"] {
            assert_eq!(seconds(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn amounts() {
        assert_eq!(memory("512MiB"), Some(512 << 20));
        assert_eq!(memory("2 GB"), Some(2_000_000_000));
        for wrong in ["", "2", "GiB", "1MiB", "2gib", "-2GiB", "99999999999999TiB", "2GiB "] {
            assert_eq!(memory(wrong), None, "{wrong:?}");
        }
    }
}
