//! The PowerShell scripts, as they are sent and printed.
//!
//! `collect.ps1` has what reads, and stands in both of the others: `bridge.ps1`, the far end of the bridge, and
//! `standalone.ps1`, which a person runs by hand. The bridge is Windows PowerShell 3.0, what reads and the other one are
//! 2.0, since Lync Server 2010 has no later one.
//!
//! **Architecture invariant:** no engine is needed to know that they are PowerShell: their tests read them by its
//! grammar, and hold what was found to go wrong in Windows PowerShell.

/// The far end of the bridge, with plain line ends, whatever the checkout has made of them.
pub(super) fn bridge() -> String {
    let whole = include_str!("bridge.ps1").replace("#COLLECT#", reads());
    whole.lines().fold(String::with_capacity(whole.len()), |mut script, line| {
        script.push_str(line);
        script.push('\n');
        script
    })
}

/// The script to be run by hand, in which `@NAME@` stands for what is asked for.
pub(super) fn standalone() -> String {
    include_str!("standalone.ps1").replace("@FUNCTIONS@", reads())
}

/// What reads.
pub(super) fn reads() -> &'static str {
    include_str!("collect.ps1")
}

#[cfg(test)]
mod tests;
