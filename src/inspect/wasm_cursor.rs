//! The encodings of WebAssembly that reading back needs. Source: WebAssembly core specification, chapter 5.

/// What is left of a section's bytes. Every method gives `None` where they end too early.
pub(super) struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Cursor(bytes)
    }

    /// How many bytes are left.
    pub(super) fn left(&self) -> usize {
        self.0.len()
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(byte)
    }

    /// An unsigned LEB128 of at most five bytes.
    pub(super) fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..35).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    /// Bytes with their count before them.
    pub(super) fn name(&mut self) -> Option<&'a [u8]> {
        let size = usize::try_from(self.number()?).ok()?;
        let (name, rest) = self.0.split_at_checked(size)?;
        self.0 = rest;
        Some(name)
    }

    /// What an import is: function, table, memory, global or tag.
    pub(super) fn skip_description(&mut self) -> Option<()> {
        let kind = self.byte()?;
        if matches!(kind, 1 | 3 | 4) {
            self.byte()?;
        }
        match kind {
            0 | 4 => drop(self.number()?),
            1 | 2 => {
                let has_most = self.byte()? & 1 == 1;
                self.number()?;
                if has_most {
                    self.number()?;
                }
            }
            3 => drop(self.byte()?),
            _ => return None,
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::Cursor;

    #[test]
    fn numbers() {
        assert_eq!(Cursor::new(&[0xe5, 0x8e, 0x26]).number(), Some(624_485));
        assert_eq!(Cursor::new(&[0x80; 5]).number(), None);
        assert_eq!(Cursor::new(&[0x80]).number(), None);
    }

    #[test]
    fn names_and_descriptions() {
        let mut cursor = Cursor::new(b"\x02ab\x05cd");
        assert_eq!(cursor.name(), Some(&b"ab"[..]));
        assert_eq!(cursor.name(), None);
        for description in
            [&b"\0\x07"[..], b"\x01\x70\x01\x01\x02", b"\x02\0\x01", b"\x03\x7f\x01", b"\x04\0\x01"]
        {
            let mut cursor = Cursor::new(description);
            assert_eq!(cursor.skip_description().map(|()| cursor.left()), Some(0));
            assert_eq!(Cursor::new(&description[..description.len() - 1]).skip_description(), None);
        }
    }
}
