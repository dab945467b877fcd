//! The Interaction API of 2022 (spec/opendialog.md §1.3, "Legacy version"). Its path was never published,
//! so it stands under one of ours.

use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use model::inbound::Inbound;
use runtime::access::scope;
use serde_json::{Value, json};
use store::{SaidLine, SaidPage};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    super::refusal::ErrorBody,
    access::PublicCaller,
    profile,
    query::Pairs,
    refusal::{PublicRefusal, TOO_MANY},
    stream::{self, Writer, json},
    user_interactions::{Asked, said_by_hand},
};
use crate::{app::App, rate_limits::Endpoint};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(interactions))
}

/// What visitors said in a time, in the shape of 2022.
///
/// For scripts that were written against the first Interaction API; new ones use
/// `/public/api/user-interactions`, which knows the same filters.
#[utoipa::path(
    get, path = "/public/api/interactions", tag = "Public APIs", operation_id = "getInteractionsOf2022",
    params(
        ("from" = String, Query, description = "`YYYY-MM-DD HH:MM:SS`, UTC", example = "2022-09-21 00:00:00"),
        ("to" = String, Query, description = "`YYYY-MM-DD HH:MM:SS`, UTC; that second included", example = "2022-09-22 23:59:59"),
        ("user_id" = Option<String>, Query, description = "Exactly this visitor"),
    ),
    responses(
        (status = 200, description = "What they said", body = super::schema::UserInteractions),
        (status = 401, description = "The token is missing or not good", body = ErrorBody),
        (status = 403, description = "The token's user may not read this", body = ErrorBody),
        (status = 422, description = "A query value is missing, wrong or not known", body = ErrorBody),
        (status = 429, description = "Called too often", body = ErrorBody),
        (status = 503, description = "Too busy; try again", body = ErrorBody),
    ),
    security(("public_token" = ["transcripts:read"]))
)]
async fn interactions(app: State<App>, caller: PublicCaller<scope::TranscriptsRead>, query: RawQuery) -> Response {
    let answer = async {
        let admitted = caller.admit(&app, Endpoint::UserInteractions, TOO_MANY)?;
        let asked = Asked::read(&Pairs::read(query.0.as_deref()))?;
        let store = app.runtime.store().tenant(caller.tenant());
        let filter = asked.filter.clone();
        Ok(admitted.answer(stream::answer(store, filter, Of2022 { asked, visitor: None, any: false }).await?))
    };
    answer.await.unwrap_or_else(PublicRefusal::into_response)
}

/// The answer as it is written: a visitor is written when all of theirs is known.
struct Of2022 {
    asked: Asked,
    visitor: Option<(String, Value, Vec<Value>)>,
    any: bool,
}

impl Writer for Of2022 {
    fn page(&mut self, page: &SaidPage, out: &mut Vec<u8>) {
        for contact in page.contacts() {
            if !contact.continued || self.visitor.is_none() {
                self.close(out);
                let known = profile::read(contact.state);
                let data = json!({
                    "first_name": profile::text(&known, "first_name"),
                    "last_name": profile::text(&known, "last_name"),
                    "custom": profile::custom(&known),
                });
                self.visitor = Some((contact.contact.as_str().to_owned(), data, Vec::new()));
            }
            if let Some((_, _, lines)) = &mut self.visitor {
                lines.extend(contact.lines().filter_map(|said| line(&said)));
            }
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.close(out);
        out.extend_from_slice(if self.any { b"]}" } else { br#"{"data":[]}"# });
    }
}

impl Of2022 {
    fn close(&mut self, out: &mut Vec<u8>) {
        let Some((id, data, lines)) = self.visitor.take().filter(|(_, _, lines)| !lines.is_empty()) else { return };
        out.extend_from_slice(if self.any { b"," } else { br#"{"data":["# });
        self.any = true;
        let (from, to) = (self.asked.from.to_string(), self.asked.to.to_string());
        json(out, &json!({ id: { "chatbot_user_data": data, "from": from, "to": to, "interactions": lines } }));
    }
}

fn line(line: &SaidLine<'_>) -> Option<Value> {
    let kind = said_by_hand(line.kind)?;
    let inbound = line.body.and_then(|body| serde_json::from_str::<Inbound>(body).ok());
    let (value, intent) = inbound.map_or((None, None), |inbound| (inbound.value, inbound.intent));
    Some(json!({
        "type": kind,
        "date": line.at.to_string(),
        "text": line.text,
        "data": { "value": value.unwrap_or_default(), "callback_id": intent.unwrap_or_default() },
    }))
}
