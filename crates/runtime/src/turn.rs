//! One turn: load, step, commit, answer.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use dialogue::engine::{Answers, ContactState, Input, Outcome, Position, Session, accepts, take_turn};
use model::{
    AgentId, ContactId, LogSeq, TenantId, Timestamp, TranscriptId,
    inbound::Inbound,
    message::Message,
    record::{Author, Record, TurnRecord},
};
use serde_json::{Map, Value, value::RawValue};
use store::{StoreError, StoredSession};
use uuid::Uuid;

use crate::{
    contact_order::Place,
    documents::DocumentError,
    loaded::{AgentSource, LoadedAgent},
    record::{Written, turn_record},
    runtime::Shared,
};

/// A visitor's act as a channel brings it.
#[derive(Debug, Clone)]
pub struct TurnCall {
    /// Whose visitor.
    pub tenant: TenantId,
    /// Who is to answer.
    pub agent: AgentChoice,
    /// The visitor.
    pub contact: ContactId,
    /// The client's id of the message; a retry carries the same one.
    pub message_id: Option<String>,
    /// What was done.
    pub inbound: Inbound,
    /// How it arrived.
    pub request: Arrival,
    /// The channel's name, as agents see it.
    pub platform: &'static str,
}

/// Which agent is to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentChoice {
    /// The published version of this one.
    Named(AgentId),
    /// The draft of this one.
    Draft(AgentId),
    /// The first in service whose scenario conditions hold (row OD-N24).
    ByConditions,
}

/// How an act arrived.
#[derive(Debug, Clone, Default)]
pub struct Arrival {
    /// The URL that was called.
    pub url: String,
    /// The caller's address.
    pub source_ip: String,
}

/// What is answered to a visitor's act.
#[derive(Debug, Clone)]
pub struct TurnAnswer {
    /// Who answered.
    pub agent: AgentId,
    /// The conversation.
    pub transcript: TranscriptId,
    /// Number of the turn in it.
    pub turn: u32,
    /// When the act arrived.
    pub at: Timestamp,
    /// What the agent says.
    pub messages: Vec<Message>,
    /// Whether this is the first answer, given again to a retry.
    pub replayed: bool,
    /// The visitor's IANA time zone, if the client said one.
    pub time_zone: Option<String>,
}

/// Why there is no answer. Nothing was changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TurnError {
    /// The tenant has no such agent.
    #[error("there is no such agent")]
    UnknownAgent,
    /// The agent is a draft only.
    #[error("the agent is not published: publish it, or preview its draft")]
    NoActiveVersion,
    /// More is asked than can be made durable.
    #[error("the server is busy: try again in {} ms", retry_after.as_millis())]
    Overloaded {
        /// When to try again.
        retry_after: Duration,
    },
    /// Waiting, loading and thinking took too long together.
    #[error("the turn took longer than {} ms", .0.as_millis())]
    TimedOut(Duration),
    /// No new turns are begun.
    #[error("the server is shutting down")]
    ShuttingDown,
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
    /// What is stored of the agent or the session cannot be read.
    #[error("the agent cannot be run: {0}")]
    Broken(String),
}

impl From<StoreError> for TurnError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Overloaded { retry_after } => Self::Overloaded { retry_after },
            other => Self::Store(other),
        }
    }
}

impl From<DocumentError> for TurnError {
    fn from(error: DocumentError) -> Self {
        match error {
            DocumentError::Store(error) => error.into(),
            other => Self::Broken(other.to_string()),
        }
    }
}

/// Most steps of one turn: each need is asked for once, and an agent's turn has a bounded number.
const MAX_NEEDS: usize = 256;

impl Shared {
    /// Takes a turn, from the contact's place in the queue to the durable record.
    pub(crate) async fn take(self: Arc<Self>, call: TurnCall) -> Result<TurnAnswer, TurnError> {
        let began = Instant::now();
        let limit = self.options.turn_timeout;
        let considered = tokio::time::timeout(limit, self.consider(call, began));
        let (answer, record, _place) = considered.await.map_err(|_| TurnError::TimedOut(limit))??;
        // Without a limit: what was handed to the log cannot be taken back.
        if let Some(record) = record {
            self.store.append(Record::Turn(Box::new(record))).await?;
            metrics::histogram!("parlance_turn_seconds").record(began.elapsed().as_secs_f64());
        }
        Ok(answer)
    }

    /// Finds the answer to a turn, and the record that must be durable before it is given, while
    /// holding the contact's place.
    async fn consider(
        &self,
        mut call: TurnCall,
        began: Instant,
    ) -> Result<(TurnAnswer, Option<TurnRecord>, Place), TurnError> {
        let place = self.order.enter(&call.tenant, &call.contact).await?;
        let conversations = self.store.tenant(&call.tenant);
        let named = match call.agent {
            AgentChoice::Named(id) | AgentChoice::Draft(id) => id,
            AgentChoice::ByConditions => AgentId(Uuid::nil()),
        };
        // Before the agent is looked for: what was answered once is answered again, whoever serves now.
        let mut state = conversations.load_turn_state(&call.contact, &named, call.message_id.as_deref()).await?;
        if let Some(seq) = state.answered {
            return Ok((self.answered(&call.tenant, seq).await?, None, place));
        }
        let contact = match state.contact.take() {
            Some(contact) => read(&contact.state)?,
            None => ContactState::default(),
        };
        let globals = self.agents.globals(&call.tenant).await?;
        let agent = match call.agent {
            AgentChoice::Named(id) => self.agents.get(&call.tenant, id, AgentSource::Active).await?,
            AgentChoice::Draft(id) => self.agents.get(&call.tenant, id, AgentSource::Draft).await?,
            AgentChoice::ByConditions => {
                let agent = self.agent_by_conditions(&call, &contact, &globals).await?;
                state.session = conversations.session(&call.contact, &agent.id).await?;
                agent
            }
        };
        if call.agent != AgentChoice::ByConditions {
            // What scenario conditions look at (row OD-N24). Where they chose the agent, it was by what
            // the client had sent.
            call.inbound.visitor.insert("selected_scenario".into(), agent.id.to_string().into());
        }
        let remembered = Remembered::read(state.session)?;
        // A clock that was set back must not make a contact's past lie in the future.
        let at = Timestamp::now().max(remembered.session.last_at);
        let input = Input {
            scenario: &agent.scenario,
            session: &remembered.session,
            contact: &contact,
            contact_id: call.contact.as_str(),
            inbound: &call.inbound,
            now: at,
            globals: &globals,
            platform: call.platform,
        };
        let (outcome, answers) = self.deliberate(&call, &agent, remembered.transcript, input).await?;
        let time_zone = outcome.contact.time_zone().map(str::to_owned);
        let Remembered { transcript, turn, .. } = remembered;
        let (record, messages) = turn_record(Written {
            call: &call,
            before: &contact,
            agent: &agent,
            transcript,
            turn,
            at,
            began,
            outcome,
            answers,
        })?;
        let answer = TurnAnswer { agent: agent.id, transcript, turn, at, messages, replayed: false, time_zone };
        Ok((answer, Some(record), place))
    }

    /// Runs the engine until nothing is missing.
    async fn deliberate(
        &self,
        call: &TurnCall,
        agent: &LoadedAgent,
        transcript: TranscriptId,
        input: Input<'_>,
    ) -> Result<(Outcome, Answers), TurnError> {
        let mut answers = Answers::default();
        for _ in 0..MAX_NEEDS {
            match take_turn(&input, &answers) {
                Ok(outcome) => return Ok((outcome, answers)),
                Err(need) => {
                    let answer = self.fulfil(&need, call, agent, transcript, input.now).await?;
                    answers.add(need, answer);
                }
            }
        }
        Err(TurnError::Broken(format!("a turn asked for more than {MAX_NEEDS} things")))
    }

    /// The first agent in service whose scenario conditions hold for the contact.
    async fn agent_by_conditions(
        &self,
        call: &TurnCall,
        contact: &ContactState,
        globals: &Map<String, Value>,
    ) -> Result<Arc<LoadedAgent>, TurnError> {
        let session = Session::default();
        for id in self.agents.in_service(&call.tenant).await?.iter() {
            let agent = match self.agents.get(&call.tenant, *id, AgentSource::Active).await {
                Ok(agent) => agent,
                // A broken agent must not stand in the way of the others.
                Err(TurnError::Broken(_) | TurnError::NoActiveVersion | TurnError::UnknownAgent) => continue,
                Err(error) => return Err(error),
            };
            let input = Input {
                scenario: &agent.scenario,
                session: &session,
                contact,
                contact_id: call.contact.as_str(),
                inbound: &call.inbound,
                now: Timestamp::now(),
                globals,
                platform: call.platform,
            };
            if accepts(&input) {
                return Ok(agent);
            }
        }
        Err(TurnError::UnknownAgent)
    }

    /// The answer that was given before.
    async fn answered(&self, tenant: &TenantId, seq: LogSeq) -> Result<TurnAnswer, TurnError> {
        let missing = || TurnError::Broken(format!("record {seq} of the log is missing"));
        let Some(Record::Turn(turn)) = self.store.tenant(tenant).record(seq).await? else { return Err(missing()) };
        let messages = turn
            .entries
            .iter()
            .filter(|entry| entry.author == Author::Agent)
            .map(|entry| read(&entry.body))
            .collect::<Result<_, _>>()?;
        Ok(TurnAnswer {
            agent: turn.agent,
            transcript: turn.transcript,
            turn: turn.turn,
            at: turn.at,
            messages,
            replayed: true,
            time_zone: read::<ContactState>(&turn.contact_state)?.time_zone().map(str::to_owned),
        })
    }
}

/// Where the conversation is.
struct Remembered {
    transcript: TranscriptId,
    /// Number of the turn that is to be taken.
    turn: u32,
    session: Session,
}

impl Remembered {
    /// A conversation that is over is followed by a new one of the same contact.
    fn read(stored: Option<StoredSession>) -> Result<Self, TurnError> {
        let new = |session| Self { transcript: TranscriptId(Uuid::now_v7()), turn: 1, session };
        let Some(stored) = stored else { return Ok(new(Session::default())) };
        let session: Session = read(&stored.session)?;
        Ok(if stored.closed {
            new(Session { position: Position::Start, last_at: session.last_at })
        } else {
            Self { transcript: stored.transcript, turn: stored.turn + 1, session }
        })
    }
}

pub(crate) fn read<T: serde::de::DeserializeOwned>(stored: &RawValue) -> Result<T, TurnError> {
    serde_json::from_str(stored.get()).map_err(|problem| TurnError::Broken(format!("stored state: {problem}")))
}
