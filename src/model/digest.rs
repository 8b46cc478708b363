//! SHA-256 of what was read, so that a plan can name exactly what it was made from.

use sha2::Digest as _;
use std::fmt;
use std::io;

/// A SHA-256 digest, printed as `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// Its bytes, to make a digest of digests.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The digest of whatever is written to it, without keeping that.
#[derive(Default)]
pub struct Digesting(sha2::Sha256);

impl Digesting {
    /// The digest of all that was written.
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

impl io::Write for Digesting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::{Digest, Digesting};
    use std::io::Write;

    #[test]
    fn what_is_written_in_pieces_has_the_digest_of_the_whole() {
        let mut digesting = Digesting::default();
        digesting.write_all(b"pool01").unwrap();
        digesting.write_all(b".contoso.com").unwrap();
        assert_eq!(digesting.finish(), Digest::of(b"pool01.contoso.com"));
    }

    #[test]
    fn prints_as_sha256sum_does() {
        // The digest of the empty input, from FIPS 180-4's examples.
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Digest::of(b"").to_string(), empty);
    }
}
