//! References between objects of a scenario: `$path:scenario/conversation/scene/turn`, or a bare
//! `od_id` that is looked up from where it stands.

use std::collections::{HashMap, HashSet};

use super::document::{Scenario, Transition};

/// What a reference by path begins with.
pub const PATH_PREFIX: &str = "$path:";

/// An object of the tree, by its indexes from the top.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// A conversation.
    Conversation(usize),
    /// A scene.
    Scene(usize, usize),
    /// A turn.
    Turn(usize, usize, usize),
}

/// Where all objects of one scenario are.
#[derive(Debug)]
pub struct Places<'d> {
    scenario: &'d str,
    conversations: HashMap<&'d str, usize>,
    scenes: HashMap<(usize, &'d str), usize>,
    turns: HashMap<(usize, usize, &'d str), usize>,
}

impl<'d> Places<'d> {
    /// Of a scenario.
    pub fn of(scenario: &'d Scenario) -> Self {
        let mut places = Self {
            scenario: &scenario.common.od_id,
            conversations: HashMap::new(),
            scenes: HashMap::new(),
            turns: HashMap::new(),
        };
        for (c, conversation) in scenario.conversations.iter().enumerate() {
            places.conversations.entry(&conversation.common.od_id).or_insert(c);
            for (s, scene) in conversation.scenes.iter().enumerate() {
                places.scenes.entry((c, &scene.common.od_id)).or_insert(s);
                for (t, turn) in scene.turns.iter().enumerate() {
                    places.turns.entry((c, s, &turn.common.od_id)).or_insert(t);
                }
            }
        }
        places
    }

    /// What a transition on an intent of a conversation's scene leads to: the deepest target given.
    /// Bare ids are looked up in the parent that the transition names, else in the one it stands in.
    /// `None`: it leads nowhere.
    pub fn target(&self, transition: &Transition, conversation: usize, scene: usize) -> Option<Place> {
        let mut place = None;
        if let Some(text) = &transition.conversation {
            place = Some(match text.strip_prefix(PATH_PREFIX) {
                Some(path) => self.by_path(path).filter(|place| matches!(place, Place::Conversation(_)))?,
                None => Place::Conversation(*self.conversations.get(text.as_str())?),
            });
        }
        if let Some(text) = &transition.scene {
            let found = match text.strip_prefix(PATH_PREFIX) {
                Some(path) => self.by_path(path).filter(|place| matches!(place, Place::Scene(..)))?,
                None => {
                    let parent = if let Some(Place::Conversation(c)) = place { c } else { conversation };
                    Place::Scene(parent, *self.scenes.get(&(parent, text.as_str()))?)
                }
            };
            place = Some(deeper(place, found)?);
        }
        if let Some(text) = &transition.turn {
            let found = match text.strip_prefix(PATH_PREFIX) {
                Some(path) => self.by_path(path).filter(|place| matches!(place, Place::Turn(..)))?,
                None => {
                    let (c, s) = match place {
                        Some(Place::Scene(c, s)) => (c, s),
                        // A turn of another conversation cannot be told without its scene.
                        Some(_) => return None,
                        None => (conversation, scene),
                    };
                    Place::Turn(c, s, *self.turns.get(&(c, s, text.as_str()))?)
                }
            };
            place = Some(deeper(place, found)?);
        }
        place
    }

    fn by_path(&self, path: &str) -> Option<Place> {
        let mut parts = path.split('/');
        if parts.next()? != self.scenario {
            return None;
        }
        let c = *self.conversations.get(parts.next()?)?;
        let Some(scene) = parts.next() else { return Some(Place::Conversation(c)) };
        let s = *self.scenes.get(&(c, scene))?;
        let Some(turn) = parts.next() else { return Some(Place::Scene(c, s)) };
        let t = *self.turns.get(&(c, s, turn))?;
        parts.next().is_none().then_some(Place::Turn(c, s, t))
    }
}

/// The deeper of two, when it lies within the other.
fn deeper(outer: Option<Place>, inner: Place) -> Option<Place> {
    let agrees = match (outer, inner) {
        (None, _) => true,
        (Some(Place::Conversation(a)), Place::Scene(b, _) | Place::Turn(b, ..)) => a == b,
        (Some(Place::Scene(a, x)), Place::Turn(b, y, _)) => (a, x) == (b, y),
        _ => false,
    };
    agrees.then_some(inner)
}

/// All paths that a reference may name, from the scenario down to its intents, without the prefix.
pub(super) fn all_paths(scenario: &Scenario) -> HashSet<String> {
    let root = &scenario.common.od_id;
    let mut paths = HashSet::from([root.clone()]);
    for conversation in &scenario.conversations {
        let conversation_path = format!("{root}/{}", conversation.common.od_id);
        for scene in &conversation.scenes {
            let scene_path = format!("{conversation_path}/{}", scene.common.od_id);
            for turn in &scene.turns {
                let turn_path = format!("{scene_path}/{}", turn.common.od_id);
                for intent in turn.request_intents.iter().chain(&turn.response_intents) {
                    paths.insert(format!("{turn_path}/{}", intent.common.od_id));
                }
                paths.insert(turn_path);
            }
            paths.insert(scene_path);
        }
        paths.insert(conversation_path);
    }
    paths
}
