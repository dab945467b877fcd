//! Adding many people at once from a CSV file (row DA-D13).

use std::collections::HashMap;

use axum::{body::Body, extract::State};
use futures_util::future::join_all;
use runtime::{
    access::{BuiltIn, Scopes, scope},
    documents::DocumentError,
    users::{self, sheet},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    access::{Asked, Caller, Principal},
    invitations::{self, Invitation},
    noted::Did,
    user_forms::User,
};
use crate::{
    app::App,
    intake::{self, IntakeError},
    problem::{FieldProblem, Problem},
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(import))
}

/// Most bytes of a file.
const LARGEST_FILE: usize = 1 << 20;
/// Letters that are on their way at once.
const LETTERS: usize = 8;

/// What became of a file.
#[derive(Debug, Serialize, ToSchema)]
struct ImportReport {
    /// Those who were added, in the order of the file.
    created: Vec<ImportedUser>,
    /// Lines that were not followed, in the order of the file.
    refused: Vec<RefusedLine>,
}

/// Somebody who was added.
#[derive(Debug, Serialize, ToSchema)]
struct ImportedUser {
    /// Where in the file; the head is line 1.
    line: u64,
    user: User,
    /// What became of their invitation; null when they were not invited.
    invitation: Option<Invitation>,
}

/// A line that was not followed.
#[derive(Debug, Serialize, ToSchema)]
struct RefusedLine {
    /// Where in the file; the head is line 1.
    line: u64,
    /// What is wrong with it.
    errors: Vec<FieldProblem>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Importing {
    /// Whether those with an `email` are invited.
    #[serde(default = "yes")]
    invite: bool,
}

const fn yes() -> bool {
    true
}

/// Adds the people of a CSV file (UTF-8, with commas or semicolons), at most 500. Its head names columns: `roles`, and
/// `email` or `name`; if wanted `first_name`, `last_name`, `csr`, `skills`, `voice_calls`, `max_chats`, `max_emails`,
/// `mobile_number` and `sip_destination`. Several `roles` (ids or names) and `skills` have `|` between them. Lines that
/// are good are followed, the others are reported.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/users/import", tag = "Users", operation_id = "importUsers",
    params(("tenant" = String, Path, description = "The tenant"), Importing),
    request_body(content = String, content_type = "text/csv", description = "The file"),
    responses(
        (status = 200, description = "What became of each line", body = ImportReport),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["users:create"]))
)]
async fn import(
    app: State<App>,
    caller: Caller<scope::UsersCreate>,
    importing: Asked<Importing>,
    body: Body,
) -> Result<axum::Json<ImportReport>, Problem> {
    let file = intake::bytes(body, LARGEST_FILE, app.options.body_timeout).await.map_err(|error| match error {
        IntakeError::TooLarge(limit) => Problem::too_large(limit),
        IntakeError::Incomplete | IntakeError::NotJson => Problem::slow_body(),
    })?;
    let lines = sheet::read(&file)?;
    let (mut added, mut refused) = (Vec::new(), Vec::new());
    let one = app.people.lock().await;
    let import = Import {
        app: &app,
        caller: &caller,
        invite: importing.0.invite,
        roles: role_names(&app, &caller).await?,
        holdings: app.roles.holdings(caller.tenant()).await?,
    };
    for sheet::Line { number, user } in lines {
        match import.follow(user).await? {
            Ok(user) => added.push((number, user)),
            Err(errors) => refused.push(RefusedLine { line: number, errors }),
        }
    }
    app.directory.reload().await?;
    // Letters take their time; nobody waits for them who changes somebody else.
    drop(one);
    let created = import.invited(added).await?;
    Ok(axum::Json(ImportReport { created, refused }))
}

/// Somebody who was added, and whether they are to be invited.
struct Added {
    user: users::User,
    invite: bool,
}

/// What lines are followed with.
struct Import<'a> {
    app: &'a App,
    caller: &'a Principal,
    invite: bool,
    /// Ids of roles by what people call them.
    roles: HashMap<String, String>,
    holdings: HashMap<String, Scopes>,
}

impl Import<'_> {
    /// Adds the user of a line, or says what is wrong with it.
    async fn follow(
        &self,
        user: Result<users::NewUser, DocumentError>,
    ) -> Result<Result<Added, Vec<FieldProblem>>, Problem> {
        let (app, caller) = (self.app, self.caller);
        let mut new = match user {
            Ok(new) => new,
            Err(error) => return Problem::from(error).into_places().map(Err),
        };
        for role in &mut new.roles {
            if let Some(id) = self.roles.get(&role.to_lowercase()) {
                role.clone_from(id);
            }
        }
        let given = new.roles.iter().filter_map(|role| self.holdings.get(role));
        if caller.require_all(given.fold(Scopes::default(), |all, held| all.and(*held))).is_err() {
            let (message, remedy) = ("A role holds more than you may.", "Name roles that hold nothing which you lack.");
            return Ok(Err(vec![place("roles", message, remedy)]));
        }
        let invite = self.invite && new.email.is_some();
        if invite && let Err(problem) = invitations::refuse_unreachable(app, caller.tenant(), &new).await {
            return problem.into_places().map(Err);
        }
        let added = match app.users.enter(caller.tenant(), new).await {
            Ok(added) => added,
            Err(error @ DocumentError::Exists { .. }) => {
                let remedy = "Leave the line out, or write another name and e-mail address.";
                return Ok(Err(vec![place("line", &error.to_string(), remedy)]));
            }
            Err(error) => return Problem::from(error).into_places().map(Err),
        };
        let user = User::from(added.clone());
        caller.note(app, Did::to("user.created", &user.id).after(&user)).await?;
        Ok(Ok(Added { user: added, invite }))
    }

    /// Invites those who were added, some at a time.
    async fn invited(&self, added: Vec<(u64, Added)>) -> Result<Vec<ImportedUser>, Problem> {
        let mut invitations = Vec::with_capacity(added.len());
        for some in added.chunks(LETTERS) {
            let mut letters = Vec::with_capacity(some.len());
            for (_, added) in some {
                letters.push(self.invitation(added));
            }
            invitations.extend(join_all(letters).await);
        }
        let mut created = Vec::with_capacity(added.len());
        for ((line, Added { user, .. }), invitation) in added.into_iter().zip(invitations) {
            created.push(ImportedUser { line, user: user.into(), invitation: invitation? });
        }
        Ok(created)
    }

    async fn invitation(&self, added: &Added) -> Result<Option<Invitation>, Problem> {
        if !added.invite {
            return Ok(None);
        }
        invitations::send(self.app, self.caller, &added.user).await.map(Some)
    }
}

/// Ids of roles by their names in small letters.
async fn role_names(app: &App, caller: &Principal) -> Result<HashMap<String, String>, Problem> {
    let built_in = BuiltIn::ALL.into_iter().map(|role| (role.name().to_lowercase(), role.as_str().to_owned()));
    let own = app.roles.list(caller.tenant()).await?.into_iter().map(|role| (role.name.to_lowercase(), role.id));
    Ok(built_in.chain(own).collect())
}

fn place(field: &str, message: &str, remedy: &str) -> FieldProblem {
    FieldProblem { field: field.to_owned(), message: message.to_owned(), remedy: remedy.to_owned() }
}
