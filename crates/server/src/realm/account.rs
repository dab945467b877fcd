//! The page of one's account: who is signed in, and the second factor (row OD-T16).
//!
//! Setting the second factor up, or taking it away, asks for the password again: a browser that was left
//! open is not enough.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use runtime::realm::accounts::Account;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    cookies,
    page::{Page, escape, field, form_head, form_tail},
    parameters::{Form, Parameters},
    refusal::{OauthError, OauthRefusal},
    schema::AccountForm,
    session,
    sign_in::{self, may_not_try, too_many},
};
use crate::{
    app::{App, Shared},
    serve::Peer,
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(account))
        .routes(routes!(enrol))
        .routes(routes!(confirm))
        .routes(routes!(remove))
}

const ENROL: &str = "/realms/dial-ai/account/second-factor";
const CONFIRM: &str = "/realms/dial-ai/account/second-factor/confirm";
const REMOVE: &str = "/realms/dial-ai/account/second-factor/remove";
const SIGN_OUT: &str = "/realms/dial-ai/protocol/openid-connect/logout";
/// The name under which an authenticator shows the account.
const ISSUER: &str = "Parlance";

/// The page of one's account; who is not signed in signs in first.
#[utoipa::path(
    get, path = "/realms/dial-ai/account", tag = "Realm", operation_id = "getAccountPage",
    responses(
        (status = 200, description = "The page, or the one to sign in on", body = String, content_type = "text/html"),
        (status = "default", description = "Refused", body = OauthError),
    )
)]
async fn account(app: State<App>, headers: HeaderMap) -> Result<Page, OauthRefusal> {
    Ok(match signed_in(&app, &headers).await? {
        Some(account) => account_page(&app, &headers, &account),
        None => sign_in::page(&app, &headers, None, "", ""),
    })
}

fn account_page(app: &Shared, headers: &HeaderMap, account: &Account) -> Page {
    let token = cookies::form_token(app, headers);
    let password = || field("password", "Your password", "password", "current-password", "", "");
    let mut body = format!("<p>You are signed in as <strong>{}</strong>.</p>\n", escape(&account.email));
    body.push_str("<h2>Codes of a device</h2>\n");
    if account.has_second_factor() {
        let left = account.recovery_codes_left();
        body.push_str(&format!("<p>A code is asked for when you sign in. Recovery codes left: {left}.</p>\n"));
        body.push_str(&(form_head(REMOVE, &token) + &password() + &form_tail("Ask for no code any more")));
    } else {
        body.push_str("<p>Let an authenticator app show a code that is asked for beside your password.</p>\n");
        body.push_str(&(form_head(ENROL, &token) + &password() + &form_tail("Set it up")));
    }
    body.push_str("<h2>Sign out</h2>\n");
    body.push_str(&(form_head(SIGN_OUT, &token) + &form_tail("Sign out")));
    Page::new("Your account", body).form(&token)
}

/// Shows a new secret for an authenticator.
#[utoipa::path(
    post, path = "/realms/dial-ai/account/second-factor", tag = "Realm", operation_id = "beginSecondFactor",
    request_body(content = AccountForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The secret, and where to confirm it", body = String, content_type = "text/html"),
        (status = 401, description = "Not signed in, or the password is wrong", body = String, content_type = "text/html"),
        (status = 403, description = "The form is not from this browser's page", body = String, content_type = "text/html"),
        (status = 429, description = "Too many attempts", body = String, content_type = "text/html"),
        (status = "default", description = "Refused", body = OauthError),
    )
)]
async fn enrol(app: State<App>, peer: Peer, form: Form) -> Result<Page, OauthRefusal> {
    let account = match with_password(&app, &peer, &form).await? {
        Ok(account) => account,
        Err(page) => return Ok(*page),
    };
    if account.has_second_factor() {
        return Ok(account_page(&app, &form.headers, &account));
    }
    app.realm.accounts.enrol(&account.id).await?;
    let account = app.realm.accounts.get(&account.id).await?.unwrap_or(account);
    confirm_page(&app, &form.headers, &account)
}

fn confirm_page(app: &Shared, headers: &HeaderMap, account: &Account) -> Result<Page, OauthRefusal> {
    let Some(secret) = app.realm.accounts.enrolment(account)? else { return Ok(account_page(app, headers, account)) };
    let token = cookies::form_token(app, headers);
    let address = escape(&secret.address(ISSUER, &account.email));
    let body = [
        format!(
            "<p>Give this secret to your authenticator, or open the address on the device it runs on.</p>\n\
             <p class=\"codes\">{}</p>\n<p class=\"codes\"><a href=\"{address}\">{address}</a></p>\n\
             <p>Then enter the code that it shows.</p>\n",
            escape(&secret.text())
        ),
        form_head(CONFIRM, &token),
        field("code", "Code", "text", "one-time-code", "", "inputmode=\"numeric\" spellcheck=\"false\""),
        form_tail("Confirm"),
    ];
    Ok(Page::new("Set up codes of a device", body.concat()).form(&token))
}

/// Confirms the secret with a code and shows the recovery codes, this once.
#[utoipa::path(
    post, path = "/realms/dial-ai/account/second-factor/confirm", tag = "Realm", operation_id = "confirmSecondFactor",
    request_body(content = AccountForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The recovery codes", body = String, content_type = "text/html"),
        (status = 401, description = "Not signed in, or the code is wrong", body = String, content_type = "text/html"),
        (status = 403, description = "The form is not from this browser's page", body = String, content_type = "text/html"),
        (status = "default", description = "Refused", body = OauthError),
    )
)]
async fn confirm(app: State<App>, form: Form) -> Result<Page, OauthRefusal> {
    let Form { headers, parameters } = form;
    if !cookies::is_ours(&app, &headers, &parameters) {
        return Ok(Page::not_ours());
    }
    let Some(account) = signed_in(&app, &headers).await? else { return Ok(sign_in_first(&app, &headers)) };
    match app.realm.accounts.confirm_second_factor(&account.id, parameters.field("code")).await? {
        Some(codes) => {
            let lines: String = codes.iter().map(|code| format!("<li>{}</li>\n", escape(code))).collect();
            let body = format!(
                "<p>From now on a code is asked for when you sign in.</p>\n<h2>Your recovery codes</h2>\n\
                 <p>Each signs you in once when you do not have the device. Keep them where nobody else looks: they \
                 are not shown again.</p>\n<ul class=\"codes\">\n{lines}</ul>\n\
                 <p><a href=\"/realms/dial-ai/account\">Your account</a></p>"
            );
            Ok(Page::new("Keep your recovery codes", body))
        }
        None => {
            let text = "The code is not the one of this secret and moment.";
            Ok(confirm_page(&app, &headers, &account)?.mistake(StatusCode::UNAUTHORIZED, "code", text))
        }
    }
}

/// Asks for no code any more.
#[utoipa::path(
    post, path = "/realms/dial-ai/account/second-factor/remove", tag = "Realm", operation_id = "removeSecondFactor",
    request_body(content = AccountForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "It is removed", body = String, content_type = "text/html"),
        (status = 401, description = "Not signed in, or the password is wrong", body = String, content_type = "text/html"),
        (status = 403, description = "The form is not from this browser's page", body = String, content_type = "text/html"),
        (status = 429, description = "Too many attempts", body = String, content_type = "text/html"),
        (status = "default", description = "Refused", body = OauthError),
    )
)]
async fn remove(app: State<App>, peer: Peer, form: Form) -> Result<Response, OauthRefusal> {
    let account = match with_password(&app, &peer, &form).await? {
        Ok(account) => account,
        Err(page) => return Ok(page.into_response()),
    };
    let account = app.realm.accounts.remove_second_factor(&account.id).await?;
    Ok(account_page(&app, &form.headers, &account).into_response())
}

/// Whoever is signed in and has just repeated the password; else the page that says what is missing.
async fn with_password(app: &Shared, peer: &Peer, form: &Form) -> Result<Result<Account, Box<Page>>, OauthRefusal> {
    let (headers, parameters): (&HeaderMap, &Parameters) = (&form.headers, &form.parameters);
    if !cookies::is_ours(app, headers, parameters) {
        return Ok(Err(Box::new(Page::not_ours())));
    }
    let Some(account) = signed_in(app, headers).await? else { return Ok(Err(Box::new(sign_in_first(app, headers)))) };
    if let Some(wait) = may_not_try(app, headers, peer.ip(), &account.email).await? {
        return Ok(Err(Box::new(too_many(account_page(app, headers, &account), "password", wait))));
    }
    match app.realm.accounts.with_password(&account.email, parameters.field("password")).await? {
        Some(account) => {
            app.realm.attempts.forget(&account.email).await?;
            Ok(Ok(account))
        }
        None => {
            let page = account_page(app, headers, &account);
            Ok(Err(Box::new(page.mistake(StatusCode::UNAUTHORIZED, "password", "The password is wrong."))))
        }
    }
}

async fn signed_in(app: &Shared, headers: &HeaderMap) -> Result<Option<Account>, OauthRefusal> {
    Ok(session::signed_in(app, headers).await?.map(|who| who.account))
}

fn sign_in_first(app: &Shared, headers: &HeaderMap) -> Page {
    let page = sign_in::page(app, headers, None, "", "");
    page.mistake(StatusCode::UNAUTHORIZED, "username", "Please sign in first.")
}
