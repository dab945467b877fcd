//! What the customer of a conversation does beside talking: coming back to it, following it, ending it (row DA-W6).

use axum::{
    extract::State,
    http::{HeaderMap, Uri},
    response::Response,
};
use model::{TranscriptId, inbound::Intervention, transcript::TranscriptStatus};
use runtime::{ActCall, access::scope};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    access::{ChatCaller, Chatter},
    webchat::arrival,
    wire::{WebchatMessage, status_name, status_named, status_names},
};
use crate::{
    api::{
        access::{Json, Named},
        transcript_acts,
    },
    app::App,
    live::{self, Audience, Topic},
    problem::Problem,
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(resume)).routes(routes!(stream)).routes(routes!(set_status))
}

/// A conversation as its customer sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Webchat {
    transcript_id: String,
    #[schema(example = "InProgress")]
    status: &'static str,
    /// All that was said, oldest first.
    messages: Vec<WebchatMessage>,
    /// What the agent is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    public_name: Option<String>,
}

/// How a conversation stands.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct WebchatStatus {
    /// `Completed`, `Abandoned` or `Restarted`; with a token of the tenant any of the eleven.
    #[schema(example = "Completed")]
    status: String,
}

/// A conversation with all that was said, for a page that comes back to it.
#[utoipa::path(
    get, path = "/api/org/{tenant}/v2/webchat/{transcriptId}", tag = "Web chat", operation_id = "getWebchat",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("transcriptId" = String, Path, description = "The conversation"),
    ),
    responses(
        (status = 200, description = "The conversation", body = Webchat),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("chat_link" = []), ("api_token" = ["transcripts:read"]))
)]
async fn resume(
    app: State<App>,
    caller: ChatCaller<scope::TranscriptsRead>,
    path: Named<(String, TranscriptId)>,
) -> Result<axum::Json<Webchat>, Problem> {
    let (caller, transcript) = (caller.who, path.0.1);
    let standing = caller.standing(&app, transcript).await?;
    let store = app.runtime.store();
    // Who said something and comes back finds it.
    store.flush_projections().await?;
    let entries = store.tenant(caller.tenant()).transcript_entries(&transcript, Some(store::MAX_ROWS)).await?;
    // The conversation can be read although its flow is gone.
    let agent = app.runtime.loaded(caller.tenant(), standing.agent, standing.agent_version).await.ok();
    Ok(axum::Json(Webchat {
        transcript_id: transcript.to_string(),
        status: status_name(standing.state.status),
        messages: entries.iter().filter_map(|stored| WebchatMessage::of(&stored.entry)).collect(),
        public_name: agent.and_then(|agent| agent.public_name().map(str::to_owned)),
    }))
}

/// Follows a conversation: `message` and `status` as they happen, `heartbeat` every 15 seconds. With `Last-Event-ID`
/// what was missed comes first; with 0 all of it.
#[utoipa::path(
    get, path = "/api/org/{tenant}/v2/webchat/{transcriptId}/stream", tag = "Web chat", operation_id = "followWebchat",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("transcriptId" = String, Path, description = "The conversation"),
        ("Last-Event-ID" = Option<String>, Header, description = "The `id` of the last event that was seen"),
    ),
    responses(
        (status = 200, description = "The events", body = String, content_type = "text/event-stream"),
        (status = 429, description = "The conversation is followed too often already", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("chat_link" = []), ("api_token" = ["transcripts:read"]))
)]
async fn stream(
    app: State<App>,
    headers: HeaderMap,
    caller: ChatCaller<scope::TranscriptsRead>,
    path: Named<(String, TranscriptId)>,
) -> Result<Response, Problem> {
    let (caller, transcript) = (caller.who, path.0.1);
    caller.standing(&app, transcript).await?;
    let code = match &caller {
        Chatter::Link(holder) => Some(holder.code),
        Chatter::Person(_) => None,
    };
    let topic = Topic::Transcript(caller.tenant().clone(), transcript);
    live::follow(&app, topic, Audience::Customer(code), &headers)
}

/// Ends a conversation; wrap-up functions run once. The customer completes, abandons or restarts it; people of the
/// tenant set any status.
#[utoipa::path(
    put, path = "/api/org/{tenant}/v2/webchat/{transcriptId}/status", tag = "Web chat", operation_id = "putWebchatStatus",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("transcriptId" = String, Path, description = "The conversation"),
    ),
    request_body = WebchatStatus,
    responses(
        (status = 200, description = "How it stands", body = WebchatStatus),
        (status = 403, description = "Not with a chat link", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such conversation", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It is over", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("chat_link" = []), ("api_token" = ["transcripts:update"]))
)]
async fn set_status(
    app: State<App>,
    uri: Uri,
    caller: ChatCaller<scope::TranscriptsUpdate>,
    path: Named<(String, TranscriptId)>,
    body: Json<WebchatStatus>,
) -> Result<axum::Json<WebchatStatus>, Problem> {
    let (caller, transcript, Json(wanted)) = (caller.who, path.0.1, body);
    let status = status_named(&wanted.status).ok_or_else(|| {
        Problem::invalid("status", "There is no such status.", format!("Send one of {}.", status_names()))
    })?;
    let standing = caller.standing(&app, transcript).await?;
    let state = match &caller {
        Chatter::Person(person) => {
            transcript_acts::set_status(&app, person, &uri, transcript, status, &standing.state).await?
        }
        Chatter::Link(_) => {
            let by_customers = [TranscriptStatus::Completed, TranscriptStatus::Abandoned, TranscriptStatus::Restarted];
            if !by_customers.contains(&status) {
                return Err(Problem::not_for_links("The customer completes, abandons or restarts a conversation."));
            }
            let act = ActCall::intervention(Intervention::Close { status }, arrival(&uri, &caller));
            let answer = app.runtime.act(caller.tenant(), transcript, act).await?;
            answer.state.map_or(standing.state, |state| *state)
        }
    };
    Ok(axum::Json(WebchatStatus { status: status_name(state.status).to_owned() }))
}
