//! One PowerShell process.
//!
//! Three threads of its own keep it from waiting for us and us from waiting for it: one writes requests, one reads
//! standard output line by line, one keeps the last of the error output. Whatever is wrong with what it says or does,
//! the process is ended by its handle and never used again.

use super::launch::{self, Launch};
use super::protocol::{Hello, PROTOCOL, ReplyLine};
use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The longest reply: a topology document or an applicationHost.config in JSON stays far below.
const LONGEST_LINE: u64 = 128 << 20;

/// How much may be written that is no reply, between two of them.
const MOST_STRAY: usize = 16 << 20;

/// How many stray lines are kept, and how much of each.
const KEPT_LINES: usize = 50;
const KEPT_BYTES: usize = 400;

/// How much of the error output is kept.
const KEPT_ERRORS: usize = 4096;

/// How long a process may take to end by itself.
const FAREWELL: Duration = Duration::from_secs(2);

/// A running PowerShell.
pub(super) struct Process {
    child: Child,
    /// To the thread that writes; dropped to close standard input.
    requests: Option<Sender<String>>,
    heard: Receiver<Heard>,
    errors: Arc<Mutex<VecDeque<u8>>>,
    /// Told once the error output has ended.
    errors_end: Receiver<()>,
    pub(super) hello: Hello,
    next: u64,
    work: Work,
}

/// Whether the last request has its reply.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Work {
    Resting,
    Working,
}

/// What the reading thread tells.
enum Heard {
    /// A line with the marker, without it.
    Reply(Vec<u8>),
    /// A line without.
    Stray(String),
    /// More than it may say.
    TooMuch(&'static str),
    /// The end of the output, or an error in reading it.
    End(Option<io::Error>),
}

/// Why there is no reply.
#[derive(Debug)]
pub(super) enum Silence {
    /// The time is over.
    TimedOut,
    /// The process ended, or says what no reply is.
    Gone(String),
}

impl Process {
    /// Starts a process and waits for its greeting; why it did not come, otherwise.
    pub(super) fn start(launch: &Launch, limit: Duration) -> Result<Self, String> {
        let marker = launch::marker();
        let mut child = launch.command(&marker).spawn().map_err(|error| error.to_string())?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(input), Some(output), Some(errors)) = pipes else {
            let _ = child.kill();
            return Err("it has no standard input and output".to_owned());
        };
        let (requests, to_write) = mpsc::channel();
        let (say, heard) = mpsc::channel();
        let kept = Arc::new(Mutex::new(VecDeque::new()));
        let keep = Arc::clone(&kept);
        let prefix = format!("{marker} ");
        thread::spawn(move || write(input, &to_write));
        thread::spawn(move || read(output, &prefix, &say));
        let (all_said, errors_end) = mpsc::channel();
        thread::spawn(move || {
            keep_last(errors, &keep);
            let _ = all_said.send(());
        });
        let hello = Hello { protocol: 0, power_shell: String::new(), fqdn: String::new(), process: 0 };
        let mut process = Self {
            child,
            requests: Some(requests),
            heard,
            errors: kept,
            errors_end,
            hello,
            next: 1,
            work: Work::Working,
        };
        process.send(launch::preamble(&marker));
        let greeting = process.hear(limit, &mut Vec::new()).map_err(|silence| match silence {
            Silence::TimedOut => process.with_errors(&format!("it did not greet within {} s", limit.as_secs())),
            Silence::Gone(why) => why,
        })?;
        let hello: Hello =
            serde_json::from_slice(&greeting).map_err(|error| format!("its greeting is not understood: {error}"))?;
        if hello.protocol != PROTOCOL {
            return Err(format!("it speaks the protocol {}, not {PROTOCOL}", hello.protocol));
        }
        process.hello = hello;
        process.work = Work::Resting;
        Ok(process)
    }

    /// Sends the request that `line` makes of its number, and waits for the reply with that number.
    pub(super) fn ask(
        &mut self,
        limit: Duration,
        line: impl FnOnce(u64) -> String,
    ) -> Result<(ReplyLine, Vec<String>), Silence> {
        let id = self.next;
        self.next += 1;
        self.work = Work::Working;
        self.send(line(id) + "\n");
        let mut stray = Vec::new();
        let reply = self.hear(limit, &mut stray)?;
        let reply: ReplyLine = serde_json::from_slice(&reply)
            .map_err(|error| Silence::Gone(format!("its reply is not understood: {error}")))?;
        if reply.id == id {
            self.work = Work::Resting;
            Ok((reply, stray))
        } else {
            Err(Silence::Gone(format!("it replied to request {} instead of {id}", reply.id)))
        }
    }

    /// Whether it still runs, and has said nothing since its last reply.
    pub(super) fn is_usable(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None)) && self.heard.try_iter().all(|heard| matches!(heard, Heard::Stray(_)))
    }

    /// Nothing more is asked of it, so it may end.
    pub(super) fn let_go(&mut self) {
        self.requests = None;
    }

    fn send(&self, text: String) {
        if let Some(requests) = &self.requests {
            // Where nobody writes any more the process is gone, as reading tells in a moment.
            let _ = requests.send(text);
        }
    }

    /// The next reply; stray lines are kept.
    fn hear(&mut self, limit: Duration, stray: &mut Vec<String>) -> Result<Vec<u8>, Silence> {
        let until = Instant::now() + limit;
        loop {
            match self.heard.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(Heard::Reply(reply)) => return Ok(reply),
                Ok(Heard::Stray(line)) if stray.len() < KEPT_LINES => stray.push(line),
                Ok(Heard::Stray(_)) => {}
                Ok(Heard::TooMuch(what)) => return Err(Silence::Gone(what.to_owned())),
                Ok(Heard::End(Some(error))) => return Err(Silence::Gone(format!("its output broke off: {error}"))),
                Ok(Heard::End(None)) | Err(RecvTimeoutError::Disconnected) => {
                    return Err(Silence::Gone(self.ended(stray)));
                }
                Err(RecvTimeoutError::Timeout) => return Err(Silence::TimedOut),
            }
        }
    }

    /// How the process ended, after its output has.
    fn ended(&mut self, stray: &[String]) -> String {
        let _ = self.child.kill(); // it may have closed its output and go on
        let status = match self.child.wait() {
            Ok(status) => format!("its PowerShell ended ({status})"),
            Err(error) => format!("its PowerShell cannot be waited for: {error}"),
        };
        // Its last words may still be on their way; a child of its own may hold the pipe for longer than anybody waits.
        let _ = self.errors_end.recv_timeout(FAREWELL);
        let last = stray.last().map(|line| format!(", after saying {line:?}")).unwrap_or_default();
        self.with_errors(&(status + &last))
    }

    /// The text with the last line of the error output.
    fn with_errors(&self, text: &str) -> String {
        let errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes: Vec<u8> = errors.iter().copied().collect();
        let told = String::from_utf8_lossy(&bytes);
        match told.lines().map(str::trim).rfind(|line| !line.is_empty()) {
            Some(line) => format!("{text}: {}", shortened(line)),
            None => text.to_owned(),
        }
    }
}

impl Drop for Process {
    /// Lets it end by itself, for a moment; then it is ended. One that is at work is never let go.
    fn drop(&mut self) {
        self.let_go();
        let until = Instant::now() + FAREWELL;
        let more = || self.heard.recv_timeout(until.saturating_duration_since(Instant::now()));
        if self.work == Work::Resting {
            while let Ok(Heard::Reply(_) | Heard::Stray(_)) = more() {}
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn write(mut input: ChildStdin, requests: &Receiver<String>) {
    for request in requests {
        if input.write_all(request.as_bytes()).and_then(|()| input.flush()).is_err() {
            return;
        }
    }
}

fn read(output: ChildStdout, prefix: &str, say: &Sender<Heard>) {
    let mut output = BufReader::new(output);
    let mut stray = 0;
    loop {
        let mut line = Vec::new();
        let heard = match (&mut output).take(LONGEST_LINE).read_until(b'\n', &mut line) {
            Ok(0) => Heard::End(None),
            Ok(_) if !line.ends_with(b"\n") && line.len() as u64 == LONGEST_LINE => {
                Heard::TooMuch("it wrote a line that is longer than any reply")
            }
            Ok(_) => match line.strip_prefix(prefix.as_bytes()) {
                Some(reply) => {
                    stray = 0;
                    Heard::Reply(reply.to_owned())
                }
                None => {
                    stray += line.len();
                    let told = String::from_utf8_lossy(&line);
                    match told.trim() {
                        _ if stray > MOST_STRAY => Heard::TooMuch("it wrote megabytes that are no reply"),
                        "" => continue,
                        told => Heard::Stray(shortened(told)),
                    }
                }
            },
            Err(error) => Heard::End(Some(error)),
        };
        let last = matches!(heard, Heard::End(_) | Heard::TooMuch(_));
        if say.send(heard).is_err() || last {
            return;
        }
    }
}

fn keep_last(mut errors: ChildStderr, kept: &Mutex<VecDeque<u8>>) {
    let mut buffer = [0; 1024];
    while let Ok(length @ 1..) = errors.read(&mut buffer) {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(&buffer[..length]);
        let surplus = kept.len().saturating_sub(KEPT_ERRORS);
        kept.drain(..surplus);
    }
}

fn shortened(line: &str) -> String {
    match line.char_indices().nth(KEPT_BYTES) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line.to_owned(),
    }
}
