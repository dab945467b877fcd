//! OpenAI's moderation endpoint: which kinds of harm a text has.

use std::{collections::BTreeMap, time::Duration};

use model::chat::{ChatError, ChatErrorKind};
use serde::Deserialize;
use serde_json::json;
use tokio::time::timeout;

use super::{Providers, address, failure, without_key};
use crate::chat::endpoint::{ModelEndpoint, Provider};

/// Most bytes of an answer.
const MOST_ANSWER: usize = 256 << 10;

#[derive(Debug, Deserialize)]
struct Answer {
    results: Vec<Judgement>,
}

#[derive(Debug, Deserialize)]
struct Judgement {
    flagged: bool,
    #[serde(default)]
    categories: BTreeMap<String, Option<bool>>,
}

impl Providers {
    /// The categories under which a text is flagged; none when it is not.
    ///
    /// # Errors
    /// [`ChatErrorKind::NotConfigured`] unless the provider is OpenAI, or one that is compatible; else as a model.
    pub(in crate::chat) async fn flagged(
        &self,
        endpoint: &ModelEndpoint,
        text: &str,
        limit: Duration,
    ) -> Result<Vec<String>, ChatError> {
        if !matches!(endpoint.provider, Provider::OpenAi | Provider::Compatible) {
            let message = format!("provider: {} has no moderation of its own", endpoint.provider);
            return Err(ChatError::new(ChatErrorKind::NotConfigured, message));
        }
        let answered = timeout(limit, self.ask_for_flags(endpoint, text)).await.unwrap_or_else(|_| {
            Err(ChatError::new(ChatErrorKind::TimedOut, format!("{} does not answer in time", endpoint.name())))
        });
        answered.map_err(|error| without_key(endpoint, error))
    }

    async fn ask_for_flags(&self, endpoint: &ModelEndpoint, text: &str) -> Result<Vec<String>, ChatError> {
        let name = endpoint.name();
        let url = address::path(endpoint, &address::base(endpoint)?, "moderations")?;
        address::permitted(&self.permit, &url)?;
        let body = json!({ "model": endpoint.model, "input": text }).to_string();
        let mut request = self.http.post(url).header("content-type", "application/json").body(body);
        for (header, value) in address::headers(endpoint)? {
            request = request.header(header, value);
        }
        let mut response = request.send().await.map_err(|error| failure::transport(&name, error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| failure::transport(&name, error))? {
            body.extend_from_slice(&chunk);
            if body.len() > MOST_ANSWER {
                return Err(failure::rubbish(&name));
            }
        }
        if !status.is_success() {
            return Err(failure::http(&name, status, &String::from_utf8_lossy(&body), &headers));
        }
        let answer: Answer = serde_json::from_slice(&body).map_err(|_| failure::rubbish(&name))?;
        if answer.results.is_empty() {
            return Err(failure::rubbish(&name));
        }
        let flagged = answer.results.into_iter().filter(|judgement| judgement.flagged);
        let mut categories = Vec::new();
        for judgement in flagged {
            let named = judgement.categories.into_iter().filter(|(_, holds)| *holds == Some(true));
            let before = categories.len();
            categories.extend(named.map(|(category, _)| category));
            if categories.len() == before {
                categories.push("flagged".to_owned());
            }
        }
        Ok(categories)
    }
}
