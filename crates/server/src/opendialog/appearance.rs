//! How a web chat looks and behaves: the settings that exist, what each holds and its default
//! (spec/opendialog.md §5.3).
//!
//! Adding a setting is one line here.

use runtime::branding::Palette;
use serde_json::{Map, Value, json};

use super::palette;

/// What a setting holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Text,
    Number,
    Flag,
    Colour,
    Map,
    List,
}

use Holds::{Colour, Flag, List, Map as Object, Number, Text};

const SECTIONS: &[(&str, &[(&str, Holds)])] = &[
    (
        "general",
        &[
            ("url", Text),
            ("teamName", Text),
            ("logo", Text),
            ("validPath", List),
            ("messageDelay", Number),
            ("open", Flag),
            ("chatbotCssPath", Text),
            ("chatbotFullpageCssPath", Text),
            ("pageCssPath", Text),
            ("hideDatetimeMessage", Flag),
            ("hideMessageTime", Flag),
            ("callbackMap", Object),
            ("disableCloseChat", Flag),
            ("startMinimized", Flag),
            ("chatbotName", Text),
            ("chatbotAvatarPath", Text),
            ("useBotAvatar", Flag),
            ("useHumanAvatar", Flag),
            ("useBotName", Flag),
            ("useHumanName", Flag),
            ("collectUserIp", Flag),
            ("showRestartButton", Flag),
            ("showHeaderCloseButton", Flag),
            ("showEndChatButton", Flag),
            ("showDownloadButton", Flag),
            ("showHeaderButtonsOnFullPageMessages", Flag),
            ("restartButtonCallback", Text),
            ("messageAnimation", Flag),
            ("newUserStartMinimized", Flag),
            ("newUserOpenCallback", Text),
            ("returningUserStartMinimized", Flag),
            ("returningUserOpenCallback", Text),
            ("ongoingUserStartMinimized", Flag),
            ("ongoingUserOpenCallback", Text),
            ("hideTypingIndicatorOnInternalMessages", Flag),
            ("showTypingIndicatorOnSend", Flag),
            ("showTextInputWithExternalButtons", Flag),
            ("formResponseText", Text),
            ("scrollToFirstNewMessage", Flag),
            ("typingIndicatorStyle", Text),
            ("typingIndicatorSettings", Object),
            ("messageFeedback", Flag),
            ("fullPageChat", Flag),
            ("languages", List),
            ("words", Object),
            ("theme", Text),
            ("speechToText", Flag),
        ],
    ),
    (
        "colours",
        &[
            ("headerBackground", Colour),
            ("headerText", Colour),
            ("launcherBackground", Colour),
            ("messageListBackground", Colour),
            ("sentMessageBackground", Colour),
            ("sentMessageText", Colour),
            ("receivedMessageBackground", Colour),
            ("receivedMessageText", Colour),
            ("userInputBackground", Colour),
            ("userInputText", Colour),
            ("iconBackground", Colour),
            ("iconHoverBackground", Colour),
            ("buttonBackground", Colour),
            ("buttonHoverBackground", Colour),
            ("buttonText", Colour),
            ("externalButtonBackground", Colour),
            ("externalButtonHoverBackground", Colour),
            ("externalButtonText", Colour),
            ("link", Colour),
            ("linkInTheDark", Colour),
        ],
    ),
    ("comments", &[("commentsEnabled", Flag)]),
    ("webchatHistory", &[("showHistory", Flag), ("numberOfMessages", Number)]),
    (
        "bot",
        &[
            ("inputPlaceholder", Text),
            ("sendButtonText", Text),
            ("endChatText", Text),
            ("endChatConfirmationMessage", Text),
            ("endChatConfirmationPositive", Text),
            ("endChatConfirmationNegative", Text),
        ],
    ),
    ("settings", &[("messages", Object)]),
];

/// Longest text of a setting, and largest map in bytes of JSON.
const MAX_VALUE: usize = 10_000;

/// The first thing wrong with given settings: where, and what to do.
pub(crate) fn check(given: &Map<String, Value>) -> Result<(), (String, String)> {
    for (section, values) in given {
        let Some((_, known)) = SECTIONS.iter().find(|(name, _)| name == section) else {
            let names: Vec<_> = SECTIONS.iter().map(|(name, _)| *name).collect();
            return Err((section.clone(), format!("there is no such section; there are {}", names.join(", "))));
        };
        let Value::Object(values) = values else {
            return Err((section.clone(), "must be an object of settings".to_owned()));
        };
        for (name, value) in values {
            let at = || format!("{section}.{name}");
            let Some((_, holds)) = known.iter().find(|(known, _)| known == name) else {
                return Err((at(), "there is no such setting".to_owned()));
            };
            fits(*holds, value).map_err(|expected| (at(), format!("must be {expected}, or null for the default")))?;
        }
    }
    Ok(())
}

fn fits(holds: Holds, value: &Value) -> Result<(), &'static str> {
    let (fits, expected) = match (holds, value) {
        (_, Value::Null) => (true, ""),
        (Text, value) => (value.as_str().is_some_and(|text| text.len() <= MAX_VALUE), "a text of at most 10000 bytes"),
        (Number, value) => (value.as_f64().is_some_and(|n| (0.0..=1e9).contains(&n)), "a number from 0 to 1000000000"),
        (Flag, value) => (value.is_boolean(), "true or false"),
        // Only what cannot leave the declaration that it will stand in.
        (Colour, value) => (value.as_str().is_some_and(is_colour), "a CSS colour such as #1b212a"),
        (Object, value) => (value.is_object() && small(value), "an object of at most 10000 bytes"),
        (List, value) => (value.is_array() && small(value), "a list of at most 10000 bytes"),
    };
    if fits { Ok(()) } else { Err(expected) }
}

fn small(value: &Value) -> bool {
    value.to_string().len() <= MAX_VALUE
}

fn is_colour(text: &str) -> bool {
    let allowed =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '#' | '(' | ')' | ',' | '.' | '%' | ' ' | '/' | '-');
    (1..=64).contains(&text.len()) && text.chars().all(allowed)
}

/// The defaults, with the tenant's colours in their place, and with what was set in the place of both.
pub(crate) fn complete(given: &Map<String, Value>, tenants: Option<&Palette>) -> Map<String, Value> {
    let mut all = defaults();
    if let (Some(tenants), Some(Value::Object(colours))) = (tenants, all.get_mut("colours")) {
        palette::colour(colours, given.get("colours").and_then(Value::as_object), tenants);
    }
    for (section, values) in given {
        if let (Some(Value::Object(all)), Value::Object(values)) = (all.get_mut(section), values) {
            for (name, value) in values.iter().filter(|(_, value)| !value.is_null()) {
                all.insert(name.clone(), value.clone());
            }
        }
    }
    all
}

fn defaults() -> Map<String, Value> {
    let defaults = json!({
        "general": {
            "url": "/web-chat",
            "teamName": "",
            "logo": "",
            "open": true,
            "messageDelay": 500,
            "hideDatetimeMessage": true,
            "hideMessageTime": true,
            "disableCloseChat": false,
            "chatbotName": "",
            "chatbotAvatarPath": "",
            "useBotAvatar": true,
            "useHumanAvatar": false,
            "useBotName": false,
            "useHumanName": false,
            "collectUserIp": false,
            "showRestartButton": false,
            "showHeaderCloseButton": false,
            "showEndChatButton": false,
            "showDownloadButton": true,
            "showHeaderButtonsOnFullPageMessages": false,
            "restartButtonCallback": "WELCOME",
            "messageAnimation": true,
            "newUserStartMinimized": false,
            "newUserOpenCallback": "intent.core.welcome",
            "returningUserStartMinimized": false,
            "returningUserOpenCallback": "intent.core.welcome",
            "ongoingUserStartMinimized": false,
            "hideTypingIndicatorOnInternalMessages": false,
            "showTextInputWithExternalButtons": false,
            "formResponseText": "",
            "scrollToFirstNewMessage": false,
            "messageFeedback": false,
            "fullPageChat": true
        },
        "colours": {
            "headerBackground": "#1b212a",
            "headerText": "#ffffff",
            "launcherBackground": "#1b212a",
            "messageListBackground": "#ffffff",
            "sentMessageBackground": "#1f5fbf",
            "sentMessageText": "#ffffff",
            "receivedMessageBackground": "#eef1f5",
            "receivedMessageText": "#1b212a",
            "userInputBackground": "#ffffff",
            "userInputText": "#1b212a",
            "iconBackground": "#1f5fbf",
            "iconHoverBackground": "#174a96",
            "buttonBackground": "#1f5fbf",
            "buttonHoverBackground": "#174a96",
            "buttonText": "#ffffff",
            "externalButtonBackground": "#ffffff",
            "externalButtonHoverBackground": "#eef1f5",
            "externalButtonText": "#1f5fbf"
        },
        "comments": { "commentsEnabled": false },
        "webchatHistory": { "showHistory": true, "numberOfMessages": 10 },
        "bot": {
            "inputPlaceholder": "Write a message",
            "sendButtonText": "Send",
            "endChatText": "End chat",
            "endChatConfirmationMessage": "Do you want to end this chat?",
            "endChatConfirmationPositive": "Yes, end it",
            "endChatConfirmationNegative": "No, stay"
        },
        "settings": { "messages": {} }
    });
    match defaults {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_passes_its_own_check() {
        assert_eq!(check(&defaults()), Ok(()));
    }

    #[test]
    fn a_wrong_setting_is_named() {
        let wrong = |value: Value| check(value.as_object().expect("an object")).expect_err("it is wrong").0;
        assert_eq!(wrong(json!({"generall": {}})), "generall");
        assert_eq!(wrong(json!({"general": {"opne": true}})), "general.opne");
        assert_eq!(wrong(json!({"general": {"open": "yes"}})), "general.open");
        assert_eq!(wrong(json!({"colours": {"headerText": "red;}"}})), "colours.headerText");
        assert_eq!(wrong(json!({"bot": []})), "bot");
    }

    #[test]
    fn what_is_set_replaces_the_default_and_null_does_not() {
        let given = json!({"general": {"messageDelay": 0, "open": null}});
        let all = complete(given.as_object().expect("an object"), None);
        assert_eq!(all["general"]["messageDelay"], 0);
        assert_eq!(all["general"]["open"], true);
        assert_eq!(all["webchatHistory"]["numberOfMessages"], 10);
    }
}
