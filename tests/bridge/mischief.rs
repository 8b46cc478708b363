//! What the process that stands in for PowerShell is to do wrong.
//!
//! It lies as a file in a folder, called `<call>~<what>~<number>`, and is done by whichever process takes the file away
//! first. `<call>@<location>` is a call that is about that IIS location, with `|` for `/`; `greeting` and `connect` are
//! what comes before the first call.

use std::path::{Path, PathBuf};

/// What it may do wrong in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mischief {
    HangBefore,
    HangAfter,
    DieBefore,
    DieAfter,
    Babble,
    NotUtf8,
    HalfALine,
    NoJson,
    AnotherNumber,
    /// The same reply again, behind the one that was asked for.
    Twice,
    /// A reply that has no end.
    Endless,
    Slow,
    /// It is at work until it is let go, whoever else has ended meanwhile.
    Linger,
    Stray,
    Throw,
    /// It has done it all, and an error ends it.
    ThrowAfter,
    Prompt,
    SecondHop,
    Warn,
    AnotherServer,
    /// It says an error and goes on: without having done anything, or having done it all.
    Complain,
    ComplainAfter,
    /// A server does not have what was published yet.
    Behind,
    /// A domain controller that does not answer.
    SilentController,
    /// A secret on every way out: with the answer, or by a process that dies of it.
    Tell,
    DieTelling,
}

impl Mischief {
    pub(crate) const ALL: [Self; 26] = [
        Self::HangBefore,
        Self::HangAfter,
        Self::DieBefore,
        Self::DieAfter,
        Self::Babble,
        Self::NotUtf8,
        Self::HalfALine,
        Self::NoJson,
        Self::AnotherNumber,
        Self::Twice,
        Self::Endless,
        Self::Slow,
        Self::Linger,
        Self::Stray,
        Self::Throw,
        Self::ThrowAfter,
        Self::Prompt,
        Self::SecondHop,
        Self::Warn,
        Self::AnotherServer,
        Self::Complain,
        Self::ComplainAfter,
        Self::Behind,
        Self::SilentController,
        Self::Tell,
        Self::DieTelling,
    ];

    pub(crate) fn file(self, call: &str, number: usize) -> String {
        format!("{call}~{self:?}~{number}")
    }

    /// The mischief that is to be done now, if any.
    pub(crate) fn taken(folder: &Path, call: &str) -> Option<Self> {
        let mut names: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        names.sort();
        names.into_iter().find_map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let what = Self::ALL.into_iter().find(|what| name.starts_with(&format!("{call}~{what:?}~")))?;
            std::fs::remove_file(&path).ok().map(|()| what)
        })
    }
}

/// The file that lets whatever lingers go on, or die of what it says.
pub(crate) const LET_GO: &str = "let-go";
pub(crate) const DIE: &str = "die";
