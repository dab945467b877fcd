//! What every handler shares.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::http::{HeaderMap, header};
use metrics_exporter_prometheus::PrometheusHandle;
use runtime::{
    Runtime, access::Roles, agents::Agents, aliases::Aliases, audit::Audit, branding::Brandings, contacts::Contacts,
    documents::DocumentError, endpoints::Endpoints, environment::Environment, experiments::Experiments,
    feature_flags::FeatureFlags, functions::Functions, internal_contacts::InternalContacts, issuer::Issuer,
    links::Links, mail::Mail, models::ModelScripts, realm::Realm, retention::Retentions, secrets::Secrets,
    settings::Settings, tenants::Tenants, test_scenarios::TestScenarios, tokens::Tokens, users::Users,
    visitor_tokens::Issuers,
};
use tokio_util::sync::CancellationToken;

use crate::{
    directory::Directory,
    live::Hub,
    opendialog::Issued,
    rate_limits::{Calls, RateLimits},
    telemetry::Meters,
    tls::TlsFiles,
};

/// How the server behaves.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where visitors reach it, without a slash at the end: `https://chat.example.com`. Without one,
    /// what the `Host` header says.
    pub public_url: Option<String>,
    /// Believe `X-Forwarded-For` and `X-Forwarded-Proto`: only behind a proxy that sets them.
    pub trust_forwarded: bool,
    /// Longest time for a request's body to arrive.
    pub body_timeout: Duration,
    /// Longest time for a request's head to arrive, and for an idle connection.
    pub head_timeout: Duration,
    /// `/metrics` and `/healthz` answer callers that are not on this machine.
    pub open_metrics: bool,
    /// Whether the OpenAPI document and its page are for those alone who are known: with a token, or signed in.
    /// Unless it is said, they are as soon as anybody can sign in.
    pub private_openapi: Option<bool>,
    /// How often the public APIs may be called.
    pub rate_limits: RateLimits,
    /// Most deep links that are made at once.
    pub max_deep_links: usize,
    /// An OpenID Connect issuer whose tokens are taken like the realm's.
    pub oidc_issuer: Option<String>,
    /// What sends letters to people.
    pub mail: Mail,
    /// Speak https, with these files.
    pub tls: Option<TlsFiles>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            public_url: None,
            trust_forwarded: false,
            body_timeout: Duration::from_secs(15),
            head_timeout: Duration::from_secs(60),
            open_metrics: false,
            private_openapi: None,
            rate_limits: RateLimits::default(),
            max_deep_links: 100,
            oidc_issuer: None,
            mail: Mail::default(),
            tls: None,
        }
    }
}

/// What every handler shares; cheap to clone.
pub(crate) type App = Arc<Shared>;

pub(crate) struct Shared {
    pub(crate) runtime: Runtime,
    pub(crate) options: Options,
    /// Where it listens.
    address: SocketAddr,
    pub(crate) directory: Arc<Directory>,
    pub(crate) tenants: Tenants,
    pub(crate) agents: Agents,
    pub(crate) functions: Functions,
    pub(crate) endpoints: Endpoints,
    pub(crate) internal_contacts: InternalContacts,
    pub(crate) aliases: Aliases,
    pub(crate) links: Links,
    pub(crate) experiments: Experiments,
    pub(crate) test_scenarios: TestScenarios,
    pub(crate) secrets: Secrets,
    pub(crate) model_scripts: ModelScripts,
    pub(crate) brandings: Brandings,
    pub(crate) environment: Environment,
    pub(crate) feature_flags: FeatureFlags,
    pub(crate) contacts: Contacts,
    pub(crate) retentions: Retentions,
    pub(crate) settings: Settings,
    pub(crate) issuers: Issuers,
    pub(crate) tokens: Tokens,
    pub(crate) users: Users,
    pub(crate) roles: Roles,
    /// Held while people, roles or tokens change: whether an administrator remains is a question about all.
    pub(crate) people: tokio::sync::Mutex<()>,
    pub(crate) audit: Audit,
    /// Who follows conversations as they go on.
    pub(crate) live: Arc<Hub>,
    /// Cancelled when the server stops: what would never end by itself ends then.
    pub(crate) stop: CancellationToken,
    pub(crate) realm: Realm,
    /// Whose tokens are taken like the realm's.
    pub(crate) other_issuer: Option<Issuer>,
    pub(crate) issued: Issued,
    pub(crate) calls: Calls,
    pub(crate) meters: Meters,
    pub(crate) prometheus: PrometheusHandle,
}

impl Shared {
    pub(crate) async fn new(
        runtime: Runtime,
        options: Options,
        address: SocketAddr,
        prometheus: PrometheusHandle,
        live: Arc<Hub>,
        stop: CancellationToken,
    ) -> Result<Self, DocumentError> {
        let store = runtime.store().clone();
        let issuers = Issuers::new(&store, runtime.outbound());
        Ok(Self {
            directory: Arc::new(Directory::load(&store, issuers.clone()).await?),
            issuers,
            tenants: Tenants::new(&store),
            agents: Agents::new(&store),
            functions: Functions::new(&store),
            endpoints: Endpoints::new(&store),
            internal_contacts: InternalContacts::new(&store),
            aliases: Aliases::new(&store),
            links: Links::new(&store),
            experiments: Experiments::new(&store),
            test_scenarios: TestScenarios::new(&store),
            secrets: Secrets::new(&store),
            model_scripts: ModelScripts::new(&store),
            brandings: Brandings::new(&store),
            environment: Environment::new(&store),
            feature_flags: FeatureFlags::new(&store),
            contacts: Contacts::new(&store),
            retentions: Retentions::new(&store),
            settings: Settings::new(&store),
            tokens: Tokens::new(&store),
            users: Users::new(&store),
            roles: Roles::new(&store),
            people: tokio::sync::Mutex::default(),
            audit: Audit::new(&store),
            live,
            stop,
            realm: Realm::new(&store),
            other_issuer: options.oidc_issuer.as_deref().map(|issuer| Issuer::new(issuer, runtime.outbound())),
            issued: Issued::default(),
            calls: Calls::new(options.rate_limits),
            meters: Meters::new(),
            runtime,
            options,
            address,
            prometheus,
        })
    }

    /// Whether the visitor came through TLS.
    pub(crate) fn secure(&self, headers: &HeaderMap) -> bool {
        if self.options.trust_forwarded
            && let Some(proto) = text(headers, "x-forwarded-proto")
        {
            return proto.eq_ignore_ascii_case("https");
        }
        self.is_https()
    }

    /// Whether visitors reach it by https, by its own account.
    pub(crate) fn is_https(&self) -> bool {
        match &self.options.public_url {
            Some(url) => url.starts_with("https://"),
            None => self.options.tls.is_some(),
        }
    }

    /// Where the visitor reached us, without a slash at the end.
    pub(crate) fn public_url(&self, headers: &HeaderMap) -> String {
        if let Some(url) = &self.options.public_url {
            return url.trim_end_matches('/').to_owned();
        }
        let scheme = if self.secure(headers) { "https" } else { "http" };
        format!("{scheme}://{}", text(headers, header::HOST.as_str()).unwrap_or("localhost"))
    }

    /// Where the server is reached by its own account, without a slash at the end. For addresses that are kept:
    /// a `Host` header is the caller's word, and would let a visitor plant the address of another server.
    pub(crate) fn own_url(&self) -> String {
        if let Some(url) = &self.options.public_url {
            return url.trim_end_matches('/').to_owned();
        }
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        let scheme = if self.is_https() { "https" } else { "http" };
        format!("{scheme}://{address}")
    }

    /// The caller's address.
    pub(crate) fn source_ip(&self, headers: &HeaderMap, peer: IpAddr) -> String {
        let forwarded = if self.options.trust_forwarded { text(headers, "x-forwarded-for") } else { None };
        // The last entry is the one that our own proxy wrote; those before it are hearsay.
        let forwarded = forwarded.and_then(|list| list.rsplit(',').next()).map(str::trim);
        forwarded.and_then(|ip| ip.parse::<IpAddr>().ok()).unwrap_or(peer).to_string()
    }
}

/// A header that is text.
pub(crate) fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// The secret of an `Authorization: Bearer` header.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, secret) = text(headers, header::AUTHORIZATION.as_str())?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(secret.trim()).filter(|secret| !secret.is_empty())
}

/// The first label of the host that was called.
pub(crate) fn host_label(headers: &HeaderMap) -> Option<&str> {
    let host = text(headers, header::HOST.as_str())?;
    let (label, rest) = host.split_once('.')?;
    // An address is not a name: the first part of 127.0.0.1 is no tenant.
    (!rest.is_empty() && host.bytes().any(|b| b.is_ascii_alphabetic())).then_some(label)
}
