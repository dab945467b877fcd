//! Where a conversation can go: starting paths, transitions, unreachable turns, speakers that follow
//! themselves (row OD-N35).

use super::{IntentAt, View};
use crate::scenario::{
    document::{Behavior, Speaker, Turn},
    problem::Problem,
    reference::Place,
};

pub(super) fn check(view: &View<'_>, problems: &mut Vec<Problem>) {
    starting_paths(view, problems);
    transitions(view, problems);
    same_speaker(view, problems);
    unreachable(view, problems);
}

fn starting_paths(view: &View<'_>, problems: &mut Vec<Problem>) {
    let mut something_starts = false;
    for (c, conversation) in view.scenario.conversations.iter().enumerate() {
        if !conversation.common.is(Behavior::Starting) {
            continue;
        }
        let mut scenes =
            view.scenes_of(c).filter(|&scene| view.scenes[scene].scene.common.is(Behavior::Starting)).peekable();
        if scenes.peek().is_none() {
            problems.push(Problem::warning(
                format!("conversations[{c}]"),
                "It is a starting conversation without a starting scene.",
                "Give one of its scenes the behavior STARTING.",
            ));
        }
        for scene in scenes {
            let starts = view.scenes[scene].scene.turns.iter().any(|turn| turn.common.is(Behavior::Starting));
            something_starts |= starts;
            if !starts {
                problems.push(Problem::warning(
                    view.scenes[scene].to_string(),
                    "It is a starting scene without a starting turn.",
                    "Give one of its turns the behavior STARTING.",
                ));
            }
        }
    }
    if !something_starts {
        problems.push(Problem::error(
            "conversations",
            "Nothing can start: no starting conversation has a starting scene with a starting turn.",
            "Give a conversation, a scene in it and a turn in that the behavior STARTING.",
        ));
    }
}

fn transitions(view: &View<'_>, problems: &mut Vec<Problem>) {
    for at in view.intents.iter().filter(|at| at.intent.transition.is_some()) {
        let Some(place) = view.target(at) else {
            problems.push(Problem::error(
                format!("{at}.transition"),
                "The transition leads nowhere: there is no such place.",
                "Name a conversation, a scene of it or a turn of that, by od_id or by $path:.",
            ));
            continue;
        };
        let turns = arrivals(view, place);
        if turns.is_empty() {
            problems.push(Problem::error(
                format!("{at}.transition"),
                "The transition leads where nothing starts.",
                "Give the target a starting scene with a starting turn, or lead to a turn.",
            ));
        } else if !turns.iter().any(|&turn| answers(view.turns[turn].turn, at.intent.speaker)) {
            problems.push(check_your_behavior(
                format!("{at}.transition"),
                at.intent.speaker,
                "Lead to a turn with an intent of the other speaker.",
            ));
        }
    }
}

/// The turns that are considered on arrival.
pub(super) fn arrivals(view: &View<'_>, place: Place) -> Vec<usize> {
    let starting = |scene: usize| {
        view.turns_of(scene).filter(|&turn| view.turns[turn].turn.common.is(Behavior::Starting)).collect::<Vec<_>>()
    };
    match place {
        Place::Conversation(c) => view
            .scenes_of(c)
            .filter(|&scene| view.scenes[scene].scene.common.is(Behavior::Starting))
            .flat_map(starting)
            .collect(),
        Place::Scene(c, s) => starting(view.scene_index(c, s)),
        Place::Turn(c, s, t) => vec![view.turn_index(c, s, t)],
    }
}

/// Whether the participant opposite to a speaker can open a turn.
fn answers(turn: &Turn, speaker: Speaker) -> bool {
    turn.request_intents.iter().any(|intent| intent.speaker != speaker)
}

fn same_speaker(view: &View<'_>, problems: &mut Vec<Problem>) {
    for at in view.intents.iter().filter(|at| at.side == "response_intents") {
        let requests = &at.at.turn.request_intents;
        if !requests.is_empty() && requests.iter().all(|request| request.speaker == at.intent.speaker) {
            problems.push(check_your_behavior(
                at.to_string(),
                at.intent.speaker,
                "Participants alternate within a turn: give the response to the other speaker, or move it to its own turn.",
            ));
        }
    }
}

fn check_your_behavior(path: String, speaker: Speaker, remedy: &str) -> Problem {
    let speaker = if speaker == Speaker::User { "USER" } else { "APP" };
    Problem::error(path, format!("Two intents of {speaker} follow each other: check your behavior."), remedy)
}

/// Marks what can be reached, beginning with what starts.
struct Reach<'v, 'd> {
    view: &'v View<'d>,
    conversations: Vec<bool>,
    scenes: Vec<bool>,
    turns: Vec<bool>,
    /// Turns whose transitions have not been followed.
    open: Vec<usize>,
}

/// How far around the position the handler of a reserved intent is looked for.
#[derive(PartialEq, Eq)]
enum Reserved {
    InScene,
    InConversation,
    Anywhere,
}

impl Reach<'_, '_> {
    fn enter(&mut self, turn: usize) {
        if !std::mem::replace(&mut self.turns[turn], true) {
            self.open.push(turn);
            self.join(self.view.turns[turn].scene);
        }
    }

    /// The position is in a scene: its open turns and handlers can follow.
    fn join(&mut self, scene: usize) {
        if std::mem::replace(&mut self.scenes[scene], true) {
            return;
        }
        for turn in self.view.turns_of(scene) {
            let at = self.view.turns[turn].turn;
            let follows = at.common.is(Behavior::Open) || !at.valid_origins.is_empty();
            if follows || handles(at, &Reserved::InScene) {
                self.enter(turn);
            }
        }
        let c = self.view.scenes[scene].c;
        if !std::mem::replace(&mut self.conversations[c], true) {
            for scene in self.view.scenes_of(c) {
                for turn in self.view.turns_of(scene) {
                    if handles(self.view.turns[turn].turn, &Reserved::InConversation) {
                        self.enter(turn);
                    }
                }
            }
        }
    }
}

/// Whether a turn handles one of the events that climb a ladder (spec/opendialog.md §2.1.2).
fn handles(turn: &Turn, reach: &Reserved) -> bool {
    let mut intents = turn.request_intents.iter().filter(|intent| intent.speaker == Speaker::User);
    intents.any(|intent| {
        let Some(name) = intent.common.od_id.strip_prefix("intent.core.") else { return false };
        let levels = [
            ("Turn", Reserved::InScene),
            ("Scene", Reserved::InConversation),
            ("Conversation", Reserved::Anywhere),
            ("", Reserved::Anywhere),
        ];
        let found = levels.into_iter().find_map(|(prefix, level)| Some((name.strip_prefix(prefix)?, level)));
        found.is_some_and(|(event, level)| {
            let climbs = ["nomatch", "restart", "endchat", "sessionexpired"];
            level == *reach && climbs.contains(&event.to_lowercase().as_str())
        })
    })
}

/// Reports each conversation, else scene, else turn that cannot be reached: the highest level says all.
fn unreachable(view: &View<'_>, problems: &mut Vec<Problem>) {
    let mut reach = Reach {
        view,
        conversations: vec![false; view.scenario.conversations.len()],
        scenes: vec![false; view.scenes.len()],
        turns: vec![false; view.turns.len()],
        open: Vec::new(),
    };
    for (c, conversation) in view.scenario.conversations.iter().enumerate() {
        if conversation.common.is(Behavior::Starting) {
            arrivals(view, Place::Conversation(c)).into_iter().for_each(|turn| reach.enter(turn));
        }
    }
    for (turn, at) in view.turns.iter().enumerate() {
        if handles(at.turn, &Reserved::Anywhere) {
            reach.enter(turn);
        }
    }
    let mut by_turn: Vec<Vec<&IntentAt<'_>>> = vec![Vec::new(); view.turns.len()];
    for at in view.intents.iter().filter(|at| at.intent.transition.is_some()) {
        by_turn[at.turn].push(at);
    }
    let mut followed = std::collections::HashSet::new();
    while let Some(turn) = reach.open.pop() {
        for at in &by_turn[turn] {
            if let Some(place) = view.target(at)
                && followed.insert(place)
            {
                arrivals(view, place).into_iter().for_each(|turn| reach.enter(turn));
            }
        }
    }

    for (c, conversation) in view.scenario.conversations.iter().enumerate() {
        let reached = |scene: usize| view.turns_of(scene).any(|turn| reach.turns[turn]);
        let has_turns = view.scenes_of(c).any(|scene| !view.turns_of(scene).is_empty());
        if has_turns && !view.scenes_of(c).any(reached) {
            problems.push(not_reached(format!("conversations[{c}]"), "conversation", &conversation.common.od_id));
            continue;
        }
        for scene in view.scenes_of(c) {
            let at = view.scenes[scene];
            if !view.turns_of(scene).is_empty() && !reached(scene) {
                problems.push(not_reached(at.to_string(), "scene", &at.scene.common.od_id));
                continue;
            }
            for turn in view.turns_of(scene).filter(|&turn| !reach.turns[turn]) {
                let at = view.turns[turn];
                problems.push(not_reached(at.to_string(), "turn", &at.turn.common.od_id));
            }
        }
    }
}

fn not_reached(path: String, kind: &str, od_id: &str) -> Problem {
    Problem::warning(
        path,
        format!("The {kind} {od_id} can never be reached."),
        "Give it the behavior STARTING or OPEN, or a transition that leads to it.",
    )
}
