//! Keeps Kerberos web authentication on Lync Server and Skype for Business Server in a declared state.

pub mod apply;
pub mod codes;
pub mod lab;
pub mod model;
pub mod plan;
pub mod render;
pub mod snapshot;
pub mod wire;
