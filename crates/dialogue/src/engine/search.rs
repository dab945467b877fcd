//! Which intents are available at a place, and which of them an utterance matches
//! (spec/opendialog.md §2.2 rules 1 to 3, §2.3).

use std::{cmp::Ordering, sync::Arc};

use serde_json::{Map, Value};

use super::{
    journal::{Reason, Step},
    ladder::{Reach, same_intent},
    needs::{Interpreted, Need},
    session::Place,
    turn::Turn,
};
use crate::scenario::{
    compiled::{ConversationIx, Gate, IntentIx, InterpreterKind, Node, Ranking, SceneIx, Side, Target, TurnIx},
    document::Speaker,
};

/// What is to be matched against the visitor's intents.
#[derive(Debug, Clone)]
pub(super) enum Heard {
    /// An intent named by a button, a form, a trigger, a virtual intent or a ladder.
    Named { intent: Arc<str>, attributes: Map<String, Value> },
    /// Free text.
    Text,
}

/// A visitor's intent that matched.
#[derive(Debug)]
pub(super) struct Match {
    pub(super) intent: IntentIx,
    pub(super) confidence: f64,
    pub(super) attributes: Map<String, Value>,
    /// Whether the visitor named it (then its attributes are kept without being expected).
    pub(super) named: bool,
    rank: u8,
}

impl Turn<'_> {
    /// Intents of a speaker that are available at a place, in design order.
    pub(super) fn available(&mut self, place: Place, speaker: Speaker) -> Vec<IntentIx> {
        let mut found = Vec::new();
        if !self.admits() {
            return found;
        }
        match place {
            Place::Start => {
                for conversation in self.conversations() {
                    self.starting_conversation(conversation, speaker, &mut found);
                }
            }
            Place::At(target) => {
                found = self.openings(target, speaker);
                // Arrived within a scene: its open turns are there for the visitor's next utterance too.
                if let (Target::Turn(turn), Speaker::User) = (target, speaker) {
                    let scene = self.input.scenario.turn(turn).scene;
                    if self.opens_above(scene) {
                        self.later_turns(scene, speaker, |_, ix, node| node.open && ix != turn, &mut found);
                    }
                }
            }
            Place::After(last) => self.after(last, speaker, &mut found),
        }
        found
    }

    /// Intents of a speaker with which the target of a transition begins.
    pub(super) fn openings(&mut self, target: Target, speaker: Speaker) -> Vec<IntentIx> {
        let mut found = Vec::new();
        match target {
            Target::Conversation(conversation) => self.starting_scenes(conversation, speaker, &mut found),
            Target::Scene(scene) => {
                if self.opens_above(scene) {
                    self.starting_turns(scene, speaker, &mut found);
                }
            }
            Target::Turn(turn) => {
                if self.opens_above(self.input.scenario.turn(turn).scene) {
                    self.requests(turn, speaker, &mut found);
                }
            }
            Target::Nowhere => {}
        }
        found
    }

    fn after(&mut self, last: IntentIx, speaker: Speaker, found: &mut Vec<IntentIx>) {
        let scenario = self.input.scenario;
        let intent = scenario.intent(last);
        let current = intent.turn;
        let scene = scenario.turn(current).scene;
        if !self.opens_above(scene) {
            return;
        }
        let awaits_answer = intent.side == Side::Request && intent.speaker != speaker;
        if awaits_answer && self.opens("turn", &scenario.turn(current).node) {
            found.extend(self.of(speaker, &scenario.turn(current).responses));
        }
        // "Open turns are considered only after the starting turn is over" (§2.2 rule 2); a turn that is
        // both may always be joined (row OD-N05).
        let starting_turn_runs = awaits_answer && speaker == Speaker::User && scenario.turn(current).node.starting;
        let origin = intent.node.od_id.clone();
        self.later_turns(
            scene,
            speaker,
            |turn, ix, node| {
                if ix == current && speaker == Speaker::App {
                    return false;
                }
                let joinable = if starting_turn_runs { node.open && node.starting } else { node.open };
                joinable || turn.valid_origins.iter().any(|valid| **valid == *origin)
            },
            found,
        );
    }

    /// Intents that handle a reserved name within a reach, whatever the behaviours above them.
    pub(super) fn handlers(&mut self, place: Place, reach: Reach, name: &str) -> Vec<IntentIx> {
        let scenario = self.input.scenario;
        let (here_scene, here_conversation) = (place.scene(scenario), place.conversation(scenario));
        let awaited = match place {
            Place::After(last) if scenario.intent(last).speaker == Speaker::App => Some(scenario.intent(last).turn),
            _ => None,
        };
        let mut found = Vec::new();
        for ix in scenario.handlers(name) {
            let intent = scenario.intent(*ix);
            let scene = scenario.turn(intent.turn).scene;
            let within = match reach {
                Reach::Scene => Some(scene) == here_scene,
                Reach::Conversation => Some(scenario.scene(scene).conversation) == here_conversation,
                Reach::Scenario => place != Place::Start,
                Reach::Global => true,
            };
            // A response is only said in answer to its own turn's request.
            let sayable = intent.side == Side::Request || (reach == Reach::Scene && awaited == Some(intent.turn));
            if within
                && sayable
                && self.admits()
                && self.opens_above(scene)
                && self.opens("turn", &scenario.turn(intent.turn).node)
            {
                found.push(*ix);
            }
        }
        // What answers the agent's own question comes first.
        found.sort_by_key(|ix| scenario.intent(*ix).side == Side::Request);
        found
    }

    fn conversations(&self) -> impl Iterator<Item = ConversationIx> + use<> {
        (0..self.input.scenario.conversations.len()).map(ConversationIx::at)
    }

    fn starting_conversation(&mut self, ix: ConversationIx, speaker: Speaker, found: &mut Vec<IntentIx>) {
        if self.input.scenario.conversation(ix).node.starting {
            self.starting_scenes(ix, speaker, found);
        }
    }

    fn starting_scenes(&mut self, ix: ConversationIx, speaker: Speaker, found: &mut Vec<IntentIx>) {
        let conversation = self.input.scenario.conversation(ix);
        if !self.opens("conversation", &conversation.node) {
            return;
        }
        for scene in &conversation.scenes {
            let node = &self.input.scenario.scene(*scene).node;
            if node.starting && self.opens("scene", node) {
                self.starting_turns(*scene, speaker, found);
            }
        }
    }

    fn starting_turns(&mut self, scene: SceneIx, speaker: Speaker, found: &mut Vec<IntentIx>) {
        self.later_turns(scene, speaker, |_, _, node| node.starting, found);
    }

    fn later_turns(
        &mut self,
        scene: SceneIx,
        speaker: Speaker,
        joinable: impl Fn(&crate::scenario::compiled::Turn, TurnIx, &Node) -> bool,
        found: &mut Vec<IntentIx>,
    ) {
        for ix in &self.input.scenario.scene(scene).turns {
            let turn = self.input.scenario.turn(*ix);
            if joinable(turn, *ix, &turn.node) {
                self.requests(*ix, speaker, found);
            }
        }
    }

    fn requests(&mut self, ix: TurnIx, speaker: Speaker, found: &mut Vec<IntentIx>) {
        let turn = self.input.scenario.turn(ix);
        if turn.requests.iter().any(|ix| self.input.scenario.intent(*ix).speaker == speaker)
            && self.opens("turn", &turn.node)
        {
            found.extend(self.of(speaker, &turn.requests));
        }
    }

    fn of<'s>(&self, speaker: Speaker, intents: &'s [IntentIx]) -> impl Iterator<Item = IntentIx> + use<'s, '_> {
        let scenario = self.input.scenario;
        intents.iter().copied().filter(move |ix| scenario.intent(*ix).speaker == speaker)
    }

    /// Whether the scenario is open to the visitor at present.
    pub(super) fn admits(&mut self) -> bool {
        self.opens("scenario", &self.input.scenario.root)
    }

    /// Whether the conversation and the scene above a turn are open to visitors at present.
    fn opens_above(&mut self, scene: SceneIx) -> bool {
        let scene = self.input.scenario.scene(scene);
        let conversation = &self.input.scenario.conversation(scene.conversation).node;
        self.opens("conversation", conversation) && self.opens("scene", &scene.node)
    }

    /// Evaluates the gate of an object above intents (row OD-N25).
    fn opens(&mut self, level: &'static str, node: &Node) -> bool {
        if node.conditions.is_empty() {
            return true;
        }
        let mut conditions = Vec::new();
        let (open, broken) = match &node.conditions {
            Gate::Conditions(gate) => (gate.evaluate(&self.memory, &mut conditions), None),
            Gate::Broken(why) => (false, Some(why.clone())),
        };
        if !open {
            self.journal.note(Step::Closed { level, id: node.od_id.clone(), conditions, broken });
        }
        open
    }

    /// Whether an intent's own conditions hold; notes what was seen.
    pub(super) fn eligible(&mut self, ix: IntentIx) -> bool {
        let intent = self.input.scenario.intent(ix);
        let mut conditions = Vec::new();
        let refused = match &intent.node.conditions {
            Gate::Conditions(gate) if gate.is_empty() || gate.evaluate(&self.memory, &mut conditions) => None,
            Gate::Conditions(_) => Some(Reason::Conditions),
            Gate::Broken(why) => Some(Reason::Broken(why.clone())),
        };
        let eligible = refused.is_none();
        self.candidate(ix, refused, conditions);
        eligible
    }

    fn candidate(&mut self, ix: IntentIx, refused: Option<Reason>, conditions: Vec<crate::expression::SeenCondition>) {
        let intent = self.input.scenario.intent(ix);
        self.journal.note(Step::Candidate {
            intent: intent.node.od_id.clone(),
            place: intent.place.clone(),
            refused,
            conditions,
        });
    }

    /// The visitor's intent that was meant, of those available. Intents of a priority interpreter are
    /// tried first, the others only when none of them matches (row OD-N39).
    pub(super) fn matching(&mut self, candidates: &[IntentIx], heard: &Heard) -> Result<Option<Match>, Need> {
        let scenario = self.input.scenario;
        let (first, rest): (Vec<IntentIx>, Vec<IntentIx>) = candidates.iter().partition(|ix| {
            let intent = scenario.intent(**ix);
            intent.priority == Some(intent.interpreter)
        });
        let mut not_meant = Vec::new();
        for tier in [first, rest] {
            let mut best: Option<Match> = None;
            for ix in tier {
                if let Some(found) = self.try_match(ix, heard, &mut not_meant)?
                    && best.as_ref().is_none_or(|best| self.ranks_before(&found, best))
                {
                    best = Some(found);
                }
            }
            if best.is_some() {
                self.note_not_meant(not_meant);
                return Ok(best);
            }
        }
        self.note_not_meant(not_meant);
        Ok(None)
    }

    fn note_not_meant(&mut self, intents: Vec<Arc<str>>) {
        if !intents.is_empty() {
            self.journal.note(Step::NotMeant { intents });
        }
    }

    fn try_match(&mut self, ix: IntentIx, heard: &Heard, not_meant: &mut Vec<Arc<str>>) -> Result<Option<Match>, Need> {
        let intent = self.input.scenario.intent(ix);
        let Some(interpreted) = self.interpretation(ix, heard)? else {
            not_meant.push(intent.node.od_id.clone());
            return Ok(None);
        };
        let (confidence, least) = (interpreted.confidence, intent.confidence);
        if confidence < least {
            self.candidate(ix, Some(Reason::Confidence { got: confidence, least }), Vec::new());
            return Ok(None);
        }
        let mut readable = interpreted.attributes.clone();
        readable.insert("confidence".into(), confidence.into());
        readable.insert("intent".into(), interpreted.intent.clone().into());
        self.memory.interpretation = Some(readable);
        let eligible = self.eligible(ix);
        self.memory.interpretation = None;
        Ok(eligible.then(|| Match {
            intent: ix,
            confidence,
            attributes: interpreted.attributes,
            named: matches!(heard, Heard::Named { .. }),
            rank: interpreted.rank,
        }))
    }

    /// What the intent's interpreter makes of what was heard, if it means this intent. An intent that
    /// was named matches by its name whatever its interpreter (rows OD-N41, OD-W11).
    fn interpretation(&mut self, ix: IntentIx, heard: &Heard) -> Result<Option<Interpreted>, Need> {
        let intent = self.input.scenario.intent(ix);
        match heard {
            Heard::Named { intent: name, attributes } => Ok(same_intent(&intent.node.od_id, name).then(|| {
                Interpreted { intent: name.to_string(), confidence: 1.0, attributes: attributes.clone(), rank: 0 }
            })),
            Heard::Text => {
                let interpreter = self.input.scenario.interpreter(intent.interpreter);
                if interpreter.kind == InterpreterKind::Callback {
                    return Ok(None);
                }
                let result = self.answers.interpretation(&interpreter.name, &self.input.inbound.text)?;
                if !self.interpreters_noted.contains(&intent.interpreter) {
                    self.interpreters_noted.push(intent.interpreter);
                    let (intents, error) = match result {
                        Ok(found) => {
                            (found.intents.iter().take(5).map(|i| (i.intent.clone(), i.confidence)).collect(), None)
                        }
                        Err(error) => (Vec::new(), Some(error.clone())),
                    };
                    self.journal.note(Step::Interpreted { interpreter: interpreter.name.clone(), intents, error });
                }
                Ok(result.as_ref().ok().and_then(|found| {
                    found.intents.iter().find(|interpreted| *interpreted.intent == *intent.node.od_id).cloned()
                }))
            }
        }
    }

    /// Whether a match wins against an earlier one in the design (spec/opendialog.md §0.3, conflict 3).
    fn ranks_before(&self, later: &Match, earlier: &Match) -> bool {
        if later.rank != earlier.rank {
            return later.rank < earlier.rank;
        }
        let ranking = |found: &Match| {
            self.input.scenario.interpreter(self.input.scenario.intent(found.intent).interpreter).ranking
        };
        if ranking(later) != Ranking::Confidence || ranking(earlier) != Ranking::Confidence {
            return false;
        }
        match later.confidence.total_cmp(&earlier.confidence) {
            Ordering::Greater => true,
            Ordering::Equal => later.attributes.len() > earlier.attributes.len(),
            Ordering::Less => false,
        }
    }
}
