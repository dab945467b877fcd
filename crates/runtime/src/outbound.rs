//! The one client for requests that people configure: webhooks, functions, language models, keys of other issuers. It
//! refuses addresses within the operator's network unless the operator allows them.
//!
//! Invariant: what counts is the address that is connected to, not the name. Names are looked up here,
//! and only permitted addresses are handed to the connection, so a name that points elsewhere a moment
//! later (DNS rebinding) gains nothing. Redirects are not followed and no proxy is used. Certificates
//! are checked against the system's own store, with `ring` as cryptography.

use std::{
    error::Error,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, OnceLock},
    time::Duration,
};

use reqwest::{
    Client, Method, Response, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{ACCEPT, HeaderMap, HeaderValue, RETRY_AFTER},
    redirect::Policy,
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_platform_verifier::Verifier;

pub use ipnet::IpNet;

/// Most of an answer's body that is read, so that its connection can be used again. It is dropped.
const READ_OF_ANSWER: usize = 64 << 10;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Why a request got no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// The address is not one that can be called.
    #[error("{0}")]
    Address(&'static str),
    /// The address is within the operator's network.
    #[error("{0} is an internal address: the operator allows networks in `outbound_allow`")]
    Refused(String),
    /// No answer came in time.
    #[error("no answer within {} ms", .0.as_millis())]
    TimedOut(Duration),
    /// The connection failed.
    #[error("{0}")]
    Failed(String),
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The header `Retry-After` as it was sent.
    pub retry_after: Option<String>,
}

/// A whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The HTTP status.
    pub status: u16,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body as text; what is no UTF-8 in it is replaced.
    pub body: String,
}

/// A handle on the client; cheap to clone. The client is built when it is first used.
#[derive(Clone)]
pub struct Outbound {
    allow: Arc<[IpNet]>,
    client: Arc<OnceLock<Result<Client, OutboundError>>>,
}

impl Outbound {
    /// `allow` are networks that may be called although they are internal.
    pub fn new(allow: Vec<IpNet>) -> Self {
        provide_cryptography();
        Self { allow: allow.into(), client: Arc::default() }
    }

    /// Reads an address, and refuses what certainly cannot be called: whether a name leads to a permitted
    /// address is seen when it is looked up.
    ///
    /// # Errors
    /// [`OutboundError::Address`] and [`OutboundError::Refused`].
    pub fn check(&self, url: &str) -> Result<Url, OutboundError> {
        let url = Url::parse(url).map_err(|_| OutboundError::Address("this is no URL"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(OutboundError::Address("the URL must start with http:// or https://"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(OutboundError::Address("the URL must not contain a name or a password"));
        }
        let host = url.host_str().ok_or(OutboundError::Address("the URL names no host"))?;
        // A literal address is never looked up, so it is judged here.
        let literal = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        match literal.parse::<IpAddr>() {
            Ok(address) if !permitted(address, &self.allow) => Err(OutboundError::Refused(literal.to_owned())),
            _ => Ok(url),
        }
    }

    /// Sends a body by POST and waits for the answer, all of it within `limit`.
    ///
    /// # Errors
    /// [`OutboundError`]; the request may have arrived all the same.
    pub async fn post(
        &self,
        url: &str,
        headers: HeaderMap,
        body: Vec<u8>,
        limit: Duration,
    ) -> Result<Answer, OutboundError> {
        let url = self.check(url)?;
        let request = self.client()?.post(url).headers(headers).body(body).timeout(limit);
        let mut response = request.send().await.map_err(|error| cause(error, limit))?;
        let answer = Answer {
            status: response.status().as_u16(),
            retry_after: response.headers().get(RETRY_AFTER).and_then(|at| at.to_str().ok()).map(str::to_owned),
        };
        let mut read = 0;
        // The status counts, whatever becomes of the body.
        while read < READ_OF_ANSWER
            && let Ok(Some(chunk)) = response.chunk().await
        {
            read += chunk.len();
        }
        Ok(answer)
    }

    /// Fetches a JSON document of at most `most` bytes, all of it within `limit`.
    ///
    /// # Errors
    /// [`OutboundError`], also when the answer is not a success.
    pub async fn get(&self, url: &str, most: usize, limit: Duration) -> Result<Vec<u8>, OutboundError> {
        let url = self.check(url)?;
        let request = self.client()?.get(url).header(ACCEPT, "application/json").timeout(limit);
        let mut response = request.send().await.map_err(|error| cause(error, limit))?;
        if !response.status().is_success() {
            return Err(OutboundError::Failed(format!("the answer is {}", response.status())));
        }
        bounded(&mut response, most, limit).await
    }

    /// The client itself, for libraries that speak a protocol of their own. Each address must have passed
    /// [`Self::check`] before: a literal one is never looked up.
    ///
    /// # Errors
    /// [`OutboundError::Failed`] when it cannot be built.
    pub fn http(&self) -> Result<Client, OutboundError> {
        self.client().cloned()
    }

    /// Makes a request of any kind and reads the answer as text, at most `most` bytes of it, all within `limit`.
    ///
    /// # Errors
    /// [`OutboundError`]; the request may have arrived all the same.
    pub async fn fetch(
        &self,
        method: Method,
        url: Url,
        headers: &[(String, String)],
        body: Option<String>,
        most: usize,
        limit: Duration,
    ) -> Result<Fetched, OutboundError> {
        let mut request = self.client()?.request(method, url).timeout(limit);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let mut response = request.send().await.map_err(|error| cause(error, limit))?;
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = response.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
        let body = bounded(&mut response, most, limit).await?;
        let body = String::from_utf8_lossy(&body).into_owned();
        Ok(Fetched { status: response.status().as_u16(), headers, body })
    }

    fn client(&self) -> Result<&Client, OutboundError> {
        self.client.get_or_init(|| build(self.allow.clone())).as_ref().map_err(Clone::clone)
    }
}

/// The body of an answer, which may have at most `most` bytes.
async fn bounded(response: &mut Response, most: usize, limit: Duration) -> Result<Vec<u8>, OutboundError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| cause(error, limit))? {
        body.extend_from_slice(&chunk);
        if body.len() > most {
            return Err(OutboundError::Failed(format!("the answer has more than {most} bytes")));
        }
    }
    Ok(body)
}

/// Makes `ring` the cryptography of this process. Every client of this library needs one to be chosen.
pub fn provide_cryptography() {
    // It fails when one is chosen already, and then that one is used.
    let _ = ring::default_provider().install_default();
}

fn build(allow: Arc<[IpNet]>) -> Result<Client, OutboundError> {
    let failed = |problem: &dyn Error| OutboundError::Failed(format!("the outbound client cannot be built: {problem}"));
    Client::builder()
        .tls_backend_preconfigured(tls().map_err(|problem| failed(&problem))?)
        .dns_resolver(PermittedAddresses { allow })
        .redirect(Policy::none())
        .no_proxy()
        .referer(false)
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_max_idle_per_host(8)
        .pool_idle_timeout(Duration::from_secs(30))
        .user_agent(concat!("Parlance/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|problem| failed(&problem))
}

fn tls() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
    let mut config = match Verifier::new(provider) {
        Ok(verifier) => config.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth(),
        Err(problem) => {
            // Addresses with http:// work all the same.
            tracing::warn!(%problem, "no certificate can be checked, so no https:// address can be called");
            config.with_root_certificates(RootCertStore::empty()).with_no_client_auth()
        }
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Looks names up, and gives only addresses that may be connected to.
struct PermittedAddresses {
    allow: Arc<[IpNet]>,
}

/// A name leads to internal addresses only.
#[derive(Debug, thiserror::Error)]
#[error("{0} leads to an internal address")]
struct InternalName(String);

impl Resolve for PermittedAddresses {
    fn resolve(&self, name: Name) -> Resolving {
        let allow = self.allow.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let permitted: Vec<SocketAddr> = found.filter(|found| permitted(found.ip(), &allow)).collect();
            if permitted.is_empty() {
                return Err(Box::new(InternalName(name.as_str().to_owned())) as Box<dyn Error + Send + Sync>);
            }
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

fn permitted(address: IpAddr, allow: &[IpNet]) -> bool {
    // `::ffff:127.0.0.1` is 127.0.0.1.
    let address = address.to_canonical();
    !is_internal(address) || allow.iter().any(|network| network.contains(&address))
}

/// Whether an address is no public host's (the IANA special-purpose registries, RFC 6890).
fn is_internal(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_internal_v4(address),
        IpAddr::V6(address) => is_internal_v6(address),
    }
}

fn is_internal_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    // Metadata services of clouds are link-local, or in the shared range.
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || first == 0
        || first >= 240
        || (first == 100 && (64..128).contains(&second))
        || (first == 192 && second == 0 && third == 0)
        || (first == 198 && (second == 18 || second == 19))
}

fn is_internal_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_internal_v4(Ipv4Addr::new(a, b, c, d))
    };
    match segments {
        // Unspecified, loopback, and the deprecated way to write an IPv4 address.
        [0, 0, 0, 0, 0, 0, _, _] => true,
        [0, 0, 0, 0, 0, 0xffff, high, low] => embedded(high, low),
        // Translators to IPv4: what is behind them counts.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low),
        [0x64, 0xff9b, 1, ..] => true,
        [0x2002, high, low, ..] => embedded(high, low),
        // Teredo, discard-only, documentation.
        [0x2001, 0 | 0xdb8, ..] | [0x100, 0, 0, 0, ..] => true,
        // Unique local (a metadata service is there), link-local, site-local, multicast.
        [first, ..] => first & 0xfe00 == 0xfc00 || matches!(first & 0xffc0, 0xfe80 | 0xfec0) || first >= 0xff00,
    }
}

/// What went wrong, without the address: it may hold a secret.
fn cause(error: reqwest::Error, limit: Duration) -> OutboundError {
    if error.is_timeout() {
        return OutboundError::TimedOut(limit);
    }
    let error = error.without_url();
    let mut innermost: &(dyn Error + 'static) = &error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    match innermost.downcast_ref::<InternalName>() {
        Some(InternalName(name)) => OutboundError::Refused(name.clone()),
        None => OutboundError::Failed(format!("{error}: {innermost}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_addresses_are_refused_however_they_are_written() {
        let outbound = Outbound::new(Vec::new());
        for host in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f.0.0.1",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.100.100.200",
            "224.0.0.1",
            "255.255.255.255",
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::ffff:a9fe:a9fe]",
            "[::7f00:1]",
            "[64:ff9b::7f00:1]",
            "[2002:7f00:1::]",
            "[fd00:ec2::254]",
            "[fe80::1]",
            "[ff02::1]",
        ] {
            let refused = outbound.check(&format!("http://{host}/hook"));
            assert!(matches!(refused, Err(OutboundError::Refused(_))), "{host}: {refused:?}");
        }
        for host in ["1.1.1.1", "[2606:4700::1111]", "172.32.0.1", "example.com"] {
            assert!(outbound.check(&format!("https://{host}/hook")).is_ok(), "{host}");
        }
    }

    #[test]
    fn allowed_networks_are_allowed_and_no_others() {
        let outbound = Outbound::new(vec!["127.0.0.0/8".parse().unwrap()]);
        assert!(outbound.check("http://127.0.0.1:8080/").is_ok());
        assert!(outbound.check("http://[::ffff:127.0.0.1]/").is_ok());
        assert!(outbound.check("http://10.0.0.1/").is_err());
        assert!(outbound.check("http://[::1]/").is_err());
    }

    #[test]
    fn only_plain_web_addresses_are_called() {
        let outbound = Outbound::new(Vec::new());
        for bad in
            ["example.com", "ftp://example.com", "http://", "https://ann:secret@example.com/", "file:///etc/passwd"]
        {
            assert!(matches!(outbound.check(bad), Err(OutboundError::Address(_))), "{bad}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_refused_after_it_was_looked_up() {
        let outbound = Outbound::new(Vec::new());
        assert!(outbound.check("http://localhost:1/").is_ok(), "a name is not judged by how it reads");
        let answer = outbound.post("http://localhost:1/", HeaderMap::new(), Vec::new(), Duration::from_secs(5)).await;
        assert_eq!(answer, Err(OutboundError::Refused("localhost".to_owned())));
    }
}
