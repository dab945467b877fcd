//! The body of a Chat API request: JSON, or a file.

use std::time::Duration;

use axum::{body::Body, http::HeaderMap};

use super::refusal::Refusal;
use crate::intake;

/// Largest body of a Chat API request.
const MAX_BODY: usize = 256 * 1024;

/// The body of a JSON request.
pub(crate) async fn json(headers: &HeaderMap, body: Body, patience: Duration) -> Result<Vec<u8>, Refusal> {
    intake::json(headers, body, MAX_BODY, patience).await.map_err(Refusal::from)
}

/// A file has so many times longer to arrive: it is larger than all that is said of it.
const FILE_PATIENCE: u32 = 4;

/// The body of a request that is a file of at most `limit` bytes.
pub(crate) async fn file(body: Body, limit: usize, patience: Duration) -> Result<Vec<u8>, Refusal> {
    Ok(intake::bytes(body, limit, patience * FILE_PATIENCE).await?)
}
