//! Parameters of a query or of a form (RFC 6749 §3.1, §3.2): each at most once, an empty one counts as left
//! out, an unknown one is ignored.

use axum::{
    body::Body,
    extract::{FromRequest, Request},
    http::{HeaderMap, StatusCode, header},
};
use url::form_urlencoded::{self, Serializer};

use super::refusal::OauthRefusal;
use crate::{
    app::{App, text},
    intake::{self, IntakeError},
};

/// The largest form.
const MAX_FORM: usize = 64 << 10;

/// What was sent.
#[derive(Debug, Clone, Default)]
pub(super) struct Parameters(Vec<(String, String)>);

/// A parameter stands there more than once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Repeated(pub(super) &'static str);

impl Parameters {
    pub(super) fn read(encoded: &[u8]) -> Self {
        Self(form_urlencoded::parse(encoded).into_owned().collect())
    }

    pub(super) fn get(&self, name: &'static str) -> Result<Option<&str>, Repeated> {
        let mut found = self.0.iter().filter(|(key, value)| key == name && !value.is_empty());
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(Repeated(name)),
            (first, None) => Ok(first.map(|(_, value)| value.as_str())),
        }
    }

    /// A field of our own pages, of which a repeated one is as good as none.
    pub(super) fn field(&self, name: &'static str) -> &str {
        self.get(name).ok().flatten().unwrap_or_default()
    }

    /// As they stand in an address.
    pub(super) fn encoded(&self) -> String {
        Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }
}

/// An address with more in its query.
pub(super) fn with_query(address: &str, more: &[(&str, &str)]) -> String {
    let query = Serializer::new(String::new()).extend_pairs(more).finish();
    let join = if address.contains('?') { '&' } else { '?' };
    format!("{address}{join}{query}")
}

/// A form that was posted, and the headers that came with it.
pub(super) struct Form {
    pub(super) headers: HeaderMap,
    pub(super) parameters: Parameters,
}

impl FromRequest<App> for Form {
    type Rejection = OauthRefusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, OauthRefusal> {
        let (parts, body) = request.into_parts();
        let parameters = read(&parts.headers, body, app).await?;
        Ok(Self { headers: parts.headers, parameters })
    }
}

async fn read(headers: &HeaderMap, body: Body, app: &App) -> Result<Parameters, OauthRefusal> {
    let kind = text(headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        let refusal = OauthRefusal::request("send a form: application/x-www-form-urlencoded");
        return Err(refusal.with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let bytes = intake::bytes(body, MAX_FORM, app.options.body_timeout).await.map_err(|error| match error {
        IntakeError::TooLarge(_) => {
            OauthRefusal::request("the form is too large").with_status(StatusCode::PAYLOAD_TOO_LARGE)
        }
        IntakeError::NotJson | IntakeError::Incomplete => {
            OauthRefusal::request("the form did not arrive in time").with_status(StatusCode::REQUEST_TIMEOUT)
        }
    })?;
    Ok(Parameters::read(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_parameter_is_refused_and_an_empty_one_is_none() {
        let read = Parameters::read(b"a=1&b=&c=x+y%26&a=2");
        assert!(read.get("a").is_err());
        assert_eq!(read.get("b").ok().flatten(), None);
        assert_eq!(read.get("c").ok().flatten(), Some("x y&"));
        assert_eq!(read.field("a"), "");
    }

    #[test]
    fn an_address_keeps_its_query() {
        assert_eq!(with_query("https://x.test/a", &[("b", "c d")]), "https://x.test/a?b=c+d");
        assert_eq!(with_query("https://x.test/a?z=1", &[("b", "c")]), "https://x.test/a?z=1&b=c");
    }
}
