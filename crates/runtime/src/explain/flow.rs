//! A flow's turn in words: states and events, prompts, tokens, cost and time, functions with what went in and came
//! out, passages, guardrails.

use serde_json::Value;

use super::{Page, list, listed, object, shown, text, unknown_step};

/// One flow of a turn.
pub(super) fn flow(page: &mut Page, flow: &Value) {
    let version = match flow.get("version").and_then(Value::as_u64) {
        Some(0) => "draft".to_owned(),
        Some(version) => format!("version {version}"),
        None => "version unknown".to_owned(),
    };
    page.heading(&format!("Flow {}, {version}", text(flow, "flow")));
    for (number, step) in list(flow.get("steps")).iter().enumerate() {
        match step_in_words(step) {
            Some(words) => page.line(0, &format!("{}. {words}", number + 1)),
            None => unknown_step(page, number + 1, step),
        }
    }
    for one in list(flow.get("answers")) {
        answer(page, one);
    }
    if let Some(usage) = flow.get("usage") {
        page.heading(&format!("In all: {}", used(usage)));
    }
    page.rest(0, flow, &["flow", "version", "steps", "answers", "usage"]);
}

fn step_in_words(step: &Value) -> Option<String> {
    let of = |name| text(step, name);
    let number = |name: &str| step.get(name).map(shown).unwrap_or_default();
    Some(match of("step") {
        "began" => format!("began in state {}", of("state")),
        "kept" => format!("kept {}: somebody who is trusted more has set it", of("parameter")),
        "passages" => {
            let sources = listed(step.get("sources"));
            let sources = if sources.is_empty() { "none".to_owned() } else { sources };
            format!("passages for \u{201c}{}\u{201d}: {sources}", of("query"))
        }
        "asked" => {
            let tools = listed(step.get("tools"));
            let tools = if tools.is_empty() { "no tools".to_owned() } else { format!("tools: {tools}") };
            format!("asked the model in state {} (completion {}; {tools})", of("state"), number("completion"))
        }
        "failed" => format!("completion {} gave no usable answer: {}", number("completion"), of("reason")),
        "called" => {
            let mut words = format!("called {} (call {})", of("function"), number("call"));
            if let Some(event) = step.get("event").and_then(Value::as_str) {
                words.push_str(&format!(", event {event}"));
            }
            if let Some(error) = step.get("error").and_then(Value::as_str) {
                words.push_str(&format!(", failed: {error}"));
            }
            words
        }
        "moved" => format!("event {}: from {} to {}", of("event"), of("from"), of("to")),
        "ignored" => format!("event {} leads nowhere from state {}", of("event"), of("state")),
        "refused" => format!("guardrail {} refused: {}", of("guardrail"), of("reason")),
        "silent" => "said nothing: the conversation is with a person, or waits for one".to_owned(),
        "interrupted" => "a person took over while the agent was thinking".to_owned(),
        "ended" => format!("the conversation ended as {}", of("status")),
        _ => return None,
    })
}

fn answer(page: &mut Page, one: &Value) {
    let (need, answer) = match list(Some(one)) {
        [need, answer] => (need, Some(answer)),
        _ => (one, one.get("answer")),
    };
    match text(need, "need") {
        "history" => {
            page.heading(&format!("What was said before, lines: {}", need.get("lines").map(shown).unwrap_or_default()))
        }
        "complete" => completion(page, need, answer),
        "call" => call(page, need, answer),
        "passages" => {
            page.heading(&format!("Passages for \u{201c}{}\u{201d}", text(need, "query")));
            for passage in list(answer.and_then(|answer| answer.get("passages"))) {
                page.line(1, &format!("{}: {}", text(passage, "source"), text(passage, "text")));
            }
        }
        "guard" => guard(page, need, answer),
        _ => page.line(0, &shown(one)),
    }
}

/// A completion as it is stored: its prompt without what was said in earlier turns; or whole.
fn completion(page: &mut Page, need: &Value, answer: Option<&Value>) {
    let result = answer.and_then(|answer| answer.get("result"));
    let reply = result.and_then(|result| result.get("Ok"));
    let what =
        format!("Completion {}, for {}", need.get("ordinal").map(shown).unwrap_or_default(), text(need, "purpose"));
    match reply {
        Some(reply) => {
            let model = match text(reply, "model") {
                "" => "a model",
                model => model,
            };
            page.heading(&format!("{what}: {model}, {}", reply.get("usage").map(used).unwrap_or_default()));
        }
        None => page.heading(&what),
    }
    let request = need.get("request");
    let messages = list(need.get("messages").or_else(|| request.and_then(|request| request.get("messages"))));
    let past = need.get("past").and_then(Value::as_u64).filter(|past| *past > 0 && request.is_none());
    for (at, message) in messages.iter().enumerate() {
        page.line(1, &format!("{}: {}", text(message, "role"), text(message, "content")));
        calls(page, message);
        if let (0, Some(past)) = (at, past) {
            page.line(1, &format!("(and {past} messages of earlier turns)"));
        }
    }
    match (reply, result.and_then(|result| result.get("Err"))) {
        (Some(reply), _) => {
            if !text(reply, "text").is_empty() {
                page.line(1, &format!("=> {}", text(reply, "text")));
            }
            calls(page, reply);
        }
        (None, Some(error)) => {
            page.line(1, &format!("=> failed ({}): {}", text(error, "kind"), text(error, "message")))
        }
        (None, None) if answer.is_some_and(|answer| text(answer, "answer") == "interrupted") => {
            page.line(1, "=> interrupted: a person took over");
        }
        (None, None) => page.line(1, "=> no answer"),
    }
}

fn calls(page: &mut Page, message: &Value) {
    for call in list(message.get("tool_calls")) {
        page.line(2, &format!("calls {} {}", text(call, "name"), call.get("arguments").map(shown).unwrap_or_default()));
    }
}

fn call(page: &mut Page, need: &Value, answer: Option<&Value>) {
    let result = answer.and_then(|answer| answer.get("result"));
    let output = result.and_then(|result| result.get("Ok"));
    let took = output.and_then(|output| output.get("duration_micros")).and_then(Value::as_u64);
    let took = took.map(|micros| format!(", {}", seconds(micros))).unwrap_or_default();
    page.heading(&format!("Function {}, {}{took}", text(need, "name"), text(need, "occasion")));
    for (part, said) in [("parameters", "in"), ("internal_parameters", "context")] {
        for (name, value) in object(need.get(part)) {
            page.line(1, &format!("{said} {name} = {}", shown(value)));
        }
    }
    match (output, result.and_then(|result| result.get("Err"))) {
        (Some(output), _) => {
            page.line(1, &format!("out {}", output.get("response").map(shown).unwrap_or_default()));
            if let Some(event) = output.get("event").and_then(Value::as_str) {
                page.line(1, &format!("event {event}"));
            }
            for (name, value) in object(output.get("context_additions")) {
                page.line(1, &format!("adds {name} = {}", shown(value)));
            }
            for effect in list(output.get("effects")) {
                page.line(1, &format!("effect {}", shown(effect)));
            }
            notes(page, output);
        }
        (None, Some(error)) => {
            page.line(1, &format!("failed ({}): {}", text(error, "kind"), text(error, "message")));
            notes(page, error);
        }
        (None, None) => page.line(1, "no answer"),
    }
}

fn notes(page: &mut Page, output: &Value) {
    for (part, said) in [("warnings", "warning"), ("logs", "log")] {
        for note in list(output.get(part)) {
            page.line(1, &format!("{said} {}", shown(note)));
        }
    }
}

fn guard(page: &mut Page, need: &Value, answer: Option<&Value>) {
    let verdict = answer.and_then(|answer| answer.get("verdict"));
    let refused = verdict.and_then(|verdict| verdict.get("refused")).filter(|refused| !refused.is_null());
    let found = match list(refused) {
        [guardrail, reason] => format!("refused by {}: {}", shown(guardrail), shown(reason)),
        _ if verdict.is_some() => "passed".to_owned(),
        _ => "no answer".to_owned(),
    };
    page.heading(&format!("Guardrails, {}: {found}", text(need, "guard")));
    page.line(1, text(need, "text"));
    if let Some(note) = verdict.and_then(|verdict| verdict.get("note")).and_then(Value::as_str) {
        page.line(1, &format!("note: {note}"));
    }
}

/// Tokens, cost and time.
fn used(usage: &Value) -> String {
    let number = |name: &str| usage.get(name).and_then(Value::as_u64).unwrap_or_default();
    let cost = usage.get("cost").and_then(Value::as_f64).unwrap_or_default();
    let cached = match number("cached_tokens") {
        0 => String::new(),
        cached => format!(" ({cached} from the cache)"),
    };
    format!(
        "{} tokens in{cached}, {} out, cost {cost}, {}, attempts: {}",
        number("input_tokens"),
        number("output_tokens"),
        seconds(number("duration_micros")),
        number("attempts"),
    )
}

fn seconds(micros: u64) -> String {
    format!("{}.{:03} s", micros / 1_000_000, micros % 1_000_000 / 1_000)
}
