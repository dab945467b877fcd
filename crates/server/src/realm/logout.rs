//! Signing out (OpenID Connect RP-Initiated Logout 1.0): the browser's session ends, and what clients were
//! granted while it lasted.
//!
//! A client that sends an ID token of the session is believed. Otherwise the person is asked: a link on
//! somebody's page must not sign people out.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use runtime::realm::{access::IdClaims, keys::TokenType};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    cookies, issuer,
    page::{Page, form_head, form_tail, redirect},
    parameters::{Form, Parameters, with_query},
    refusal::{OauthError, OauthRefusal},
    schema::LogoutRequest,
};
use crate::app::{App, Shared};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get, post))
}

const LOGOUT: &str = "/realms/dial-ai/protocol/openid-connect/logout";

/// Signs out.
#[utoipa::path(
    get, path = "/realms/dial-ai/protocol/openid-connect/logout", tag = "Realm", operation_id = "signOut",
    params(LogoutRequest),
    responses(
        (status = 200, description = "Signed out, or asked whether to", body = String, content_type = "text/html"),
        (status = 303, description = "Signed out, and back to the client"),
        (status = 400, description = "The request does not fit", body = String, content_type = "text/html"),
        (status = "default", description = "Refused", body = OauthError),
    )
)]
async fn get(app: State<App>, headers: HeaderMap, uri: Uri) -> Result<Response, OauthRefusal> {
    let parameters = Parameters::read(uri.query().unwrap_or_default().as_bytes());
    sign_out(&app, &headers, &parameters, Confirmed::No).await
}

/// The same by a form: the client's, or that of our page.
#[utoipa::path(
    post, path = "/realms/dial-ai/protocol/openid-connect/logout", tag = "Realm", operation_id = "signOutByForm",
    request_body(content = LogoutRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "Signed out, or asked whether to", body = String, content_type = "text/html"),
        (status = 303, description = "Signed out, and back to the client"),
        (status = 400, description = "The request does not fit", body = String, content_type = "text/html"),
        (status = "default", description = "Refused", body = OauthError),
    )
)]
async fn post(app: State<App>, form: Form) -> Result<Response, OauthRefusal> {
    let ours = cookies::is_ours(&app, &form.headers, &form.parameters);
    let confirmed = if ours { Confirmed::Yes } else { Confirmed::No };
    sign_out(&app, &form.headers, &form.parameters, confirmed).await
}

/// Whether the person said so on our page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Confirmed {
    Yes,
    No,
}

async fn sign_out(
    app: &Shared,
    headers: &HeaderMap,
    parameters: &Parameters,
    confirmed: Confirmed,
) -> Result<Response, OauthRefusal> {
    let refuse = |text: &str| Page::refusal(StatusCode::BAD_REQUEST, "You were not signed out", text).into_response();
    let browser = cookies::session(app, headers).await?;
    let hint = match parameters.get("id_token_hint") {
        Ok(Some(token)) => match read_hint(app, token).await? {
            Some(claims) => Some(claims),
            None => return Ok(refuse("The program that sent you here sent a token that is not ours (id_token_hint).")),
        },
        Ok(None) => None,
        Err(_) => return Ok(refuse("The program that sent you here sent several tokens (id_token_hint).")),
    };
    let named = parameters.field("client_id");
    if let Some(hint) = &hint
        && !named.is_empty()
        && named != hint.aud
    {
        return Ok(refuse("The token is not one of the program that sent you here (client_id)."));
    }
    let ask_first = hint.is_none() && confirmed == Confirmed::No;
    if ask_first && browser.is_some() {
        let token = cookies::form_token(app, headers);
        let body = form_head(LOGOUT, &token) + &form_tail("Sign out");
        return Ok(Page::new("Do you want to sign out?", body).form(&token).into_response());
    }

    let client = hint.as_ref().map_or(named, |hint| hint.aud.as_str());
    let leads_to = leads_to(app, client, parameters).await?;
    let mut ended: Vec<&str> = hint.iter().map(|hint| hint.sid.as_str()).collect();
    ended.extend(browser.as_ref().filter(|_| confirmed == Confirmed::Yes).map(|session| session.id.as_str()));
    for session in &ended {
        app.realm.sessions.end(session).await?;
        app.realm.grants.revoke_session(session).await?;
    }
    let signed_out = browser.as_ref().is_some_and(|session| ended.contains(&session.id.as_str()));
    let cookies = if signed_out { vec![cookies::drop_session(app)] } else { Vec::new() };
    Ok(match leads_to {
        Some(address) => redirect(&address, cookies),
        None => {
            let page = Page::new("You are signed out", "<p>You can close this page.</p>");
            cookies.into_iter().fold(page, Page::cookie).into_response()
        }
    })
}

/// The claims of an ID token of this realm; it may have expired (§2).
async fn read_hint(app: &Shared, token: &str) -> Result<Option<IdClaims>, OauthRefusal> {
    let issuer = issuer(app);
    Ok(app.realm.keys.ring().await?.recognise::<IdClaims>(token, TokenType::Id, &issuer).ok())
}

/// Where to go, if it is registered for the client (§3); elsewhere nobody is sent.
async fn leads_to(app: &Shared, client: &str, parameters: &Parameters) -> Result<Option<String>, OauthRefusal> {
    let address = parameters.field("post_logout_redirect_uri");
    if address.is_empty() {
        return Ok(None);
    }
    let client = app.realm.clients.get(client).await?;
    if !client.is_some_and(|client| client.leads_out_to(address)) {
        return Ok(None);
    }
    let state = parameters.field("state");
    Ok(Some(if state.is_empty() { address.to_owned() } else { with_query(address, &[("state", state)]) }))
}
