//! Files that were built in: the widget's, and the start page's.

use std::borrow::Cow;

use axum::{
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use rust_embed::{EmbeddedFile, RustEmbed};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::{App, text};

/// The widget as it was built; empty when the server was built before it.
#[derive(RustEmbed)]
#[folder = "../../web/widget/dist"]
#[allow_missing = true]
struct Widget;

/// The pictures of the example agents.
#[derive(RustEmbed)]
#[folder = "../../examples"]
#[include = "*/*.svg"]
struct Pictures;

/// The start page's own files.
#[derive(RustEmbed)]
#[folder = "assets"]
struct Assets;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(widget)).routes(routes!(asset)).routes(routes!(picture))
}

/// A file of the widget: `parlance.js`, `chat.js`, `sdk.js`, `modal.js` and what they load.
#[utoipa::path(
    get, path = "/widget/{*file}", tag = "Pages", operation_id = "getWidgetFile",
    params(("file" = String, Path, description = "Its path")),
    responses(
        (status = 200, description = "The file", body = String, content_type = "text/javascript"),
        (status = 304, description = "As the caller has it"),
        (status = 404, description = "There is none", body = String, content_type = "text/plain"),
    )
)]
async fn widget(path: Path<String>, headers: HeaderMap) -> Response {
    match Widget::get(&path) {
        Some(file) => {
            // Names with a hash never change; the others are asked for again.
            let lasting = path.starts_with("chunks/");
            let mut response = answer(&path, file, &headers, lasting);
            // Modules are fetched across origins by the pages that embed the chat.
            let headers = response.headers_mut();
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            headers.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
            response
        }
        None => missing(),
    }
}

/// A file of the start page.
#[utoipa::path(
    get, path = "/assets/{*file}", tag = "Pages", operation_id = "getAsset",
    params(("file" = String, Path, description = "Its path")),
    responses(
        (status = 200, description = "The file", body = String, content_type = "text/css"),
        (status = 304, description = "As the caller has it"),
        (status = 404, description = "There is none", body = String, content_type = "text/plain"),
    )
)]
async fn asset(path: Path<String>, headers: HeaderMap) -> Response {
    Assets::get(&path).map_or_else(missing, |file| answer(&path, file, &headers, false))
}

/// A picture of an example agent.
#[utoipa::path(
    get, path = "/examples/{*file}", tag = "Pages", operation_id = "getExamplePicture",
    params(("file" = String, Path, description = "Its path")),
    responses(
        (status = 200, description = "The picture", body = String, content_type = "image/svg+xml"),
        (status = 304, description = "As the caller has it"),
        (status = 404, description = "There is none", body = String, content_type = "text/plain"),
    )
)]
async fn picture(path: Path<String>, headers: HeaderMap) -> Response {
    let none = || (StatusCode::NOT_FOUND, "There is no such picture.\n").into_response();
    Pictures::get(&path).map_or_else(none, |file| answer(&path, file, &headers, false))
}

/// The widget's page, if the widget was built.
pub(super) fn chat_page() -> Option<Cow<'static, [u8]>> {
    Widget::get("page.html").map(|file| file.data)
}

/// The page of a chat link, if the widget was built.
pub(super) fn chat_link_page() -> Option<Cow<'static, [u8]>> {
    Widget::get("webchat.html").map(|file| file.data)
}

/// What is said where the widget was not built.
pub(super) const NOT_BUILT: &str =
    "The web chat is not in this build of the server: build web/widget first, then the server again.\n";

fn missing() -> Response {
    let text = if Widget::iter().next().is_none() { NOT_BUILT } else { "There is no such file.\n" };
    (StatusCode::NOT_FOUND, text).into_response()
}

fn answer(path: &str, file: EmbeddedFile, asked: &HeaderMap, lasting: bool) -> Response {
    let tag = format!("\"{}\"", hex::encode(&file.metadata.sha256_hash()[..16]));
    let cache = if lasting { "public, max-age=31536000, immutable" } else { "public, max-age=0, must-revalidate" };
    let known = text(asked, header::IF_NONE_MATCH.as_str()).is_some_and(|tags| tags.contains(&tag));
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, content_type(path))], file.data).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::ETAG, HeaderValue::try_from(tag).expect("hexadecimal digits in quotes"));
    response
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "json" | "map" => "application/json",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}
