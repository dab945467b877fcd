//! Revocation (RFC 7009): a token of the calling client ends, with the grant that it comes from. A token that
//! is not good, or another client's, is answered like one that has ended.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    client_auth, exchange,
    parameters::Form,
    refusal::{OauthError, OauthRefusal},
    schema::RevocationRequest,
};
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(revoke))
}

/// Ends a refresh token, or a user's access token, and the grant behind it.
#[utoipa::path(
    post, path = "/realms/dial-ai/protocol/openid-connect/revoke", tag = "Realm", operation_id = "revokeRealmToken",
    request_body(content = RevocationRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "It is good no longer, if it ever was"),
        (status = "default", description = "Refused", body = OauthError),
    )
)]
async fn revoke(app: State<App>, form: Form) -> Result<Response, OauthRefusal> {
    let Form { headers, parameters } = form;
    let client = client_auth::need(&app, &headers, &parameters).await?;
    let Some(token) = parameters.get("token")? else {
        return Err(OauthRefusal::request("token is missing"));
    };
    let grant = match app.realm.grants.of_token(token).await? {
        Some(grant) => Some(grant),
        None => match exchange::user_token(&app, token).await?.and_then(|claims| claims.grant) {
            Some(grant) => app.realm.grants.get(&grant).await?,
            None => None,
        },
    };
    if let Some(grant) = grant.filter(|grant| grant.client == client.id) {
        app.realm.grants.revoke(&grant.id).await?;
    }
    Ok([(header::CACHE_CONTROL, "no-store")].into_response())
}
