//! What people of the tenant do to a conversation as a whole: tags, flags, reports, its status, a new beginning (rows
//! DA-X6 to DA-X12). Each is a turn of the conversation, in line with its others.

use std::collections::BTreeMap;

use axum::{
    extract::State,
    http::{StatusCode, Uri},
};
use model::{
    TranscriptId,
    attribute::Provenance,
    inbound::{Act, Inbound, Intervention},
    transcript::{TranscriptState, TranscriptStatus},
};
use runtime::{
    ActCall, AgentChoice, Arrival, Conversation, Standing, TurnCall,
    access::{Scope, scope},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    access::{Caller, Json, Named, Principal},
    noted::Did,
    transcript_schema::Transcript,
    transcripts::row,
};
use crate::{
    app::App,
    dialai::{
        WebchatTurn,
        wire::{status_name, status_named, status_names},
    },
    problem::Problem,
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(put_tags))
        .routes(routes!(flag))
        .routes(routes!(report))
        .routes(routes!(put_status))
        .routes(routes!(restart))
}

/// Most characters of a reason.
const MAX_REASON: usize = 1_000;
/// Most tags of a transcript, and most characters of a tag's name and of its value.
const MAX_TAGS: usize = 50;
const MAX_TAG: usize = 255;

/// Tags by name. (Generators call the `tags` of a transcript `TranscriptTags`.)
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct TagsByName {
    #[schema(example = json!({ "Call Reason": "Billing" }))]
    tags: BTreeMap<String, String>,
}

/// Whether a transcript is marked for review.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct TranscriptFlag {
    /// False takes the mark away.
    #[serde(default = "yes")]
    flagged: bool,
    /// Why; the mark says that a person set it when there is none.
    #[serde(default)]
    reason: Option<String>,
}

const fn yes() -> bool {
    true
}

/// Why a conversation is reported.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct TranscriptReport {
    #[schema(example = "The agent promised a refund.")]
    reason: String,
}

/// How a conversation is to stand.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct NewTranscriptStatus {
    /// One of the eleven. `HumanHandoff` takes it over, `InProgress` hands it back; all others end it.
    #[schema(example = "NoAnswer")]
    status: String,
}

/// A conversation that begins another anew.
#[derive(Debug, Serialize, ToSchema)]
struct RestartedTranscript {
    /// The one that was ended.
    restarted: String,
    #[serde(flatten)]
    new: WebchatTurn,
}

/// How an act of the tenant's people arrived.
pub(crate) fn arrival(uri: &Uri, caller: &Principal) -> Arrival {
    Arrival { url: uri.path().to_owned(), source_ip: caller.source_ip().to_owned() }
}

/// Does something to a conversation; gives how it stands then.
pub(super) async fn act(
    app: &App,
    caller: &Principal,
    uri: &Uri,
    transcript: TranscriptId,
    intervention: Intervention,
) -> Result<Option<Box<TranscriptState>>, Problem> {
    let act = ActCall::intervention(intervention, arrival(uri, caller));
    Ok(app.runtime.act(caller.tenant(), transcript, act).await?.state)
}

/// Makes a conversation stand as somebody wants, by what leads there; gives how it stands then.
pub(crate) async fn set_status(
    app: &App,
    caller: &Principal,
    uri: &Uri,
    transcript: TranscriptId,
    status: TranscriptStatus,
    before: &TranscriptState,
) -> Result<TranscriptState, Problem> {
    let intervention = match status {
        TranscriptStatus::InProgress | TranscriptStatus::HumanHandoff => {
            caller.require(Scope::TranscriptsTakeOver)?;
            match status {
                TranscriptStatus::InProgress => Intervention::HandBack,
                _ => Intervention::TakeOver { operator: caller.operator() },
            }
        }
        TranscriptStatus::Reported if !before.status.is_open() => {
            Intervention::Report { reason: format!("reported by {}", caller.operator()) }
        }
        status => Intervention::Close { status },
    };
    let after = act(app, caller, uri, transcript, intervention).await?;
    let after = after.map_or_else(|| before.clone(), |state| *state);
    let did = Did::to("transcript.status_set", transcript);
    let (was, is) = (json!({ "status": status_name(before.status) }), json!({ "status": status_name(after.status) }));
    caller.note(app, did.before(&was).after(&is)).await?;
    Ok(after)
}

/// Replaces the tags of a transcript.
#[utoipa::path(
    put, path = "/api/v1/{tenant}/transcripts/{transcript}/tags", tag = "Transcripts", operation_id = "putTranscriptTags",
    params(("tenant" = String, Path, description = "The tenant"), ("transcript" = String, Path, description = "Its id")),
    request_body = TagsByName,
    responses(
        (status = 200, description = "The transcript", body = Transcript),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["transcripts:update"]))
)]
async fn put_tags(
    app: State<App>,
    uri: Uri,
    caller: Caller<scope::TranscriptsUpdate>,
    path: Named<(String, TranscriptId)>,
    body: Json<TagsByName>,
) -> Result<axum::Json<Transcript>, Problem> {
    let (transcript, Json(wanted)) = (path.0.1, body);
    check_tags(&wanted.tags)?;
    let before = app.runtime.standing(caller.tenant(), transcript).await?.state.tags;
    let intervention = Intervention::Tag { tags: wanted.tags.clone(), whole: true };
    act(&app, &caller, &uri, transcript, intervention).await?;
    let did = Did::to("transcript.tagged", transcript).before(&json!({ "tags": before })).after(&wanted);
    caller.note(&app, did).await?;
    Ok(axum::Json(row(&app, caller.tenant(), transcript).await?))
}

fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), Problem> {
    if tags.len() > MAX_TAGS {
        return Err(Problem::invalid("tags", "There are too many.", format!("Send at most {MAX_TAGS}.")));
    }
    let fits = |text: &str| !text.trim().is_empty() && text.chars().count() <= MAX_TAG;
    match tags.iter().find(|(name, value)| !fits(name) || !fits(value)) {
        None => Ok(()),
        Some((name, _)) => {
            let remedy = format!("Names and values have 1 to {MAX_TAG} characters; leave out the tags that are to go.");
            Err(Problem::invalid(format!("tags.{name}"), "It is empty or too long.", remedy))
        }
    }
}

/// Marks a transcript for review, or takes the mark away.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/transcripts/{transcript}/flag", tag = "Transcripts", operation_id = "flagTranscript",
    params(("tenant" = String, Path, description = "The tenant"), ("transcript" = String, Path, description = "Its id")),
    request_body = TranscriptFlag,
    responses(
        (status = 200, description = "The transcript", body = Transcript),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["transcripts:update"]))
)]
async fn flag(
    app: State<App>,
    uri: Uri,
    caller: Caller<scope::TranscriptsUpdate>,
    path: Named<(String, TranscriptId)>,
    body: Json<TranscriptFlag>,
) -> Result<axum::Json<Transcript>, Problem> {
    let (transcript, Json(wanted)) = (path.0.1, body);
    let reason = match (wanted.flagged, wanted.reason) {
        (false, _) => None,
        (true, None) => Some(format!("flagged by {}", caller.operator())),
        (true, Some(reason)) => Some(checked_reason(&reason)?),
    };
    let after = json!({ "flagged": reason.is_some(), "reason": reason });
    act(&app, &caller, &uri, transcript, Intervention::Flag { reason }).await?;
    caller.note(&app, Did::to("transcript.flagged", transcript).after(&after)).await?;
    Ok(axum::Json(row(&app, caller.tenant(), transcript).await?))
}

/// Reports a conversation: it is flagged, ends if it had not, and its status says so.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/transcripts/{transcript}/report", tag = "Transcripts", operation_id = "reportTranscript",
    params(("tenant" = String, Path, description = "The tenant"), ("transcript" = String, Path, description = "Its id")),
    request_body = TranscriptReport,
    responses(
        (status = 200, description = "The transcript", body = Transcript),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["transcripts:update"]))
)]
async fn report(
    app: State<App>,
    uri: Uri,
    caller: Caller<scope::TranscriptsUpdate>,
    path: Named<(String, TranscriptId)>,
    body: Json<TranscriptReport>,
) -> Result<axum::Json<Transcript>, Problem> {
    let (transcript, Json(wanted)) = (path.0.1, body);
    let reason = checked_reason(&wanted.reason)?;
    act(&app, &caller, &uri, transcript, Intervention::Report { reason }).await?;
    caller.note(&app, Did::to("transcript.reported", transcript).after(&wanted)).await?;
    Ok(axum::Json(row(&app, caller.tenant(), transcript).await?))
}

fn checked_reason(reason: &str) -> Result<String, Problem> {
    if reason.trim().is_empty() || reason.chars().count() > MAX_REASON {
        let remedy = format!("Send 1 to {MAX_REASON} characters.");
        return Err(Problem::invalid("reason", "It is empty or too long.", remedy));
    }
    Ok(reason.trim().to_owned())
}

/// Makes a conversation stand otherwise: ends it in one of nine ways, takes it over or hands it back.
#[utoipa::path(
    put, path = "/api/v1/{tenant}/transcripts/{transcript}/status", tag = "Transcripts", operation_id = "putTranscriptStatus",
    params(("tenant" = String, Path, description = "The tenant"), ("transcript" = String, Path, description = "Its id")),
    request_body = NewTranscriptStatus,
    responses(
        (status = 200, description = "The transcript", body = Transcript),
        (status = 409, description = "It is over, or somebody else has it", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["transcripts:update"]))
)]
async fn put_status(
    app: State<App>,
    uri: Uri,
    caller: Caller<scope::TranscriptsUpdate>,
    path: Named<(String, TranscriptId)>,
    body: Json<NewTranscriptStatus>,
) -> Result<axum::Json<Transcript>, Problem> {
    let (transcript, Json(wanted)) = (path.0.1, body);
    let status = status_named(&wanted.status).ok_or_else(|| {
        Problem::invalid("status", "There is no such status.", format!("Send one of {}.", status_names()))
    })?;
    let before = app.runtime.standing(caller.tenant(), transcript).await?.state;
    set_status(&app, &caller, &uri, transcript, status, &before).await?;
    Ok(axum::Json(row(&app, caller.tenant(), transcript).await?))
}

/// Begins a conversation anew: the old one is `Restarted`, and a new one of the same contact begins with the same
/// version of the agent and with what the customer's page and token had said.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/transcripts/{transcript}/restart", tag = "Transcripts", operation_id = "restartTranscript",
    params(("tenant" = String, Path, description = "The tenant"), ("transcript" = String, Path, description = "Its id")),
    responses(
        (status = 201, description = "The new conversation", body = RestartedTranscript),
        (status = 409, description = "It is over", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["transcripts:update"]))
)]
async fn restart(
    app: State<App>,
    uri: Uri,
    caller: Caller<scope::TranscriptsUpdate>,
    path: Named<(String, TranscriptId)>,
) -> Result<(StatusCode, axum::Json<RestartedTranscript>), Problem> {
    let old = path.0.1;
    let Standing { contact, agent, agent_version, state, .. } = app.runtime.standing(caller.tenant(), old).await?;
    let public_name = app.runtime.loaded(caller.tenant(), agent, agent_version).await?.public_name().map(str::to_owned);
    act(&app, &caller, &uri, old, Intervention::Close { status: TranscriptStatus::Restarted }).await?;
    let transcript = TranscriptId(Uuid::now_v7());
    let call = TurnCall {
        tenant: caller.tenant().clone(),
        agent: AgentChoice::Version(agent, agent_version),
        contact,
        message_id: None,
        inbound: Inbound::new(Act::Open),
        request: arrival(&uri, &caller),
        platform: "web",
        conversation: Conversation::New { transcript, state: Box::new(begun_anew(state)) },
        live: None,
    };
    let answer = app.runtime.turn(call).await?;
    let did = Did::to("transcript.restarted", old).after(&json!({ "transcript": transcript }));
    caller.note(&app, did).await?;
    let new = WebchatTurn::of(&answer, public_name);
    Ok((StatusCode::CREATED, axum::Json(RestartedTranscript { restarted: old.to_string(), new })))
}

/// How a conversation stands that begins another anew: what functions made of the old one is not in it.
fn begun_anew(old: TranscriptState) -> TranscriptState {
    let TranscriptState { channel, endpoint, link, test, contact_name, language, mut parameters, .. } = old;
    parameters.retain(|_, held| held.provenance <= Provenance::Token);
    TranscriptState { channel, endpoint, link, test, contact_name, language, parameters, ..TranscriptState::default() }
}

#[cfg(test)]
mod tests {
    use model::{attribute::Attribute, transcript::Control};

    use super::*;

    #[test]
    fn da_x12_a_new_beginning_keeps_what_was_told_and_nothing_that_was_made() {
        let held = |provenance| Attribute { value: 1.into(), provenance };
        let parameters = [
            ("page".to_owned(), held(Provenance::Browser)),
            ("sub".to_owned(), held(Provenance::Token)),
            ("found".to_owned(), held(Provenance::Function)),
        ];
        let old = TranscriptState {
            status: TranscriptStatus::Restarted,
            control: Control::Operator,
            channel: "web".to_owned(),
            test: true,
            parameters: parameters.into_iter().collect(),
            tags: [("a".to_owned(), "b".to_owned())].into_iter().collect(),
            flagged: Some("x".to_owned()),
            ..TranscriptState::default()
        };
        let new = begun_anew(old);
        assert_eq!((new.status, new.control), (TranscriptStatus::InProgress, Control::Agent));
        assert!(new.test && new.tags.is_empty() && new.flagged.is_none());
        assert_eq!(new.parameters.keys().collect::<Vec<_>>(), ["page", "sub"]);
    }

    #[test]
    fn tags_are_bounded() {
        let tags = |name: &str, value: &str| [(name.to_owned(), value.to_owned())].into_iter().collect();
        assert!(check_tags(&tags("Call Reason", "Billing")).is_ok());
        for (name, value) in [("", "x"), ("x", " "), (&*"x".repeat(256), "x")] {
            assert!(check_tags(&tags(name, value)).is_err(), "{name}");
        }
        let many = (0..51).map(|at| (at.to_string(), "x".to_owned())).collect();
        assert!(check_tags(&many).is_err());
    }
}
