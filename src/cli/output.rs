//! Standard output has data, standard error has everything else; colour only where a terminal wants it.

use super::exit::Failure;
use crate::durable;
use crate::render::escape::{Lines, steers, terminal};
use crate::render::text::Style;
use indicatif::MultiProgress;
use std::borrow::Cow;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Writes data to standard output.
///
/// A reader that went away, as `| head` does, is not an error.
pub(super) fn data(text: &str) -> Result<(), Failure> {
    if !style().colour {
        return plain(text);
    }
    let mut out = anstream::stdout().lock();
    written(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// Has data written to standard output. It must have no colour: none is taken out.
fn plain(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    written(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

fn written(how: io::Result<()>) -> Result<(), Failure> {
    match how {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failure::new("standard output cannot be written").source(error)),
        Ok(()) => Ok(()),
    }
}

/// Writes JSON to standard output; what could steer a terminal stands in it as `\u` and four digits, which means the same
/// to whoever reads JSON.
pub(super) fn json(text: &str) -> Result<(), Failure> {
    json_by(|out| out.write_all(text.as_bytes()))
}

/// The same of JSON that is written piece by piece, so that it is never held as a whole: that of a large plan has tens of
/// megabytes. Each piece is text by itself, as those of `serde_json` are.
pub(super) fn json_by(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut out = Harmless(BufWriter::with_capacity(64 * 1024, io::stdout().lock()));
    written(write(&mut out).and_then(|()| out.flush()))
}

/// Writes JSON on, and what could steer a terminal as `\u` and four digits.
struct Harmless<W>(W);

impl<W: Write> Write for Harmless<W> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        // Mostly nothing does: that is seen at once, where all is ASCII.
        if piece.iter().all(|byte| *byte == b'\n' || (b' '..=b'~').contains(byte)) {
            self.0.write_all(piece)?;
        } else {
            let text = std::str::from_utf8(piece).map_err(io::Error::other)?;
            self.0.write_all(harmless(text).as_bytes())?;
        }
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\n' || !steers(c) {
            shown.push(c); // a line break stands between the values: in a string it is escaped already
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(shown, "\\u{unit:04x}");
            }
        }
    }
    shown
}

/// The bars that are drawn on standard error, while there are any.
static BARS: Mutex<Option<MultiProgress>> = Mutex::new(None);

/// From now on these bars are drawn on standard error, or none any more.
pub(super) fn draw(bars: Option<MultiProgress>) {
    *BARS.lock().unwrap_or_else(PoisonError::into_inner) = bars;
}

/// Writes something for the person to standard error; above the bars, where any are drawn.
///
/// Where it cannot be written, nobody is there to be told: a terminal that is gone stops no run.
pub(super) fn remark(text: &str) {
    // Let go before anything is written: whoever draws may say something too.
    let bars = BARS.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let write = || drop(anstream::stderr().lock().write_all(text.as_bytes()));
    match bars {
        Some(bars) => bars.suspend(write),
        None => write(),
    }
}

/// Says why the run failed.
pub(super) fn failure(failure: &Failure) {
    let style = style_of(&io::stderr());
    let (red, plain) = if style.colour { ("\u{1b}[1;31m", "\u{1b}[0m") } else { ("", "") };
    let said = paragraph(&format!("error: {}", terminal(&failure.to_string(), Lines::Escape)), 2);
    remark(&format!("{red}error{plain}{}\n", said.strip_prefix("error").unwrap_or(&said)));
    if let Some(hint) = failure.hint_text() {
        remark(&format!("{}\n", paragraph(&format!("  help: {}", terminal(hint, Lines::Keep)), 8)));
    }
}

/// A text for standard error, without colour: on a terminal its lines end between words, and begin with so many blanks
/// but for the first. Elsewhere it stays one line, for programs that look for it.
pub(super) fn paragraph(text: &str, indent: usize) -> String {
    error_columns().map_or_else(|| text.to_owned(), |columns| fill(text, indent, columns))
}

/// A line for standard output, without colour.
pub(super) enum Line {
    /// Words: on a terminal too narrow for them they go on in a further line.
    Prose(String),
    /// A command, after what it is for. It is never broken, so that it can be copied.
    Command(String),
}

impl Line {
    /// As it is printed; further lines begin with so many blanks.
    pub(super) fn set(&self, indent: usize) -> String {
        match self {
            Self::Prose(text) => {
                let text = terminal(text, Lines::Escape);
                let set = columns().map_or_else(|| text.to_string(), |columns| fill(&text, indent, columns));
                format!("{set}\n")
            }
            Self::Command(text) => format!("{}\n", terminal(text, Lines::Escape)),
        }
    }
}

fn fill(text: &str, indent: usize, columns: usize) -> String {
    let blanks = " ".repeat(indent);
    let options = textwrap::Options::new(columns)
        .subsequent_indent(&blanks)
        .break_words(false)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::fill(text, options)
}

/// How many characters of a cause are shown while a run goes and in its recap: a test names every server of a site.
const CAUSE: usize = 400;

/// The cause, or its beginning, and where the rest is.
pub(super) fn beginning(cause: &str) -> Cow<'_, str> {
    let Some((end, _)) = cause.char_indices().nth(CAUSE) else { return Cow::Borrowed(cause) };
    let end = cause[..end].rfind(' ').unwrap_or(end);
    Cow::Owned(format!("{} ... (`cskerb log RUN` has all of it)", &cause[..end]))
}

/// How to set text on standard output.
pub(super) fn style() -> Style {
    style_of(&io::stdout())
}

/// How many columns standard output has; `None` where it is no terminal.
pub(super) fn columns() -> Option<usize> {
    io::stdout().is_terminal().then(|| style().width)
}

/// How many columns standard error has; `None` where it is no terminal.
pub(super) fn error_columns() -> Option<usize> {
    io::stderr().is_terminal().then(|| error_style().width)
}

/// How to set text on standard error.
pub(super) fn error_style() -> Style {
    style_of(&io::stderr())
}

/// A terminal gets its width, up to what still reads well, and colour; everything else 80 columns without.
fn style_of(stream: &impl anstream::stream::RawStream) -> Style {
    let width = match terminal_size::terminal_size() {
        Some((terminal_size::Width(width), _)) if stream.is_terminal() => usize::from(width).clamp(40, 100),
        _ => 80,
    };
    let colour = anstream::AutoStream::choice(stream) != anstream::ColorChoice::Never;
    Style { width, colour }
}

/// Whether a file can stand there later: asked before what it shall hold takes long to get.
pub(super) fn has_a_folder(path: &Path) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if folder.is_dir() {
        return Ok(());
    }
    let message = format!("{} cannot be written: there is no folder {}", path.display(), folder.display());
    Err(Failure::new(message))
}

/// Replaces a file whole or not at all. A device or a pipe, such as /dev/stdout or /dev/null, is written to, and stays.
pub(super) fn replace(path: &Path, text: &str) -> Result<(), Failure> {
    let to_be_replaced = fs::metadata(path).map_or(true, |there| there.is_file());
    let written = if to_be_replaced {
        durable::replace(path, text.as_bytes())
    } else {
        fs::OpenOptions::new().write(true).open(path).and_then(|mut there| there.write_all(text.as_bytes()))
    };
    written.map_err(|error| Failure::new(format!("{} cannot be written", path.display())).source(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_cause_is_cut_between_words_and_says_where_it_is_whole() {
        assert_eq!(beginning("it does not answer"), "it does not answer");
        let servers = "fe01.contoso.com is invalid. ".repeat(40);
        let cut = beginning(&servers);
        assert!(cut.len() < 450, "{cut}");
        assert!(cut.ends_with("is ... (`cskerb log RUN` has all of it)"), "{cut}");
    }

    #[test]
    fn a_paragraph_breaks_between_words_and_nowhere_else() {
        let check = |columns: usize, expected: &str| {
            let line = "  no key   fe01.contoso.com: it has no key (KRB_AP_ERR_NOT_US): --web-ca-file";
            assert_eq!(fill(line, 4, columns), expected);
        };
        check(80, "  no key   fe01.contoso.com: it has no key (KRB_AP_ERR_NOT_US): --web-ca-file");
        check(50, "  no key   fe01.contoso.com: it has no key\n    (KRB_AP_ERR_NOT_US): --web-ca-file");
        check(20, "  no key\n    fe01.contoso.com:\n    it has no key\n    (KRB_AP_ERR_NOT_US):\n    --web-ca-file");
    }
}
