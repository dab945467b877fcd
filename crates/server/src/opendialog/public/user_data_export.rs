//! `GET /public/api/user-data-export`: all that is known of visitors and all that was said with them,
//! visitor by visitor (spec/opendialog.md §1.4).

use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    extract::{RawQuery, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream};
use model::{ContactId, record::Author};
use runtime::access::scope;
use serde_json::{Map, Value, json};
use store::{Interaction, InteractionFilter, TenantStore};
use tokio::sync::mpsc;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    super::{
        history::Said,
        refusal::{ErrorBody, Violations},
    },
    access::PublicCaller,
    moment::{date_and_time, end_of},
    profile,
    query::Pairs,
    refusal::PublicRefusal,
    stream::json,
};
use crate::{app::App, rate_limits::Endpoint};

const TOO_MANY: &str = "Too many export requests. Please try again later.";
const BROKEN: &str = "An error occurred while processing your export request.";
const BAD_DATE: &str = "Invalid date format. Expected format: YYYY-MM-DD HH:MM:SS";

/// Visitors on a page, unless the caller says otherwise; and at most.
const PER_PAGE: usize = 20;
const MOST_PER_PAGE: usize = 10_000;
/// Lines that are read at once.
const LINES: usize = 2_000;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(user_data_export))
}

/// All that is known of visitors, page by page.
#[utoipa::path(
    get, path = "/public/api/user-data-export", tag = "Public APIs", operation_id = "exportUserData",
    params(
        ("exportType" = String, Query, description = "Only `json`", example = "json"),
        ("from" = Option<String>, Query, description = "`YYYY-MM-DD HH:MM:SS`, UTC; together with `to`", example = "2023-03-01 00:00:00"),
        ("to" = Option<String>, Query, description = "`YYYY-MM-DD HH:MM:SS`, UTC; together with `from`", example = "2023-03-01 23:59:59"),
        ("perPage" = Option<String>, Query, description = "Visitors on a page, 20 when absent, at most 10000", example = "20"),
        ("page" = Option<String>, Query, description = "Which page, from 1", example = "1"),
    ),
    responses(
        (status = 200, description = "The visitors", body = super::schema::UserDataExport),
        (status = 400, description = "A date is not written as asked for", body = ErrorBody),
        (status = 401, description = "The token is missing or not good", body = ErrorBody),
        (status = 403, description = "The token's user may not read this", body = ErrorBody),
        (status = 422, description = "A query value is missing or wrong", body = ErrorBody),
        (status = 429, description = "Called too often", body = ErrorBody),
        (status = 503, description = "Too busy; try again", body = ErrorBody),
    ),
    security(("public_token" = ["transcripts:read"]))
)]
async fn user_data_export(
    app: State<App>,
    caller: PublicCaller<scope::TranscriptsRead>,
    headers: HeaderMap,
    query: RawQuery,
) -> Response {
    let answer = async {
        let admitted = caller.admit(&app, Endpoint::UserDataExport, TOO_MANY)?;
        let asked = Asked::read(&Pairs::read(query.0.as_deref()))?;
        let store = app.runtime.store().tenant(caller.tenant());
        let export = Export { store, base: app.public_url(&headers), asked };
        Ok(admitted.answer(export.answer().await?))
    };
    answer.await.unwrap_or_else(PublicRefusal::into_response)
}

/// What is asked for.
#[derive(Debug)]
struct Asked {
    filter: InteractionFilter,
    page: usize,
    per_page: usize,
    /// The query as it is echoed, in the order of the documents.
    echo: Map<String, Value>,
}

impl Asked {
    fn read(pairs: &Pairs<'_>) -> Result<Self, PublicRefusal> {
        let mut wrong = Violations::default();
        match pairs.get("exportType") {
            None => wrong.add("exportType", "The export type field is required."),
            Some("json") => {}
            Some(_) => wrong.add("exportType", "The export type must be json."),
        }
        let (from, to) = (pairs.get("from"), pairs.get("to"));
        match (from, to) {
            (Some(_), None) => wrong.add("to", "The to field is required when from is present."),
            (None, Some(_)) => wrong.add("from", "The from field is required when to is present."),
            _ => {}
        }
        let per_page = number(pairs, "perPage", "per page", PER_PAGE, MOST_PER_PAGE, &mut wrong);
        let page = number(pairs, "page", "page", 1, usize::MAX, &mut wrong);
        if !wrong.is_empty() {
            return Err(wrong.into());
        }
        let moment = |text: &str| date_and_time(text).ok_or(PublicRefusal::BadRequest(BAD_DATE));
        let mut filter = InteractionFilter::default();
        let mut echo = Map::new();
        echo.insert("exportType".to_owned(), "json".into());
        echo.insert("perPage".to_owned(), per_page.to_string().into());
        echo.insert("page".to_owned(), page.to_string().into());
        if let (Some(from), Some(to)) = (from, to) {
            let (from, to) = (moment(from)?, moment(to)?);
            (filter.from, filter.to) = (from, end_of(to, 1));
            echo.insert("from".to_owned(), from.to_string().into());
            echo.insert("to".to_owned(), to.to_string().into());
        }
        Ok(Self { filter, page, per_page, echo })
    }
}

fn number(pairs: &Pairs<'_>, name: &str, spoken: &str, default: usize, most: usize, wrong: &mut Violations) -> usize {
    let Some(text) = pairs.get(name) else { return default };
    match text.parse::<i64>() {
        Err(_) => wrong.add(name, format!("The {spoken} must be an integer.")),
        Ok(number) if number < 1 => wrong.add(name, format!("The {spoken} must be at least 1.")),
        Ok(number) => match usize::try_from(number) {
            Ok(number) if number <= most => return number,
            _ => wrong.add(name, format!("The {spoken} may not be greater than {most}.")),
        },
    }
    default
}

/// One page that is being made.
struct Export {
    store: TenantStore,
    /// Where visitors reach the server.
    base: String,
    asked: Asked,
}

impl Export {
    /// Finds the visitors, then sends what there is of each while the next is read.
    async fn answer(self) -> Result<Response, PublicRefusal> {
        let Asked { filter, page, per_page, .. } = &self.asked;
        let total = self.store.count_contacts_heard(filter).await.map_err(broken)?;
        let skip = (page - 1).saturating_mul(*per_page);
        let contacts = self.store.contacts_heard(filter, skip, *per_page).await.map_err(broken)?;
        let meta = self.meta(skip, contacts.len(), total);
        let (sender, receiver) = mpsc::channel::<Result<Bytes, String>>(2);
        tokio::spawn(async move {
            let mut out = br#"{"data":["#.to_vec();
            for (index, contact) in contacts.into_iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                if let Err(problem) = self.visitor(contact, &mut out, &sender).await {
                    tracing::error!(%problem, "an export was cut off");
                    // Nobody to tell when the reader has gone.
                    let _ = sender.send(Err(problem.to_string())).await;
                    return;
                }
                if sender.is_closed() {
                    return;
                }
            }
            out.extend_from_slice(br#"],"meta":"#);
            json(&mut out, &meta);
            out.push(b'}');
            let _ = sender.send(Ok(out.into())).await;
        });
        // Compression asks once more after the end.
        let chunks = stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver))).fuse();
        Ok(([(header::CONTENT_TYPE, "application/json")], Body::from_stream(chunks)).into_response())
    }

    fn meta(&self, skip: usize, on_page: usize, total: u64) -> Value {
        let Asked { page, per_page, echo, .. } = &self.asked;
        let last = total.div_ceil(*per_page as u64).max(1);
        // A page far beyond the last has no place that could be counted.
        let bound = |offset: usize| (on_page > 0).then(|| skip + offset);
        json!({
            "pagination": {
                "currentPage": page,
                "from": bound(1),
                "lastPage": last,
                "perPage": per_page,
                "to": bound(on_page),
                "total": total,
            },
            "filters": echo,
        })
    }

    /// Adds a visitor; sends what has been written whenever it is much.
    async fn visitor(
        &self,
        contact: ContactId,
        out: &mut Vec<u8>,
        sender: &mpsc::Sender<Result<Bytes, String>>,
    ) -> Result<(), store::StoreError> {
        let filter = InteractionFilter { contact: Some(contact.clone()), ..self.asked.filter.clone() };
        let mut page = self.store.interactions(&filter, None, LINES).await?;
        let known = profile::read(page.contacts.first().and_then(|first| first.state.as_deref()));
        out.push(b'{');
        json(out, contact.as_str());
        out.extend_from_slice(br#":{"chatbot_user_data":"#);
        json(out, &profile::whole(&known));
        out.extend_from_slice(br#","user_attributes":"#);
        json(out, &profile::attributes(&known));
        out.extend_from_slice(br#","interactions":["#);
        let mut first = true;
        loop {
            let lines = page.contacts.iter().flat_map(|contact| &contact.lines);
            for line in lines.filter_map(|line| self.line(&contact, line)) {
                if !std::mem::take(&mut first) {
                    out.push(b',');
                }
                json(out, &line);
            }
            if out.len() >= 64 << 10 && sender.send(Ok(std::mem::take(out).into())).await.is_err() {
                return Ok(());
            }
            match page.next.take() {
                Some(next) => page = self.store.interactions(&filter, Some(next), LINES).await?,
                None => break,
            }
        }
        out.extend_from_slice(b"]}}");
        Ok(())
    }

    fn line(&self, contact: &ContactId, line: &Interaction) -> Option<Value> {
        let (kind, data) = match &line.body {
            Some(body) => {
                let mut said = Said::of(line.author, &line.kind, line.at, body)?;
                if let (Author::Contact, Some(intent), Value::Object(data)) =
                    (line.author, &line.intent, &mut said.data)
                    && matches!(line.kind.as_str(), "button" | "form" | "trigger" | "open")
                {
                    data.insert("callback_id".to_owned(), intent.as_str().into());
                }
                (said.kind, said.data)
            }
            // A visitor's plain text says all there is of it.
            None => ("text".to_owned(), json!({ "text": line.text })),
        };
        let request = line.request.as_ref();
        let took = Duration::from_micros(request.map_or(0, |request| request.duration_micros));
        Some(json!({
            "author": if line.author == Author::Contact { contact.as_str() } else { "them" },
            "type": kind,
            "date": line.at.to_string(),
            "text": line.text,
            "data": data,
            "request": {
                "url": request.map_or_else(String::new, |request| format!("{}{}", self.base, request.url)),
                "source_ip": request.map_or("", |request| request.source_ip.as_str()),
            },
            "response": {
                "http_status": request.map_or(200, |request| request.status),
                "request_length": format!("{:.6}", took.as_secs_f64()),
            },
        }))
    }
}

fn broken(error: store::StoreError) -> PublicRefusal {
    match PublicRefusal::from(error) {
        PublicRefusal::Broken(_, cause) => PublicRefusal::Broken(BROKEN, cause),
        other => other,
    }
}
