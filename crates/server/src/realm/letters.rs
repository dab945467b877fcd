//! Letters with links: invitations and resets of passwords.
//!
//! With a mail server a link goes to the account's address and nowhere else. Without one it is written to
//! the server's log; whoever invites somebody is shown it, too, unless the account works with other tenants:
//! an administrator of one tenant must not get hold of who is somebody in another.

use model::{TenantId, Timestamp};
use runtime::{
    documents::DocumentError,
    mail::Sent,
    realm::{
        accounts::Account,
        letters::{Delivery, Purpose},
    },
};

use crate::app::Shared;

/// What became of an invitation.
pub(crate) struct Delivered {
    /// It went to the account's address.
    pub(crate) mailed: bool,
    /// To be passed on by whoever invited.
    pub(crate) link: Option<String>,
    /// When it stops being good.
    pub(crate) expires_at: Timestamp,
}

/// Sends an invitation to somebody who has no password yet.
///
/// # Errors
/// When the store fails.
pub(crate) async fn invite(app: &Shared, account: &Account, tenant: &TenantId) -> Result<Delivered, DocumentError> {
    let text = "You were invited to work with Parlance. Choose a password here, within 24 hours:";
    let sent = send(app, account, Purpose::Invitation, "Your invitation", text).await?;
    let elsewhere = account.members.iter().any(|member| member.tenant != *tenant);
    let link = Some(sent.link).filter(|_| !sent.mailed && !elsewhere);
    Ok(Delivered { mailed: sent.mailed, link, expires_at: sent.expires_at })
}

/// Sends a link to choose another password.
///
/// # Errors
/// When the store fails.
pub(super) async fn send_reset(app: &Shared, account: &Account) -> Result<(), DocumentError> {
    let text = "Somebody, perhaps you, forgot the password of your Parlance account. Choose another one here, within \
                an hour. If it was not you, there is nothing to do.";
    send(app, account, Purpose::Reset, "A new password", text).await.map(drop)
}

struct Link {
    link: String,
    mailed: bool,
    expires_at: Timestamp,
}

async fn send(
    app: &Shared,
    account: &Account,
    purpose: Purpose,
    subject: &str,
    text: &str,
) -> Result<Link, DocumentError> {
    let delivery = if app.options.mail.is_configured() { Delivery::ByMail } else { Delivery::ByHand };
    let (letter, secret) = app.realm.letters.write(&account.id, purpose, delivery).await?;
    let link = format!("{}/realms/dial-ai/account/password?link={secret}", app.own_url());
    let sent = app.options.mail.send(&account.email, subject, &format!("{text}\n\n{link}\n")).await;
    let mailed = match sent {
        Ok(Sent::Mailed) => true,
        Ok(Sent::NotConfigured) => {
            tracing::info!(account = account.email, link, "no mail server is configured: pass this link on");
            false
        }
        Err(error) => {
            tracing::warn!(account = account.email, %error, "a letter could not be sent");
            false
        }
    };
    Ok(Link { link, mailed, expires_at: letter.expires_at })
}
