//! Documents that flows look things up in (spec/dialai.md §10.2, §21.4 N9; rows DA-P9, DA-K1, DA-K2): taken at once,
//! indexed in the background, and what is found in them.

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use knowledge::extraction;
use percent_encoding::utf8_percent_encode;
use runtime::{
    access::scope,
    knowledge::{Found, FoundIn, IndexState, KnowledgeDocument, LARGEST_DOCUMENT},
};
use serde::{Deserialize, Serialize};
use store::StoredPassage;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    access::{Asked, Caller, Json, Named},
    noted::Did,
};
use crate::{
    app::{App, text},
    files::PLAIN,
    intake::{self, IntakeError},
    multipart::{self, FormFile},
    problem::Problem,
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, upload))
        .routes(routes!(search))
        .routes(routes!(get, delete))
        .routes(routes!(get_content))
        .routes(routes!(list_passages))
        .routes(routes!(index))
}

/// What a form has around its file.
const FORM_ROOM: usize = 16 << 10;
/// Passages of one answer.
const MOST_FOUND: usize = 50;
/// Characters of a question.
const LONGEST_QUESTION: usize = 2_000;

/// A document, and how far it is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct DocumentCard {
    id: String,
    name: String,
    media_type: String,
    /// In bytes.
    size: u64,
    /// `Pending`, `Indexing`, `Indexed` or `Failed`.
    #[schema(example = "Indexed")]
    state: &'static str,
    /// Why it failed.
    error: Option<String>,
    /// How many passages it had when it was indexed last.
    passages: usize,
    indexed_at: Option<String>,
    created_at: String,
    updated_at: String,
}

impl From<KnowledgeDocument> for DocumentCard {
    fn from(document: KnowledgeDocument) -> Self {
        let KnowledgeDocument { id, name, media_type, size, state, error, passages, .. } = document;
        Self {
            id,
            name,
            media_type,
            size,
            state: match state {
                IndexState::Pending => "Pending",
                IndexState::Indexing => "Indexing",
                IndexState::Indexed => "Indexed",
                IndexState::Failed => "Failed",
            },
            error,
            passages,
            indexed_at: document.indexed_at.map(|at| at.to_string()),
            created_at: document.created_at.to_string(),
            updated_at: document.updated_at.to_string(),
        }
    }
}

/// A part of the list.
#[derive(Debug, Serialize, ToSchema)]
struct DocumentPage {
    documents: Vec<DocumentCard>,
    /// What to ask for next as `cursor`; null at the end.
    next: Option<String>,
}

/// A part of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Listing {
    /// `next` of the page before.
    pub(super) cursor: Option<String>,
    /// How many at most: 1 to 1000.
    #[serde(default = "hundred")]
    pub(super) limit: usize,
}

const fn hundred() -> usize {
    100
}

impl Listing {
    /// Refuses a page of a length that is not allowed.
    pub(super) fn checked(self) -> Result<Self, Problem> {
        if (1..=1_000).contains(&self.limit) {
            return Ok(self);
        }
        Err(Problem::invalid("limit", "It is out of range.", "Send 1 to 1000."))
    }
}

type Path = Named<(String, String)>;

/// An answer to what goes on in the background: where to look how far it is.
type Accepted = (StatusCode, [(header::HeaderName, String); 1], axum::Json<DocumentCard>);

fn accepted(tenant: &str, card: DocumentCard) -> Accepted {
    let location = format!("/api/v1/{tenant}/documents/{}", card.id);
    (StatusCode::ACCEPTED, [(header::LOCATION, location)], axum::Json(card))
}

/// Lists the tenant's documents, oldest first.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/documents", tag = "Knowledge", operation_id = "listDocuments",
    params(("tenant" = String, Path, description = "The tenant"), Listing),
    responses(
        (status = 200, description = "The documents", body = DocumentPage),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["knowledge:read"]))
)]
async fn list(
    app: State<App>,
    caller: Caller<scope::KnowledgeRead>,
    listing: Asked<Listing>,
) -> Result<axum::Json<DocumentPage>, Problem> {
    let Listing { cursor, limit } = listing.0.checked()?;
    let documents = app.runtime.knowledge().documents(caller.tenant(), cursor, limit).await?;
    let next = documents.last().filter(|_| documents.len() == limit).map(|last| last.id.clone());
    Ok(axum::Json(DocumentPage { documents: documents.into_iter().map(DocumentCard::from).collect(), next }))
}

/// A document in a form.
#[derive(ToSchema)]
#[expect(dead_code, reason = "described, never built: forms are read as bytes")]
struct DocumentForm {
    /// The file, with its name and media type.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// How a document is called.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Uploading {
    /// The file's name, where the body is no form that says it.
    #[param(example = "house-rules.md")]
    name: Option<String>,
}

/// Takes a document, at most 10 MiB: `application/pdf`, `text/html`, `text/markdown`, `text/csv` or other text in UTF-8.
/// It is sent as the part `file` of a form, or as the body itself, whose `Content-Type` says what it is. Where its
/// sender does not know (`application/octet-stream`, or nothing is said), the ending of its name says it.
///
/// It is answered before the document can be found. `Location` is where its `state` is: `Indexed` when it can.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/documents", tag = "Knowledge", operation_id = "uploadDocument",
    params(("tenant" = String, Path, description = "The tenant"), Uploading),
    request_body(
        content((DocumentForm = "multipart/form-data"), (String = "application/octet-stream")),
        description = "The document",
    ),
    responses(
        (status = 202, description = "Taken; it is indexed soon", body = DocumentCard, headers(("Location" = String, description = "Where its state is"))),
        (status = 413, description = "It is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Nothing here reads such files", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["knowledge:create"]))
)]
async fn upload(
    app: State<App>,
    caller: Caller<scope::KnowledgeCreate>,
    asked: Asked<Uploading>,
    headers: HeaderMap,
    body: Body,
) -> Result<Accepted, Problem> {
    let tenant = caller.tenant();
    let FormFile { name, media_type, content } = sent(&app, &headers, asked.0.name, body).await?;
    let name = name.ok_or_else(|| {
        Problem::invalid("name", "The document has no name.", "Send `?name=`, or a form whose file has one.")
    })?;
    let media_type = extraction::media_type(media_type.as_deref(), &name);
    if !extraction::is_readable(&media_type) {
        return Err(Problem::unread_type(&media_type, extraction::READABLE));
    }
    let document = app.runtime.knowledge().upload(tenant, &name, media_type, content).await?;
    let card = DocumentCard::from(document);
    caller.note(&app, Did::to("document.created", &card.id).after(&card)).await?;
    Ok(accepted(tenant.as_str(), card))
}

/// What was sent: the file of a form, or the body itself.
async fn sent(app: &App, headers: &HeaderMap, name: Option<String>, body: Body) -> Result<FormFile, Problem> {
    let content_type = text(headers, header::CONTENT_TYPE.as_str()).map(str::to_owned);
    let is_form = content_type.as_deref().is_some_and(multipart::is_form);
    let limit = if is_form { LARGEST_DOCUMENT + FORM_ROOM } else { LARGEST_DOCUMENT };
    let content = intake::bytes(body, limit, app.options.body_timeout).await.map_err(|error| match error {
        IntakeError::TooLarge(_) => Problem::too_large(LARGEST_DOCUMENT),
        IntakeError::Incomplete | IntakeError::NotJson => Problem::slow_body(),
    })?;
    let file = match content_type {
        Some(content_type) if is_form => {
            let file = multipart::file(&content_type, content.into())
                .await
                .map_err(|why| Problem::invalid("body", &why, "Send one form with the document as its part `file`."))?;
            FormFile { name: name.or(file.name), ..file }
        }
        media_type => FormFile { name, media_type, content },
    };
    if file.content.len() > LARGEST_DOCUMENT {
        return Err(Problem::too_large(LARGEST_DOCUMENT));
    }
    if file.content.is_empty() {
        return Err(Problem::invalid("body", "The document is empty.", "Send a file with text in it."));
    }
    Ok(file)
}

/// A document, and how far it is.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/documents/{documentId}", tag = "Knowledge", operation_id = "getDocument",
    params(("tenant" = String, Path, description = "The tenant"), ("documentId" = String, Path, description = "The document's id")),
    responses(
        (status = 200, description = "The document", body = DocumentCard),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["knowledge:read"]))
)]
async fn get(
    app: State<App>,
    caller: Caller<scope::KnowledgeRead>,
    path: Path,
) -> Result<axum::Json<DocumentCard>, Problem> {
    let document = app.runtime.knowledge().document(caller.tenant(), &path.0.1).await?;
    Ok(axum::Json(document.into()))
}

/// Deletes a document with its content and its passages. Flows that name it find nothing there; `check` says so.
#[utoipa::path(
    delete, path = "/api/v1/{tenant}/documents/{documentId}", tag = "Knowledge", operation_id = "deleteDocument",
    params(("tenant" = String, Path, description = "The tenant"), ("documentId" = String, Path, description = "The document's id")),
    responses(
        (status = 204, description = "Deleted"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["knowledge:delete"]))
)]
async fn delete(app: State<App>, caller: Caller<scope::KnowledgeDelete>, path: Path) -> Result<StatusCode, Problem> {
    let id = &path.0.1;
    let deleted = app.runtime.knowledge().delete(caller.tenant(), id).await?;
    caller.note(&app, Did::to("document.deleted", id).before(&DocumentCard::from(deleted))).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The content of a document, as it was uploaded.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/documents/{documentId}/content", tag = "Knowledge", operation_id = "getDocumentContent",
    params(("tenant" = String, Path, description = "The tenant"), ("documentId" = String, Path, description = "The document's id")),
    responses(
        (status = 200, description = "The file", body = String, content_type = "application/octet-stream"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["knowledge:read"]))
)]
async fn get_content(app: State<App>, caller: Caller<scope::KnowledgeRead>, path: Path) -> Result<Response, Problem> {
    let (document, content) = app.runtime.knowledge().content(caller.tenant(), &path.0.1).await?;
    let name = utf8_percent_encode(&document.name, PLAIN);
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename*=UTF-8''{name}")),
        (header::CACHE_CONTROL, "private, no-store".to_owned()),
    ];
    Ok((headers, content).into_response())
}

/// A passage of a document.
#[derive(Debug, Serialize, ToSchema)]
struct DocumentPassage {
    /// From 0.
    number: u32,
    /// What a model is shown. It begins with where it stands in the document.
    #[schema(
        example = "From \u{201c}house-rules.md\u{201d}, section \u{201c}Parking\u{201d}.\n\nParking costs nine euros."
    )]
    text: String,
}

/// Passages of a document.
#[derive(Debug, Serialize, ToSchema)]
struct DocumentPassagePage {
    passages: Vec<DocumentPassage>,
    /// What to ask for next as `cursor`; null at the end.
    next: Option<String>,
}

/// Lists the passages of a document as they are found, in their order.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/documents/{documentId}/passages", tag = "Knowledge", operation_id = "listDocumentPassages",
    params(
        ("tenant" = String, Path, description = "The tenant"), ("documentId" = String, Path, description = "The document's id"),
        Listing,
    ),
    responses(
        (status = 200, description = "The passages", body = DocumentPassagePage),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["knowledge:read"]))
)]
async fn list_passages(
    app: State<App>,
    caller: Caller<scope::KnowledgeRead>,
    path: Path,
    listing: Asked<Listing>,
) -> Result<axum::Json<DocumentPassagePage>, Problem> {
    let Listing { cursor, limit } = listing.0.checked()?;
    let after = cursor.map(|cursor| cursor.parse::<u32>()).transpose();
    let after =
        after.map_err(|_| Problem::invalid("cursor", "It is not a cursor.", "Send the `next` of the page before."))?;
    let passages = app.runtime.knowledge().passages(caller.tenant(), &path.0.1, after, limit).await?;
    let next = passages.last().filter(|_| passages.len() == limit).map(|last| last.number.to_string());
    let shown = |passage: StoredPassage| DocumentPassage { number: passage.number, text: passage.text };
    Ok(axum::Json(DocumentPassagePage { passages: passages.into_iter().map(shown).collect(), next }))
}

/// Indexes a document again: after a failure, or when a newer release reads such files better. What it had is found until
/// then.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/documents/{documentId}/index", tag = "Knowledge", operation_id = "indexDocument",
    params(("tenant" = String, Path, description = "The tenant"), ("documentId" = String, Path, description = "The document's id")),
    responses(
        (status = 202, description = "It is indexed soon", body = DocumentCard, headers(("Location" = String, description = "Where its state is"))),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["knowledge:update"]))
)]
async fn index(app: State<App>, caller: Caller<scope::KnowledgeUpdate>, path: Path) -> Result<Accepted, Problem> {
    let (id, tenant) = (&path.0.1, caller.tenant());
    let card = DocumentCard::from(app.runtime.knowledge().index_again(tenant, id).await?);
    caller.note(&app, Did::to("document.indexed_again", id)).await?;
    Ok(accepted(tenant.as_str(), card))
}

/// A question to all documents and FAQs.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct KnowledgeQuestion {
    /// What is looked for.
    #[schema(example = "What does parking cost?")]
    query: String,
    /// How many passages at most: 1 to 50.
    #[serde(default = "ten")]
    #[schema(minimum = 1, maximum = 50, default = 10)]
    amount: usize,
}

const fn ten() -> usize {
    10
}

/// A passage that fits a question.
#[derive(Debug, Serialize, ToSchema)]
struct FoundPassage {
    /// `Document` or `Faq`.
    #[schema(example = "Document")]
    kind: &'static str,
    /// Of the document or FAQ.
    id: String,
    /// The document's name, or the question.
    name: String,
    text: String,
    /// How well it fits: more is better.
    score: f64,
}

impl From<Found> for FoundPassage {
    fn from(found: Found) -> Self {
        let Found { place, name, text, score } = found;
        let (kind, id) = match place {
            FoundIn::Document(id) => ("Document", id),
            FoundIn::Faq(id) => ("Faq", id),
            FoundIn::File(id) => ("File", id),
        };
        Self { kind, id, name, text, score }
    }
}

/// What was found, the best first.
#[derive(Debug, Serialize, ToSchema)]
struct FoundPassages {
    passages: Vec<FoundPassage>,
}

/// Looks for passages in all documents and FAQs of the tenant, as a flow does in those that it names.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/documents/search", tag = "Knowledge", operation_id = "searchDocuments",
    params(("tenant" = String, Path, description = "The tenant")),
    request_body = KnowledgeQuestion,
    responses(
        (status = 200, description = "What was found", body = FoundPassages),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["knowledge:read"]))
)]
async fn search(
    app: State<App>,
    caller: Caller<scope::KnowledgeRead>,
    asked: Json<KnowledgeQuestion>,
) -> Result<axum::Json<FoundPassages>, Problem> {
    let KnowledgeQuestion { query, amount } = asked.0;
    if !(1..=MOST_FOUND).contains(&amount) {
        return Err(Problem::invalid("amount", "It is out of range.", format!("Send 1 to {MOST_FOUND}.")));
    }
    if query.chars().count() > LONGEST_QUESTION {
        let remedy = format!("Send at most {LONGEST_QUESTION} characters.");
        return Err(Problem::invalid("query", "It is too long.", remedy));
    }
    let found = app.runtime.knowledge().search(caller.tenant(), &query, amount).await?;
    Ok(axum::Json(FoundPassages { passages: found.into_iter().map(FoundPassage::from).collect() }))
}
