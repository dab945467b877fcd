//! Language models over real connections: what each provider is sent and how its answers and failures are understood
//! (`wire`, `failures`), models that take over, share and cost (`models`), scripts (`script`) and moderation.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

mod failures;
mod mock;
mod models;
mod moderation;
mod script;
mod wire;

use std::{sync::Arc, time::Duration};

use language::chat::{Azure, Key, ModelCall, ModelEndpoint, Models, PoolOptions, Prices, Provider};
use model::{
    TenantId,
    chat::{ChatMessage, ChatRequest, Role},
};

/// The key of every endpoint here; no message may have it.
pub(crate) const KEY: &str = "sk-test-5ecret";

/// Providers that are reached over a connection.
pub(crate) const REAL: [Provider; 5] =
    [Provider::OpenAi, Provider::AzureOpenAi, Provider::Anthropic, Provider::Gemini, Provider::Compatible];

pub(crate) fn tenant(name: &str) -> TenantId {
    name.parse().unwrap()
}

pub(crate) fn models() -> Models {
    models_with(PoolOptions::default(), "")
}

pub(crate) fn models_with(pool: PoolOptions, prices: &str) -> Models {
    // It fails when another test was first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    Models::new(client, Arc::new(|_: &str| Ok(())), pool, Prices::parse(prices).unwrap())
}

/// As the server's own client: it goes where it was sent, and nowhere else.
pub(crate) fn models_without_redirects() -> Models {
    drop(models());
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    Models::new(client, Arc::new(|_: &str| Ok(())), PoolOptions::default(), Prices::default())
}

/// A model of a provider, at a mock of it.
pub(crate) fn endpoint(provider: Provider, base_url: &str) -> ModelEndpoint {
    let azure = (provider == Provider::AzureOpenAi)
        .then(|| Azure { api_version: "2024-10-21".to_owned(), deployment: Some("our-gpt".to_owned()) });
    ModelEndpoint {
        base_url: Some(base_url.to_owned()),
        key: Some(Key::new(KEY)),
        azure,
        ..ModelEndpoint::new(provider, name(provider))
    }
}

pub(crate) fn name(provider: Provider) -> &'static str {
    match provider {
        Provider::Anthropic => "claude-sonnet-4-5",
        Provider::Gemini => "gemini-2.5-flash",
        _ => "gpt-4o-high",
    }
}

pub(crate) fn call(primary: ModelEndpoint) -> ModelCall {
    ModelCall { primary, fallback: None, timeout: Duration::from_secs(20), retries: 0 }
}

/// What a customer says, with instructions before it.
pub(crate) fn saying(text: &str) -> ChatRequest {
    ChatRequest {
        messages: vec![ChatMessage::new(Role::System, "Be kind."), ChatMessage::new(Role::User, text)],
        ..ChatRequest::default()
    }
}
