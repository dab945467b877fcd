//! Subscriptions: where events of a tenant are sent, and which.

use model::{AgentId, Timestamp};
use serde::{Deserialize, Serialize};
use store::StoredEvent;

use super::secret::Secrets;
use crate::{documents::DocumentError, outbound::Outbound};

/// Longest address, in characters.
pub const MAX_URL_CHARS: usize = 2_048;
const MAX_PATTERNS: usize = 100;
const MAX_PATTERN_BYTES: usize = 100;
const MAX_AGENTS: usize = 100;
const MAX_DESCRIPTION_CHARS: usize = 1_000;

/// Where events are sent, and which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// Names it within the tenant.
    pub id: String,
    /// What the tenant decides.
    #[serde(flatten)]
    pub target: Target,
    /// What signs.
    pub secrets: Secrets,
    /// Why it was disabled, when nobody of the tenant did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_because: Option<String>,
    /// The feed's end when it was made: only later events are sent.
    pub starts_after: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What the tenant decides about a subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Where events are sent.
    pub url: String,
    /// Types of events: exact (`turn.completed`), by what they start with (`transcript.*`), or all (`*`).
    pub events: Vec<String>,
    /// Only events of these agents; of all when there are none.
    #[serde(default)]
    pub agents: Vec<AgentId>,
    /// For people.
    #[serde(default)]
    pub description: String,
    /// Whether events are sent now. Those that happen meanwhile wait in the feed.
    pub enabled: bool,
}

impl Target {
    /// Whether an event is to be sent.
    pub fn wants(&self, event: &StoredEvent) -> bool {
        let of_agent = self.agents.is_empty() || event.agent.is_some_and(|agent| self.agents.contains(&agent));
        of_agent && self.events.iter().any(|pattern| fits(pattern, &event.kind))
    }

    /// Refuses what cannot be subscribed to.
    pub(super) fn check(&self, outbound: &Outbound) -> Result<(), DocumentError> {
        if self.url.chars().count() > MAX_URL_CHARS {
            return Err(DocumentError::invalid("url", format!("at most {MAX_URL_CHARS} characters")));
        }
        outbound.check(&self.url).map_err(|problem| DocumentError::invalid("url", problem.to_string()))?;
        if !(1..=MAX_PATTERNS).contains(&self.events.len()) {
            return Err(DocumentError::invalid("events", format!("name 1 to {MAX_PATTERNS} types, or `*` for all")));
        }
        if let Some(index) = self.events.iter().position(|pattern| !is_pattern(pattern)) {
            return Err(DocumentError::invalid(
                format!("events[{index}]"),
                "write a type such as `turn.completed`, the start of types such as `transcript.*`, or `*`",
            ));
        }
        if self.agents.len() > MAX_AGENTS {
            return Err(DocumentError::invalid("agents", format!("at most {MAX_AGENTS} agents")));
        }
        if self.description.chars().count() > MAX_DESCRIPTION_CHARS {
            return Err(DocumentError::invalid("description", format!("at most {MAX_DESCRIPTION_CHARS} characters")));
        }
        Ok(())
    }
}

fn fits(pattern: &str, kind: &str) -> bool {
    match pattern.strip_suffix('*') {
        // With its dot, so that `turn.*` is not `turns.counted`.
        Some(start) => kind.starts_with(start),
        None => pattern == kind,
    }
}

/// `*`, `transcript.*` or `transcript.started`.
fn is_pattern(pattern: &str) -> bool {
    let name = pattern.strip_suffix(".*").unwrap_or(pattern);
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    pattern == "*" || (pattern.len() <= MAX_PATTERN_BYTES && name.split('.').all(is_word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_names_starts_or_all() {
        for good in ["*", "turn.completed", "transcript.*", "a", "a.b_c.d2.*"] {
            assert!(is_pattern(good), "{good}");
        }
        for bad in ["", "**", "turn.", ".*", "*.completed", "turn*", "Turn.completed", "turn completed", "a..b"] {
            assert!(!is_pattern(bad), "{bad}");
        }
        let long = "a".repeat(101);
        assert!(!is_pattern(&long));
    }

    #[test]
    fn a_start_ends_at_its_dot() {
        assert!(fits("transcript.*", "transcript.started"));
        assert!(!fits("transcript.*", "transcripts.counted"));
        assert!(fits("*", "anything.at_all"));
        assert!(fits("turn.completed", "turn.completed") && !fits("turn.completed", "turn.completed.twice"));
    }
}
