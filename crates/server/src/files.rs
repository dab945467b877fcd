//! Files that visitors sent, under temporary addresses (spec/opendialog.md §3.2, row OD-C14).
//!
//! An address carries the time until which it is good and a signature of the tenant; nothing else opens a
//! file. What is sent back is never run or shown inside the server's own origin.

use axum::{
    extract::{Path, Query, State, rejection::QueryRejection},
    http::header,
    response::{IntoResponse, Response},
};
use hmac::{Hmac, Mac};
use model::{FileId, TenantId, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use runtime::{files::StoredFile, tenants::SigningKey};
use serde::Deserialize;
use sha2::Sha256;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{app::App, problem::Problem};

/// How long an address is good, in seconds (row OD-C14).
const GOOD_FOR: i64 = 30 * 60;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(download))
}

/// A file's address, good for 30 minutes from `now`; `base` is where visitors reach the server.
pub(crate) fn address(base: &str, tenant: &TenantId, id: FileId, key: &SigningKey, now: Timestamp) -> String {
    let expires = now.seconds() + GOOD_FOR;
    let signature = hex::encode(seal(tenant, id, expires, key).finalize().into_bytes());
    format!("{base}/files/{tenant}/{id}?expires={expires}&signature={signature}")
}

/// The file of this tenant that an address names, good or not.
pub(crate) fn id_in(address: &str, tenant: &TenantId) -> Option<FileId> {
    let (_, rest) = address.split_once(&format!("/files/{tenant}/"))?;
    rest.split(['?', '#']).next()?.parse().ok()
}

/// What makes an address good.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Signed {
    /// Until when it is good, in seconds since 1970.
    expires: i64,
    /// Of the tenant, over file and time.
    signature: String,
}

impl Signed {
    fn holds(&self, tenant: &TenantId, id: FileId, keys: &[SigningKey], now: Timestamp) -> bool {
        let Ok(signature) = hex::decode(&self.signature) else { return false };
        self.expires > now.seconds()
            && keys.iter().any(|key| seal(tenant, id, self.expires, key).verify_slice(&signature).is_ok())
    }
}

fn seal(tenant: &TenantId, id: FileId, expires: i64, key: &SigningKey) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&key.secret).expect("HMAC takes keys of any length");
    mac.update(format!("file:{tenant}/{id}:{expires}").as_bytes());
    mac
}

/// A file that a visitor sent.
///
/// The address comes from an upload or from an attribute, and is good for 30 minutes.
#[utoipa::path(
    get, path = "/files/{tenant}/{id}", tag = "Chat API", operation_id = "getFile",
    params(("tenant" = String, Path, description = "The tenant"), ("id" = String, Path, description = "The file's id"), Signed),
    responses(
        (status = 200, description = "The file, to be saved", body = String, content_type = "application/octet-stream"),
        (status = 403, description = "The address is not good, or no longer", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "The file is not there any more", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn download(
    app: State<App>,
    Path((tenant, id)): Path<(String, String)>,
    signed: Result<Query<Signed>, QueryRejection>,
) -> Result<Response, Problem> {
    let known = app.directory.now();
    // A tenant that is not there and a signature that does not fit look the same.
    let (Some(tenant), Ok(id), Ok(Query(signed))) = (known.tenant(&tenant), id.parse::<FileId>(), signed) else {
        return Err(Problem::stale_address());
    };
    if !signed.holds(tenant.id(), id, &tenant.signing_keys, Timestamp::now()) {
        return Err(Problem::stale_address());
    }
    match app.runtime.files().open(tenant.id(), id).await {
        Ok(Some((file, content))) => Ok(attachment(&file, content)),
        Ok(None) => Err(Problem::not_found("file", &id.to_string())),
        Err(error) => Err(Problem::broken(&error.to_string())),
    }
}

/// What needs no escape in a file name of a header (`attr-char`, RFC 8187 §3.2.1).
pub(crate) const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn attachment(file: &StoredFile, content: Vec<u8>) -> Response {
    let name = utf8_percent_encode(&file.name, PLAIN);
    let headers = [
        (header::CONTENT_TYPE, file.kind.clone()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename*=UTF-8''{name}")),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::CACHE_CONTROL, "private, no-store".to_owned()),
    ];
    (headers, content).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str) -> SigningKey {
        SigningKey { id: id.to_owned(), secret: id.as_bytes().to_vec() }
    }

    fn tenant(name: &str) -> TenantId {
        name.parse().expect("a tenant")
    }

    #[test]
    fn od_c14_an_address_is_good_for_30_minutes_for_one_file_of_one_tenant() {
        let (demo, other) = (tenant("demo"), tenant("other"));
        let id: FileId = "0190c0de-0000-7000-8000-000000000001".parse().expect("an id");
        let another: FileId = "0190c0de-0000-7000-8000-000000000002".parse().expect("an id");
        let (now, keys) = (Timestamp::from_seconds(1_000_000), [key("new"), key("old")]);
        let address = address("https://x.test", &demo, id, &keys[1], now);
        assert!(
            address.starts_with(&format!("https://x.test/files/demo/{id}?expires=1001800&signature=")),
            "{address}"
        );
        assert_eq!(id_in(&address, &demo), Some(id));
        assert_eq!(id_in(&address, &other), None);
        let signature = address.rsplit('=').next().expect("a signature").to_owned();
        let signed = |expires| Signed { expires, signature: signature.clone() };
        let at = |seconds: i64| Timestamp::from_seconds(1_000_000 + seconds);
        assert!(signed(1_001_800).holds(&demo, id, &keys, at(1_799)));
        assert!(!signed(1_001_800).holds(&demo, id, &keys, at(1_800)));
        assert!(!signed(1_001_801).holds(&demo, id, &keys, now));
        assert!(!signed(1_001_800).holds(&demo, another, &keys, now));
        assert!(!signed(1_001_800).holds(&other, id, &keys, now));
        assert!(!signed(1_001_800).holds(&demo, id, &keys[..1], now));
        assert!(!Signed { expires: 1_001_800, signature: "no hex".to_owned() }.holds(&demo, id, &keys, now));
    }
}
