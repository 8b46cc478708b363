//! As whom the directory is asked.

use std::fmt;
use zeroize::Zeroizing;

/// A text that is shown nowhere, and wiped when it is dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Keeps a secret; `None` where there is nothing in it.
    pub fn new(text: String) -> Option<Self> {
        let text = Zeroizing::new(text);
        (!text.is_empty()).then_some(Self(text))
    }

    /// The secret itself: for the one call that must send it.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// As whom the directory is asked.
#[derive(Clone, Debug)]
pub enum Login {
    /// A simple bind, inside TLS.
    Simple {
        /// `alice@contoso.com`, `CONTOSO\alice` or a distinguished name.
        name: String,
        /// Never empty: a directory takes an empty password for an anonymous login, and says that it worked.
        password: Secret,
    },
    /// The Kerberos ticket that the user has.
    #[cfg(feature = "gssapi")]
    Kerberos,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_shown_and_not_empty() {
        let login = Login::Simple { name: "alice".into(), password: Secret::new("hunter2".into()).unwrap() };
        assert!(!format!("{login:#?}").contains("hunter2"));
        assert!(Secret::new(String::new()).is_none());
    }
}
