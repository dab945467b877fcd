//! The audit log: who did what to what, when and from where.

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream};
use model::TenantId;
use runtime::{
    access::scope,
    audit::{Audit, Entry, Sought},
    documents::DocumentError,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::access::{Asked, Caller};
use crate::{app::App, problem::Problem};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(export))
}

/// Something that was done.
#[derive(Debug, Serialize, ToSchema)]
struct AuditEntry {
    /// Later ones sort after earlier ones.
    id: String,
    at: String,
    actor: AuditActor,
    /// What was done: `agent.published`.
    action: String,
    target: AuditTarget,
    /// The address that it came from; empty for what was done with the command line.
    source_ip: String,
    /// What was before, without secrets; null where nothing was.
    #[schema(value_type = serde_json::Value)]
    before: Option<Value>,
    /// What is now, without secrets; null where nothing is.
    #[schema(value_type = serde_json::Value)]
    after: Option<Value>,
}

/// Who did it.
#[derive(Debug, Serialize, ToSchema)]
struct AuditActor {
    /// Id of the token that was used; `command_line` for what was done with that.
    token: String,
    token_name: String,
    /// Id of its user; null when the token was the tenant's own.
    user: Option<String>,
}

/// What it was done to.
#[derive(Debug, Serialize, ToSchema)]
struct AuditTarget {
    #[schema(example = "agent")]
    kind: String,
    /// Which one; null where there is one only, and of contacts that were erased.
    id: Option<String>,
}

impl From<Entry> for AuditEntry {
    fn from(entry: Entry) -> Self {
        let Entry { id, at, actor, action, target, source_ip, before, after } = entry;
        Self {
            id,
            at: at.to_string(),
            actor: AuditActor { token: actor.token, token_name: actor.token_name, user: actor.user },
            action,
            target: AuditTarget { kind: target.kind, id: target.id },
            source_ip,
            before,
            after,
        }
    }
}

/// A part of the log.
#[derive(Debug, Serialize, ToSchema)]
struct AuditPage {
    entries: Vec<AuditEntry>,
    /// What to ask for next as `after`; null at the end.
    next: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Listing {
    /// Only after the entry of this id.
    after: Option<String>,
    /// Only what this user did, or what was done with this token.
    actor: Option<String>,
    /// Only this action; `agent.*` is all that begin so.
    action: Option<String>,
    /// How many at most: 1 to 1000.
    #[serde(default = "hundred")]
    #[param(minimum = 1, maximum = 1000)]
    limit: usize,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Exporting {
    /// Only after the entry of this id.
    after: Option<String>,
    /// Only what this user did, or what was done with this token.
    actor: Option<String>,
    /// Only this action; `agent.*` is all that begin so.
    action: Option<String>,
}

const fn hundred() -> usize {
    100
}

/// Entries of one step of an export.
const STEP: usize = 1_000;

/// Who did what to what, oldest first. Ask again with `next` as `after`. The newest 100,000 entries are kept.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/audit", tag = "Audit", operation_id = "listAuditEntries",
    params(("tenant" = String, Path, description = "The tenant"), Listing),
    responses(
        (status = 200, description = "The entries", body = AuditPage),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["audit:read"]))
)]
async fn list(
    app: State<App>,
    caller: Caller<scope::AuditRead>,
    listing: Asked<Listing>,
) -> Result<axum::Json<AuditPage>, Problem> {
    let Listing { after, actor, action, limit } = listing.0;
    if !(1..=1_000).contains(&limit) {
        return Err(Problem::invalid("limit", "It is out of range.", "Send 1 to 1000."));
    }
    let sought = Sought { after, actor, action };
    let (entries, next) = app.audit.list(caller.tenant(), &sought, limit).await?;
    Ok(axum::Json(AuditPage { entries: entries.into_iter().map(AuditEntry::from).collect(), next }))
}

/// The whole log, oldest first, one entry per line.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/audit/export", tag = "Audit", operation_id = "exportAuditEntries",
    params(("tenant" = String, Path, description = "The tenant"), Exporting),
    responses(
        (status = 200, description = "A JSON object per line", body = String, content_type = "application/jsonl"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["audit:read"]))
)]
async fn export(
    app: State<App>,
    caller: Caller<scope::AuditRead>,
    exporting: Asked<Exporting>,
) -> Result<Response, Problem> {
    let Exporting { after, actor, action } = exporting.0;
    let (audit, tenant) = (app.audit.clone(), caller.tenant().clone());
    // The first step before anything is answered: a store that cannot be read is an error of its own.
    let (first, next) = step(&audit, &tenant, Sought { after, actor, action }).await?;
    let rest = stream::unfold(next, move |sought| {
        let (audit, tenant) = (audit.clone(), tenant.clone());
        async move {
            let read = step(&audit, &tenant, sought?).await;
            Some(match read {
                Ok((lines, next)) => (Ok(lines), next),
                // The answer is cut off, which a reader sees.
                Err(error) => {
                    tracing::error!(%error, "an export of the audit log was cut off");
                    (Err(error), None)
                }
            })
        }
    });
    // Compression asks once more after the end.
    let lines = stream::iter([Ok(first)]).chain(rest).fuse();
    let headers = [
        (header::CONTENT_TYPE, "application/jsonl"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"audit.jsonl\""),
    ];
    Ok((headers, Body::from_stream(lines)).into_response())
}

/// Some entries as lines, and what to ask for next.
async fn step(audit: &Audit, tenant: &TenantId, sought: Sought) -> Result<(Bytes, Option<Sought>), DocumentError> {
    let (entries, next) = audit.list(tenant, &sought, STEP).await?;
    let mut lines = Vec::new();
    for entry in entries {
        let line = serde_json::to_vec(&AuditEntry::from(entry)).expect("an entry is plain JSON");
        lines.extend(line);
        lines.push(b'\n');
    }
    Ok((lines.into(), next.map(|after| Sought { after: Some(after), ..sought })))
}
