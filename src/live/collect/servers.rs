//! Servers and sites, side by side: a site's test, a server's IIS configuration, a question to the directory.

use super::asked::{Asked, DirectoryBy, Questions};
use super::central::clean;
use super::directory::{self, Answer, Question};
use super::failure::{Failure, output};
use super::{Collection, Progress};
use crate::live::shell::{Call, Ended, ErrorRecord, IisFact, Place, Reply, Report};
use crate::model::{AccountName, ServerFqdn, SiteName};
use crate::snapshot::assignments::SiteIdentity;
use crate::snapshot::description::Unread;
use crate::snapshot::site_test::{self, Said, SiteTestFile, TestError};
use crate::snapshot::{WriteError, secrets, text_of};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// One thing to do; none waits for another.
enum Job {
    Test(SiteName, AccountName),
    Iis(ServerFqdn),
    Ask(Question),
}

impl Collection<'_> {
    /// Tests the sites that have an account, and reads the servers and, where it is asked to, the directory.
    pub(super) fn directory_and_servers(
        &self,
        asked: &Asked,
        questions: &Questions,
        assignments: &BTreeMap<SiteName, AccountName>,
    ) -> Result<(), WriteError> {
        let tests = assignments.iter().map(|(site, account)| Job::Test(site.clone(), account.clone()));
        let asks = match asked.directory {
            DirectoryBy::Shell => directory::questions(questions),
            DirectoryBy::Another => Vec::new(),
        };
        let servers = questions.servers.iter().cloned().map(Job::Iis);
        let answers = self.all(tests.chain(asks.into_iter().map(Job::Ask)).chain(servers).collect())?;
        match asked.directory {
            DirectoryBy::Shell => {
                let file = directory::file(answers);
                self.writer.directory(&file)?;
                let name = "directory.json".to_owned();
                (self.manner.watch)(match directory::why_nothing(&file) {
                    Some(why) => Progress::Unread(Unread { file: name, why: why.to_owned() }),
                    None => Progress::Made(name),
                });
                Ok(())
            }
            DirectoryBy::Another => Ok(()),
        }
    }

    /// Does them all, so many at a time; the first file that cannot be written ends it.
    fn all(&self, jobs: VecDeque<Job>) -> Result<Vec<Answer>, WriteError> {
        let workers = self.manner.parallel.clamp(1, jobs.len().max(1));
        let (jobs, done) = (Mutex::new(jobs), Mutex::new(Ok(Vec::new())));
        let work = || {
            loop {
                let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                let Some(job) = next else { return };
                let came_to = self.job(job);
                let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                match (&mut *done, came_to) {
                    (Ok(answers), Ok(answer)) => answers.extend(answer),
                    (Ok(_), Err(error)) => {
                        *done = Err(error);
                        jobs.lock().unwrap_or_else(PoisonError::into_inner).clear();
                    }
                    (Err(_), _) => {}
                }
            }
        };
        thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(work);
            }
        });
        done.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn job(&self, job: Job) -> Result<Option<Answer>, WriteError> {
        match job {
            Job::Test(site, account) => self.test(&site, account).map(|()| None),
            Job::Iis(server) => self.iis(&server).map(|()| None),
            Job::Ask(question) => Ok(Some(self.answer(question))),
        }
    }

    /// Runs the test of a site. Whatever came of it is a fact about the site, also that it could not be run.
    fn test(&self, site: &SiteName, account: AccountName) -> Result<(), WriteError> {
        let at = (self.manner.clock)();
        let report = "test.html".parse().ok();
        let call = Call::TestAssignment { site: site.clone(), report };
        let Said { finished, errors, report } = match self.shell.call(&Place::ManagementShell, &call) {
            Ok(reply) => said(&reply),
            Err(failure) => {
                let message = Failure::from(failure).to_string();
                let errors = vec![TestError { id: String::new(), message }];
                Said { finished: false, errors, report: Err("the test could not be run".to_owned()) }
            }
        };
        match report {
            Ok(html) => self.writer.site_report(site, &html)?,
            Err(_) => self.writer.no_site_report(site)?,
        }
        let file = SiteTestFile { identity: SiteIdentity(site.clone()), account: Some(account), at, finished, errors };
        self.writer.site_test(&file)?;
        (self.manner.watch)(Progress::Made(site_test::path(site)));
        Ok(())
    }

    fn iis(&self, server: &ServerFqdn) -> Result<(), WriteError> {
        let fact: Result<IisFact, Failure> =
            output(self.shell, &Place::Server(server.clone()), &Call::IisConfiguration);
        let bytes = fact.and_then(|fact| without_secrets(&fact));
        let file = format!("servers/{server}/applicationHost.config");
        self.keep(&file, bytes, |writer, bytes| writer.application_host(server, bytes)).map(drop)
    }
}

/// The bytes of an applicationHost.config that was stripped where it lay.
///
/// It is looked through again, as text: one that still holds something secret is refused, and so is one that is no
/// text, in which nothing can be looked for.
fn without_secrets(fact: &IisFact) -> Result<Vec<u8>, Failure> {
    let bytes =
        BASE64.decode(&fact.base64).map_err(|error| Failure::new(format!("it did not arrive whole: {error}")))?;
    let text = text_of(bytes.clone()).map_err(|why| Failure::new(format!("nothing of it was kept: {why}")))?;
    clean("it", text)?;
    Ok(bytes)
}

/// What a test said, without what is secret.
pub(in crate::live) fn said(reply: &Reply) -> Said {
    let error = |error: &ErrorRecord| TestError {
        id: secrets::strip(&error.id).into_owned(),
        message: secrets::strip(&error.message).into_owned(),
    };
    let report = match &reply.report {
        Some(Report::Written(bytes)) => text_of(bytes.clone()).map(|html| secrets::strip(&html).into_owned()),
        Some(Report::Missing(why)) => Err(secrets::strip(why).into_owned()),
        None => Err("none was asked for".to_owned()),
    };
    Said { finished: reply.ended == Ended::Completed, errors: reply.errors.iter().map(error).collect(), report }
}
