//! What programs need to know of the realm: its metadata (OpenID Connect Discovery 1.0 §3, RFC 8414) and its
//! public keys (RFC 7517).

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use runtime::{access::Scope, realm::access::SIGN_IN_SCOPES};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    issuer,
    refusal::{OauthError, OauthRefusal},
};
use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(configuration)).routes(routes!(certs))
}

/// What the realm can do and where.
#[derive(Debug, Serialize, ToSchema)]
struct RealmConfiguration {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    userinfo_endpoint: String,
    jwks_uri: String,
    end_session_endpoint: String,
    revocation_endpoint: String,
    scopes_supported: Vec<&'static str>,
    response_types_supported: Vec<&'static str>,
    response_modes_supported: Vec<&'static str>,
    grant_types_supported: Vec<&'static str>,
    subject_types_supported: Vec<&'static str>,
    id_token_signing_alg_values_supported: Vec<&'static str>,
    token_endpoint_auth_methods_supported: Vec<&'static str>,
    revocation_endpoint_auth_methods_supported: Vec<&'static str>,
    claims_supported: Vec<&'static str>,
    claim_types_supported: Vec<&'static str>,
    code_challenge_methods_supported: Vec<&'static str>,
    prompt_values_supported: Vec<&'static str>,
    authorization_response_iss_parameter_supported: bool,
    claims_parameter_supported: bool,
    request_parameter_supported: bool,
    request_uri_parameter_supported: bool,
}

/// What the realm can do and where.
#[utoipa::path(
    get, path = "/realms/dial-ai/.well-known/openid-configuration", tag = "Realm", operation_id = "getRealmConfiguration",
    responses((status = 200, description = "The metadata", body = RealmConfiguration))
)]
async fn configuration(app: State<App>) -> Response {
    let issuer = issuer(&app);
    let at = |name: &str| format!("{issuer}/protocol/openid-connect/{name}");
    let methods = vec!["none", "client_secret_basic", "client_secret_post"];
    let tenants = Scope::ALL.iter().map(|scope| scope.as_str());
    public(axum::Json(RealmConfiguration {
        authorization_endpoint: at("auth"),
        token_endpoint: at("token"),
        userinfo_endpoint: at("userinfo"),
        jwks_uri: at("certs"),
        end_session_endpoint: at("logout"),
        revocation_endpoint: at("revoke"),
        scopes_supported: SIGN_IN_SCOPES.into_iter().chain(tenants).collect(),
        response_types_supported: vec!["code"],
        response_modes_supported: vec!["query"],
        grant_types_supported: vec![
            "authorization_code",
            "refresh_token",
            "client_credentials",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ],
        subject_types_supported: vec!["public"],
        id_token_signing_alg_values_supported: vec!["ES256"],
        token_endpoint_auth_methods_supported: methods.clone(),
        revocation_endpoint_auth_methods_supported: methods,
        claims_supported: vec![
            "iss",
            "sub",
            "aud",
            "exp",
            "iat",
            "auth_time",
            "nonce",
            "sid",
            "amr",
            "name",
            "preferred_username",
            "email",
            "email_verified",
        ],
        claim_types_supported: vec!["normal"],
        code_challenge_methods_supported: vec!["S256"],
        prompt_values_supported: vec!["none", "login"],
        authorization_response_iss_parameter_supported: true,
        claims_parameter_supported: false,
        request_parameter_supported: false,
        request_uri_parameter_supported: false,
        issuer,
    }))
}

/// The public keys that verify what the realm signs; one that was replaced stays until its tokens are over.
#[utoipa::path(
    get, path = "/realms/dial-ai/protocol/openid-connect/certs", tag = "Realm", operation_id = "getRealmKeys",
    responses(
        (status = 200, description = "A JSON Web Key Set", body = serde_json::Value),
        (status = "default", description = "Refused", body = OauthError),
    )
)]
async fn certs(app: State<App>) -> Result<Response, OauthRefusal> {
    Ok(public(axum::Json(app.realm.keys.ring().await?.public())))
}

/// Anybody may read it; it changes rarely.
fn public(body: impl IntoResponse) -> Response {
    ([(header::CACHE_CONTROL, "public, max-age=60")], body).into_response()
}
