//! What people read. A plan becomes an [`outline::Outline`] once, which says what is said and in which order; each
//! format only translates its syntax.

pub mod diagnostics;
pub mod escape;
pub mod outline;
pub mod text;
