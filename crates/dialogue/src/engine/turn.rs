//! One turn from the visitor's act to the outcome.

use std::sync::Arc;

use model::{
    Timestamp,
    attribute::Provenance,
    inbound::{Act, Inbound},
    message::Message,
};
use serde_json::{Map, Value};

use super::{
    attributes::{ContactState, Memory},
    journal::{Journal, Step},
    ladder::{self, Ladder, NO_MATCH, REACHES, SESSION_EXPIRED, same_intent},
    needs::{Answers, HistoryLine, Need, Participant},
    respond::Answered,
    search::Heard,
    session::{Place, Session},
};
use crate::scenario::{
    compiled::{CompiledScenario, IntentIx, InterpreterIx},
    document::Speaker,
};

/// Everything that a turn depends on, beside the answers to its needs.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The agent.
    pub scenario: &'a CompiledScenario,
    /// What is remembered of the transcript.
    pub session: &'a Session,
    /// What is remembered of the contact.
    pub contact: &'a ContactState,
    /// The contact's id.
    pub contact_id: &'a str,
    /// What the visitor did.
    pub inbound: &'a Inbound,
    /// When.
    pub now: Timestamp,
    /// The tenant's `global` context.
    pub globals: &'a Map<String, Value>,
    /// The channel, as designers see it in `utterance_platform`.
    pub platform: &'a str,
}

/// What a turn comes to.
#[derive(Debug)]
pub struct Outcome {
    /// What the agent says, each with the place of the intent that says it.
    pub said: Vec<Said>,
    /// The intent that the visitor's act matched, and its place.
    pub heard: Option<(Arc<str>, Arc<str>)>,
    /// What to remember of the transcript.
    pub session: Session,
    /// What to remember of the contact.
    pub contact: ContactState,
    /// Whether the conversation is over.
    pub closed: bool,
    /// Why it went as it did.
    pub journal: Journal,
}

/// One thing that the agent says.
#[derive(Debug)]
pub struct Said {
    /// The message.
    pub message: Message,
    /// Conversation, scene and turn of the intent.
    pub place: Arc<str>,
}

/// A turn at work.
pub(super) struct Turn<'a> {
    pub(super) input: &'a Input<'a>,
    pub(super) answers: &'a Answers,
    pub(super) memory: Memory<'a>,
    pub(super) journal: Journal,
    pub(super) spoken: Vec<(IntentIx, Message)>,
    pub(super) heard_intent: Option<IntentIx>,
    pub(super) completed: bool,
    pub(super) virtual_intents: usize,
    pub(super) actions_run: usize,
    pub(super) interpreters_noted: Vec<InterpreterIx>,
}

/// Takes a turn. A followed link is noted and nothing else: it neither moves the conversation nor keeps
/// its session alive.
///
/// # Errors
/// The need that must be answered before the turn can be taken; add the answer and call again.
pub fn take_turn(input: &Input<'_>, answers: &Answers) -> Result<Outcome, Need> {
    let mut turn = Turn::new(input, answers);
    turn.note_visitor();
    if input.inbound.act == Act::Link {
        return Ok(turn.finish(input.session.last_at));
    }
    turn.recall()?;
    let before = turn.memory.place;
    if !turn.react()? {
        turn.journal.note(Step::Unhandled);
        turn.memory.place = before;
        turn.completed = false;
    }
    Ok(turn.finish(input.now))
}

/// Whether the scenario's own conditions hold for a visitor: what chooses among the scenarios of a
/// tenant when the visitor's page names none (row OD-N24).
pub fn accepts(input: &Input<'_>) -> bool {
    let answers = Answers::default();
    let mut turn = Turn::new(input, &answers);
    turn.note_visitor();
    turn.admits()
}

impl<'a> Turn<'a> {
    fn new(input: &'a Input<'a>, answers: &'a Answers) -> Self {
        Self {
            input,
            answers,
            memory: Memory::new(input),
            journal: Journal::default(),
            spoken: Vec::new(),
            heard_intent: None,
            completed: false,
            virtual_intents: 0,
            actions_run: 0,
            interpreters_noted: Vec::new(),
        }
    }

    /// Loads the past, where the scenario reads it; the present utterance is its last line.
    fn recall(&mut self) -> Result<(), Need> {
        let reads = self.input.scenario.reads();
        let with_present = |lines: &[HistoryLine]| {
            let mut lines = lines.to_vec();
            let inbound = self.input.inbound;
            // Its intent is added when it is known.
            if !inbound.text.is_empty() {
                lines.push(HistoryLine { participant: Participant::User, text: inbound.text.clone(), intent: None });
            }
            lines
        };
        let history = if reads.history { Some(with_present(self.answers.history(false)?)) } else { None };
        let all = if reads.message_history { Some(with_present(self.answers.history(true)?)) } else { None };
        if let Some(lines) = history {
            self.memory.remember_history(&lines);
        }
        if let Some(lines) = all {
            self.memory.remember_all_history(&lines);
        }
        Ok(())
    }

    /// Lifts what a token proves of the visitor to the `user` context, then what the client says (row OD-C17):
    /// in this order, so that the client's word on the same name is refused (row DA-A12).
    fn note_visitor(&mut self) {
        let Inbound { verified, visitor, .. } = self.input.inbound;
        let verified = verified.iter().map(|said| (said, Provenance::Token));
        let visitor = visitor.iter().map(|said| (said, Provenance::Browser));
        for ((name, value), provenance) in verified.chain(visitor) {
            if let Err(refused) = self.memory.write("user", name, value, provenance) {
                let attribute = format!("user.{name}").into();
                self.journal.note(Step::Wrote { attribute, refused: Some(refused) });
            }
        }
    }

    /// Lets the agent react; false when nothing handled the act.
    fn react(&mut self) -> Result<bool, Need> {
        if let Some(silence) = self.expired() {
            self.journal.note(Step::SessionExpired { silence });
            return Ok(self.climb(&SESSION_EXPIRED)? || self.no_match()?);
        }
        let inbound = self.input.inbound;
        if let Some(name) = &inbound.intent
            && let Some(ladder) = ladder::named(name)
        {
            return Ok(self.climb(ladder)? || self.start_over(name)? || self.no_match()?);
        }
        let heard = match &inbound.intent {
            Some(intent) => Heard::Named { intent: intent.as_str().into(), attributes: named_attributes(inbound) },
            None => Heard::Text,
        };
        if self.try_at(self.memory.place, &heard)? {
            return Ok(true);
        }
        // The page asked for an intent by name: opening the chat and triggers may start a conversation anew,
        // while typed text and buttons stay where the conversation is.
        if matches!(inbound.act, Act::Open | Act::Trigger)
            && self.heard_intent.is_none()
            && self.memory.place != Place::Start
            && self.try_at(Place::Start, &heard)?
        {
            return Ok(true);
        }
        self.no_match()
    }

    /// Matches what was heard at a place and lets the agent answer.
    fn try_at(&mut self, place: Place, heard: &Heard) -> Result<bool, Need> {
        let candidates = self.available(place, Speaker::User);
        match self.matching(&candidates, heard)? {
            Some(found) => Ok(!matches!(self.follow(found)?, Answered::No)),
            None => Ok(false),
        }
    }

    /// A restart that no designer handles begins the scenario again.
    fn start_over(&mut self, name: &str) -> Result<bool, Need> {
        if !same_intent(name, "intent.core.restart") {
            return Ok(false);
        }
        let welcome = Heard::Named { intent: "intent.core.welcome".into(), attributes: Map::new() };
        self.try_at(Place::Start, &welcome)
    }

    /// The no-match ladder. A restart or end-chat act that found nothing comes here too.
    fn no_match(&mut self) -> Result<bool, Need> {
        self.climb(&NO_MATCH)
    }

    /// Looks for a ladder's intents, wider at each rung; the first that is handled wins. Each rung is
    /// tried once, so a handler without an answer leads up and not round in a circle.
    pub(super) fn climb(&mut self, ladder: &Ladder) -> Result<bool, Need> {
        let from = self.memory.place;
        for (name, reach) in ladder.rungs.iter().zip(REACHES) {
            self.journal.note(Step::Rung { intent: name.clone() });
            let candidates = self.handlers(from, reach, name);
            let heard = Heard::Named { intent: name.clone(), attributes: Map::new() };
            if let Some(found) = self.matching(&candidates, &heard)?
                && !matches!(self.follow(found)?, Answered::No)
            {
                return Ok(true);
            }
            self.memory.place = from;
        }
        Ok(false)
    }

    /// Seconds of silence, when the session has expired (spec/opendialog.md §2.7).
    fn expired(&self) -> Option<i64> {
        let last = self.input.session.last_at;
        if last == Timestamp::default() {
            return None;
        }
        let silence = self.input.now.0 - last.0;
        let lifetime = self.memory.session_lifetime()?;
        (silence > lifetime).then_some(silence / 1_000_000)
    }

    fn finish(self, last_at: Timestamp) -> Outcome {
        let scenario = self.input.scenario;
        let described = |ix: IntentIx| {
            let intent = scenario.intent(ix);
            (intent.node.od_id.clone(), intent.place.clone())
        };
        let closed = self.completed && self.memory.place == Place::Start;
        Outcome {
            said: self
                .spoken
                .into_iter()
                .map(|(ix, message)| Said { message, place: scenario.intent(ix).place.clone() })
                .collect(),
            heard: self.heard_intent.map(described),
            session: Session { position: self.memory.place.remember(scenario), last_at },
            contact: self.memory.into_contact(),
            closed,
            journal: self.journal,
        }
    }
}

/// Attributes that a button's value, a form's fields or its files carry (spec/opendialog.md §2.5).
fn named_attributes(inbound: &Inbound) -> Map<String, Value> {
    let mut attributes = inbound.fields.clone();
    attributes.extend(inbound.files.clone());
    // The value of an opening is the address of the page, which says nothing of the visitor.
    let value = inbound.value.as_deref().filter(|value| !value.is_empty() && inbound.act != Act::Open);
    if let Some(value) = value {
        let (name, value) = button_value(value);
        attributes.insert(name, value.into());
    }
    attributes
}

/// `a.b` is attribute `a` = `b`; without a dot, or with more than one, all of it is `callback_value`;
/// `\.` is a dot that does not separate (row OD-N42).
fn button_value(text: &str) -> (String, String) {
    const ESCAPED: &str = "\u{0}";
    let held = text.replace("\\.", ESCAPED);
    let unescape = |part: &str| part.replace(ESCAPED, ".");
    match held.split_once('.') {
        Some((name, value)) if !value.contains('.') && !name.is_empty() => (unescape(name), unescape(value)),
        _ => ("callback_value".to_owned(), unescape(&held)),
    }
}
