//! What people read. A plan becomes an [`outline::Outline`] once, which says what is said and in which order; each
//! format only translates its syntax.

pub mod diagnostics;
pub mod escape;
pub mod explanation;
pub mod github;
pub mod junit;
pub mod markdown;
pub mod outline;
mod page;
pub mod powershell;
pub mod status;
pub mod text;

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod sample;
