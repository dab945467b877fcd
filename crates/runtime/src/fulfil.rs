//! Answers to what the engine needs.

use dialogue::engine::{ActionResult, Answer, HistoryLine, Interpretation, Interpreted, Need, Participant};
use model::{
    Timestamp, TranscriptId,
    record::{Author, Entry},
};
use serde_json::{Map, Value};
use store::EntryFilter;

use crate::{
    flow::{ENTER_FLOW, Onward},
    loaded::LoadedScenario,
    runtime::Shared,
    turn::{TurnCall, TurnError},
};

/// Most lines of the past that an agent reads, of one transcript.
pub(crate) const HISTORY_LINES: usize = 500;
/// Most lines of the past that an agent reads, of all of a contact's transcripts.
pub(crate) const ALL_HISTORY_LINES: usize = 1_000;
/// Most intents of an interpretation.
const INTERPRETED: usize = 10;

impl Shared {
    /// Finds the answer to a need. What fails is an answer too, where the engine can go on without.
    pub(crate) async fn fulfil(
        &self,
        need: &Need,
        call: &TurnCall,
        agent: &LoadedScenario,
        transcript: TranscriptId,
        now: Timestamp,
        onward: Onward,
    ) -> Result<Answer, TurnError> {
        Ok(match need {
            Need::History { all: false } => {
                let entries =
                    self.store.tenant(&call.tenant).transcript_entries(&transcript, Some(HISTORY_LINES)).await?;
                Answer::History { lines: entries.iter().map(|stored| history_line(&stored.entry)).collect() }
            }
            Need::History { all: true } => {
                let filter = EntryFilter { limit: ALL_HISTORY_LINES, newest_first: true, ..EntryFilter::default() };
                let mut entries = self.store.tenant(&call.tenant).contact_entries(&call.contact, filter).await?;
                entries.reverse();
                Answer::History { lines: entries.iter().map(|stored| history_line(&stored.entry)).collect() }
            }
            Need::Interpret { interpreter, text } => Answer::Interpretation {
                result: match agent.classifiers.get(interpreter) {
                    Some(classifier) => Ok(Interpretation {
                        intents: classifier
                            .classify(text)
                            .into_iter()
                            .take(INTERPRETED)
                            .map(|scored| Interpreted {
                                intent: scored.intent.to_owned(),
                                confidence: f64::from(scored.confidence),
                                attributes: Map::new(),
                                rank: 0,
                            })
                            .collect(),
                    }),
                    None => Err(format!("interpreter `{interpreter}` is not available on this server")),
                },
            },
            // The runtime sees it in the turn's answers, and the flow answers after the scenario.
            Need::Act(action) if &*action.component == ENTER_FLOW => {
                let result = match onward {
                    Onward::IntoFlow => self.may_enter(&call.tenant, &action.configuration).await?,
                    Onward::Nowhere => Err("a flow has just come back: one can be entered in the next turn".to_owned()),
                };
                Answer::Action { result: result.map(|()| ActionResult::default()) }
            }
            Need::Act(action) => Answer::Action { result: run_action(&action.component, &action.configuration, now) },
        })
    }
}

/// Runs a built-in action. References in its settings were filled in by the engine.
fn run_action(component: &str, configuration: &Map<String, Value>, now: Timestamp) -> Result<ActionResult, String> {
    let action =
        functions::action(component).ok_or_else(|| format!("action `{component}` is not available on this server"))?;
    let call = functions::Call { configuration, fill: &|text| Value::String(text.to_owned()), now };
    let outputs = action(&call).map_err(|error| error.to_string())?;
    Ok(ActionResult {
        outputs: outputs.0.into_iter().map(|output| (output.context, output.name, output.value)).collect(),
    })
}

/// A stored line as a scenario reads it.
pub(crate) fn history_line(entry: &Entry) -> HistoryLine {
    HistoryLine {
        participant: match entry.author {
            Author::Contact => Participant::User,
            Author::Agent | Author::Platform | Author::Operator => Participant::App,
        },
        text: entry.text.clone(),
        intent: entry.intent.clone(),
    }
}
