//! The body of a Chat API request.

use std::time::Duration;

use axum::{body::Body, http::HeaderMap};

use super::refusal::Refusal;
use crate::intake::{self, IntakeError};

/// Largest body of a Chat API request.
const MAX_BODY: usize = 256 * 1024;

/// The body of a JSON request.
pub(crate) async fn json(headers: &HeaderMap, body: Body, patience: Duration) -> Result<Vec<u8>, Refusal> {
    intake::json(headers, body, MAX_BODY, patience).await.map_err(|error| match error {
        IntakeError::NotJson => Refusal::NotJson,
        IntakeError::TooLarge(limit) => Refusal::TooLarge(limit),
        IntakeError::Incomplete => Refusal::SlowBody,
    })
}
