//! What is wrong with a deployment file, and where.

use super::Span;
use crate::codes::{Code, Severity};

/// One problem of a deployment file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What it is about; the severity comes from it.
    pub code: Code,
    /// What is wrong, in lower case and without a full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Where.
    pub at: Span,
    /// Other places that belong to it.
    pub related: Vec<Related>,
}

/// A second place of a problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// Where.
    pub at: Span,
    /// What is there, such as "first declared here".
    pub message: String,
}

impl Diagnostic {
    pub(crate) fn new(code: Code, at: Span, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None, at, related: Vec::new() }
    }

    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    #[must_use]
    pub(crate) fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }

    #[must_use]
    pub(crate) fn related(mut self, at: Span, message: impl Into<String>) -> Self {
        self.related.push(Related { at, message: message.into() });
        self
    }

    /// How grave it is.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }
}
