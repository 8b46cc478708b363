//! What a site's test says of each of its servers, by the rules that a snapshot is read by: [`site_test`].

use crate::live::collect::said;
use crate::live::shell::Reply;
use crate::model::{ServerFqdn, Verdict};
use crate::snapshot::site_test;

/// What the test says of that server, of the targets of its site; with its words, where it has any.
pub(super) fn of_server(reply: &Reply, server: &ServerFqdn, targets: &[ServerFqdn]) -> (Verdict, Option<String>) {
    let judged = site_test::judge(&said(reply), targets);
    let at = targets.iter().position(|target| target == server);
    let none = || (Verdict::Unknown, Some("it is no target of the site that was tested".to_owned()));
    at.and_then(|at| judged.into_iter().nth(at)).unwrap_or_else(none)
}
