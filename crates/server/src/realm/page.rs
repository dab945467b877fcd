//! The pages of the realm: HTML that needs no script.
//!
//! A page that tells of a mistake begins with a summary that leads to the field (WCAG 2.2, 3.3.1), and says
//! so in its title. Whatever comes from outside goes through [`escape`].

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use url::Url;

use super::cookies::{FORM_FIELD, FormToken};

/// A page.
pub(super) struct Page {
    status: StatusCode,
    title: &'static str,
    body: String,
    mistake: Option<Mistake>,
    /// Where a form of the page may lead besides here: browsers hold redirects against it, too.
    leads_to: Option<String>,
    cookies: Vec<HeaderValue>,
    retry_after: Option<u64>,
}

/// What was wrong, and the id of the field to go to.
struct Mistake {
    text: String,
    field: &'static str,
}

impl Page {
    /// A page with a heading and what follows it, as HTML.
    pub(super) fn new(title: &'static str, body: impl Into<String>) -> Self {
        Self {
            status: StatusCode::OK,
            title,
            body: body.into(),
            mistake: None,
            leads_to: None,
            cookies: Vec::new(),
            retry_after: None,
        }
    }

    /// A page that only says why there is no other.
    pub(super) fn refusal(status: StatusCode, title: &'static str, text: &str) -> Self {
        Self { status, ..Self::new(title, format!("<p>{}</p>", escape(text))) }
    }

    /// A link that would lead elsewhere than to a page of ours.
    pub(super) fn leads_away() -> Self {
        let text = "It leads to an address that is not one of this server (return).";
        Self::refusal(StatusCode::BAD_REQUEST, "This link does not work", text)
    }

    /// The form did not come from our page in this browser.
    pub(super) fn not_ours() -> Self {
        let text = "The form is too old, or your browser sent no cookie. Go back, load the page again and repeat. \
                    Cookies of this site must be allowed.";
        Self::refusal(StatusCode::FORBIDDEN, "Please try again", text)
    }

    /// With a mistake, which the field of that id can put right.
    pub(super) fn mistake(mut self, status: StatusCode, field: &'static str, text: impl Into<String>) -> Self {
        self.status = status;
        self.mistake = Some(Mistake { text: text.into(), field });
        self
    }

    /// With a time to come back, in seconds.
    pub(super) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds.max(1));
        self
    }

    /// With forms that may lead to a registered address.
    pub(super) fn leads_to(mut self, address: Option<&str>) -> Self {
        self.leads_to = address.and_then(source);
        self
    }

    /// With the cookie that its forms repeat.
    pub(super) fn form(self, token: &FormToken) -> Self {
        match &token.set {
            Some(set) => self.cookie(set.clone()),
            None => self,
        }
    }

    pub(super) fn cookie(mut self, set: HeaderValue) -> Self {
        self.cookies.push(set);
        self
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let title = escape(self.title);
        let (warning, summary) = match &self.mistake {
            Some(Mistake { text, field }) => {
                let text = escape(text);
                let summary = format!(
                    "<div class=\"mistake\" id=\"mistake\" role=\"alert\">\n<h2>Something is not right</h2>\n\
                     <p><a href=\"#{field}\">{text}</a></p>\n</div>\n"
                );
                ("Error: ", summary)
            }
            None => ("", String::new()),
        };
        let body = self.body;
        let page = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{warning}{title} – Parlance</title>\n\
             <link rel=\"icon\" href=\"/assets/icon.svg\" type=\"image/svg+xml\">\n\
             <link rel=\"stylesheet\" href=\"/assets/home.css\">\n<link rel=\"stylesheet\" href=\"/assets/sign-in.css\">\n\
             </head>\n<body>\n<main class=\"narrow\">\n<h1>{title}</h1>\n{summary}{body}\n</main>\n</body>\n</html>\n"
        );
        let leads_to = self.leads_to.map(|source| format!(" {source}")).unwrap_or_default();
        let policy = format!(
            "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'{leads_to}; \
             frame-ancestors 'none'"
        );
        let mut response = (self.status, page).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        let policy = HeaderValue::try_from(policy).expect("origins and schemes are ASCII");
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        for cookie in self.cookies {
            headers.append(header::SET_COOKIE, cookie);
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// A redirect that is not kept (RFC 9700 §4.12: 303 from a form, so that a password is not sent on).
pub(super) fn redirect(address: &str, cookies: Vec<HeaderValue>) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    let address = HeaderValue::try_from(address).expect("registered addresses are ASCII, as are our own");
    headers.insert(header::LOCATION, address);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    for cookie in cookies {
        headers.append(header::SET_COOKIE, cookie);
    }
    response
}

/// An address as a source of a content security policy.
fn source(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    match url.scheme() {
        "http" | "https" => Some(url.origin().ascii_serialization()),
        scheme => Some(format!("{scheme}:")),
    }
}

/// The beginning of a form, with the field that repeats the cookie.
pub(super) fn form_head(action: &str, token: &FormToken) -> String {
    let (action, value) = (escape(action), escape(&token.value));
    format!(
        "<form method=\"post\" action=\"{action}\">\n<input type=\"hidden\" name=\"{FORM_FIELD}\" value=\"{value}\">\n"
    )
}

/// A hidden field.
pub(super) fn hidden(name: &str, value: &str) -> String {
    format!("<input type=\"hidden\" name=\"{}\" value=\"{}\">\n", escape(name), escape(value))
}

/// A field with its label. `more` are further attributes, written by us.
pub(super) fn field(id: &str, label: &str, kind: &str, autocomplete: &str, value: &str, more: &str) -> String {
    let (label, value) = (escape(label), escape(value));
    format!(
        "<p class=\"field\"><label for=\"{id}\">{label}</label>\n<input id=\"{id}\" name=\"{id}\" type=\"{kind}\" \
         autocomplete=\"{autocomplete}\" value=\"{value}\" required {more}></p>\n"
    )
}

/// The button that ends a form, and the form's end.
pub(super) fn form_tail(label: &str) -> String {
    format!("<p><button type=\"submit\">{}</button></p>\n</form>\n", escape(label))
}

pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
