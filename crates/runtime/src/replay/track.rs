//! What each turn of a contact begins with, record after record.

use std::collections::{HashMap, HashSet, VecDeque};

use dialogue::{
    engine::{ContactState, HistoryLine},
    flow::engine::{self, Past},
};
use model::{
    AgentId, Timestamp, TranscriptId,
    attribute::{Attribute, FLAG_PREFIX, Provenance},
    record::{Entry, Record, TurnRecord},
    transcript::TranscriptState,
};
use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};

use super::{
    difference::Difference,
    flow,
    record::{Recorded, parsed},
    report::{DifferingTurn, ReplayedConversation},
    scenario,
};
use crate::{
    experiments::{EVALUATED, attribute_of},
    flow::{LINES, of_entries},
    fulfil::{ALL_HISTORY_LINES, HISTORY_LINES, history_line},
    loaded::{LoadedAgent, Program},
};

/// What all turns of a replay share.
pub(super) struct Setting<'a> {
    pub(super) agent: &'a LoadedAgent,
    pub(super) globals: &'a Map<String, Value>,
    pub(super) chained: bool,
}

/// What became of a turn.
pub(super) enum Taken {
    /// It was taken again.
    Again(Vec<Difference>, Option<Left>),
    /// The agent does not decide it.
    Skipped,
}

/// What a replayed turn leaves for the next one.
pub(super) enum Left {
    /// A scenario's.
    Scenario(Box<dialogue::engine::Session>, ContactState),
    /// A flow's.
    Flow(Box<engine::Session>, Box<TranscriptState>, ContactState),
}

/// What a turn begins with.
pub(super) struct Before<'t> {
    /// The engine's memory, as recorded; none at the beginning.
    pub(super) session: Option<&'t RawValue>,
    /// How the transcript stood, where that is told.
    pub(super) state: Option<&'t TranscriptState>,
    /// The contact.
    pub(super) contact: ContactState,
    /// When the contact last did something with the agent.
    pub(super) last_at: Timestamp,
    /// What the replayed turn before left, where turns are chained.
    pub(super) left: Option<&'t Left>,
    /// What was said before.
    pub(super) past: Earlier<'t>,
}

/// A contact's records as they are gone through.
pub(super) struct Track {
    /// The transcripts that are replayed.
    chosen: HashSet<TranscriptId>,
    /// The contact after its latest turn.
    contact: Option<Box<RawValue>>,
    /// When it last did something with the agent.
    last_at: Timestamp,
    standing: HashMap<TranscriptId, Standing>,
    /// The latest records, which hold what was said before.
    earlier: VecDeque<Record>,
    done: Vec<ReplayedConversation>,
    places: HashMap<TranscriptId, usize>,
}

/// How a transcript stands.
struct Standing {
    session: Box<RawValue>,
    state: Option<Box<TranscriptState>>,
    /// Variants that its contact was served in it, by flag.
    variants: HashMap<String, String>,
    left: Option<Left>,
}

/// What the event of an evaluation says.
#[derive(Deserialize)]
struct Evaluation {
    flag: String,
    variant: String,
}

impl Track {
    pub(super) fn of(chosen: HashSet<TranscriptId>) -> Self {
        Self {
            chosen,
            contact: None,
            last_at: Timestamp::default(),
            standing: HashMap::new(),
            earlier: VecDeque::new(),
            done: Vec::new(),
            places: HashMap::new(),
        }
    }

    /// Goes on by some records, oldest first.
    pub(super) fn go_on(&mut self, records: Vec<Record>, setting: &Setting<'_>) {
        for record in records {
            if let Record::Turn(turn) = &record {
                if self.chosen.contains(&turn.transcript) {
                    self.replay(turn, setting);
                }
                self.remember(turn, setting.agent.id);
            }
            self.earlier.push_back(record);
            // Each has a line at least, but for facts without any: as much as an agent reads.
            if self.earlier.len() > 2 * ALL_HISTORY_LINES {
                self.earlier.drain(..ALL_HISTORY_LINES);
            }
        }
    }

    /// What was found.
    pub(super) fn into_conversations(self) -> Vec<ReplayedConversation> {
        self.done
    }

    fn replay(&mut self, turn: &TurnRecord, setting: &Setting<'_>) {
        let taken = self.take(turn, setting).unwrap_or_else(|unreadable| Taken::Again(vec![unreadable], None));
        let place = *self.places.entry(turn.transcript).or_insert_with(|| {
            let transcript = turn.transcript;
            self.done.push(ReplayedConversation { transcript, turns: 0, skipped: 0, differing: Vec::new() });
            self.done.len() - 1
        });
        let conversation = &mut self.done[place];
        let left = match taken {
            Taken::Skipped => {
                conversation.skipped += 1;
                None
            }
            Taken::Again(differences, left) => {
                conversation.turns += 1;
                if !differences.is_empty() {
                    conversation.differing.push(DifferingTurn { turn: turn.turn, differences });
                }
                left
            }
        };
        if setting.chained {
            // After a turn that was not taken to its end, the recorded one is gone on with.
            self.standing.entry(turn.transcript).or_insert_with(|| Standing::after(turn)).left = left;
        }
    }

    fn take(&self, turn: &TurnRecord, setting: &Setting<'_>) -> Result<Taken, Difference> {
        if turn.agent != setting.agent.id {
            return Ok(Taken::Skipped);
        }
        let recorded = Recorded::read(turn)?;
        let standing = self.standing.get(&turn.transcript);
        let mut contact = match &self.contact {
            Some(contact) => parsed(contact)?,
            None => first_contact(turn)?,
        };
        if let Some(Left::Scenario(_, left) | Left::Flow(_, _, left)) = standing.and_then(|one| one.left.as_ref()) {
            let known = std::mem::replace(&mut contact, left.clone());
            // Variants are given from outside: a replayed turn assigns none.
            let names = contact.attributes.keys().filter(|name| name.starts_with(FLAG_PREFIX));
            for name in names.cloned().collect::<Vec<_>>() {
                match known.attributes.get(&name) {
                    Some(assigned) => contact.attributes.insert(name, assigned.clone()),
                    None => contact.attributes.remove(&name),
                };
            }
        }
        for (name, value) in &recorded.journal.preset {
            contact.preset(name, value);
        }
        // What was evaluated in this very turn goes before what earlier ones served.
        for Evaluation { flag, variant } in evaluations(turn) {
            serve(&mut contact, &flag, &variant);
        }
        for (flag, variant) in standing.into_iter().flat_map(|one| &one.variants) {
            serve(&mut contact, flag, variant);
        }
        let before = Before {
            session: standing.map(|one| &*one.session),
            state: standing.and_then(|one| one.state.as_deref()),
            contact,
            last_at: self.last_at,
            left: standing.and_then(|one| one.left.as_ref()),
            past: Earlier { records: &self.earlier, transcript: turn.transcript },
        };
        match &setting.agent.program {
            Program::Scenario(scenario) => scenario::take(&scenario.scenario, &recorded, before, setting),
            Program::Flow(flow) => flow::take(&flow.flow, &recorded, before, setting),
        }
    }

    /// What the next turn begins with.
    fn remember(&mut self, turn: &TurnRecord, agent: AgentId) {
        self.contact = Some(turn.contact_state.clone());
        if turn.agent == agent {
            self.last_at = turn.at;
        }
        if !self.chosen.contains(&turn.transcript) {
            return;
        }
        let standing = self.standing.entry(turn.transcript).or_insert_with(|| Standing::after(turn));
        standing.session.clone_from(&turn.session);
        if turn.state.is_some() {
            standing.state.clone_from(&turn.state);
        }
        standing.variants.extend(evaluations(turn).map(|one| (one.flag, one.variant)));
    }
}

impl Standing {
    fn after(turn: &TurnRecord) -> Self {
        Self { session: turn.session.clone(), state: turn.state.clone(), variants: HashMap::new(), left: None }
    }
}

/// The contact before its first turn that is there. Where earlier ones have expired it is not known: what it was after
/// the turn comes closest.
fn first_contact(turn: &TurnRecord) -> Result<ContactState, Difference> {
    let after: ContactState = parsed(&turn.contact_state)?;
    let is_new = after.first_seen == turn.at || after.first_seen == Timestamp::default();
    Ok(if is_new { ContactState::default() } else { after })
}

fn evaluations(turn: &TurnRecord) -> impl Iterator<Item = Evaluation> {
    let events = turn.events.iter().filter(|event| event.kind == EVALUATED);
    events.filter_map(|event| serde_json::from_str(event.body.get()).ok())
}

/// Gives a contact the variant that it was served; one that it was assigned before stays.
fn serve(contact: &mut ContactState, flag: &str, variant: &str) {
    let name = attribute_of(flag);
    let is_assigned = contact.attributes.get(&name).is_some_and(|held| held.provenance == Provenance::Platform);
    if !is_assigned {
        let variant = Attribute { value: variant.into(), provenance: Provenance::Platform };
        contact.attributes.insert(name, variant);
    }
}

/// What was said before a turn.
pub(super) struct Earlier<'t> {
    records: &'t VecDeque<Record>,
    transcript: TranscriptId,
}

impl Earlier<'_> {
    /// The latest lines as a scenario reads them, oldest first: of the transcript, or all.
    pub(super) fn history(&self, all: bool) -> Vec<HistoryLine> {
        let most = if all { ALL_HISTORY_LINES } else { HISTORY_LINES };
        let mut lines: Vec<_> = self.entries(all).take(most).map(history_line).collect();
        lines.reverse();
        lines
    }

    /// The latest lines of the transcript as a model reads them, oldest first.
    pub(super) fn past(&self, lines: u32) -> Vec<Past> {
        let most = usize::try_from(lines).unwrap_or(LINES).min(LINES);
        // Not each stored line is one that the model reads.
        let mut latest: Vec<&Entry> = self.entries(false).take(LINES * 3).collect();
        latest.reverse();
        let mut lines = of_entries(latest);
        lines.drain(..lines.len().saturating_sub(most));
        lines
    }

    /// Newest first.
    fn entries(&self, all: bool) -> impl Iterator<Item = &Entry> {
        let records = self.records.iter().rev().filter_map(move |record| match record {
            Record::Turn(turn) => (all || turn.transcript == self.transcript).then_some(&turn.entries),
            Record::Fact(fact) => (all || fact.transcript == Some(self.transcript)).then_some(&fact.entries),
            Record::Tombstone(_) | Record::Erasure(_) => None,
        });
        records.flat_map(|entries| entries.iter().rev())
    }
}
