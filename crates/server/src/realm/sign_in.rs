//! The pages to sign in on: e-mail address and password, then a code where the account asks for one.
//!
//! Unknown and wrong are one answer that takes the same time (rows OD-T16, OD-T17). Attempts are limited per
//! address and per name.

use std::net::IpAddr;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use model::Timestamp;
use runtime::{
    realm::{accounts::Account, attempts::Attempt, keys::TokenType},
    tokens::hash,
};
use serde::{Deserialize, Serialize};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    active,
    authorize::{Ask, Refused},
    cookies::{self, FormToken},
    issuer,
    page::{Page, field, form_head, form_tail, hidden, redirect},
    parameters::{Form, Parameters},
    refusal::{OauthError, OauthRefusal},
    schema::{SecondFactorForm, SignInForm},
    session::{self, RETURN},
};
use crate::{
    app::{App, Shared},
    rate_limits::Endpoint,
    serve::Peer,
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(sign_in)).routes(routes!(second_factor))
}

const SIGN_IN: &str = "/realms/dial-ai/sign-in";
const SECOND_FACTOR: &str = "/realms/dial-ai/sign-in/second-factor";
/// How long after the password a code may follow, in seconds.
const STEP_SECONDS: i64 = 300;

/// Where somebody goes who has signed in.
enum Destination {
    /// Back to the client that sent them.
    Client(Box<Ask>),
    /// To the page of their account.
    Account,
    /// To a page of this server, by its path.
    Page(String),
}

impl Destination {
    /// Reads it from what a page carries along; it is judged anew each time.
    async fn read(app: &Shared, request: &str) -> Result<Self, Refused> {
        if request.is_empty() {
            return Ok(Self::Account);
        }
        let parameters = Parameters::read(request.as_bytes());
        // A client may send anything beside what is asked for; a page of ours names no client.
        if parameters.field("client_id").is_empty() && !parameters.field(RETURN).is_empty() {
            let path = session::return_path(&parameters).ok_or_else(|| Refused::Here(Box::new(Page::leads_away())))?;
            return Ok(Self::Page(path.to_owned()));
        }
        Ok(Self::Client(Box::new(Ask::read(app, &parameters).await?)))
    }

    fn ask(&self) -> Option<&Ask> {
        match self {
            Self::Client(ask) => Some(ask),
            Self::Account | Self::Page(_) => None,
        }
    }
}

/// The page to sign in on. `request` is what the client asked for, as it was sent.
pub(super) fn page(app: &Shared, headers: &HeaderMap, ask: Option<&Ask>, request: &str, username: &str) -> Page {
    let token = cookies::form_token(app, headers);
    let hinted = ask.and_then(|ask| ask.login_hint.as_deref()).unwrap_or_default();
    let username = if username.is_empty() { hinted } else { username };
    let body = [
        form_head(SIGN_IN, &token),
        hidden("request", request),
        field(
            "username",
            "E-mail address",
            "email",
            "username",
            username,
            "autocapitalize=\"none\" spellcheck=\"false\"",
        ),
        field("password", "Password", "password", "current-password", "", ""),
        form_tail("Sign in"),
        "<p><a href=\"/realms/dial-ai/account/forgot\">I forgot my password</a></p>".to_owned(),
    ];
    Page::new("Sign in", body.concat()).form(&token).leads_to(ask.map(|ask| ask.redirect_uri.as_str()))
}

fn second_page(token: &FormToken, ask: Option<&Ask>, request: &str, step: &str) -> Page {
    let body = [
        "<p>Enter the code that your authenticator shows, or one of your recovery codes.</p>\n".to_owned(),
        form_head(SECOND_FACTOR, token),
        hidden("request", request),
        hidden("step", step),
        field("code", "Code", "text", "one-time-code", "", "autocapitalize=\"none\" spellcheck=\"false\""),
        form_tail("Go on"),
    ];
    Page::new("Enter your code", body.concat()).form(token).leads_to(ask.map(|ask| ask.redirect_uri.as_str()))
}

/// Signs in with e-mail address and password; the page before sends it.
#[utoipa::path(
    post, path = "/realms/dial-ai/sign-in", tag = "Realm", operation_id = "signIn",
    request_body(content = SignInForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The page for the second factor", body = String, content_type = "text/html"),
        (status = 303, description = "Signed in: back to the client or to the page, or to the account's page"),
        (status = 401, description = "The page again: name or password are wrong", body = String, content_type = "text/html"),
        (status = 403, description = "The form is not from this browser's page", body = String, content_type = "text/html"),
        (status = 429, description = "Too many attempts", body = String, content_type = "text/html"),
        (status = "default", description = "Refused", body = OauthError),
    )
)]
async fn sign_in(app: State<App>, peer: Peer, form: Form) -> Result<Response, OauthRefusal> {
    let Form { headers, parameters } = form;
    if !cookies::is_ours(&app, &headers, &parameters) {
        return Ok(Page::not_ours().into_response());
    }
    let request = parameters.field("request");
    let destination = match Destination::read(&app, request).await {
        Ok(destination) => destination,
        Err(refused) => return Ok(refused.answer(&app)),
    };
    let (username, password) = (parameters.field("username"), parameters.field("password"));
    let again = || page(&app, &headers, destination.ask(), request, username);
    if let Some(wait) = may_not_try(&app, &headers, peer.ip(), username).await? {
        return Ok(too_many(again(), "password", wait).into_response());
    }
    let Some(account) = active(&app, app.realm.accounts.with_password(username, password).await?).await? else {
        let text = "E-mail address or password are wrong.";
        return Ok(again().mistake(StatusCode::UNAUTHORIZED, "username", text).into_response());
    };
    if !account.has_second_factor() {
        return finish(&app, &headers, &account, &["pwd"], destination).await;
    }
    let token = cookies::form_token(&app, &headers);
    let step = step(&app, &account, &token).await?;
    Ok(second_page(&token, destination.ask(), request, &step).into_response())
}

/// Ends signing in with a code of the device or a recovery code (row OD-T16); the page before sends it.
#[utoipa::path(
    post, path = "/realms/dial-ai/sign-in/second-factor", tag = "Realm", operation_id = "signInSecondFactor",
    request_body(content = SecondFactorForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 303, description = "Signed in: back to the client or to the page, or to the account's page"),
        (status = 401, description = "The page again: the code is wrong", body = String, content_type = "text/html"),
        (status = 403, description = "The form is not from this browser's page", body = String, content_type = "text/html"),
        (status = 429, description = "Too many attempts", body = String, content_type = "text/html"),
        (status = "default", description = "Refused", body = OauthError),
    )
)]
async fn second_factor(app: State<App>, peer: Peer, form: Form) -> Result<Response, OauthRefusal> {
    let Form { headers, parameters } = form;
    if !cookies::is_ours(&app, &headers, &parameters) {
        return Ok(Page::not_ours().into_response());
    }
    let request = parameters.field("request");
    let destination = match Destination::read(&app, request).await {
        Ok(destination) => destination,
        Err(refused) => return Ok(refused.answer(&app)),
    };
    let token = cookies::form_token(&app, &headers);
    let step = parameters.field("step");
    let Some(account) = account_of(&app, step, &token).await? else {
        let text = "It took too long. Please sign in again.";
        let first = page(&app, &headers, destination.ask(), request, "");
        return Ok(first.mistake(StatusCode::UNAUTHORIZED, "username", text).into_response());
    };
    let again = || second_page(&token, destination.ask(), request, step);
    if let Some(wait) = may_not_try(&app, &headers, peer.ip(), &account.email).await? {
        return Ok(too_many(again(), "code", wait).into_response());
    }
    if !app.realm.accounts.take_second_factor(&account.id, parameters.field("code")).await? {
        let text = "The code is wrong, or it was used before.";
        return Ok(again().mistake(StatusCode::UNAUTHORIZED, "code", text).into_response());
    }
    finish(&app, &headers, &account, &["pwd", "otp", "mfa"], destination).await
}

/// Counts an attempt; seconds to wait when there were too many, from this address or for this name.
pub(super) async fn may_not_try(
    app: &Shared,
    headers: &HeaderMap,
    peer: IpAddr,
    name: &str,
) -> Result<Option<u64>, OauthRefusal> {
    let source = app.source_ip(headers, peer);
    if let Some(allowance) = app.calls.count(Endpoint::SignIn, ("", &source))
        && !allowance.allowed
    {
        return Ok(Some(allowance.wait()));
    }
    Ok(match app.realm.attempts.begin(name).await? {
        Attempt::Allowed => None,
        Attempt::Wait(wait) => Some(wait.as_secs().saturating_add(1)),
    })
}

/// A page that was asked for too often.
pub(super) fn too_many(page: Page, field: &'static str, wait: u64) -> Page {
    let minutes = wait.div_ceil(60);
    let text = format!(
        "There were too many attempts. Try again in {minutes} {}.",
        if minutes == 1 { "minute" } else { "minutes" }
    );
    page.mistake(StatusCode::TOO_MANY_REQUESTS, field, text).retry_after(wait)
}

async fn finish(
    app: &Shared,
    headers: &HeaderMap,
    account: &Account,
    methods: &[&str],
    destination: Destination,
) -> Result<Response, OauthRefusal> {
    app.realm.attempts.forget(&account.email).await?;
    // A browser has one session, and its secret changes with each sign-in.
    if let Some(before) = cookies::session(app, headers).await? {
        app.realm.sessions.end(&before.id).await?;
    }
    let (session, secret) = app.realm.sessions.start(&account.id, methods).await?;
    let cookies = vec![cookies::keep_session(app, &secret)];
    match destination {
        Destination::Client(ask) => ask.go_back(app, &session, cookies).await,
        Destination::Account => Ok(redirect("/realms/dial-ai/account", cookies)),
        Destination::Page(path) => Ok(redirect(&path, cookies)),
    }
}

/// That a password was right, told by the browser to ourselves.
#[derive(Serialize, Deserialize)]
struct StepClaims {
    iss: String,
    sub: String,
    aud: String,
    exp: i64,
    /// Hash of the token of the browser's forms: no other browser goes on from here.
    form: String,
}

async fn step(app: &Shared, account: &Account, token: &FormToken) -> Result<String, OauthRefusal> {
    let iss = issuer(app);
    let claims = StepClaims {
        aud: format!("{iss}/second-factor"),
        iss,
        sub: account.id.clone(),
        exp: Timestamp::now().seconds() + STEP_SECONDS,
        form: hex::encode(hash(&token.value)),
    };
    Ok(app.realm.keys.ring().await?.sign(TokenType::Step, &claims)?)
}

async fn account_of(app: &Shared, step: &str, token: &FormToken) -> Result<Option<Account>, OauthRefusal> {
    let issuer = issuer(app);
    let claims = app.realm.keys.ring().await?.verify::<StepClaims>(step, TokenType::Step, &issuer);
    match claims {
        Ok(claims) if claims.form == hex::encode(hash(&token.value)) => {
            Ok(active(app, app.realm.accounts.get(&claims.sub).await?).await?)
        }
        _ => Ok(None),
    }
}
