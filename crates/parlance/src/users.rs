//! `parlance user`: people of a tenant and what they may do.

use model::TenantId;
use runtime::{
    documents::DocumentError,
    users::{User, Users},
};
use serde_json::{Value, json};

use crate::{
    Failure,
    arguments::UserCommand,
    configuration::Configuration,
    manage::{documents, let_servers_notice, tenant_of},
    noted::Did,
};

pub(crate) async fn user(command: UserCommand, configuration: &Configuration) -> Result<(), Failure> {
    let store = documents(configuration).await?;
    let users = Users::new(&store);
    match command {
        UserCommand::Create { of, name, roles } => {
            let tenant = tenant_of(of, &store).await?;
            let user = users.add(&tenant, &name, roles).await?;
            Did::to("user.created", &user.id).after(state(&user)).note(&store, &tenant).await?;
            println!("{}", user.id);
        }
        UserCommand::List { of } => {
            for user in users.list(&tenant_of(of, &store).await?).await? {
                println!("{}\t{}\t{}\t{}", user.id, user.created_at, user.roles.join(","), user.name);
            }
            return Ok(());
        }
        UserCommand::Role { of, user, roles } => {
            let tenant = tenant_of(of, &store).await?;
            let before = user_of(&users, &tenant, &user).await?;
            let after = users.set_roles(&tenant, &before.id, roles).await?;
            let did = Did::to("user.updated", &before.id).before(state(&before)).after(state(&after));
            did.note(&store, &tenant).await?;
        }
        UserCommand::Delete { of, user } => {
            let tenant = tenant_of(of, &store).await?;
            let before = user_of(&users, &tenant, &user).await?;
            users.delete(&tenant, &before.id).await?;
            Did::to("user.deleted", &before.id).before(state(&before)).note(&store, &tenant).await?;
        }
    }
    let_servers_notice().await;
    Ok(())
}

/// What the audit log says of somebody.
pub(crate) fn state(user: &User) -> Value {
    json!({ "id": user.id, "name": user.name, "roles": user.roles })
}

/// Somebody by id or by name. The id first, so that nobody takes the place of somebody else with a name.
pub(crate) async fn user_of(users: &Users, tenant: &TenantId, id_or_name: &str) -> Result<User, DocumentError> {
    match users.need(tenant, id_or_name).await {
        Err(missing @ DocumentError::NotFound { .. }) => users.find(tenant, id_or_name).await?.ok_or(missing),
        known => known,
    }
}
