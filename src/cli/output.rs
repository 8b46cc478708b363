//! Standard output has data, standard error has everything else; colour only where a terminal wants it.

use super::exit::Failure;
use crate::durable;
use crate::render::diagnostics::Colour;
use crate::render::escape::{Lines, terminal};
use crate::render::text::Style;

use std::io::{self, Write};
use std::path::Path;

/// Writes data to standard output.
///
/// A reader that went away, as `| head` does, is not an error.
pub(super) fn data(text: &str) -> Result<(), Failure> {
    if !style().colour {
        return stream(|out| out.write_all(text.as_bytes()));
    }
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failure::new("standard output cannot be written").source(error)),
        Ok(()) => Ok(()),
    }
}

/// Has data written to standard output piece by piece, so that it never stands in memory as a whole.
///
/// It must have no colour: none is taken out.
pub(super) fn stream(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failure::new("standard output cannot be written").source(error)),
        Ok(()) => Ok(()),
    }
}

/// Writes something for the person to standard error.
pub(super) fn remark(text: &str) {
    anstream::eprint!("{text}");
}

/// Says why the run failed.
pub(super) fn failure(failure: &Failure) {
    let style = style_of(&io::stderr());
    let (red, plain) = if style.colour { ("\u{1b}[1;31m", "\u{1b}[0m") } else { ("", "") };
    remark(&format!("{red}error{plain}: {}\n", terminal(&failure.to_string(), Lines::Escape)));
    if let Some(hint) = failure.hint_text() {
        remark(&format!("  help: {}\n", terminal(hint, Lines::Keep)));
    }
}

/// How to set text on standard output.
pub(super) fn style() -> Style {
    style_of(&io::stdout())
}

/// How to set text on standard error.
pub(super) fn error_style() -> Style {
    style_of(&io::stderr())
}

/// Whether standard error has colours.
pub(super) fn error_colour() -> Colour {
    if style_of(&io::stderr()).colour { Colour::Ansi } else { Colour::Plain }
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

/// Replaces a file whole or not at all.
pub(super) fn replace(path: &Path, text: &str) -> Result<(), Failure> {
    durable::replace(path, text.as_bytes())
        .map_err(|error| Failure::new(format!("{} cannot be written", path.display())).source(error))
}
