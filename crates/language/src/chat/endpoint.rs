//! Where a model is found: its provider, address, key and name.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

use super::Script;

/// Who provides a model, which is to say: the protocol that is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// OpenAI's chat completions.
    #[serde(rename = "openai")]
    OpenAi,
    /// The same, as a deployment within Azure.
    #[serde(rename = "azure_openai")]
    AzureOpenAi,
    /// Anthropic's messages.
    Anthropic,
    /// Google's Gemini.
    Gemini,
    /// Anything that speaks OpenAI's chat completions: Ollama, vLLM, a gateway.
    Compatible,
    /// A [`Script`] instead of a model.
    Scripted,
}

impl Provider {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::OpenAi, Self::AzureOpenAi, Self::Anthropic, Self::Gemini, Self::Compatible, Self::Scripted];

    /// The name in configuration and records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::AzureOpenAi => "azure_openai",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::Compatible => "compatible",
            Self::Scripted => "scripted",
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text names no provider.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no provider: use openai, azure_openai, anthropic, gemini, compatible or scripted")]
pub struct UnknownProvider(pub String);

impl FromStr for Provider {
    type Err = UnknownProvider;
    fn from_str(text: &str) -> Result<Self, UnknownProvider> {
        Self::ALL.into_iter().find(|provider| provider.name() == text).ok_or_else(|| UnknownProvider(text.to_owned()))
    }
}

/// The key of a provider. It is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(Arc<str>);

impl Key {
    /// A key as the provider gave it; white space around it is not part of it.
    pub fn new(text: &str) -> Self {
        Self(text.trim().into())
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(hidden)")
    }
}

/// What only Azure needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Azure {
    /// The version of the interface, such as `2024-10-21`.
    pub api_version: String,
    /// The deployment's name; the model's when none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment: Option<String>,
}

/// A model and how it is reached.
#[derive(Debug, Clone)]
pub struct ModelEndpoint {
    /// Which protocol is spoken.
    pub provider: Provider,
    /// The address under which the protocol's paths lie, such as `http://ollama.internal:11434/v1`; the provider's
    /// own when none. Azure (`https://{resource}.openai.azure.com`) and compatible endpoints have no own.
    pub base_url: Option<String>,
    /// The key; compatible endpoints may do without.
    pub key: Option<Key>,
    /// The model's name, as the provider writes it.
    pub model: String,
    /// OpenAI's organization, where a key belongs to several.
    pub organization: Option<String>,
    /// What Azure needs.
    pub azure: Option<Azure>,
    /// What a scripted model says.
    pub script: Option<Arc<Script>>,
}

impl ModelEndpoint {
    /// A model at its provider's own address, without a key.
    pub fn new(provider: Provider, model: impl Into<String>) -> Self {
        Self { provider, base_url: None, key: None, model: model.into(), organization: None, azure: None, script: None }
    }

    /// A script instead of a model.
    pub fn scripted(script: Arc<Script>) -> Self {
        Self { script: Some(script), ..Self::new(Provider::Scripted, "script") }
    }

    /// How it is called in records: `provider/model`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.provider, self.model)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_are_read_as_they_are_written() {
        for provider in Provider::ALL {
            assert_eq!(provider.name().parse(), Ok(provider));
            assert_eq!(serde_json::to_value(provider).unwrap(), provider.name());
        }
        assert!("OpenAI".parse::<Provider>().is_err());
        assert!("".parse::<Provider>().is_err());
    }

    #[test]
    fn a_key_is_not_shown() {
        let endpoint =
            ModelEndpoint { key: Some(Key::new(" sk-very-secret\n")), ..ModelEndpoint::new(Provider::OpenAi, "m") };
        let shown = format!("{endpoint:?}");
        assert!(!shown.contains("secret"), "{shown}");
        assert_eq!(endpoint.key.as_ref().map(Key::text), Some("sk-very-secret"));
    }
}
