//! Headers that tell browsers what an answer may do, around every route.
//!
//! A page says its own content security policy where it is made. What comes without one gets the strictest. What
//! older browsers read of framing (`X-Frame-Options`, RFC 7034) is read off that policy, so that the two never differ.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};

use crate::app::App;

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// The policy of what can be opened as a page and says none: pictures have their style inside.
const NOTHING: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// The policy of the API description's page: its scripts are files, its style is partly in the elements, and its
/// pictures are in its style. What it tries out is this server.
const SWAGGER: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// The chat may ask where the visitor is, and take their voice; nothing else of the device is of use.
const PERMISSIONS: HeaderValue =
    HeaderValue::from_static("camera=(), geolocation=(self), microphone=(self), payment=(), usb=()");

/// For a year browsers come by https alone (RFC 6797). Hosts below this one are not ours to speak for.
const HTTPS_ONLY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Around everything.
pub(crate) async fn everywhere(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let referrer = HeaderValue::from_static("strict-origin-when-cross-origin");
    headers.entry(header::REFERRER_POLICY).or_insert(referrer);
    if app.is_https() {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HTTPS_ONLY);
    }
    if is_page(headers) {
        for_page(headers);
    }
    response
}

/// Around the page of the API description.
pub(crate) async fn swagger(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if is_page(response.headers()) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, SWAGGER);
    }
    response
}

/// What a browser opens as a document in which scripts could run.
fn is_page(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    kind.starts_with(b"text/html") || kind.starts_with(b"image/svg+xml")
}

fn for_page(headers: &mut HeaderMap) {
    let policy = headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(NOTHING);
    let framing = framing(policy.to_str().unwrap_or_default());
    if let Some(framing) = framing {
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static(framing));
    }
    headers.insert(PERMISSIONS_POLICY, PERMISSIONS);
    headers.entry(OPENER_POLICY).or_insert(HeaderValue::from_static("same-origin"));
}

/// What `X-Frame-Options` can say of a policy; lists of origins it cannot.
fn framing(policy: &str) -> Option<&'static str> {
    let (_, ancestors) = policy.split_once("frame-ancestors ")?;
    match ancestors.split(';').next().unwrap_or_default().trim() {
        "'none'" => Some("DENY"),
        "'self'" => Some("SAMEORIGIN"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_browsers_are_told_what_the_policy_says() {
        assert_eq!(framing("default-src 'none'; frame-ancestors 'none'"), Some("DENY"));
        assert_eq!(framing("frame-ancestors 'self'; base-uri 'none'"), Some("SAMEORIGIN"));
        assert_eq!(framing("frame-ancestors 'self' https://good.test"), None);
        assert_eq!(framing("frame-ancestors *"), None);
        assert_eq!(framing("default-src 'none'"), None);
    }
}
