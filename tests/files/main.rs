//! Files that are read, and what is made of them: deployment files above all.

mod corpora;
mod explanations;
mod init;
mod rules;
mod schema;
mod stumbling;
