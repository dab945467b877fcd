//! Parlance's command line, as the benchmarks use it.

use std::{
    env, io,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::{
    chat::Agent,
    process::{Server, StartError},
};

/// The tenant that everything here belongs to.
pub const TENANT: &str = "bench";

/// Why a verb of the command line failed.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The program was not found.
    #[error("no `{name}` at {place}: build it (`cargo build -p parlance`) or name it in PARLANCE_BIN")]
    NotBuilt {
        /// Its name.
        name: String,
        /// Where it was looked for.
        place: PathBuf,
    },
    /// The program or a file could not be opened.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
    /// It ran and refused.
    #[error("`{verb}` ended with {status}: {stderr}")]
    Refused {
        /// The arguments.
        verb: String,
        /// Exit status.
        status: std::process::ExitStatus,
        /// What it said.
        stderr: String,
    },
    /// It printed something else than agreed.
    #[error("`{verb}` printed what was not expected: {stdout}")]
    Output {
        /// The arguments.
        verb: String,
        /// What it printed.
        stdout: String,
    },
}

/// The `parlance` binary, or one that has the same command line.
#[derive(Debug, Clone)]
pub struct Parlance {
    binary: PathBuf,
}

impl Parlance {
    /// A binary at a known place.
    pub fn at(binary: impl Into<PathBuf>) -> Self {
        Self { binary: binary.into() }
    }

    /// The one named by `PARLANCE_BIN`, else the one built beside this program.
    ///
    /// # Errors
    /// When there is none.
    pub fn find() -> Result<Self, CommandError> {
        match env::var_os("PARLANCE_BIN") {
            Some(path) => built("parlance", PathBuf::from(path)).map(Self::at),
            None => sibling("parlance").map(Self::at),
        }
    }

    /// Where it is.
    pub fn binary(&self) -> &Path {
        &self.binary
    }

    /// Starts the server on a free port of the loopback address.
    ///
    /// # Errors
    /// When it does not come to listen.
    pub fn serve(&self, data_dir: &Path) -> Result<Server, StartError> {
        Server::start(self.serve_command(data_dir), &log_of(data_dir))
    }

    /// The command that [`Parlance::serve`] runs.
    pub fn serve_command(&self, data_dir: &Path) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(data_dir);
        command.env_remove("RUST_LOG").env_remove("PARLANCE_BIN");
        command
    }

    /// Makes the tenant, and in it the scenario as a published agent that is open to clients other than browsers.
    ///
    /// # Errors
    /// When a verb fails.
    pub fn install(&self, data_dir: &Path, scenario: &Value) -> Result<Agent, CommandError> {
        self.create_tenant(data_dir)?;
        self.install_agent(data_dir, scenario)
    }

    /// The same where the tenant is there.
    ///
    /// # Errors
    /// When a verb fails.
    pub fn install_agent(&self, data_dir: &Path, scenario: &Value) -> Result<Agent, CommandError> {
        let file = data_dir.join("scenario.json");
        write(&file, scenario)?;
        let agent = self.import(data_dir, &file)?;
        self.run(Some(data_dir), &["agent", "publish", "--tenant", TENANT, &agent.id])?;
        Ok(agent)
    }

    /// `tenant create`.
    ///
    /// # Errors
    /// When it fails.
    pub fn create_tenant(&self, data_dir: &Path) -> Result<(), CommandError> {
        self.run(Some(data_dir), &["tenant", "create", TENANT]).map(drop)
    }

    /// `agent import --open`.
    ///
    /// # Errors
    /// When it fails or does not print the agent.
    pub fn import(&self, data_dir: &Path, file: &Path) -> Result<Agent, CommandError> {
        let file = file.to_string_lossy();
        let arguments = ["agent", "import", "--tenant", TENANT, "--open", &file];
        let stdout = self.run(Some(data_dir), &arguments)?;
        serde_json::from_str(&stdout).map_err(|_| CommandError::Output { verb: arguments.join(" "), stdout })
    }

    /// `token create`: an API token of the tenant.
    ///
    /// # Errors
    /// When it fails.
    pub fn create_token(&self, data_dir: &Path) -> Result<String, CommandError> {
        let stdout = self.run(Some(data_dir), &["token", "create", "--tenant", TENANT])?;
        Ok(stdout.trim().to_owned())
    }

    /// `replay` of all conversations with the draft: its report as JSON.
    ///
    /// # Errors
    /// When it fails, also because something would be otherwise.
    pub fn replay(&self, data_dir: &Path, agent: &Agent) -> Result<String, CommandError> {
        let arguments =
            ["replay", "--tenant", TENANT, "--agent", &agent.id, "--draft", "--last", "1000000000", "--json"];
        self.run(Some(data_dir), &arguments)
    }

    /// `agent check`, which needs no data directory.
    ///
    /// # Errors
    /// When it finds problems.
    pub fn check(&self, file: &Path) -> Result<(), CommandError> {
        self.run(None, &["agent", "check", &file.to_string_lossy()]).map(drop)
    }

    fn run(&self, data_dir: Option<&Path>, arguments: &[&str]) -> Result<String, CommandError> {
        let mut command = Command::new(&self.binary);
        if let Some(data_dir) = data_dir {
            command.arg("--data-dir").arg(data_dir);
        }
        let output = command.args(arguments).output();
        let output = output.map_err(|source| CommandError::Io { what: self.binary.display().to_string(), source })?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(CommandError::Refused {
            verb: arguments.join(" "),
            status: output.status,
            stderr: String::from_utf8_lossy(&output.stderr).chars().take(2000).collect(),
        })
    }
}

/// The program `name` beside the running one, or one folder up, where tests find what was built.
///
/// # Errors
/// When it was not built.
pub fn sibling(name: &str) -> Result<PathBuf, CommandError> {
    let me = env::current_exe().map_err(|source| CommandError::Io { what: "own path".into(), source })?;
    // Tests run one folder below what was built for people.
    let folder = me.parent().filter(|folder| folder.ends_with("deps")).unwrap_or(&me);
    built(name, folder.with_file_name(name))
}

fn built(name: &str, place: PathBuf) -> Result<PathBuf, CommandError> {
    if place.is_file() { Ok(place) } else { Err(CommandError::NotBuilt { name: name.into(), place }) }
}

/// Writes a JSON file.
///
/// # Errors
/// When it cannot be written.
pub fn write(file: &Path, value: &Value) -> Result<(), CommandError> {
    std::fs::write(file, value.to_string())
        .map_err(|source| CommandError::Io { what: file.display().to_string(), source })
}

/// Where a server's standard error goes: beside its data, not in it.
pub fn log_of(data_dir: &Path) -> PathBuf {
    data_dir.with_extension("log")
}
