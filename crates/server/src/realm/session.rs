//! The browser's session as the server's own pages use it: who is signed in, a tenant's token for what a page calls
//! in their name (rows DA-P1 to DA-P3), signing out, and the way to the page to sign in on and back.
//!
//! The session is the realm's own (`cookies`): when it ends, it ends here too. Its cookie opens none of the API's
//! operations, so another site gains nothing by sending a browser there. What gives or ends something is for pages of
//! this server alone: beside the cookie, which is for this site, a browser must say that the page is ours (`Origin`,
//! `Sec-Fetch-Site`).

use axum::{
    extract::{FromRequestParts, State},
    http::{HeaderMap, StatusCode, Uri, header, request::Parts},
    response::{IntoResponse, Response},
};
use model::TenantId;
use runtime::{
    documents::DocumentError,
    realm::{access::membership, accounts::Account, sessions::Session},
};
use serde::{Deserialize, Serialize};
use url::{Url, form_urlencoded::Serializer};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    active, anybody_can_sign_in, cookies,
    exchange::{Subject, tenant_token},
    page::{Page, redirect},
    parameters::{Parameters, with_query},
    sign_in,
    token::TokenAnswer,
};
use crate::{
    api::access::Json,
    app::{App, Shared, text},
    problem::Problem,
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(session))
        .routes(routes!(sign_in_for_a_page))
        .routes(routes!(token))
        .routes(routes!(sign_out))
}

const SIGN_IN: &str = "/session/sign-in";
/// The parameter that names the page to go back to.
pub(super) const RETURN: &str = "return";
/// The page that one is sent to who names none.
const FIRST_PAGE: &str = "/api/swagger/";
/// Longest path of a page that is gone back to.
const LONGEST_PATH: usize = 2_000;
/// What stands in tokens for the client: pages are none that is registered.
const PAGES: &str = "pages";

/// Somebody who is signed in with the browser that calls.
pub(crate) struct SignedIn {
    pub(crate) account: Account,
    session: Session,
}

/// Whoever is signed in with the browser that calls, if they still may.
pub(crate) async fn signed_in(app: &Shared, headers: &HeaderMap) -> Result<Option<SignedIn>, DocumentError> {
    let Some(session) = cookies::session(app, headers).await? else { return Ok(None) };
    let account = active(app, app.realm.accounts.get(&session.account).await?).await?;
    Ok(account.map(|account| SignedIn { account, session }))
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        signed_in(app, &parts.headers).await?.ok_or_else(Problem::not_signed_in)
    }
}

/// Sends a browser to sign in, and from there back to a page of ours.
pub(crate) fn to_sign_in(page: &str) -> Response {
    redirect(&with_query(SIGN_IN, &[(RETURN, page)]), Vec::new())
}

/// The page to go back to: a path of this server. None when it leads elsewhere.
pub(super) fn return_path(parameters: &Parameters) -> Option<&str> {
    let named = parameters.get(RETURN).ok()?.unwrap_or(FIRST_PAGE);
    is_own_path(named).then_some(named)
}

/// Whether a browser that is sent there from here stays here. It takes `//host` and `/\host` for another server's, and
/// leaves tabs and line feeds out before it looks.
fn is_own_path(path: &str) -> bool {
    let plain = path.len() <= LONGEST_PATH && path.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    if !plain || !path.starts_with('/') || path.starts_with("//") {
        return false;
    }
    let here = Url::parse("http://here.invalid/").expect("it is an address");
    here.join(path).is_ok_and(|there| there.origin() == here.origin())
}

/// A request that a page of this server makes.
struct OwnPage;

impl FromRequestParts<App> for OwnPage {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let headers = &parts.headers;
        let (origin, site) = (text(headers, header::ORIGIN.as_str()), text(headers, "sec-fetch-site"));
        let own = app.own_url();
        let hosts = [text(headers, header::HOST.as_str()).unwrap_or_default(), host(&own)];
        if is_from_here(origin, site, hosts) { Ok(Self) } else { Err(Problem::foreign_page()) }
    }
}

/// Whether a request is from a page of one of these hosts. Browsers say the origin with every POST, and scripts cannot
/// say another; who says none is no page.
fn is_from_here(origin: Option<&str>, site: Option<&str>, hosts: [&str; 2]) -> bool {
    let Some(origin) = origin else { return false };
    let named = host(origin);
    site.is_none_or(|site| site == "same-origin") && named != origin && !named.is_empty() && hosts.contains(&named)
}

/// Host and port of an address; the address itself when it is not one of the web.
fn host(address: &str) -> &str {
    let rest = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://")).unwrap_or(address);
    rest.split('/').next().unwrap_or_default()
}

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
struct SessionAnswer {
    /// None when nobody is.
    account: Option<AccountAnswer>,
    /// Whether anybody can sign in here.
    can_sign_in: bool,
}

/// Whoever is signed in.
#[derive(Debug, Serialize, ToSchema)]
struct AccountAnswer {
    #[schema(example = "ada@example.com")]
    email: String,
    name: String,
    /// The tenants that they are a user of.
    tenants: Vec<String>,
}

/// Tells who is signed in with the browser that calls.
#[utoipa::path(
    get, path = "/session", tag = "Realm", operation_id = "getSession",
    responses(
        (status = 200, description = "Whoever it is", body = SessionAnswer),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn session(app: State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let account = match signed_in(&app, &headers).await? {
        Some(who) => Some(told_of(&app, who.account).await?),
        None => None,
    };
    let can_sign_in = account.is_some() || anybody_can_sign_in(&app).await?;
    let answer = SessionAnswer { account, can_sign_in };
    Ok(([(header::CACHE_CONTROL, "no-store")], axum::Json(answer)).into_response())
}

async fn told_of(app: &Shared, account: Account) -> Result<AccountAnswer, DocumentError> {
    let mut tenants = Vec::new();
    for member in &account.members {
        // A user who was deleted is none any more.
        if membership(app.runtime.store(), &account, &member.tenant).await?.is_some() {
            tenants.push(member.tenant.to_string());
        }
    }
    Ok(AccountAnswer { email: account.email, name: account.name, tenants })
}

/// The page to sign in on, for a page of this server. Who is signed in is sent on at once.
#[utoipa::path(
    get, path = "/session/sign-in", tag = "Realm", operation_id = "signInForPage",
    params(("return" = Option<String>, Query, description = "Where to go then: a path of this server; the API's description unless it is said")),
    responses(
        (status = 200, description = "The page", body = String, content_type = "text/html"),
        (status = 303, description = "Signed in: on to the page"),
        (status = 400, description = "It would lead to another server", body = String, content_type = "text/html"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn sign_in_for_a_page(app: State<App>, headers: HeaderMap, uri: Uri) -> Result<Response, Problem> {
    let parameters = Parameters::read(uri.query().unwrap_or_default().as_bytes());
    let Some(path) = return_path(&parameters) else { return Ok(Page::leads_away().into_response()) };
    if signed_in(&app, &headers).await?.is_some() {
        return Ok(redirect(path, Vec::new()));
    }
    let request = Serializer::new(String::new()).append_pair(RETURN, path).finish();
    Ok(sign_in::page(&app, &headers, None, &request, "").into_response())
}

/// What a token is asked for with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TokenForPage {
    #[schema(example = "demo")]
    tenant: String,
}

/// Gives a page of this server a token of a tenant, in the name of whoever is signed in. It allows what their roles hold
/// at this moment and is good for two minutes.
#[utoipa::path(
    post, path = "/session/token", tag = "Realm", operation_id = "issueSessionToken",
    request_body = TokenForPage,
    responses(
        (status = 200, description = "The token", body = TokenAnswer),
        (status = 401, description = "Nobody is signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not from a page of this server, or not a user of the tenant", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn token(
    app: State<App>,
    _ours: OwnPage,
    who: SignedIn,
    asked: Json<TokenForPage>,
) -> Result<TokenAnswer, Problem> {
    let SignedIn { account, session } = who;
    let tenant = asked.0.tenant.parse::<TenantId>().map_err(|_| Problem::not_a_user())?;
    let member = membership(app.runtime.store(), &account, &tenant).await?.ok_or_else(Problem::not_a_user)?;
    let subject = Subject {
        account: account.id,
        client: PAGES.to_owned(),
        auth_time: Some(session.auth_time.seconds()),
        grant: None,
        user: member.user,
    };
    Ok(tenant_token(&app, &tenant, subject, member.scopes.join(" ")).await?)
}

/// Signs the browser out, and ends what clients were granted while it was signed in.
#[utoipa::path(
    post, path = "/session/sign-out", tag = "Realm", operation_id = "signOutOfPages",
    responses(
        (status = 204, description = "Nobody is signed in any more"),
        (status = 403, description = "Not from a page of this server", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn sign_out(app: State<App>, _ours: OwnPage, headers: HeaderMap) -> Result<Response, Problem> {
    if let Some(session) = cookies::session(&app, &headers).await? {
        app.realm.sessions.end(&session.id).await?;
        app.realm.grants.revoke_session(&session.id).await?;
    }
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookies::drop_session(&app))]).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_server_are_gone_back_to() {
        for own in ["/", "/api/swagger/", "/chat-test/a-b?x=1&y=%2F%2Fevil.test#part", "/a//b", "/@evil.test"] {
            assert!(is_own_path(own), "{own}");
        }
        let long = format!("/{}", "a".repeat(LONGEST_PATH));
        for other in [
            "",
            "a",
            "//evil.test",
            "///evil.test",
            "/\\evil.test",
            "\\\\evil.test",
            "/\t/evil.test",
            "/\n/evil.test",
            "/ /x",
            "https://evil.test/",
            "http:/evil.test",
            "javascript:alert(1)",
            " /a",
            "/ä",
            "@evil.test",
            long.as_str(),
        ] {
            assert!(!is_own_path(other), "{other:?}");
        }
    }

    #[test]
    fn a_page_is_ours_when_its_browser_says_so() {
        let hosts = ["chat.test:4242", "chat.example.com"];
        for (origin, site) in [
            ("http://chat.test:4242", None),
            ("http://chat.test:4242", Some("same-origin")),
            ("https://chat.example.com", Some("same-origin")),
        ] {
            assert!(is_from_here(Some(origin), site, hosts), "{origin} {site:?}");
        }
        for (origin, site) in [
            (None, None),
            (None, Some("same-origin")),
            (Some("null"), None),
            (Some(""), None),
            (Some("http://"), None),
            (Some("chat.test:4242"), None),
            (Some("http://evil.test"), None),
            (Some("http://evil.test"), Some("same-origin")),
            (Some("http://chat.test"), None),
            (Some("http://chat.test:4242.evil.test"), None),
            (Some("http://sub.chat.example.com"), Some("same-site")),
            (Some("http://chat.test:4242"), Some("cross-site")),
            (Some("http://chat.test:4242"), Some("same-site")),
            (Some("http://chat.test:4242"), Some("none")),
        ] {
            assert!(!is_from_here(origin, site, hosts), "{origin:?} {site:?}");
        }
        assert!(!is_from_here(Some("http://"), None, ["", ""]), "no host is no host of ours");
    }
}
