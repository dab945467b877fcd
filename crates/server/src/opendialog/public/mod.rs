//! OpenDialog's public APIs, `/public/api/*`: what scripts, dashboards and compliance jobs call with an
//! API token (spec/opendialog.md §1).

mod access;
mod analytics;
mod clickstream;
mod deep_links;
mod evaluation;
mod flag_evaluations;
mod legacy;
mod listing;
mod moment;
mod profile;
mod query;
mod refusal;
mod schema;
mod stream;
mod user_data_export;
mod user_interactions;

use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;

use self::refusal::PublicRefusal;
use crate::app::App;

/// The routes of the public APIs.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(user_interactions::routes())
        .merge(user_data_export::routes())
        .merge(legacy::routes())
        .merge(deep_links::routes())
        .merge(analytics::routes())
        .merge(flag_evaluations::routes())
}

/// The answer where there is no such call (row OD-P06).
pub(crate) fn nowhere() -> Response {
    PublicRefusal::NotFound("Resource not found.").into_response()
}
