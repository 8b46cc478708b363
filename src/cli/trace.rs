//! `--verbose`: what is asked of whom and how it is answered, on standard error, as it happens.

use super::output;
use crate::render::escape::{Lines, terminal};
use clap::{ArgAction, Args};
use log::{LevelFilter, Log, Metadata, Record};
use std::time::Instant;

// How much is said of what happens.
#[derive(Args)]
pub(super) struct Options {
    /// Say what the domain controller, the KDC and each web server are asked, and how they answer
    ///
    /// It goes to standard error, with the seconds since the start. Given twice (-vv), the libraries for TLS, LDAP and
    /// Kerberos tell what they do as well. No password, key or ticket is ever in it: of tokens, only their length.
    #[arg(short, long, action = ArgAction::Count, help_heading = None)]
    verbose: u8,
}

impl Options {
    /// From now on what happens is said, if that is wanted.
    pub(super) fn begin(&self) {
        let level = match self.verbose {
            0 => return,
            1 => LevelFilter::Debug,
            _ => LevelFilter::Trace,
        };
        // A second logger is refused, and there is no other that could have come first.
        if log::set_boxed_logger(Box::new(Trace { begun: Instant::now(), level })).is_ok() {
            log::set_max_level(level);
        }
    }
}

struct Trace {
    begun: Instant,
    level: LevelFilter,
}

impl Log for Trace {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= self.level && (self.level == LevelFilter::Trace || is_own(metadata.target()))
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let line = line(self.begun.elapsed().as_secs_f64(), record.target(), &record.args().to_string());
            output::remark(&line);
        }
    }

    fn flush(&self) {}
}

fn is_own(target: &str) -> bool {
    target.starts_with(concat!(env!("CARGO_CRATE_NAME"), "::"))
}

/// `   0.012 s  tickets: fe01.contoso.com: ...`: one line, whoever it comes from.
fn line(seconds: f64, target: &str, text: &str) -> String {
    let mut path = target.split("::");
    // Of this program, the module that speaks with others; of a library, its name.
    let who = if is_own(target) { path.nth(2) } else { path.next() };
    let text = if is_own(target) { text.to_owned() } else { text.split_whitespace().collect::<Vec<_>>().join(" ") };
    format!("{seconds:8.3} s  {}: {}\n", who.unwrap_or(target), terminal(&text, Lines::Escape))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_when_and_who_and_stays_one() {
        let check = |target: &str, text: &str, expected: &str| assert_eq!(line(1.5, target, text), expected);
        check(
            "cskerb::live::tickets::proof",
            "fe01: \u{1b}[2J\nvalid",
            "   1.500 s  tickets: fe01: \\u{1b}[2J\\u{a}valid\n",
        );
        check("rustls::client::hs", "We got\n    ServerHello", "   1.500 s  rustls: We got ServerHello\n");
        check("libkrb5", "Sending request", "   1.500 s  libkrb5: Sending request\n");
    }
}
