//! Conversations by their transcript: how one stands, and acts in it, whoever does them.

use model::{
    AgentId, ContactId, TenantId, TranscriptId,
    inbound::{Inbound, Intervention},
    transcript::{TranscriptState, TranscriptStatus},
};
use tokio::sync::mpsc::UnboundedSender;

use crate::{
    Runtime,
    turn::{AgentChoice, Arrival, Conversation, Live, TurnAnswer, TurnCall, TurnError},
};

/// How a conversation stands.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Whose it is.
    pub contact: ContactId,
    /// With which agent.
    pub agent: AgentId,
    /// With which version of it; 0 is the draft.
    pub agent_version: u32,
    /// Number of its latest turn.
    pub turn: u32,
    /// How it stands. Of a scenario that nobody took over, what follows from its being open or closed.
    pub state: TranscriptState,
}

/// An act in a conversation.
#[derive(Debug, Clone)]
pub struct ActCall {
    /// What is done.
    pub inbound: Inbound,
    /// The client's id of the message; a retry carries the same one.
    pub message_id: Option<String>,
    /// How it arrived.
    pub request: Arrival,
    /// Where what the agent says is told while it is being said.
    pub live: Option<UnboundedSender<Live>>,
}

impl ActCall {
    /// What others than the customer do.
    pub fn intervention(intervention: Intervention, request: Arrival) -> Self {
        Self { inbound: Inbound::intervention(intervention), message_id: None, request, live: None }
    }
}

impl Runtime {
    /// How a conversation stands. Sees every turn that was answered.
    ///
    /// # Errors
    /// [`TurnError::UnknownTranscript`].
    pub async fn standing(&self, tenant: &TenantId, transcript: TranscriptId) -> Result<Standing, TurnError> {
        let found = self.store().tenant(tenant).transcript_session(&transcript).await?;
        let (contact, agent, session) = found.ok_or(TurnError::UnknownTranscript)?;
        let state = session.state.unwrap_or_else(|| TranscriptState {
            status: if session.closed { TranscriptStatus::Completed } else { TranscriptStatus::InProgress },
            channel: "web".to_owned(),
            ..TranscriptState::default()
        });
        Ok(Standing { contact, agent, agent_version: session.agent_version, turn: session.turn, state })
    }

    /// Does something in a conversation. It is in line with the other turns of its contact; a person who takes over
    /// does not wait for an agent that is thinking, or would be before it is their turn: it stops (goal R9).
    ///
    /// # Errors
    /// [`TurnError`]; nothing was changed then.
    pub async fn act(
        &self,
        tenant: &TenantId,
        transcript: TranscriptId,
        act: ActCall,
    ) -> Result<TurnAnswer, TurnError> {
        let Standing { contact, agent, agent_version, .. } = self.standing(tenant, transcript).await?;
        let stops = matches!(
            act.inbound.intervention.as_deref(),
            Some(Intervention::TakeOver { .. } | Intervention::Transfer { .. } | Intervention::Close { .. })
        );
        // Also in turns that are before this one in the line.
        let _interruption = stops.then(|| self.interrupt(transcript));
        self.turn(TurnCall {
            tenant: tenant.clone(),
            agent: AgentChoice::Version(agent, agent_version),
            contact,
            message_id: act.message_id,
            inbound: act.inbound,
            request: act.request,
            platform: "web",
            conversation: Conversation::This(transcript),
            live: act.live,
        })
        .await
    }
}
