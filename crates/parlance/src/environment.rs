//! `parlance environment`: what tenants set otherwise than the platform, for one of them or for several.
//!
//! Setting a key across tenants is done here alone: who may use the command line may do so for each of them anyway.

use std::process::ExitCode;

use model::TenantId;
use runtime::{
    environment::{self, Environment, Format, Scalar, Setting},
    tenants::Tenants,
};
use serde_json::{Value, json};

use crate::{
    Failure,
    arguments::{EnvironmentCommand, NewValue},
    configuration::Configuration,
    manage::{documents, let_servers_notice, tenant_of},
    noted::Did,
    secrets::unseen,
};

pub(crate) async fn environment(
    command: EnvironmentCommand,
    configuration: &Configuration,
) -> Result<ExitCode, Failure> {
    let store = documents(configuration).await?;
    let environment = Environment::new(&store);
    let mut code = ExitCode::SUCCESS;
    match command {
        EnvironmentCommand::List { of } => {
            for setting in environment.list(&tenant_of(of, &store).await?).await? {
                println!("{}", line(&setting));
            }
            return Ok(code);
        }
        EnvironmentCommand::Set { of, to } => {
            let tenant = tenant_of(of, &store).await?;
            let before = environment.need(&tenant, &to.key).await?;
            let after = environment.set(&tenant, &to.key, &value(&to)?).await?;
            updated(&before, &after).note(&store, &tenant).await?;
            println!("{}", line(&after));
        }
        EnvironmentCommand::Unset { of, key } => {
            let tenant = tenant_of(of, &store).await?;
            let before = environment.need(&tenant, &key).await?;
            let was_set = environment.unset(&tenant, &key).await?;
            let after = environment.need(&tenant, &key).await?;
            if was_set {
                let did = Did::to("environment.deleted", &key).before(state(&before)).after(state(&after));
                did.note(&store, &tenant).await?;
            }
            println!("{}", line(&after));
        }
        EnvironmentCommand::Apply { to, tenants, all } => {
            let known = Tenants::new(&store).list().await?.into_iter().map(|tenant| tenant.id);
            let known: Vec<TenantId> = known.collect();
            let chosen = if all { known.clone() } else { tenants };
            let value = value(&to)?;
            // A name that is nobody's would become the value of a tenant that is made later.
            let (there, missing): (Vec<_>, Vec<_>) = chosen.into_iter().partition(|tenant| known.contains(tenant));
            let mut until_now = Vec::with_capacity(there.len());
            for tenant in &there {
                until_now.push(environment.need(tenant, &to.key).await?);
            }
            let applied = environment.apply(&there, &to.key, &value).await;
            for ((tenant, outcome), before) in applied.into_iter().zip(until_now) {
                match outcome {
                    Ok(after) => {
                        updated(&before, &after).note(&store, &tenant).await?;
                        println!("{tenant}\t{}", line(&after));
                    }
                    Err(error) => {
                        println!("{tenant}\terror: {error}");
                        code = ExitCode::FAILURE;
                    }
                }
            }
            for tenant in missing {
                println!("{tenant}\terror: there is no such tenant");
                code = ExitCode::FAILURE;
            }
        }
    }
    let_servers_notice().await;
    Ok(code)
}

fn updated(before: &Setting, after: &Setting) -> Did {
    Did::to("environment.updated", after.entry.key).before(state(before)).after(state(after))
}

/// What the audit log says of a key. It hides whatever is called `value`.
fn state(setting: &Setting) -> Value {
    json!({ "source": setting.source.as_str(), "effective": shown(setting) })
}

/// The value that a key is to have; a secret one never comes from the command line, which others can see.
fn value(to: &NewValue) -> Result<Value, Failure> {
    let format = environment::entry(&to.key).map(|entry| entry.format).ok_or_else(|| {
        format!("there is no environment key `{}`: `parlance environment list` shows all of them", to.key)
    })?;
    match (&to.value, format) {
        (Some(_), Format::Secret) => Err("leave the value out: it is read from standard input, or with --file".into()),
        (Some(text), _) => Ok(format.typed(text)),
        (None, _) => {
            let text = String::from_utf8(unseen(to.file.as_deref())?).map_err(|_| "the value is no text in UTF-8")?;
            Ok(format.typed(&text))
        }
    }
}

/// A key in one line: key, type, source, value.
fn line(setting: &Setting) -> String {
    let kind = setting.entry.format.name();
    format!("{}\t{kind}\t{}\t{}", setting.entry.key, setting.source.as_str(), shown(setting))
}

/// What may be seen of a value.
fn shown(setting: &Setting) -> String {
    match &setting.value {
        _ if setting.entry.is_secret() => "Hidden".to_owned(),
        None => String::new(),
        Some(Scalar::Boolean(truth)) => truth.to_string(),
        Some(Scalar::Integer(number)) => number.to_string(),
        Some(Scalar::Text(text)) => text.clone(),
    }
}
