//! The Chat API of OpenDialog: its current paths and those before 3.0 (spec/opendialog.md §5).
//!
//! The vendor's wire format lives in this folder and nowhere else.

mod anonymous;
pub(crate) mod appearance;
mod asked;
mod body;
mod browser;
mod configuration;
pub(crate) mod cookies;
mod cors;
mod csrf;
mod enclosed;
mod envelope;
mod feedback;
mod fields;
mod history;
mod message;
mod palette;
pub(crate) mod public;
mod refusal;
mod schema;
mod transcript;
mod upload;
mod visit;
mod visitor_token;
pub(crate) mod wire;

use utoipa_axum::router::OpenApiRouter;

pub(crate) use anonymous::Issued;
pub(crate) use body::json as json_body;
pub(crate) use cors::layer as cors;
pub(crate) use envelope::parse as parse_message;
pub(crate) use message::said;
pub(crate) use refusal::{ErrorBody, Refusal};
pub(crate) use schema::{ChatMessage, ChatRequest};

use crate::app::App;

/// The routes of the Chat API.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(message::routes())
        .merge(configuration::routes())
        .merge(history::routes())
        .merge(transcript::routes())
        .merge(feedback::routes())
        .merge(upload::routes())
}
