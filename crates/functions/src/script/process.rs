//! The server's side of one worker process: starting it, giving it a task, answering what it asks, and ending it when
//! it overruns. A process that is dropped is killed.

use std::{collections::BTreeSet, io, os::unix::process::ExitStatusExt, path::Path, process::Stdio, time::Duration};

use futures_util::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use model::function::FunctionErrorKind;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::{Instant, sleep_until, timeout},
};

use super::{
    limits::{self, MAX_SECRETS},
    message::{Answer, Done, Failure, Frames, FromWorker, MAX_FROM_WORKER, MAX_TO_WORKER, Question, ToWorker, Wanted},
};
use crate::host::{self, Host};

/// Bytes that are read at a time.
const CHUNK: usize = 16 << 10;
/// Bytes that may wait to be written to a worker that asks without reading what it is answered.
const MAX_UNREAD: usize = 64 << 20;
/// Signals that say why the system ended a worker (signal(7)).
const SIGKILL: i32 = 9;
const SIGXCPU: i32 = 24;

/// A worker process.
pub(super) struct Process {
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
    frames: Frames,
    chunk: Vec<u8>,
    /// What it had computed when it last said that it is ready; `None` until it says so again.
    ready: Option<Duration>,
    /// Tasks that it has run; as many as can be once it is of no more use.
    pub(super) tasks: u32,
    /// When it was last used.
    pub(super) used: Instant,
}

/// One call, as a process needs it.
pub(super) struct Errand<'c> {
    /// The task, encoded.
    pub(super) task: Vec<u8>,
    pub(super) wall: Duration,
    pub(super) cpu: Duration,
    pub(super) memory: u64,
    pub(super) grace: Duration,
    pub(super) max_fetches: u32,
    pub(super) secrets: &'c BTreeSet<String>,
    pub(super) host: &'c dyn Host,
}

impl Process {
    /// Starts a program as a worker. It does not wait until it is ready.
    pub(super) fn start(program: &Path) -> io::Result<Self> {
        let mut child = Command::new(program)
            .arg("function-worker")
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (stdin, stdout) = pipes.ok_or_else(|| io::Error::other("the worker has no pipes"))?;
        Ok(Self {
            child,
            stdin,
            stdout,
            frames: Frames::new(MAX_FROM_WORKER),
            chunk: vec![0; CHUNK],
            ready: None,
            tasks: 0,
            used: Instant::now(),
        })
    }

    /// Waits until it can take a task. One that says something else or ends instead is of no use any more.
    pub(super) async fn ready(&mut self, limit: Duration) -> io::Result<()> {
        if self.ready.is_some() {
            return Ok(());
        }
        let said = timeout(limit, self.receive()).await.map_err(|_| io::ErrorKind::TimedOut)??;
        match said {
            FromWorker::Ready { cpu_micros } => {
                self.ready = Some(Duration::from_micros(cpu_micros));
                Ok(())
            }
            _ => Err(io::Error::other("the worker speaks before it is ready")),
        }
    }

    async fn receive(&mut self) -> io::Result<FromWorker> {
        loop {
            if let Some(message) = self.frames.read().map_err(io::Error::other)? {
                return Ok(message);
            }
            match self.stdout.read(&mut self.chunk).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                length => self.frames.push(&self.chunk[..length]),
            }
        }
    }

    /// Runs a task to its end. After an error the process must not be used again: drop it.
    pub(super) async fn run(&mut self, mut errand: Errand<'_>) -> Result<Done, Failure> {
        let before = self.ready.take().unwrap_or_default();
        self.tasks += 1;
        let pid = self.child.id();
        let Self { stdin, stdout, frames, chunk, tasks, .. } = self;
        let begun = Instant::now();
        let end = begun + errand.wall + errand.grace;
        let mut clock = CpuClock::new(pid, before, begun, errand.cpu + errand.grace);
        let (mut out, mut sent) = (std::mem::take(&mut errand.task), 0_usize);
        let mut answers: FuturesUnordered<BoxFuture<'_, Answer>> = FuturesUnordered::new();
        let mut asked = (0_u32, 0_u32);
        loop {
            // Also while it waits for answers: it may compute beside its questions.
            let look = clock.look.min(end);
            let asking = !answers.is_empty();
            tokio::select! {
                biased;
                () = sleep_until(look) => {
                    if Instant::now() >= end {
                        return Err(limits::out_of_time(errand.wall));
                    }
                    if clock.is_over() {
                        return Err(limits::out_of_cpu(errand.cpu));
                    }
                }
                Some(answer) = answers.next(), if asking => {
                    if sent == out.len() {
                        (out, sent) = (Vec::new(), 0);
                    }
                    out.extend(encoded(answer)?);
                    if out.len() - sent > MAX_UNREAD {
                        return Err(broken("it does not read what it is answered"));
                    }
                }
                written = stdin.write(&out[sent..]), if sent < out.len() => match written {
                    Ok(written) if written > 0 => sent += written,
                    _ => return Err(self.ended(&errand).await),
                },
                read = stdout.read(chunk) => {
                    let length = match read {
                        Ok(length) if length > 0 => length,
                        _ => return Err(self.ended(&errand).await),
                    };
                    frames.push(&chunk[..length]);
                    while let Some(message) = frames.read().map_err(|error| broken(&error.to_string()))? {
                        match message {
                            FromWorker::Done(done) => {
                                // Half an answer is on its way: what is sent next could not be told from its rest.
                                if sent < out.len() {
                                    *tasks = u32::MAX;
                                }
                                return Ok(done);
                            }
                            FromWorker::Question(question) => {
                                count(&question, &mut asked, errand.max_fetches)?;
                                answers.push(Box::pin(answer(question, errand.secrets, errand.host)));
                            }
                            FromWorker::Ready { .. } => return Err(broken("it is ready before its task is over")),
                        }
                    }
                }
            }
        }
    }

    /// Why a process ended that nobody ended.
    async fn ended(&mut self, errand: &Errand<'_>) -> Failure {
        // Its pipe is closed; that it is gone follows at once.
        let _ = timeout(errand.grace, self.child.wait()).await;
        match self.child.try_wait() {
            Ok(Some(status)) => match status.signal() {
                Some(SIGXCPU) => limits::out_of_cpu(errand.cpu),
                Some(SIGKILL) => limits::out_of_memory(errand.memory),
                Some(signal) => broken(&format!("it was ended by signal {signal}")),
                None => broken("it ended"),
            },
            _ => broken("it closed its pipes"),
        }
    }
}

/// The bounds of questions, which the worker holds too: more of them can only come of one that was taken over.
fn count(question: &Question, asked: &mut (u32, u32), max_fetches: u32) -> Result<(), Failure> {
    let (count, most) = match question.wanted {
        Wanted::Fetch(_) => (&mut asked.0, max_fetches),
        Wanted::Secret(_) => (&mut asked.1, MAX_SECRETS),
    };
    *count += 1;
    if *count > most { Err(broken("it asks for more than a call may")) } else { Ok(()) }
}

async fn answer(question: Question, secrets: &BTreeSet<String>, host: &dyn Host) -> Answer {
    let outcome = match question.wanted {
        Wanted::Fetch(request) => fetched(&request, host).await,
        Wanted::Secret(name) if secrets.contains(&name) => host.secret(&name).await,
        Wanted::Secret(name) => {
            let name: String = name.chars().take(64).collect();
            Err(format!("secret: `{name}` is none of the secrets that this function may have"))
        }
    };
    Answer { number: question.number, outcome }
}

async fn fetched(request: &str, host: &dyn Host) -> Result<String, String> {
    let request = serde_json::from_str(request).map_err(|error| format!("fetch: not a request: {error}"))?;
    let response = host::fetch(host, request).await.map_err(|problem| format!("fetch: {problem}"))?;
    serde_json::to_string(&response).map_err(|error| format!("fetch: the response cannot be told: {error}"))
}

fn encoded(answer: Answer) -> Result<Vec<u8>, Failure> {
    let number = answer.number;
    super::message::encode(&ToWorker::Answer(answer), MAX_TO_WORKER).or_else(|_| {
        let outcome = Err("the answer is longer than a function can be told".into());
        super::message::encode(&ToWorker::Answer(Answer { number, outcome }), MAX_TO_WORKER)
            .map_err(|error| broken(&error.to_string()))
    })
}

fn broken(why: &str) -> Failure {
    Failure::new(FunctionErrorKind::Broken, format!("what runs it broke: {why}"))
}

/// What a process has computed in its task. Asked of the system only once it could have computed enough. Where the
/// system does not say, the process's own limits stand alone.
struct CpuClock {
    pid: Option<u32>,
    before: Duration,
    most: Duration,
    /// When to look again.
    look: Instant,
}

impl CpuClock {
    fn new(pid: Option<u32>, before: Duration, now: Instant, most: Duration) -> Self {
        Self { pid, before, most, look: now + most }
    }

    /// Whether it has computed for longer than it may; else notes when that could be.
    fn is_over(&mut self) -> bool {
        let total = self.pid.and_then(cpu_time).unwrap_or_default();
        let used = total.saturating_sub(self.before);
        self.look = Instant::now() + self.most.saturating_sub(used).max(Duration::from_millis(1));
        used >= self.most
    }
}

/// What a process has computed, by `/proc/…/stat` (proc_pid_stat(5), fields 14 and 15).
fn cpu_time(pid: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses, with whatever in it.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    let per_second = rustix::param::clock_ticks_per_second().max(1);
    Some(Duration::from_millis((user + system).saturating_mul(1_000) / per_second))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    #[test]
    fn a_process_knows_what_it_has_computed() {
        let before = super::cpu_time(std::process::id()).unwrap();
        let begun = std::time::Instant::now();
        let mut sum = 0_u64;
        while begun.elapsed() < Duration::from_millis(100) {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(super::cpu_time(std::process::id()).unwrap() > before);
        assert_eq!(super::cpu_time(u32::MAX), None);
    }
}
