//! What is stored of a contact, and erasing it: by itself, or beside a running server.
//!
//! The server alone writes conversations. Beside it a command reads, and leaves a note of what is to be
//! erased; the server finds the note and takes it away when it is done.

use std::time::{Duration, Instant};

use model::{ContactId, TenantId};
use runtime::{Runtime, RuntimeOptions, contacts::Contacts, erasure::Erasures};
use store::{Store, StoreError, StoreOptions};

use crate::{Failure, arguments::ContactCommand, configuration::Configuration, manage::tenant_of, noted::Did};

/// How long a command waits for the server to erase a contact.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often it looks.
const LOOK: Duration = Duration::from_millis(50);
/// A server has what was said a moment ago in its tables by then.
const SETTLED: Duration = Duration::from_millis(150);

/// Who writes the conversations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writer {
    ThisCommand,
    Server,
}

/// What is stored of conversations, and who writes it.
pub(crate) async fn conversations(configuration: &Configuration) -> Result<(Store, Writer), Failure> {
    match Store::open(&configuration.data_dir, StoreOptions::default()).await {
        Ok(store) => Ok((store.with_secret_keys(configuration.secret_keys()), Writer::ThisCommand)),
        Err(StoreError::InUse { .. }) => {
            tokio::time::sleep(SETTLED).await;
            let store = Store::open_beside(&configuration.data_dir).await?;
            Ok((store.with_secret_keys(configuration.secret_keys()), Writer::Server))
        }
        Err(error) => Err(error.into()),
    }
}

pub(crate) async fn contact(command: ContactCommand, configuration: &Configuration) -> Result<(), Failure> {
    let (store, writer) = conversations(configuration).await?;
    let outcome = match command {
        ContactCommand::Export { of, contact } => match tenant_of(of, &store).await {
            Ok(tenant) => export(&store, &tenant, &contact).await,
            Err(failure) => Err(failure),
        },
        ContactCommand::Erase { of, contact } => match (tenant_of(of, &store).await, writer) {
            (Ok(tenant), Writer::ThisCommand) => erase_here(&store, configuration, &tenant, &contact).await,
            (Ok(tenant), Writer::Server) => erase_there(&store, &tenant, &contact).await,
            (Err(failure), _) => Err(failure),
        },
    };
    store.shutdown().await?;
    outcome
}

async fn export(store: &Store, tenant: &TenantId, contact: &ContactId) -> Result<(), Failure> {
    let export = Contacts::new(store).export(tenant, contact).await?;
    crate::print(&(serde_json::to_string_pretty(&export)? + "\n"))?;
    Ok(())
}

async fn erase_here(
    store: &Store,
    configuration: &Configuration,
    tenant: &TenantId,
    contact: &ContactId,
) -> Result<(), Failure> {
    let runtime = Runtime::start(store.clone(), RuntimeOptions::in_data_dir(&configuration.data_dir));
    let erased = runtime.erase_contact(tenant, contact).await;
    runtime.shutdown(Duration::from_millis(configuration.shutdown_timeout_ms)).await;
    if !erased? {
        return Err(unknown(contact));
    }
    // Without whom: nothing of them is to be left.
    Did::what("contact.erased").note(store, tenant).await?;
    println!("erased");
    Ok(())
}

async fn erase_there(store: &Store, tenant: &TenantId, contact: &ContactId) -> Result<(), Failure> {
    if !Contacts::new(store).is_known(tenant, contact).await? {
        return Err(unknown(contact));
    }
    let erasures = Erasures::new(store);
    let erasure = erasures.note(tenant, contact).await?;
    let until = Instant::now() + PATIENCE;
    while erasures.is_open(tenant, erasure).await? {
        if Instant::now() > until {
            let seconds = PATIENCE.as_secs();
            return Err(format!(
                "the server did not finish within {seconds} s: it goes on, and at its next start if need be; \
                 its log names the erasure {erasure} when it is done"
            )
            .into());
        }
        tokio::time::sleep(LOOK).await;
    }
    Did::what("contact.erased").note(store, tenant).await?;
    println!("erased");
    Ok(())
}

fn unknown(contact: &ContactId) -> Failure {
    format!("there is no contact `{contact}`").into()
}
