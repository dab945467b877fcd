//! Configuration: a file, `PARLANCE_*` variables, flags; a later one wins. An unknown key is an error
//! that names it.

use std::{fmt, net::SocketAddr, path::PathBuf};

use figment::{
    Figment,
    providers::{Env, Format, Serialized, Toml},
};
use runtime::{files::FileLimits, mail::SmtpOptions};
use serde::{Deserialize, Serialize};
use server::RateLimits;
use store::SecretKeys;

use crate::{
    arguments::{Arguments, Command},
    limits::{FunctionLimits, ModelLimits, OutOfRange, within},
    networks::Networks,
};

/// Everything that can be set (docs/configuration.md).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Configuration {
    /// Folder that holds everything.
    pub(crate) data_dir: PathBuf,
    /// Address and port to listen on.
    pub(crate) listen: SocketAddr,
    /// Where visitors reach the server.
    pub(crate) public_url: Option<String>,
    /// Believe `X-Forwarded-For` and `X-Forwarded-Proto`.
    pub(crate) trust_forwarded: bool,
    /// `/metrics` answers everybody.
    pub(crate) open_metrics: bool,
    /// Whether the OpenAPI document and its page are for those alone with a token, or who have signed in; when it is
    /// absent, as soon as anybody can sign in.
    pub(crate) private_openapi: Option<bool>,
    /// What is logged: `warn`, `info`, `debug`, or a filter such as `info,server=debug`.
    pub(crate) log: String,
    /// How it is logged.
    pub(crate) log_format: LogFormat,
    /// Longest time from a turn's arrival until it is written, in milliseconds: waiting, loading and thinking.
    pub(crate) turn_timeout_ms: u64,
    /// The same for a turn of a flow, whose models and functions take their time; in milliseconds.
    pub(crate) flow_timeout_ms: u64,
    /// What runs functions in JavaScript.
    pub(crate) functions: FunctionLimits,
    /// How often language models are asked at once, and what they cost.
    pub(crate) models: ModelLimits,
    /// Longest time for a request's body to arrive, in milliseconds.
    pub(crate) body_timeout_ms: u64,
    /// Longest time for a request's head to arrive, and for an idle connection, in milliseconds.
    pub(crate) head_timeout_ms: u64,
    /// Largest file that a visitor may send, in bytes.
    pub(crate) max_file_bytes: usize,
    /// Most bytes of one tenant's files together.
    pub(crate) max_tenant_file_bytes: u64,
    /// How often the public APIs may be called, by endpoint.
    pub(crate) rate_limits: RateLimits,
    /// Most deep links that one call makes.
    pub(crate) max_deep_links: usize,
    /// Longest time to finish what is in flight at the end, in milliseconds.
    pub(crate) shutdown_timeout_ms: u64,
    /// Internal networks in which webhooks, functions, language models and issuers may be called all the same.
    pub(crate) outbound_allow: Networks,
    /// The mail server that takes letters; without one their links are logged.
    pub(crate) smtp: Option<SmtpOptions>,
    /// An OpenID Connect issuer, such as a Keycloak, whose tokens are taken like the realm's.
    pub(crate) oidc_issuer: Option<String>,
    /// File of the certificate with which https is spoken, in PEM.
    pub(crate) tls_certificate: Option<PathBuf>,
    /// File of its key, in PEM.
    pub(crate) tls_key: Option<PathBuf>,
    /// Keys that seal secrets, in base64 with commas between; the key file when there is none here.
    pub(crate) secrets_key: Option<Unshown>,
    /// File with keys that seal secrets; `secrets.key` in the data directory when absent.
    pub(crate) secrets_key_file: Option<PathBuf>,
}

/// A text that is not printed with the configuration.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Unshown(String);

impl fmt::Debug for Unshown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// How lines of the log look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    Text,
    Json,
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("data"),
            listen: SocketAddr::from(([127, 0, 0, 1], 4242)),
            public_url: None,
            trust_forwarded: false,
            open_metrics: false,
            private_openapi: None,
            log: "info".to_owned(),
            log_format: LogFormat::Text,
            turn_timeout_ms: 20_000,
            flow_timeout_ms: 90_000,
            functions: FunctionLimits::default(),
            models: ModelLimits::default(),
            body_timeout_ms: 15_000,
            head_timeout_ms: 60_000,
            max_file_bytes: FileLimits::default().file_bytes,
            max_tenant_file_bytes: FileLimits::default().tenant_bytes,
            rate_limits: RateLimits::default(),
            max_deep_links: server::Options::default().max_deep_links,
            shutdown_timeout_ms: 10_000,
            outbound_allow: Networks::default(),
            smtp: None,
            oidc_issuer: None,
            tls_certificate: None,
            tls_key: None,
            secrets_key: None,
            secrets_key_file: None,
        }
    }
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigurationError {
    /// The file that was named is not there.
    #[error("there is no configuration file {}", .0.display())]
    NoFile(PathBuf),
    /// A key or value is wrong.
    #[error("configuration: {0}")]
    Wrong(#[from] Box<figment::Error>),
    /// A number is too small or too large.
    #[error("configuration: {0}")]
    OutOfRange(#[from] OutOfRange),
    /// The public URL is not one.
    #[error(
        "configuration: public_url must start with http:// or https:// and name a host, such as https://chat.example.com"
    )]
    PublicUrl,
    /// A certificate without its key, or the other way round.
    #[error("configuration: tls_certificate and tls_key go together: set both, or neither")]
    HalfTls,
}

impl Configuration {
    /// Where the keys lie that seal secrets.
    pub(crate) fn secret_keys(&self) -> SecretKeys {
        match (&self.secrets_key, &self.secrets_key_file) {
            (Some(Unshown(keys)), _) if !keys.trim().is_empty() => SecretKeys::Given(keys.clone()),
            (_, Some(file)) => SecretKeys::File(file.clone()),
            (_, None) => SecretKeys::in_data_dir(&self.data_dir),
        }
    }

    pub(crate) fn load(arguments: &Arguments) -> Result<Self, ConfigurationError> {
        let mut figment = Figment::from(Serialized::defaults(Self::default()));
        let named = arguments.config.clone().or_else(|| std::env::var_os("PARLANCE_CONFIG").map(PathBuf::from));
        if let Some(file) = named {
            if !file.is_file() {
                return Err(ConfigurationError::NoFile(file));
            }
            figment = figment.merge(Toml::file_exact(file));
        }
        figment = figment.merge(Env::prefixed("PARLANCE_").ignore(&["config"]));
        if let Some(folder) = &arguments.data_dir {
            figment = figment.merge(Serialized::default("data_dir", folder));
        }
        if let Command::Serve(serve) = &arguments.command {
            if let Some(listen) = serve.listen {
                figment = figment.merge(Serialized::default("listen", listen));
            }
            if let Some(url) = &serve.public_url {
                figment = figment.merge(Serialized::default("public_url", url));
            }
        }
        let configuration: Self = figment.extract().map_err(Box::new)?;
        within("flow_timeout_ms", Some(configuration.flow_timeout_ms), 1_000..=3_600_000)?;
        configuration.functions.check()?;
        configuration.models.check()?;
        if configuration.tls_certificate.is_some() != configuration.tls_key.is_some() {
            return Err(ConfigurationError::HalfTls);
        }
        let host = |url: &str| url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).map(str::len);
        match configuration.public_url.as_deref() {
            Some(url) if host(url).is_none_or(|length| length == 0) => Err(ConfigurationError::PublicUrl),
            _ => Ok(configuration),
        }
    }
}
