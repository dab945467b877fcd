//! What every figure needs: the programs, a fresh data directory, a started contestant.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use bench::{
    chat::{Agent, MessageRequest, get_request},
    flows::Api,
    http::Connection,
    parlance::{Parlance, log_of},
    process::Server,
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

pub(crate) type Failure = Box<dyn std::error::Error>;

/// The choices of the command line.
pub(crate) struct Choices {
    pub(crate) parlance: Parlance,
    pub(crate) ceiling: PathBuf,
    pub(crate) work_dir: PathBuf,
    pub(crate) root: PathBuf,
    pub(crate) seconds: u64,
    pub(crate) rounds: u32,
    pub(crate) streams: usize,
    pub(crate) messages: u64,
    pub(crate) kills: u32,
}

/// Choices and a folder for this run, removed at its end.
pub(crate) struct Setup {
    pub(crate) choices: Choices,
    pub(crate) runtime: Runtime,
    folder: TempDir,
}

impl Setup {
    pub(crate) fn new(choices: Choices) -> Result<Self, Failure> {
        std::fs::create_dir_all(&choices.work_dir)?;
        let folder = tempfile::tempdir_in(&choices.work_dir)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { choices, runtime, folder })
    }

    pub(crate) fn parlance(&self) -> &Parlance {
        &self.choices.parlance
    }

    pub(crate) fn rounds(&self) -> u32 {
        self.choices.rounds
    }

    /// An empty data directory; its log lies beside it, within the same folder.
    pub(crate) fn fresh_data_dir(&self) -> Result<DataDir, Failure> {
        let folder = tempfile::tempdir_in(self.folder.path())?;
        let path = folder.path().join("data");
        std::fs::create_dir(&path)?;
        Ok(DataDir { path, _folder: folder })
    }

    /// Starts a reference server.
    pub(crate) fn start_ceiling(&self, mode: &str, data_dir: &DataDir) -> Result<Server, Failure> {
        let mut command = Command::new(&self.choices.ceiling);
        command.args(["--mode", mode, "--data-dir"]).arg(data_dir.path());
        Ok(Server::start(command, &log_of(data_dir.path()))?)
    }

    /// Starts Parlance with a tenant and nothing in it: the server, its API, and the token that opens it. Models on
    /// this machine may be asked.
    pub(crate) fn start_empty(&self, data_dir: &DataDir) -> Result<(Server, Api, String), Failure> {
        self.parlance().create_tenant(data_dir.path())?;
        let token = self.parlance().create_token(data_dir.path())?;
        let mut command = self.parlance().serve_command(data_dir.path());
        command.env("PARLANCE_OUTBOUND_ALLOW", "127.0.0.1");
        let server = Server::start(command, &log_of(data_dir.path()))?;
        let api = Api::new(server.address(), token.clone());
        Ok((server, api, token))
    }

    /// Time until `GET path` is answered with 200.
    pub(crate) fn time_get(&self, server: &Server, path: &str) -> Result<Duration, Failure> {
        let request = get_request(server.address(), path);
        let start = Instant::now();
        self.runtime.block_on(ask(server, &request))?;
        Ok(start.elapsed())
    }

    /// The body of `GET path`.
    pub(crate) fn get(&self, server: &Server, path: &str) -> Result<String, Failure> {
        let request = get_request(server.address(), path);
        Ok(self.runtime.block_on(ask(server, &request))?)
    }

    /// Time until a user's first button is answered.
    pub(crate) fn time_message(&self, server: &Server, agent: &Agent, number: u64) -> Result<Duration, Failure> {
        let mut request = MessageRequest::new(server.address(), agent, bench::chat::Act::Button, 0);
        let start = Instant::now();
        self.runtime.block_on(ask(server, request.fill(number, number)))?;
        Ok(start.elapsed())
    }
}

async fn ask(server: &Server, request: &[u8]) -> Result<String, String> {
    let exchange = async {
        let mut connection = Connection::open(server.address()).await?;
        let response = connection.exchange(request).await?;
        Ok::<_, std::io::Error>((response.status, String::from_utf8_lossy(response.body).into_owned()))
    };
    match exchange.await.map_err(|error| error.to_string())? {
        (200, body) => Ok(body),
        (status, body) => Err(format!("status {status}: {}", body.chars().take(300).collect::<String>())),
    }
}

/// A data directory that is removed when it is done with.
pub(crate) struct DataDir {
    path: PathBuf,
    _folder: TempDir,
}

impl DataDir {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Milliseconds with as many digits as matter.
pub(crate) fn millis_of(millis: f64) -> String {
    if millis < 10.0 { format!("{millis:.2} ms") } else { format!("{millis:.0} ms") }
}

/// The median of durations, in milliseconds.
pub(crate) fn median_millis(durations: &[Duration]) -> f64 {
    let millis = durations.iter().map(|duration| duration.as_secs_f64() * 1000.0).collect();
    bench::report::median(millis).unwrap_or_default()
}
