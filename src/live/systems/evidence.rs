//! The reports of the cmdlets, kept in the state folder: one folder a run of this program, one file a call.
//!
//! **Architecture invariant:** nothing secret is kept: a report that has something that looks like it loses that.

use crate::live::shell::{Reply, Report, ReportName};
use crate::snapshot::secrets;
use jiff::Timestamp;
use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};

/// Where reports are kept.
pub(super) struct Evidence {
    folder: PathBuf,
}

impl Evidence {
    pub(super) fn new(state: &Path, now: Timestamp) -> Self {
        Self { folder: state.join("evidence").join(now.strftime("%Y%m%dT%H%M%SZ").to_string()) }
    }

    /// Keeps the report that came with the reply; why it is not kept, otherwise.
    ///
    /// An earlier report of that name is of an earlier attempt, and stays: `copy_fe02.html` is followed by
    /// `copy_fe02.2.html`.
    pub(super) fn keep(&self, name: Option<&ReportName>, reply: &Reply) -> Result<(), String> {
        let Some(name) = name else { return Ok(()) };
        let bytes = match &reply.report {
            Some(Report::Written(bytes)) => bytes,
            Some(Report::Missing(why)) => return Err(format!("the report {name} is missing: {why}")),
            None => return Err(format!("the report {name} is missing")),
        };
        let bytes = &without_secrets(bytes)[..];
        let failed = |path: &Path, error| format!("the report {} cannot be written: {error}", path.display());
        fs::create_dir_all(&self.folder).map_err(|error| failed(&self.folder, error))?;
        let stem = name.as_str().strip_suffix(".html").unwrap_or(name.as_str());
        for attempt in 1..=999 {
            let file = if attempt == 1 { name.to_string() } else { format!("{stem}.{attempt}.html") };
            let path = self.folder.join(file);
            let opened = fs::File::options().write(true).create_new(true).open(&path);
            match opened.and_then(|mut file| std::io::Write::write_all(&mut file, bytes)) {
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                written => return written.map_err(|error| failed(&path, error)),
            }
        }
        Err(format!("there are too many reports called {name}"))
    }
}

/// The very bytes, where there is nothing secret in them; else the text without it.
fn without_secrets(bytes: &[u8]) -> Cow<'_, [u8]> {
    let encoding = encoding_rs::Encoding::for_bom(bytes).map_or(encoding_rs::UTF_8, |(encoding, _)| encoding);
    let (text, ..) = encoding.decode(bytes);
    match secrets::strip(&text) {
        stripped if stripped == text => Cow::Borrowed(bytes),
        stripped => Cow::Owned(stripped.into_owned().into_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_kept_as_it_is_but_for_what_is_secret() {
        let clean = "\u{feff}<td>fe01.contoso.com ist gültig</td>".as_bytes();
        assert_eq!(&*without_secrets(clean), clean);
        assert_eq!(&*without_secrets(b"<a password=\"hunter2\"/>"), b"<a password=\"\"/>");
        let wide: Vec<u8> = "\u{feff}<a password='hunter2'/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(&*without_secrets(&wide), b"<a password=''/>");
    }
}
