//! The token endpoint (RFC 6749 §3.2): a code, a refresh token, a client's own secret or a user's token for
//! a token.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use model::Timestamp;
use runtime::realm::{
    access::{AccessClaims, IdClaims, Profile, SERVICE_TOKEN_SECONDS, USER_TOKEN_SECONDS},
    accounts::Account,
    clients::{Client, ClientKind},
    codes::Redeemed,
    grants::{Grant, Granted, Grants, Refreshed},
    keys::TokenType,
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    active, client_auth, exchange, issuer,
    parameters::{Form, Parameters},
    refusal::{OauthError, OauthRefusal},
    schema::TokenRequest,
};
use crate::app::{App, Shared};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(token))
}

/// Tokens.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TokenAnswer {
    pub(super) access_token: String,
    /// `Bearer`.
    pub(super) token_type: &'static str,
    /// Seconds for which the access token is good.
    pub(super) expires_in: i64,
    /// What the access token allows, with spaces between.
    pub(super) scope: String,
    /// Good once; the next one comes with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id_token: Option<String>,
    /// After an exchange (RFC 8693 §2.2.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) issued_token_type: Option<&'static str>,
}

impl TokenAnswer {
    pub(super) fn bearer(access_token: String, expires_in: i64, scope: String) -> Self {
        Self {
            access_token,
            token_type: "Bearer",
            expires_in,
            scope,
            refresh_token: None,
            id_token: None,
            issued_token_type: None,
        }
    }
}

impl IntoResponse for TokenAnswer {
    fn into_response(self) -> Response {
        let headers = [(header::CACHE_CONTROL, "no-store"), (header::PRAGMA, "no-cache")];
        (headers, axum::Json(self)).into_response()
    }
}

/// Gives tokens.
#[utoipa::path(
    post, path = "/realms/dial-ai/protocol/openid-connect/token", tag = "Realm", operation_id = "issueToken",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "Tokens", body = TokenAnswer),
        (status = "default", description = "Refused", body = OauthError),
    )
)]
async fn token(app: State<App>, form: Form) -> Result<TokenAnswer, OauthRefusal> {
    let Form { headers, parameters } = form;
    match parameters.get("grant_type")? {
        Some("authorization_code") => {
            by_code(&app, &client_auth::need(&app, &headers, &parameters).await?, &parameters).await
        }
        Some("refresh_token") => {
            by_refresh_token(&app, &client_auth::need(&app, &headers, &parameters).await?, &parameters).await
        }
        Some("client_credentials") => {
            by_client(&app, &client_auth::need(&app, &headers, &parameters).await?, &parameters).await
        }
        Some(exchange::GRANT_TYPE) => {
            let client = client_auth::calling(&app, &headers, &parameters).await?;
            exchange::exchange(&app, client.as_ref(), &parameters).await
        }
        Some(_) => {
            Err(OauthRefusal::new("unsupported_grant_type", "see grant_types_supported of the realm's metadata"))
        }
        None => Err(OauthRefusal::request("grant_type is missing")),
    }
}

/// A code for tokens (RFC 6749 §4.1.3, RFC 7636 §4.5).
async fn by_code(app: &Shared, client: &Client, parameters: &Parameters) -> Result<TokenAnswer, OauthRefusal> {
    let missing = |name: &'static str| move || OauthRefusal::request(format!("{name} is missing"));
    let code = parameters.get("code")?.ok_or_else(missing("code"))?;
    let redirect_uri = parameters.get("redirect_uri")?.ok_or_else(missing("redirect_uri"))?;
    let verifier = parameters.get("code_verifier")?.ok_or_else(missing("code_verifier"))?;
    let wrong = || OauthRefusal::grant("the code is not good, or no longer, or not for this client and address");
    let id = Grants::new_id();
    let code = match app.realm.codes.redeem(code, &client.id, redirect_uri, verifier, &id).await? {
        Redeemed::Good(code) => code,
        Redeemed::Wrong => return Err(wrong()),
        Redeemed::UsedFor(grant) => {
            // Somebody has a code that was used: what was issued for it ends (RFC 6749 §4.1.2).
            tracing::warn!(client = client.id, grant, "an authorization code was used twice; its grant has ended");
            app.realm.grants.revoke(&grant).await?;
            return Err(wrong());
        }
    };
    let account = active(app, app.realm.accounts.get(&code.account).await?).await?.ok_or_else(wrong)?;
    let granted = Granted {
        account: code.account,
        session: code.session,
        client: client.id.clone(),
        scope: code.scope,
        auth_time: code.auth_time,
        methods: code.methods,
    };
    let (grant, refresh_token) = app.realm.grants.create(&id, granted).await?;
    user_tokens(app, &account, &grant, code.nonce, refresh_token).await
}

/// A refresh token for tokens (RFC 6749 §6, RFC 9700 §4.14.2).
async fn by_refresh_token(app: &Shared, client: &Client, parameters: &Parameters) -> Result<TokenAnswer, OauthRefusal> {
    let Some(token) = parameters.get("refresh_token")? else {
        return Err(OauthRefusal::request("refresh_token is missing"));
    };
    let wrong = || OauthRefusal::grant("the refresh token is not good, or no longer, or not this client's");
    let (grant, next) = match app.realm.grants.refresh(token, &client.id).await? {
        Refreshed::Good(grant, next) => (grant, next),
        Refreshed::Wrong => return Err(wrong()),
        Refreshed::Reused => {
            tracing::warn!(client = client.id, "a refresh token was used twice; its grant has ended");
            return Err(wrong());
        }
    };
    let account = active(app, app.realm.accounts.get(&grant.account).await?).await?.ok_or_else(wrong)?;
    user_tokens(app, &account, &grant, None, next).await
}

async fn user_tokens(
    app: &Shared,
    account: &Account,
    grant: &Grant,
    nonce: Option<String>,
    refresh_token: String,
) -> Result<TokenAnswer, OauthRefusal> {
    let (issuer, iat) = (issuer(app), Timestamp::now().seconds());
    let claims = AccessClaims {
        sub: account.id.clone(),
        // It is for the realm itself: tenants do not take it (row DA-A05).
        aud: issuer.clone(),
        exp: iat + USER_TOKEN_SECONDS,
        iat,
        jti: uuid::Uuid::new_v4().to_string(),
        client_id: grant.client.clone(),
        scope: grant.scope.clone(),
        auth_time: Some(grant.auth_time.seconds()),
        grant: Some(grant.id.clone()),
        user: None,
        iss: issuer.clone(),
    };
    let ring = app.realm.keys.ring().await?;
    let access_token = ring.sign(TokenType::Access, &claims)?;
    let id_token = if grant.scope.split(' ').any(|scope| scope == "openid") {
        let claims = IdClaims {
            iss: issuer,
            sub: account.id.clone(),
            aud: grant.client.clone(),
            exp: iat + USER_TOKEN_SECONDS,
            iat,
            auth_time: grant.auth_time.seconds(),
            nonce,
            sid: grant.session.clone(),
            amr: grant.methods.clone(),
            profile: Profile::within(account, &grant.scope),
        };
        Some(ring.sign(TokenType::Id, &claims)?)
    } else {
        None
    };
    let answer = TokenAnswer::bearer(access_token, USER_TOKEN_SECONDS, grant.scope.clone());
    Ok(TokenAnswer { refresh_token: Some(refresh_token), id_token, ..answer })
}

/// A service account's own token (RFC 6749 §4.4, row DA-A06).
async fn by_client(app: &Shared, client: &Client, parameters: &Parameters) -> Result<TokenAnswer, OauthRefusal> {
    let ClientKind::Service { tenant, scopes, .. } = &client.kind else {
        return Err(OauthRefusal::new("unauthorized_client", "only a tenant's service account has tokens of its own"));
    };
    if parameters.get("audience")?.is_some_and(|audience| audience != tenant.as_str()) {
        return Err(OauthRefusal::new("invalid_target", "a service account has tokens for its own tenant only"));
    }
    let held: Vec<&str> = scopes.iter().map(String::as_str).collect();
    let scope = narrowed(&held, parameters.get("scope")?)?;
    let iat = Timestamp::now().seconds();
    let claims = AccessClaims {
        iss: issuer(app),
        sub: client.id.clone(),
        aud: tenant.to_string(),
        exp: iat + SERVICE_TOKEN_SECONDS,
        iat,
        jti: uuid::Uuid::new_v4().to_string(),
        client_id: client.id.clone(),
        scope: scope.clone(),
        auth_time: None,
        grant: None,
        user: None,
    };
    let access_token = app.realm.keys.ring().await?.sign(TokenType::Access, &claims)?;
    Ok(TokenAnswer::bearer(access_token, SERVICE_TOKEN_SECONDS, scope))
}

/// What is given of what one holds: all of it, or what was asked for. More than that is refused
/// (RFC 6749 §3.3).
pub(super) fn narrowed(held: &[&str], asked: Option<&str>) -> Result<String, OauthRefusal> {
    let Some(asked) = asked else { return Ok(held.join(" ")) };
    // Libraries send it always; it means nothing for a tenant.
    let asked: Vec<&str> = asked.split(' ').filter(|scope| !scope.is_empty() && *scope != "openid").collect();
    if asked.is_empty() {
        return Ok(held.join(" "));
    }
    match asked.iter().find(|scope| !held.contains(scope)) {
        Some(missing) => {
            Err(OauthRefusal::new("invalid_scope", format!("`{missing}` is not among what is allowed here")))
        }
        None => Ok(asked.join(" ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn da_a04_one_gets_what_one_holds_or_less() {
        let held = ["a:read", "b:read"];
        assert_eq!(narrowed(&held, None).ok().as_deref(), Some("a:read b:read"));
        assert_eq!(narrowed(&held, Some("b:read openid")).ok().as_deref(), Some("b:read"));
        assert_eq!(narrowed(&held, Some("openid")).ok().as_deref(), Some("a:read b:read"));
        assert!(narrowed(&held, Some("a:read c:read")).is_err());
    }
}
