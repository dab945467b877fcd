//! The authorization endpoint (RFC 6749 §4.1.1, RFC 7636, RFC 9207, OpenID Connect Core §3.1.2): a client
//! sends a browser here, and gets it back with a code.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use model::Timestamp;
use runtime::realm::{
    access::SIGN_IN_SCOPES,
    clients::Client,
    codes::{Code, is_challenge},
    sessions::Session,
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    cookies, issuer,
    page::{Page, redirect},
    parameters::{Form, Parameters, Repeated, with_query},
    refusal::{OauthError, OauthRefusal},
    schema::AuthorizationRequest,
    sign_in,
};
use crate::app::{App, Shared};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get, post))
}

/// What a client asks for, once it is known to be acceptable.
#[derive(Debug)]
pub(super) struct Ask {
    client: Client,
    pub(super) redirect_uri: String,
    state: Option<String>,
    scope: String,
    nonce: Option<String>,
    challenge: String,
    prompt: Prompt,
    max_age: Option<i64>,
    pub(super) login_hint: Option<String>,
}

/// Whether people may be asked to sign in (OpenID Connect Core §3.1.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Prompt {
    IfNeeded,
    Never,
    Always,
}

/// Why a client does not get what it asks for.
pub(super) enum Refused {
    /// Nobody knows where to send the browser: the person is told.
    Here(Box<Page>),
    /// The client is told, where it registered to be told.
    There { redirect_uri: String, state: Option<String>, error: &'static str, description: &'static str },
    /// The realm failed.
    Broken(OauthRefusal),
}

impl From<OauthRefusal> for Refused {
    fn from(refusal: OauthRefusal) -> Self {
        Self::Broken(refusal)
    }
}

impl Refused {
    pub(super) fn answer(self, app: &Shared) -> Response {
        match self {
            Self::Here(page) => page.into_response(),
            Self::There { redirect_uri, state, error, description } => {
                let mut more = vec![("error", error), ("error_description", description)];
                more.extend(state.as_deref().map(|state| ("state", state)));
                let issuer = issuer(app);
                more.push(("iss", issuer.as_str()));
                redirect(&with_query(&redirect_uri, &more), Vec::new())
            }
            Self::Broken(refusal) => refusal.into_response(),
        }
    }
}

/// Begins to sign somebody in for a client. A browser that is signed in is sent back at once.
#[utoipa::path(
    get, path = "/realms/dial-ai/protocol/openid-connect/auth", tag = "Realm", operation_id = "authorize",
    params(AuthorizationRequest),
    responses(
        (status = 200, description = "The page to sign in on", body = String, content_type = "text/html"),
        (status = 303, description = "Back to the client, with a code or an error"),
        (status = 400, description = "Client or address are not registered", body = String, content_type = "text/html"),
        (status = "default", description = "Refused", body = OauthError),
    )
)]
async fn get(app: State<App>, headers: HeaderMap, uri: Uri) -> Response {
    let parameters = Parameters::read(uri.query().unwrap_or_default().as_bytes());
    begin(&app, &headers, &parameters).await.unwrap_or_else(|refused| refused.answer(&app))
}

/// The same with the parameters in a form (OpenID Connect Core §3.1.2.1).
#[utoipa::path(
    post, path = "/realms/dial-ai/protocol/openid-connect/auth", tag = "Realm", operation_id = "authorizeByForm",
    request_body(content = AuthorizationRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The page to sign in on", body = String, content_type = "text/html"),
        (status = 303, description = "Back to the client, with a code or an error"),
        (status = 400, description = "Client or address are not registered", body = String, content_type = "text/html"),
        (status = "default", description = "Refused", body = OauthError),
    )
)]
async fn post(app: State<App>, form: Form) -> Response {
    begin(&app, &form.headers, &form.parameters).await.unwrap_or_else(|refused| refused.answer(&app))
}

async fn begin(app: &Shared, headers: &HeaderMap, parameters: &Parameters) -> Result<Response, Refused> {
    let ask = Ask::read(app, parameters).await?;
    let session = cookies::session(app, headers).await.map_err(OauthRefusal::from)?;
    let session = session.filter(|session| ask.is_content_with(session));
    match (session, ask.prompt) {
        (Some(session), _) => Ok(redirect(&ask.answer(app, &session).await?, Vec::new())),
        (None, Prompt::Never) => Err(ask.refuse("login_required", "nobody is signed in")),
        (None, Prompt::IfNeeded | Prompt::Always) => {
            Ok(sign_in::page(app, headers, Some(&ask), &parameters.encoded(), "").into_response())
        }
    }
}

impl Ask {
    /// Reads what a client asks for.
    pub(super) async fn read(app: &Shared, parameters: &Parameters) -> Result<Self, Refused> {
        let (client, redirect_uri) = destination(app, parameters).await?;
        // From here on the client can be told.
        let state = parameters.get("state").ok().flatten().map(str::to_owned);
        let there = |error: &'static str, description: &'static str| Refused::There {
            redirect_uri: redirect_uri.clone(),
            state: state.clone(),
            error,
            description,
        };
        let get = |name: &'static str| {
            let repeated = |_: Repeated| there("invalid_request", "a parameter stands there more than once");
            parameters.get(name).map_err(repeated)
        };
        get("state")?;
        if get("request")?.is_some() {
            return Err(there("request_not_supported", "send the parameters themselves"));
        }
        if get("request_uri")?.is_some() {
            return Err(there("request_uri_not_supported", "send the parameters themselves"));
        }
        match get("response_type")? {
            Some("code") => {}
            None => return Err(there("invalid_request", "response_type is missing")),
            Some(_) => return Err(there("unsupported_response_type", "response_type must be code")),
        }
        if get("response_mode")?.is_some_and(|mode| mode != "query") {
            return Err(there("invalid_request", "response_mode must be query"));
        }
        let challenge = get("code_challenge")?.filter(|challenge| is_challenge(challenge));
        let challenge =
            challenge.ok_or_else(|| there("invalid_request", "code_challenge is missing or not one of S256"))?;
        // A method that is left out means `plain` (RFC 7636 §4.3).
        if get("code_challenge_method")? != Some("S256") {
            return Err(there("invalid_request", "code_challenge_method must be S256"));
        }
        let prompt = match get("prompt")? {
            None | Some("consent") => Prompt::IfNeeded,
            Some("none") => Prompt::Never,
            Some("login" | "select_account" | "login consent" | "consent login") => Prompt::Always,
            Some(_) => return Err(there("invalid_request", "prompt must be none or login")),
        };
        let max_age = match get("max_age")?.map(str::parse::<i64>) {
            None => None,
            Some(Ok(seconds)) if seconds >= 0 => Some(seconds),
            Some(_) => return Err(there("invalid_request", "max_age must be a number of seconds")),
        };
        let nonce = get("nonce")?;
        if [state.as_deref(), nonce].into_iter().flatten().any(|text| text.len() > 2_000) {
            return Err(there("invalid_request", "state and nonce have at most 2000 characters"));
        }
        let asked = get("scope")?.unwrap_or("openid");
        let granted = SIGN_IN_SCOPES.into_iter().filter(|scope| asked.split(' ').any(|asked| asked == *scope));
        let scope = granted.collect::<Vec<_>>().join(" ");
        let (nonce, challenge) = (nonce.map(str::to_owned), challenge.to_owned());
        let login_hint = get("login_hint")?.filter(|hint| hint.len() <= 254).map(str::to_owned);
        Ok(Self {
            client,
            redirect_uri: redirect_uri.clone(),
            state: state.clone(),
            scope,
            nonce,
            challenge,
            prompt,
            max_age,
            login_hint,
        })
    }

    /// Whether a session is good enough for what the client asks.
    fn is_content_with(&self, session: &Session) -> bool {
        let age = Timestamp::now().seconds() - session.auth_time.seconds();
        self.prompt != Prompt::Always && self.max_age.is_none_or(|most| age <= most)
    }

    /// The address that takes a code back to the client.
    pub(super) async fn answer(&self, app: &Shared, session: &Session) -> Result<String, OauthRefusal> {
        let code = Code {
            client: self.client.id.clone(),
            redirect_uri: self.redirect_uri.clone(),
            challenge: self.challenge.clone(),
            nonce: self.nonce.clone(),
            scope: self.scope.clone(),
            account: session.account.clone(),
            session: session.id.clone(),
            auth_time: session.auth_time,
            methods: session.methods.clone(),
        };
        let code = app.realm.codes.issue(code).await?;
        let issuer = issuer(app);
        let mut more = vec![("code", code.as_str())];
        more.extend(self.state.as_deref().map(|state| ("state", state)));
        more.push(("iss", issuer.as_str()));
        Ok(with_query(&self.redirect_uri, &more))
    }

    fn refuse(&self, error: &'static str, description: &'static str) -> Refused {
        Refused::There { redirect_uri: self.redirect_uri.clone(), state: self.state.clone(), error, description }
    }

    /// Back to the client, with the cookies of a browser that has just signed in.
    pub(super) async fn go_back(
        &self,
        app: &Shared,
        session: &Session,
        cookies: Vec<HeaderValue>,
    ) -> Result<Response, OauthRefusal> {
        Ok(redirect(&self.answer(app, session).await?, cookies))
    }
}

/// The client and the address to go back to. Until both are known good, nobody is sent anywhere
/// (RFC 6749 §4.1.2.1).
async fn destination(app: &Shared, parameters: &Parameters) -> Result<(Client, String), Refused> {
    let here =
        |text: &str| Refused::Here(Box::new(Page::refusal(StatusCode::BAD_REQUEST, "This link does not work", text)));
    let (Ok(Some(client)), Ok(address)) = (parameters.get("client_id"), parameters.get("redirect_uri")) else {
        return Err(here("The program that sent you here does not say which one it is (client_id)."));
    };
    let client = app.realm.clients.get(client).await.map_err(OauthRefusal::from)?;
    let Some(client) = client else {
        return Err(here("The program that sent you here is not registered (client_id)."));
    };
    match address {
        Some(address) if client.redirects_to(address) => Ok((client, address.to_owned())),
        _ => Err(here(
            "The program that sent you here wants you to be sent to an address that is not registered (redirect_uri).",
        )),
    }
}
