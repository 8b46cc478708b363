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
        if a.is_ascii() && b.is_ascii() { a.eq_ignore_ascii_case(b) } else { folded(a).eq(folded(b)) }
    }
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
    fn cmp(&self, other: &Self) -> Ordering {
        if self.0.is_ascii() && other.0.is_ascii() {
            let (a, b) = (self.0.bytes(), other.0.bytes());
            a.map(|byte| byte.to_ascii_lowercase()).cmp(b.map(|byte| byte.to_ascii_lowercase()))
        } else {
            folded(&self.0).cmp(folded(&other.0))
        }
    }
}

impl PartialOrd for Caseless {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Caseless {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for c in folded(&self.0) {
            state.write_u32(u32::from(c));
        }
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

    #[test]
    fn compares_without_case() {
        check("FE01.contoso.com", "fe01.Contoso.COM", true);
        check("Zürich", "ZÜRICH", true);
        check("\u{212A}", "k", true); // the Kelvin sign lowers to an ASCII k
        check("fe01", "fe02", false);
        check("fe1", "fe10", false);
        check("", "a", false);
    }
}
