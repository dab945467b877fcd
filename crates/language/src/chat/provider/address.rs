//! Where a call goes and what says who calls.

use genai::{
    Headers, ModelIden, ServiceTarget,
    adapter::AdapterKind,
    resolver::{AuthData, Endpoint},
};
use model::chat::{ChatError, ChatErrorKind};
use reqwest::Url;

use crate::chat::{
    endpoint::{ModelEndpoint, Provider},
    models::Permit,
};

/// Longest name of a model, in bytes.
const LONGEST_MODEL: usize = 200;

/// Everything but the prompt.
///
/// # Errors
/// [`ChatErrorKind::NotConfigured`], which names the field.
pub(super) fn target(endpoint: &ModelEndpoint, permit: &Permit) -> Result<ServiceTarget, ChatError> {
    check_model(endpoint)?;
    let base = base(endpoint)?;
    let (kind, auth, checked) = match endpoint.provider {
        Provider::Anthropic => (AdapterKind::Anthropic, AuthData::from_single(key(endpoint)?), base.clone()),
        Provider::Gemini => (AdapterKind::Gemini, AuthData::from_single(key(endpoint)?), base.clone()),
        _ => {
            let url = path(endpoint, &base, "chat/completions")?;
            let auth = AuthData::RequestOverride { url: url.to_string(), headers: Headers::from(headers(endpoint)?) };
            (AdapterKind::OpenAI, auth, url)
        }
    };
    permitted(permit, &checked)?;
    Ok(ServiceTarget {
        endpoint: Endpoint::from_owned(String::from(base)),
        auth,
        model: ModelIden::new(kind, model_name(endpoint)),
    })
}

/// Asks whether an address may be called.
pub(super) fn permitted(permit: &Permit, url: &Url) -> Result<(), ChatError> {
    permit(url.as_str()).map_err(|problem| not_configured(format!("base_url: {problem}")))
}

/// The headers that say who calls, where the protocol is OpenAI's.
pub(super) fn headers(endpoint: &ModelEndpoint) -> Result<Vec<(String, String)>, ChatError> {
    let mut headers = Vec::new();
    match endpoint.provider {
        Provider::AzureOpenAi => headers.push(("api-key".to_owned(), key(endpoint)?.to_owned())),
        Provider::Compatible if endpoint.key.is_none() => {}
        _ => headers.push(("authorization".to_owned(), format!("Bearer {}", key(endpoint)?))),
    }
    if let Some(organization) = &endpoint.organization {
        if !is_visible(organization) {
            return Err(not_configured("organization: it has characters that no organization has"));
        }
        headers.push(("openai-organization".to_owned(), organization.clone()));
    }
    Ok(headers)
}

/// The address of a service of OpenAI's protocol.
pub(super) fn path(endpoint: &ModelEndpoint, base: &Url, service: &str) -> Result<Url, ChatError> {
    let mut url = base.clone();
    let no_path = || not_configured("base_url: it cannot have a path");
    match (endpoint.provider, &endpoint.azure) {
        (Provider::AzureOpenAi, Some(azure)) => {
            let deployment = azure.deployment.as_deref().unwrap_or(&endpoint.model);
            let begins = base.path().trim_end_matches('/').ends_with("/openai");
            let mut segments = url.path_segments_mut().map_err(|()| no_path())?;
            segments.pop_if_empty();
            if !begins {
                segments.push("openai");
            }
            segments.push("deployments").push(deployment).extend(service.split('/'));
            drop(segments);
            url.query_pairs_mut().append_pair("api-version", &azure.api_version);
        }
        (Provider::AzureOpenAi, None) => {
            return Err(not_configured("azure: name the `api_version`, such as 2024-10-21"));
        }
        _ => {
            url.path_segments_mut().map_err(|()| no_path())?.pop_if_empty().extend(service.split('/'));
        }
    }
    Ok(url)
}

/// The address under which the paths lie; it ends with `/`.
pub(super) fn base(endpoint: &ModelEndpoint) -> Result<Url, ChatError> {
    let text = match (endpoint.base_url.as_deref().map(str::trim).filter(|text| !text.is_empty()), endpoint.provider) {
        (Some(text), _) => text,
        (None, Provider::OpenAi) => "https://api.openai.com/v1/",
        (None, Provider::Anthropic) => "https://api.anthropic.com/v1/",
        (None, Provider::Gemini) => "https://generativelanguage.googleapis.com/v1beta/",
        (None, Provider::AzureOpenAi) => {
            return Err(not_configured("base_url: name the resource, such as https://example.openai.azure.com"));
        }
        (None, Provider::Compatible | Provider::Scripted) => {
            return Err(not_configured("base_url: name the address, such as http://ollama.example:11434/v1"));
        }
    };
    let mut url = Url::parse(text).map_err(|_| not_configured("base_url: this is no URL"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(not_configured("base_url: it must start with http:// or https:// and name a host"));
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err(not_configured("base_url: it must have no name, password, query or fragment"));
    }
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url)
}

fn key(endpoint: &ModelEndpoint) -> Result<&str, ChatError> {
    let key = endpoint.key.as_ref().map(crate::chat::Key::text).filter(|key| !key.is_empty());
    let key = key.ok_or_else(|| not_configured(format!("key: {} needs one", endpoint.name())))?;
    if is_visible(key) { Ok(key) } else { Err(not_configured("key: it has characters that no key has")) }
}

fn is_visible(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn check_model(endpoint: &ModelEndpoint) -> Result<(), ChatError> {
    let name = model_name(endpoint);
    let fits = !name.is_empty() && name.len() <= LONGEST_MODEL && !name.contains("::");
    // Gemini's is a part of the path.
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let is_path = endpoint.provider != Provider::Gemini || name.bytes().all(is_plain);
    if fits && is_path && !name.chars().any(|letter| letter.is_control() || letter.is_whitespace()) {
        return Ok(());
    }
    Err(not_configured(format!("model: it must have 1 to {LONGEST_MODEL} characters as names of models have them")))
}

/// Gemini's models are also written `models/gemini-…`.
fn model_name(endpoint: &ModelEndpoint) -> &str {
    match endpoint.provider {
        Provider::Gemini => endpoint.model.strip_prefix("models/").unwrap_or(&endpoint.model),
        _ => &endpoint.model,
    }
}

fn not_configured(message: impl Into<String>) -> ChatError {
    ChatError::new(ChatErrorKind::NotConfigured, message)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::chat::{Azure, Key};

    fn endpoint(provider: Provider, base_url: Option<&str>) -> ModelEndpoint {
        ModelEndpoint {
            base_url: base_url.map(str::to_owned),
            key: Some(Key::new("sk-1")),
            azure: Some(Azure { api_version: "2024-10-21".to_owned(), deployment: Some("our gpt".to_owned()) }),
            ..ModelEndpoint::new(provider, "gpt-4o")
        }
    }

    fn url(provider: Provider, base_url: Option<&str>) -> String {
        let endpoint = endpoint(provider, base_url);
        path(&endpoint, &base(&endpoint).unwrap(), "chat/completions").unwrap().to_string()
    }

    #[test]
    fn paths_lie_under_the_base() {
        assert_eq!(url(Provider::OpenAi, None), "https://api.openai.com/v1/chat/completions");
        let own = "http://ollama.example:11434/v1";
        assert_eq!(url(Provider::Compatible, Some(own)), format!("{own}/chat/completions"));
        assert_eq!(url(Provider::Compatible, Some(&format!("{own}/"))), format!("{own}/chat/completions"));
        let azure = "https://r.openai.azure.com/openai/deployments/our%20gpt/chat/completions?api-version=2024-10-21";
        assert_eq!(url(Provider::AzureOpenAi, Some("https://r.openai.azure.com")), azure);
        assert_eq!(url(Provider::AzureOpenAi, Some("https://r.openai.azure.com/openai/")), azure);
    }

    #[test]
    fn what_cannot_be_called_is_named() {
        let permit: Permit = Arc::new(|_: &str| Ok(()));
        let refused = |endpoint: &ModelEndpoint| target(endpoint, &permit).unwrap_err();
        for bad in ["x", "ftp://host/", "https://u:p@host/", "https://host/?a=b", "https://host/#a", "file:///etc"] {
            let error = refused(&endpoint(Provider::Compatible, Some(bad)));
            assert_eq!(error.kind, ChatErrorKind::NotConfigured);
            assert!(error.message.starts_with("base_url: "), "{bad}: {error}");
        }
        for provider in [Provider::Compatible, Provider::AzureOpenAi] {
            assert!(refused(&endpoint(provider, None)).message.starts_with("base_url: "));
        }
        let azure = ModelEndpoint { azure: None, ..endpoint(Provider::AzureOpenAi, Some("https://r.example")) };
        assert!(refused(&azure).message.starts_with("azure: "));
        for provider in [Provider::OpenAi, Provider::Anthropic, Provider::Gemini] {
            assert!(refused(&ModelEndpoint { key: None, ..endpoint(provider, None) }).message.starts_with("key: "));
            let key = Some(Key::new("a\nsecret"));
            let error = refused(&ModelEndpoint { key, ..endpoint(provider, None) });
            assert!(error.message.starts_with("key: ") && !error.message.contains("secret"), "{error}");
        }
        for model in ["", "a b", "a\n", &"x".repeat(201), "other::model"] {
            let error = refused(&ModelEndpoint { model: model.to_owned(), ..endpoint(Provider::OpenAi, None) });
            assert!(error.message.starts_with("model: "), "{error}");
        }
        let path = ModelEndpoint { model: "../../x?a".to_owned(), ..endpoint(Provider::Gemini, None) };
        assert!(refused(&path).message.starts_with("model: "));
    }

    #[test]
    fn an_address_that_is_not_permitted_is_not_called() {
        let permit: Permit =
            Arc::new(|url: &str| if url.contains("127.0.0.1") { Err("internal".to_owned()) } else { Ok(()) });
        for provider in
            [Provider::OpenAi, Provider::AzureOpenAi, Provider::Anthropic, Provider::Gemini, Provider::Compatible]
        {
            let error = target(&endpoint(provider, Some("http://127.0.0.1/v1")), &permit).unwrap_err();
            assert_eq!(error.message, "base_url: internal");
        }
    }
}
