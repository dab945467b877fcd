//! The realm's forms as the OpenAPI document describes them; the code reads them parameter by parameter.

#![expect(dead_code, reason = "described, never built: forms are read parameter by parameter")]

use utoipa::{IntoParams, ToSchema};

/// What a client asks for when it sends a browser here.
#[derive(ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct AuthorizationRequest {
    /// The client; it must be registered.
    client_id: Option<String>,
    /// Where the code is sent: one of those registered, letter by letter.
    redirect_uri: Option<String>,
    /// `code`.
    response_type: Option<String>,
    /// `openid`, `profile`, `email`, with spaces between.
    scope: Option<String>,
    /// Comes back as it is.
    state: Option<String>,
    /// Stands in the ID token.
    nonce: Option<String>,
    /// BASE64URL(SHA256(verifier)).
    code_challenge: Option<String>,
    /// `S256`.
    code_challenge_method: Option<String>,
    /// `none`: do not ask; `login`: ask in any case.
    prompt: Option<String>,
    /// Ask when the last sign-in was so many seconds ago.
    max_age: Option<String>,
    /// Who is expected to sign in.
    login_hint: Option<String>,
}

/// What a token is asked for with.
#[derive(ToSchema)]
pub(super) struct TokenRequest {
    /// `authorization_code`, `refresh_token`, `client_credentials` or
    /// `urn:ietf:params:oauth:grant-type:token-exchange`.
    #[schema(example = "client_credentials")]
    grant_type: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
    /// For `authorization_code`.
    code: Option<String>,
    /// For `authorization_code`: the same as it was sent to.
    redirect_uri: Option<String>,
    /// For `authorization_code` (RFC 7636 §4.5).
    code_verifier: Option<String>,
    /// For `refresh_token`.
    refresh_token: Option<String>,
    /// For an exchange: a user's access token.
    subject_token: Option<String>,
    /// For an exchange: `urn:ietf:params:oauth:token-type:access_token`.
    subject_token_type: Option<String>,
    /// For an exchange: the tenant.
    audience: Option<String>,
    /// Less than what one may have.
    scope: Option<String>,
}

/// A token that is to end.
#[derive(ToSchema)]
pub(super) struct RevocationRequest {
    token: Option<String>,
    /// `refresh_token` or `access_token`; it is found without it.
    token_type_hint: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
}

/// What a client says when it sends a browser here to sign out.
#[derive(ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct LogoutRequest {
    /// An ID token of the session; it may have expired.
    id_token_hint: Option<String>,
    /// Where to go then: one of those registered, letter by letter.
    post_logout_redirect_uri: Option<String>,
    /// Comes back as it is.
    state: Option<String>,
    client_id: Option<String>,
}

/// The page's form to sign in.
#[derive(ToSchema)]
pub(super) struct SignInForm {
    /// What the cookie of the form says.
    form: Option<String>,
    /// What the client asked for.
    request: Option<String>,
    username: Option<String>,
    password: Option<String>,
}

/// The page's form for the second factor.
#[derive(ToSchema)]
pub(super) struct SecondFactorForm {
    /// What the cookie of the form says.
    form: Option<String>,
    /// What the client asked for.
    request: Option<String>,
    /// That the password was right.
    step: Option<String>,
    /// Of the device, or a recovery code.
    code: Option<String>,
}

/// A form of the account's pages.
#[derive(ToSchema)]
pub(super) struct AccountForm {
    /// What the cookie of the form says.
    form: Option<String>,
    /// The secret of the link in a letter.
    link: Option<String>,
    /// Who forgot the password.
    username: Option<String>,
    /// The password, the present one or the new one.
    password: Option<String>,
    /// A code of the device.
    code: Option<String>,
}
