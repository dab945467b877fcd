//! The command line.

mod flows;
mod people;

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use model::{AgentId, ContactId, TenantId, Timestamp, TranscriptId};

pub(crate) use flows::{FlowCommand, FunctionCommand, ModelScriptCommand};
pub(crate) use people::{AccountCommand, RoleCommand, UserCommand};

/// A self-hosted server for conversational agents.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true)]
pub(crate) struct Arguments {
    /// Folder that holds everything [default: data]
    #[arg(long, global = true, value_name = "FOLDER")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Configuration file (TOML)
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server
    Serve(ServeArguments),
    /// Tenants: each is a world of its own
    Tenant {
        #[command(subcommand)]
        command: TenantCommand,
    },
    /// People of a tenant, and what they may do
    User {
        #[command(subcommand)]
        command: UserCommand,
    },
    /// Roles: bundles of scopes that people hold, built in and of a tenant's own
    Role {
        #[command(subcommand)]
        command: RoleCommand,
    },
    /// API tokens of a tenant
    Token {
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// Secrets of a tenant: values that agents name as {secret.name}, and nobody sees again
    Secret {
        #[command(subcommand)]
        command: SecretCommand,
    },
    /// Environment values: settings of a tenant that have a default
    Environment {
        #[command(subcommand)]
        command: EnvironmentCommand,
    },
    /// Agents of a tenant
    Agent {
        #[command(subcommand)]
        command: AgentCommand,
    },
    /// Flows: language models in a state machine
    Flow {
        #[command(subcommand)]
        command: FlowCommand,
    },
    /// Functions that flows call
    Function {
        #[command(subcommand)]
        command: FunctionCommand,
    },
    /// Model scripts: files that stand in for language models
    ModelScript {
        #[command(subcommand)]
        command: ModelScriptCommand,
    },
    /// Accounts: people who sign in
    Account {
        #[command(subcommand)]
        command: AccountCommand,
    },
    /// Clients: programs that sign people in, and tenants' service accounts
    Client {
        #[command(subcommand)]
        command: ClientCommand,
    },
    /// The realm that signs people in
    Realm {
        #[command(subcommand)]
        command: RealmCommand,
    },
    /// Contacts: what is stored of one, and erasing it
    Contact {
        #[command(subcommand)]
        command: ContactCommand,
    },
    /// Run an agent's test scenarios; exits 1 if one fails
    #[command(disable_version_flag = true)]
    Test(TestArguments),
    /// Replay recorded conversations with another version of their agent; exits 1 if something would be otherwise
    #[command(disable_version_flag = true)]
    Replay(ReplayArguments),
    /// Make the tables anew from the log, while no server runs
    Rebuild,
    /// Run functions for a server, which starts such processes itself
    #[command(hide = true)]
    FunctionWorker,
    /// Read a file for a server, which starts such processes itself
    #[command(hide = true)]
    DocumentReader,
    /// Print the OpenAPI document
    Openapi {
        /// Version of OpenAPI; 3.1 is for programs that do not know 3.2 yet
        #[arg(id = "document_version", long = "as", value_name = "VERSION", default_value = "3.2")]
        version: OpenapiVersion,
    },
}

#[derive(Debug, Args)]
pub(crate) struct TestArguments {
    #[command(flatten)]
    pub(crate) of: Of,
    /// The agent
    #[arg(long)]
    pub(crate) agent: AgentId,
    /// A published version; once for each
    #[arg(id = "agent_version", long = "version", value_name = "NUMBER")]
    pub(crate) versions: Vec<u32>,
    /// The draft; also when no version is named
    #[arg(long)]
    pub(crate) draft: bool,
    /// Run the test scenarios of a file, a JSON list of them, instead of those that are stored
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Only this test scenario, by its id or its name; once for each
    #[arg(long = "scenario", value_name = "ID")]
    pub(crate) scenarios: Vec<String>,
    /// Also write a report for build servers
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ReplayArguments {
    #[command(flatten)]
    pub(crate) of: Of,
    /// The agent
    #[arg(long)]
    pub(crate) agent: AgentId,
    /// A published version
    #[arg(id = "agent_version", long = "version", value_name = "NUMBER", conflicts_with = "draft")]
    pub(crate) version: Option<u32>,
    /// The draft, as when no version is named
    #[arg(long)]
    pub(crate) draft: bool,
    /// Only this conversation; once for each
    #[arg(long = "transcript", value_name = "ID", conflicts_with_all = ["last", "from"])]
    pub(crate) transcripts: Vec<TranscriptId>,
    /// The latest so many conversations [default: 100, or all with --from]
    #[arg(long, value_name = "NUMBER")]
    pub(crate) last: Option<usize>,
    /// Only conversations that began on this day or at this moment, or later
    #[arg(long, value_name = "DATE", value_parser = crate::testing::moment)]
    pub(crate) from: Option<Timestamp>,
    /// Let each turn begin with what the replayed turn before left, rather than with what was recorded
    #[arg(long)]
    pub(crate) chained: bool,
    /// Also write a report for build servers
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// A version of OpenAPI that the document can be printed in.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum OpenapiVersion {
    #[value(name = "3.1")]
    V3_1,
    #[value(name = "3.2")]
    V3_2,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// Address and port to listen on; port 0 takes a free one [default: 127.0.0.1:4242]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
    /// Where visitors reach the server: https://chat.example.com
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<String>,
    /// Bring a demo tenant with a scenario and a flow to talk to, and print where and how
    #[arg(long)]
    pub(crate) demo: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TenantCommand {
    /// Make a tenant
    Create {
        /// Lower-case letters, digits and hyphens, as in a host name
        tenant: TenantId,
        /// What people call it
        #[arg(long, default_value = "")]
        name: String,
    },
    /// List the tenants, one per line
    List,
    /// Sign visitors' tokens with a new key from now on; the last ones stay good
    RotateKey {
        /// The tenant
        tenant: TenantId,
    },
}

/// Whose.
#[derive(Debug, Args)]
pub(crate) struct Of {
    /// The tenant; may be left out when there is only one
    #[arg(long)]
    pub(crate) tenant: Option<TenantId>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token and print it; it is not shown again
    Create {
        #[command(flatten)]
        of: Of,
        /// Whose permissions it carries; the tenant's own, all of them, when left out
        #[arg(long, value_name = "NAME_OR_ID")]
        user: Option<String>,
        /// What it is for
        #[arg(long, default_value = "")]
        name: String,
        /// Days after which it is no longer good; never when left out
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
        expires_in_days: Option<u32>,
    },
    /// List the tokens, without their secrets
    List {
        #[command(flatten)]
        of: Of,
    },
    /// End a token
    Revoke {
        #[command(flatten)]
        of: Of,
        /// Its id, from the list
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum SecretCommand {
    /// Make a secret, or give it a new value; without a file the value is read from standard input
    Set {
        #[command(flatten)]
        of: Of,
        /// Letters, digits and underscores
        name: String,
        /// File whose text is the value; a line end at its end does not count
        #[arg(long, value_name = "FILE", conflicts_with = "certificate")]
        file: Option<PathBuf>,
        /// Certificate file: PEM (with its key or without), DER or PKCS#12
        #[arg(long, value_name = "FILE")]
        certificate: Option<PathBuf>,
        /// Name of the secret that is the certificate file's password
        #[arg(long, value_name = "NAME", requires = "certificate")]
        password: Option<String>,
    },
    /// List the secrets, one per line, without their values
    List {
        #[command(flatten)]
        of: Of,
    },
    /// Make a new key and seal all secrets of all tenants with it; finishes what was interrupted
    RotateKey,
    /// Delete a secret that no agent names
    Delete {
        #[command(flatten)]
        of: Of,
        /// Its name
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum EnvironmentCommand {
    /// List all keys, one per line, with type, source and value; secrets show as Hidden
    List {
        #[command(flatten)]
        of: Of,
    },
    /// Set a key for a tenant; it counts at once
    Set {
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        to: NewValue,
    },
    /// Let the default of a key count again
    Unset {
        #[command(flatten)]
        of: Of,
        /// The key
        key: String,
    },
    /// Set a key for several tenants; prints what became of each, and exits 1 if one failed
    Apply {
        #[command(flatten)]
        to: NewValue,
        /// The tenants, with commas between
        #[arg(long, value_delimiter = ',', required_unless_present = "all", conflicts_with = "all")]
        tenants: Vec<TenantId>,
        /// All tenants
        #[arg(long)]
        all: bool,
    },
}

/// What a key is to be.
#[derive(Debug, Args)]
pub(crate) struct NewValue {
    /// The key, from the list
    pub(crate) key: String,
    /// Its value; that of a secret key is read from a file or from standard input instead
    #[arg(conflicts_with = "file")]
    pub(crate) value: Option<String>,
    /// File whose text is the value; a line end at its end does not count
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AgentCommand {
    /// Make a draft of a scenario file; prints its id and app key as JSON
    Import {
        #[command(flatten)]
        of: Of,
        /// Turn anonymous authentication, CSRF and CORS off, and ask older clients for no app key
        #[arg(long)]
        open: bool,
        /// The scenario file
        file: PathBuf,
    },
    /// Print an agent's draft as a scenario file
    Export {
        #[command(flatten)]
        of: Of,
        /// The agent
        agent: AgentId,
    },
    /// Make the draft a version and put it in service
    Publish {
        #[command(flatten)]
        of: Of,
        /// The agent
        agent: AgentId,
    },
    /// List the agents as JSON
    List {
        #[command(flatten)]
        of: Of,
    },
    /// Print what is wrong with a scenario file, with the place in it; exits 1 if there are errors
    Check {
        /// The scenario file
        file: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ClientCommand {
    /// Register a program that signs people in; or, with a scope, a tenant's service account: prints its secret,
    /// which is not shown again
    Create {
        #[command(flatten)]
        of: Of,
        /// The parameter client_id
        id: String,
        /// What it is for
        #[arg(long, default_value = "")]
        name: String,
        /// Where codes may be sent, letter by letter; may be repeated
        #[arg(long, value_name = "URL", required_unless_present = "scope", conflicts_with = "scope")]
        redirect_uri: Vec<String>,
        /// Where people may be sent after they signed out; may be repeated
        #[arg(long, value_name = "URL", conflicts_with = "scope")]
        post_logout_redirect_uri: Vec<String>,
        /// What the service account may do, such as transcripts:read; may be repeated
        #[arg(long)]
        scope: Vec<String>,
    },
    /// List the clients, one per line
    List,
    /// Delete a client: it gets no more tokens
    Delete {
        /// Its id
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum RealmCommand {
    /// Sign tokens with a new key from now on; the one until now verifies until its tokens are over
    RotateKey,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ContactCommand {
    /// Print all that is stored of a contact as JSON
    Export {
        #[command(flatten)]
        of: Of,
        /// The contact's id
        contact: ContactId,
    },
    /// Erase a contact: nothing of what was said or known is left; prints `erased` when it is done
    Erase {
        #[command(flatten)]
        of: Of,
        /// The contact's id
        contact: ContactId,
    },
}
