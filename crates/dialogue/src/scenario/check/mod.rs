//! The static check: what will not work, or not as it was meant, found before anybody talks to it.
//!
//! Every pass is linear in the size of the document. A pass knows one kind of mistake; a mistake is
//! an error when part of the scenario cannot work, and a warning when a page, a channel or an
//! integration could still make it work.

mod flow;
mod markup;
mod matching;
mod reading;
mod virtual_chain;

use std::fmt;

use super::{
    document::{Conversation, Intent, MessageTemplate, Scenario, Scene, Speaker, Turn},
    problem::Problem,
    reference::{Place, Places},
};

/// Problems that are reported of one scenario; more help nobody.
const MAX_PROBLEMS: usize = 1000;

/// Everything that is wrong with a scenario that was read.
pub fn check(scenario: &Scenario) -> Vec<Problem> {
    let view = View::of(scenario);
    let facts = markup::Facts::of(&view);
    let mut problems = Vec::new();
    flow::check(&view, &mut problems);
    virtual_chain::check(&view, &mut problems);
    matching::check(&view, &facts, &mut problems);
    reading::check(&view, &facts, &mut problems);
    problems.truncate(MAX_PROBLEMS);
    problems
}

/// A scenario with its turns and intents in flat lists, in design order.
struct View<'d> {
    scenario: &'d Scenario,
    places: Places<'d>,
    scenes: Vec<SceneAt<'d>>,
    turns: Vec<TurnAt<'d>>,
    intents: Vec<IntentAt<'d>>,
    /// Index in `scenes` of the first scene of each conversation.
    first_scene: Vec<usize>,
    /// Index in `turns` of the first turn of each scene in `scenes`.
    first_turn: Vec<usize>,
}

#[derive(Clone, Copy)]
struct SceneAt<'d> {
    c: usize,
    s: usize,
    scene: &'d Scene,
}

#[derive(Clone, Copy)]
struct TurnAt<'d> {
    c: usize,
    s: usize,
    t: usize,
    /// Index in the view's scenes.
    scene: usize,
    turn: &'d Turn,
}

#[derive(Clone, Copy)]
struct IntentAt<'d> {
    /// Index in the view's turns.
    turn: usize,
    at: TurnAt<'d>,
    side: &'static str,
    i: usize,
    intent: &'d Intent,
}

impl fmt::Display for SceneAt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "conversations[{}].scenes[{}]", self.c, self.s)
    }
}

impl fmt::Display for TurnAt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "conversations[{}].scenes[{}].turns[{}]", self.c, self.s, self.t)
    }
}

impl fmt::Display for IntentAt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}[{}]", self.at, self.side, self.i)
    }
}

impl<'d> View<'d> {
    fn of(scenario: &'d Scenario) -> Self {
        let mut view = Self {
            scenario,
            places: Places::of(scenario),
            scenes: Vec::new(),
            turns: Vec::new(),
            intents: Vec::new(),
            first_scene: Vec::new(),
            first_turn: Vec::new(),
        };
        for (c, conversation) in scenario.conversations.iter().enumerate() {
            view.first_scene.push(view.scenes.len());
            for (s, scene) in conversation.scenes.iter().enumerate() {
                view.first_turn.push(view.turns.len());
                for (t, turn) in scene.turns.iter().enumerate() {
                    let at = TurnAt { c, s, t, scene: view.scenes.len(), turn };
                    let sides =
                        [("request_intents", &turn.request_intents), ("response_intents", &turn.response_intents)];
                    for (side, intents) in sides {
                        for (i, intent) in intents.iter().enumerate() {
                            view.intents.push(IntentAt { turn: view.turns.len(), at, side, i, intent });
                        }
                    }
                    view.turns.push(at);
                }
                view.scenes.push(SceneAt { c, s, scene });
            }
        }
        view
    }

    fn conversation(&self, c: usize) -> &'d Conversation {
        &self.scenario.conversations[c]
    }

    /// Indexes of the scenes of a conversation.
    fn scenes_of(&self, c: usize) -> std::ops::Range<usize> {
        let first = self.first_scene[c];
        first..first + self.conversation(c).scenes.len()
    }

    /// Indexes of the turns of a scene.
    fn turns_of(&self, scene: usize) -> std::ops::Range<usize> {
        let first = self.first_turn[scene];
        first..first + self.scenes[scene].scene.turns.len()
    }

    fn scene_index(&self, c: usize, s: usize) -> usize {
        self.first_scene[c] + s
    }

    fn turn_index(&self, c: usize, s: usize, t: usize) -> usize {
        self.first_turn[self.scene_index(c, s)] + t
    }

    /// Where an intent's transition leads; `None` when it has none or leads nowhere.
    fn target(&self, at: &IntentAt<'d>) -> Option<Place> {
        let transition = at.intent.transition.as_ref()?;
        self.places.target(transition, at.at.c, at.at.s)
    }

    /// The message templates, with the intents whose they are and their places in those.
    fn templates(&self) -> impl Iterator<Item = (&IntentAt<'d>, usize, &'d MessageTemplate)> {
        self.intents.iter().flat_map(|at| {
            at.intent.message_templates.iter().enumerate().map(move |(number, template)| (at, number, template))
        })
    }

    /// The visitor's intents.
    fn of_visitor(&self) -> impl Iterator<Item = &IntentAt<'d>> {
        self.intents.iter().filter(|at| at.intent.speaker == Speaker::User)
    }
}

/// Intents that Parlance itself raises (spec/opendialog.md §2.1.2).
fn is_reserved(od_id: &str) -> bool {
    od_id.starts_with("intent.core.")
}
