//! Issuers: identity providers whose tokens say who a visitor is (rows DA-A7 to DA-A12, DA-A18).

use std::collections::BTreeMap;

use axum::{extract::State, http::StatusCode};
use runtime::{
    access::scope,
    visitor_tokens::{self, Terms},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    access::{Caller, Json, Named},
    noted::Did,
};
use crate::{app::App, problem::Problem};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, put, delete))
}

/// An identity provider whose word on visitors is taken.
#[derive(Debug, Serialize, ToSchema)]
struct Issuer {
    id: String,
    name: String,
    /// The claim `iss` of its tokens.
    issuer: String,
    jwks_url: String,
    /// What `aud` must name; null: it is not looked at.
    audience: Option<String>,
    /// The attribute that each claim becomes; null: all that are texts, numbers or booleans, under their own names.
    claims: Option<BTreeMap<String, String>>,
    /// Whether `sub` must be the visitor's id.
    bind_subject: bool,
    created_at: String,
    updated_at: String,
}

impl From<visitor_tokens::Issuer> for Issuer {
    fn from(issuer: visitor_tokens::Issuer) -> Self {
        let visitor_tokens::Issuer { id, terms, created_at, updated_at } = issuer;
        let Terms { name, issuer, jwks_url, audience, claims, bind_subject } = terms;
        let (created_at, updated_at) = (created_at.to_string(), updated_at.to_string());
        Self { id, name, issuer, jwks_url, audience, claims, bind_subject, created_at, updated_at }
    }
}

/// An issuer as it is noted: what follows a `?` in an address is often a secret.
fn noted(issuer: &visitor_tokens::Issuer) -> Issuer {
    let mut issuer = Issuer::from(issuer.clone());
    if let Some((address, _)) = issuer.jwks_url.split_once('?') {
        issuer.jwks_url = format!("{address}?…");
    }
    issuer
}

/// All issuers of a tenant.
#[derive(Debug, Serialize, ToSchema)]
struct IssuerList {
    issuers: Vec<Issuer>,
}

/// Whose word on visitors is to be taken.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct IssuerTerms {
    /// For people; at most 2,048 characters.
    #[serde(default)]
    name: String,
    /// The claim `iss` of its tokens, letter by letter.
    #[schema(example = "https://your-idp.com/")]
    issuer: String,
    /// Where its keys are: http:// or https://.
    #[schema(example = "https://your-idp.com/.well-known/jwks.json")]
    jwks_url: String,
    /// What `aud` must name; without one it is not looked at.
    #[serde(default)]
    audience: Option<String>,
    /// The attribute that each claim becomes, at most 100. Without it all that are texts, numbers or booleans are
    /// taken under their own names, but for `iss`, `aud`, `exp`, `nbf`, `iat` and `jti`.
    #[serde(default)]
    claims: Option<BTreeMap<String, String>>,
    /// Whether `sub` must be the visitor's id.
    #[serde(default)]
    bind_subject: bool,
}

impl From<IssuerTerms> for Terms {
    fn from(terms: IssuerTerms) -> Self {
        let IssuerTerms { name, issuer, jwks_url, audience, claims, bind_subject } = terms;
        Self { name, issuer, jwks_url, audience, claims, bind_subject }
    }
}

type Path = Named<(String, String)>;

/// Lists the issuers whose word on visitors the tenant takes.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/issuers", tag = "Issuers", operation_id = "listIssuers",
    params(("tenant" = String, Path, description = "The tenant")),
    responses(
        (status = 200, description = "The issuers", body = IssuerList),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["issuers:read"]))
)]
async fn list(app: State<App>, caller: Caller<scope::IssuersRead>) -> Result<axum::Json<IssuerList>, Problem> {
    let issuers = app.issuers.list(caller.tenant()).await?;
    Ok(axum::Json(IssuerList { issuers: issuers.into_iter().map(Issuer::from).collect() }))
}

/// Takes the word of another issuer. A tenant has at most 20.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/issuers", tag = "Issuers", operation_id = "createIssuer",
    params(("tenant" = String, Path, description = "The tenant")),
    request_body = IssuerTerms,
    responses(
        (status = 201, description = "The issuer", body = Issuer),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["issuers:update"]))
)]
async fn create(
    app: State<App>,
    caller: Caller<scope::IssuersUpdate>,
    terms: Json<IssuerTerms>,
) -> Result<(StatusCode, axum::Json<Issuer>), Problem> {
    let issuer = app.issuers.create(caller.tenant(), terms.0.into()).await?;
    caller.note(&app, Did::to("issuer.created", &issuer.id).after(&noted(&issuer))).await?;
    app.directory.reload().await?;
    Ok((StatusCode::CREATED, axum::Json(issuer.into())))
}

/// One issuer.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/issuers/{id}", tag = "Issuers", operation_id = "getIssuer",
    params(("tenant" = String, Path, description = "The tenant"), ("id" = String, Path, description = "The issuer")),
    responses(
        (status = 200, description = "The issuer", body = Issuer),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["issuers:read"]))
)]
async fn get(app: State<App>, caller: Caller<scope::IssuersRead>, path: Path) -> Result<axum::Json<Issuer>, Problem> {
    Ok(axum::Json(app.issuers.need(caller.tenant(), &path.0.1).await?.into()))
}

/// Replaces what is decided about an issuer, from the next message on.
#[utoipa::path(
    put, path = "/api/v1/{tenant}/issuers/{id}", tag = "Issuers", operation_id = "putIssuer",
    params(("tenant" = String, Path, description = "The tenant"), ("id" = String, Path, description = "The issuer")),
    request_body = IssuerTerms,
    responses(
        (status = 200, description = "The issuer", body = Issuer),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["issuers:update"]))
)]
async fn put(
    app: State<App>,
    caller: Caller<scope::IssuersUpdate>,
    path: Path,
    terms: Json<IssuerTerms>,
) -> Result<axum::Json<Issuer>, Problem> {
    let (id, tenant) = (&path.0.1, caller.tenant());
    let before = app.issuers.need(tenant, id).await?;
    let issuer = app.issuers.put(tenant, id, terms.0.into()).await?;
    caller.note(&app, Did::to("issuer.updated", id).before(&noted(&before)).after(&noted(&issuer))).await?;
    app.directory.reload().await?;
    Ok(axum::Json(issuer.into()))
}

/// Takes an issuer's word no longer. What its tokens said of visitors stays.
#[utoipa::path(
    delete, path = "/api/v1/{tenant}/issuers/{id}", tag = "Issuers", operation_id = "deleteIssuer",
    params(("tenant" = String, Path, description = "The tenant"), ("id" = String, Path, description = "The issuer")),
    responses(
        (status = 204, description = "Deleted"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["issuers:update"]))
)]
async fn delete(app: State<App>, caller: Caller<scope::IssuersUpdate>, path: Path) -> Result<StatusCode, Problem> {
    let (id, tenant) = (&path.0.1, caller.tenant());
    let before = app.issuers.need(tenant, id).await?;
    app.issuers.delete(tenant, id).await?;
    caller.note(&app, Did::to("issuer.deleted", id).before(&noted(&before))).await?;
    app.directory.reload().await?;
    Ok(StatusCode::NO_CONTENT)
}
