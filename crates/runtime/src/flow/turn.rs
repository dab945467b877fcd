//! One turn of a flow, from the act to the outcome: runs the engine until nothing is missing, and stops it when a
//! person takes over.

use std::{collections::HashMap, time::Instant};

use dialogue::flow::engine::{Answer, Answers, Entered, Input, Outcome, Session, Stop, take_turn};
use model::{EntryId, Timestamp, TranscriptId, inbound::Inbound, transcript::TranscriptState};

use crate::{
    loaded::LoadedFlow,
    runtime::Shared,
    turn::{TurnCall, TurnError},
    usage::Tab,
};

/// Most steps of one turn: each need is asked for once, and the engine bounds their number.
const MAX_NEEDS: usize = 128;

/// What a flow's turn depends on.
pub(crate) struct FlowCall<'a> {
    pub(crate) call: &'a TurnCall,
    pub(crate) flow: &'a LoadedFlow,
    /// What was done; a scenario that sends the conversation here may have heard it first.
    pub(crate) inbound: &'a Inbound,
    pub(crate) transcript: TranscriptId,
    pub(crate) state: &'a TranscriptState,
    pub(crate) session: &'a Session,
    pub(crate) in_scenario: bool,
    pub(crate) entered: Option<&'a Entered>,
    pub(crate) memory: &'a [String],
    pub(crate) now: Timestamp,
    /// When the act arrived.
    pub(crate) began: Instant,
    /// When the customer must have been answered.
    pub(crate) deadline: Instant,
    /// Where it is noted what models take, moderation included.
    pub(crate) tab: &'a Tab,
}

/// What a flow's turn comes to.
pub(crate) struct FlowTurn {
    pub(crate) outcome: Outcome,
    pub(crate) answers: Answers,
    /// The ids of what completions said: what was streamed of it has them already.
    pub(crate) ids: HashMap<usize, EntryId>,
}

impl Shared {
    /// Runs the engine until nothing is missing.
    pub(crate) async fn take_flow_turn(&self, flow_call: &FlowCall<'_>) -> Result<FlowTurn, TurnError> {
        let thought = self.thinking.begin(flow_call.transcript);
        let transcript = flow_call.transcript.to_string();
        let input = Input {
            flow: &flow_call.flow.flow,
            session: flow_call.session,
            transcript: flow_call.state,
            inbound: flow_call.inbound,
            in_scenario: flow_call.in_scenario,
            entered: flow_call.entered,
            memory: flow_call.memory,
            now: flow_call.now,
            transcript_id: &transcript,
            contact_id: flow_call.call.contact.as_str(),
        };
        let mut answers = Answers::default();
        let mut ids = HashMap::new();
        for _ in 0..MAX_NEEDS {
            match take_turn(&input, &answers) {
                Ok(outcome) => return Ok(FlowTurn { outcome, answers, ids }),
                Err(Stop::Refused(refused)) => return Err(TurnError::Refused(refused)),
                Err(Stop::Need(need)) => {
                    let answer = tokio::select! {
                        biased;
                        () = thought.interrupted(), if need.yields() => Answer::Interrupted,
                        answer = self.fulfil_flow(&need, flow_call, &mut ids) => answer?,
                    };
                    answers.add(*need, answer);
                }
            }
        }
        Err(TurnError::Broken(format!("a turn asked for more than {MAX_NEEDS} things")))
    }
}
