//! A forgotten password, and an invitation: ask for a letter, follow its link, choose a password.
//!
//! Who asks hears the same whether there is such an account or not, and as quickly.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use runtime::{
    documents::DocumentError,
    realm::{
        letters::{Delivery, Letter},
        password,
    },
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    active, cookies, letters,
    page::{Page, field, form_head, form_tail, hidden},
    parameters::{Form, Parameters},
    refusal::{OauthError, OauthRefusal},
    schema::AccountForm,
    sign_in::{may_not_try, too_many},
};
use crate::{
    app::{App, Shared},
    serve::Peer,
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(ask, forgot)).routes(routes!(choose, change))
}

const FORGOT: &str = "/realms/dial-ai/account/forgot";
const PASSWORD: &str = "/realms/dial-ai/account/password";

/// The page on which one says that one forgot the password.
#[utoipa::path(
    get, path = "/realms/dial-ai/account/forgot", tag = "Realm", operation_id = "getForgotPage",
    responses((status = 200, description = "The page", body = String, content_type = "text/html"))
)]
async fn ask(app: State<App>, headers: HeaderMap) -> Page {
    forgot_page(&app, &headers, "")
}

fn forgot_page(app: &Shared, headers: &HeaderMap, username: &str) -> Page {
    let token = cookies::form_token(app, headers);
    let body = [
        "<p>We send you a letter with a link to choose another one.</p>\n".to_owned(),
        form_head(FORGOT, &token),
        field(
            "username",
            "E-mail address",
            "email",
            "username",
            username,
            "autocapitalize=\"none\" spellcheck=\"false\"",
        ),
        form_tail("Send the letter"),
    ];
    Page::new("I forgot my password", body.concat()).form(&token)
}

/// Sends a letter with a link to choose another password, if there is such an account.
#[utoipa::path(
    post, path = "/realms/dial-ai/account/forgot", tag = "Realm", operation_id = "forgotPassword",
    request_body(content = AccountForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The same in any case", body = String, content_type = "text/html"),
        (status = 403, description = "The form is not from this browser's page", body = String, content_type = "text/html"),
        (status = 429, description = "Too many attempts", body = String, content_type = "text/html"),
        (status = "default", description = "Refused", body = OauthError),
    )
)]
async fn forgot(app: State<App>, peer: Peer, form: Form) -> Result<Page, OauthRefusal> {
    let Form { headers, parameters } = form;
    if !cookies::is_ours(&app, &headers, &parameters) {
        return Ok(Page::not_ours());
    }
    let username = parameters.field("username").to_owned();
    // Counted apart from signing in: nobody is locked out by letters.
    if let Some(wait) = may_not_try(&app, &headers, peer.ip(), &format!("letter to {username}")).await? {
        return Ok(too_many(forgot_page(&app, &headers, &username), "username", wait));
    }
    let app = app.0.clone();
    tokio::spawn(async move {
        let sent = async {
            match active(&app, app.realm.accounts.find(&username).await?).await? {
                Some(account) => letters::send_reset(&app, &account).await,
                None => Ok(()),
            }
        };
        if let Err(error) = sent.await {
            tracing::warn!(%error, "a letter could not be written");
        }
    });
    let text = "<p>If there is an account of that address, a letter is on its way. Its link is good for an hour.</p>";
    Ok(Page::new("Look into your mail", text))
}

/// The page on which one chooses a password; the link in the letter leads here.
#[utoipa::path(
    get, path = "/realms/dial-ai/account/password", tag = "Realm", operation_id = "getPasswordPage",
    params(("link" = Option<String>, Query, description = "The secret of the link")),
    responses(
        (status = 200, description = "The page", body = String, content_type = "text/html"),
        (status = 400, description = "The link is not good, or no longer", body = String, content_type = "text/html"),
        (status = "default", description = "Refused", body = OauthError),
    )
)]
async fn choose(app: State<App>, headers: HeaderMap, uri: Uri) -> Result<Page, OauthRefusal> {
    let parameters = Parameters::read(uri.query().unwrap_or_default().as_bytes());
    let link = parameters.field("link");
    Ok(match app.realm.letters.find(link).await? {
        Some(_) => password_page(&app, &headers, link),
        None => stale(),
    })
}

fn password_page(app: &Shared, headers: &HeaderMap, link: &str) -> Page {
    let token = cookies::form_token(app, headers);
    let shortest = password::SHORTEST;
    let body = [
        format!(
            "<p>Use {shortest} characters or more. Several words are easier to remember and harder to guess.</p>\n"
        ),
        form_head(PASSWORD, &token),
        hidden("link", link),
        field("password", "New password", "password", "new-password", "", &format!("minlength=\"{shortest}\"")),
        form_tail("Keep this password"),
    ];
    Page::new("Choose a password", body.concat()).form(&token)
}

fn stale() -> Page {
    let text = "The link is not good, or no longer: each is good once and for a while. Ask for another letter.";
    Page::refusal(StatusCode::BAD_REQUEST, "This link does not work", text)
}

/// Sets the password. Whatever the account was signed in to ends.
#[utoipa::path(
    post, path = "/realms/dial-ai/account/password", tag = "Realm", operation_id = "choosePassword",
    request_body(content = AccountForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "It is set", body = String, content_type = "text/html"),
        (status = 400, description = "The link is not good, or no longer", body = String, content_type = "text/html"),
        (status = 403, description = "The form is not from this browser's page", body = String, content_type = "text/html"),
        (status = 422, description = "The password is not acceptable", body = String, content_type = "text/html"),
        (status = "default", description = "Refused", body = OauthError),
    )
)]
async fn change(app: State<App>, form: Form) -> Result<Response, OauthRefusal> {
    let Form { headers, parameters } = form;
    if !cookies::is_ours(&app, &headers, &parameters) {
        return Ok(Page::not_ours().into_response());
    }
    let (link, chosen) = (parameters.field("link"), parameters.field("password"));
    let Some(letter) = app.realm.letters.find(link).await? else { return Ok(stale().into_response()) };
    let Some(account) = app.realm.accounts.get(&letter.account).await? else { return Ok(stale().into_response()) };
    // Before the link is used up: a weak password is not the end of it.
    if let Err(DocumentError::Invalid { complaint, .. }) = password::check(chosen, &[&account.email, &account.name]) {
        let text = format!("The password is not acceptable: {complaint}.");
        let page = password_page(&app, &headers, link);
        return Ok(page.mistake(StatusCode::UNPROCESSABLE_ENTITY, "password", text).into_response());
    }
    if !app.realm.letters.take(link).await? {
        return Ok(stale().into_response());
    }
    set(&app, &letter, chosen).await?;
    let text = "<p>Your password is set. Wherever you were signed in, you are signed in no longer.</p>\n\
                <p><a href=\"/realms/dial-ai/account\">Sign in</a></p>";
    Ok(Page::new("Your password is set", text).cookie(cookies::drop_session(&app)).into_response())
}

async fn set(app: &Shared, letter: &Letter, chosen: &str) -> Result<(), DocumentError> {
    if letter.delivery == Delivery::ByMail {
        app.realm.accounts.verify_email(&letter.account).await?;
    }
    app.realm.change_password(&letter.account, chosen).await
}
