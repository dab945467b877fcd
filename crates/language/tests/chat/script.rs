//! Scripts: which rule answers, what it does, and what is said of a script that is wrong.

use std::{sync::Arc, time::Duration};

use language::chat::{ModelCall, ModelEndpoint, Script, ScriptError};
use model::chat::{ChatError, ChatErrorKind, ChatMessage, ChatReply, ChatRequest, Role, Tool, ToolCall};
use rstest::rstest;
use serde_json::json;
use tokio::sync::mpsc::unbounded_channel;

use crate::{call, models, saying, tenant};

const BOOKING: &str = r#"{ "rules": [
    { "name": "slots", "when": { "text_contains": "Appointment", "tool_offered": "free_slots" },
      "then": { "say": "Let me look.", "call": [{ "name": "free_slots", "arguments": { "asked": "{{last_user}}" } }] } },
    { "when": { "tool_result_of": "free_slots", "tool_result_contains": "none" }, "then": { "say": "All taken." } },
    { "when": { "tool_result_of": "free_slots" }, "then": { "say": "Free: {{tool_result}}" } },
    { "when": { "text_matches": "^\\d+$" }, "then": { "say": "A number." } },
    { "when": { "system_contains": "state: goodbye" }, "then": { "say": "Bye." } },
    { "when": { "after_calls": 2 }, "then": { "say": "The third." } },
    { "when": { "text_contains": "slow" }, "then": { "say": "Yes", "delay_ms": 60 } },
    { "when": { "text_contains": "broken" }, "then": { "fail": "rate_limited", "retry_after_ms": 1500 } },
    { "when": { "text_contains": "garbled" }, "then": { "rubbish": true } },
    { "when": { "text_contains": "torn" }, "then": { "say": "This is", "cut": true } },
    { "when": { "text_contains": "thirds" }, "then": { "say": "äbcdefg", "chunks": 3 } },
    { "when": { "text_contains": "parts" }, "then": { "chunks": ["one ", "{{last_user}}"] } } ],
  "otherwise": { "say": "You said {{last_user}} {{other}}" } }"#;

fn scripted(script: &str) -> ModelCall {
    call(ModelEndpoint::scripted(Arc::new(Script::parse(script).unwrap())))
}

async fn play(request: &ChatRequest) -> Result<ChatReply, ChatError> {
    models().complete(&tenant("a"), &scripted(BOOKING), request, None).await
}

fn with_tool(mut request: ChatRequest) -> ChatRequest {
    request.tools.push(Tool { name: "free_slots".to_owned(), description: String::new(), parameters: json!({}) });
    request
}

/// The prompt after the tool has answered.
fn answered(result: &str) -> ChatRequest {
    let mut request = with_tool(saying("An appointment, please"));
    let call = ToolCall { id: "call_0_0".to_owned(), name: "free_slots".to_owned(), arguments: json!({}) };
    request.messages.push(ChatMessage { tool_calls: vec![call], ..ChatMessage::new(Role::Assistant, "Let me look.") });
    request.messages.push(ChatMessage::tool("call_0_0", result));
    request
}

#[tokio::test]
async fn a_script_calls_tools_and_reads_what_they_answer() {
    let reply = play(&with_tool(saying("An APPOINTMENT, please"))).await.unwrap();
    let called = ToolCall {
        id: "call_0_0".to_owned(),
        name: "free_slots".to_owned(),
        arguments: json!({"asked": "An APPOINTMENT, please"}),
    };
    assert_eq!((reply.text.as_str(), reply.tool_calls), ("Let me look.", vec![called]));
    assert_eq!(play(&answered("9:00 {{last_user}}")).await.unwrap().text, "Free: 9:00 {{last_user}}");
    assert_eq!(play(&answered("There are NONE")).await.unwrap().text, "All taken.");
    // Without the tool the rule cannot answer.
    assert_eq!(play(&saying("appointment")).await.unwrap().text, "You said appointment {{other}}");
}

#[tokio::test]
async fn conditions_look_at_texts_instructions_and_answers_before() {
    assert_eq!(play(&saying("42")).await.unwrap().text, "A number.");
    let mut goodbye = saying("x");
    goodbye.messages.push(ChatMessage::new(Role::System, "State: Goodbye"));
    assert_eq!(play(&goodbye).await.unwrap().text, "Bye.");
    let mut third = saying("x");
    for _ in 0..2 {
        third.messages.push(ChatMessage::new(Role::Assistant, "…"));
        third.messages.push(ChatMessage::new(Role::User, "y"));
    }
    assert_eq!(play(&third).await.unwrap().text, "The third.");
}

#[tokio::test]
async fn the_same_request_has_the_same_answer() {
    let request = with_tool(saying("appointment"));
    let (first, second) = (play(&request).await.unwrap(), play(&request).await.unwrap());
    assert_eq!((first.text, first.tool_calls), (second.text, second.tool_calls));
    assert!(first.usage.input_tokens > 0 && first.usage.output_tokens > 0);
    assert_eq!(first.model, "scripted/script");
}

#[tokio::test]
async fn a_script_fails_in_every_way() {
    let failed = play(&saying("broken")).await.unwrap_err();
    assert_eq!((failed.kind, failed.retry_after), (ChatErrorKind::RateLimited, Some(Duration::from_millis(1500))));
    assert_eq!(play(&saying("garbled")).await.unwrap_err().kind, ChatErrorKind::Rubbish);
    assert_eq!(play(&saying("torn")).await.unwrap_err().kind, ChatErrorKind::Cut);
    let silent = scripted(r#"{"rules": [{"when": {"text_contains": "a"}, "then": {"say": "b"}}]}"#);
    let error = models().complete(&tenant("a"), &silent, &saying("x"), None).await.unwrap_err();
    assert_eq!(error.kind, ChatErrorKind::NotConfigured);
    assert!(error.message.contains("otherwise"), "{error}");
}

#[tokio::test]
async fn r4_a_slow_script_is_not_waited_for() {
    let began = std::time::Instant::now();
    let reply = play(&saying("slow")).await.unwrap();
    assert!(began.elapsed() >= Duration::from_millis(60) && reply.usage.duration_micros >= 60_000);
    let hurried = ModelCall { timeout: Duration::from_millis(20), ..scripted(BOOKING) };
    let error = models().complete(&tenant("a"), &hurried, &saying("slow"), None).await.unwrap_err();
    assert_eq!(error.kind, ChatErrorKind::TimedOut);
}

#[tokio::test]
async fn r4_another_script_takes_over() {
    let both =
        ModelCall { fallback: Some(scripted(r#"{"otherwise": {"say": "Here I am."}}"#).primary), ..scripted(BOOKING) };
    let reply = models().complete(&tenant("a"), &both, &saying("broken"), None).await.unwrap();
    assert_eq!((reply.text.as_str(), reply.usage.attempts), ("Here I am.", 2));
}

#[rstest]
#[case("thirds", &["äbc", "def", "g"])]
#[case("parts", &["one ", "parts"])]
#[case("hello", &["You said hello {{other}}"])]
#[tokio::test]
async fn texts_are_streamed_as_the_script_says(#[case] text: &str, #[case] parts: &[&str]) {
    let (deltas, mut said) = unbounded_channel();
    let reply = models().complete(&tenant("a"), &scripted(BOOKING), &saying(text), Some(&deltas)).await.unwrap();
    drop(deltas);
    let mut streamed = Vec::new();
    while let Some(part) = said.recv().await {
        streamed.push(part);
    }
    assert_eq!(streamed, parts);
    assert_eq!(reply.text, parts.concat());
}

#[rstest]
#[case("{", "the script is no JSON")]
#[case("[]", "the script: ")]
#[case("{}", "the script: ")]
#[case(r#"{"rule": [], "otherwise": {"say": "x"}}"#, "rule: ")]
#[case(r#"{"rules": {}}"#, "rules: ")]
#[case(r#"{"rules": [1]}"#, "rules[0]: ")]
#[case(r#"{"rules": [{"then": {"say": "x"}}]}"#, "rules[0].when: ")]
#[case(r#"{"rules": [{"name": "a", "when": {"always": true}}]}"#, "rules[0] (a).then: ")]
#[case(r#"{"rules": [{"when": {}, "then": {"say": "x"}}]}"#, "rules[0].when: ")]
#[case(r#"{"rules": [{"when": {"text": "x"}, "then": {"say": "x"}}]}"#, "rules[0].when.text: ")]
#[case(r#"{"rules": [{"when": {"text_contains": ""}, "then": {"say": "x"}}]}"#, "rules[0].when.text_contains: ")]
#[case(r#"{"rules": [{"when": {"text_matches": "("}, "then": {"say": "x"}}]}"#, "rules[0].when.text_matches: ")]
#[case(r#"{"otherwise": {}}"#, "otherwise: ")]
#[case(r#"{"otherwise": "x"}"#, "otherwise: ")]
#[case(r#"{"otherwise": {"say": "x", "delay_ms": "5"}}"#, "otherwise.delay_ms: ")]
#[case(r#"{"otherwise": {"fail": "explode"}}"#, "otherwise.fail: ")]
#[case(r#"{"otherwise": {"fail": "cut", "say": "x"}}"#, "otherwise.fail: ")]
#[case(r#"{"otherwise": {"rubbish": true, "call": [{"name": "a"}]}}"#, "otherwise.rubbish: ")]
#[case(r#"{"otherwise": {"call": [{"name": "a"}], "cut": true}}"#, "otherwise.cut: ")]
#[case(r#"{"otherwise": {"say": "x", "chunks": 0}}"#, "otherwise.chunks: ")]
#[case(r#"{"otherwise": {"say": "x", "chunks": ["x"]}}"#, "otherwise.chunks: ")]
#[case(r#"{"otherwise": {"say": "x", "chunks": true}}"#, "otherwise.chunks: ")]
#[case(r#"{"otherwise": {"call": [{"name": ""}]}}"#, "otherwise.call[0].name: ")]
#[case(r#"{"otherwise": {"call": [{"name": "a", "arguments": 1}]}}"#, "otherwise.call[0].arguments: ")]
#[case(r#"{"otherwise": {"say": "x", "retry_after_ms": 1}}"#, "otherwise.retry_after_ms: ")]
fn what_is_wrong_with_a_script_is_named(#[case] script: &str, #[case] begins: &str) {
    let error: ScriptError = Script::parse(script).unwrap_err();
    assert!(error.to_string().starts_with(begins), "{error}");
}

#[tokio::test]
async fn a_scripted_answer_costs_microseconds() {
    let (models, call, request, a) = (models(), scripted(BOOKING), saying("hello"), tenant("a"));
    let began = std::time::Instant::now();
    for _ in 0..1_000 {
        models.complete(&a, &call, &request, None).await.unwrap();
    }
    // Unoptimised and on a busy machine it is still far from a millisecond each.
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}
