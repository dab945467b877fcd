//! Finding the rule that answers a request, and answering.

use std::time::Duration;

use model::chat::{ChatError, ChatErrorKind, ChatMessage, ChatReply, ChatRequest, Role, ToolCall, Usage};
use serde_json::Value;
use tokio::time::sleep;

use super::{
    Rule, Script,
    document::{Answer, Chunks},
};
use crate::chat::provider::Deltas;

/// Bytes that count as one token: a script has no tokens, but accounting is to be seen with it as well.
const BYTES_PER_TOKEN: usize = 4;

/// Answers a request as the script says.
pub(in crate::chat) async fn play(
    script: &Script,
    request: &ChatRequest,
    deltas: &Deltas<'_>,
) -> Result<ChatReply, ChatError> {
    let scene = Scene::of(request);
    let answer = script.rules.iter().find(|rule| scene.fits(rule)).map(|rule| &rule.then);
    let Some(answer) = answer.or(script.otherwise.as_deref()) else {
        let problem = "no rule of the script fits the request, and the script has no `otherwise`";
        return Err(ChatError::new(ChatErrorKind::NotConfigured, problem));
    };
    wait(answer.delay_ms).await;
    if answer.rubbish {
        return Err(ChatError::new(ChatErrorKind::Rubbish, "the script answers what cannot be understood"));
    }
    if let Some(kind) = answer.fail {
        return Err(ChatError {
            retry_after: answer.retry_after_ms.map(Duration::from_millis),
            ..ChatError::new(kind, "the script lets the model fail")
        });
    }
    let text = answer.say.as_deref().map(|say| scene.fill(say)).unwrap_or_default();
    for (at, part) in parts(answer, &text, &scene).into_iter().enumerate() {
        if at > 0 {
            wait(answer.chunk_delay_ms).await;
        }
        deltas.say(&part);
    }
    if answer.cut {
        return Err(ChatError::new(ChatErrorKind::Cut, "the script lets the answer break off"));
    }
    let tool_calls: Vec<ToolCall> = answer
        .call
        .iter()
        .enumerate()
        .map(|(at, call)| ToolCall {
            id: format!("call_{}_{at}", scene.calls),
            name: call.name.clone(),
            arguments: scene.fill_value(&call.arguments),
        })
        .collect();
    let usage = usage(request, &text, &tool_calls);
    Ok(ChatReply { text, tool_calls, usage, model: String::new() })
}

/// A script of 0 ms does not even yield.
async fn wait(milliseconds: u64) {
    if milliseconds > 0 {
        sleep(Duration::from_millis(milliseconds)).await;
    }
}

/// What of a request the conditions look at.
struct Scene<'a> {
    request: &'a ChatRequest,
    /// The newest message of the customer.
    last_user: &'a str,
    /// What tools have answered since the model spoke last, oldest first.
    results: Vec<&'a ChatMessage>,
    /// How often the model has answered.
    calls: usize,
}

impl<'a> Scene<'a> {
    fn of(request: &'a ChatRequest) -> Self {
        let messages = &request.messages;
        let last_user = messages.iter().rfind(|message| message.role == Role::User);
        // Instructions may follow the newest message.
        let spoken = messages.iter().rev().filter(|message| message.role != Role::System);
        let mut results: Vec<&ChatMessage> = spoken.take_while(|message| message.role == Role::Tool).collect();
        results.reverse();
        let calls = messages.iter().filter(|message| message.role == Role::Assistant).count();
        Self { request, last_user: last_user.map_or("", |message| message.content.as_str()), results, calls }
    }

    fn fits(&self, rule: &Rule) -> bool {
        let when = &rule.when;
        if when.is_about_text() && !when.is_about_tools() && !self.results.is_empty() {
            return false;
        }
        when.text_contains.as_deref().is_none_or(|text| contains(self.last_user, text))
            && rule.text_matches.as_ref().is_none_or(|expression| expression.is_match(self.last_user))
            && when.system_contains.as_deref().is_none_or(|text| self.is_instructed(text))
            && when.tool_offered.as_deref().is_none_or(|name| self.request.tools.iter().any(|tool| tool.name == name))
            && when.tool_result_of.as_deref().is_none_or(|name| self.results.iter().any(|by| self.name(by) == name))
            && when.tool_result_contains.as_deref().is_none_or(|text| self.is_answered(text))
            && when.after_calls.is_none_or(|calls| calls == self.calls)
    }

    fn is_instructed(&self, text: &str) -> bool {
        self.request.messages.iter().any(|message| message.role == Role::System && contains(&message.content, text))
    }

    fn is_answered(&self, text: &str) -> bool {
        self.results.iter().any(|result| contains(&result.content, text))
    }

    /// The name of the tool that answered.
    fn name(&self, result: &ChatMessage) -> &'a str {
        let calls = self.request.messages.iter().rev().flat_map(|message| &message.tool_calls);
        let mut asked = calls.filter(|call| Some(&call.id) == result.tool_call_id.as_ref());
        asked.next().map_or("", |call| call.name.as_str())
    }

    /// Puts what was said into a text. What is put in is not looked at again.
    fn fill(&self, text: &str) -> String {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find("{{") {
            filled.push_str(&rest[..at]);
            rest = &rest[at..];
            if let Some(after) = rest.strip_prefix("{{last_user}}") {
                filled.push_str(self.last_user);
                rest = after;
            } else if let Some(after) = rest.strip_prefix("{{tool_result}}") {
                filled.push_str(self.results.last().map_or("", |result| result.content.as_str()));
                rest = after;
            } else {
                filled.push_str("{{");
                rest = &rest[2..];
            }
        }
        filled.push_str(rest);
        filled
    }

    fn fill_value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.fill(text)),
            Value::Array(items) => items.iter().map(|item| self.fill_value(item)).collect(),
            Value::Object(fields) => {
                fields.iter().map(|(name, field)| (name.clone(), self.fill_value(field))).collect()
            }
            plain => plain.clone(),
        }
    }
}

/// `text` is in lower case.
fn contains(said: &str, text: &str) -> bool {
    said.to_lowercase().contains(text)
}

fn parts(answer: &Answer, text: &str, scene: &Scene<'_>) -> Vec<String> {
    match &answer.chunks {
        Some(Chunks::Parts(parts)) => parts.iter().map(|part| scene.fill(part)).collect(),
        Some(Chunks::Number(number)) => split(text, *number),
        None => split(text, 1),
    }
}

/// Cuts a text into at most so many parts of about one length.
fn split(text: &str, number: usize) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    let length = characters.len().div_ceil(number.max(1)).max(1);
    characters.chunks(length).map(|part| part.iter().collect()).collect()
}

fn usage(request: &ChatRequest, text: &str, calls: &[ToolCall]) -> Usage {
    let tokens = |bytes: usize| bytes.div_ceil(BYTES_PER_TOKEN) as u64;
    let asked: usize = request.messages.iter().map(|message| message.content.len()).sum();
    let called: usize = calls.iter().map(|call| call.name.len() + call.arguments.to_string().len()).sum();
    Usage { input_tokens: tokens(asked), output_tokens: tokens(text.len() + called), ..Usage::default() }
}
