//! A flow's turn, taken again.

use std::collections::VecDeque;

use dialogue::flow::{
    compiled::CompiledFlow,
    engine::{
        Answer, Answers, Call, Completion, Input, Line, LineBody, Need, Outcome, Purpose, Session, Stop, take_turn,
    },
};
use model::{
    attribute::Provenance,
    chat::Role,
    record::{Author, Entry},
    transcript::TranscriptState,
};
use serde_json::{Map, Value};

use super::{
    difference::{Difference, apart, cut, line_changes},
    record::{FlowAnswer, Recorded, StoredCompletion, parsed},
    track::{Before, Earlier, Left, Setting, Taken},
};
use crate::flow::memory;

/// Most answers of a turn; the runtime has the same bound.
const MAX_NEEDS: usize = 128;

/// Takes a turn again and compares.
pub(super) fn take(
    flow: &CompiledFlow,
    recorded: &Recorded<'_>,
    before: Before<'_>,
    setting: &Setting<'_>,
) -> Result<Taken, Difference> {
    let Some((inbound, _)) = &recorded.inbound else { return Ok(Taken::Skipped) };
    let Some(of_flow) = recorded.journal.flows.first() else { return Ok(Taken::Skipped) };
    if of_flow.flow != setting.agent.id {
        return Ok(Taken::Skipped);
    }
    let (session, state) = match (before.left, before.session) {
        (Some(Left::Flow(session, state, _)), _) => ((**session).clone(), (**state).clone()),
        (_, Some(session)) => (parsed::<Session>(session)?, before.state.cloned().unwrap_or_default()),
        (_, None) => (Session::default(), first_state(recorded)),
    };
    let memory = memory(&before.contact, setting.agent.id);
    let transcript = recorded.record.transcript.to_string();
    let input = Input {
        flow,
        session: &session,
        transcript: &state,
        inbound,
        in_scenario: false,
        entered: None,
        memory: &memory,
        now: recorded.record.at,
        transcript_id: &transcript,
        contact_id: recorded.record.contact.as_str(),
    };
    let mut given = Given::of(of_flow.answers()?);
    let outcome = match run(&input, &mut given, &before.past) {
        Ok(outcome) => outcome,
        Err(last) => return Ok(Taken::Again(given.differences.into_iter().chain([last]).collect(), None)),
    };
    let mut differences = given.settle();
    differences.extend(lines(recorded.lines(), &outcome.lines)?);
    stands(flow, recorded, &outcome, &mut differences)?;
    let left = Left::Flow(Box::new(outcome.session), Box::new(outcome.transcript), before.contact);
    Ok(Taken::Again(differences, Some(left)))
}

/// How the transcript stood before its first turn. That is not recorded: what channels set and turns do not is as it
/// was after it, and of the context what no function added.
fn first_state(recorded: &Recorded<'_>) -> TranscriptState {
    let Some(after) = recorded.record.state.as_deref() else { return TranscriptState::default() };
    let parameters = after.parameters.iter().filter(|(_, held)| held.provenance != Provenance::Function);
    TranscriptState {
        channel: after.channel.clone(),
        endpoint: after.endpoint.clone(),
        test: after.test,
        contact_name: after.contact_name.clone(),
        language: after.language.clone(),
        parameters: parameters.map(|(name, held)| (name.clone(), held.clone())).collect(),
        ..TranscriptState::default()
    }
}

fn run(input: &Input<'_>, given: &mut Given, past: &Earlier<'_>) -> Result<Outcome, Difference> {
    for _ in 0..MAX_NEEDS {
        let need = match take_turn(input, &given.answers) {
            Ok(outcome) => return Ok(outcome),
            Err(Stop::Refused(refused)) => return Err(Difference::Refused { reason: refused.to_string() }),
            Err(Stop::Need(need)) => *need,
        };
        let answer = match &need {
            Need::History { lines } => Some(Answer::History { lines: past.past(*lines) }),
            Need::Complete(completion) => given.complete(completion),
            Need::Call(call) => given.call(call),
            Need::Passages { .. } | Need::Guard { .. } => given.look_up(&need),
        };
        let Some(answer) = answer else { return Err(Difference::AsksForNew { what: in_words(&need) }) };
        given.answers.add(need, answer);
    }
    Err(Difference::AsksForNew { what: format!("more than {MAX_NEEDS} things") })
}

/// The recorded answers, as they are given again.
struct Given {
    answers: Answers,
    /// What was recorded and not asked for yet.
    completions: VecDeque<StoredCompletion>,
    others: VecDeque<(Need, Answer)>,
    differences: Vec<Difference>,
}

impl Given {
    fn of(recorded: Vec<FlowAnswer>) -> Self {
        let mut given = Self {
            answers: Answers::default(),
            completions: VecDeque::new(),
            others: VecDeque::new(),
            differences: Vec::new(),
        };
        for answer in recorded {
            match answer {
                FlowAnswer::Completion(completion) => given.completions.push_back(*completion),
                FlowAnswer::Other(other) => given.others.push_back(*other),
            }
        }
        given
    }

    /// What the model said at this place, for the same purpose. What it is told now is compared with what it was told.
    fn complete(&mut self, now: &Completion) -> Option<Answer> {
        let fits = |one: &StoredCompletion| one.ordinal == now.ordinal && one.purpose == now.purpose;
        let at = self.completions.iter().position(fits)?;
        let StoredCompletion { messages, tools, answer, .. } = self.completions.remove(at)?;
        let instructions = |messages: &[model::chat::ChatMessage]| {
            let first = messages.first().filter(|message| message.role == Role::System);
            first.map(|message| message.content.clone()).unwrap_or_default()
        };
        let (before, after) = (instructions(&messages), instructions(&now.request.messages));
        if before != after {
            let changes = line_changes(&before, &after);
            self.differences.push(Difference::Prompt { completion: now.ordinal, changes });
        }
        let offered: Vec<&str> = now.request.tools.iter().map(|tool| tool.name.as_str()).collect();
        let added: Vec<String> =
            offered.iter().filter(|tool| !tools.iter().any(|had| had == *tool)).map(ToString::to_string).collect();
        let removed: Vec<String> = tools.into_iter().filter(|had| !offered.contains(&had.as_str())).collect();
        if !added.is_empty() || !removed.is_empty() {
            self.differences.push(Difference::Tools { completion: now.ordinal, added, removed });
        }
        Some(answer)
    }

    /// What a function of this name gave back: of several calls the one at the same place.
    fn call(&mut self, now: &Call) -> Option<Answer> {
        let fits = |(need, _): &(Need, Answer)| matches!(need, Need::Call(call) if call.name == now.name);
        let here = |(need, _): &(Need, Answer)| matches!(need, Need::Call(call) if call.ordinal == now.ordinal);
        let exact = self.others.iter().position(|one| fits(one) && here(one));
        let at = exact.or_else(|| self.others.iter().position(fits))?;
        let (need, answer) = self.others.remove(at)?;
        if let Need::Call(call) = need {
            for (part, before, after) in [
                ("", &call.parameters, &now.parameters),
                ("context of ", &call.internal_parameters, &now.internal_parameters),
            ] {
                if before != after {
                    self.differences.push(Difference::GivenOtherwise {
                        what: format!("{part}function {}", now.name),
                        recorded: given_to(before),
                        now: given_to(after),
                    });
                }
            }
        }
        Some(answer)
    }

    /// What was found for a question, or of a text.
    fn look_up(&mut self, now: &Need) -> Option<Answer> {
        let fits = |(need, _): &(Need, Answer)| match (need, now) {
            (Need::Passages { .. }, Need::Passages { .. }) => true,
            (Need::Guard { guard, text, .. }, Need::Guard { guard: asked, text: said, .. }) => {
                guard == asked && text == said
            }
            _ => false,
        };
        let at = self.others.iter().position(fits)?;
        let (need, answer) = self.others.remove(at)?;
        if let (Need::Passages { query, .. }, Need::Passages { query: asked, .. }) = (&need, now)
            && query != asked
        {
            self.differences.push(Difference::GivenOtherwise {
                what: "the search for passages".to_owned(),
                recorded: cut(query),
                now: cut(asked),
            });
        }
        Some(answer)
    }

    /// What differs in what was asked for.
    fn settle(self) -> Vec<Difference> {
        let completions = self.completions.iter().map(|one| asked_for(one.purpose).to_owned());
        let others = self.others.iter().map(|(need, _)| in_words(need));
        let gone = completions.chain(others).map(|what| Difference::NoLongerAsks { what });
        self.differences.into_iter().chain(gone).collect()
    }
}

fn given_to(values: &Map<String, Value>) -> String {
    cut(&values.iter().map(|(name, value)| format!("{name} = {value}")).collect::<Vec<_>>().join(", "))
}

const fn asked_for(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Answer => "the model's words",
        Purpose::Rewrite => "a question for the search",
        Purpose::CallReason => "what the conversation was about",
        Purpose::CallReview => "how the conversation went",
        Purpose::Memory => "what to remember of the conversation",
    }
}

fn in_words(need: &Need) -> String {
    match need {
        Need::History { .. } => "what was said before".to_owned(),
        Need::Complete(completion) => {
            format!("{} (completion {})", asked_for(completion.purpose), completion.ordinal)
        }
        Need::Call(call) => format!("function {}", call.name),
        Need::Passages { query, .. } => format!("passages for `{}`", cut(query)),
        Need::Guard { text, .. } => format!("guardrails on `{}`", cut(text)),
    }
}

/// A line, as it is compared.
#[derive(PartialEq)]
struct Told {
    author: Author,
    kind: String,
    text: String,
    body: Value,
}

impl Told {
    fn shown(&self) -> String {
        let who = self.author.as_str();
        match self.kind.as_str() {
            "text" => format!("{who}: {}", cut(&self.text)),
            kind => format!("{kind}: {}", cut(&self.body.to_string())),
        }
    }
}

fn lines(recorded: &[Entry], now: &[Line]) -> Result<Vec<Difference>, Difference> {
    let unreadable = |problem: serde_json::Error| Difference::Unreadable { problem: problem.to_string() };
    let mut before = Vec::with_capacity(recorded.len());
    for entry in recorded {
        before.push(Told {
            author: entry.author,
            kind: entry.kind.clone(),
            text: entry.text.clone(),
            body: parsed(&entry.body)?,
        });
    }
    let mut after = Vec::with_capacity(now.len());
    for line in now {
        let body = match &line.body {
            LineBody::Message(message) => serde_json::to_value(message).map_err(unreadable)?,
            LineBody::Json(body) => body.clone(),
        };
        after.push(Told { author: line.author, kind: line.kind.to_owned(), text: line.text.clone(), body });
    }
    Ok(apart(&before, &after, |left, right| left == right, Told::shown))
}

/// Where the conversation stands afterwards, and whether it is over.
fn stands(
    flow: &CompiledFlow,
    recorded: &Recorded<'_>,
    outcome: &Outcome,
    differences: &mut Vec<Difference>,
) -> Result<(), Difference> {
    let before: Session = parsed(&recorded.record.session)?;
    if before.state != outcome.session.state {
        let named = |id: &Option<String>| match id {
            None => "no state".to_owned(),
            Some(id) => flow.state(id).map_or_else(|| format!("state {id}"), |state| format!("state {}", state.name)),
        };
        let (recorded, now) = (named(&before.state), named(&outcome.session.state));
        differences.push(Difference::Stands { recorded, now });
    }
    if let Some(state) = recorded.record.state.as_deref()
        && state.status != outcome.transcript.status
    {
        let named = |state: &TranscriptState| format!("status {}", state.status.as_str());
        differences.push(Difference::Stands { recorded: named(state), now: named(&outcome.transcript) });
    }
    if recorded.record.closed != outcome.closed {
        differences.push(Difference::Over { recorded: recorded.record.closed, now: outcome.closed });
    }
    Ok(())
}
