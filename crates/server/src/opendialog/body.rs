//! Reading a request's body: bounded in bytes and in time.

use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, header},
};

use super::refusal::Refusal;
use crate::app::text;

/// Largest body of a Chat API request.
pub(crate) const MAX_BODY: usize = 256 * 1024;

/// The body of a JSON request. A client that does not say what it sends is believed to send JSON.
pub(crate) async fn json(headers: &HeaderMap, body: Body, limit: Duration) -> Result<Bytes, Refusal> {
    let kind = text(headers, header::CONTENT_TYPE.as_str()).unwrap_or("application/json");
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(Refusal::NotJson);
    }
    match tokio::time::timeout(limit, axum::body::to_bytes(body, MAX_BODY)).await {
        Err(_) => Err(Refusal::SlowBody),
        Ok(Ok(bytes)) => Ok(bytes),
        // Whatever broke the body off, what came is not all of it.
        Ok(Err(_)) => Err(Refusal::TooLarge(MAX_BODY)),
    }
}
