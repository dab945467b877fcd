//! One turn: load, step, commit, answer.

mod call;

use std::{
    borrow::Cow,
    sync::Arc,
    time::{Duration, Instant},
};

use dialogue::{
    engine::{Answers, ContactState, Input, Outcome, Position, Session, accepts, take_turn},
    flow::engine::Past,
};
use model::{
    AgentId, LogSeq, TenantId, Timestamp, TranscriptId,
    mood::Mood,
    record::{Author, Record, TurnRecord},
    transcript::{Control, TranscriptState},
};
use serde_json::{Map, Value, value::RawValue};
use store::StoredSession;
use uuid::Uuid;

use crate::{
    experiments,
    flow::{self, Kept, Onward},
    loaded::{AgentSource, LoadedAgent, Program},
    mood,
    presets::Waiting,
    record::{Part, Taken, Written, raw, turn_record},
    runtime::Shared,
    usage::Tab,
};

pub use call::{AgentChoice, Arrival, Conversation, Live, TurnAnswer, TurnCall, TurnError};

/// Most steps of one turn: each need is asked for once, and an agent's turn has a bounded number.
const MAX_NEEDS: usize = 256;

impl Shared {
    /// Takes a turn, from the contact's place in the queue to the durable record. What models took counts, whatever it
    /// comes to.
    pub(crate) async fn take(self: Arc<Self>, call: TurnCall) -> Result<TurnAnswer, TurnError> {
        let (tenant, contact, tab) = (call.tenant.clone(), call.contact.clone(), Tab::default());
        let taken = self.take_and_record(call, &tab).await;
        self.settle(&tenant, &contact, &tab).await;
        taken
    }

    async fn take_and_record(&self, call: TurnCall, tab: &Tab) -> Result<TurnAnswer, TurnError> {
        let began = Instant::now();
        let limit = self.options.flow_timeout.max(self.options.turn_timeout);
        // What is waited for in a flow ends before this, so that the customer gets the flow's fallback.
        let considered = tokio::time::timeout(limit + GRACE, self.consider(call, began, tab));
        let Considered { answer, tenant, record, presets, past } =
            considered.await.map_err(|_| TurnError::TimedOut(limit))??;
        // Without a limit: what was handed to the log cannot be taken back.
        if let Some(record) = record {
            let (transcript, contact, at) = (record.transcript, record.contact.clone(), record.at);
            let seq = self.store.append(Record::Turn(Box::new(record))).await?;
            let spent = tab.is_recorded();
            self.presets.used(&tenant, presets);
            if !past.is_empty() {
                self.past.add(transcript, past);
            }
            self.spend(&tenant, &contact, (seq, at), &spent).await;
            metrics::histogram!("parlance_turn_seconds").record(began.elapsed().as_secs_f64());
        }
        Ok(answer)
    }

    /// Finds the answer to a turn, and the record that must be durable before it is given. The contact's place is held
    /// with the tab.
    async fn consider(&self, mut call: TurnCall, began: Instant, tab: &Tab) -> Result<Considered, TurnError> {
        // Who talks with a flow may have to wait for what it is saying; a scenario never takes long.
        let patience = match call.conversation {
            Conversation::Latest => self.options.turn_timeout,
            Conversation::New { .. } | Conversation::This(_) | Conversation::Unchanged { .. } => {
                self.options.flow_timeout
            }
        };
        let until = tokio::time::Instant::from_std(began + patience);
        let late = |_| TurnError::TimedOut(patience);
        let entering = self.order.enter(&call.tenant, &call.contact);
        tab.hold(tokio::time::timeout_at(until, entering).await.map_err(late)??);
        let conversations = self.store.tenant(&call.tenant);
        let named = match call.agent {
            AgentChoice::Named(id) | AgentChoice::Draft(id) | AgentChoice::Version(id, _) => id,
            AgentChoice::ByConditions => AgentId(Uuid::nil()),
        };
        // Before the agent is looked for: what was answered once is answered again, whoever serves now.
        let message_id = call.message_id.as_deref();
        let mut state = match call.conversation {
            Conversation::This(id) | Conversation::Unchanged { transcript: id, .. } => {
                conversations.load_turn_state_of(&call.contact, &id, message_id).await?
            }
            Conversation::Latest | Conversation::New { .. } => {
                conversations.load_turn_state(&call.contact, &named, message_id).await?
            }
        };
        if let Some(seq) = state.answered {
            let answer = self.answered(&call.tenant, seq).await?;
            return Ok(Considered::again(answer, call.tenant));
        }
        let before = match state.contact.take() {
            Some(contact) => read(&contact.state)?,
            None => ContactState::default(),
        };
        let waiting = self.presets.waiting(&call.tenant, &call.contact).await?;
        let (contact, preset) = with_presets(&before, &waiting);
        let globals = self.agents.globals(&call.tenant).await?;
        let choosing = self.choose(&call, &contact, &globals);
        let agent = tokio::time::timeout_at(until, choosing).await.map_err(late)??;
        if call.agent == AgentChoice::ByConditions {
            state.session = conversations.session(&call.contact, &agent.id).await?;
        }
        if call.agent != AgentChoice::ByConditions && matches!(agent.program, Program::Scenario(_)) {
            // What scenario conditions look at (row OD-N24). Where they chose the agent, it was by what
            // the client had sent.
            call.inbound.visitor.insert("selected_scenario".into(), agent.id.to_string().into());
        }
        let remembered = Remembered::find(state.session, &mut call.conversation)?;
        tab.is_of(remembered.transcript, remembered.turn);
        // A clock that was set back must not make a contact's past lie in the future.
        let at = Timestamp::now().max(remembered.last_at);
        let deliberation = Deliberation {
            call: &call,
            agent: &agent,
            contact: &contact,
            globals: &globals,
            remembered: &remembered,
            at,
            began,
            tab,
        };
        let taken = match &agent.program {
            Program::Scenario(_) => self.with_scenario(&deliberation).await?,
            // Apart, here and below: what a scenario's turn does not do must not make the task that takes it large.
            Program::Flow(_) => Box::pin(self.with_flow(&deliberation)).await?,
        };
        let Remembered { transcript, turn, state: stood, mood: went, .. } = &remembered;
        let (transcript, turn) = (*transcript, *turn);
        let mood = match self.agents.estimates_moods(&call.tenant).await? {
            true => Some(mood::after(went.as_ref(), &call.inbound, turn, &taken)),
            false => None,
        };
        let time_zone = taken.contact.time_zone().map(str::to_owned);
        let told = taken.state.clone();
        let is_nothing = taken.is_nothing();
        let (record, messages) = turn_record(Written {
            call: &call,
            before: &before,
            stood: stood.as_deref(),
            preset,
            agent: agent.id,
            agent_version: agent.version,
            transcript,
            turn,
            at,
            began,
            spent: tab.ledger(),
            mood,
            taken,
        })?;
        // A scenario's answer is its messages: nobody reads the entries, and to copy them would cost.
        let (entries, past) = match &told {
            Some(_) => (record.entries.clone(), flow::of_entries(&record.entries)),
            None => (Vec::new(), Vec::new()),
        };
        let answer = TurnAnswer {
            agent: agent.id,
            transcript,
            turn,
            at,
            messages,
            replayed: false,
            time_zone,
            entries,
            state: told,
        };
        if is_nothing {
            return Ok(Considered::again(answer, call.tenant));
        }
        Ok(Considered { answer, tenant: call.tenant, record: Some(record), presets: waiting.into_ids(), past })
    }

    /// A turn with a scenario, and with the flow that it sends the conversation to.
    async fn with_scenario(&self, deliberation: &Deliberation<'_>) -> Result<Taken, TurnError> {
        let Deliberation { call, agent, contact, remembered, at, .. } = *deliberation;
        let Program::Scenario(scenario) = &agent.program else {
            return Err(TurnError::Broken("this agent is no scenario".to_owned()));
        };
        let kept: Kept = match &remembered.session {
            Some(session) => read(session)?,
            None => Kept::new(Session { position: Position::Start, last_at: remembered.last_at }, None),
        };
        let (session, visit) = kept.split();
        let is_with_people = remembered.state.as_ref().is_some_and(|state| state.control != Control::Agent);
        if call.inbound.intervention.is_some() || is_with_people {
            return flow::beside_scenario(deliberation, Kept::new(session, visit));
        }
        // Where the flow was deleted, the scenario goes on.
        if let Some(visit) = visit
            && !flow::leaves(&call.inbound)
            && self.is_there(&call.tenant, &visit).await?
        {
            return Box::pin(self.in_visit(deliberation, session, *visit)).await;
        }
        let flags = self.agents.flags(&call.tenant, agent.id).await?;
        let served = experiments::serve(&flags, call, contact, remembered.turn);
        let input = Input {
            scenario: &scenario.scenario,
            session: &session,
            contact: &served.contact,
            contact_id: call.contact.as_str(),
            inbound: &call.inbound,
            now: at,
            globals: deliberation.globals,
            platform: call.platform,
        };
        let thinking = self.deliberate(call, scenario, remembered.transcript, input, Onward::IntoFlow);
        let left = self.options.turn_timeout.saturating_sub(deliberation.began.elapsed());
        let (mut outcome, answers) = tokio::time::timeout(left, thinking)
            .await
            .map_err(|_| TurnError::TimedOut(self.options.turn_timeout))??;
        let evaluated = served.settle(&mut outcome.contact);
        let entering = flow::entering(&answers);
        let Outcome { said, heard, session, contact, closed, journal } = outcome;
        let mut taken = Taken {
            contact,
            closed,
            heard,
            parts: vec![Part::Said(said)],
            scenario: Some((journal, answers)),
            evaluated,
            state: remembered.state.clone().map(out_of_flow),
            ..Taken::default()
        };
        match entering {
            Some(entering) if !closed => {
                Box::pin(self.enter_flow(deliberation, session, entering, &mut taken)).await?;
            }
            _ => taken.session = Some(raw(&session)?),
        }
        Ok(taken)
    }

    /// Runs the scenario engine until nothing is missing.
    pub(crate) async fn deliberate(
        &self,
        call: &TurnCall,
        scenario: &crate::loaded::LoadedScenario,
        transcript: TranscriptId,
        input: Input<'_>,
        onward: Onward,
    ) -> Result<(Outcome, Answers), TurnError> {
        let mut answers = Answers::default();
        for _ in 0..MAX_NEEDS {
            match take_turn(&input, &answers) {
                Ok(outcome) => return Ok((outcome, answers)),
                Err(need) => {
                    let answer = Box::pin(self.fulfil(&need, call, scenario, transcript, input.now, onward)).await?;
                    answers.add(need, answer);
                }
            }
        }
        Err(TurnError::Broken(format!("a turn asked for more than {MAX_NEEDS} things")))
    }

    /// The agent that is to answer.
    async fn choose(
        &self,
        call: &TurnCall,
        contact: &ContactState,
        globals: &Map<String, Value>,
    ) -> Result<Arc<LoadedAgent>, TurnError> {
        let (id, source) = match call.agent {
            AgentChoice::Named(id) => (id, AgentSource::Active),
            AgentChoice::Draft(id) | AgentChoice::Version(id, 0) => (id, AgentSource::Draft),
            AgentChoice::Version(id, version) => (id, AgentSource::Version(version)),
            AgentChoice::ByConditions => return Box::pin(self.agent_by_conditions(call, contact, globals)).await,
        };
        self.agents.get(&call.tenant, id, source).await
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
            // Flows have addresses of their own.
            let Program::Scenario(scenario) = &agent.program else { continue };
            let input = Input {
                scenario: &scenario.scenario,
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
            entries: if turn.state.is_some() { turn.entries } else { Vec::new() },
            state: turn.state,
        })
    }
}

/// What a turn is about, while it is being taken.
#[derive(Clone, Copy)]
pub(crate) struct Deliberation<'a> {
    pub(crate) call: &'a TurnCall,
    pub(crate) agent: &'a LoadedAgent,
    pub(crate) contact: &'a ContactState,
    pub(crate) globals: &'a Map<String, Value>,
    pub(crate) remembered: &'a Remembered,
    pub(crate) at: Timestamp,
    pub(crate) began: Instant,
    pub(crate) tab: &'a Tab,
}

/// How long after a flow's own limit a turn is given up.
const GRACE: Duration = Duration::from_secs(5);

/// An answer, and what must be durable before it is given.
struct Considered {
    answer: TurnAnswer,
    tenant: TenantId,
    /// None for an answer that was given before, and where nothing happened.
    record: Option<TurnRecord>,
    /// Ids of what was set for the contact and is in the record now.
    presets: Vec<String>,
    /// What the next turn's model reads of this one.
    past: Vec<Past>,
}

impl Considered {
    fn again(answer: TurnAnswer, tenant: TenantId) -> Self {
        Self { answer, tenant, record: None, presets: Vec::new(), past: Vec::new() }
    }
}

/// How a transcript stands that is in no state of a flow.
fn out_of_flow(mut state: Box<TranscriptState>) -> Box<TranscriptState> {
    state.place = None;
    state
}

/// The contact as the turn finds it, and what of it was set since the last one.
fn with_presets<'c>(before: &'c ContactState, waiting: &Waiting) -> (Cow<'c, ContactState>, Map<String, Value>) {
    if waiting.is_empty() && before.presets.is_empty() {
        return (Cow::Borrowed(before), Map::new());
    }
    let mut contact = before.clone();
    let preset = waiting.merge(&mut contact);
    (Cow::Owned(contact), preset)
}

/// Where the conversation is.
pub(crate) struct Remembered {
    pub(crate) transcript: TranscriptId,
    /// Number of the turn that is to be taken.
    pub(crate) turn: u32,
    /// The engine's memory; none at the beginning.
    pub(crate) session: Option<Box<RawValue>>,
    /// How the transcript stands, where that is told.
    pub(crate) state: Option<Box<TranscriptState>>,
    /// How it is going, where that is estimated.
    pub(crate) mood: Option<Mood>,
    /// When the contact last did something with the agent.
    pub(crate) last_at: Timestamp,
}

impl Remembered {
    /// A conversation that is over is followed by a new one of the same contact, unless it is meant itself.
    fn find(stored: Option<StoredSession>, conversation: &mut Conversation) -> Result<Self, TurnError> {
        if let Conversation::New { transcript, state } = conversation {
            let (transcript, state) = (*transcript, Some(std::mem::take(state)));
            return Ok(Self { transcript, turn: 1, session: None, state, mood: None, last_at: Timestamp::default() });
        }
        if let Conversation::Unchanged { turn, .. } = &*conversation
            && stored.as_ref().is_some_and(|stored| stored.turn != *turn)
        {
            return Err(TurnError::GoneOn);
        }
        let is_meant = matches!(conversation, Conversation::This(_) | Conversation::Unchanged { .. });
        match stored {
            None if is_meant => Err(TurnError::UnknownTranscript),
            Some(stored) if is_meant || !stored.closed => Ok(Self {
                transcript: stored.transcript,
                turn: stored.turn + 1,
                session: Some(stored.session),
                state: stored.state.map(Box::new),
                mood: stored.mood,
                last_at: stored.last_at,
            }),
            stored => Ok(Self {
                transcript: TranscriptId(Uuid::now_v7()),
                turn: 1,
                session: None,
                state: None,
                mood: None,
                last_at: stored.map_or_else(Timestamp::default, |stored| stored.last_at),
            }),
        }
    }
}

pub(crate) fn read<T: serde::de::DeserializeOwned>(stored: &RawValue) -> Result<T, TurnError> {
    serde_json::from_str(stored.get()).map_err(|problem| TurnError::Broken(format!("stored state: {problem}")))
}
