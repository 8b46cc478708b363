//! Text that compares without case and prints as it was written.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Text that is equal to itself in any case, as names in DNS, Active Directory and IIS are.
///
/// Cloning is cheap: a plan names the same servers many times.
#[derive(Clone)]
pub struct Caseless(Arc<str>);

impl Caseless {
    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether two texts are equal without case.
    pub(super) fn same(a: &str, b: &str) -> bool {
        if a == b {
            return true;
        }
        if a.is_ascii() && b.is_ascii() { a.eq_ignore_ascii_case(b) } else { folded(a).eq(folded(b)) }
    }
}

/// How many bytes two texts begin with in common, up to a character of both.
fn common(a: &str, b: &str) -> usize {
    const PIECE: usize = 16; // compared in one go
    let (mut at, most) = (0, a.len().min(b.len()));
    let (x, y) = (a.as_bytes(), b.as_bytes());
    while at + PIECE <= most && x[at..at + PIECE] == y[at..at + PIECE] {
        at += PIECE;
    }
    while at < most && x[at] == y[at] {
        at += 1;
    }
    a.floor_char_boundary(at).min(b.floor_char_boundary(at))
}

fn folded(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().flat_map(char::to_lowercase)
}

impl From<&str> for Caseless {
    fn from(text: &str) -> Self {
        Self(Arc::from(text))
    }
}

impl PartialEq for Caseless {
    fn eq(&self, other: &Self) -> bool {
        Self::same(&self.0, &other.0)
    }
}

impl Eq for Caseless {}

impl Ord for Caseless {
    /// Names in one deployment begin alike, mostly in the same case: that part is not folded. Mostly the first bytes that
    /// differ are ASCII, and decide.
    fn cmp(&self, other: &Self) -> Ordering {
        let (mut a, mut b): (&str, &str) = (&self.0, &other.0);
        loop {
            let same = common(a, b);
            (a, b) = (&a[same..], &b[same..]);
            match (a.as_bytes().first(), b.as_bytes().first()) {
                (Some(x), Some(y)) if x.is_ascii() && y.is_ascii() => {
                    match x.to_ascii_lowercase().cmp(&y.to_ascii_lowercase()) {
                        Ordering::Equal => (a, b) = (&a[1..], &b[1..]),
                        decided => return decided,
                    }
                }
                (Some(_), Some(_)) => return folded(a).cmp(folded(b)),
                (x, y) => return x.is_some().cmp(&y.is_some()),
            }
        }
    }
}

impl PartialOrd for Caseless {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Caseless {
    /// Of the folded text as UTF-8, in pieces of one length, whether it was ASCII before or not.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mut buffer = [0; 64];
        let mut write = |folded: &[u8]| {
            for piece in folded.chunks(buffer.len()) {
                let lower = &mut buffer[..piece.len()];
                lower.copy_from_slice(piece);
                lower.make_ascii_lowercase();
                state.write(lower);
            }
        };
        if self.0.is_ascii() {
            write(self.0.as_bytes());
        } else {
            write(folded(&self.0).collect::<String>().as_bytes());
        }
        state.write_u8(0xff); // no UTF-8 has it: two texts after each other never run together
    }
}

impl fmt::Display for Caseless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Caseless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::Caseless;
    use std::hash::{BuildHasher, RandomState};

    fn check(a: &str, b: &str, equal: bool) {
        let hasher = RandomState::new();
        let (x, y) = (Caseless::from(a), Caseless::from(b));
        assert_eq!(x == y, equal, "{a:?} == {b:?}");
        assert_eq!(x.cmp(&y).is_eq(), equal, "{a:?} cmp {b:?}");
        if equal {
            assert_eq!(hasher.hash_one(&x), hasher.hash_one(&y), "hash of {a:?} and {b:?}");
        }
        assert_eq!(x.to_string(), a, "prints as written");
    }

    /// Whatever two texts begin with in common, they are ordered as if all of both were folded.
    #[test]
    fn a_common_beginning_does_not_change_the_order() {
        let texts =
            ["", "a", "A", "ab", "aB", "b", "é", "È", "aé", "AÈ", "aêx", "\u{212A}", "k", "kä", "\u{212A}Ä", "z"];
        for a in texts {
            for b in texts {
                let whole = super::folded(a).cmp(super::folded(b));
                assert_eq!(Caseless::from(a).cmp(&Caseless::from(b)), whole, "{a:?} {b:?}");
                let (long_a, long_b) = (format!("pool01.contoso.com{a}"), format!("pool01.contoso.com{b}"));
                assert_eq!(Caseless::from(&*long_a).cmp(&Caseless::from(&*long_b)), whole, "{long_a:?} {long_b:?}");
            }
        }
    }

    #[test]
    fn compares_without_case() {
        check("FE01.contoso.com", "fe01.Contoso.COM", true);
        check("Zürich", "ZÜRICH", true);
        check("\u{212A}", "k", true); // the Kelvin sign lowers to an ASCII k
        check("fe01", "fe02", false);
        check("fe1", "fe10", false);
        check("Skype for Business Server Internal Web Site", "SKYPE for Business Server Internal Web Sitf", false);
        check("Skype for Business Server Internal Web Site/ü", "Skype for Business server Internal Web Site/Ü", true);
        check(&"a\u{212A}".repeat(40), &"AK".repeat(40), true); // longer than the pieces that are hashed at a time
        check("", "a", false);
    }
}
