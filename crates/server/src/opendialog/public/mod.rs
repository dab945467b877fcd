//! OpenDialog's public APIs, `/public/api/*`: what scripts, dashboards and compliance jobs call with an
//! API token (spec/opendialog.md §1).

mod access;
mod analytics;
mod clickstream;
mod evaluation;
mod flag_evaluations;
mod listing;
mod moment;
mod query;
mod refusal;

use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

/// The routes of the public APIs.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().merge(analytics::routes()).merge(flag_evaluations::routes())
}
