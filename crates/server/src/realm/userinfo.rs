//! Userinfo (OpenID Connect Core §5.3): what a client may know of whoever signed in.

use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use runtime::realm::access::Profile;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    exchange,
    refusal::{OauthError, OauthRefusal},
};
use crate::app::{App, Shared, bearer};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get, post))
}

/// Whoever signed in, as the token's scope allows.
#[derive(Debug, Serialize, ToSchema)]
struct UserInfo {
    sub: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preferred_username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_verified: Option<bool>,
}

/// Tells who signed in; the bearer is a user's access token with the scope `openid`.
#[utoipa::path(
    get, path = "/realms/dial-ai/protocol/openid-connect/userinfo", tag = "Realm", operation_id = "getUserInfo",
    responses(
        (status = 200, description = "Whoever signed in", body = UserInfo),
        (status = "default", description = "Refused", body = OauthError),
    ),
    security(("realm_token" = []))
)]
async fn get(app: State<App>, headers: HeaderMap) -> Result<Response, OauthRefusal> {
    info(&app, &headers).await
}

/// The same by POST, with the token in the header.
#[utoipa::path(
    post, path = "/realms/dial-ai/protocol/openid-connect/userinfo", tag = "Realm", operation_id = "postUserInfo",
    responses(
        (status = 200, description = "Whoever signed in", body = UserInfo),
        (status = "default", description = "Refused", body = OauthError),
    ),
    security(("realm_token" = []))
)]
async fn post(app: State<App>, headers: HeaderMap) -> Result<Response, OauthRefusal> {
    info(&app, &headers).await
}

async fn info(app: &Shared, headers: &HeaderMap) -> Result<Response, OauthRefusal> {
    let token = bearer(headers).ok_or_else(OauthRefusal::bearer)?;
    let claims = exchange::user_token(app, token).await?.ok_or_else(OauthRefusal::bearer)?;
    if !claims.scope.split(' ').any(|scope| scope == "openid") {
        return Err(OauthRefusal::scope("openid"));
    }
    let account = app.realm.accounts.get(&claims.sub).await?.ok_or_else(OauthRefusal::bearer)?;
    let Profile { name, preferred_username, email, email_verified } = Profile::within(&account, &claims.scope);
    let info = UserInfo { sub: account.id, name, preferred_username, email, email_verified };
    Ok(([(header::CACHE_CONTROL, "no-store")], axum::Json(info)).into_response())
}
