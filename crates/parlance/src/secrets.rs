//! `parlance secret`: values go in, and never come out.

use std::{
    fs::File,
    io::{Read, stdin},
    path::Path,
};

use runtime::{
    agents::Agents,
    secrets::{Content, LONGEST_VALUE, NewSecret, Rotation, Secret, SecretValue, Secrets, rotate_key},
};
use serde_json::{Value, json};
use store::SecretKeys;

use crate::{
    Failure,
    arguments::SecretCommand,
    configuration::Configuration,
    manage::{documents, let_servers_notice, tenant_of},
    noted::Did,
};

pub(crate) async fn secret(command: SecretCommand, configuration: &Configuration) -> Result<(), Failure> {
    let store = documents(configuration).await?;
    let secrets = Secrets::new(&store);
    match command {
        SecretCommand::Set { of, name, file, certificate, password } => {
            let tenant = tenant_of(of, &store).await?;
            let new = match (certificate, file) {
                (Some(path), _) => NewSecret::Certificate {
                    file: SecretValue::new(read(&path)?),
                    file_name: path.file_name().map(|name| name.to_string_lossy().into_owned()),
                    password,
                },
                (None, Some(path)) => text(read(&path)?),
                (None, None) => text(bounded(stdin().lock(), "standard input")?),
            };
            let before =
                if secrets.has(&tenant, &name).await? { Some(secrets.need(&tenant, &name).await?) } else { None };
            let secret = secrets.put(&tenant, &name, new).await?;
            let mut did = Did::to("secret.updated", &name).after(state(&secret));
            if let Some(before) = &before {
                did = did.before(state(before));
            }
            did.note(&store, &tenant).await?;
            println!("{}", line(&secret));
        }
        SecretCommand::List { of } => {
            for secret in secrets.list(&tenant_of(of, &store).await?).await? {
                println!("{}", line(&secret));
            }
            return Ok(());
        }
        SecretCommand::RotateKey => {
            let Rotation { key, new_key, resealed } = rotate_key(&store).await?;
            Did::what("secret.key_rotated").after(json!({ "sealing_key": key })).note_everywhere(&store).await?;
            match (store.secret_keys(), new_key, resealed) {
                (SecretKeys::Given(_), _, 0) => {
                    println!("everything is sealed with the key {key}; to change it, put another one in front of it");
                }
                (SecretKeys::Given(_), ..) => println!("{resealed} sealed with the key {key}, the first that is given"),
                (SecretKeys::File(_), true, _) => println!("{resealed} sealed with the new key {key}"),
                (SecretKeys::File(_), false, _) => {
                    println!("{resealed} more sealed with the key {key}: a rotation that was interrupted is finished");
                }
            }
        }
        SecretCommand::Delete { of, name } => {
            let tenant = tenant_of(of, &store).await?;
            let before = secrets.need(&tenant, &name).await?;
            secrets.delete(&tenant, &name, &Agents::new(&store)).await?;
            Did::to("secret.deleted", &name).before(state(&before)).note(&store, &tenant).await?;
        }
    }
    let_servers_notice().await;
    Ok(())
}

/// What the audit log says of a secret.
fn state(secret: &Secret) -> Value {
    json!({ "name": secret.name, "type": secret.content.type_name() })
}

/// What may be seen of a secret, in one line.
fn line(secret: &Secret) -> String {
    let (name, kind, at) = (&secret.name, secret.content.type_name(), secret.updated_at);
    match &secret.content {
        Content::String => format!("{name}\t{kind}\t{at}"),
        Content::Certificate(of) => {
            format!("{name}\t{kind}\t{at}\t{}\t{}\t{}", of.not_after, of.fingerprint, of.subject)
        }
    }
}

fn text(bytes: Vec<u8>) -> NewSecret {
    NewSecret::String(SecretValue::new(without_line_end(bytes)))
}

/// Without the line end that editors and `echo` put at the end of a text.
fn without_line_end(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.ends_with(b"\n") {
        bytes.pop();
        if bytes.ends_with(b"\r") {
            bytes.pop();
        }
    }
    bytes
}

/// A value that is not typed on the command line: from a file, else from standard input.
pub(crate) fn unseen(file: Option<&Path>) -> Result<Vec<u8>, Failure> {
    let bytes = match file {
        Some(path) => read(path)?,
        None => bounded(stdin().lock(), "standard input")?,
    };
    Ok(without_line_end(bytes))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    bounded(file, &path.display().to_string())
}

/// All of what is read, unless it is longer than any secret: then enough of it to be refused.
fn bounded(source: impl Read, name: &str) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    // A line end at the end of the longest value still fits.
    let room = LONGEST_VALUE as u64 + 3;
    source.take(room).read_to_end(&mut bytes).map_err(|error| format!("{name}: {error}"))?;
    Ok(bytes)
}
