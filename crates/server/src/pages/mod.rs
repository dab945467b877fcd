//! What people open in a browser: the chat page, the widget's files, a page to start from.

mod assets;
mod chat;
mod chat_link;
mod chat_test;
mod home;
mod look;
mod web_endpoint;

use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(assets::routes())
        .merge(chat::routes())
        .merge(chat_link::routes())
        .merge(chat_test::routes())
        .merge(home::routes())
}
