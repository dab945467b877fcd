//! Invitations: a tenant's user becomes somebody who can sign in (row DA-D12).

use axum::extract::State;
use model::TenantId;
use runtime::{
    access::scope,
    documents::DocumentError,
    realm::accounts::{Account, address},
    users::{NewUser, User},
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    access::{Caller, Named, Principal},
    noted::Did,
};
use crate::{app::App, problem::Problem, realm};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(invite))
}

/// What became of an invitation.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Invitation {
    /// The account that signs in.
    account: String,
    /// Its address.
    email: String,
    /// Whether a letter went there.
    mailed: bool,
    /// To be passed on to them, where the server sends no letters: it is good once. Null when they have a
    /// password, or work with other tenants too.
    link: Option<String>,
    /// When the link stops being good; null when there is none.
    expires_at: Option<String>,
}

/// Invites a user who has an e-mail address to sign in: sends a letter with a link to choose a
/// password. Somebody who has an account signs in with it.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/users/{id}/invite", tag = "Users", operation_id = "inviteUser",
    params(("tenant" = String, Path, description = "The tenant"), ("id" = String, Path, description = "The user")),
    responses(
        (status = 200, description = "The invitation", body = Invitation),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["users:update"]))
)]
async fn invite(
    app: State<App>,
    caller: Caller<scope::UsersUpdate>,
    path: Named<(String, String)>,
) -> Result<axum::Json<Invitation>, Problem> {
    let user = app.users.need(caller.tenant(), &path.0.1).await?;
    // Whoever sees the link can sign in as them.
    caller.require_all(user.scopes(&app.roles.holdings(caller.tenant()).await?))?;
    Ok(axum::Json(send(&app, &caller, &user).await?))
}

/// Invites a user, and notes it. Whoever sees the answer can sign in as them: the caller holds all that they may do.
pub(super) async fn send(app: &App, caller: &Principal, user: &User) -> Result<Invitation, Problem> {
    let account = account_for(app, caller, user).await?;
    caller.note(app, Did::to("user.invited", &user.id)).await?;
    if account.has_password() {
        let (id, email) = (account.id, account.email);
        return Ok(Invitation { account: id, email, mailed: false, link: None, expires_at: None });
    }
    let delivered = realm::invite(app, &account, caller.tenant()).await?;
    let expires_at = (delivered.mailed || delivered.link.is_some()).then(|| delivered.expires_at.to_string());
    Ok(Invitation {
        account: account.id,
        email: account.email,
        mailed: delivered.mailed,
        link: delivered.link,
        expires_at,
    })
}

/// That somebody who is to be added can be invited: asked first, so that nobody is added who cannot.
pub(super) async fn refuse_unreachable(app: &App, tenant: &TenantId, new: &NewUser) -> Result<(), Problem> {
    let email = new.email.as_deref().or(new.name.as_deref()).unwrap_or_default();
    let email = address(email).map_err(|_| no_address())?;
    match app.realm.accounts.find(&email).await? {
        Some(account) => refuse_unproven(&account, tenant),
        None => Ok(()),
    }
}

/// The account of the user's address, as a member of the tenant.
async fn account_for(app: &App, caller: &Principal, user: &User) -> Result<Account, Problem> {
    let accounts = &app.realm.accounts;
    let email = user.address().ok_or_else(no_address)?;
    let account = match accounts.find(email).await? {
        Some(account) => account,
        None => match accounts.create(email, &name_of(user)).await {
            Ok(account) => account,
            // Somebody else invited them at the same moment.
            Err(DocumentError::Exists { .. }) => accounts.need(email).await?,
            Err(error) => return Err(error.into()),
        },
    };
    refuse_unproven(&account, caller.tenant())?;
    Ok(accounts.join(&account.id, caller.tenant(), &user.id).await?)
}

/// What the account is called: in full, where that is known. One without a name is called by its address.
fn name_of(user: &User) -> String {
    let parts = [user.first_name.as_deref(), user.last_name.as_deref()];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn no_address() -> Problem {
    let remedy = "Add a user with the e-mail address of the person.";
    Problem::invalid("email", "There is no e-mail address to which an invitation could go.", remedy)
}

fn refuse_unproven(account: &Account, tenant: &TenantId) -> Result<(), Problem> {
    let elsewhere = account.members.iter().any(|member| member.tenant != *tenant);
    // Whoever chose its password may have been another tenant's administrator, not the owner of the address.
    if elsewhere && account.has_password() && !account.email_verified {
        let remedy = "Ask whoever runs the server: `parlance account join` makes the account a user of this tenant.";
        let message = "There is an account of this address, and no letter ever reached it there.";
        return Err(Problem::invalid("email", message, remedy));
    }
    Ok(())
}
