//! What visitors think of a message (spec/opendialog.md §5.4, row OD-W33).

use axum::{
    Json,
    body::Body,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use model::{
    Timestamp,
    record::{Event, FactRecord},
};
use serde_json::{Value, json, value::to_raw_value};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    body,
    fields::Fields,
    history::transcript_of,
    refusal::{ErrorBody, Refusal, Violations},
    schema::FeedbackRequest,
    visit::{self, Claims, Effect, Generation, Visit},
};
use crate::app::{App, Shared};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(feedback))
}

/// Says whether a message was good.
#[utoipa::path(
    post, path = "/chat-api/feedback", tag = "Chat API", operation_id = "sendFeedback", request_body = FeedbackRequest,
    params(
        ("OPENDIALOG-USER-ID" = String, Header, description = "The visitor's id, 1 to 384 characters"),
        ("OPENDIALOG-SCENARIO-ID" = String, Header, description = "The scenario's id, or an alias"),
        ("X-CSRF-TOKEN" = Option<String>, Header, description = "Repeats the cookie `parlance_csrf_token` where CSRF is on"),
    ),
    responses(
        (status = 200, description = "Stored", body = serde_json::Map<String, Value>),
        (status = 401, description = "App key or anonymous token missing or wrong", body = ErrorBody),
        (status = 403, description = "CSRF header missing or wrong", body = ErrorBody),
        (status = 413, description = "The body is too large", body = ErrorBody),
        (status = 415, description = "The body is not JSON", body = ErrorBody),
        (status = 422, description = "Headers or fields missing or wrong", body = ErrorBody),
    ),
    security(("app_key" = []))
)]
async fn feedback(app: State<App>, headers: HeaderMap, body: Body) -> Response {
    match admitted(&app, &headers, body).await {
        Err(refusal) => refusal.into_response(),
        Ok((visit, opinion)) => {
            let stored = record(&app, &visit, &opinion).await;
            visit.answer(stored.map_or_else(Refusal::into_response, |()| Json(json!({})).into_response()))
        }
    }
}

async fn admitted(app: &Shared, headers: &HeaderMap, body: Body) -> Result<(Visit, Value), Refusal> {
    visit::require_key(app, Generation::Current, headers).await?;
    let body = body::json(headers, body, app.options.body_timeout).await?;
    let body = Fields::of_body(&body)?;
    let mut wrong = Violations::default();
    let template = body.required_text("message_template_id", "message_template_id", &mut wrong)?;
    let feedback = body.required_text("feedback", "feedback", &mut wrong)?;
    if feedback.as_deref().is_some_and(|feedback| !matches!(feedback, "positive" | "negative")) {
        wrong.add("feedback", "The selected feedback is invalid. It must be positive or negative.");
    }
    let request = body.optional_text("request_id", "request_id", 255, &mut wrong)?;
    if template.as_deref().is_some_and(|text| text.chars().count() > 255) {
        wrong.add("message_template_id", "The message_template_id may not be longer than 255 characters.");
    }
    let opinion = wrong.or(json!({ "template": template, "feedback": feedback, "request": request }))?;
    let visit = visit::admit(app, Generation::Current, Effect::Writes, headers, Claims::default()).await?;
    Ok((visit, opinion))
}

async fn record(app: &Shared, visit: &Visit, opinion: &Value) -> Result<(), Refusal> {
    let fact = FactRecord {
        tenant: visit.tenant.id().clone(),
        contact: visit.contact.clone(),
        transcript: transcript_of(app, visit).await?,
        at: Timestamp::now(),
        entries: Vec::new(),
        events: vec![Event {
            kind: "message.feedback".to_owned(),
            body: to_raw_value(opinion).expect("a JSON value is JSON"),
        }],
    };
    app.runtime.record_fact(fact).await?;
    Ok(())
}
