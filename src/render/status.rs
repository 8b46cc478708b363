//! The status as text: one screen, by site and pool, servers in the same state in one line.

#[cfg(test)]
mod tests;
mod words;

use super::outline::words::{count, fold, health, list, subject};
use super::page::{Page, Style, Tone};
use crate::model::UseWindowsAuth;
use crate::plan::{AccountStatus, PoolStatus, Presence, ServerStatus, SiteStatus, Status, moment};
use jiff::Timestamp;

/// The status as text.
pub fn text(status: &Status, style: Style) -> String {
    let mut screen = Screen { page: Page::new(style), now: status.collected_at };
    screen.head(status);
    if !status.accounts.is_empty() {
        screen.page.blank();
        screen.page.paragraph("", "", "Accounts", Tone::Strong);
        status.accounts.iter().for_each(|account| screen.account(account));
    }
    for site in &status.sites {
        screen.page.blank();
        screen.site(site);
    }
    screen.page.into_text()
}

struct Screen {
    page: Page,
    /// When it was collected: ages count from then.
    now: Option<Timestamp>,
}

/// A server in words: servers with the same words share a line.
#[derive(PartialEq, Eq, Hash)]
struct Told {
    word: &'static str,
    tone: Tone,
    details: Vec<String>,
}

impl Screen {
    fn head(&mut self, status: &Status) {
        self.page.paragraph("", "    ", &format!("Status of {}", status.deployment.source), Tone::Strong);
        let when = match status.collected_at {
            Some(at) => format!("collected {}", moment(at)),
            None => "collected at a time that it does not say".to_owned(),
        };
        self.page.paragraph("  ", "    ", &format!("from {}, {when}", status.observed.source), Tone::Plain);
        for layer in &status.unreadable {
            self.page.paragraph("  ? ", "    ", &format!("{}: {}", subject(&layer.subject), layer.cause), Tone::Warn);
        }
    }

    fn account(&mut self, account: &AccountStatus) {
        let (words, tone) = words::account(account, self.now);
        self.page.paragraph("  ", "    ", &format!("{}   {words}", account.name), tone);
    }

    fn site(&mut self, site: &SiteStatus) {
        let (words, tone) = words::assignment(site);
        let tone = if tone == Tone::Plain { Tone::Strong } else { tone };
        self.page.paragraph("", "    ", &format!("{}   {words}", site.name), tone);
        if site.pools.is_empty() {
            self.page.paragraph("  ", "    ", "no pool with Web Services", Tone::Faint);
        }
        site.pools.iter().for_each(|pool| self.pool(pool, site.presence));
    }

    fn pool(&mut self, pool: &PoolStatus, site: Presence) {
        let mut about: Vec<String> = Vec::new();
        match pool.presence {
            presence if presence == site => {} // said of the site
            Presence::OnlyDeclared => about.push("not published with Web Services".to_owned()),
            Presence::OnlyPublished => about.push("not in the file".to_owned()),
            Presence::Both | Presence::Unreadable => {}
        }
        about.extend(pool.health.as_ref().map(health));
        match (pool.spns.iter().filter(|spn| spn.is_in_place()).count(), pool.spns.len()) {
            (0, _) => {}
            (in_place, all) if in_place == all => about.push(format!("{} in place", count(all, "SPN", "SPNs"))),
            (in_place, all) => about.push(format!("{in_place} of {all} SPNs in place")),
        }
        let about = if about.is_empty() { String::new() } else { format!("   {}", about.join("; ")) };
        self.page.paragraph("  ", "    ", &format!("{}{about}", pool.fqdn), Tone::Plain);
        for spn in pool.spns.iter().filter(|spn| !spn.is_in_place()) {
            let (words, tone) = words::spn(spn);
            self.row("SPN", &format!("{} {words}", spn.spn), tone);
        }
        if let Some(auth @ (UseWindowsAuth::Ntlm | UseWindowsAuth::None)) = pool.use_windows_auth {
            let words = format!("UseWindowsAuth is {}: Kerberos is never used", auth.as_str());
            self.row("clients", &words, Tone::Warn);
        }
        let told: Vec<(&ServerStatus, Told)> =
            pool.servers.iter().map(|server| (server, words::server(server, pool.presence, self.now))).collect();
        for group in fold(&told, |(_, told)| (told.word, told.details.clone())) {
            let names: Vec<String> = group.iter().map(|(server, _)| server.fqdn.to_string()).collect();
            let first = &group[0].1;
            let number = if names.len() > 1 { format!("{} servers: ", names.len()) } else { String::new() };
            self.row(first.word, &format!("{number}{}", list(&names)), first.tone);
            if !first.details.is_empty() {
                self.row("", &first.details.join("; "), Tone::Plain);
            }
        }
    }

    /// A labelled line of a pool.
    fn row(&mut self, label: &str, text: &str, tone: Tone) {
        const HANGING: &str = "              ";
        self.page.paragraph(&format!("    {label:<9} "), HANGING, text, tone);
    }
}
