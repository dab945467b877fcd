//! Turns in which a flow takes part: alone, sent by a scenario, or beside one that is with people.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use dialogue::{
    engine::{Answer, Answers, ContactState, Input, Need, Session},
    flow::engine::{self, Entered, Outcome},
};
use model::{
    AgentId, TenantId, Timestamp,
    attribute::{Attribute, Provenance},
    inbound::{Act, Inbound},
    transcript::{TranscriptState, TranscriptStatus},
};
use serde_json::{Map, Value};

use super::{
    ENTER_FLOW,
    turn::{FlowCall, FlowTurn},
    visit::{Entering, Kept, Onward, Visit},
};
use crate::{
    loaded::{AgentSource, LoadedAgent, Program},
    record::{Part, Taken, raw},
    runtime::Shared,
    turn::{Deliberation, TurnError, read},
};

impl Shared {
    /// A turn with a flow.
    pub(crate) async fn with_flow(&self, deliberation: &Deliberation<'_>) -> Result<Taken, TurnError> {
        let Deliberation { call, agent, contact, remembered, at, .. } = *deliberation;
        let Program::Flow(flow) = &agent.program else {
            return Err(TurnError::Broken("this agent is no flow".to_owned()));
        };
        let session = match &remembered.session {
            Some(session) => read(session)?,
            None => engine::Session::default(),
        };
        let state = standing(deliberation);
        let memory = memory(contact, agent.id);
        if remembered.turn == 1 {
            self.past.put(remembered.transcript, []);
        }
        let turn = self
            .take_flow_turn(&FlowCall {
                call,
                flow,
                inbound: &call.inbound,
                transcript: remembered.transcript,
                state: &state,
                session: &session,
                in_scenario: false,
                entered: None,
                memory: &memory,
                now: at,
                began: deliberation.began,
                deadline: self.deadline(deliberation.began),
                tab: deliberation.tab,
            })
            .await?;
        let mut taken = Taken { contact: seen(contact, at), ..Taken::default() };
        if turn.outcome.lines.is_empty() && call.inbound.act == Act::Intervene {
            // To do again what is done already is no turn.
            taken.state = Some(Box::new(turn.outcome.transcript));
            return Ok(taken);
        }
        taken.session = Some(raw(&turn.outcome.session)?);
        taken.closed = turn.outcome.closed;
        taken.add(turn, agent.id, agent.version);
        Ok(taken)
    }

    /// A turn of a conversation that a scenario sent into a flow.
    pub(crate) async fn in_visit(
        &self,
        deliberation: &Deliberation<'_>,
        session: Session,
        visit: Visit,
    ) -> Result<Taken, TurnError> {
        let mut taken = Taken { contact: seen(deliberation.contact, deliberation.at), ..Taken::default() };
        let state = standing(deliberation);
        self.visit(deliberation, session, visit, state, None, &mut taken).await?;
        Ok(taken)
    }

    /// A scenario sends the conversation into a flow, which answers in the same turn.
    pub(crate) async fn enter_flow(
        &self,
        deliberation: &Deliberation<'_>,
        session: Session,
        entering: Entering,
        taken: &mut Taken,
    ) -> Result<(), TurnError> {
        let entered = Entered { parameters: entering.parameters };
        let version = self.entered(&deliberation.call.tenant, entering.flow).await?.version;
        let visit = Visit { flow: entering.flow, version, session: engine::Session::default() };
        let state = standing(deliberation);
        self.visit(deliberation, session, visit, state, Some(&entered), taken).await
    }

    /// Whether an action of a scenario can enter the flow that its settings name. Where it cannot, the action has failed
    /// and the scenario goes on.
    pub(crate) async fn may_enter(
        &self,
        tenant: &TenantId,
        configuration: &Map<String, Value>,
    ) -> Result<Result<(), String>, TurnError> {
        let flow = match Entering::read(configuration) {
            Ok(entering) => entering.flow,
            Err(problem) => return Ok(Err(problem)),
        };
        match self.entered(tenant, flow).await {
            Ok(_) => Ok(Ok(())),
            Err(TurnError::UnknownAgent) => Ok(Err(format!("there is no flow {flow}"))),
            Err(TurnError::Broken(problem)) => Ok(Err(format!("flow {flow} cannot be run: {problem}"))),
            Err(error) => Err(error),
        }
    }

    /// The flow that a scenario enters: its version in service, or its draft while it has none.
    async fn entered(&self, tenant: &TenantId, flow: AgentId) -> Result<Arc<LoadedAgent>, TurnError> {
        let loaded = match self.agents.get(tenant, flow, AgentSource::Active).await {
            Err(TurnError::NoActiveVersion) => self.agents.get(tenant, flow, AgentSource::Draft).await?,
            loaded => loaded?,
        };
        if matches!(loaded.program, Program::Flow(_)) { Ok(loaded) } else { Err(TurnError::UnknownAgent) }
    }

    /// Whether the flow that a conversation visits is still there.
    pub(crate) async fn is_there(&self, tenant: &TenantId, visit: &Visit) -> Result<bool, TurnError> {
        match self.agents.get(tenant, visit.flow, visit.source()).await {
            Ok(_) => Ok(true),
            Err(TurnError::UnknownAgent) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn visit(
        &self,
        deliberation: &Deliberation<'_>,
        mut session: Session,
        mut visit: Visit,
        state: TranscriptState,
        entered: Option<&Entered>,
        taken: &mut Taken,
    ) -> Result<(), TurnError> {
        let Deliberation { call, remembered, at, .. } = *deliberation;
        let loaded = self.agents.get(&call.tenant, visit.flow, visit.source()).await?;
        let Program::Flow(flow) = &loaded.program else {
            return Err(TurnError::Broken(format!("agent {} is no flow", visit.flow)));
        };
        // The act that sent the conversation here was heard by the scenario; words are the flow's to answer.
        let inbound = match call.inbound.act {
            Act::Text | Act::LongText | Act::Form | Act::Button => call.inbound.clone(),
            _ if entered.is_some() => Inbound::new(Act::Open),
            _ => call.inbound.clone(),
        };
        let inbound = Inbound { visitor: serde_json::Map::new(), ..inbound };
        let memory = memory(deliberation.contact, visit.flow);
        let turn = self
            .take_flow_turn(&FlowCall {
                call,
                flow,
                inbound: &inbound,
                transcript: remembered.transcript,
                state: &state,
                session: &visit.session,
                in_scenario: true,
                entered,
                memory: &memory,
                now: at,
                began: deliberation.began,
                deadline: self.deadline(deliberation.began),
                tab: deliberation.tab,
            })
            .await?;
        session.last_at = at;
        let Outcome { closed, ref returned, session: ref after, .. } = turn.outcome;
        visit.session.clone_from(after);
        let returned = returned.clone();
        let is_over = closed || returned.is_some();
        taken.add(turn, visit.flow, visit.version);
        if !is_over {
            taken.session = Some(raw(&Kept::new(session, Some(Box::new(visit))))?);
            return Ok(());
        }
        if let Some(state) = &mut taken.state {
            state.place = None;
            if state.status == TranscriptStatus::Completed {
                // The flow has ended, the conversation has not.
                state.status = TranscriptStatus::InProgress;
                state.ended_at = None;
            }
        }
        match returned {
            Some(intent) => self.return_to_scenario(deliberation, session, intent, taken).await,
            None => {
                taken.session = Some(raw(&session)?);
                Ok(())
            }
        }
    }

    /// The scenario goes on as if the customer had meant an intent.
    async fn return_to_scenario(
        &self,
        deliberation: &Deliberation<'_>,
        session: Session,
        intent: String,
        taken: &mut Taken,
    ) -> Result<(), TurnError> {
        let Deliberation { call, agent, remembered, at, .. } = *deliberation;
        let Program::Scenario(scenario) = &agent.program else {
            return Err(TurnError::Broken("a flow returned to no scenario".to_owned()));
        };
        let inbound = Inbound { visitor: call.inbound.visitor.clone(), ..Inbound::intent(Act::Trigger, intent) };
        let contact = std::mem::take(&mut taken.contact);
        let input = Input {
            scenario: &scenario.scenario,
            session: &session,
            contact: &contact,
            contact_id: call.contact.as_str(),
            inbound: &inbound,
            now: at,
            globals: deliberation.globals,
            platform: call.platform,
        };
        let (outcome, answers) = self.deliberate(call, scenario, remembered.transcript, input, Onward::Nowhere).await?;
        taken.parts.push(Part::Said(outcome.said));
        taken.heard = taken.heard.take().or(outcome.heard);
        taken.session = Some(raw(&outcome.session)?);
        taken.closed = outcome.closed;
        taken.contact = outcome.contact;
        taken.scenario.get_or_insert((outcome.journal, answers));
        if outcome.closed
            && let Some(state) = &mut taken.state
        {
            state.status = TranscriptStatus::Completed;
            state.ended_at = Some(at);
        }
        Ok(())
    }

    fn deadline(&self, began: Instant) -> Instant {
        began + self.options.flow_timeout.max(Duration::from_secs(1))
    }
}

impl Taken {
    fn add(&mut self, turn: FlowTurn, flow: AgentId, version: u32) {
        let place = turn.outcome.transcript.place.clone();
        self.state = Some(Box::new(turn.outcome.transcript.clone()));
        if let Some(facts) = &turn.outcome.memory {
            remember(&mut self.contact, flow, facts);
        }
        let (lines, ids, journal) = turn.into_parts(flow, version);
        self.parts.push(Part::Lines(lines, ids, place));
        self.flows.push(journal);
    }
}

/// What people do to a conversation with a scenario, and what its customer says while people have it: the scenario is
/// silent.
pub(crate) fn beside_scenario(deliberation: &Deliberation<'_>, kept: Kept) -> Result<Taken, TurnError> {
    let Deliberation { call, contact, remembered, at, .. } = *deliberation;
    let mut state = standing(deliberation);
    let mut taken = Taken { contact: contact.clone(), ..Taken::default() };
    if let Some(intervention) = &call.inbound.intervention {
        if remembered.state.is_none() && remembered.session.is_none() {
            return Err(TurnError::UnknownTranscript);
        }
        let lines = engine::intervene(&mut state, intervention, &call.inbound.text, at).map_err(TurnError::Refused)?;
        if lines.is_empty() {
            taken.state = Some(Box::new(state));
            return Ok(taken);
        }
        taken.parts.push(Part::Lines(lines, std::collections::HashMap::new(), None));
    } else {
        taken.contact = seen(contact, at);
    }
    taken.session = Some(raw(&kept)?);
    taken.closed = !state.status.is_open();
    taken.state = Some(Box::new(state));
    Ok(taken)
}

/// Whether an act leaves the flow that a scenario sent the conversation to: the scenario's controls do.
pub(crate) fn leaves(inbound: &Inbound) -> bool {
    inbound.act == Act::Trigger
}

/// Whether an action of the scenario's turn sends the conversation into a flow.
pub(crate) fn entering(answers: &Answers) -> Option<Entering> {
    answers.iter().find_map(|(need, answer)| match (need, answer) {
        (Need::Act(action), Answer::Action { result: Ok(_) }) if &*action.component == ENTER_FLOW => {
            Entering::read(&action.configuration).ok()
        }
        _ => None,
    })
}

/// How the transcript stands before the turn.
fn standing(deliberation: &Deliberation<'_>) -> TranscriptState {
    match &deliberation.remembered.state {
        Some(state) => (**state).clone(),
        None => TranscriptState { channel: "web".to_owned(), ..TranscriptState::default() },
    }
}

/// The contact after it did something.
fn seen(contact: &ContactState, at: Timestamp) -> ContactState {
    let first_seen = if contact.first_seen == Timestamp::default() { at } else { contact.first_seen };
    ContactState { first_seen, last_seen: at, ..contact.clone() }
}

/// The attribute in which a flow's memory of a contact is: it is read, exported and erased as any other.
pub(crate) fn memory_attribute(flow: AgentId) -> String {
    format!("agent_memory_{flow}")
}

/// What a flow remembers of a contact.
pub(crate) fn memory(contact: &ContactState, flow: AgentId) -> Vec<String> {
    let held = contact.attributes.get(&memory_attribute(flow)).filter(|held| held.provenance > Provenance::Token);
    let facts = held.and_then(|held| held.value.as_array()).into_iter().flatten();
    facts.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn remember(contact: &mut ContactState, flow: AgentId, facts: &[String]) {
    let name = memory_attribute(flow);
    if facts.is_empty() {
        contact.attributes.remove(&name);
        return;
    }
    contact.attributes.insert(name, Attribute { value: facts.to_vec().into(), provenance: Provenance::Function });
}
