//! Cookies of the chat: reading them, and writing them so that they work on a laptop, behind TLS
//! and inside another site's page.

use axum::http::{HeaderMap, HeaderValue, header};

/// A cookie's value among those that the client sent; several `Cookie` headers may come.
pub(crate) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

/// Whether the page's scripts may read a cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readable {
    ByScripts,
    ByServerOnly,
}

/// A `Set-Cookie` header. On https the chat may live in a frame of another site, which needs
/// `SameSite=None; Secure` and, where third-party cookies are cut off, a partition of its own. On
/// plain http browsers refuse `Secure`, so the cookie is for the same site only.
pub(crate) fn set_cookie(name: &str, value: &str, seconds: i64, readable: Readable, secure: bool) -> HeaderValue {
    let scripts = if readable == Readable::ByServerOnly { "; HttpOnly" } else { "" };
    let site = if secure { "; SameSite=None; Secure; Partitioned" } else { "; SameSite=Lax" };
    HeaderValue::try_from(format!("{name}={value}; Path=/; Max-Age={seconds}{scripts}{site}"))
        .expect("names and values of our cookies are base64url and dots")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_cookie_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; b=2"));
        headers.append(header::COOKIE, HeaderValue::from_static("c=x=y"));
        assert_eq!(cookie(&headers, "b"), Some("2"));
        assert_eq!(cookie(&headers, "c"), Some("x=y"));
        assert_eq!(cookie(&headers, "d"), None);
    }

    #[test]
    fn a_cookie_suits_its_scheme() {
        let framed = set_cookie("n", "v", 60, Readable::ByServerOnly, true);
        assert_eq!(framed, "n=v; Path=/; Max-Age=60; HttpOnly; SameSite=None; Secure; Partitioned");
        let local = set_cookie("n", "v", 60, Readable::ByScripts, false);
        assert_eq!(local, "n=v; Path=/; Max-Age=60; SameSite=Lax");
    }
}
