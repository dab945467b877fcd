//! Internal contacts: to whom conversations are transferred (spec/dialai.md §13.6; rows DA-I18, DA-L12).

use axum::{extract::State, http::StatusCode};
use runtime::{
    access::scope,
    documents::Versioned,
    internal_contacts::{self, InternalContactTerms},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    access::{Caller, Json, Named},
    camel::refused,
    noted::Did,
    revision::{IfMatch, Revised},
};
use crate::{app::App, problem::Problem};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, replace, delete))
}

/// Somebody to whom conversations are transferred.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct InternalContact {
    id: String,
    name: String,
    /// In the form of E.164.
    #[schema(example = "+4930123456")]
    phone_number: String,
    /// For people.
    note: Option<String>,
    created_at: String,
    updated_at: String,
}

impl From<internal_contacts::InternalContact> for InternalContact {
    fn from(contact: internal_contacts::InternalContact) -> Self {
        let internal_contacts::InternalContact { id, terms, created_at, updated_at } = contact;
        let InternalContactTerms { name, phone_number, note } = terms;
        Self { id, name, phone_number, note, created_at: created_at.to_string(), updated_at: updated_at.to_string() }
    }
}

/// An internal contact, as it is made and changed. What an answer had beside is passed over.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct InternalContactDraft {
    /// 1 to 100 characters; a tenant has one of a name, whatever its case.
    #[schema(example = "Front desk", min_length = 1, max_length = 100)]
    name: String,
    /// In the form of E.164; blanks and marks between digits are taken out.
    #[schema(example = "+49 30 123456")]
    phone_number: String,
    /// For people; at most 1000 characters.
    #[schema(max_length = 1000)]
    note: Option<String>,
}

impl From<InternalContactDraft> for InternalContactTerms {
    fn from(InternalContactDraft { name, phone_number, note }: InternalContactDraft) -> Self {
        Self { name, phone_number, note }
    }
}

/// Internal contacts.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct InternalContactList {
    internal_contacts: Vec<InternalContact>,
}

type Path = Named<(String, String)>;
type Answer = Revised<axum::Json<InternalContact>>;

fn answer(found: Versioned<internal_contacts::InternalContact>) -> Answer {
    Revised(found.version, axum::Json(found.value.into()))
}

/// Lists all internal contacts of the tenant, by name: those that are offered where a conversation is transferred.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/internal-contacts", tag = "Internal contacts", operation_id = "listInternalContacts",
    params(("tenant" = String, Path, description = "The tenant")),
    responses(
        (status = 200, description = "The internal contacts", body = InternalContactList),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["internal_contacts:read"]))
)]
async fn list(
    app: State<App>,
    caller: Caller<scope::InternalContactsRead>,
) -> Result<axum::Json<InternalContactList>, Problem> {
    let all = app.internal_contacts.list(caller.tenant()).await?;
    Ok(axum::Json(InternalContactList { internal_contacts: all.into_iter().map(InternalContact::from).collect() }))
}

/// Adds an internal contact.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/internal-contacts", tag = "Internal contacts", operation_id = "createInternalContact",
    params(("tenant" = String, Path, description = "The tenant")), request_body = InternalContactDraft,
    responses(
        (status = 201, description = "The internal contact", body = InternalContact, headers(("ETag" = String, description = "Its revision"))),
        (status = 409, description = "Another has the name", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["internal_contacts:create"]))
)]
async fn create(
    app: State<App>,
    caller: Caller<scope::InternalContactsCreate>,
    draft: Json<InternalContactDraft>,
) -> Result<(StatusCode, Answer), Problem> {
    let made = app.internal_contacts.create(caller.tenant(), draft.0.into()).await.map_err(refused)?;
    let made = answer(made);
    caller.note(&app, Did::to("internal_contact.created", &made.1.0.id).after(&made.1.0)).await?;
    Ok((StatusCode::CREATED, made))
}

/// One internal contact.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/internal-contacts/{contactId}", tag = "Internal contacts", operation_id = "getInternalContact",
    params(("tenant" = String, Path, description = "The tenant"), ("contactId" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "The internal contact", body = InternalContact, headers(("ETag" = String, description = "Its revision"))),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["internal_contacts:read"]))
)]
async fn get(app: State<App>, caller: Caller<scope::InternalContactsRead>, path: Path) -> Result<Answer, Problem> {
    Ok(answer(app.internal_contacts.need(caller.tenant(), &path.0.1).await?))
}

/// Replaces an internal contact. Conversations that were transferred to it keep the name and the number that it had.
#[utoipa::path(
    put, path = "/api/v1/{tenant}/internal-contacts/{contactId}", tag = "Internal contacts", operation_id = "replaceInternalContact",
    params(
        ("tenant" = String, Path, description = "The tenant"), ("contactId" = String, Path, description = "Its id"),
        ("If-Match" = Option<String>, Header, description = "The revision that was read; another one is 412"),
    ),
    request_body = InternalContactDraft,
    responses(
        (status = 200, description = "The internal contact", body = InternalContact, headers(("ETag" = String, description = "Its revision"))),
        (status = 409, description = "Another has the name", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["internal_contacts:update"]))
)]
async fn replace(
    app: State<App>,
    caller: Caller<scope::InternalContactsUpdate>,
    path: Path,
    revision: IfMatch,
    draft: Json<InternalContactDraft>,
) -> Result<Answer, Problem> {
    let (id, tenant) = (&path.0.1, caller.tenant());
    let before = app.internal_contacts.need(tenant, id).await?;
    let revision = revision.of(before.version)?;
    let after = app.internal_contacts.replace(tenant, id, draft.0.into(), revision).await.map_err(refused)?;
    let (before, after) = (InternalContact::from(before.value), answer(after));
    caller.note(&app, Did::to("internal_contact.updated", id).before(&before).after(&after.1.0)).await?;
    Ok(after)
}

/// Deletes an internal contact. Functions that transfer to it fail from then on.
#[utoipa::path(
    delete, path = "/api/v1/{tenant}/internal-contacts/{contactId}", tag = "Internal contacts", operation_id = "deleteInternalContact",
    params(("tenant" = String, Path, description = "The tenant"), ("contactId" = String, Path, description = "Its id")),
    responses(
        (status = 204, description = "Deleted"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["internal_contacts:delete"]))
)]
async fn delete(
    app: State<App>,
    caller: Caller<scope::InternalContactsDelete>,
    path: Path,
) -> Result<StatusCode, Problem> {
    let id = &path.0.1;
    let deleted = app.internal_contacts.delete(caller.tenant(), id).await?;
    caller.note(&app, Did::to("internal_contact.deleted", id).before(&InternalContact::from(deleted))).await?;
    Ok(StatusCode::NO_CONTENT)
}
