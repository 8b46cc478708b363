//! The program: see the library's page for what it does and how.

use mimalloc::MiMalloc;
use std::process::ExitCode;

/// The snapshot of ten thousand servers is millions of small pieces, made by all processors at a time.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    cskerb::cli::main()
}
