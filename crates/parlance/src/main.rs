//! The parlance binary: command line, configuration, wiring. It only dispatches; how anything works
//! is the other crates' business.

mod arguments;
mod configuration;
mod contact;
mod demo;
mod environment;
mod flows;
mod limits;
mod manage;
mod networks;
mod noted;
mod realm;
mod roles;
mod secrets;
mod serve;
mod testing;
mod users;

use std::{io::Write, process::ExitCode};

use clap::Parser;

use arguments::{Arguments, Command, OpenapiVersion};
use configuration::Configuration;

/// Many small allocations per turn, on many threads: what mimalloc is good at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What a command ends with when it fails; printed for people.
type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // These have no configuration, write no log, and must be alone in their process.
    match arguments.command {
        Command::FunctionWorker => return functions::script::worker::run(),
        Command::DocumentReader => return runtime::knowledge::reading::run(),
        _ => {}
    }
    let outcome = Configuration::load(&arguments).map_err(Failure::from).and_then(|configuration| {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(run(arguments.command, configuration))
    });
    match outcome {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Prints what may be long. A reader that has seen enough (`| head`) is no failure.
fn print(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome,
    }
}

async fn run(command: Command, configuration: Configuration) -> Result<ExitCode, Failure> {
    match command {
        Command::Serve(arguments) => serve::serve(&arguments, configuration).await?,
        Command::Tenant { command } => manage::tenant(command, &configuration).await?,
        Command::User { command } => users::user(command, &configuration).await?,
        Command::Role { command } => roles::role(command, &configuration).await?,
        Command::Token { command } => manage::token(command, &configuration).await?,
        Command::Secret { command } => secrets::secret(command, &configuration).await?,
        Command::Environment { command } => return environment::environment(command, &configuration).await,
        Command::Agent { command } => return manage::agent(command, &configuration).await,
        Command::Flow { command } => return flows::flow(command, &configuration).await,
        Command::Function { command } => flows::function(command, &configuration).await?,
        Command::ModelScript { command } => flows::model_script(command, &configuration).await?,
        Command::Account { command } => realm::account(command, &configuration).await?,
        Command::Client { command } => realm::client(command, &configuration).await?,
        Command::Realm { command } => realm::realm(command, &configuration).await?,
        Command::Contact { command } => contact::contact(command, &configuration).await?,
        Command::Test(arguments) => return testing::test(arguments, &configuration).await,
        Command::Replay(arguments) => return testing::replay(arguments, &configuration).await,
        Command::Rebuild => manage::rebuild(&configuration).await?,
        Command::FunctionWorker | Command::DocumentReader => unreachable!("main runs it before there is anything else"),
        Command::Openapi { version } => {
            let document = match version {
                OpenapiVersion::V3_1 => serde_json::to_string_pretty(&server::openapi_document_3_1())?,
                OpenapiVersion::V3_2 => server::openapi_document().to_pretty_json()?,
            };
            print(&(document + "\n"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
