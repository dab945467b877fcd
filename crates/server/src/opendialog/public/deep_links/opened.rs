//! `GET /l/{code}`: a deep link is opened, and leads to the full-page chat.
//!
//! Where the agent asks for anonymous authentication, the browser gets the proof that it is the link's
//! contact on the way: whoever has the link is that contact, nobody else is.

use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use percent_encoding::{NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};
use runtime::{feature_flags::FeatureFlag, links::Link};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::{App, host_label},
    directory::KnownAgent,
    opendialog::{
        anonymous::{self, Proof},
        cookies::{Readable, set_cookie},
    },
    problem::Problem,
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(open))
}

/// Opens a deep link.
#[utoipa::path(
    get, path = "/l/{code}", tag = "Pages", operation_id = "openDeepLink",
    params(("code" = String, Path, description = "The link's code")),
    responses(
        (status = 302, description = "To the full-page chat; sets the anonymous token of the link's contact"),
        (status = 404, description = "There is no such link", body = String, content_type = "text/plain"),
        (status = 410, description = "It is no longer good", body = String, content_type = "text/plain"),
        (status = "5XX", description = "The server failed", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn open(app: State<App>, code: Path<String>, headers: HeaderMap) -> Response {
    let mut response = match app.links.find(&code).await {
        Err(error) => Problem::from(error).into_response(),
        Ok(None) => unknown(),
        Ok(Some((tenant, link))) => {
            let known = app.directory.now();
            let called = host_label(&headers).and_then(|label| known.tenant(label));
            let agent = known.agent(link.agent).filter(|agent| agent.tenant.id() == &tenant && agent.serves());
            match agent {
                // A tenant that is called by its name has its own links only.
                _ if called.is_some_and(|called| called.id() != &tenant) => unknown(),
                _ if link.expired() => gone("This link is no longer good. Ask for a new one.\n"),
                None => gone("What this link leads to is no longer there.\n"),
                Some(agent) if !agent.tenant.allows(FeatureFlag::DeepLinks) => {
                    gone("Links like this one are switched off here.\n")
                }
                Some(agent) => to_chat(&app, agent, &link, &headers),
            }
        }
    };
    let kept = response.headers_mut();
    kept.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    kept.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

fn unknown() -> Response {
    (StatusCode::NOT_FOUND, "There is no such link.\n").into_response()
}

fn gone(why: &'static str) -> Response {
    (StatusCode::GONE, why).into_response()
}

fn encoded(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, NON_ALPHANUMERIC)
}

fn to_chat(app: &App, agent: &KnownAgent, link: &Link, headers: &HeaderMap) -> Response {
    let address = format!(
        "/web-chat?scenario_id={}&app_key={}&user_id={}",
        agent.agent.id,
        encoded(&agent.agent.app_key),
        encoded(link.contact.as_str())
    );
    let address = HeaderValue::try_from(address).expect("what is not a letter or a digit is encoded");
    let mut response = (StatusCode::FOUND, [(header::LOCATION, address)]).into_response();
    if agent.settings.security.anonymous_authentication
        && let Some(cookie) = proof(app, agent, link, headers)
    {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// The cookie that makes the browser the link's contact, beside those that it was before; none when it is
/// already.
fn proof(app: &App, agent: &KnownAgent, link: &Link, headers: &HeaderMap) -> Option<HeaderValue> {
    let tenant = &agent.tenant;
    let proof = Proof::read(headers, tenant.id(), &tenant.signing_keys);
    if proof.names(&link.contact) {
        return None;
    }
    // From now on somebody's, even if the link sets nothing and nothing was said yet.
    app.issued.first_time(tenant.id(), &link.contact);
    let token = proof.extend(tenant.id(), &link.contact, tenant.signing_keys.first()?);
    Some(set_cookie(anonymous::COOKIE, &token, anonymous::SECONDS, Readable::ByServerOnly, app.secure(headers)))
}
