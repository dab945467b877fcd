//! Whether a text may be said, to an agent or by it: lists of what may not be, a model that is asked, and OpenAI's
//! moderation.
//!
//! A moderator that fails does not refuse: the conversation goes on, and what failed is noted.

mod exclusions;
mod judge;

use std::time::Duration;

use model::{TenantId, chat::Usage};

pub use exclusions::{Exclusions, ExclusionsError};
pub use judge::Judge;

use crate::chat::{ModelEndpoint, Models};

/// What judges a text.
#[derive(Debug, Clone)]
pub enum Moderator {
    /// Words and phrases that must not occur.
    Exclusions(Exclusions),
    /// A model that is asked whether a text keeps to a policy.
    Judge(Box<Judge>),
    /// OpenAI's moderation endpoint, or one of its form.
    Service {
        /// The endpoint; its model is such as `omni-moderation-latest`.
        endpoint: ModelEndpoint,
        /// How long it may take.
        timeout: Duration,
    },
}

/// What came of a text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Verdict {
    /// Why it is refused, in words for those who run the agent; none when it is not.
    pub refused: Option<String>,
    /// What failed while it was judged.
    pub note: Option<String>,
    /// What the judging took.
    pub usage: Usage,
}

impl Moderator {
    /// What it is called in records.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Exclusions(_) => "exclusion_list",
            Self::Judge(_) => "model_moderation",
            Self::Service { .. } => "moderation_service",
        }
    }

    /// Which model it asks, as `provider/model`; none where it asks nobody.
    pub fn model(&self) -> Option<String> {
        match self {
            Self::Exclusions(_) => None,
            Self::Judge(judge) => Some(judge.call.primary.name()),
            Self::Service { endpoint, .. } => Some(endpoint.name()),
        }
    }

    /// Judges a text. A text without anything in it is never refused, and asks nobody.
    pub async fn judge(&self, models: &Models, tenant: &TenantId, text: &str) -> Verdict {
        if text.trim().is_empty() {
            return Verdict::default();
        }
        match self {
            Self::Exclusions(exclusions) => {
                let found = exclusions.find(text);
                Verdict { refused: found.map(|entry| format!("it has the excluded `{entry}`")), ..Verdict::default() }
            }
            Self::Judge(judge) => judge.judge(models, tenant, text).await,
            Self::Service { endpoint, timeout } => match models.flagged(tenant, endpoint, text, *timeout).await {
                Ok(categories) if categories.is_empty() => Verdict::default(),
                Ok(categories) => Verdict {
                    refused: Some(format!("it is flagged as {}", categories.join(", "))),
                    ..Verdict::default()
                },
                Err(error) => Verdict { note: Some(error.message), ..Verdict::default() },
            },
        }
    }
}
