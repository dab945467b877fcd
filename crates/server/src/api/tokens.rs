//! API tokens: several per user, named, with a lifetime, shown once (rows OD-P02 to OD-P05).

use axum::{extract::State, http::StatusCode};
use model::Timestamp;
use runtime::{
    access::{Change, Scope, Scopes, scope},
    tokens,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    access::{Caller, Json, Named, Principal},
    noted::Did,
    users::refuse_last,
};
use crate::{app::App, problem::Problem};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(revoke))
}

/// A token, without its secret.
#[derive(Debug, Serialize, ToSchema)]
struct Token {
    id: String,
    /// What it is for.
    name: String,
    /// Whose permissions it carries; null for the tenant's own.
    user: Option<String>,
    created_at: String,
    /// When it stops being good; null for never.
    expires_at: Option<String>,
    /// Whether that is past.
    expired: bool,
}

impl From<&tokens::Token> for Token {
    fn from(token: &tokens::Token) -> Self {
        Self {
            id: token.id.clone(),
            name: token.name.clone(),
            user: token.user.clone(),
            created_at: token.created_at.to_string(),
            expires_at: token.expires_at.map(|end| end.to_string()),
            expired: token.expired(Timestamp::now()),
        }
    }
}

/// Tokens of a tenant.
#[derive(Debug, Serialize, ToSchema)]
struct TokenList {
    tokens: Vec<Token>,
}

/// A token to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewToken {
    /// What it is for, at most 200 characters.
    #[serde(default)]
    #[schema(example = "nightly export")]
    name: String,
    /// Days after which it is no longer good, 1 to 36500; never when absent.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 36500)]
    expires_in_days: Option<u32>,
    /// Whose permissions it is to carry. Your own when absent; only administrators name others.
    #[serde(default)]
    user: Option<String>,
}

/// A token that was just made.
#[derive(Debug, Serialize, ToSchema)]
struct MadeToken {
    #[serde(flatten)]
    token: Token,
    /// What to send as `Authorization: Bearer …`. It is not shown again.
    secret: String,
}

/// Lists tokens: administrators see all of the tenant, others their own.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/tokens", tag = "Tokens", operation_id = "listTokens",
    params(("tenant" = String, Path, description = "The tenant")),
    responses(
        (status = 200, description = "The tokens", body = TokenList),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["tokens:read"]))
)]
async fn list(app: State<App>, caller: Caller<scope::TokensRead>) -> Result<axum::Json<TokenList>, Problem> {
    let tokens = app.tokens.list(caller.tenant()).await?;
    Ok(axum::Json(TokenList {
        tokens: tokens.iter().filter(|token| concerns(&caller, token)).map(Token::from).collect(),
    }))
}

/// Makes a token and shows its secret, this once.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/tokens", tag = "Tokens", operation_id = "createToken",
    params(("tenant" = String, Path, description = "The tenant")),
    request_body = NewToken,
    responses(
        (status = 201, description = "The token", body = MadeToken),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["tokens:create"]))
)]
async fn create(
    app: State<App>,
    caller: Caller<scope::TokensCreate>,
    new: Json<NewToken>,
) -> Result<(StatusCode, axum::Json<MadeToken>), Problem> {
    let NewToken { name, expires_in_days, user } = new.0;
    let own = caller.token().user.clone();
    let for_another = user.is_some() && user != own;
    if for_another {
        caller.require(Scope::UsersUpdate)?;
    }
    let user = match user.or(own) {
        Some(id) => Some(app.users.need(caller.tenant(), &id).await?),
        None => None,
    };
    // With a token of theirs one may do what they may, with one of the tenant's everything.
    caller.require_all(match &user {
        Some(user) => user.scopes(&app.roles.holdings(caller.tenant()).await?),
        None => Scopes::all(),
    })?;
    let end = match expires_in_days {
        None => None,
        Some(days @ 1..=36_500) => Some(Timestamp::from_seconds(Timestamp::now().seconds() + i64::from(days) * 86_400)),
        Some(_) => {
            let remedy = "Send 1 to 36500 days, or leave it out for a token that does not expire.";
            return Err(Problem::invalid("expires_in_days", "The value is not acceptable.", remedy));
        }
    };
    let (token, secret) = app.tokens.create_for(caller.tenant(), &name, end, user.as_ref()).await?;
    let token = Token::from(&token);
    caller.note(&app, Did::to("token.created", &token.id).after(&token)).await?;
    app.directory.reload().await?;
    Ok((StatusCode::CREATED, axum::Json(MadeToken { token, secret })))
}

/// Ends a token: the next call with it is refused.
#[utoipa::path(
    delete, path = "/api/v1/{tenant}/tokens/{id}", tag = "Tokens", operation_id = "revokeToken",
    params(("tenant" = String, Path, description = "The tenant"), ("id" = String, Path, description = "The token")),
    responses(
        (status = 204, description = "Ended"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["tokens:delete"]))
)]
async fn revoke(
    app: State<App>,
    caller: Caller<scope::TokensDelete>,
    path: Named<(String, String)>,
) -> Result<StatusCode, Problem> {
    let id = &path.0.1;
    let _one = app.people.lock().await;
    let token = app.tokens.need(caller.tenant(), id).await?;
    if !concerns(&caller, &token) {
        return Err(Problem::not_found("token", id));
    }
    refuse_last(&app, &caller, Change::TokenEnds(id)).await?;
    app.tokens.revoke(caller.tenant(), id).await?;
    caller.note(&app, Did::to("token.revoked", id).before(&Token::from(&token))).await?;
    app.directory.reload().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whether a token is the caller's business.
fn concerns(caller: &Principal, token: &tokens::Token) -> bool {
    caller.may(Scope::UsersUpdate) || (token.user.is_some() && token.user == caller.token().user)
}
