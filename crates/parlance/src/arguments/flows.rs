//! Flows and what they are made of: functions, and scripts that stand in for models.

use std::path::PathBuf;

use clap::Subcommand;
use model::AgentId;

use super::Of;

#[derive(Debug, Subcommand)]
pub(crate) enum FlowCommand {
    /// List the flows as JSON
    List {
        #[command(flatten)]
        of: Of,
    },
    /// Make a draft of an exported flow, and the functions of it that the tenant does not have; prints both as JSON
    Import {
        #[command(flatten)]
        of: Of,
        /// The flow file
        file: PathBuf,
    },
    /// Print a flow with its functions as a file that can be imported elsewhere; of secrets it has the names alone
    #[command(disable_version_flag = true)]
    Export {
        #[command(flatten)]
        of: Of,
        /// A published version; the draft when left out
        #[arg(id = "flow_version", long = "version", value_name = "NUMBER")]
        version: Option<u32>,
        /// The flow
        flow: AgentId,
    },
    /// Make the draft a version, with snapshots of its functions, and put it in service
    Publish {
        #[command(flatten)]
        of: Of,
        /// Why, for people
        #[arg(long, default_value = "")]
        note: String,
        /// The flow
        flow: AgentId,
    },
    /// Delete a flow that no point of contact names; what was said with it and its functions stay
    Delete {
        #[command(flatten)]
        of: Of,
        /// The flow
        flow: AgentId,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum FunctionCommand {
    /// List the functions, one per line: id, type, number of snapshots, name
    List {
        #[command(flatten)]
        of: Of,
    },
    /// Make a function of a file, or replace the one of its name, and print its id; published flows keep theirs
    Import {
        #[command(flatten)]
        of: Of,
        /// The function file (JSON)
        file: PathBuf,
    },
    /// Print a function with its source and tests as a file
    Export {
        #[command(flatten)]
        of: Of,
        /// Its id, or its name
        #[arg(value_name = "ID")]
        function: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelScriptCommand {
    /// List the scripts, one per line
    List {
        #[command(flatten)]
        of: Of,
    },
    /// Make a script of a file, or replace it; it answers the next message
    Set {
        #[command(flatten)]
        of: Of,
        /// What flows, or LanguageModels.Model, give as the name of the model
        name: String,
        /// The script (JSON)
        file: PathBuf,
    },
    /// Delete a script
    Delete {
        #[command(flatten)]
        of: Of,
        /// Its name
        name: String,
    },
}
