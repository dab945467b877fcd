//! HTTP as strangers meet it: what browsers are told, what slow and large requests get, TLS by file.

use std::{io, path::PathBuf, time::Duration};

use reqwest::{
    Certificate, Client, Response,
    header::{self, HeaderMap},
};
use serde_json::json;
use server::TlsFiles;
use tokio::{net::TcpStream, time::timeout};

use crate::app::TestApp;

const CERTIFICATE: &str = include_str!("../../../../tests/certificates/server.pem");

fn certificates() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/certificates"))
}

async fn get(app: &TestApp, path: &str) -> Response {
    reqwest::get(format!("{}{path}", app.url)).await.expect("an answer")
}

fn said<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).map(|value| value.to_str().expect("text")).unwrap_or_default()
}

/// Whether a page has a script inside, or an element that runs one.
fn has_script_inside(page: &str) -> bool {
    let mut scripts = page.split("<script").skip(1);
    scripts.any(|script| !script.split('>').next().unwrap_or_default().contains("src=")) || page.contains(" onclick=")
}

#[tokio::test]
async fn every_page_says_what_may_run_and_who_may_frame_it() {
    let app = TestApp::start().await;
    let agent = app.guarded_agent().await;
    let (chat, frame) =
        (format!("/web-chat?scenario_id={}", agent.id), format!("/web-chat-iframe?scenario_id={}", agent.id));
    for (path, framing) in [
        ("/", "DENY"),
        ("/api/swagger/", "DENY"),
        ("/assets/icon.svg", "DENY"),
        (chat.as_str(), "SAMEORIGIN"),
        (frame.as_str(), "SAMEORIGIN"),
    ] {
        let answer = get(&app, path).await;
        if answer.status() == 404 {
            assert!(answer.text().await.expect("text").contains("build web/widget first"), "{path}");
            continue;
        }
        let headers = answer.headers().clone();
        let policy = said(&headers, "content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors '"), "{path}: {policy}");
        let scripts = policy.split(';').find(|part| part.trim().starts_with("script-src")).unwrap_or_default();
        assert!(!scripts.contains("unsafe") && !scripts.contains('*'), "{path}: {policy}");
        assert_eq!(said(&headers, "x-frame-options"), framing, "{path}");
        assert_eq!(said(&headers, "x-content-type-options"), "nosniff", "{path}");
        assert_eq!(said(&headers, "cross-origin-opener-policy"), "same-origin", "{path}");
        assert!(said(&headers, "permissions-policy").contains("camera=()"), "{path}");
        let page = answer.text().await.expect("text");
        assert!(!has_script_inside(&page), "{path}: {page}");
    }
}

#[tokio::test]
async fn swagger_has_a_policy_under_which_it_works() {
    let app = TestApp::start().await;
    let page = get(&app, "/api/swagger/").await;
    let policy = said(page.headers(), "content-security-policy").to_owned();
    for needed in
        ["script-src 'self';", "style-src 'self' 'unsafe-inline';", "img-src 'self' data:;", "connect-src 'self';"]
    {
        assert!(policy.contains(needed), "{needed}: {policy}");
    }
    let page = page.text().await.expect("text");
    for file in ["swagger-ui-bundle.js", "swagger-ui-standalone-preset.js", "swagger-initializer.js", "swagger-ui.css"]
    {
        assert!(page.contains(file), "{file}: {page}");
        assert_eq!(get(&app, &format!("/api/swagger/{file}")).await.status(), 200, "{file}");
    }
    let start = get(&app, "/api/swagger/swagger-initializer.js").await.text().await.expect("text");
    assert!(start.contains("/api/swagger/openapi.json") && start.contains("validatorUrl: \"none\""), "{start}");
}

#[tokio::test]
async fn answers_do_not_say_what_serves_them() {
    let app = TestApp::start().await;
    app.open_agent().await;
    for path in
        ["/", "/healthz", "/readyz", "/api/v1/demo/agents", "/chat-api/history", "/nowhere", "/public/api/nowhere"]
    {
        let answer = get(&app, path).await;
        for banner in ["server", "x-powered-by", "via"] {
            assert!(answer.headers().get(banner).is_none(), "{path} says {banner}");
        }
        assert_eq!(said(answer.headers(), "x-content-type-options"), "nosniff", "{path}");
        let version = env!("CARGO_PKG_VERSION");
        assert!(!answer.text().await.expect("text").contains(version), "{path} says its version");
    }
}

#[tokio::test]
async fn browsers_are_told_to_come_by_https_where_that_is_the_public_address() {
    let plain = TestApp::start().await;
    assert!(get(&plain, "/").await.headers().get(header::STRICT_TRANSPORT_SECURITY).is_none());
    let public = TestApp::start_serving(|options| options.public_url = Some("https://chat.example.com".into())).await;
    for path in ["/", "/healthz", "/nowhere"] {
        assert_eq!(said(get(&public, path).await.headers(), "strict-transport-security"), "max-age=31536000", "{path}");
    }
}

#[tokio::test]
async fn cookies_are_strict() {
    for (public_url, site) in
        [(None, "; SameSite=Lax"), (Some("https://chat.example.com"), "; SameSite=None; Secure; Partitioned")]
    {
        let app = TestApp::start_serving(|options| options.public_url = public_url.map(str::to_owned)).await;
        let visitor = app.visitor(&app.guarded_agent().await, "ann");
        let answer = visitor.get("/chat-api/configuration").await;
        let cookies: Vec<&str> =
            answer.headers().get_all(header::SET_COOKIE).iter().map(|cookie| cookie.to_str().expect("text")).collect();
        assert_eq!(cookies.len(), 2, "{cookies:?}");
        for cookie in cookies {
            assert!(cookie.contains("; Path=/; Max-Age=") && cookie.ends_with(site), "{cookie}");
            let is_token = cookie.starts_with("opendialog_anonymous_authentication_token=");
            assert_eq!(cookie.contains("; HttpOnly"), is_token, "{cookie}");
        }
    }
}

/// A client that writes what it likes.
struct Raw(TcpStream);

impl Raw {
    async fn connect(app: &TestApp) -> Self {
        let address = app.url.strip_prefix("http://").expect("an address");
        Self(TcpStream::connect(address).await.expect("a connection"))
    }

    async fn sends(&self, text: &str) {
        let mut left = text.as_bytes();
        while !left.is_empty() {
            self.0.writable().await.expect("it can be written to");
            match self.0.try_write(left) {
                Ok(written) => left = &left[written..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // The server has had enough.
                Err(_) => return,
            }
        }
    }

    /// All that is answered until the server closes the connection, which it must do soon.
    async fn hears(&self) -> String {
        self.reads(|_| false).await
    }

    /// The head of an answer.
    async fn is_answered(&self) -> String {
        self.reads(|heard| heard.windows(4).any(|end| end == b"\r\n\r\n")).await
    }

    async fn reads(&self, enough: impl Fn(&[u8]) -> bool) -> String {
        let read = async {
            let (mut heard, mut part) = (Vec::<u8>::new(), [0_u8; 4096]);
            while !enough(&heard) {
                self.0.readable().await.expect("it can be read");
                match self.0.try_read(&mut part) {
                    Ok(0) => break,
                    Ok(length) => heard.extend_from_slice(&part[..length]),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(_) => break,
                }
            }
            heard
        };
        let heard = timeout(Duration::from_secs(10), read).await.expect("it ends");
        String::from_utf8_lossy(&heard).into_owned()
    }
}

#[tokio::test]
async fn a_slow_head_is_ended() {
    let app = TestApp::start_serving(|options| options.head_timeout = Duration::from_millis(300)).await;
    let client = Raw::connect(&app).await;
    client.sends("GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow: ").await;
    let heard = client.hears().await;
    assert!(!heard.contains(" 200 "), "{heard}");
    // A connection on which nothing is said is ended too.
    let silent = Raw::connect(&app).await;
    assert_eq!(silent.hears().await, "");
    assert_eq!(get(&app, "/healthz").await.status(), 200);
}

#[tokio::test]
async fn a_slow_body_is_ended() {
    let app = TestApp::start_serving(|options| options.body_timeout = Duration::from_millis(300)).await;
    let agent = app.open_agent().await;
    let client = Raw::connect(&app).await;
    let head = format!(
        "POST /chat-api/message HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\nopendialog-user-id: ann\r\n\
         opendialog-scenario-id: {}\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n",
        agent.app_key, agent.id
    );
    client.sends(&head).await;
    client.sends("{\"notification\":").await;
    let heard = client.is_answered().await;
    assert!(heard.starts_with("HTTP/1.1 408 "), "{heard}");
    let client = Raw::connect(&app).await;
    let head = format!(
        "POST /api/v1/demo/issuers HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-length: 1000\r\n\r\n{{",
        app.token
    );
    client.sends(&head).await;
    let heard = client.is_answered().await;
    assert!(heard.starts_with("HTTP/1.1 408 "), "{heard}");
}

/// The head of a request of a stranger's whose body has so many bytes.
fn stranger(length: usize) -> String {
    format!(
        "POST /api/v1/demo/agents HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    )
}

#[tokio::test]
async fn who_is_refused_before_a_large_body_is_told_that_the_connection_ends() {
    let app = TestApp::start().await;
    for length in [(64 << 10) + 1, 8 << 20] {
        let client = Raw::connect(&app).await;
        client.sends(&stranger(length)).await;
        let heard = client.hears().await.to_ascii_lowercase();
        assert!(heard.starts_with("http/1.1 401 "), "{heard}");
        assert!(heard.contains("\r\nconnection: close\r\n"), "{heard}");
    }
    // A body that was announced and does not come is not waited for either.
    let client = Raw::connect(&app).await;
    client.sends(&stranger(1000)).await;
    client.sends("{").await;
    let heard = client.hears().await.to_ascii_lowercase();
    assert!(heard.starts_with("http/1.1 401 ") && heard.contains("\r\nconnection: close\r\n"), "{heard}");
}

#[tokio::test]
async fn who_is_refused_before_a_small_body_keeps_the_connection() {
    let app = TestApp::start().await;
    let client = Raw::connect(&app).await;
    for part in [20_000, 64 << 10] {
        client.sends(&stranger(part)).await;
        // The body comes in a second go, when the answer is known already.
        tokio::time::sleep(Duration::from_millis(50)).await;
        client.sends(&"x".repeat(part)).await;
        let heard = client.reads(|heard| heard.ends_with(b"}")).await.to_ascii_lowercase();
        assert!(heard.starts_with("http/1.1 401 "), "{heard}");
        assert!(heard.ends_with('}') && !heard.contains("connection: close"), "{heard}");
    }
    client.sends("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let heard = client.is_answered().await;
    assert!(heard.starts_with("HTTP/1.1 200 "), "{heard}");
}

#[tokio::test]
async fn heads_are_bounded_in_bytes_and_in_number() {
    let app = TestApp::start().await;
    let many: String = (0..150).map(|n| format!("x-{n}: 1\r\n")).collect();
    let client = Raw::connect(&app).await;
    client.sends(&format!("GET /healthz HTTP/1.1\r\nhost: x\r\n{many}\r\n")).await;
    let heard = client.is_answered().await;
    assert!(heard.starts_with("HTTP/1.1 431 "), "{heard}");

    let client = Raw::connect(&app).await;
    let large = "x".repeat(400 << 10);
    client.sends(&format!("GET /healthz HTTP/1.1\r\nhost: x\r\nx-large: {large}\r\n\r\n")).await;
    // Closing with something unread may take the answer back on its way.
    let heard = client.is_answered().await;
    assert!(heard.is_empty() || heard.starts_with("HTTP/1.1 431 "), "{heard}");
    assert_eq!(get(&app, "/healthz").await.status(), 200);
}

#[tokio::test]
async fn tls_by_file_serves_https_and_sends_plain_http_away() {
    let files = TlsFiles { certificate: certificates().join("server.pem"), key: certificates().join("server-key.pem") };
    let app = TestApp::start_serving(|options| options.tls = Some(files)).await;
    let https = app.url.replacen("http://", "https://", 1);
    runtime::outbound::provide_cryptography();
    let trusted = Certificate::from_pem(CERTIFICATE.as_bytes()).expect("a certificate");
    let client = Client::builder().tls_certs_only([trusted]).build().expect("a client");
    let answer = client.get(format!("{https}/healthz")).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    assert_eq!(said(answer.headers(), "strict-transport-security"), "max-age=31536000");

    let agent = app.open_agent().await;
    let body = json!({
        "notification": "message", "user_id": "ann", "author": "ann",
        "content": { "type": "trigger", "callback_id": "WELCOME", "data": {} },
    });
    let message = client.post(format!("{https}/chat-api/message")).bearer_auth(&agent.app_key);
    let message = message.header("OPENDIALOG-USER-ID", "ann").header("OPENDIALOG-SCENARIO-ID", &agent.id);
    let answer = message.json(&body).send().await.expect("an answer");
    assert!(answer.text().await.expect("text").contains("Hello"));

    let plain = Raw::connect(&app).await;
    plain.sends("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let heard = plain.hears().await;
    assert!(heard.starts_with("HTTP/1.1 400 ") && heard.ends_with("This port speaks https only.\n"), "{heard}");
    let noise = Raw::connect(&app).await;
    noise.sends("\u{16}\u{3}\u{1}\0\u{5}hello").await;
    drop(noise);
    let stranger = Client::builder().build().expect("a client");
    assert!(stranger.get(format!("{https}/healthz")).send().await.is_err(), "nobody else trusts the certificate");
    assert_eq!(client.get(format!("{https}/healthz")).send().await.expect("an answer").status(), 200);
    app.stop().await;
}
