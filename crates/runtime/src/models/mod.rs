//! Which model answers for an agent: the flow's choice, the tenant's settings and keys, and scripts that stand in for
//! models (spec/dialai.md §6.6 tab 8, row DA-F24).
//!
//! What a tenant set is read once and kept until any document changes, so that a changed key counts for the next
//! request (row DA-D9) and a turn reads no document.

mod scripts;

use std::{collections::HashMap, sync::Arc, time::Duration};

use dialogue::flow::document::{FallbackModel, ModelSettings};
use language::{
    chat::{Azure, Key, ModelCall, ModelEndpoint, Provider},
    moderation::{Judge, Moderator},
};
use model::{
    TenantId,
    chat::{ChatError, ChatErrorKind},
};
use parking_lot::RwLock;
use store::Store;
use tokio::sync::watch;

pub use language::chat::{PoolOptions, Prices, PricesError};
pub use scripts::{ModelScript, ModelScripts};

use crate::{
    documents::DocumentError,
    environment::{
        Effective, Environment, Scalar,
        catalogue::{DESCRIBE_PASSAGES, MONTHLY_BUDGET, WARN_AT_PERCENT},
    },
    usage::Terms,
};

/// How long a model may take for one answer, where the flow does not say.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How long the moderation of a text may take.
const MODERATION_TIMEOUT: Duration = Duration::from_secs(5);
/// How often a model is asked again after a failure that may pass.
const RETRIES: u32 = 2;

/// Finds the models of agents; cheap to clone.
#[derive(Clone)]
pub(crate) struct ModelChoices(Arc<Inner>);

struct Inner {
    environment: Environment,
    scripts: ModelScripts,
    changes: watch::Receiver<u64>,
    known: RwLock<HashMap<TenantId, Known>>,
}

#[derive(Clone)]
struct Known {
    at: u64,
    settings: Arc<TenantModels>,
}

/// What a tenant set about models and functions.
pub(crate) struct TenantModels {
    values: Effective,
    keys: HashMap<&'static str, Key>,
    scripts: HashMap<String, Arc<language::chat::Script>>,
}

/// The keys of the environment that hold a provider's key.
const KEYS: [&str; 5] =
    ["Anthropic.ApiKey", "AzureOpenAi.ApiKey", "CompatibleModels.ApiKey", "Gemini.ApiKey", "OpenAi.ApiKey"];

impl ModelChoices {
    pub(crate) fn new(store: &Store) -> Self {
        Self(Arc::new(Inner {
            environment: Environment::new(store),
            scripts: ModelScripts::new(store),
            changes: store.changes(),
            known: RwLock::default(),
        }))
    }

    /// What a tenant set.
    pub(crate) async fn of(&self, tenant: &TenantId) -> Result<Arc<TenantModels>, DocumentError> {
        let at = *self.0.changes.borrow();
        if let Some(known) = self.0.known.read().get(tenant)
            && known.at == at
        {
            return Ok(known.settings.clone());
        }
        let mut keys = HashMap::new();
        for key in KEYS {
            let secret = self.0.environment.reveal(tenant, key).await?;
            if let Some(text) = secret.as_ref().and_then(|secret| std::str::from_utf8(secret.expose()).ok()) {
                keys.insert(key, Key::new(text));
            }
        }
        let settings = Arc::new(TenantModels {
            values: self.0.environment.effective(tenant).await?,
            keys,
            scripts: self.0.scripts.all(tenant).await?,
        });
        self.0.known.write().insert(tenant.clone(), Known { at, settings: settings.clone() });
        Ok(settings)
    }
}

impl TenantModels {
    /// The model that answers for a flow, and the one that does when it fails.
    ///
    /// # Errors
    /// [`ChatErrorKind::NotConfigured`], saying what is missing.
    pub(crate) fn call(&self, settings: &ModelSettings) -> Result<ModelCall, ChatError> {
        let primary = self.endpoint(settings.provider.as_deref(), settings.name.as_deref())?;
        let fallback = match &settings.fallback {
            None => None,
            Some(FallbackModel { provider, name }) => {
                let provider = provider.as_deref().or(settings.provider.as_deref());
                Some(self.endpoint(provider, Some(name))?)
            }
        };
        let timeout = settings.timeout_seconds.map_or(TIMEOUT, |seconds| Duration::from_secs(seconds.max(1).into()));
        Ok(ModelCall { primary, fallback, timeout, retries: RETRIES })
    }

    fn endpoint(&self, provider: Option<&str>, name: Option<&str>) -> Result<ModelEndpoint, ChatError> {
        let not_configured = |message: String| ChatError::new(ChatErrorKind::NotConfigured, message);
        let provider = match provider {
            Some(provider) => provider,
            None => self.text("LanguageModels.Provider").unwrap_or("none"),
        };
        if provider == "none" {
            let message = "no language model is configured: set LanguageModels.Provider, or the flow's model";
            return Err(not_configured(message.to_owned()));
        }
        let provider: Provider = provider.parse().map_err(|error| not_configured(format!("{error}")))?;
        let name = name.or_else(|| self.text("LanguageModels.Model")).map(str::trim).filter(|name| !name.is_empty());
        let Some(name) = name else {
            let message = "no model is named: set LanguageModels.Model, or the flow's model";
            return Err(not_configured(message.to_owned()));
        };
        if provider == Provider::Scripted {
            let script = self.scripts.get(name);
            let script = script.ok_or_else(|| {
                not_configured(format!("this tenant has no model script `{name}`: make it, or name another"))
            })?;
            return Ok(ModelEndpoint { model: name.to_owned(), ..ModelEndpoint::scripted(script.clone()) });
        }
        let (key, address) = match provider {
            Provider::OpenAi => ("OpenAi.ApiKey", Some("OpenAi.BaseUrl")),
            Provider::AzureOpenAi => ("AzureOpenAi.ApiKey", Some("AzureOpenAi.Endpoint")),
            Provider::Anthropic => ("Anthropic.ApiKey", Some("Anthropic.BaseUrl")),
            Provider::Gemini => ("Gemini.ApiKey", Some("Gemini.BaseUrl")),
            Provider::Compatible | Provider::Scripted => ("CompatibleModels.ApiKey", Some("CompatibleModels.BaseUrl")),
        };
        let base_url = address.and_then(|address| self.text(address)).map(str::to_owned);
        let held = self.keys.get(key).cloned();
        if held.is_none() && provider != Provider::Compatible {
            return Err(not_configured(format!("{key} is not set: set it, or choose another provider")));
        }
        if base_url.is_none() && matches!(provider, Provider::Compatible | Provider::AzureOpenAi) {
            return Err(not_configured(format!(
                "{} is not set: set it, or choose another provider",
                address.unwrap_or_default()
            )));
        }
        let organization = match provider {
            Provider::OpenAi => self.text("OpenAi.Organization").map(str::to_owned),
            _ => None,
        };
        let azure = (provider == Provider::AzureOpenAi).then(|| Azure {
            api_version: self.text("AzureOpenAi.ApiVersion").unwrap_or("2024-10-21").to_owned(),
            deployment: None,
        });
        Ok(ModelEndpoint { base_url, key: held, organization, azure, ..ModelEndpoint::new(provider, name) })
    }

    /// What judges whether a text may be said: OpenAI's moderation where OpenAI answers, else the model itself.
    ///
    /// # Errors
    /// [`ChatErrorKind::NotConfigured`], saying what is missing.
    pub(crate) fn moderator(&self, settings: &ModelSettings) -> Result<Moderator, ChatError> {
        let named = self.text("LanguageModels.ModerationModel").map(str::trim).filter(|name| !name.is_empty());
        let call = self.call(settings)?;
        if call.primary.provider == Provider::OpenAi {
            let model = named.unwrap_or("omni-moderation-latest");
            let endpoint = ModelEndpoint { model: model.to_owned(), ..call.primary };
            return Ok(Moderator::Service { endpoint, timeout: MODERATION_TIMEOUT });
        }
        let primary = match named {
            Some(model) => self.endpoint(settings.provider.as_deref(), Some(model))?,
            None => call.primary,
        };
        let call = ModelCall { primary, fallback: None, timeout: MODERATION_TIMEOUT, retries: 1 };
        Ok(Moderator::Judge(Box::new(Judge { call, policy: None })))
    }

    /// What models may cost in a month; none where that has no bound.
    pub(crate) fn budget(&self) -> Option<Terms> {
        let limit =
            self.integer(MONTHLY_BUDGET).and_then(|limit| u32::try_from(limit).ok()).filter(|limit| *limit > 0)?;
        let warn_at_percent = self.integer(WARN_AT_PERCENT).and_then(|percent| u8::try_from(percent).ok());
        Some(Terms { limit, warn_at_percent: warn_at_percent.unwrap_or(100) })
    }

    /// Whether a model describes the passages of documents when they are indexed (row DA-K3).
    pub(crate) fn describes_passages(&self) -> bool {
        self.values.get(DESCRIBE_PASSAGES) == Some(&Scalar::Boolean(true))
    }

    /// Hosts that functions may call.
    pub(crate) fn allowed_domains(&self) -> Vec<String> {
        let listed = self.text("Javascript.AllowedDomains").unwrap_or_default();
        listed
            .split([',', ' ', '\n'])
            .map(|host| host.trim().to_ascii_lowercase())
            .filter(|host| !host.is_empty())
            .collect()
    }

    /// How long a function may run, where it does not say.
    pub(crate) fn function_timeout(&self) -> Duration {
        self.seconds("Javascript.TimeoutSeconds", 10)
    }

    /// How long all start-up functions of a conversation may run together (row DA-F21).
    pub(crate) fn start_up_timeout(&self) -> Duration {
        self.seconds("Initializers.TimeoutSeconds", 30)
    }

    fn seconds(&self, key: &str, otherwise: u64) -> Duration {
        let seconds = self.integer(key).and_then(|seconds| u64::try_from(seconds).ok());
        Duration::from_secs(seconds.unwrap_or(otherwise))
    }

    fn integer(&self, key: &str) -> Option<i64> {
        match self.values.get(key) {
            Some(Scalar::Integer(number)) => Some(*number),
            _ => None,
        }
    }

    fn text(&self, key: &str) -> Option<&str> {
        match self.values.get(key) {
            Some(Scalar::Text(text)) => Some(text),
            _ => None,
        }
    }
}
