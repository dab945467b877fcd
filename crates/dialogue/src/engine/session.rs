//! What the engine remembers of a transcript between turns.

use model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::scenario::{
    compiled::{CompiledScenario, IntentIx, SceneIx, Side, Target, TurnIx},
    document::Speaker,
};

/// The engine's memory of a transcript.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// Where the conversation stands.
    #[serde(default, skip_serializing_if = "Position::is_start")]
    pub position: Position,
    /// When the visitor last did something; zero before the first turn.
    pub last_at: Timestamp,
}

/// Where a conversation stands, by `od_id`, so that it survives a new version of the scenario.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// Nowhere: the next utterance starts a conversation.
    #[default]
    Start,
    /// After an executed intent.
    After {
        /// Conversation, scene, turn.
        path: [String; 3],
        /// The intent.
        intent: String,
        /// Its side of the turn.
        side: Side,
        /// Who said it.
        speaker: Speaker,
    },
    /// Arrived by a transition, nothing said there yet: conversation, then scene, then turn.
    At {
        /// One to three `od_id`s.
        path: Vec<String>,
    },
}

impl Position {
    fn is_start(&self) -> bool {
        *self == Self::Start
    }
}

/// A [`Position`] found in a compiled scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Start,
    After(IntentIx),
    At(Target),
}

impl Place {
    /// Finds a position; one that the scenario no longer has is the start.
    pub(super) fn find(scenario: &CompiledScenario, position: &Position) -> Self {
        match position {
            Position::Start => Self::Start,
            Position::After { path, intent, side, speaker } => find_turn(scenario, path)
                .and_then(|turn| find_intent(scenario, turn, intent, *side, *speaker))
                .map_or(Self::Start, Self::After),
            Position::At { path } => find_target(scenario, path).map_or(Self::Start, Self::At),
        }
    }

    /// The position to remember.
    pub(super) fn remember(self, scenario: &CompiledScenario) -> Position {
        match self {
            Self::Start | Self::At(Target::Nowhere) => Position::Start,
            Self::After(ix) => {
                let intent = scenario.intent(ix);
                Position::After {
                    path: turn_path(scenario, intent.turn),
                    intent: intent.node.od_id.to_string(),
                    side: intent.side,
                    speaker: intent.speaker,
                }
            }
            Self::At(target) => {
                let path = match target {
                    Target::Conversation(ix) => vec![scenario.conversation(ix).node.od_id.to_string()],
                    Target::Scene(ix) => {
                        let scene = scenario.scene(ix);
                        vec![
                            scenario.conversation(scene.conversation).node.od_id.to_string(),
                            scene.node.od_id.to_string(),
                        ]
                    }
                    Target::Turn(ix) => turn_path(scenario, ix).into(),
                    Target::Nowhere => Vec::new(),
                };
                Position::At { path }
            }
        }
    }

    /// The scene that the conversation is in.
    pub(super) fn scene(self, scenario: &CompiledScenario) -> Option<SceneIx> {
        match self {
            Self::After(ix) => Some(scenario.turn(scenario.intent(ix).turn).scene),
            Self::At(Target::Scene(ix)) => Some(ix),
            Self::At(Target::Turn(ix)) => Some(scenario.turn(ix).scene),
            Self::Start | Self::At(Target::Conversation(_) | Target::Nowhere) => None,
        }
    }

    /// The conversation that it is in.
    pub(super) fn conversation(self, scenario: &CompiledScenario) -> Option<crate::scenario::compiled::ConversationIx> {
        match self {
            Self::At(Target::Conversation(ix)) => Some(ix),
            _ => self.scene(scenario).map(|scene| scenario.scene(scene).conversation),
        }
    }
}

fn turn_path(scenario: &CompiledScenario, ix: TurnIx) -> [String; 3] {
    let turn = scenario.turn(ix);
    let scene = scenario.scene(turn.scene);
    [&scenario.conversation(scene.conversation).node, &scene.node, &turn.node].map(|node| node.od_id.to_string())
}

fn find_target(scenario: &CompiledScenario, path: &[String]) -> Option<Target> {
    match path {
        [conversation] => scenario.conversation_named(conversation).map(Target::Conversation),
        [conversation, scene] => scenario
            .conversation_named(conversation)
            .and_then(|conversation| scenario.scene_named(conversation, scene))
            .map(Target::Scene),
        [conversation, scene, turn] => {
            find_turn(scenario, &[conversation.clone(), scene.clone(), turn.clone()]).map(Target::Turn)
        }
        _ => None,
    }
}

fn find_turn(scenario: &CompiledScenario, [conversation, scene, turn]: &[String; 3]) -> Option<TurnIx> {
    let conversation = scenario.conversation_named(conversation)?;
    let scene = scenario.scene_named(conversation, scene)?;
    scenario.turn_named(scene, turn)
}

fn find_intent(
    scenario: &CompiledScenario,
    turn: TurnIx,
    od_id: &str,
    side: Side,
    speaker: Speaker,
) -> Option<IntentIx> {
    let turn = scenario.turn(turn);
    let side = match side {
        Side::Request => &turn.requests,
        Side::Response => &turn.responses,
    };
    side.iter().copied().find(|ix| {
        let intent = scenario.intent(*ix);
        &*intent.node.od_id == od_id && intent.speaker == speaker
    })
}
