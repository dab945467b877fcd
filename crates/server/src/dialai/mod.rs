//! Dialai's web chat: `/api/org/{tenant}/v2/webchat` (spec/dialai.md §4, §5, §21.2; rows DA-W1 to DA-W11, DA-A11 to
//! DA-A15). Letters of the paths stand as they are published: `CsrTakeOver` is the operation, `csrTakeOver` is not.
//!
//! The vendor's shapes live in this folder and nowhere else.

mod access;
mod answer;
mod cors;
mod operators;
mod own;
mod webchat;
pub(crate) mod wire;

use utoipa_axum::router::OpenApiRouter;

pub(crate) use answer::WebchatTurn;
pub(crate) use cors::layer as cors;
pub(crate) use webchat::{checked_language, checked_message};

use crate::app::App;

/// The routes of the web chat.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().merge(webchat::routes()).merge(own::routes()).merge(operators::routes())
}
