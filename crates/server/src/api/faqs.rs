//! Questions with answers that flows look things up in, beside documents (spec/dialai.md §21.4 N10; row DA-K9).

use axum::{extract::State, http::StatusCode};
use runtime::{
    access::scope,
    documents::Versioned,
    knowledge::{self, FaqTerms},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    access::{Asked, Caller, Json, Named},
    documents::Listing,
    noted::Did,
    revision::{IfMatch, Revised},
};
use crate::{app::App, problem::Problem};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, replace, delete))
}

/// A question with its answer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Faq {
    id: String,
    question: String,
    answer: String,
    language: Option<String>,
    created_at: String,
    updated_at: String,
}

impl From<knowledge::Faq> for Faq {
    fn from(faq: knowledge::Faq) -> Self {
        let knowledge::Faq { id, terms: FaqTerms { question, answer, language }, created_at, updated_at } = faq;
        Self { id, question, answer, language, created_at: created_at.to_string(), updated_at: updated_at.to_string() }
    }
}

/// A question with its answer, as it is made and changed. What an answer had beside is passed over.
#[derive(Debug, Deserialize, ToSchema)]
struct FaqDraft {
    /// 1 to 1000 characters.
    #[schema(example = "When do you open?", min_length = 1, max_length = 1000)]
    question: String,
    /// 1 to 4000 characters.
    #[schema(example = "From nine to five.", min_length = 1, max_length = 4000)]
    answer: String,
    /// A language tag, for people.
    #[schema(example = "en")]
    language: Option<String>,
}

impl From<FaqDraft> for FaqTerms {
    fn from(FaqDraft { question, answer, language }: FaqDraft) -> Self {
        Self { question, answer, language }
    }
}

/// A part of the list.
#[derive(Debug, Serialize, ToSchema)]
struct FaqPage {
    faqs: Vec<Faq>,
    /// What to ask for next as `cursor`; null at the end.
    next: Option<String>,
}

type Path = Named<(String, String)>;
type Answer = Revised<axum::Json<Faq>>;

fn answer(found: Versioned<knowledge::Faq>) -> Answer {
    Revised(found.version, axum::Json(found.value.into()))
}

/// Lists the tenant's FAQs, oldest first.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/faqs", tag = "Knowledge", operation_id = "listFaqs",
    params(("tenant" = String, Path, description = "The tenant"), Listing),
    responses(
        (status = 200, description = "The FAQs", body = FaqPage),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["knowledge:read"]))
)]
async fn list(
    app: State<App>,
    caller: Caller<scope::KnowledgeRead>,
    listing: Asked<Listing>,
) -> Result<axum::Json<FaqPage>, Problem> {
    let Listing { cursor, limit } = listing.0.checked()?;
    let faqs = app.runtime.knowledge().faqs(caller.tenant(), cursor, limit).await?;
    let next = faqs.last().filter(|_| faqs.len() == limit).map(|last| last.id.clone());
    Ok(axum::Json(FaqPage { faqs: faqs.into_iter().map(Faq::from).collect(), next }))
}

/// Makes an FAQ. It can be found when this is answered.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/faqs", tag = "Knowledge", operation_id = "createFaq",
    params(("tenant" = String, Path, description = "The tenant")), request_body = FaqDraft,
    responses(
        (status = 201, description = "The FAQ", body = Faq, headers(("ETag" = String, description = "Its revision"))),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["knowledge:create"]))
)]
async fn create(
    app: State<App>,
    caller: Caller<scope::KnowledgeCreate>,
    draft: Json<FaqDraft>,
) -> Result<(StatusCode, Answer), Problem> {
    let made = answer(app.runtime.knowledge().add_faq(caller.tenant(), draft.0.into()).await?);
    caller.note(&app, Did::to("faq.created", &made.1.0.id).after(&made.1.0)).await?;
    Ok((StatusCode::CREATED, made))
}

/// One FAQ.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/faqs/{faqId}", tag = "Knowledge", operation_id = "getFaq",
    params(("tenant" = String, Path, description = "The tenant"), ("faqId" = String, Path, description = "The FAQ's id")),
    responses(
        (status = 200, description = "The FAQ", body = Faq, headers(("ETag" = String, description = "Its revision"))),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["knowledge:read"]))
)]
async fn get(app: State<App>, caller: Caller<scope::KnowledgeRead>, path: Path) -> Result<Answer, Problem> {
    Ok(answer(app.runtime.knowledge().faq(caller.tenant(), &path.0.1).await?))
}

/// Replaces an FAQ.
#[utoipa::path(
    put, path = "/api/v1/{tenant}/faqs/{faqId}", tag = "Knowledge", operation_id = "replaceFaq",
    params(
        ("tenant" = String, Path, description = "The tenant"), ("faqId" = String, Path, description = "The FAQ's id"),
        ("If-Match" = Option<String>, Header, description = "The revision that was read; another one is 412"),
    ),
    request_body = FaqDraft,
    responses(
        (status = 200, description = "The FAQ", body = Faq, headers(("ETag" = String, description = "Its revision"))),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["knowledge:update"]))
)]
async fn replace(
    app: State<App>,
    caller: Caller<scope::KnowledgeUpdate>,
    path: Path,
    revision: IfMatch,
    draft: Json<FaqDraft>,
) -> Result<Answer, Problem> {
    let (id, tenant, knowledge) = (&path.0.1, caller.tenant(), app.runtime.knowledge());
    let before = knowledge.faq(tenant, id).await?;
    let revision = revision.of(before.version)?;
    let after = answer(knowledge.replace_faq(tenant, id, draft.0.into(), revision).await?);
    let before = Faq::from(before.value);
    caller.note(&app, Did::to("faq.updated", id).before(&before).after(&after.1.0)).await?;
    Ok(after)
}

/// Deletes an FAQ. Flows that name it find nothing there; `check` says so.
#[utoipa::path(
    delete, path = "/api/v1/{tenant}/faqs/{faqId}", tag = "Knowledge", operation_id = "deleteFaq",
    params(("tenant" = String, Path, description = "The tenant"), ("faqId" = String, Path, description = "The FAQ's id")),
    responses(
        (status = 204, description = "Deleted"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["knowledge:delete"]))
)]
async fn delete(app: State<App>, caller: Caller<scope::KnowledgeDelete>, path: Path) -> Result<StatusCode, Problem> {
    let id = &path.0.1;
    let deleted = app.runtime.knowledge().delete_faq(caller.tenant(), id).await?;
    caller.note(&app, Did::to("faq.deleted", id).before(&Faq::from(deleted))).await?;
    Ok(StatusCode::NO_CONTENT)
}
