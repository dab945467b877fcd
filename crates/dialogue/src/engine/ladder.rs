//! Ladders of reserved intents: first the turn's, then wider ones (spec/opendialog.md §2.1.2).

use std::sync::{Arc, LazyLock};

/// A ladder: what to look for in the scene, the conversation, the scenario, and anywhere.
#[derive(Debug)]
pub(super) struct Ladder {
    /// Narrowest first.
    pub(super) rungs: [Arc<str>; 4],
}

/// How far a rung reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Turns of the current scene.
    Scene,
    /// Scenes of the current conversation.
    Conversation,
    /// Conversations of the scenario.
    Scenario,
    /// Anywhere: the last rung.
    Global,
}

pub(super) const REACHES: [Reach; 4] = [Reach::Scene, Reach::Conversation, Reach::Scenario, Reach::Global];

fn ladder(what: &str, last: &str) -> Ladder {
    Ladder {
        rungs: [
            format!("intent.core.Turn{what}").into(),
            format!("intent.core.Scene{what}").into(),
            format!("intent.core.Conversation{what}").into(),
            format!("intent.core.{last}").into(),
        ],
    }
}

pub(super) static NO_MATCH: LazyLock<Ladder> = LazyLock::new(|| ladder("NoMatch", "NoMatch"));
pub(super) static SESSION_EXPIRED: LazyLock<Ladder> = LazyLock::new(|| ladder("SessionExpired", "sessionExpired"));
static RESTART: LazyLock<Ladder> = LazyLock::new(|| ladder("Restart", "restart"));
static END_CHAT: LazyLock<Ladder> = LazyLock::new(|| ladder("EndChat", "endChat"));

/// The ladder that an intent named by a control stands for, if it is one.
pub(super) fn named(intent: &str) -> Option<&'static Ladder> {
    let name = intent.strip_prefix("intent.core.")?;
    if name.eq_ignore_ascii_case("restart") {
        Some(&RESTART)
    } else if name.eq_ignore_ascii_case("endChat") {
        Some(&END_CHAT)
    } else if name.eq_ignore_ascii_case("sessionExpired") {
        Some(&SESSION_EXPIRED)
    } else if name.eq_ignore_ascii_case("NoMatch") {
        Some(&NO_MATCH)
    } else {
        None
    }
}

/// Whether an intent's name is the reserved one; documents spell `endChat` and `EndChat`.
pub(super) fn same_intent(designed: &str, wanted: &str) -> bool {
    designed == wanted
        || (designed.starts_with("intent.core.") && designed.eq_ignore_ascii_case(wanted))
        || (wanted == "WELCOME" && designed == "intent.core.welcome")
}
