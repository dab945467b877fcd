//! Talking to the draft of a flow before customers do, and seeing what it does (rows DA-T1, DA-T2, DA-T4, DA-T7). The
//! channel is emulated: the agent is told of it and behaves as it would there. Nothing reaches a real channel.

use axum::{
    extract::State,
    http::{StatusCode, Uri},
};
use model::{
    AgentId, TenantId, TranscriptId,
    inbound::{Act, Inbound},
    transcript::TranscriptState,
};
use runtime::{ActCall, AgentChoice, Conversation, Program, TurnAnswer, TurnCall, access::scope};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    access::{Caller, Json, Named},
    noted::Did,
    transcript_acts::arrival,
};
use crate::{
    app::App,
    dialai::{WebchatTurn, checked_language, checked_message},
    live,
    problem::Problem,
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(start)).routes(routes!(say))
}

/// A channel that is emulated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum TestChannel {
    #[default]
    Web,
    Voice,
    Sms,
    Email,
}

impl TestChannel {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Voice => "voice",
            Self::Sms => "sms",
            Self::Email => "email",
        }
    }
}

/// What a test begins with.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
struct NewTestConversation {
    /// Where it is pretended to take place.
    channel: TestChannel,
    /// Internal parameters by name, as the channel would bring them.
    #[schema(value_type = Option<serde_json::Value>)]
    parameters: Map<String, Value>,
    /// The language that the customer prefers: a BCP 47 tag.
    language: Option<String>,
}

/// What the tester says.
#[derive(Debug, Deserialize, ToSchema)]
struct TestMessage {
    #[schema(example = "My account number is 12345")]
    message: String,
}

/// What a turn of a test came to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TestTurn {
    #[serde(flatten)]
    turn: WebchatTurn,
    trace: TestTrace,
}

/// What happened in a turn, and where to read why.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TestTrace {
    /// Number of the turn.
    turn: u32,
    /// The state that the flow is in now.
    state: Option<String>,
    /// What happened, in order.
    events: Vec<TestEvent>,
    /// The turn's journal: prompts, what the model answered, and why.
    journal: String,
}

/// One thing that happened.
#[derive(Debug, Serialize, ToSchema)]
struct TestEvent {
    /// `message`, `functionCall`, `functionResult`, `stateChange` or `notice`, as the live stream names them.
    event: &'static str,
    /// What is known of it.
    data: Value,
}

impl TestTurn {
    fn of(tenant: &TenantId, answer: &TurnAnswer, public_name: Option<String>) -> Self {
        let TurnAnswer { transcript, turn, .. } = *answer;
        let events = answer.entries.iter().flat_map(|entry| live::of_entry(transcript, Some(turn), entry));
        let trace = TestTrace {
            turn,
            state: answer.state.as_ref().and_then(|state| state.place.clone()),
            events: events.map(|event| TestEvent { event: event.name, data: event.data }).collect(),
            journal: format!("/api/v1/{tenant}/transcripts/{transcript}/turns/{turn}/journal"),
        };
        Self { turn: WebchatTurn::of(answer, public_name), trace }
    }
}

/// Begins a test conversation with the draft of a flow.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/flows/handlers/{handlerId}/test-conversations", tag = "Test conversations",
    operation_id = "startTestConversation",
    params(("tenant" = String, Path, description = "The tenant"), ("handlerId" = String, Path, description = "The flow's id")),
    request_body = NewTestConversation,
    responses(
        (status = 201, description = "The conversation, and what the draft did", body = TestTurn),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["agents:preview"]))
)]
async fn start(
    app: State<App>,
    uri: Uri,
    caller: Caller<scope::AgentsPreview>,
    path: Named<(String, AgentId)>,
    body: Json<NewTestConversation>,
) -> Result<(StatusCode, axum::Json<TestTurn>), Problem> {
    let (flow, Json(new)) = (path.0.1, body);
    let loaded = app.runtime.loaded(caller.tenant(), flow, 0).await?;
    if !matches!(loaded.program, Program::Flow(_)) {
        return Err(Problem::not_found("flow", &flow.to_string()));
    }
    let state = TranscriptState {
        channel: new.channel.as_str().to_owned(),
        test: true,
        contact_name: format!("test by {}", caller.operator()),
        language: new.language.map(|language| checked_language(&language)).transpose()?,
        ..TranscriptState::default()
    };
    let transcript = TranscriptId(Uuid::now_v7());
    let contact = format!("test-{transcript}").parse().expect("letters, digits and hyphens are a contact's id");
    let call = TurnCall {
        tenant: caller.tenant().clone(),
        agent: AgentChoice::Version(flow, 0),
        contact,
        message_id: None,
        // Who tests is believed, as the channel would be.
        inbound: Inbound { verified: new.parameters, ..Inbound::new(Act::Open) },
        request: arrival(&uri, &caller),
        platform: "web",
        conversation: Conversation::New { transcript, state: Box::new(state) },
        live: None,
    };
    let answer = app.runtime.turn(call).await?;
    caller.note(&app, Did::to("flow.tested", flow)).await?;
    let turn = TestTurn::of(caller.tenant(), &answer, loaded.public_name().map(str::to_owned));
    Ok((StatusCode::CREATED, axum::Json(turn)))
}

/// Says something in a test conversation. The draft answers as it is now: what was edited since shows.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/flows/handlers/{handlerId}/test-conversations/{transcriptId}",
    tag = "Test conversations", operation_id = "sayInTestConversation",
    params(
        ("tenant" = String, Path, description = "The tenant"), ("handlerId" = String, Path, description = "The flow's id"),
        ("transcriptId" = String, Path, description = "The conversation"),
    ),
    request_body = TestMessage,
    responses(
        (status = 200, description = "What the draft says and did", body = TestTurn),
        (status = 409, description = "The conversation is over", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["agents:preview"]))
)]
async fn say(
    app: State<App>,
    uri: Uri,
    caller: Caller<scope::AgentsPreview>,
    path: Named<(String, AgentId, TranscriptId)>,
    body: Json<TestMessage>,
) -> Result<axum::Json<TestTurn>, Problem> {
    let Named((_, flow, transcript)) = path;
    let inbound = Inbound::text(checked_message(&body.0.message)?);
    let standing = app.runtime.standing(caller.tenant(), transcript).await?;
    // A conversation with a customer is none of a tester's.
    if standing.agent != flow || !standing.state.test {
        return Err(Problem::not_found("test conversation", &transcript.to_string()));
    }
    let act = ActCall { inbound, message_id: None, request: arrival(&uri, &caller), live: None };
    let answer = app.runtime.act(caller.tenant(), transcript, act).await?;
    Ok(axum::Json(TestTurn::of(caller.tenant(), &answer, None)))
}
