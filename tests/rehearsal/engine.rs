//! A PowerShell engine, where one is at hand.

use std::path::{Path, PathBuf};

/// The engine: `CSKERB_PWSH`, else ../shared/pwsh/pwsh, else `pwsh` on PATH. Where there is none, the test that needs
/// it says so.
#[expect(clippy::print_stdout, reason = "what was not tried shall be said")]
pub(crate) fn engine(test: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let named = std::env::var_os("CSKERB_PWSH").map(PathBuf::from);
    let shared = root.join("../shared/pwsh/pwsh");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join("pwsh")).find(|pwsh| pwsh.is_file());
    let found = named.or(shared.is_file().then_some(shared)).or(on_path);
    if found.is_none() {
        println!("skipped: {test}: no PowerShell engine is at hand; CSKERB_PWSH names one");
    }
    found
}
