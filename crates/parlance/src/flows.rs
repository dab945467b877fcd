//! `parlance flow`, `function` and `model-script`: flows and what they are made of, in files and out of them.

use std::{path::Path, process::ExitCode};

use dialogue::flow::{
    ImportedFunction, Outcome,
    export::{LARGEST_FILE, Portable, export},
    function::{Code, FunctionDocument},
};
use model::TenantId;
use runtime::{
    agents::{Access, Agents, Flow, ImportedFlow},
    documents::{DocumentError, Versioned},
    functions::{Function, FunctionFilter, Functions},
    models::ModelScripts,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use store::Store;

use crate::{
    Failure,
    arguments::{FlowCommand, FunctionCommand, ModelScriptCommand},
    configuration::Configuration,
    manage::{documents, let_servers_notice, print_json, print_problems, read, tenant_of},
    noted::Did,
};

/// Who published, as the versions of a flow name it.
const COMMAND_LINE: &str = "command line";
/// Largest file of a function or a script, in bytes: more than either may have, which is said better where it is kept.
const LARGEST_PART: usize = 4 << 20;

pub(crate) async fn flow(command: FlowCommand, configuration: &Configuration) -> Result<ExitCode, Failure> {
    let store = documents(configuration).await?;
    let agents = Agents::new(&store);
    match command {
        FlowCommand::List { of } => {
            let flows = agents.flows(&tenant_of(of, &store).await?).await?;
            print_json(&flows.iter().map(described).collect::<Vec<_>>())?;
            return Ok(ExitCode::SUCCESS);
        }
        FlowCommand::Import { of, file } => {
            let tenant = tenant_of(of, &store).await?;
            if !import(&store, &agents, &tenant, &file).await? {
                return Ok(ExitCode::FAILURE);
            }
        }
        FlowCommand::Export { of, version, flow } => {
            let version = agents.flow_as_run(&tenant_of(of, &store).await?, flow, version).await?;
            print_json(&export(&version))?;
            return Ok(ExitCode::SUCCESS);
        }
        FlowCommand::Publish { of, note, flow } => {
            let tenant = tenant_of(of, &store).await?;
            let before = agents.flow(&tenant, flow).await?;
            let after = match agents.publish_flow(&tenant, flow, COMMAND_LINE, &note).await {
                Ok(after) => after,
                Err(DocumentError::Unsound { problems, .. }) => {
                    print_problems(&problems);
                    return Ok(ExitCode::FAILURE);
                }
                Err(error) => return Err(error.into()),
            };
            let did = Did::to("flow.published", flow).before(described(&before)).after(described(&after));
            did.note(&store, &tenant).await?;
            print_json(&described(&after))?;
        }
        FlowCommand::Delete { of, flow } => {
            let tenant = tenant_of(of, &store).await?;
            let before = agents.flow(&tenant, flow).await?;
            agents.delete(&tenant, flow).await?;
            Did::to("flow.deleted", flow).before(described(&before)).note(&store, &tenant).await?;
        }
    }
    let_servers_notice().await;
    Ok(ExitCode::SUCCESS)
}

/// Makes a flow of a file; false where problems keep it from that, which are printed.
async fn import(store: &Store, agents: &Agents, tenant: &TenantId, file: &Path) -> Result<bool, Failure> {
    let portable = match Portable::read(&read(file, LARGEST_FILE)?) {
        Ok(portable) => portable,
        Err(problems) => {
            print_problems(&problems);
            return Ok(false);
        }
    };
    let ImportedFlow { flow, functions, warnings } = match agents.import_flow(tenant, &portable, Access::Guarded).await
    {
        Ok(imported) => imported,
        Err(DocumentError::Unsound { problems, .. }) => {
            print_problems(&problems);
            return Ok(false);
        }
        Err(error) => return Err(error.into()),
    };
    for made in functions.iter().filter(|one| one.outcome != Outcome::Reused) {
        Did::to("function.created", &made.id).after(imported(made)).note(store, tenant).await?;
    }
    Did::to("flow.created", flow.agent.id).after(described(&flow)).note(store, tenant).await?;
    let functions: Vec<Value> = functions.iter().map(imported).collect();
    let mut printed = described(&flow);
    printed["functions"] = functions.into();
    printed["warnings"] = warnings.into_iter().map(|problem| problem.message).collect();
    print_json(&printed)?;
    Ok(true)
}

fn described(flow: &Flow) -> Value {
    json!({
        "id": flow.agent.id,
        "name": flow.document.name,
        "public_name": flow.document.public_name,
        "status": if flow.is_published() { "published" } else { "draft" },
        "active_version": flow.agent.active_version,
        "versions": flow.agent.versions,
    })
}

fn imported(function: &ImportedFunction) -> Value {
    let outcome = match function.outcome {
        Outcome::Reused => "reused",
        Outcome::Created => "created",
        Outcome::Renamed => "renamed",
    };
    json!({ "id": function.id, "name": function.function.name, "named": function.named, "outcome": outcome })
}

pub(crate) async fn function(command: FunctionCommand, configuration: &Configuration) -> Result<(), Failure> {
    let store = documents(configuration).await?;
    let functions = Functions::new(&store);
    match command {
        FunctionCommand::List { of } => {
            for one in functions.list(&tenant_of(of, &store).await?, &FunctionFilter::default()).await? {
                let kind = kind(&one.function.code);
                println!("{}\t{kind}\t{}\t{}", one.id, one.snapshots, one.function.name);
            }
            return Ok(());
        }
        FunctionCommand::Export { of, function } => {
            let tenant = tenant_of(of, &store).await?;
            let found = named(&functions, &tenant, &function).await?;
            let found = found.ok_or_else(|| format!("there is no function `{function}`"))?;
            print_json(&found.value.function)?;
            return Ok(());
        }
        FunctionCommand::Import { of, file } => {
            let tenant = tenant_of(of, &store).await?;
            let document: FunctionDocument = read_json(&file)?;
            let (before, after) = match named(&functions, &tenant, &document.name).await? {
                Some(before) => {
                    let after = functions.replace(&tenant, &before.value.id, document, before.version).await?;
                    (Some(before.value), after.value)
                }
                None => (None, functions.create(&tenant, document).await?.value),
            };
            let did = match &before {
                Some(before) => Did::to("function.updated", &after.id).before(state(before)),
                None => Did::to("function.created", &after.id),
            };
            did.after(state(&after)).note(&store, &tenant).await?;
            println!("{}", after.id);
        }
    }
    let_servers_notice().await;
    Ok(())
}

/// A function by id, or by its name whatever the case.
async fn named(
    functions: &Functions,
    tenant: &TenantId,
    id_or_name: &str,
) -> Result<Option<Versioned<Function>>, DocumentError> {
    let all = functions.list(tenant, &FunctionFilter::default()).await?;
    let by_name = |one: &&Function| one.function.name.to_lowercase() == id_or_name.to_lowercase();
    let found = all.iter().find(|one| one.id == id_or_name).or_else(|| all.iter().find(by_name));
    match found {
        Some(found) => Ok(Some(functions.need(tenant, &found.id).await?)),
        None => Ok(None),
    }
}

/// What the audit log says of a function; its source is in its snapshots.
fn state(function: &Function) -> Value {
    let document = &function.function;
    json!({ "id": function.id, "name": document.name, "type": kind(&document.code), "tags": document.tags })
}

fn kind(code: &Code) -> &'static str {
    match code {
        Code::JavaScript { .. } => "java_script",
        Code::Library { .. } => "library",
        Code::Integration { .. } => "integration",
    }
}

pub(crate) async fn model_script(command: ModelScriptCommand, configuration: &Configuration) -> Result<(), Failure> {
    let store = documents(configuration).await?;
    let scripts = ModelScripts::new(&store);
    match command {
        ModelScriptCommand::List { of } => {
            for script in scripts.list(&tenant_of(of, &store).await?).await? {
                println!("{}\t{}", script.name, script.updated_at);
            }
            return Ok(());
        }
        ModelScriptCommand::Set { of, name, file } => {
            let tenant = tenant_of(of, &store).await?;
            scripts.put(&tenant, &name, read_json(&file)?).await?;
            Did::to("model_script.updated", &name).note(&store, &tenant).await?;
        }
        ModelScriptCommand::Delete { of, name } => {
            let tenant = tenant_of(of, &store).await?;
            if !scripts.delete(&tenant, &name).await? {
                return Err(format!("there is no model script `{name}`").into());
            }
            Did::to("model_script.deleted", &name).note(&store, &tenant).await?;
        }
    }
    let_servers_notice().await;
    Ok(())
}

fn read_json<T: DeserializeOwned>(file: &Path) -> Result<T, Failure> {
    let bytes = read(file, LARGEST_PART)?;
    serde_json::from_slice(&bytes).map_err(|error| format!("{}: {error}", file.display()).into())
}
