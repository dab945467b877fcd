//! What people of the tenant do to a conversation: taking it over, speaking in it, handing it back (rows DA-W3 to
//! DA-W5, DA-L11). A chat link opens none of it.

use axum::{extract::State, http::Uri};
use model::{
    TranscriptId,
    inbound::{Inbound, Intervention},
    transcript::TranscriptState,
};
use runtime::{ActCall, TurnAnswer, access::scope};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    answer::WebchatTurn,
    webchat::checked_message,
    wire::{control_name, status_name},
};
use crate::{
    api::{
        access::{Caller, Json, Named, Principal},
        noted::Did,
        transcript_acts::arrival,
    },
    app::App,
    problem::Problem,
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(take_over)).routes(routes!(say)).routes(routes!(hand_back))
}

/// Who has a conversation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct WebchatControl {
    transcript_id: String,
    #[schema(example = "HumanHandoff")]
    status: &'static str,
    /// Who answers: `Agent`, `Queued` (nobody yet) or `Operator`.
    control: &'static str,
    /// Who of the tenant's people has it.
    operator: Option<String>,
}

impl WebchatControl {
    fn of(transcript: TranscriptId, state: &TranscriptState) -> Self {
        Self {
            transcript_id: transcript.to_string(),
            status: status_name(state.status),
            control: control_name(state.control),
            operator: state.operator.clone(),
        }
    }
}

/// What a person says.
#[derive(Debug, Deserialize, ToSchema)]
struct CsrMessage {
    #[schema(example = "Hello, this is Sam. How can I help?")]
    message: String,
}

/// Takes a conversation over: the agent is silent from then on, and stops if it is speaking. To take it again changes
/// nothing.
#[utoipa::path(
    post, path = "/api/org/{tenant}/v2/webchat/{transcriptId}/CsrTakeOver", tag = "Web chat", operation_id = "takeOverWebchat",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("transcriptId" = String, Path, description = "The conversation"),
    ),
    responses(
        (status = 200, description = "Who has it now", body = WebchatControl),
        (status = 404, description = "There is no such conversation", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It is over, or somebody else has it", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["transcripts:take_over"]))
)]
async fn take_over(
    app: State<App>,
    uri: Uri,
    caller: Caller<scope::TranscriptsTakeOver>,
    path: Named<(String, TranscriptId)>,
) -> Result<axum::Json<WebchatControl>, Problem> {
    let intervention = Intervention::TakeOver { operator: caller.operator() };
    control(&app, &caller, &uri, path.0.1, intervention, "transcript.taken_over").await
}

/// Hands a conversation back: the agent answers again.
#[utoipa::path(
    post, path = "/api/org/{tenant}/v2/webchat/{transcriptId}/CsrHandBack", tag = "Web chat", operation_id = "handBackWebchat",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("transcriptId" = String, Path, description = "The conversation"),
    ),
    responses(
        (status = 200, description = "Who has it now", body = WebchatControl),
        (status = 404, description = "There is no such conversation", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It is over", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["transcripts:take_over"]))
)]
async fn hand_back(
    app: State<App>,
    uri: Uri,
    caller: Caller<scope::TranscriptsTakeOver>,
    path: Named<(String, TranscriptId)>,
) -> Result<axum::Json<WebchatControl>, Problem> {
    control(&app, &caller, &uri, path.0.1, Intervention::HandBack, "transcript.handed_back").await
}

/// Says something to the customer, as a person who has taken the conversation over.
#[utoipa::path(
    post, path = "/api/org/{tenant}/v2/webchat/{transcriptId}/addCsrMessage", tag = "Web chat", operation_id = "addCsrMessage",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("transcriptId" = String, Path, description = "The conversation"),
    ),
    request_body = CsrMessage,
    responses(
        (status = 200, description = "The message, as the customer sees it", body = WebchatTurn),
        (status = 404, description = "There is no such conversation", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It is over, or nobody has taken it over", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["transcripts:take_over"]))
)]
async fn say(
    app: State<App>,
    uri: Uri,
    caller: Caller<scope::TranscriptsTakeOver>,
    path: Named<(String, TranscriptId)>,
    body: Json<CsrMessage>,
) -> Result<axum::Json<WebchatTurn>, Problem> {
    let text = checked_message(&body.0.message)?.to_owned();
    let intervention = Intervention::Say { operator: caller.operator() };
    let inbound = Inbound { text, ..Inbound::intervention(intervention) };
    let act = ActCall { inbound, message_id: None, request: arrival(&uri, &caller), live: None };
    let answer = app.runtime.act(caller.tenant(), path.0.1, act).await?;
    Ok(axum::Json(WebchatTurn::of(&answer, None)))
}

async fn control(
    app: &App,
    caller: &Principal,
    uri: &Uri,
    transcript: TranscriptId,
    intervention: Intervention,
    action: &'static str,
) -> Result<axum::Json<WebchatControl>, Problem> {
    let act = ActCall::intervention(intervention, arrival(uri, caller));
    let TurnAnswer { state, .. } = app.runtime.act(caller.tenant(), transcript, act).await?;
    let state = state.map_or_else(TranscriptState::default, |state| *state);
    let control = WebchatControl::of(transcript, &state);
    let after = json!({ "status": control.status, "control": control.control, "operator": control.operator });
    caller.note(app, Did::to(action, transcript).after(&after)).await?;
    Ok(axum::Json(control))
}
