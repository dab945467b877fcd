//! Clients: programs that ask for tokens. A public one (a page, an app) signs people in and proves itself by
//! PKCE; a confidential one is the service account of a tenant and proves itself by a secret.

use model::{TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Expect, Store};
use subtle::ConstantTimeEq;
use url::{Host, Url};

use super::shelf::Shelf;
use crate::{
    access::Scope,
    documents::{DocumentError, now, secret},
    tokens::hash,
};

/// A program that asks for tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// The parameter `client_id`.
    pub id: String,
    /// For people.
    pub name: String,
    /// What it is.
    #[serde(flatten)]
    pub kind: ClientKind,
    /// When it was registered.
    pub created_at: Timestamp,
}

/// What a client is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ClientKind {
    /// Signs people in; has no secret.
    Public {
        /// Where codes may be sent; compared letter by letter.
        redirect_uris: Vec<String>,
        /// Where people may be sent after they signed out.
        post_logout_redirect_uris: Vec<String>,
    },
    /// A tenant's service account.
    Service {
        /// The tenant; the audience of its tokens.
        tenant: TenantId,
        /// SHA-256 of the secret, hexadecimal. The secret has 256 random bits.
        secret_hash: String,
        /// What it may do.
        scopes: Vec<String>,
    },
}

const MAX_ADDRESSES: usize = 50;

/// The registered clients.
#[derive(Clone)]
pub struct Clients {
    shelf: Shelf,
}

impl Clients {
    pub(super) fn new(store: &Store) -> Self {
        Self { shelf: Shelf::new(store, "oauth_client") }
    }

    /// Registers a public client.
    ///
    /// # Errors
    /// [`DocumentError::Exists`], or when the id or an address is not acceptable.
    pub async fn create_public(
        &self,
        id: &str,
        name: &str,
        redirect_uris: Vec<String>,
        post_logout_redirect_uris: Vec<String>,
    ) -> Result<Client, DocumentError> {
        if redirect_uris.is_empty() {
            return Err(DocumentError::invalid("redirect_uris", "give at least one"));
        }
        for (field, addresses) in
            [("redirect_uris", &redirect_uris), ("post_logout_redirect_uris", &post_logout_redirect_uris)]
        {
            if addresses.len() > MAX_ADDRESSES {
                return Err(DocumentError::invalid(field, format!("at most {MAX_ADDRESSES}")));
            }
            for address in addresses {
                check_address(address)
                    .map_err(|complaint| DocumentError::invalid(field, format!("`{address}`: {complaint}")))?;
            }
        }
        self.create(id, name, ClientKind::Public { redirect_uris, post_logout_redirect_uris }).await
    }

    /// Registers a tenant's service account; the secret is returned this once.
    ///
    /// # Errors
    /// [`DocumentError::Exists`], or when the id or a scope is not acceptable.
    pub async fn create_service(
        &self,
        id: &str,
        name: &str,
        tenant: &TenantId,
        scopes: Vec<String>,
    ) -> Result<(Client, String), DocumentError> {
        if let Some(unknown) = scopes.iter().find(|scope| Scope::named(scope).is_none()) {
            return Err(DocumentError::invalid("scopes", format!("there is no scope `{unknown}`")));
        }
        let secret = format!("pls_{}", secret());
        let secret_hash = hex::encode(hash(&secret));
        let kind = ClientKind::Service { tenant: tenant.clone(), secret_hash, scopes };
        Ok((self.create(id, name, kind).await?, secret))
    }

    async fn create(&self, id: &str, name: &str, kind: ClientKind) -> Result<Client, DocumentError> {
        if !is_id(id) {
            return Err(DocumentError::invalid(
                "client",
                "use 1 to 100 letters, digits, hyphens, dots and underscores",
            ));
        }
        if name.chars().count() > 200 {
            return Err(DocumentError::invalid("name", "at most 200 characters"));
        }
        let client = Client { id: id.to_owned(), name: name.to_owned(), kind, created_at: now() };
        self.shelf.put(id, &client, &[], Expect::New).await?;
        Ok(client)
    }

    /// A client by its id.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn get(&self, id: &str) -> Result<Option<Client>, DocumentError> {
        if !is_id(id) {
            return Ok(None);
        }
        Ok(self.shelf.get(id).await?.map(|found| found.value))
    }

    /// All clients by id.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self) -> Result<Vec<Client>, DocumentError> {
        Ok(self.shelf.list().await?.into_iter().map(|(_, client)| client).collect())
    }

    /// Whether pages of an origin, as browsers name it, are a registered client's: codes are sent to it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn is_origin(&self, origin: &str) -> Result<bool, DocumentError> {
        Ok(self.list().await?.iter().any(|client| client.is_at(origin)))
    }

    /// Takes a client away: it gets no more tokens.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn delete(&self, id: &str) -> Result<(), DocumentError> {
        match self.shelf.discard(vec![id.to_owned()]).await? {
            0 => Err(DocumentError::not_found("client", id)),
            _ => Ok(()),
        }
    }
}

impl Client {
    /// Whether codes may be sent to an address: letter by letter (RFC 9700 §4.1.3).
    pub fn redirects_to(&self, address: &str) -> bool {
        match &self.kind {
            ClientKind::Public { redirect_uris, .. } => redirect_uris.iter().any(|known| known == address),
            ClientKind::Service { .. } => false,
        }
    }

    /// Whether an origin is one to which codes may be sent. That of an app's own scheme is no page's.
    fn is_at(&self, origin: &str) -> bool {
        let is = |address: &String| {
            let at = Url::parse(address).map(|url| url.origin());
            at.is_ok_and(|at| at.is_tuple() && at.ascii_serialization() == origin)
        };
        match &self.kind {
            ClientKind::Public { redirect_uris, .. } => redirect_uris.iter().any(is),
            ClientKind::Service { .. } => false,
        }
    }

    /// Whether people may be sent to an address after they signed out.
    pub fn leads_out_to(&self, address: &str) -> bool {
        match &self.kind {
            ClientKind::Public { post_logout_redirect_uris, .. } => {
                post_logout_redirect_uris.iter().any(|known| known == address)
            }
            ClientKind::Service { .. } => false,
        }
    }

    /// Whether a secret is the client's; a public one has none.
    pub fn has_secret(&self, secret: &str) -> bool {
        match &self.kind {
            ClientKind::Service { secret_hash, .. } => {
                hex::encode(hash(secret)).as_bytes().ct_eq(secret_hash.as_bytes()).into()
            }
            ClientKind::Public { .. } => false,
        }
    }
}

fn is_id(id: &str) -> bool {
    (1..=100).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
}

/// RFC 9700 §2.1, RFC 8252 §7: https; http on this machine only; or a scheme of an app's own, which has a dot.
fn check_address(address: &str) -> Result<(), &'static str> {
    let url = Url::parse(address).map_err(|_| "this is no absolute address")?;
    if address.len() > 2_000 || !address.bytes().all(|b| b.is_ascii_graphic()) {
        return Err("use at most 2000 ASCII characters and no spaces");
    }
    if url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err("it must have no fragment, no name and no password");
    }
    let near = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => Ok(()),
        "http" if near => Ok(()),
        "http" => Err("use https; http is for this machine only"),
        scheme if scheme.contains('.') => Ok(()),
        _ => Err("use https, or a scheme such as com.example.app"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn da_a01_a_clients_pages_are_known_by_their_origin() {
        let addresses = ["https://app.test/back", "http://127.0.0.1:8080/", "com.example.app:/back"];
        let redirect_uris = addresses.map(str::to_owned).to_vec();
        let kind = ClientKind::Public { redirect_uris, post_logout_redirect_uris: Vec::new() };
        let client = Client { id: "web".to_owned(), name: String::new(), kind, created_at: now() };
        for good in ["https://app.test", "http://127.0.0.1:8080"] {
            assert!(client.is_at(good), "{good}");
        }
        for bad in
            ["null", "", "http://app.test", "https://app.test:8443", "https://app.test/back", "https://x.app.test", "*"]
        {
            assert!(!client.is_at(bad), "{bad}");
        }
    }

    #[test]
    fn da_a01_only_addresses_that_keep_a_code_secret_are_registered() {
        for good in ["https://app.test/back", "http://127.0.0.1:8080/", "http://[::1]/x", "com.example.app:/back"] {
            assert!(check_address(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "/back",
            "http://app.test/",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://app.test/#x",
            "https://ann:x@app.test/",
            "https://app.test/a b",
        ] {
            assert!(check_address(bad).is_err(), "{bad}");
        }
    }
}
