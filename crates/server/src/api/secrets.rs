//! Secrets: values that can be set and never read (rows OD-C09, OD-C10, OD-T18).
//!
//! No answer has a value in it, errors included: bodies are read field by field, because the messages
//! of a deserialiser quote what they do not understand.

use axum::{
    extract::{FromRequest, Request, State},
    http::StatusCode,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use runtime::{
    access::scope,
    secrets::{self, Content, SecretValue},
};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    access::{Caller, Named, body},
    noted::Did,
};
use crate::{app::App, problem::Problem};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get, put, delete))
}

/// A secret, without its value.
#[derive(Debug, Serialize, ToSchema)]
struct Secret {
    name: String,
    /// `string` or `certificate`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// What may be seen of a certificate.
    certificate: Option<Certificate>,
    created_at: String,
    /// When the value was last set.
    updated_at: String,
}

/// What may be seen of a certificate.
#[derive(Debug, Serialize, ToSchema)]
struct Certificate {
    /// `pem`, `der` or `pkcs12`.
    format: &'static str,
    file_name: Option<String>,
    /// The name of the secret string that opens the file.
    password: Option<String>,
    /// Whether the private key is in the file too.
    private_key: bool,
    /// SHA-256, hexadecimal with colons.
    fingerprint: String,
    subject: String,
    issuer: String,
    /// Hexadecimal with colons.
    serial: String,
    not_before: String,
    /// When it expires.
    not_after: String,
}

impl From<secrets::Certificate> for Certificate {
    fn from(certificate: secrets::Certificate) -> Self {
        Self {
            format: certificate.format.as_str(),
            file_name: certificate.file_name,
            password: certificate.password,
            private_key: certificate.private_key,
            fingerprint: certificate.fingerprint,
            subject: certificate.subject,
            issuer: certificate.issuer,
            serial: certificate.serial,
            not_before: certificate.not_before.to_string(),
            not_after: certificate.not_after.to_string(),
        }
    }
}

impl From<secrets::Secret> for Secret {
    fn from(secret: secrets::Secret) -> Self {
        Self {
            kind: secret.content.type_name(),
            name: secret.name,
            certificate: match secret.content {
                Content::String => None,
                Content::Certificate(certificate) => Some(certificate.into()),
            },
            created_at: secret.created_at.to_string(),
            updated_at: secret.updated_at.to_string(),
        }
    }
}

/// All secrets of a tenant.
#[derive(Debug, Serialize, ToSchema)]
struct SecretList {
    secrets: Vec<SecretName>,
}

/// What the list says of a secret.
#[derive(Debug, Serialize, ToSchema)]
struct SecretName {
    name: String,
    /// `string` or `certificate`.
    #[serde(rename = "type")]
    kind: &'static str,
}

impl From<&secrets::Secret> for SecretName {
    fn from(secret: &secrets::Secret) -> Self {
        Self { name: secret.name.clone(), kind: secret.content.type_name() }
    }
}

/// What a secret is to hold.
#[expect(dead_code, reason = "described, never built: the body is read field by field")]
#[derive(ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
enum SecretContent {
    /// A text.
    String {
        /// Kept as it is; at most 64 KiB.
        #[schema(min_length = 1, max_length = 65536)]
        value: String,
    },
    /// A certificate, with its private key or without.
    Certificate {
        /// A PEM, DER or PKCS#12 file in base64; at most 64 KiB before that.
        file: String,
        /// What the file is called, for people.
        #[schema(max_length = 255)]
        file_name: Option<String>,
        /// The name of the secret string that is the file's password.
        password: Option<String>,
    },
}

type Path = Named<(String, String)>;

/// Lists the names of the tenant's secrets.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/secrets", tag = "Secrets", operation_id = "listSecrets",
    params(("tenant" = String, Path, description = "The tenant")),
    responses(
        (status = 200, description = "The secrets' names", body = SecretList),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["secrets:read"]))
)]
async fn list(app: State<App>, caller: Caller<scope::SecretsRead>) -> Result<axum::Json<SecretList>, Problem> {
    let secrets = app.secrets.list(caller.tenant()).await?;
    Ok(axum::Json(SecretList { secrets: secrets.iter().map(SecretName::from).collect() }))
}

/// What may be seen of a secret: of a certificate, whose it is and when it expires. Never the value.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/secrets/{name}", tag = "Secrets", operation_id = "getSecret",
    params(("tenant" = String, Path, description = "The tenant"), ("name" = String, Path, description = "The secret")),
    responses(
        (status = 200, description = "The secret, without its value", body = Secret),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["secrets:inspect"]))
)]
async fn get(
    app: State<App>,
    caller: Caller<scope::SecretsInspect>,
    path: Path,
) -> Result<axum::Json<Secret>, Problem> {
    Ok(axum::Json(app.secrets.need(caller.tenant(), &path.0.1).await?.into()))
}

/// Makes a secret, or gives it a new value of the same type. The value is never shown again.
#[utoipa::path(
    put, path = "/api/v1/{tenant}/secrets/{name}", tag = "Secrets", operation_id = "putSecret",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("name" = String, Path, description = "Letters, digits and underscores, at most 100; no digit first"),
    ),
    request_body = SecretContent,
    responses(
        (status = 200, description = "The secret, without its value", body = Secret),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["secrets:update"]))
)]
async fn put(
    app: State<App>,
    caller: Caller<scope::SecretsUpdate>,
    path: Path,
    new: NewSecret,
) -> Result<axum::Json<Secret>, Problem> {
    let (name, tenant) = (&path.0.1, caller.tenant());
    let before = app.secrets.need(tenant, name).await.ok().as_ref().map(SecretName::from);
    let secret = app.secrets.put(tenant, name, new.0).await?;
    let did = Did::to("secret.updated", name).before(&before).after(&SecretName::from(&secret));
    caller.note(&app, did).await?;
    Ok(axum::Json(secret.into()))
}

/// Deletes a secret. One that an agent or a certificate names is kept, and they are named.
#[utoipa::path(
    delete, path = "/api/v1/{tenant}/secrets/{name}", tag = "Secrets", operation_id = "deleteSecret",
    params(("tenant" = String, Path, description = "The tenant"), ("name" = String, Path, description = "The secret")),
    responses(
        (status = 204, description = "Deleted"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["secrets:update"]))
)]
async fn delete(app: State<App>, caller: Caller<scope::SecretsUpdate>, path: Path) -> Result<StatusCode, Problem> {
    let (name, tenant) = (&path.0.1, caller.tenant());
    let before = app.secrets.need(tenant, name).await?;
    app.secrets.delete(tenant, name, &app.agents).await?;
    caller.note(&app, Did::to("secret.deleted", name).before(&SecretName::from(&before))).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A body of 64 KiB in base64, with room for what is around it.
const LARGEST_BODY: usize = 256 * 1024;

/// What a request's body says.
struct NewSecret(secrets::NewSecret);

impl FromRequest<App> for NewSecret {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let body = body(request, app, LARGEST_BODY).await?;
        let Ok(Value::Object(mut fields)) = serde_json::from_slice(&body) else {
            return Err(Problem::invalid("body", "It is no JSON object.", "Send the JSON that the API describes."));
        };
        let kind = required(&mut fields, "type")?;
        let new = match kind.as_str() {
            "string" => secrets::NewSecret::String(SecretValue::new(required(&mut fields, "value")?)),
            "certificate" => secrets::NewSecret::Certificate {
                file: file(&required(&mut fields, "file")?)?,
                file_name: text(&mut fields, "file_name")?,
                password: text(&mut fields, "password")?,
            },
            _ => return Err(Problem::invalid("type", "There is no such type.", "Write `string` or `certificate`.")),
        };
        match fields.keys().next() {
            None => Ok(Self(new)),
            Some(field) => {
                let remedy = "Leave it out; what each type has, the API describes.";
                Err(Problem::invalid(field, "A secret of this type has no such field.", remedy))
            }
        }
    }
}

/// A text field, taken out.
fn text(fields: &mut Map<String, Value>, name: &str) -> Result<Option<String>, Problem> {
    match fields.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Problem::invalid(name, "It is no text.", "Write it in quotes.")),
    }
}

fn required(fields: &mut Map<String, Value>, name: &str) -> Result<String, Problem> {
    text(fields, name)?.ok_or_else(|| Problem::invalid(name, "It is missing.", "Send the JSON that the API describes."))
}

/// The bytes of a file; line ends in base64 are forgiven.
fn file(text: &str) -> Result<SecretValue, Problem> {
    let text: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let bytes = STANDARD.decode(text);
    bytes.map(SecretValue::new).map_err(|_| Problem::invalid("file", "It is no base64.", "Send the file in base64."))
}
