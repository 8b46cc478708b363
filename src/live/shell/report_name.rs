//! The names of reports, which are files wherever a cmdlet runs and where they are kept.

use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// The name of a report file: printable ASCII that is safe in any file system, as `copy_fe02.contoso.com.html`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReportName(String);

/// Why a text is no name of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a report's name has one to 120 letters, digits, `.`, `-` or `_`, and begins with a letter or digit")]
pub struct ReportNameError;

impl FromStr for ReportName {
    type Err = ReportNameError;

    fn from_str(text: &str) -> Result<Self, ReportNameError> {
        let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
        let fits = (1..=120).contains(&text.len());
        if fits && text.bytes().all(good) && text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ReportNameError)
        }
    }
}

impl ReportName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ReportName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
