//! What people read. A plan becomes an [`outline::Outline`] once, which says what is said and in which order; each
//! format only translates its syntax.

pub mod diagnostics;
pub mod escape;
pub mod markdown;
pub mod outline;
pub mod text;

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod sample;
