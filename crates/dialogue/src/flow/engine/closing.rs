//! What runs before a conversation's first turn and after its last: start-up and wrap-up functions, what it was
//! about, how it went, what to remember (spec/dialai.md §6.6, §17).

use model::chat::{ChatMessage, ChatRequest, Role};
use serde_json::{Map, Value, json};

use super::{
    intervention,
    line::{Line, Past},
    needs::{Occasion, Purpose},
    prompt::as_dialogue,
    turn::{Stop, Turn},
};

/// Most functions that run before a conversation, and as many after it.
const MAX_FUNCTIONS: usize = 32;
/// Lines of a conversation by which it is judged, however many the agent reads.
const JUDGED: u32 = 200;
/// Most facts that are remembered of a contact, per flow.
const MAX_FACTS: usize = 30;
/// Longest fact, in characters.
const MAX_FACT: usize = 300;

/// Runs the start-up functions, in order. One that fails is noted, and the conversation starts (row DA-F21).
pub(super) fn start_up(turn: &mut Turn<'_>) -> Result<(), Stop> {
    let flow = turn.input.flow;
    run_all(turn, &flow.document.configuration.start_up, Occasion::StartUp)
}

/// Runs what is to run once when the conversation has ended (row DA-F22).
pub(super) fn wrap_up(turn: &mut Turn<'_>) -> Result<(), Stop> {
    if std::mem::replace(&mut turn.session.wrapped_up, true) {
        return Ok(());
    }
    let flow = turn.input.flow;
    run_all(turn, &flow.document.configuration.wrap_up, Occasion::WrapUp)?;
    let configuration = &flow.document.configuration;
    let is_heard = turn.session.heard > 0;
    if is_heard && !configuration.call_reasons.is_empty() {
        name_reason(turn)?;
    }
    if is_heard && !configuration.call_review.questions.is_empty() {
        review(turn)?;
    }
    if is_heard && configuration.agent_memory {
        remember(turn)?;
    }
    Ok(())
}

fn run_all(turn: &mut Turn<'_>, ids: &[String], occasion: Occasion) -> Result<(), Stop> {
    let flow = turn.input.flow;
    let nothing = Value::Object(Map::new());
    if ids.len() > MAX_FUNCTIONS {
        let message = format!("only the first {MAX_FUNCTIONS} functions of {} run", ids.len());
        turn.lines.push(Line::noted("warning", json!({"message": message})));
    }
    for id in ids.iter().take(MAX_FUNCTIONS) {
        let Some(callable) = flow.function(id) else {
            let message = format!("the function `{id}` does not exist");
            turn.lines.push(Line::noted("warning", json!({"message": message})));
            continue;
        };
        let Some(ran) = turn.run(callable, occasion, Map::new())? else { return Ok(()) };
        turn.settle(callable, occasion, &nothing, &ran);
    }
    Ok(())
}

/// Asks a model about the conversation, which answers with JSON. None where it did not.
fn judge(turn: &mut Turn<'_>, purpose: Purpose, instruction: String) -> Result<Option<Value>, Stop> {
    let past = turn.latest(JUDGED)?;
    let dialogue = as_dialogue(&past, &turn.said);
    let messages = vec![ChatMessage::new(Role::System, instruction), ChatMessage::new(Role::User, dialogue)];
    let request = ChatRequest { messages, temperature: Some(0.0), ..ChatRequest::default() };
    let asked = match turn.complete(purpose, 0, request)? {
        None => return Ok(None),
        Some(Err(error)) => Err(error.message),
        Some(Ok(reply)) => object_in(&reply.text).ok_or_else(|| "the model answered no JSON object".to_owned()),
    };
    Ok(match asked {
        Ok(answer) => Some(answer),
        Err(problem) => {
            let message = format!("the conversation was not judged: {problem}");
            turn.lines.push(Line::noted("warning", json!({"message": message})));
            None
        }
    })
}

/// Models like to wrap JSON in words and fences.
fn object_in(text: &str) -> Option<Value> {
    let (from, to) = (text.find('{')?, text.rfind('}')?);
    serde_json::from_str(text.get(from..=to)?).ok()
}

/// Picks what the conversation was about, or nothing (row DA-F28).
fn name_reason(turn: &mut Turn<'_>) -> Result<(), Stop> {
    let reasons = &turn.input.flow.document.configuration.call_reasons;
    let list: String = reasons.iter().map(|reason| format!("\n- {}: {}", reason.label, reason.description)).collect();
    let instruction = format!(
        "Below is a conversation. Say which of these reasons it was about, or none.{list}\n\
         Answer with JSON only: {{\"reason\": \"<label>\"}} or {{\"reason\": null}}."
    );
    let Some(answer) = judge(turn, Purpose::CallReason, instruction)? else { return Ok(()) };
    let named = answer.get("reason").and_then(Value::as_str);
    let known = reasons.iter().find(|reason| named.is_some_and(|name| name.eq_ignore_ascii_case(&reason.label)));
    if let Some(reason) = known {
        intervention::tag(&mut turn.transcript, "Call Reason", &reason.label);
    }
    Ok(())
}

/// Flags the conversation when too few answers are yes (row DA-F29).
fn review(turn: &mut Turn<'_>) -> Result<(), Stop> {
    let review = &turn.input.flow.document.configuration.call_review;
    let list: String =
        review.questions.iter().enumerate().map(|(at, question)| format!("\n{}. {question}", at + 1)).collect();
    let instruction = format!(
        "Below is a conversation between an agent and a customer. Answer each question with true or false.{list}\n\
         Answer with JSON only: {{\"answers\": [true, false, …]}}, one for each question in order."
    );
    let Some(answer) = judge(turn, Purpose::CallReview, instruction)? else { return Ok(()) };
    let answers: Vec<bool> =
        answer.get("answers").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_bool).collect();
    let count = review.questions.len();
    if answers.len() != count {
        let message = "the review is incomplete: the model did not answer each question";
        turn.lines.push(Line::noted("warning", json!({"message": message})));
        return Ok(());
    }
    let good = answers.iter().filter(|yes| **yes).count();
    let percent = good * 100 / count.max(1);
    let least = if review.least_percent == 0 { 100 } else { usize::from(review.least_percent) };
    turn.lines.push(Line::noted("review", json!({"answers": answers, "percent": percent})));
    if percent < least {
        let failed: Vec<&str> = review
            .questions
            .iter()
            .zip(&answers)
            .filter(|(_, yes)| !**yes)
            .map(|(question, _)| question.as_str())
            .collect();
        let failed = format!("call review: {}", failed.join("; "));
        // Whoever flagged it before had a reason too.
        turn.transcript.flagged = Some(match turn.transcript.flagged.take() {
            Some(reason) => format!("{reason}; {failed}"),
            None => failed,
        });
    }
    Ok(())
}

/// Keeps what may help in conversations to come (row DA-F27).
fn remember(turn: &mut Turn<'_>) -> Result<(), Stop> {
    let known: String = turn.input.memory.iter().map(|fact| format!("\n- {fact}")).collect();
    let instruction = format!(
        "Below is a conversation with a customer. Known of the customer so far:{known}\n\
         Give the facts worth knowing in later conversations: what is known and still true, and what is new; short \
         sentences, at most {MAX_FACTS}. No passwords, no payment data, no health data.\n\
         Answer with JSON only: {{\"facts\": [\"…\"]}}."
    );
    let Some(answer) = judge(turn, Purpose::Memory, instruction)? else { return Ok(()) };
    let Some(facts) = answer.get("facts").and_then(Value::as_array) else { return Ok(()) };
    // On one line each: a fact comes from what the customer said, and must not look like a part of the instruction.
    let facts = facts
        .iter()
        .filter_map(Value::as_str)
        .map(|fact| fact.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(MAX_FACT).collect::<String>());
    turn.memory = Some(facts.filter(|fact| !fact.is_empty()).take(MAX_FACTS).collect());
    Ok(())
}

/// The question for the search, from what the customer said (§10.1 step 3).
pub(super) fn rewrite(past: &[Past], words: &str, context: &str) -> ChatRequest {
    let context =
        if context.trim().is_empty() { String::new() } else { format!("\nAbout the documents: {}", context.trim()) };
    let instruction = format!(
        "Rewrite the customer's last message as one search query for a library of documents: complete, without \
         references to what was said before.{context}\nAnswer with the query only."
    );
    let recent = &past[past.len().saturating_sub(6)..];
    let asked = format!("{}Customer (last message): {words}", as_dialogue(recent, &[]));
    let messages = vec![ChatMessage::new(Role::System, instruction), ChatMessage::new(Role::User, asked)];
    ChatRequest { messages, temperature: Some(0.0), max_tokens: Some(100), ..ChatRequest::default() }
}
