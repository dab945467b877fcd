//! `parlance user`: people of a tenant and what they may do.

use model::TenantId;
use runtime::{
    documents::DocumentError,
    users::{User, Users},
};

use crate::{
    Failure,
    arguments::UserCommand,
    configuration::Configuration,
    manage::{documents, let_servers_notice, tenant_of},
};

pub(crate) async fn user(command: UserCommand, configuration: &Configuration) -> Result<(), Failure> {
    let store = documents(configuration).await?;
    let users = Users::new(&store);
    match command {
        UserCommand::Create { of, name, roles } => {
            println!("{}", users.add(&tenant_of(of, &store).await?, &name, roles).await?.id);
        }
        UserCommand::List { of } => {
            for user in users.list(&tenant_of(of, &store).await?).await? {
                println!("{}\t{}\t{}\t{}", user.id, user.created_at, user.roles.join(","), user.name);
            }
            return Ok(());
        }
        UserCommand::Role { of, user, roles } => {
            let tenant = tenant_of(of, &store).await?;
            users.set_roles(&tenant, &user_of(&users, &tenant, &user).await?.id, roles).await?;
        }
        UserCommand::Delete { of, user } => {
            let tenant = tenant_of(of, &store).await?;
            users.delete(&tenant, &user_of(&users, &tenant, &user).await?.id).await?;
        }
    }
    let_servers_notice().await;
    Ok(())
}

/// Somebody by id or by name. The id first, so that nobody takes the place of somebody else with a name.
pub(crate) async fn user_of(users: &Users, tenant: &TenantId, id_or_name: &str) -> Result<User, DocumentError> {
    match users.need(tenant, id_or_name).await {
        Err(missing @ DocumentError::NotFound { .. }) => users.find(tenant, id_or_name).await?.ok_or(missing),
        known => known,
    }
}
