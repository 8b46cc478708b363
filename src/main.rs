//! The program: see the library's page for what it does and how.

use std::process::ExitCode;

fn main() -> ExitCode {
    cskerb::cli::main()
}
