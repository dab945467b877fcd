//! What a request's head tells of the visitor's browser, where the client itself does not say it: language, browser,
//! operating system, and the address where the agent collects it (spec/opendialog.md §1.3, §5.3).
//!
//! Headers are as easily forged as the body, so these facts are a browser's word like the rest of the profile.

use axum::http::{HeaderMap, header};
use model::inbound::{Act, Inbound};
use runtime::found_by::says_nothing;
use serde_json::{Map, Value};
use woothee::{parser::Parser, woothee::VALUE_UNKNOWN};

use super::{refusal::Refusal, visit::Visit};
use crate::app::{Shared, text};

/// Longest `User-Agent` that is looked at, in bytes.
const MAX_USER_AGENT: usize = 1_024;
/// Longest language tag: longer ones are not in use (RFC 5646 §4.4.1).
const MAX_TAG: usize = 35;

/// Adds what is not known yet to what the client says of the visitor. Only when the chat is opened, or of a
/// visitor who was never here: what a client said once is not overridden because it does not say it again.
pub(super) async fn describe(
    app: &Shared,
    visit: &Visit,
    headers: &HeaderMap,
    source_ip: &str,
    inbound: &mut Inbound,
) -> Result<(), Refusal> {
    let collects_ip = visit.agent.as_ref().is_some_and(|agent| agent.collects_ip());
    let facts = missing(headers, collects_ip.then_some(source_ip), &inbound.visitor);
    if facts.is_empty() {
        return Ok(());
    }
    if inbound.act != Act::Open {
        let store = app.runtime.store().tenant(visit.tenant.id());
        if store.contact(&visit.contact).await?.is_some() {
            return Ok(());
        }
    }
    for (name, fact) in facts {
        inbound.visitor.insert(name.to_owned(), fact.into());
    }
    Ok(())
}

/// The facts that the client does not say and the request tells.
fn missing(headers: &HeaderMap, source_ip: Option<&str>, said: &Map<String, Value>) -> Vec<(&'static str, String)> {
    let unknown = |name: &str| said.get(name).is_none_or(says_nothing);
    let mut facts = Vec::new();
    if unknown("browser_language") {
        facts.extend(language(headers).map(|tag| ("browser_language", tag)));
    }
    if unknown("browser") || unknown("os") {
        let (browser, os) = device(headers);
        facts.extend(browser.filter(|_| unknown("browser")).map(|browser| ("browser", browser)));
        facts.extend(os.filter(|_| unknown("os")).map(|os| ("os", os)));
    }
    if unknown("ip_address") {
        facts.extend(source_ip.map(|ip| ("ip_address", ip.to_owned())));
    }
    facts
}

/// The first tag of `Accept-Language`, which browsers send in the visitor's order.
fn language(headers: &HeaderMap) -> Option<String> {
    let first = text(headers, header::ACCEPT_LANGUAGE.as_str())?.split([',', ';']).next()?.trim();
    let is_tag = (1..=MAX_TAG).contains(&first.len())
        && first.starts_with(|first: char| first.is_ascii_alphabetic())
        && first.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    is_tag.then(|| first.to_owned())
}

/// Browser with its version (`chrome 105.0.0`) and operating system, in the web chat's words. None of programs
/// that are no browsers.
fn device(headers: &HeaderMap) -> (Option<String>, Option<String>) {
    let agent = text(headers, header::USER_AGENT.as_str()).filter(|agent| agent.len() <= MAX_USER_AGENT);
    let Some(read) = agent.and_then(|agent| Parser::new().parse(agent)) else { return (None, None) };
    if matches!(read.category, "crawler" | "misc") {
        return (None, None);
    }
    let known = |text: &str| !text.is_empty() && text != VALUE_UNKNOWN;
    let browser = known(read.name).then(|| {
        let name = read.name.to_lowercase();
        if known(read.version) { format!("{name} {}", three_parts(read.version)) } else { name }
    });
    (browser, known(read.os).then(|| system(read.os).to_owned()))
}

/// A version without what browsers no longer tell.
fn three_parts(version: &str) -> &str {
    let end = version.match_indices('.').nth(2).map_or(version.len(), |(at, _)| at);
    &version[..end]
}

/// Systems go by their families, as the web chat and the contract's examples name them.
fn system(name: &str) -> &str {
    match name {
        "Windows Phone OS" => "Windows Phone",
        "Mac OSX" | "Mac OS Classic" => "Mac OS",
        "iPhone" | "iPad" | "iPod" => "iOS",
        name if name.starts_with("Windows") => "Windows",
        name => name,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use serde_json::json;

    use super::*;

    const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                          Chrome/105.0.0.0 Safari/537.36";

    fn headers(agent: &'static str, language: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::USER_AGENT, HeaderValue::from_static(agent));
        headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(language));
        headers
    }

    fn told(agent: &'static str) -> Vec<(&'static str, String)> {
        missing(&headers(agent, ""), None, &Map::new())
    }

    fn both(browser: &str, os: &str) -> Vec<(&'static str, String)> {
        vec![("browser", browser.to_owned()), ("os", os.to_owned())]
    }

    #[test]
    fn browsers_and_systems_have_the_names_of_the_contract() {
        assert_eq!(told(CHROME), both("chrome 105.0.0", "Windows"));
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
        assert_eq!(told(firefox), both("firefox 128.0", "Linux"));
        let safari = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                      Version/17.4 Safari/605.1.15";
        assert_eq!(told(safari), both("safari 17.4", "Mac OS"));
        let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                     Version/17.4 Mobile/15E148 Safari/604.1";
        assert_eq!(told(phone), both("safari 17.4", "iOS"));
        let edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                    Chrome/124.0.0.0 Safari/537.36 Edg/124.0.2478.51";
        assert_eq!(told(edge), both("edge 124.0.2478", "Windows"));
    }

    #[test]
    fn programs_are_no_browsers() {
        for agent in ["", "curl/8.5.0", "python-requests/2.32", "node", "Mozilla/5.0 (compatible; bingbot/2.0)"] {
            assert_eq!(told(agent), [], "{agent}");
        }
    }

    #[test]
    fn a_language_is_the_first_tag_or_none() {
        let first = |list: &'static str| language(&headers("", list));
        assert_eq!(first("de-CH,de;q=0.9,en;q=0.8").as_deref(), Some("de-CH"));
        assert_eq!(first("fr;q=0.5").as_deref(), Some("fr"));
        for none in ["", "*", ",", "12", "<b>", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"] {
            assert_eq!(first(none), None, "{none}");
        }
    }

    #[test]
    fn what_the_client_says_is_left_alone() {
        let said =
            json!({ "browser": "netscape 4.0", "os": "n/a", "browser_language": "", "ip_address": "203.0.113.7" });
        let said = said.as_object().expect("an object");
        let facts = missing(&headers(CHROME, "en-GB"), Some("127.0.0.1"), said);
        assert_eq!(facts, [("browser_language", "en-GB".to_owned()), ("os", "Windows".to_owned())]);
        let facts = missing(&HeaderMap::new(), Some("127.0.0.1"), &Map::new());
        assert_eq!(facts, [("ip_address", "127.0.0.1".to_owned())]);
    }
}
