//! The steps of a scenario's turn, and what it was answered, in words.

use serde_json::Value;

use super::{Page, list, listed, object, shown, text, unknown_step};

/// What the engine did, step by step.
pub(super) fn steps(page: &mut Page, steps: &[Value]) {
    if !steps.is_empty() {
        page.heading("Scenario");
    }
    for (number, step) in steps.iter().enumerate() {
        let at = number + 1;
        match in_words(step) {
            Some(words) => page.line(0, &format!("{at}. {words}")),
            None => unknown_step(page, at, step),
        }
        conditions(page, step);
    }
}

fn in_words(step: &Value) -> Option<String> {
    let of = |name| text(step, name);
    let because = |name: &str, words: String| match step.get(name).filter(|why| !why.is_null()) {
        Some(why) => format!("{words}: {}", shown(why)),
        None => words,
    };
    Some(match of("step") {
        "session_expired" => format!("the session had expired: {} s of silence", step.get("silence").map(shown)?),
        "rung" => format!("looked for a handler of {}", of("intent")),
        "closed" => because("broken", format!("{} {} is closed by its conditions", of("level"), of("id"))),
        "interpreted" => {
            let meant = list(step.get("intents")).iter().map(confidence).collect::<Vec<_>>().join(", ");
            let meant = if meant.is_empty() { "nothing".to_owned() } else { meant };
            because("error", format!("interpreter {} understood: {meant}", of("interpreter")))
        }
        "not_meant" => format!("available, and not meant: {}", listed(step.get("intents"))),
        "candidate" => {
            let candidate = format!("candidate {} in {}", of("intent"), of("place"));
            match step.get("refused").filter(|refused| !refused.is_null()) {
                Some(refused) => format!("{candidate} is refused: {}", reason(refused)),
                None => format!("{candidate} is eligible"),
            }
        }
        "executed" => {
            let executed = format!("executed {} in {}", of("intent"), of("place"));
            match step.get("confidence").filter(|confidence| !confidence.is_null()) {
                Some(confidence) => format!("{executed} with confidence {}", shown(confidence)),
                None => executed,
            }
        }
        "wrote" => match step.get("refused").filter(|refused| !refused.is_null()) {
            Some(refused) => format!("did not write {}: {}", of("attribute"), shown(refused)),
            None => format!("wrote {}", of("attribute")),
        },
        "action" => because("error", format!("ran action {}", of("action"))),
        "template" => {
            let holds = step.get("holds").and_then(Value::as_bool).unwrap_or_default();
            format!(
                "template {}: {}",
                of("template"),
                if holds { "its conditions hold" } else { "its conditions do not hold" }
            )
        }
        "said" => {
            let messages = step.get("messages").map(shown).unwrap_or_default();
            because("error", format!("said template {}, messages: {messages}", of("template")))
        }
        "transition" => format!("went on to {}", of("to")),
        "virtual" => match step.get("refused").filter(|refused| !refused.is_null()) {
            Some(refused) => format!("did not follow the virtual intent {}: {}", of("intent"), shown(refused)),
            None => format!("followed the virtual intent {}", of("intent")),
        },
        "completed" => "the conversation is over".to_owned(),
        "unhandled" => "nothing handled the act: the answer is empty".to_owned(),
        _ => return None,
    })
}

/// An intent and how sure an interpreter is of it: a pair.
fn confidence(pair: &Value) -> String {
    match list(Some(pair)) {
        [intent, confidence] => format!("{} ({})", shown(intent), shown(confidence)),
        _ => shown(pair),
    }
}

fn reason(refused: &Value) -> String {
    if refused == "conditions" {
        return "its conditions do not hold".to_owned();
    }
    if let Some(confidence) = refused.get("confidence") {
        let of = |name| confidence.get(name).map(shown).unwrap_or_default();
        return format!("confidence {} is below {}", of("got"), of("least"));
    }
    match refused.get("broken") {
        Some(broken) => format!("its conditions cannot be read: {}", shown(broken)),
        None => shown(refused),
    }
}

/// What conditions saw.
fn conditions(page: &mut Page, step: &Value) {
    for seen in list(step.get("conditions")) {
        let outcome = match seen.get("outcome").and_then(Value::as_bool) {
            Some(true) => "holds",
            Some(false) => "does not hold",
            None => "is undecided",
        };
        let value = seen.get("value").map_or_else(|| "nothing".to_owned(), held);
        let parameter = match seen.get("parameter") {
            None | Some(Value::Null) => String::new(),
            Some(parameter) => format!(" {}", held(parameter)),
        };
        let line = format!("{} = {value}: {}{parameter} {outcome}", text(seen, "reference"), text(seen, "operation"));
        page.line(2, &line);
    }
}

fn held(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => format!("\u{201c}{}\u{201d}", super::cut(text)),
        other => shown(other),
    }
}

/// What the engine asked for, and what it got.
pub(super) fn answers(page: &mut Page, answers: &[Value]) {
    if !answers.is_empty() {
        page.heading("What it asked for");
    }
    for one in answers {
        let (need, answer) = match list(Some(one)) {
            [need, answer] => (need, Some(answer)),
            _ => (one, None),
        };
        match text(need, "need") {
            "history" => {
                let which = match need.get("all").and_then(Value::as_bool) {
                    Some(true) => "what was said with the contact",
                    _ => "what was said before",
                };
                page.line(0, &format!("- {which}, lines: {}", need.get("lines").map(shown).unwrap_or_default()));
            }
            "interpret" => {
                page.line(
                    0,
                    &format!("- {}: what is \u{201c}{}\u{201d}?", text(need, "interpreter"), text(need, "text")),
                );
                interpretation(page, answer);
            }
            "act" => {
                page.line(0, &format!("- action {} ({})", text(need, "action"), text(need, "component")));
                for part in ["configuration", "inputs"] {
                    for (name, value) in object(need.get(part)) {
                        page.line(2, &format!("{name} = {}", shown(value)));
                    }
                }
                action(page, answer);
            }
            _ => page.line(0, &format!("- {}", shown(one))),
        }
    }
}

/// A result as Rust writes it: `{"Ok": …}` or `{"Err": …}`.
fn result(answer: Option<&Value>) -> Result<&Value, String> {
    let Some(result) = answer.and_then(|answer| answer.get("result")) else { return Err("no answer".to_owned()) };
    match (result.get("Ok"), result.get("Err")) {
        (Some(value), _) => Ok(value),
        (None, Some(error)) => Err(shown(error)),
        (None, None) => Err(shown(result)),
    }
}

fn interpretation(page: &mut Page, answer: Option<&Value>) {
    match result(answer) {
        Err(error) => page.line(2, &format!("failed: {error}")),
        Ok(interpretation) => {
            for intent in list(interpretation.get("intents")) {
                let confidence = intent.get("confidence").map(shown).unwrap_or_default();
                page.line(2, &format!("{} ({confidence})", text(intent, "intent")));
                for (name, value) in object(intent.get("attributes")) {
                    page.line(3, &format!("{name} = {}", shown(value)));
                }
            }
        }
    }
}

fn action(page: &mut Page, answer: Option<&Value>) {
    match result(answer) {
        Err(error) => page.line(2, &format!("failed: {error}")),
        Ok(result) => {
            for output in list(result.get("outputs")) {
                match list(Some(output)) {
                    [context, name, value] => {
                        let context = context.as_str().map(|context| format!("{context}.")).unwrap_or_default();
                        page.line(2, &format!("wrote {context}{} = {}", shown(name), shown(value)));
                    }
                    _ => page.line(2, &format!("wrote {}", shown(output))),
                }
            }
        }
    }
}
