//! A server as a child process: started, read for its address, weighed, stopped or killed.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// How long a server may take until it listens, and to stop when it is asked to.
const PATIENCE: Duration = Duration::from_secs(60);

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The program or its log could not be opened.
    #[error("cannot start {program}: {source}")]
    Spawn {
        /// What was started.
        program: String,
        /// Why not.
        source: io::Error,
    },
    /// It ended, or said nothing, before it listened.
    #[error("{program} did not print `listening on http://…` ({why}); its log is {log}")]
    NotListening {
        /// What was started.
        program: String,
        /// What happened instead.
        why: &'static str,
        /// Where its standard error went.
        log: PathBuf,
    },
}

/// Memory of a process in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Memory {
    /// All that is resident (`VmRSS`), mapped pages of files included: those are the page cache's, and go when
    /// somebody needs the room.
    pub resident: u64,
    /// What it allocated itself (`RssAnon`).
    pub own: u64,
}

impl Memory {
    /// The larger of each.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self { resident: self.resident.max(other.resident), own: self.own.max(other.own) }
    }
}

/// A running server; killed when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    address: SocketAddr,
    ready_after: Duration,
}

impl Server {
    /// Starts `command`, whose standard error is appended to `log`, and waits until it says where it listens.
    ///
    /// # Errors
    /// When it cannot be started or ends without listening.
    pub fn start(command: Command, log: &Path) -> Result<Self, StartError> {
        let start = Instant::now();
        let (mut child, lines) = spawn(command, log)?;
        match lines.recv_timeout(PATIENCE) {
            Ok(address) => Ok(Self { child, address, ready_after: start.elapsed() }),
            Err(error) => {
                let program = format!("process {}", child.id());
                // It may already be gone; either way it is reaped.
                child.kill().ok();
                child.wait().ok();
                let why = match error {
                    mpsc::RecvTimeoutError::Timeout => "no line in time",
                    mpsc::RecvTimeoutError::Disconnected => "it ended",
                };
                Err(StartError::NotListening { program, why, log: log.to_owned() })
            }
        }
    }

    /// Starts `command` and kills it after `delay`, whatever it has done by then.
    ///
    /// # Errors
    /// When it cannot be started or killed.
    pub fn start_and_kill(command: Command, log: &Path, delay: Duration) -> Result<(), StartError> {
        let program = command.get_program().to_string_lossy().into_owned();
        let (mut child, _lines) = spawn(command, log)?;
        thread::sleep(delay);
        child.kill().and_then(|()| child.wait()).map_err(|source| StartError::Spawn { program, source })?;
        Ok(())
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Time from start to its line on standard output.
    pub fn ready_after(&self) -> Duration {
        self.ready_after
    }

    /// Resident memory in bytes.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn resident_bytes(&self) -> io::Result<u64> {
        Ok(self.memory()?.resident)
    }

    /// Resident memory, and the part of it that the process allocated itself.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn memory(&self) -> io::Result<Memory> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let bytes = |name: &'static str| {
            let kibibytes = status.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next());
            let kibibytes = kibibytes.and_then(|text| text.parse::<u64>().ok());
            kibibytes
                .map(|kibibytes| kibibytes * 1024)
                .ok_or_else(|| io::Error::other(format!("no {name} the process is gone")))
        };
        Ok(Memory { resident: bytes("VmRSS:")?, own: bytes("RssAnon:")? })
    }

    /// `kill -9`, by the id of this very child.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn kill(mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to stop (`SIGTERM`), waits, and says how it ended.
    ///
    /// # Errors
    /// When it does not stop in time; it is killed then.
    pub fn stop(mut self) -> io::Result<ExitStatus> {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            thread::sleep(Duration::from_millis(5));
        }
        self.kill()?;
        Err(io::Error::new(io::ErrorKind::TimedOut, "did not stop after SIGTERM"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already gone after `kill` or `stop`: both calls then do nothing.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Starts the process and a thread that hands on its address and drains its output.
fn spawn(mut command: Command, log: &Path) -> Result<(Child, mpsc::Receiver<SocketAddr>), StartError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let spawned = File::options()
        .create(true)
        .append(true)
        .open(log)
        .and_then(|log| command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn());
    let mut child = spawned.map_err(|source| StartError::Spawn { program, source })?;
    let stdout = child.stdout.take().expect("standard output was asked to be a pipe");
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some(address) = listening_address(&line) {
                // Nobody waits any more when the server is being killed during its start.
                sender.send(address).ok();
            }
        }
    });
    Ok((child, receiver))
}

fn listening_address(line: &str) -> Option<SocketAddr> {
    line.trim().strip_prefix("listening on http://")?.trim_end_matches('/').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn reads_the_address_and_stops_gracefully() {
        let directory = tempfile::tempdir().unwrap();
        let script = "trap 'exit 7' TERM; echo starting; echo listening on http://127.0.0.1:4321; \
                      while true; do sleep 0.05; done";
        let server = Server::start(shell(script), &directory.path().join("log")).unwrap();
        assert_eq!(server.address().port(), 4321);
        assert!(server.resident_bytes().unwrap() > 0);
        assert_eq!(server.stop().unwrap().code(), Some(7));
    }

    #[test]
    fn says_where_the_log_is_when_nothing_listens() {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("log");
        let error = Server::start(shell("echo broken >&2"), &log).unwrap_err().to_string();
        assert!(error.contains("it ended") && error.contains("log"), "{error}");
        assert_eq!(std::fs::read_to_string(log).unwrap(), "broken\n");
    }
}
