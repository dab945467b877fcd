//! One evaluation of a flag as the listings write it (spec/opendialog.md §1.6, §1.7).

use model::{AgentId, ContactId, Timestamp};
use runtime::experiments::EVALUATED;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::{EventFilter, StoredEvent};
use utoipa::ToSchema;

use super::{
    listing::Listing,
    refusal::{BROKEN, PublicRefusal},
};

/// That a contact was given a variant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FlagEvaluation {
    /// The scenario whose flag it is.
    scenario_id: String,
    #[schema(example = "welcome_tone")]
    flag_name: String,
    /// The contact.
    anonymous_user_id: String,
    /// The contact again.
    chatbot_user_id: String,
    #[schema(example = "warm")]
    variant_assigned: String,
    /// The attributes that the flag's rules looked at.
    #[schema(example = json!({ "country": "DE" }))]
    evaluation_context: Map<String, Value>,
    /// `RULE_MATCH` or `DEFAULT`.
    #[schema(example = "RULE_MATCH")]
    reason: String,
    #[schema(example = "2026-01-15T12:00:00.000000Z")]
    created_at: String,
}

/// What the event says.
#[derive(Deserialize)]
struct Recorded {
    flag: String,
    variant: String,
    reason: String,
    context: Map<String, Value>,
}

impl FlagEvaluation {
    /// Reads the event of an evaluation; `written` is how the endpoint writes times.
    pub(crate) fn of(
        agent: AgentId,
        event: &StoredEvent,
        written: fn(Timestamp) -> String,
    ) -> Result<Self, PublicRefusal> {
        let recorded: Recorded = serde_json::from_str(event.body.get())
            .map_err(|problem| PublicRefusal::Broken(BROKEN, format!("event {}: {problem}", event.seq)))?;
        let contact = event.contact.as_ref().map(ContactId::to_string).unwrap_or_default();
        Ok(Self {
            scenario_id: agent.to_string(),
            flag_name: recorded.flag,
            anonymous_user_id: contact.clone(),
            chatbot_user_id: contact,
            variant_assigned: recorded.variant,
            evaluation_context: recorded.context,
            reason: recorded.reason,
            created_at: written(event.at),
        })
    }
}

/// The evaluations of an agent's flags within the days of a listing.
pub(crate) fn within(listing: &Listing, agent: AgentId) -> EventFilter {
    EventFilter {
        kind: EVALUATED.to_owned(),
        agent: Some(agent),
        contacts: Vec::new(),
        from: listing.from,
        to: listing.to,
        after: 0,
        skip: 0,
        limit: 0,
    }
}

/// All evaluations of an agent's flags for some contacts; there must be at least one, since none stands for all.
pub(crate) fn about(contacts: Vec<ContactId>, agent: AgentId) -> EventFilter {
    EventFilter {
        kind: EVALUATED.to_owned(),
        agent: Some(agent),
        contacts,
        from: Timestamp(i64::MIN),
        to: Timestamp(i64::MAX),
        after: 0,
        skip: 0,
        limit: store::MAX_ROWS,
    }
}
