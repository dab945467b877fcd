//! What addresses and origins look like.

use url::Url;

use super::{ChannelType, EndpointTerms};
use crate::documents::DocumentError;

/// Origins of an endpoint.
const MOST_ORIGINS: usize = 100;

/// An address fits its channel.
pub(super) fn check_address(terms: &EndpointTerms) -> Result<(), DocumentError> {
    let is_number = |text: &str| {
        text.strip_prefix('+')
            .is_some_and(|digits| (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let is_mail = |text: &str| {
        text.len() <= 254
            && !text.chars().any(|c| c.is_whitespace() || c.is_control())
            && text.rsplit_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
    };
    let is_team = |text: &str| text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if terms.channel_type != ChannelType::Web && terms.chat_code.is_some() {
        return Err(DocumentError::invalid("chat_code", "only points of contact on the web have one: leave it out"));
    }
    let complaint = match (terms.channel_type, terms.address.as_deref()) {
        (ChannelType::Web, None) => return Ok(()),
        (ChannelType::Web, Some(_)) => "a point of contact on the web has a chat code: leave it out",
        (ChannelType::Phone | ChannelType::Sms, Some(number)) if is_number(number) => return Ok(()),
        (ChannelType::Phone | ChannelType::Sms, _) => "write the number as `+14165550123`",
        (ChannelType::Email, Some(mail)) if is_mail(mail) => return Ok(()),
        (ChannelType::Email, _) => "write a mail address",
        (ChannelType::Slack, Some(team)) if is_team(team) => return Ok(()),
        (ChannelType::Slack, _) => "write the id of the Slack team",
    };
    Err(DocumentError::invalid("address", complaint))
}

/// Origins are as browsers send them.
pub(super) fn check_origins(origins: &[String]) -> Result<(), DocumentError> {
    if origins.len() > MOST_ORIGINS {
        return Err(DocumentError::invalid("origins", format!("name at most {MOST_ORIGINS}")));
    }
    for (at, origin) in origins.iter().enumerate() {
        // What browsers send (RFC 6454 §6.1) has neither path nor a slash at the end.
        let is_origin = Url::parse(origin)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == *origin);
        if !is_origin {
            let complaint = "write protocol and host as in `https://example.com`, without a slash at the end";
            return Err(DocumentError::invalid(format!("origins[{at}]"), complaint));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoints::EndpointEnvironment;

    #[test]
    fn an_address_fits_its_channel() {
        let terms = |channel_type, address: Option<&str>| EndpointTerms {
            friendly_name: "x".to_owned(),
            channel_type,
            address: address.map(str::to_owned),
            chat_code: None,
            environment: EndpointEnvironment::Production,
            variants: Vec::new(),
            enabled: true,
            origins: Vec::new(),
            rate_limit_per_minute: None,
        };
        for (channel, address) in [
            (ChannelType::Phone, Some("+14165550123")),
            (ChannelType::Sms, Some("+4915112345678")),
            (ChannelType::Email, Some("help@example.com")),
            (ChannelType::Slack, Some("T012AB3C4")),
            (ChannelType::Web, None),
        ] {
            assert!(check_address(&terms(channel, address)).is_ok(), "{channel:?}");
        }
        for (channel, address) in [
            (ChannelType::Phone, None),
            (ChannelType::Phone, Some("4165550123")),
            (ChannelType::Sms, Some("+1 416")),
            (ChannelType::Email, Some("help")),
            (ChannelType::Email, Some("a b@example.com")),
            (ChannelType::Slack, Some("T 1")),
            (ChannelType::Web, Some("x")),
        ] {
            assert!(check_address(&terms(channel, address)).is_err(), "{channel:?} {address:?}");
        }
    }

    #[test]
    fn an_origin_is_what_browsers_send() {
        let check = |origin: &str| check_origins(&[origin.to_owned()]).is_ok();
        assert!(check("https://example.com") && check("http://localhost:8080"));
        for wrong in ["https://example.com/", "example.com", "*", "https://example.com/a", "file:///x", ""] {
            assert!(!check(wrong), "{wrong}");
        }
    }
}
