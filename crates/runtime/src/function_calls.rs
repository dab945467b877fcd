//! Functions as they are called: code in its worker, integrations as they are configured, and what both may ask of
//! the world (spec/dialai.md §7, rows DA-J1 to DA-J9).
//!
//! Invariant: the value of a secret goes to the code that names it and nowhere else, not back with what the code gives;
//! an address is called only if the tenant lists its host and the operator's guard lets it through.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use async_trait::async_trait;
use dialogue::flow::{
    document::StaticValue,
    function::{Code, FunctionDocument},
    version::imported,
};
use functions::{
    host::{FetchRequest, FetchResponse, Host, MAX_RESPONSE_BYTES},
    integration,
    script::{CallLimits, Script},
};
use model::{
    TenantId,
    function::{FunctionError, FunctionErrorKind, FunctionInput, FunctionOutput},
};
use reqwest::{Method, Url};
use serde_json::Value;

use crate::{
    Runtime,
    documents::DocumentError,
    functions::Functions,
    internal_contacts::InternalContacts,
    models::TenantModels,
    outbound::Outbound,
    runtime::Shared,
    secrets::{Revealed, Secrets},
    withheld::Withheld,
};

/// Longest time of one request that a function makes.
const FETCH_TIMEOUT: Duration = Duration::from_secs(30);
/// Most time that a call may compute, of the time that it may take.
const CPU: Duration = Duration::from_secs(2);

/// A call that is to be made.
pub(crate) struct FunctionCall<'a> {
    pub(crate) tenant: &'a TenantId,
    pub(crate) function: &'a FunctionDocument,
    /// Its code, ready to run; none of an integration.
    pub(crate) script: Option<&'a Script>,
    pub(crate) input: FunctionInput,
    /// What is configured of the flow; values that are secrets are found here.
    pub(crate) static_parameters: &'a BTreeMap<String, StaticValue>,
    pub(crate) limit: Duration,
    pub(crate) settings: &'a TenantModels,
}

impl Shared {
    /// Calls a function.
    pub(crate) async fn call_function(&self, call: FunctionCall<'_>) -> Result<FunctionOutput, FunctionError> {
        let FunctionCall { tenant, function, script, mut input, static_parameters, limit, settings } = call;
        if limit.is_zero() {
            return Err(FunctionError::new(FunctionErrorKind::TimedOut, "no time was left for it"));
        }
        let host = TenantHost {
            tenant: tenant.clone(),
            outbound: self.outbound.clone(),
            secrets: self.secrets.clone(),
            allowed: settings.allowed_domains(),
            named: named_secrets(static_parameters).collect(),
            limit,
            withheld: Withheld::default(),
        };
        for (name, value) in static_parameters {
            let value = match value {
                StaticValue::Value(value) => value.clone(),
                StaticValue::Secret(secret) => match host.reveal(secret).await {
                    Ok(value) => Value::String(value),
                    Err(problem) => return Err(FunctionError::new(FunctionErrorKind::Input, problem)),
                },
            };
            input.static_parameters.insert(name.clone(), value);
        }
        let mut result = match (&function.code, script) {
            (Code::Integration { integration, settings }, _) => {
                let called = integration::call(integration, settings, &input, &host);
                tokio::time::timeout(limit, called).await.unwrap_or_else(|_| {
                    let message = format!("it took longer than the {} ms it may", limit.as_millis());
                    Err(FunctionError::new(FunctionErrorKind::TimedOut, message))
                })
            }
            (_, Some(script)) => {
                let memory = self.options.workers.memory_bytes;
                let limits = CallLimits { wall: limit, cpu: CPU.min(limit), memory };
                self.workers.call(tenant, script, &input, &limits, &host).await
            }
            (_, None) => Err(FunctionError::new(FunctionErrorKind::Unknown, "it has no code that can be called")),
        };
        host.withheld.take_out(&mut result);
        let result = match result {
            Ok(output) => InternalContacts::new(&self.store).reached(tenant, output).await,
            Err(error) => Err(error),
        };
        let outcome = if result.is_ok() { "ok" } else { "failed" };
        metrics::counter!("parlance_function_calls_total", "outcome" => outcome).increment(1);
        result
    }
}

impl Runtime {
    /// Calls a function by itself, without a conversation (row DA-J10). `input.static_parameters` are what a flow would
    /// configure. It imports the tenant's libraries as they are now.
    ///
    /// # Errors
    /// [`FunctionError`]: the function's own failure, or why it could not be called.
    pub async fn run_function(
        &self,
        tenant: &TenantId,
        function: &FunctionDocument,
        input: FunctionInput,
    ) -> Result<FunctionOutput, FunctionError> {
        let shared = self.shared();
        let settings = shared.model_choices.of(tenant).await.map_err(broken)?;
        let libraries = libraries_of(function, &self.functions(tenant).await?);
        let nothing = BTreeMap::new();
        let script = script_of(function, libraries, &nothing);
        let limit = match function.timeout_seconds {
            Some(seconds) => Duration::from_secs(seconds.max(1).into()),
            None => settings.function_timeout(),
        };
        let call = FunctionCall {
            tenant,
            function,
            script: script.as_ref(),
            input,
            static_parameters: &nothing,
            limit,
            settings: &settings,
        };
        shared.call_function(call).await
    }

    /// Whether a function's source can be read.
    ///
    /// # Errors
    /// [`FunctionErrorKind::Syntax`] with line and column.
    pub async fn check_function(&self, tenant: &TenantId, function: &FunctionDocument) -> Result<(), FunctionError> {
        let known = match function.code {
            Code::Integration { .. } => BTreeMap::new(),
            Code::Library { .. } | Code::JavaScript { .. } => self.functions(tenant).await?,
        };
        self.check_function_among(tenant, function, &known).await
    }

    /// As [`Self::check_function`], among functions whose libraries it may import: those of a file, for example.
    ///
    /// # Errors
    /// [`FunctionErrorKind::Syntax`] with line and column.
    pub async fn check_function_among(
        &self,
        tenant: &TenantId,
        function: &FunctionDocument,
        known: &BTreeMap<String, FunctionDocument>,
    ) -> Result<(), FunctionError> {
        let workers = &self.shared().workers;
        match &function.code {
            Code::Integration { integration, settings } => integration::check(integration, settings),
            Code::Library { source } => {
                let script = Script::library(source.as_str(), libraries_of(function, known));
                workers.check(tenant, &script).await
            }
            Code::JavaScript { source } => {
                let script = Script::new(source.as_str(), libraries_of(function, known), []);
                workers.check(tenant, &script).await
            }
        }
    }

    /// The functions of a tenant as they are now.
    async fn functions(&self, tenant: &TenantId) -> Result<BTreeMap<String, FunctionDocument>, FunctionError> {
        Functions::new(self.store()).documents(tenant).await.map_err(broken)
    }
}

/// The libraries that a function imports, with their sources. Not all that there are: a call takes a bounded number.
fn libraries_of(function: &FunctionDocument, known: &BTreeMap<String, FunctionDocument>) -> Vec<(String, String)> {
    let sources = imported([function], known).into_iter().filter_map(|(name, id)| match &known.get(&id)?.code {
        Code::Library { source } => Some((name, source.clone())),
        _ => None,
    });
    sources.collect()
}

fn broken(problem: DocumentError) -> FunctionError {
    FunctionError::new(FunctionErrorKind::Broken, problem.to_string())
}

/// A function's code, ready to run; none of an integration.
pub(crate) fn script_of(
    function: &FunctionDocument,
    libraries: Vec<(String, String)>,
    static_parameters: &BTreeMap<String, StaticValue>,
) -> Option<Script> {
    let Code::JavaScript { source } = &function.code else { return None };
    Some(Script::new(source.as_str(), libraries, named_secrets(static_parameters)))
}

/// The secrets that a flow gives to its functions.
fn named_secrets(static_parameters: &BTreeMap<String, StaticValue>) -> impl Iterator<Item = String> {
    static_parameters.values().filter_map(|value| match value {
        StaticValue::Secret(name) => Some(name.clone()),
        StaticValue::Value(_) => None,
    })
}

/// What a tenant's functions reach of the world.
struct TenantHost {
    tenant: TenantId,
    outbound: Outbound,
    secrets: Secrets,
    /// Hosts that may be called.
    allowed: Vec<String>,
    /// Secrets that may be had.
    named: BTreeSet<String>,
    limit: Duration,
    /// The values that it gave.
    withheld: Withheld,
}

impl TenantHost {
    async fn reveal(&self, name: &str) -> Result<String, String> {
        match self.secrets.reveal(&self.tenant, name).await {
            Ok(Revealed::String(value)) => {
                let value = String::from_utf8(value.expose().to_vec());
                let value = value.map_err(|_| format!("the secret `{name}` is no text"))?;
                self.withheld.note(&value);
                Ok(value)
            }
            Ok(Revealed::Certificate { .. }) => Err(format!("the secret `{name}` is a certificate, and no text")),
            Err(_) => {
                Err(format!("this tenant has no secret `{name}`: set it, or take it out of the flow's variables"))
            }
        }
    }
}

#[async_trait]
impl Host for TenantHost {
    async fn fetch(&self, request: FetchRequest) -> Result<FetchResponse, String> {
        let url = self.outbound.check(&request.url).map_err(|problem| problem.to_string())?;
        if !is_allowed(&url, &self.allowed) {
            let host = url.host_str().unwrap_or_default();
            return Err(format!("{host} is not in Javascript.AllowedDomains: list it there"));
        }
        let method = Method::from_bytes(request.method.as_bytes()).map_err(|_| "this is no method".to_owned())?;
        let asked = request.timeout_ms.map_or(FETCH_TIMEOUT, Duration::from_millis);
        let limit = asked.min(FETCH_TIMEOUT).min(self.limit);
        self.outbound
            .fetch(method, url, &request.headers, request.body, MAX_RESPONSE_BYTES, limit)
            .await
            .map(|answer| FetchResponse { status: answer.status, headers: answer.headers, body: answer.body })
            .map_err(|problem| problem.to_string())
    }

    async fn secret(&self, name: &str) -> Result<String, String> {
        if !self.named.contains(name) {
            return Err(format!("the flow's variables do not name the secret `{name}`"));
        }
        self.reveal(name).await
    }
}

/// Whether a tenant lists the host of an address: by its name, with its port where one is listed, or by `*.example.com`
/// for all below one (row DA-J8).
fn is_allowed(url: &Url, allowed: &[String]) -> bool {
    let Some(host) = url.host_str().map(str::to_ascii_lowercase) else { return false };
    let port = url.port_or_known_default();
    allowed.iter().any(|entry| {
        let (name, wanted) = match entry.rsplit_once(':') {
            Some((name, number)) if !name.is_empty() => match number.parse::<u16>() {
                Ok(number) => (name, Some(number)),
                Err(_) => (entry.as_str(), None),
            },
            _ => (entry.as_str(), None),
        };
        if wanted.is_some_and(|wanted| Some(wanted) != port) {
            return false;
        }
        match name.strip_prefix("*.") {
            Some(parent) => host.strip_suffix(parent).is_some_and(|below| below.ends_with('.') && below.len() > 1),
            None => host == name,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn da_j08_hosts_are_allowed_by_name_port_and_parent() {
        let allowed: Vec<String> = ["api.example.com", "*.trusted.org", "127.0.0.1:8080"].map(str::to_owned).into();
        let is = |url: &str| is_allowed(&Url::parse(url).unwrap(), &allowed);
        for good in [
            "https://api.example.com/x",
            "https://API.example.com:8443/",
            "http://a.trusted.org",
            "http://a.b.trusted.org",
            "http://127.0.0.1:8080/",
        ] {
            assert!(is(good), "{good}");
        }
        for bad in [
            "https://example.com",
            "https://evil-api.example.com.attacker.net",
            "https://trusted.org",
            "https://eviltrusted.org",
            "http://127.0.0.1/",
            "http://127.0.0.1:9090/",
        ] {
            assert!(!is(bad), "{bad}");
        }
        assert!(!is_allowed(&Url::parse("https://api.example.com").unwrap(), &[]));
    }
}
