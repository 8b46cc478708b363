//! How a run ends.

use std::error::Error;
use std::fmt;
use std::process::ExitCode;

/// What a run came to, in the order in which they are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// Nothing to say.
    Done,
    /// Something failed, or was refused before anything ran.
    Error,
    /// Reality differs from what is declared.
    Differences,
    /// The deployment file is invalid.
    Invalid,
    /// Something that the deployment needs could not be read.
    Unreadable,
    /// A run stopped part-way, or waits for Enable-CsTopology.
    PartWay,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Error => 1,
            Exit::Differences => 2,
            Exit::Invalid => 3,
            Exit::PartWay => 4,
            Exit::Unreadable => 5,
        })
    }
}

/// Why a run could not do what was asked: what was tried on what, the causes, and what to do.
#[derive(Debug)]
pub(super) struct Failure {
    message: String,
    source: Option<Box<dyn Error + Send + Sync>>,
    hint: Option<String>,
}

impl Failure {
    /// Something failed without a cause below it.
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), source: None, hint: None }
    }

    /// What to do about it.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The cause.
    pub(super) fn source(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// The hint, where there is one.
    pub(super) fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for Failure {
    /// The message and its causes, each once.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        let mut cause: Option<&dyn Error> = self.source.as_deref().map(|source| source as &dyn Error);
        let mut said = self.message.clone();
        while let Some(error) = cause {
            let text = error.to_string();
            if !said.ends_with(&text) {
                write!(f, ": {text}")?;
            }
            said = text;
            cause = error.source();
        }
        Ok(())
    }
}
