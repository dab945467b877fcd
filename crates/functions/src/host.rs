//! What functions ask of the world, and who answers: whoever runs them. One place for allow-list, metering and secrets.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// Answers what functions ask for. Nothing that runs a function reaches the network or a secret otherwise.
#[async_trait]
pub trait Host: Send + Sync {
    /// Makes a request. The text of a failure is what the function's code sees.
    async fn fetch(&self, request: FetchRequest) -> Result<FetchResponse, String>;
    /// The value of a secret. Asked only for names that the function may have.
    async fn secret(&self, name: &str) -> Result<String, String>;
}

/// A request that a function makes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FetchRequest {
    /// The method, in capitals.
    pub method: String,
    /// The whole address.
    pub url: String,
    /// Names and values, as they were given.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// The body.
    #[serde(default)]
    pub body: Option<String>,
    /// How long it may take, in milliseconds; the host bounds it further.
    #[serde(default)]
    pub timeout_ms: Option<u64>,
}

/// What came back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FetchResponse {
    /// Its status.
    pub status: u16,
    /// Names and values.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// The body as text.
    #[serde(default)]
    pub body: String,
}

/// Longest body of a request, in bytes.
pub const MAX_REQUEST_BYTES: usize = 1 << 20;
/// Longest body of a response, in bytes.
pub const MAX_RESPONSE_BYTES: usize = 4 << 20;
/// Longest address, in bytes.
const MAX_URL_BYTES: usize = 8 << 10;
/// Most headers, and the longest name and value of one together, in bytes.
const MAX_HEADERS: usize = 64;
const MAX_HEADER_BYTES: usize = 8 << 10;

/// Makes a request within the bounds that hold whoever asks.
pub(crate) async fn fetch(host: &dyn Host, request: FetchRequest) -> Result<FetchResponse, String> {
    check(&request)?;
    let response = host.fetch(request).await?;
    if response.body.len() > MAX_RESPONSE_BYTES {
        return Err(format!("the response is longer than {MAX_RESPONSE_BYTES} bytes"));
    }
    Ok(response)
}

fn check(request: &FetchRequest) -> Result<(), String> {
    if request.method.is_empty() || !request.method.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(format!("`{}` is no method: GET, POST, PUT, PATCH, DELETE", shown(&request.method)));
    }
    if request.url.len() > MAX_URL_BYTES {
        return Err(format!("the address is longer than {MAX_URL_BYTES} bytes"));
    }
    if request.headers.len() > MAX_HEADERS {
        return Err(format!("there are more than {MAX_HEADERS} headers"));
    }
    for (name, value) in &request.headers {
        if name.len() + value.len() > MAX_HEADER_BYTES {
            return Err(format!("the header `{}` is longer than {MAX_HEADER_BYTES} bytes", shown(name)));
        }
        if name.is_empty() || name.chars().chain(value.chars()).any(char::is_control) {
            return Err(format!("the header `{}` has no name or a control character in it", shown(name)));
        }
    }
    if request.body.as_ref().is_some_and(|body| body.len() > MAX_REQUEST_BYTES) {
        return Err(format!("the request's body is longer than {MAX_REQUEST_BYTES} bytes"));
    }
    Ok(())
}

/// The beginning of a text of others, fit for a message.
fn shown(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> FetchRequest {
        FetchRequest { method: "GET".into(), url: "https://example.com/".into(), ..FetchRequest::default() }
    }

    #[test]
    fn requests_are_bounded() {
        assert_eq!(check(&request()), Ok(()));
        let refused = |change: fn(&mut FetchRequest)| {
            let mut request = request();
            change(&mut request);
            check(&request).unwrap_err()
        };
        assert!(refused(|request| request.method = "get it".into()).contains("`get it` is no method"));
        assert!(refused(|request| request.method.clear()).contains("is no method"));
        assert!(refused(|request| request.url = "x".repeat(9_000)).contains("address is longer"));
        assert!(refused(|request| request.headers = vec![("a".into(), "b".into()); 65]).contains("more than 64"));
        assert!(refused(|request| request.headers = vec![("a".into(), "b\r\nc: d".into())]).contains("`a`"));
        assert!(refused(|request| request.headers = vec![("a".into(), "b".repeat(9_000))]).contains("`a` is longer"));
        assert!(refused(|request| request.body = Some("x".repeat(2 << 20))).contains("body is longer"));
    }
}
