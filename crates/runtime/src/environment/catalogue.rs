//! The keys that there are: what each is for, how its value is written, and what it is until a tenant says
//! otherwise (spec/dialai.md §15.2). Nothing else can be set.
//!
//! Some keys are for channels that Parlance does not have; their description says "Read by … later". They can be set so
//! that everything is in place on the day.

use super::format::{Format, Scalar};

/// Most that language models may cost a tenant in a month.
pub const MONTHLY_BUDGET: &str = "Budget.MonthlyUsd";
/// The share of that at which a warning is given.
pub const WARN_AT_PERCENT: &str = "Budget.WarnAtPercent";
/// Minutes after which a conversation on the web is over that nobody goes on with.
pub const IDLE_MINUTES: &str = "Webchat.IdleMinutes";
/// Largest file that a visitor of the tenant may send.
pub const MAX_FILE_BYTES: &str = "Webchat.MaxFileBytes";
/// Whether it is estimated how conversations are going.
pub const SENTIMENT_ENABLED: &str = "Sentiment.Enabled";
/// Most deep links of one call.
pub const MAX_DEEP_LINKS: &str = "DeepLinks.MaxPerCall";

/// Whether a model describes passages of documents.
pub const DESCRIBE_PASSAGES: &str = "Knowledge.DescribePassages";

/// A key of the catalogue.
#[derive(Debug)]
pub struct Entry {
    /// Its name, a dotted path.
    pub key: &'static str,
    /// What it is for, and what reads it.
    pub description: &'static str,
    /// How its value is written.
    pub format: Format,
    /// What it is for a tenant that never set it; the platform's own bound or nothing when there is none.
    default: Default,
}

#[derive(Debug)]
enum Default {
    None,
    Text(&'static str),
    Integer(i64),
    Boolean(bool),
}

impl Entry {
    /// What it is for a tenant that never set it.
    pub fn default_value(&self) -> Option<Scalar> {
        match self.default {
            Default::None => None,
            Default::Text(text) => Some(Scalar::Text(text.to_owned())),
            Default::Integer(number) => Some(Scalar::Integer(number)),
            Default::Boolean(truth) => Some(Scalar::Boolean(truth)),
        }
    }

    /// Whether its value is never shown.
    pub fn is_secret(&self) -> bool {
        self.format == Format::Secret
    }
}

/// A key by its name, letter by letter.
pub fn entry(key: &str) -> Option<&'static Entry> {
    CATALOGUE.iter().find(|entry| entry.key == key)
}

const SECONDS_OF_A_DAY: u64 = 24 * 3600;

/// All keys, by name.
pub const CATALOGUE: &[Entry] = &[
    Entry {
        key: "Anthropic.ApiKey",
        description: "Key of Anthropic's API.",
        format: Format::Secret,
        default: Default::None,
    },
    Entry {
        key: "Anthropic.BaseUrl",
        description: "Address of Anthropic's API, where it is not the provider's own.",
        format: Format::Url,
        default: Default::None,
    },
    Entry {
        key: "AzureOpenAi.ApiKey",
        description: "Key of the Azure OpenAI resource.",
        format: Format::Secret,
        default: Default::None,
    },
    Entry {
        key: "AzureOpenAi.ApiVersion",
        description: "Version of the Azure OpenAI interface.",
        format: Format::Text { longest: 40 },
        default: Default::Text("2024-10-21"),
    },
    Entry {
        key: "AzureOpenAi.Endpoint",
        description: "Address of the Azure OpenAI resource.",
        format: Format::Url,
        default: Default::None,
    },
    Entry {
        key: MONTHLY_BUDGET,
        description: "Most that language models may cost in a month, in the currency of the server's prices; then flows \
                      say their fallback. 0: no bound.",
        format: Format::Integer { least: 0, most: 1_000_000_000 },
        default: Default::Integer(0),
    },
    Entry {
        key: WARN_AT_PERCENT,
        description: "The share of the monthly budget at which the event `budget.warning` tells of it, in percent.",
        format: Format::Integer { least: 1, most: 100 },
        default: Default::Integer(80),
    },
    Entry {
        key: "CompatibleModels.ApiKey",
        description: "Key of a server that speaks OpenAI's protocol, such as Ollama or vLLM; it may need none.",
        format: Format::Secret,
        default: Default::None,
    },
    Entry {
        key: "CompatibleModels.BaseUrl",
        description: "Address of that server, such as http://models.internal:11434/v1.",
        format: Format::Url,
        default: Default::None,
    },
    Entry {
        key: MAX_DEEP_LINKS,
        description: "Most deep links that one call makes; the server's own bound holds too.",
        format: Format::Integer { least: 1, most: 10_000 },
        default: Default::None,
    },
    Entry {
        key: "Email.PollInterval",
        description: "How often mailboxes are looked at. Read by the e-mail channel, later.",
        format: Format::Duration { least: 10, most: SECONDS_OF_A_DAY },
        default: Default::Text("1m"),
    },
    Entry {
        key: "Gemini.ApiKey",
        description: "Key of the Gemini API.",
        format: Format::Secret,
        default: Default::None,
    },
    Entry {
        key: "Gemini.BaseUrl",
        description: "Address of the Gemini API, where it is not the provider's own.",
        format: Format::Url,
        default: Default::None,
    },
    Entry {
        key: "Initializers.TimeoutSeconds",
        description: "How long the start-up functions of a conversation may take together.",
        format: Format::Integer { least: 1, most: 300 },
        default: Default::Integer(30),
    },
    Entry {
        key: "Javascript.AllowedDomains",
        description: "Hosts that functions may call: names, or `*.example.com` for all below one.",
        format: Format::Domains,
        default: Default::Text(""),
    },
    Entry {
        key: "Javascript.TimeoutSeconds",
        description: "How long a function may take where it does not say.",
        format: Format::Integer { least: 1, most: 300 },
        default: Default::Integer(10),
    },
    Entry {
        key: DESCRIBE_PASSAGES,
        description: "Whether the tenant's language model describes the passages of documents when they are indexed.",
        format: Format::Boolean,
        default: Default::Boolean(false),
    },
    Entry {
        key: "LanguageModels.Model",
        description: "The model that answers where a flow names none.",
        format: Format::Text { longest: 200 },
        default: Default::None,
    },
    Entry {
        key: "LanguageModels.ModerationModel",
        description: "The model that moderates; with OpenAI its moderation service, else the model that answers.",
        format: Format::Text { longest: 200 },
        default: Default::None,
    },
    Entry {
        key: "LanguageModels.Provider",
        description: "Who answers where a flow names no provider.",
        format: Format::Choice(&["none", "openai", "azure_openai", "anthropic", "gemini", "compatible", "scripted"]),
        default: Default::Text("none"),
    },
    Entry { key: "OpenAi.ApiKey", description: "Key of OpenAI's API.", format: Format::Secret, default: Default::None },
    Entry {
        key: "OpenAi.BaseUrl",
        description: "Address of OpenAI's API, or of one like it.",
        format: Format::Url,
        default: Default::Text("https://api.openai.com/v1"),
    },
    Entry {
        key: "OpenAi.Organization",
        description: "OpenAI's id of the organisation.",
        format: Format::Text { longest: 200 },
        default: Default::None,
    },
    Entry {
        key: SENTIMENT_ENABLED,
        description: "Whether sentiment and risk of conversations are estimated from what customers say.",
        format: Format::Boolean,
        default: Default::Boolean(true),
    },
    Entry {
        key: "Speechmatics.ApiKey",
        description: "Key of Speechmatics. Read by voice channels, later.",
        format: Format::Secret,
        default: Default::None,
    },
    Entry {
        key: "Telephony.MaxConcurrentCalls",
        description: "Most calls at the same time; more wait. Read by voice channels, later.",
        format: Format::Integer { least: 1, most: 1_000 },
        default: Default::Integer(1),
    },
    Entry {
        key: "Telephony.RecordCalls",
        description: "Whether calls are recorded. Read by voice channels, later.",
        format: Format::Boolean,
        default: Default::Boolean(false),
    },
    Entry {
        key: IDLE_MINUTES,
        description: "Minutes after which a web chat with a flow is abandoned if nobody goes on with it; 0: never.",
        format: Format::Integer { least: 0, most: 43_200 },
        default: Default::Integer(30),
    },
    Entry {
        key: MAX_FILE_BYTES,
        description: "Largest file that a visitor may send, in bytes; the server's own bound holds too.",
        format: Format::Integer { least: 1, most: 1 << 40 },
        default: Default::None,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_dotted_stand_once_and_in_order() {
        assert!(CATALOGUE.is_sorted_by(|one, next| one.key < next.key));
        for entry in CATALOGUE {
            let parts: Vec<&str> = entry.key.split('.').collect();
            assert!(parts.len() == 2 && parts.iter().all(|part| part.chars().all(|c| c.is_ascii_alphanumeric())));
            assert!(entry.description.ends_with('.'), "{}", entry.key);
        }
        assert!(entry("OpenAi.ApiKey").is_some_and(Entry::is_secret) && entry("openai.apikey").is_none());
    }

    #[test]
    fn defaults_are_values_that_could_be_set() {
        for entry in CATALOGUE {
            if let Some(value) = entry.default_value() {
                let value = serde_json::to_value(&value).expect("JSON");
                assert_eq!(entry.format.check(&value).ok(), entry.default_value(), "{}", entry.key);
            }
            assert!(!entry.is_secret() || entry.default_value().is_none(), "{}", entry.key);
        }
    }
}
