//! A scenario's turn, taken again.

use dialogue::{
    engine::{Answer, Answers, Input, Need, Outcome, Position, Session, take_turn},
    scenario::compiled::CompiledScenario,
};
use model::{
    message::Message,
    record::{Author, Entry},
    transcript::Control,
};
use serde_json::{Map, Value};

use super::{
    difference::{Difference, apart, cut},
    record::{Recorded, parsed},
    track::{Before, Left, Setting, Taken},
};
use crate::flow::{self, ENTER_FLOW, Kept};

/// Most answers of a turn; the runtime has the same bound.
const MAX_NEEDS: usize = 256;

/// Takes a turn again and compares.
pub(super) fn take(
    scenario: &CompiledScenario,
    recorded: &Recorded<'_>,
    before: Before<'_>,
    setting: &Setting<'_>,
) -> Result<Taken, Difference> {
    let Some((inbound, entry)) = &recorded.inbound else { return Ok(Taken::Skipped) };
    if before.state.is_some_and(|state| state.control != Control::Agent) {
        return Ok(Taken::Skipped);
    }
    let (mut session, visit) = match before.session {
        Some(session) => parsed::<Kept>(session)?.split(),
        None => (Session { position: Position::Start, last_at: before.last_at }, None),
    };
    if visit.is_some() && !flow::leaves(inbound) {
        return Ok(Taken::Skipped);
    }
    if let Some(Left::Scenario(left, _)) = before.left {
        session.clone_from(left);
    }
    let input = Input {
        scenario,
        session: &session,
        contact: &before.contact,
        contact_id: recorded.record.contact.as_str(),
        inbound,
        now: recorded.record.at,
        globals: setting.globals,
        platform: platform(recorded),
    };
    let mut given = Given::of(recorded)?;
    let outcome = match run(&input, &mut given, &before) {
        Ok(outcome) => outcome,
        Err(new) => return Ok(Taken::Again(given.differences.into_iter().chain([new]).collect(), None)),
    };
    let mut differences = given.settle();
    heard(recorded, entry, &outcome, &mut differences);
    let in_flow = !recorded.journal.flows.is_empty();
    said(recorded.lines(), &outcome, in_flow, &mut differences)?;
    // Of a turn that goes on in a flow, where it ends is the flow's matter.
    if !in_flow {
        stands(recorded, &outcome, &mut differences)?;
    }
    Ok(Taken::Again(differences, Some(Left::Scenario(Box::new(outcome.session), outcome.contact))))
}

/// The channel by its name for designers, which follows from the address that was called.
fn platform(recorded: &Recorded<'_>) -> &'static str {
    match recorded.record.request.url.as_str() {
        url if url.contains("/preview/") => "preview",
        url if url.contains("/v2/webchat") => "web",
        _ => "webchat",
    }
}

fn run(input: &Input<'_>, given: &mut Given, before: &Before<'_>) -> Result<Outcome, Difference> {
    for _ in 0..MAX_NEEDS {
        let need = match take_turn(input, &given.answers) {
            Ok(outcome) => return Ok(outcome),
            Err(need) => need,
        };
        let answer = match &need {
            Need::History { all } => Some(Answer::History { lines: before.past.history(*all) }),
            Need::Interpret { .. } => None,
            Need::Act(_) => given.act(&need),
        };
        let Some(answer) = answer else { return Err(Difference::AsksForNew { what: in_words(&need) }) };
        given.answers.add(need, answer);
    }
    Err(Difference::AsksForNew { what: format!("more than {MAX_NEEDS} things") })
}

/// The recorded answers, as they are given again.
struct Given {
    answers: Answers,
    /// Actions that were recorded and not asked for yet.
    actions: Vec<(Need, Answer)>,
    differences: Vec<Difference>,
}

impl Given {
    fn of(recorded: &Recorded<'_>) -> Result<Self, Difference> {
        let mut given = Self { answers: Answers::default(), actions: Vec::new(), differences: Vec::new() };
        for (need, answer) in recorded.journal.answers::<Need, Answer>()? {
            match need {
                // What a text means to an interpreter is found by both.
                Need::Interpret { .. } => given.answers.add(need, answer),
                Need::Act(_) => given.actions.push((need, answer)),
                Need::History { .. } => {}
            }
        }
        Ok(given)
    }

    /// What an action gave: the one of the same name, and of several the one at the same place.
    fn act(&mut self, need: &Need) -> Option<Answer> {
        let Need::Act(wanted) = need else { return None };
        let fits = |(need, _): &(Need, Answer)| match need {
            Need::Act(call) => call.action == wanted.action && call.component == wanted.component,
            _ => false,
        };
        let here = |(need, _): &(Need, Answer)| matches!(need, Need::Act(call) if call.ordinal == wanted.ordinal);
        let exact = self.actions.iter().position(|one| fits(one) && here(one));
        let at = exact.or_else(|| self.actions.iter().position(fits))?;
        let (call, answer) = self.actions.remove(at);
        if let Need::Act(call) = call
            && (call.configuration != wanted.configuration || call.inputs != wanted.inputs)
        {
            self.differences.push(Difference::GivenOtherwise {
                what: format!("action {}", wanted.action),
                recorded: given_to(&call.configuration, &call.inputs),
                now: given_to(&wanted.configuration, &wanted.inputs),
            });
        }
        Some(answer)
    }

    /// What differs in what was asked for.
    fn settle(self) -> Vec<Difference> {
        let gone = self.actions.iter().map(|(need, _)| Difference::NoLongerAsks { what: in_words(need) });
        self.differences.into_iter().chain(gone).collect()
    }
}

fn given_to(configuration: &Map<String, Value>, inputs: &Map<String, Value>) -> String {
    let both = configuration.iter().chain(inputs).map(|(name, value)| format!("{name} = {value}"));
    cut(&both.collect::<Vec<_>>().join(", "))
}

fn in_words(need: &Need) -> String {
    match need {
        Need::History { .. } => "what was said before".to_owned(),
        Need::Interpret { interpreter, text } => format!("what `{}` means to interpreter {interpreter}", cut(text)),
        Need::Act(call) if &*call.component == ENTER_FLOW => format!("entering a flow (action {})", call.action),
        Need::Act(call) => format!("action {}", call.action),
    }
}

fn heard(recorded: &Recorded<'_>, entry: &Entry, outcome: &Outcome, differences: &mut Vec<Difference>) {
    let named = recorded.inbound.as_ref().and_then(|(inbound, _)| inbound.intent.as_deref());
    let (intent, place) = match &outcome.heard {
        Some((intent, place)) => (Some(&**intent), Some(&**place)),
        None => (named, None),
    };
    if (entry.intent.as_deref(), entry.place.as_deref()) != (intent, place) {
        let told = |intent: Option<&str>, place: Option<&str>| match (intent, place) {
            (Some(intent), Some(place)) => Some(format!("{intent} in {place}")),
            (intent, _) => intent.map(|intent| format!("{intent}, unmatched")),
        };
        differences.push(Difference::Heard {
            recorded: told(entry.intent.as_deref(), entry.place.as_deref()),
            now: told(intent, place),
        });
    }
}

/// A line, as it is compared: its JSON, and for people kind and text.
struct Line {
    json: String,
    place: String,
    shown: String,
}

fn said(
    lines: &[Entry],
    outcome: &Outcome,
    in_flow: bool,
    differences: &mut Vec<Difference>,
) -> Result<(), Difference> {
    // What a flow says realises no intent.
    let mut recorded: Vec<&Entry> =
        lines.iter().filter(|entry| entry.author == Author::Agent && entry.intent.is_some()).collect();
    if in_flow {
        recorded.truncate(outcome.said.len());
    }
    let json = |message: &Message| {
        serde_json::to_string(message).map_err(|problem| Difference::Unreadable { problem: problem.to_string() })
    };
    let mut is_same = recorded.len() == outcome.said.len();
    let mut now = Vec::with_capacity(outcome.said.len());
    for (at, said) in outcome.said.iter().enumerate() {
        let json = json(&said.message)?;
        is_same &= recorded
            .get(at)
            .is_some_and(|entry| entry.body.get() == json && entry.place.as_deref() == Some(&*said.place));
        now.push(json);
    }
    if is_same {
        return Ok(());
    }
    let line = |message: &Message, json: String, place: &str| Line {
        shown: format!("{}: {}", message.kind(), cut(&message.plain_text())),
        json,
        place: place.to_owned(),
    };
    let mut told = Vec::with_capacity(recorded.len());
    for entry in recorded {
        // Written anew: an earlier release may have written the same message otherwise.
        let message: Message = parsed(&entry.body)?;
        let json = json(&message)?;
        told.push(line(&message, json, entry.place.as_deref().unwrap_or_default()));
    }
    let now: Vec<Line> =
        outcome.said.iter().zip(now).map(|(said, json)| line(&said.message, json, &said.place)).collect();
    for mut difference in apart(&told, &now, same, |line| line.shown.clone()) {
        if let Difference::Line { line, recorded: Some(before), now: Some(after) } = &mut difference
            && before == after
            && let (Some(told), Some(now)) = (told.get(*line - 1), now.get(*line - 1))
        {
            // The words are the same: what is not is in the rest.
            *before = cut(&format!("{} {}", told.place, told.json));
            *after = cut(&format!("{} {}", now.place, now.json));
        }
        differences.push(difference);
    }
    Ok(())
}

fn same(left: &Line, right: &Line) -> bool {
    left.json == right.json && left.place == right.place
}

/// Where the conversation stands afterwards, and whether it is over.
fn stands(recorded: &Recorded<'_>, outcome: &Outcome, differences: &mut Vec<Difference>) -> Result<(), Difference> {
    let written = serde_json::to_string(&outcome.session);
    if written.is_ok_and(|written| written != recorded.record.session.get()) {
        let (session, _) = parsed::<Kept>(&recorded.record.session)?.split();
        if session.position != outcome.session.position {
            let (recorded, now) = (position(&session.position), position(&outcome.session.position));
            differences.push(Difference::Stands { recorded, now });
        }
    }
    if recorded.record.closed != outcome.closed {
        differences.push(Difference::Over { recorded: recorded.record.closed, now: outcome.closed });
    }
    Ok(())
}

fn position(position: &Position) -> String {
    match position {
        Position::Start => "the start".to_owned(),
        Position::After { path, intent, .. } => format!("{} after {intent}", path.join("/")),
        Position::At { path } => path.join("/"),
    }
}
