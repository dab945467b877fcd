//! Reading a request's body: bounded in bytes and in time.

use std::time::Duration;

use axum::{
    body::Body,
    http::{HeaderMap, header},
};
use http_body_util::BodyExt;

use crate::app::text;

/// Why a body cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IntakeError {
    /// It says that it is something else than JSON.
    NotJson,
    /// It has more bytes than this.
    TooLarge(usize),
    /// It did not arrive in time, or broke off.
    Incomplete,
}

/// Bytes past the limit that are still read, so that a client that sends first and listens later hears
/// why it is refused.
const DRAINED: usize = 4 << 20;

/// A JSON body of at most `limit` bytes. A client that does not say what it sends is believed to
/// send JSON.
pub(crate) async fn json(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    patience: Duration,
) -> Result<Vec<u8>, IntakeError> {
    let kind = text(headers, header::CONTENT_TYPE.as_str()).unwrap_or("application/json");
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(IntakeError::NotJson);
    }
    bytes(body, limit, patience).await
}

/// A body of at most `limit` bytes, whatever it is.
pub(crate) async fn bytes(body: Body, limit: usize, patience: Duration) -> Result<Vec<u8>, IntakeError> {
    tokio::time::timeout(patience, read(body, limit)).await.unwrap_or(Err(IntakeError::Incomplete))
}

async fn read(mut body: Body, limit: usize) -> Result<Vec<u8>, IntakeError> {
    let mut bytes = Vec::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| IntakeError::Incomplete)?.into_data() else { continue };
        length += data.len();
        if length <= limit {
            bytes.extend_from_slice(&data);
        } else if length > limit + DRAINED {
            break;
        }
    }
    if length > limit { Err(IntakeError::TooLarge(limit)) } else { Ok(bytes) }
}
