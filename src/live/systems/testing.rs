//! Tests of sites, each shared by whoever asks for it at the same moment.
//!
//! Test-CsKerberosAccountAssignment tests a whole site, every server of it, and takes its time. The preconditions of a
//! batch ask for the same test again and again within a moment. So a test that has just ended answers them all, and
//! nothing that this program does lies between it and the question.

use super::verdict;
use super::{Live, told};
use crate::live::shell::{Call, Place, Reply, ReportName};
use crate::model::{AccountName, ServerFqdn, SiteName, Verdict};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a test that has ended still is the fresh one.
const FRESH: Duration = Duration::from_secs(5);

/// The tests of the sites.
#[derive(Default)]
pub(super) struct Tests {
    sites: Mutex<BTreeMap<SiteName, Arc<Mutex<Option<Ended>>>>>,
    /// Moves on whenever something is done.
    change: AtomicU64,
}

struct Ended {
    at: Instant,
    change: u64,
    reply: Arc<Reply>,
}

impl Tests {
    /// What was tested so far says nothing any more.
    pub(super) fn forget(&self) {
        self.change.fetch_add(1, Ordering::SeqCst);
    }

    fn of(&self, site: &SiteName) -> Arc<Mutex<Option<Ended>>> {
        let mut sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(sites.entry(site.clone()).or_default())
    }
}

impl Live<'_> {
    /// A fresh test of the site. Who comes while it runs waits for it, and has it.
    pub(super) fn test(&self, site: &SiteName) -> Result<Arc<Reply>, String> {
        let of_site = self.tests.of(site);
        let mut last = of_site.lock().unwrap_or_else(PoisonError::into_inner);
        let change = self.tests.change.load(Ordering::SeqCst);
        if let Some(ended) = last.as_ref().filter(|ended| ended.change == change && ended.at.elapsed() < FRESH) {
            return Ok(Arc::clone(&ended.reply));
        }
        *last = None;
        let report: Option<ReportName> = "test.html".parse().ok();
        let call = Call::TestAssignment { site: site.clone(), report };
        let reply = Arc::new(self.call(&Place::ManagementShell, &call).map_err(|failure| told(&failure))?);
        *last = Some(Ended { at: Instant::now(), change, reply: Arc::clone(&reply) });
        Ok(reply)
    }

    /// What a fresh test says of the server for that account; of one whose site has another account, that it is
    /// invalid for this one.
    pub(super) fn test_server(&self, server: &ServerFqdn, account: &AccountName) -> Result<Verdict, String> {
        let site = self.site_of(server)?;
        if self.assignment(&site)?.as_ref() != Some(account) {
            return Ok(Verdict::Invalid);
        }
        match verdict::of_server(&*self.test(&site)?, server, &self.targets_of(&site)?) {
            (Verdict::Unknown, why) => Err(format!(
                "the test cannot say whether {server} is valid: {}",
                why.unwrap_or_else(|| "it does not say why".to_owned())
            )),
            (verdict, _) => Ok(verdict),
        }
    }

    /// The servers that a test of the site is about.
    pub(super) fn targets_of(&self, site: &SiteName) -> Result<Vec<ServerFqdn>, String> {
        let topology = self.known_topology()?;
        let web = topology.pools.iter().filter(|pool| pool.web_services && pool.site == *site);
        Ok(web.flat_map(|pool| pool.servers.clone()).collect())
    }
}
