//! Administration beside a running server: tenants, tokens, agents.

use std::{fs, path::Path, process::ExitCode, time::Duration};

use dialogue::scenario::{self, LARGEST_FILE, Problem, SecretUse, Severity};
use model::{TenantId, Timestamp, agent::Agent};
use runtime::{
    agents::{Access, Agents},
    documents::DocumentError,
    tenants::Tenants,
    tokens::{Token, Tokens},
    users::Users,
};
use serde::Serialize;
use serde_json::{Value, json};
use store::Store;

use crate::{
    Failure,
    arguments::{AgentCommand, Of, TenantCommand, TokenCommand},
    configuration::Configuration,
    noted::Did,
    users::user_of,
};

/// The documents, open beside whoever else has them open.
pub(crate) async fn documents(configuration: &Configuration) -> Result<Store, Failure> {
    Ok(Store::open_documents(&configuration.data_dir).await?.with_secret_keys(configuration.secret_keys()))
}

/// A server that runs looks for changes every 50 ms: when a command ends, what it did is in effect.
pub(crate) async fn let_servers_notice() {
    tokio::time::sleep(Duration::from_millis(120)).await;
}

/// The tenant that was named, or the only one.
pub(crate) async fn tenant_of(of: Of, store: &Store) -> Result<TenantId, Failure> {
    let tenants = Tenants::new(store);
    if let Some(tenant) = of.tenant {
        return Ok(tenants.need(&tenant).await?.id);
    }
    let mut all = tenants.list().await?;
    match (all.pop(), all.is_empty()) {
        (Some(only), true) => Ok(only.id),
        (None, _) => Err("there is no tenant yet: make one with `parlance tenant create`".into()),
        (Some(_), false) => Err("there are several tenants: name one with --tenant".into()),
    }
}

pub(crate) async fn tenant(command: TenantCommand, configuration: &Configuration) -> Result<(), Failure> {
    let store = documents(configuration).await?;
    let tenants = Tenants::new(&store);
    match command {
        TenantCommand::Create { tenant, name } => {
            let tenant = tenants.create(&tenant, &name).await?;
            let state = json!({ "id": tenant.id, "name": tenant.name });
            Did::to("tenant.created", &tenant.id).after(state).note(&store, &tenant.id).await?;
            println!("{}", tenant.id);
        }
        TenantCommand::RotateKey { tenant } => {
            let tenant = tenants.need(&tenant).await?;
            tenants.rotate_signing_key(&tenant.id).await?;
            Did::to("tenant.key_rotated", &tenant.id).note(&store, &tenant.id).await?;
        }
        TenantCommand::List => {
            for tenant in tenants.list().await? {
                println!("{}\t{}\t{}", tenant.id, tenant.created_at, tenant.name);
            }
            return Ok(());
        }
    }
    let_servers_notice().await;
    Ok(())
}

pub(crate) async fn token(command: TokenCommand, configuration: &Configuration) -> Result<(), Failure> {
    let store = documents(configuration).await?;
    let tokens = Tokens::new(&store);
    match command {
        TokenCommand::Create { of, user, name, expires_in_days } => {
            let tenant = tenant_of(of, &store).await?;
            let user = match user {
                Some(user) => Some(user_of(&Users::new(&store), &tenant, &user).await?),
                None => None,
            };
            let days = expires_in_days.map(|days| i64::from(days) * 24 * 3600);
            let end = days.map(|seconds| Timestamp::from_seconds(Timestamp::now().seconds() + seconds));
            let (token, secret) = tokens.create_for(&tenant, &name, end, user.as_ref()).await?;
            Did::to("token.created", &token.id).after(state(&token)).note(&store, &tenant).await?;
            println!("{secret}");
        }
        TokenCommand::List { of } => {
            let now = Timestamp::now();
            for token in tokens.list(&tenant_of(of, &store).await?).await? {
                let state = if token.expired(now) { "expired" } else { "good" };
                let user = token.user.as_deref().unwrap_or("-");
                println!("{}\t{}\t{state}\t{}\t{user}", token.id, token.created_at, token.name);
            }
            return Ok(());
        }
        TokenCommand::Revoke { of, id } => {
            let tenant = tenant_of(of, &store).await?;
            let before = tokens.need(&tenant, &id).await?;
            tokens.revoke(&tenant, &id).await?;
            Did::to("token.revoked", &id).before(state(&before)).note(&store, &tenant).await?;
        }
    }
    let_servers_notice().await;
    Ok(())
}

/// What the audit log says of a token.
fn state(token: &Token) -> Value {
    json!({
        "id": token.id,
        "name": token.name,
        "user": token.user,
        "expires_at": token.expires_at.map(|end| end.to_string()),
    })
}

pub(crate) async fn agent(command: AgentCommand, configuration: &Configuration) -> Result<ExitCode, Failure> {
    if let AgentCommand::Check { file } = &command {
        return check(file);
    }
    let store = documents(configuration).await?;
    let agents = Agents::new(&store);
    match command {
        AgentCommand::Check { .. } => {}
        AgentCommand::Import { of, open, file } => {
            let bytes = read(&file, LARGEST_FILE)?;
            let tenant = tenant_of(of, &store).await?;
            let imported = match scenario::import(&bytes) {
                Ok(imported) => imported,
                Err(problems) => {
                    print_problems(&problems);
                    return Ok(ExitCode::FAILURE);
                }
            };
            for note in &imported.ignored {
                eprintln!("ignored: {}: {} (times: {})", note.path, note.message, note.times);
            }
            let access = if open { Access::Open } else { Access::Guarded };
            let agent = match agents.create(&tenant, &imported.document, access).await {
                Ok(agent) => agent,
                Err(DocumentError::Scenario(problems)) => {
                    print_problems(&problems);
                    return Ok(ExitCode::FAILURE);
                }
                Err(error) => return Err(error.into()),
            };
            Did::to("agent.created", agent.id).after(described(&agent)).note(&store, &tenant).await?;
            print_json(&described(&agent))?;
        }
        AgentCommand::Export { of, agent } => {
            let draft = agents.draft(&tenant_of(of, &store).await?, agent).await?;
            let document: Value = serde_json::from_str(draft.get())?;
            crate::print(&String::from_utf8(scenario::export(&document))?)?;
            return Ok(ExitCode::SUCCESS);
        }
        AgentCommand::Publish { of, agent } => {
            let tenant = tenant_of(of, &store).await?;
            let before = agents.need(&tenant, agent).await?;
            let after = agents.publish(&tenant, agent).await?;
            let did = Did::to("agent.published", agent).before(described(&before)).after(described(&after));
            did.note(&store, &tenant).await?;
            print_json(&described(&after))?;
        }
        AgentCommand::List { of } => {
            let agents = agents.list(&tenant_of(of, &store).await?).await?;
            print_json(&agents.iter().map(described).collect::<Vec<_>>())?;
            return Ok(ExitCode::SUCCESS);
        }
    }
    let_servers_notice().await;
    Ok(ExitCode::SUCCESS)
}

fn described(agent: &Agent) -> Value {
    json!({
        "id": agent.id,
        "name": agent.name,
        "app_key": agent.app_key,
        "status": if agent.active_version.is_some() { "active" } else { "draft" },
        "active_version": agent.active_version,
        "versions": agent.versions,
    })
}

pub(crate) fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    crate::print(&(serde_json::to_string_pretty(value)? + "\n"))?;
    Ok(())
}

/// A file, unless it has more bytes than what is in it may have (row OD-T03).
pub(crate) fn read(file: &Path, most: usize) -> Result<Vec<u8>, Failure> {
    let named = |error: std::io::Error| format!("{}: {error}", file.display());
    let length = fs::metadata(file).map_err(named)?.len();
    if length > most as u64 {
        return Err(format!("{}: {length} bytes are too many, it may have {most}", file.display()).into());
    }
    Ok(fs::read(file).map_err(named)?)
}

fn check(file: &Path) -> Result<ExitCode, Failure> {
    let problems = match scenario::import(&read(file, LARGEST_FILE)?) {
        Ok(imported) => {
            let mut problems = scenario::check(&imported.scenario);
            problems.extend(scenario::secrets(&imported.document).into_iter().map(to_be_made));
            problems
        }
        Err(problems) => problems,
    };
    print_problems(&problems);
    let broken = problems.iter().any(|problem| problem.severity == Severity::Error);
    Ok(if broken { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// A file has no tenant: whether its secrets are there is found out when it is imported (row OD-C09).
fn to_be_made(used: SecretUse) -> Problem {
    let SecretUse { name, path } = used;
    let remedy = format!("Make it before the file is imported: `parlance secret set {name}`.");
    Problem::warning(path, format!("The tenant must have a secret `{name}`."), remedy)
}

pub(crate) fn print_problems(problems: &[Problem]) {
    for problem in problems {
        let severity = if problem.severity == Severity::Error { "error" } else { "warning" };
        let path = if problem.path.is_empty() { "(the file)" } else { &problem.path };
        println!("{severity}: {path}: {} {}", problem.message, problem.remedy);
    }
}

/// Makes the projections anew, telling how far it is.
pub(crate) async fn rebuild(configuration: &Configuration) -> Result<(), Failure> {
    let mut told = 0;
    Store::rebuild(&configuration.data_dir, move |done, all| {
        let percent = done * 100 / all.max(1);
        if percent > told {
            told = percent;
            eprintln!("{percent} %");
        }
    })
    .await?;
    println!("rebuilt");
    Ok(())
}
