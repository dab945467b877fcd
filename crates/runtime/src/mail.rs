//! Letters to people: by SMTP where it is configured. Where it is not, nothing is sent, and whoever asked
//! is told what would have been.

use std::{fmt, sync::Arc, time::Duration};

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
    transport::smtp::authentication::Credentials,
};
use serde::{Deserialize, Serialize};

/// How the mail server is reached.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmtpOptions {
    /// Its name; certificates are checked against it.
    pub host: String,
    /// Its port; that of the kind of security when absent.
    #[serde(default)]
    pub port: Option<u16>,
    /// How the connection is secured.
    #[serde(default)]
    pub security: MailSecurity,
    /// Who signs in there; nobody when absent.
    #[serde(default)]
    pub user: Option<String>,
    /// With which password.
    #[serde(default)]
    pub password: Option<String>,
    /// Who writes: `Parlance <parlance@example.com>`.
    pub from: String,
}

impl fmt::Debug for SmtpOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpOptions").field("host", &self.host).field("from", &self.from).finish_non_exhaustive()
    }
}

/// How a connection to a mail server is secured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailSecurity {
    /// TLS from the start (RFC 8314), port 465.
    #[default]
    Tls,
    /// TLS after a greeting, and not without it; port 587.
    Starttls,
    /// None: for a mail server on this machine; port 25.
    None,
}

/// Why a letter cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// An address in the configuration or of the recipient is none.
    #[error("`{0}` is no address for mail")]
    Address(String),
    /// The letter cannot be written.
    #[error("the letter cannot be written: {0}")]
    Letter(#[from] lettre::error::Error),
    /// The server cannot be reached, or refuses.
    #[error("the mail server does not take it: {0}")]
    Server(#[from] lettre::transport::smtp::Error),
}

/// Sends letters, or says that it cannot; cheap to clone.
#[derive(Clone, Default)]
pub struct Mail {
    server: Option<Arc<Server>>,
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").field("configured", &self.is_configured()).finish()
    }
}

struct Server {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// What became of a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// The mail server took it.
    Mailed,
    /// There is no mail server.
    NotConfigured,
}

impl Mail {
    /// By a mail server.
    ///
    /// # Errors
    /// When the options cannot be used.
    pub fn by_smtp(options: &SmtpOptions) -> Result<Self, MailError> {
        crate::outbound::provide_cryptography();
        let from = mailbox(&options.from)?;
        let builder = match options.security {
            MailSecurity::Tls => AsyncSmtpTransport::<Tokio1Executor>::relay(&options.host)?,
            MailSecurity::Starttls => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(&options.host)?,
            MailSecurity::None => AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(options.host.as_str()),
        };
        let mut builder = builder.timeout(Some(Duration::from_secs(20)));
        if let Some(port) = options.port {
            builder = builder.port(port);
        }
        if let Some(user) = &options.user {
            let password = options.password.clone().unwrap_or_default();
            builder = builder.credentials(Credentials::new(user.clone(), password));
        }
        Ok(Self { server: Some(Arc::new(Server { transport: builder.build(), from })) })
    }

    /// Whether letters are sent at all.
    pub fn is_configured(&self) -> bool {
        self.server.is_some()
    }

    /// Sends a letter of plain text.
    ///
    /// # Errors
    /// [`MailError`]; the letter may have arrived all the same.
    pub async fn send(&self, to: &str, subject: &str, text: &str) -> Result<Sent, MailError> {
        let Some(server) = &self.server else { return Ok(Sent::NotConfigured) };
        let letter = Message::builder()
            .from(server.from.clone())
            .to(mailbox(to)?)
            .subject(subject)
            .header(ContentType::TEXT_PLAIN)
            .body(text.to_owned())?;
        server.transport.send(letter).await?;
        Ok(Sent::Mailed)
    }
}

fn mailbox(text: &str) -> Result<Mailbox, MailError> {
    text.parse().map_err(|_| MailError::Address(text.to_owned()))
}
