//! All routes, and what stands around them.
//!
//! Around everything: request ids and counting, security headers, panics become answers. Compression
//! stands only around what may be large: a chat message is smaller than the work to compress it.

use std::any::Any;

use axum::{
    Router,
    extract::Request,
    middleware::{from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
};
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{
        CompressionLayer,
        predicate::{DefaultPredicate, Predicate, SizeAbove},
    },
};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::{
    api, app::App, dialai, files, openapi, opendialog, operations, pages, problem::Problem, realm, security_headers,
    telemetry,
};

/// The server's routes over shared state.
pub(crate) fn router(app: &App) -> Router {
    let (chat, _) = opendialog::routes().split_for_parts();
    // The fallback first: preflights fall to it, and are answered by what stands around it.
    let chat = chat.method_not_allowed_fallback(wrong_method).layer(from_fn_with_state(app.clone(), opendialog::cors));
    let (webchat, _) = dialai::routes().split_for_parts();
    let webchat =
        webchat.method_not_allowed_fallback(wrong_method).layer(from_fn_with_state(app.clone(), dialai::cors));
    let (programs, _) = realm::programs().split_for_parts();
    let programs = programs.method_not_allowed_fallback(wrong_method);
    let programs = programs.layer(from_fn_with_state(app.clone(), realm::for_clients)).layer(compression());
    let (public, _) = realm::public().split_for_parts();
    let public = public.method_not_allowed_fallback(wrong_method).layer(from_fn(realm::for_anybody));
    let (others, _) = others().split_for_parts();
    // Its files only: what starts it is ours (`openapi`), and has its place before this.
    let swagger: Router<App> = Router::from(SwaggerUi::new(openapi::PAGE).config(Config::from(openapi::DOCUMENT)));
    let swagger = swagger.layer(from_fn(security_headers::swagger));
    let swagger = swagger.layer(from_fn_with_state(app.clone(), openapi::guarded));
    others
        .merge(chat)
        .merge(webchat)
        .merge(programs)
        .merge(public.layer(compression()))
        .merge(swagger.layer(compression()))
        .fallback(nowhere)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(app.clone(), security_headers::everywhere))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(telemetry::observe))
        .with_state(app.clone())
}

/// The routes beside the Chat API.
fn others() -> OpenApiRouter<App> {
    let large = OpenApiRouter::new()
        .merge(api::routes())
        .merge(opendialog::public::routes())
        .merge(pages::routes())
        .merge(realm::routes())
        .merge(openapi::routes())
        .layer(compression());
    OpenApiRouter::new().merge(operations::routes()).merge(files::routes()).merge(large)
}

/// The OpenAPI document as it is served.
pub fn openapi_document() -> utoipa::openapi::OpenApi {
    let all = OpenApiRouter::with_openapi(openapi::Document::openapi()).merge(opendialog::routes()).merge(others());
    let all = all.merge(dialai::routes()).merge(realm::public()).merge(realm::programs());
    let mut document = all.into_openapi();
    // The router's pattern for the rest of a path is no OpenAPI.
    let paths = std::mem::take(&mut document.paths.paths);
    document.paths.paths = paths.into_iter().map(|(path, item)| (path.replace("{*", "{"), item)).collect();
    openapi::name_required_scopes(&mut document.paths);
    openapi::describe_events(&mut document.paths);
    document
}

/// The same for programs that know OpenAPI 3.1 at best: without what 3.2 added.
#[must_use]
pub fn openapi_document_3_1() -> serde_json::Value {
    openapi::as_3_1(&openapi_document())
}

fn compression() -> CompressionLayer<impl Predicate> {
    CompressionLayer::new().compress_when(DefaultPredicate::new().and(SizeAbove::new(1024)))
}

async fn nowhere(request: Request) -> Response {
    match request.uri().path() {
        path if path.starts_with("/public/api/") => opendialog::public::nowhere(),
        path => Problem::not_found("resource", path).into_response(),
    }
}

async fn wrong_method() -> Problem {
    Problem::wrong_method()
}

fn panicked(cause: Box<dyn Any + Send + 'static>) -> Response {
    let cause = cause.downcast_ref::<String>().map(String::as_str).or_else(|| cause.downcast_ref::<&str>().copied());
    Problem::broken(cause.unwrap_or("a panic without words")).into_response()
}
