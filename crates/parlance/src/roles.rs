//! `parlance role`: bundles of scopes, those that every tenant has and those that it made (rows DA-D19 to DA-D22).

use model::TenantId;
use runtime::{
    access::{self, BuiltIn, NewRole, Roles, Scopes},
    documents::DocumentError,
    users::Users,
};
use serde_json::{Value, json};

use crate::{
    Failure,
    arguments::RoleCommand,
    configuration::Configuration,
    manage::{documents, let_servers_notice, tenant_of},
    noted::Did,
};

pub(crate) async fn role(command: RoleCommand, configuration: &Configuration) -> Result<(), Failure> {
    let store = documents(configuration).await?;
    let roles = Roles::new(&store);
    match command {
        RoleCommand::List { of } => {
            for role in all(&roles, &tenant_of(of, &store).await?).await? {
                println!("{}", role.line());
            }
            return Ok(());
        }
        RoleCommand::Show { of, role } => {
            let role = found(&roles, &tenant_of(of, &store).await?, &role).await?;
            let lines = [vec![role.line()], role.scopes.names()].concat();
            crate::print(&(lines.join("\n") + "\n"))?;
            return Ok(());
        }
        RoleCommand::Create { of, name, description, scopes } => {
            let tenant = tenant_of(of, &store).await?;
            let role = roles.create(&tenant, NewRole { name, description, scopes }).await?;
            Did::to("role.created", &role.id).after(state(&role)).note(&store, &tenant).await?;
            println!("{}", role.id);
        }
        RoleCommand::Set { of, role, name, description, scopes } => {
            let tenant = tenant_of(of, &store).await?;
            let before = own(&roles, &tenant, &role).await?;
            if name.is_none() && description.is_none() && scopes.is_empty() {
                return Err("say what is to be changed: give --name, --description or --scope".into());
            }
            let new = NewRole {
                name: name.unwrap_or_else(|| before.name.clone()),
                description: description.unwrap_or_else(|| before.description.clone()),
                scopes: if scopes.is_empty() { before.scopes.names() } else { scopes },
            };
            let after = roles.replace(&tenant, &before.id, new).await?;
            let did = Did::to("role.updated", &before.id).before(state(&before)).after(state(&after));
            did.note(&store, &tenant).await?;
        }
        RoleCommand::Delete { of, role } => {
            let tenant = tenant_of(of, &store).await?;
            let before = own(&roles, &tenant, &role).await?;
            let users = Users::new(&store).list(&tenant).await?;
            roles.delete(&tenant, &before.id, &users).await?;
            Did::to("role.deleted", &before.id).before(state(&before)).note(&store, &tenant).await?;
        }
    }
    let_servers_notice().await;
    Ok(())
}

/// A role as it is shown.
struct Shown {
    id: String,
    name: String,
    built_in: bool,
    scopes: Scopes,
}

impl Shown {
    /// In one line: id, whose it is, how many scopes it has, name.
    fn line(&self) -> String {
        let whose = if self.built_in { "built in" } else { "own" };
        format!("{}\t{whose}\t{}\t{}", self.id, self.scopes.len(), self.name)
    }
}

impl From<BuiltIn> for Shown {
    fn from(role: BuiltIn) -> Self {
        Self { id: role.as_str().to_owned(), name: role.name().to_owned(), built_in: true, scopes: role.scopes() }
    }
}

impl From<access::Role> for Shown {
    fn from(role: access::Role) -> Self {
        Self { id: role.id, name: role.name, built_in: false, scopes: role.scopes }
    }
}

/// What is built in first, then the tenant's own, oldest first.
async fn all(roles: &Roles, tenant: &TenantId) -> Result<Vec<Shown>, DocumentError> {
    let own = roles.list(tenant).await?.into_iter().map(Shown::from);
    Ok(BuiltIn::ALL.into_iter().map(Shown::from).chain(own).collect())
}

/// A role by id or by name. The id first, so that no role takes the place of another one with its name.
async fn found(roles: &Roles, tenant: &TenantId, id_or_name: &str) -> Result<Shown, DocumentError> {
    let mut all = all(roles, tenant).await?;
    let name = id_or_name.trim().to_lowercase();
    let index = all.iter().position(|role| role.id == id_or_name);
    match index.or_else(|| all.iter().position(|role| role.name.to_lowercase() == name)) {
        Some(index) => Ok(all.swap_remove(index)),
        None => Err(DocumentError::NotFound { kind: "role", id: id_or_name.to_owned() }),
    }
}

/// A role that can be changed.
async fn own(roles: &Roles, tenant: &TenantId, id_or_name: &str) -> Result<access::Role, Failure> {
    let role = found(roles, tenant, id_or_name).await?;
    if role.built_in {
        return Err(format!(
            "the role `{}` is built in and stays as it is: make one of your own with `parlance role create`",
            role.id
        )
        .into());
    }
    Ok(roles.need(tenant, &role.id).await?)
}

/// What the audit log says of a role.
fn state(role: &access::Role) -> Value {
    json!({ "id": role.id, "name": role.name, "description": role.description, "scopes": role.scopes.names() })
}
