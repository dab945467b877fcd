//! Contacts: who was here, what is known of them, taking it away, erasing it.

use axum::{extract::State, http::StatusCode};
use model::ContactId;
use runtime::{access::scope, contacts::Export};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use store::SeenContact;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    access::{Asked, Caller, Named},
    noted::Did,
};
use crate::{app::App, problem::Problem};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get, erase)).routes(routes!(export))
}

/// A contact as it is listed.
#[derive(Debug, Serialize, ToSchema)]
struct ListedContact {
    id: String,
    /// When its first turn arrived.
    first_seen: String,
    /// When its latest turn arrived.
    last_seen: String,
}

impl From<SeenContact> for ListedContact {
    fn from(seen: SeenContact) -> Self {
        Self {
            id: seen.contact.to_string(),
            first_seen: seen.first_seen.to_string(),
            last_seen: seen.last_seen.to_string(),
        }
    }
}

/// A part of the list.
#[derive(Debug, Serialize, ToSchema)]
struct ContactPage {
    contacts: Vec<ListedContact>,
    /// What to ask for next as `cursor`; null at the end.
    next: Option<String>,
}

/// A contact with what is known of it.
#[derive(Debug, Serialize, ToSchema)]
struct ContactWithAttributes {
    #[serde(flatten)]
    contact: ListedContact,
    /// By name: `value`, and `provenance`, which is who vouches for it: `browser`, `token`, `function` or `platform`.
    attributes: Map<String, Value>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Listing {
    /// `next` of the page before.
    cursor: Option<String>,
    /// How many at most: 1 to 1000.
    #[serde(default = "hundred")]
    limit: usize,
}

const fn hundred() -> usize {
    100
}

type Path = Named<(String, String)>;

/// The contact that a path names; what is no id names nobody.
fn named(path: Path) -> Result<ContactId, Problem> {
    let Named((_, id)) = path;
    id.parse().map_err(|_| Problem::not_found("contact", &id))
}

/// Lists the contacts that have taken a turn, by id.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/contacts", tag = "Contacts", operation_id = "listContacts",
    params(("tenant" = String, Path, description = "The tenant"), Listing),
    responses(
        (status = 200, description = "The contacts", body = ContactPage),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["contacts:read"]))
)]
async fn list(
    app: State<App>,
    caller: Caller<scope::ContactsRead>,
    listing: Asked<Listing>,
) -> Result<axum::Json<ContactPage>, Problem> {
    let Listing { cursor, limit } = listing.0;
    if !(1..=1_000).contains(&limit) {
        return Err(Problem::invalid("limit", "It is out of range.", "Send 1 to 1000."));
    }
    let after = cursor.map(|cursor| cursor.parse::<ContactId>()).transpose();
    let after =
        after.map_err(|_| Problem::invalid("cursor", "It is not a cursor.", "Send the `next` of the page before."))?;
    let seen = app.contacts.list(caller.tenant(), after.as_ref(), limit).await?;
    let next = seen.last().filter(|_| seen.len() == limit).map(|last| last.contact.to_string());
    Ok(axum::Json(ContactPage { contacts: seen.into_iter().map(ListedContact::from).collect(), next }))
}

/// One contact with what is known of it.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/contacts/{contact}", tag = "Contacts", operation_id = "getContact",
    params(("tenant" = String, Path, description = "The tenant"), ("contact" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "The contact", body = ContactWithAttributes),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["contacts:read"]))
)]
async fn get(
    app: State<App>,
    caller: Caller<scope::ContactsRead>,
    path: Path,
) -> Result<axum::Json<ContactWithAttributes>, Problem> {
    let contact = app.contacts.need(caller.tenant(), &named(path)?).await?;
    let attributes = contact.attributes.into_iter().map(|(name, attribute)| (name, json!(attribute))).collect();
    let contact = ListedContact {
        id: contact.id.to_string(),
        first_seen: contact.first_seen.to_string(),
        last_seen: contact.last_seen.to_string(),
    };
    Ok(axum::Json(ContactWithAttributes { contact, attributes }))
}

/// All that is stored of a contact: attributes, conversations with how each request arrived, feedback.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/contacts/{contact}/export", tag = "Contacts", operation_id = "exportContact",
    params(("tenant" = String, Path, description = "The tenant"), ("contact" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "All of it", body = Map<String, Value>),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["contacts:export"]))
)]
async fn export(
    app: State<App>,
    caller: Caller<scope::ContactsExport>,
    path: Path,
) -> Result<axum::Json<Export>, Problem> {
    Ok(axum::Json(app.contacts.export(caller.tenant(), &named(path)?).await?))
}

/// Erases a contact: when this is answered, nothing of what was said or known is left in the store or its
/// files. The event `contact.erased` tells of it without naming anybody. A large store takes a while.
#[utoipa::path(
    delete, path = "/api/v1/{tenant}/contacts/{contact}", tag = "Contacts", operation_id = "eraseContact",
    params(("tenant" = String, Path, description = "The tenant"), ("contact" = String, Path, description = "Its id")),
    responses(
        (status = 204, description = "It is erased"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["contacts:erase"]))
)]
async fn erase(app: State<App>, caller: Caller<scope::ContactsErase>, path: Path) -> Result<StatusCode, Problem> {
    let contact = named(path)?;
    let tenant = caller.tenant();
    if !app.runtime.erase_contact(tenant, &contact).await? {
        return Err(Problem::not_found("contact", contact.as_str()));
    }
    app.issued.forget(tenant, &contact);
    // Who it was, nobody is to find out any more.
    caller.note(&app, Did::what("contact.erased")).await?;
    Ok(StatusCode::NO_CONTENT)
}
