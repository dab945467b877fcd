//! `parlance account`, `client` and `realm`: who signs in, through which program.

use std::io::{Read, stdin};

use model::TenantId;
use runtime::{
    realm::{
        Realm,
        accounts::Account,
        clients::{Client, ClientKind},
        password,
    },
    tenants::Tenants,
    users::{Role, Users},
};
use serde_json::{Value, json};
use store::Store;

use crate::{
    Failure,
    arguments::{AccountCommand, ClientCommand, RealmCommand},
    configuration::Configuration,
    manage::{documents, let_servers_notice, tenant_of},
    noted::Did,
    users,
};

pub(crate) async fn account(command: AccountCommand, configuration: &Configuration) -> Result<(), Failure> {
    let store = documents(configuration).await?;
    let realm = Realm::new(&store);
    match command {
        AccountCommand::Create { email, name, tenant, role } => {
            // First what may fail: an account that is made is in its tenant.
            let tenant = match tenant {
                Some(tenant) => Some(Tenants::new(&store).need(&tenant).await?.id),
                None => None,
            };
            let account = realm.accounts.create(&email, &name).await?;
            if let Some(tenant) = tenant {
                join(&store, &realm, &account, &tenant, role).await?;
            }
            println!("{}", account.id);
        }
        AccountCommand::Join { of, email, role } => {
            let tenant = tenant_of(of, &store).await?;
            let account = realm.accounts.need(&email).await?;
            println!("{}", join(&store, &realm, &account, &tenant, role).await?);
        }
        AccountCommand::Password { email } => {
            let account = realm.accounts.need(&email).await?;
            realm.change_password(&account.id, &typed()?).await?;
            note(&store, &account, &Did::to("account.password_changed", &account.id)).await?;
        }
        AccountCommand::ResetSecondFactor { email } => {
            let account = realm.accounts.need(&email).await?;
            realm.accounts.remove_second_factor(&account.id).await?;
            note(&store, &account, &Did::to("account.second_factor_removed", &account.id)).await?;
        }
        AccountCommand::List => {
            for account in realm.accounts.list().await? {
                println!("{}", line(&account));
            }
            return Ok(());
        }
        AccountCommand::Delete { email } => {
            let account = realm.accounts.need(&email).await?;
            realm.sign_out_everywhere(&account.id).await?;
            realm.accounts.delete(&account.id).await?;
            let did = Did::to("account.deleted", &account.id).before(json!({ "email": account.email }));
            note(&store, &account, &did).await?;
        }
    }
    let_servers_notice().await;
    Ok(())
}

/// Makes the account a user of the tenant; one of that name that is there is taken. Answers its id.
async fn join(
    store: &Store,
    realm: &Realm,
    account: &Account,
    tenant: &TenantId,
    role: Role,
) -> Result<String, Failure> {
    let users = Users::new(store);
    let user = match users.find(tenant, &account.email).await? {
        Some(user) => user,
        None => {
            let user = users.create(tenant, &account.email, role).await?;
            Did::to("user.created", &user.id).after(users::state(&user)).note(store, tenant).await?;
            user
        }
    };
    realm.accounts.join(&account.id, tenant, &user.id).await?;
    let joined = json!({ "account": account.id, "email": account.email });
    Did::to("user.joined", &user.id).after(joined).note(store, tenant).await?;
    Ok(user.id)
}

/// Notes what was done to an account, in the log of each tenant that it works with.
async fn note(store: &Store, account: &Account, did: &Did) -> Result<(), Failure> {
    for member in &account.members {
        did.clone().note(store, &member.tenant).await?;
    }
    Ok(())
}

fn line(account: &Account) -> String {
    let tenants: Vec<&str> = account.members.iter().map(|member| member.tenant.as_str()).collect();
    let password = if account.has_password() { "password" } else { "no password" };
    let factor = if account.has_second_factor() { "second factor" } else { "no second factor" };
    format!("{}\t{}\t{password}\t{factor}\t{}", account.id, account.email, tenants.join(" "))
}

/// A password without the line end that `echo` puts at its end.
fn typed() -> Result<String, Failure> {
    let mut text = String::new();
    let most = u64::try_from(password::LONGEST * 4 + 2)?;
    stdin().lock().take(most).read_to_string(&mut text)?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
}

pub(crate) async fn client(command: ClientCommand, configuration: &Configuration) -> Result<(), Failure> {
    let store = documents(configuration).await?;
    let clients = Realm::new(&store).clients;
    match command {
        ClientCommand::Create { of, id, name, redirect_uri, post_logout_redirect_uri, scope } => {
            if scope.is_empty() {
                let client = clients.create_public(&id, &name, redirect_uri, post_logout_redirect_uri).await?;
                note_client(&store, &client, Did::to("client.created", &id).after(state(&client))).await?;
                println!("{id}");
            } else {
                let tenant = tenant_of(of, &store).await?;
                let (client, secret) = clients.create_service(&id, &name, &tenant, scope).await?;
                note_client(&store, &client, Did::to("client.created", &id).after(state(&client))).await?;
                println!("{secret}");
            }
        }
        ClientCommand::List => {
            for client in clients.list().await? {
                println!("{}", described(&client));
            }
            return Ok(());
        }
        ClientCommand::Delete { id } => {
            let before = clients.get(&id).await?;
            clients.delete(&id).await?;
            if let Some(before) = before {
                note_client(&store, &before, Did::to("client.deleted", &id).before(state(&before))).await?;
            }
        }
    }
    let_servers_notice().await;
    Ok(())
}

/// Notes what was done to a client: a tenant's service account is its own, a program that signs people in everybody's.
async fn note_client(store: &Store, client: &Client, did: Did) -> Result<(), Failure> {
    match &client.kind {
        ClientKind::Public { .. } => did.note_everywhere(store).await?,
        ClientKind::Service { tenant, .. } => did.note(store, tenant).await?,
    }
    Ok(())
}

/// What the audit log says of a client.
fn state(client: &Client) -> Value {
    match &client.kind {
        ClientKind::Public { redirect_uris, post_logout_redirect_uris } => json!({
            "id": client.id,
            "name": client.name,
            "redirect_uris": redirect_uris,
            "post_logout_redirect_uris": post_logout_redirect_uris,
        }),
        ClientKind::Service { scopes, .. } => json!({ "id": client.id, "name": client.name, "scopes": scopes }),
    }
}

fn described(client: &Client) -> String {
    let (kind, more) = match &client.kind {
        ClientKind::Public { redirect_uris, .. } => ("public".to_owned(), redirect_uris.join(" ")),
        ClientKind::Service { tenant, scopes, .. } => (format!("service of {tenant}"), scopes.join(" ")),
    };
    format!("{}\t{kind}\t{more}\t{}", client.id, client.name)
}

pub(crate) async fn realm(command: RealmCommand, configuration: &Configuration) -> Result<(), Failure> {
    let store = documents(configuration).await?;
    match command {
        RealmCommand::RotateKey => {
            Realm::new(&store).keys.rotate().await?;
            Did::what("realm.key_rotated").note_everywhere(&store).await?;
        }
    }
    let_servers_notice().await;
    Ok(())
}
