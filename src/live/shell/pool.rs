//! The processes: up to so many a place, started when they are needed and used again.

use super::call::Weight;
use super::launch::Launch;
use super::process::{Process, Silence};
use super::protocol::{self, EndedLine};
use super::{Call, CallFailure, Effect, ErrorRecord, Place, Reply, Shell, hint};
use crate::model::{ServerFqdn, Topology};
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How many processes there are at once, whatever the places: each takes some 100 MB.
const MOST_PROCESSES: usize = 16;

/// How PowerShell is reached, and how long a call may take.
#[derive(Clone, Debug)]
pub struct Reach {
    /// How it is started.
    pub launch: Launch,
    /// Where the management shell is, through WinRM, if not where PowerShell is started.
    pub host: Option<ServerFqdn>,
    /// A file that `Get-Credential | Export-Clixml FILE` wrote: sessions are then opened with CredSSP, so that a
    /// second hop works. PowerShell reads it; this program does not.
    pub credential: Option<PathBuf>,
    /// How many calls are made at one place at once.
    pub parallel: NonZeroUsize,
    /// The time limits.
    pub limits: Limits,
}

/// How long calls may take, and what comes before the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Until a PowerShell greets: a busy server needs a minute for its first one.
    pub start: Duration,
    /// Until a session on another computer is open, with all the names that are tried.
    pub connect: Duration,
    /// A call that reads.
    pub reads: Duration,
    /// A test: it asks every server of a site, and waits for each that does not answer.
    pub tests: Duration,
    /// A call that changes one thing.
    pub changes: Duration,
    /// A rotation, which changes every server of an account, and Enable-CsTopology.
    pub changes_much: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let minutes = Duration::from_mins;
        Self {
            start: minutes(2),
            connect: minutes(4),
            reads: minutes(5),
            tests: minutes(20),
            changes: minutes(10),
            changes_much: minutes(60),
        }
    }
}

impl Limits {
    /// The same limit for every call.
    pub fn all(limit: Duration) -> Self {
        Self { reads: limit, tests: limit, changes: limit, changes_much: limit, ..Self::default() }
    }

    fn of(self, call: &Call) -> Duration {
        match call.weight() {
            Weight::Reads => self.reads,
            Weight::Tests => self.tests,
            Weight::Changes => self.changes,
            Weight::ChangesMuch => self.changes_much,
        }
    }
}

/// The processes.
pub struct Pool {
    reach: Reach,
    processes: Mutex<Processes>,
    freed: Condvar,
}

#[derive(Default)]
struct Processes {
    /// Those that rest, the one that has rested longest first.
    resting: Vec<(Place, Process)>,
    /// How many are at work or being started, by place.
    working: BTreeMap<Place, usize>,
    /// The servers that do not answer to their FQDN: their own HTTP SPN is on the Kerberos account.
    without_own_spn: BTreeSet<ServerFqdn>,
    /// The machine where PowerShell is started, once it has said so.
    here: Option<String>,
}

/// The right to have one more process at a place; given back when it is dropped.
struct Turn<'p> {
    pool: &'p Pool,
    place: Place,
}

impl Pool {
    /// No process yet.
    pub fn new(reach: Reach) -> Self {
        Self { reach, processes: Mutex::default(), freed: Condvar::new() }
    }

    /// How PowerShell is reached.
    pub fn reach(&self) -> &Reach {
        &self.reach
    }

    /// The machine where PowerShell is started, once one has been.
    pub fn here(&self) -> Option<String> {
        self.processes().here.clone()
    }

    fn processes(&self) -> MutexGuard<'_, Processes> {
        self.processes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A process at that place that rests, or the right to start one.
    fn turn(&self, place: &Place) -> (Turn<'_>, Option<Process>) {
        let mut processes = self.processes();
        let mut ended = Vec::new();
        loop {
            let of_place = processes.working.get(place).copied().unwrap_or(0);
            if of_place < self.reach.parallel.get() {
                let mut all = processes.working.values().sum::<usize>() + processes.resting.len();
                let found = processes.resting.iter().rposition(|(at, _)| at == place);
                let process = found.map(|at| processes.resting.remove(at).1);
                if process.is_none() && all >= MOST_PROCESSES && !processes.resting.is_empty() {
                    ended.push(processes.resting.remove(0));
                    all -= 1;
                }
                if process.is_some() || all < MOST_PROCESSES {
                    *processes.working.entry(place.clone()).or_default() += 1;
                    drop(processes);
                    return (Turn { pool: self, place: place.clone() }, process);
                }
            }
            processes = self.freed.wait(processes).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// A process that is at that place.
    fn start(&self, place: &Place) -> Result<Process, CallFailure> {
        let launch = &self.reach.launch;
        let mut process = Process::start(launch, self.reach.limits.start)
            .map_err(|why| CallFailure::NotStarted { program: launch.told(), why })?;
        let here = process.hello.fqdn.clone();
        let reserved = {
            let mut processes = self.processes();
            processes.here = Some(here.clone());
            processes.without_own_spn.clone()
        };
        if let Some(server) = self.another(place, &here) {
            let otherwise = reserved.contains(server);
            match self.connect(&mut process, server, &addresses(server, otherwise)) {
                Err(failure) if !otherwise && hint::is_wrong_principal(&failure) => {
                    self.connect(&mut process, server, &addresses(server, true))?;
                }
                connected => connected?,
            }
        }
        Ok(process)
    }

    /// The other computer that a session is needed on for that place.
    fn another<'p>(&'p self, place: &'p Place, here: &str) -> Option<&'p ServerFqdn> {
        let target = match place {
            Place::ManagementShell => self.reach.host.as_ref(),
            Place::Server(server) => Some(server),
        };
        target.filter(|server| !server.as_str().eq_ignore_ascii_case(here))
    }

    /// What a call may have done whose process here has ended: on another computer it does not end with that.
    fn effect(&self, call: &Call, place: &Place, here: &str) -> Effect {
        let through_ssh = matches!(self.reach.launch, Launch::Ssh { .. }).then_some(here);
        match self.another(place, here).map(ServerFqdn::as_str).or(through_ssh) {
            _ if !call.changes() => Effect::Nothing,
            None => Effect::Unknown,
            Some(at) => Effect::GoesOn(at.to_owned()),
        }
    }

    fn connect(&self, process: &mut Process, server: &ServerFqdn, addresses: &[String]) -> Result<(), CallFailure> {
        let here = process.hello.fqdn.clone();
        let unreachable = |id: &str, why: String| CallFailure::Unreachable {
            place: server.as_str().into(),
            from: here.as_str().into(),
            id: id.to_owned(),
            why,
            code: None,
            hint: None,
        };
        let line = |id| protocol::connect(id, addresses, self.reach.credential.as_deref());
        let limit = self.reach.limits.connect;
        let (reply, _) = process.ask(limit, line).map_err(|silence| match silence {
            Silence::TimedOut => unreachable("cskerb.TimedOut", format!("no session within {} s", limit.as_secs())),
            Silence::Gone(why) => unreachable("cskerb.Gone", why),
        })?;
        let answered = reply.output.get("fqdn").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        match reply.ended {
            // A short name may be that of another server somewhere else.
            EndedLine::Completed
                if addresses.iter().any(|address| address != server.as_str())
                    && !answered.eq_ignore_ascii_case(server.as_str()) =>
            {
                Err(unreachable("cskerb.AnotherServer", format!("{answered:?} answered to its name")))
            }
            EndedLine::Completed => Ok(()),
            _ => Err(match reply.errors.into_iter().last().map(ErrorRecord::from) {
                Some(error) => CallFailure::Unreachable {
                    place: server.as_str().into(),
                    from: here.as_str().into(),
                    hint: hint::of_connecting(&error, server),
                    code: error.hresult,
                    id: error.id,
                    why: error.message,
                },
                None => unreachable("cskerb.Unreachable", "it does not say why".to_owned()),
            }),
        }
    }
}

/// The names to try in turn, `+` for the port in the SPN.
///
/// A server whose own `http/<FQDN>` is on the Kerberos account takes no ticket for it: its short name is looked up as
/// its HOST SPN, and an SPN with the port is its own where somebody made it \[inferred\]. Its FQDN comes last: as long as
/// its site has no account it answers to that, and a short name may be that of nobody here.
fn addresses(server: &ServerFqdn, otherwise: bool) -> Vec<String> {
    let fqdn = server.as_str();
    if otherwise {
        let short = fqdn.split('.').next().unwrap_or(fqdn);
        vec![short.to_owned(), format!("{fqdn}+"), fqdn.to_owned()]
    } else {
        vec![fqdn.to_owned()]
    }
}

impl Turn<'_> {
    /// The process rests, to be used again.
    fn rest(self, process: Process) {
        self.pool.processes().resting.push((self.place.clone(), process));
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut processes = self.pool.processes();
        if let Some(working) = processes.working.get_mut(&self.place) {
            *working = working.saturating_sub(1);
        }
        drop(processes);
        self.pool.freed.notify_all();
    }
}

impl Drop for Pool {
    /// All may end, before each is waited for.
    fn drop(&mut self) {
        self.processes().resting.iter_mut().for_each(|(_, process)| process.let_go());
    }
}

impl Shell for Pool {
    /// A server that bears its pool's name, a Standard Edition server or a one-machine Director, has its own
    /// `http/<FQDN>` on the Kerberos account, so WinRM does not reach it by that name \[inferred\].
    fn learn(&self, topology: &Topology) {
        let web = topology.pools.iter().filter(|pool| pool.web_services);
        let of_their_own = web.flat_map(|pool| pool.servers.iter().filter(|server| server.names_pool(&pool.fqdn)));
        self.processes().without_own_spn = of_their_own.cloned().collect();
    }

    fn limit(&self, call: &Call) -> Duration {
        self.reach.limits.of(call)
    }

    fn call(&self, at: &Place, call: &Call) -> Result<Reply, CallFailure> {
        let (turn, resting) = self.turn(at);
        let mut process = match resting.and_then(|mut process| process.is_usable().then_some(process)) {
            Some(process) => process,
            None => self.start(at)?,
        };
        let here = process.hello.fqdn.clone();
        let (limit, effect) = (self.limit(call), self.effect(call, at, &here));
        let line = |id| protocol::Request::new(id, call).line();
        match process.ask(limit, line) {
            Ok((reply, stray)) => {
                let understood = reply.understood(call, at, &here, effect);
                if !matches!(understood, Err(CallFailure::Lost { .. })) {
                    turn.rest(process);
                }
                understood.map(|reply| Reply { stray, ..reply })
            }
            // The process is dropped, and so ended by its handle.
            Err(Silence::TimedOut) => Err(CallFailure::TimedOut { call: call.name().to_owned(), limit, effect }),
            Err(Silence::Gone(why)) => Err(CallFailure::Lost { call: call.name().to_owned(), why, effect }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_tried() {
        let server = "se01.emea.contoso.com".parse().unwrap();
        assert_eq!(addresses(&server, false), ["se01.emea.contoso.com"]);
        assert_eq!(addresses(&server, true), ["se01", "se01.emea.contoso.com+", "se01.emea.contoso.com"]);
    }
}
