//! A supervisor transfers a conversation to an internal contact (spec/dialai.md §12; rows DA-L9, DA-L12). Who dials the
//! number is whoever hears of the event `transcript.handed_off`.

use axum::{extract::State, http::Uri};
use dialogue::flow::engine::transferable;
use model::{TenantId, TranscriptId, inbound::Intervention};
use runtime::{access::scope, internal_contacts::InternalContact};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    access::{Caller, Json, Named},
    noted::Did,
    transcript_acts::act,
    transcript_schema::Transcript,
    transcripts::row,
};
use crate::{app::App, problem::Problem};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(transfer))
}

/// To whom a conversation is transferred: one of the two.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TranscriptTransfer {
    /// The id of an internal contact.
    internal_contact_id: Option<String>,
    /// Its name, whatever the case.
    #[schema(example = "Front desk")]
    name: Option<String>,
}

/// Transfers a conversation to an internal contact, while the agent has it: the agent is silent from then on, and stops if
/// it is speaking. The event `transcript.handed_off` has the contact's name as `destination` and its number as
/// `destination_number`.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/transcripts/{transcript}/transfer", tag = "Transcripts", operation_id = "transferTranscript",
    params(("tenant" = String, Path, description = "The tenant"), ("transcript" = String, Path, description = "Its id")),
    request_body = TranscriptTransfer,
    responses(
        (status = 200, description = "The transcript", body = Transcript),
        (status = 409, description = "It is over, waits for a person or is with one", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "There is no such internal contact", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["transcripts:take_over"]))
)]
async fn transfer(
    app: State<App>,
    uri: Uri,
    caller: Caller<scope::TranscriptsTakeOver>,
    path: Named<(String, TranscriptId)>,
    body: Json<TranscriptTransfer>,
) -> Result<axum::Json<Transcript>, Problem> {
    let (transcript, Json(wanted)) = (path.0.1, body);
    // The turn asks this again. What is refused must have interrupted no agent.
    transferable(&app.runtime.standing(caller.tenant(), transcript).await?.state)?;
    let contact = chosen(&app, caller.tenant(), wanted).await?;
    let (name, number) = (contact.terms.name, contact.terms.phone_number);
    let after = json!({ "internalContactId": contact.id, "name": name, "phoneNumber": number });
    let intervention = Intervention::Transfer { operator: caller.operator(), contact: name, number };
    act(&app, &caller, &uri, transcript, intervention).await?;
    caller.note(&app, Did::to("transcript.transferred", transcript).after(&after)).await?;
    Ok(axum::Json(row(&app, caller.tenant(), transcript).await?))
}

/// The internal contact that a body names.
async fn chosen(app: &App, tenant: &TenantId, wanted: TranscriptTransfer) -> Result<InternalContact, Problem> {
    let (field, found) = match (wanted.internal_contact_id, wanted.name) {
        (Some(id), None) => ("internalContactId", app.internal_contacts.get(tenant, &id).await?),
        (None, Some(name)) => ("name", app.internal_contacts.named(tenant, &name).await?),
        _ => {
            let remedy = "Send either `internalContactId` or `name`.";
            return Err(Problem::invalid("internalContactId", "It does not say to whom.", remedy));
        }
    };
    found.ok_or_else(|| {
        let remedy = "Name one of the tenant's internal contacts.";
        Problem::invalid(field, "There is no such internal contact.", remedy)
    })
}
