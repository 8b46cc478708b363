//! A source does not share the site's account, or runs no Web Services.
//!
//! Set-CsKerberosAccountPassword `-FromComputer` copies between servers whose sites have the same account. [doc]

use super::Subject;
use crate::codes::Code;
use crate::deployment::Diagnostic;
use crate::model::{AccountName, ServerFqdn};

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    for site in subject.sites() {
        let Some(source) = &site.source else { continue };
        let home = source.parse::<ServerFqdn>().ok().and_then(|name| subject.names.servers.get(&name));
        let Some(home) = home else { continue };
        let unfit = |message: &str| Diagnostic::new(Code::SourceUnfit, source.at(), message);
        let account = |written: &str| written.parse::<AccountName>().ok();
        if !home.pool.may_run_web_services() {
            let message = "this server runs no Web Services, so it has nothing to copy";
            found.push(unfit(message).hint("name a Front End, Standard Edition server or Director").related(home.at, "declared here"));
            continue;
        }
        match (site.assigned(), home.site.assigned()) {
            (None, _) if site.account.is_some() || site.is_whole() => {
                let hint = "leave `source` out, or give the site an account";
                found.push(unfit("the site has no account, so there is nothing to copy").hint(hint));
            }
            (Some(own), other) if other.and_then(|other| account(other)) != account(own) && home.site.is_whole() => {
                let place = other.map_or(home.at, crate::deployment::typed::Placed::at);
                let message = "this server's site has another account, so its configuration does not fit";
                let hint = "name a server of this site, or of a site with the same account";
                found.push(unfit(message).hint(hint).related(place, "the server's site"));
            }
            _ => {}
        }
    }
}
