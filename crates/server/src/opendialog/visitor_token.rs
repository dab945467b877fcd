//! The token that says who a visitor is: in a header, or where web chats put it (spec/dialai.md §3.4,
//! rows DA-A7 to DA-A12; names are ours, docs/chat-api.md).
//!
//! What it says goes on apart from what the browser says. The token itself is kept nowhere.

use axum::http::HeaderMap;
use runtime::{jwks::TokenError, visitor_tokens::verify};
use serde_json::{Map, Value};

use super::{
    envelope::MAX_TOKEN,
    refusal::{Refusal, Violations},
    visit::Visit,
};

const HEADER: &str = "X-Parlance-Visitor-Token";

/// What is proved of the visitor, by attribute name; nothing without a token.
pub(super) async fn verified(
    visit: &Visit,
    headers: &HeaderMap,
    in_body: Option<String>,
) -> Result<Map<String, Value>, Refusal> {
    let in_header = match headers.get(HEADER).map(|value| value.to_str()) {
        Some(Err(_)) => return Err(Refusal::VisitorToken(TokenError::Foreign)),
        Some(Ok(token)) => Some(token).filter(|token| !token.is_empty()),
        None => None,
    };
    let token = match (in_header, in_body.as_deref()) {
        (None, None) => return Ok(Map::new()),
        (Some(header), Some(body)) if header != body => {
            let complaint = format!("The content.user.token must be the one of the {HEADER} header.");
            return Err(Violations::of("content.user.token", complaint).into());
        }
        (Some(token), _) | (None, Some(token)) => token,
    };
    if token.len() > MAX_TOKEN {
        let complaint = format!("The {HEADER} header may not be longer than {MAX_TOKEN} characters.");
        return Err(Violations::of(HEADER, complaint).into());
    }
    verify(&visit.tenant.issuers, token, &visit.contact).await.map_err(Refusal::VisitorToken)
}
