//! What each provider is sent, and what is understood of what it streams.

use language::chat::{ModelEndpoint, Provider};
use model::chat::{ChatMessage, ChatRequest, Role, Tool, ToolCall};
use rstest::rstest;
use serde_json::{Value, json};
use tokio::sync::mpsc::unbounded_channel;

use crate::{
    KEY, call, endpoint,
    mock::{Answer, Mock, Sent, calling, hello},
    models, name, saying, tenant,
};

/// A conversation in which tools were called and have answered.
fn conversation() -> ChatRequest {
    let earlier = ToolCall { id: "c1".to_owned(), name: "now".to_owned(), arguments: json!({}) };
    let schema = json!({"type": "object", "properties": {"day": {"type": "string"}}, "required": ["day"]});
    let tool = |name: &str, parameters: &Value| Tool {
        name: name.to_owned(),
        description: format!("What {name} does"),
        parameters: parameters.clone(),
    };
    ChatRequest {
        messages: vec![
            ChatMessage::new(Role::System, "Be kind."),
            ChatMessage::new(Role::User, "Is monday free?"),
            ChatMessage { tool_calls: vec![earlier], ..ChatMessage::new(Role::Assistant, "One moment.") },
            ChatMessage::tool("c1", "{\"time\":\"9:00\"}"),
        ],
        tools: vec![tool("free_slots", &schema), tool("now", &json!({"type": "object", "properties": {}}))],
        temperature: Some(0.5),
        max_tokens: Some(300),
    }
}

/// Asks a mock that calls tools, and gives what it was sent.
async fn sent(provider: Provider) -> Sent {
    let mock = Mock::start(vec![Answer::stream(calling(provider))]).await;
    let (deltas, mut said) = unbounded_channel();
    let call = call(endpoint(provider, &format!("{}/base", mock.base)));
    let reply = models().complete(&tenant("a"), &call, &conversation(), Some(&deltas)).await.unwrap();
    drop(deltas);
    let mut streamed = String::new();
    while let Some(part) = said.recv().await {
        streamed.push_str(&part);
    }
    assert_eq!(reply.text, "Let me look.");
    assert_eq!(streamed, reply.text);
    let calls: Vec<_> = reply.tool_calls.iter().map(|call| (call.name.as_str(), call.arguments.clone())).collect();
    assert_eq!(calls, [("free_slots", json!({"day": "monday"})), ("now", json!({}))]);
    assert!(reply.tool_calls.iter().all(|call| !call.id.is_empty() && call.id != "c1"), "{reply:?}");
    assert_ne!(reply.tool_calls[0].id, reply.tool_calls[1].id);
    assert_eq!((reply.usage.input_tokens, reply.usage.output_tokens, reply.usage.attempts), (20, 30, 1));
    assert!(reply.usage.duration_micros > 0);
    assert_eq!(reply.model, format!("{provider}/{}", name(provider)));
    let sent = mock.one();
    assert_eq!(sent.method, "POST");
    assert_eq!(sent.header("content-type"), Some("application/json"));
    assert!(!sent.path.contains(KEY), "a key in a path is written to logs");
    sent
}

/// The body that OpenAI's protocol asks for.
fn openai_body(body: &Value) {
    assert_eq!(body["model"], "gpt-4o-high", "the name is whole");
    assert_eq!(body["stream"], true);
    assert_eq!(body["stream_options"], json!({"include_usage": true}));
    assert_eq!((body["temperature"].clone(), body["max_tokens"].clone()), (json!(0.5), json!(300)));
    for absent in ["reasoning_effort", "prompt_cache_options", "prompt_cache_retention"] {
        assert_eq!(body.get(absent), None);
    }
    assert_eq!(
        body["messages"],
        json!([
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": "Is monday free?"},
            {"role": "assistant", "content": "One moment.", "tool_calls":
                [{"type": "function", "id": "c1", "function": {"name": "now", "arguments": "{}"}}]},
            {"role": "tool", "content": "{\"time\":\"9:00\"}", "tool_call_id": "c1"},
        ])
    );
    assert_eq!(body["tools"].as_array().unwrap().len(), 2);
    assert_eq!(body["tools"][0]["type"], "function");
    assert_eq!(body["tools"][0]["function"]["name"], "free_slots");
    assert_eq!(body["tools"][0]["function"]["description"], "What free_slots does");
    assert_eq!(body["tools"][0]["function"]["parameters"]["required"], json!(["day"]));
}

#[tokio::test]
async fn openai_is_sent_its_form() {
    let sent = sent(Provider::OpenAi).await;
    assert_eq!(sent.path, "/base/chat/completions");
    assert_eq!(sent.header("authorization"), Some("Bearer sk-test-5ecret"));
    openai_body(&sent.body);
}

#[tokio::test]
async fn openai_is_told_the_organization() {
    let mock = Mock::start(vec![Answer::hello(Provider::OpenAi)]).await;
    let endpoint = ModelEndpoint { organization: Some("org-1".to_owned()), ..endpoint(Provider::OpenAi, &mock.base) };
    models().complete(&tenant("a"), &call(endpoint), &saying("Hi"), None).await.unwrap();
    assert_eq!(mock.one().header("openai-organization"), Some("org-1"));
}

#[tokio::test]
async fn azure_is_sent_its_form() {
    let sent = sent(Provider::AzureOpenAi).await;
    assert_eq!(sent.path, "/base/openai/deployments/our-gpt/chat/completions?api-version=2024-10-21");
    assert_eq!((sent.header("api-key"), sent.header("authorization")), (Some(KEY), None));
    openai_body(&sent.body);
}

#[tokio::test]
async fn compatible_endpoints_are_sent_openais_form() {
    let sent = sent(Provider::Compatible).await;
    assert_eq!(sent.path, "/base/chat/completions");
    assert_eq!(sent.header("authorization"), Some("Bearer sk-test-5ecret"));
    openai_body(&sent.body);
}

#[tokio::test]
async fn a_compatible_endpoint_needs_no_key() {
    let mock = Mock::start(vec![Answer::hello(Provider::Compatible)]).await;
    let endpoint = ModelEndpoint { key: None, ..endpoint(Provider::Compatible, &mock.base) };
    models().complete(&tenant("a"), &call(endpoint), &saying("Hi"), None).await.unwrap();
    assert_eq!(mock.one().header("authorization"), None);
}

#[tokio::test]
async fn anthropic_is_sent_its_form() {
    let sent = sent(Provider::Anthropic).await;
    assert_eq!(sent.path, "/base/messages");
    assert_eq!((sent.header("x-api-key"), sent.header("anthropic-version")), (Some(KEY), Some("2023-06-01")));
    let body = &sent.body;
    assert_eq!((body["model"].clone(), body["stream"].clone()), (json!("claude-sonnet-4-5"), json!(true)));
    assert_eq!((body["temperature"].clone(), body["max_tokens"].clone()), (json!(0.5), json!(300)));
    assert_eq!(body["system"], "Be kind.");
    assert_eq!(
        body["messages"],
        json!([
            {"role": "user", "content": "Is monday free?"},
            {"role": "assistant", "content": [
                {"type": "text", "text": "One moment."},
                {"type": "tool_use", "id": "c1", "name": "now", "input": {}}]},
            {"role": "user", "content":
                [{"type": "tool_result", "content": "{\"time\":\"9:00\"}", "tool_use_id": "c1"}]},
        ])
    );
    assert_eq!(body["tools"][0]["name"], "free_slots");
    assert_eq!(body["tools"][0]["description"], "What free_slots does");
    assert_eq!(body["tools"][0]["input_schema"]["required"], json!(["day"]));
}

#[tokio::test]
async fn gemini_is_sent_its_form() {
    let sent = sent(Provider::Gemini).await;
    assert_eq!(sent.path, "/base/models/gemini-2.5-flash:streamGenerateContent?alt=sse");
    assert_eq!(sent.header("x-goog-api-key"), Some(KEY));
    let body = &sent.body;
    assert_eq!(body["systemInstruction"]["parts"][0]["text"], "Be kind.");
    let generation = &body["generationConfig"];
    assert_eq!((generation["temperature"].clone(), generation["maxOutputTokens"].clone()), (json!(0.5), json!(300)));
    let contents = body["contents"].as_array().unwrap();
    let roles: Vec<&str> = contents.iter().map(|content| content["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["user", "model", "user"]);
    assert_eq!(contents[0]["parts"][0]["text"], "Is monday free?");
    assert_eq!(contents[1]["parts"][0]["text"], "One moment.");
    assert_eq!(contents[1]["parts"][1]["functionCall"]["name"], "now");
    assert_eq!(contents[2]["parts"][0]["functionResponse"]["name"], "now");
    assert!(contents[2].to_string().contains("9:00"));
    let declared = &body["tools"][0]["functionDeclarations"];
    assert_eq!(declared.as_array().unwrap().len(), 2);
    assert_eq!(declared[0]["name"], "free_slots");
    assert_eq!(declared[0]["parametersJsonSchema"]["required"], json!(["day"]));
}

#[rstest]
#[case(Provider::OpenAi)]
#[case(Provider::AzureOpenAi)]
#[case(Provider::Anthropic)]
#[case(Provider::Gemini)]
#[case(Provider::Compatible)]
#[tokio::test]
async fn texts_stream_and_cached_tokens_are_counted(#[case] provider: Provider) {
    let mock = Mock::start(vec![Answer::hello(provider)]).await;
    let (deltas, mut said) = unbounded_channel();
    let call = call(endpoint(provider, &mock.base));
    let reply = models().complete(&tenant("a"), &call, &saying("Hi"), Some(&deltas)).await.unwrap();
    assert_eq!((reply.text.as_str(), reply.tool_calls.len()), ("Hello there", 0));
    let usage = reply.usage;
    assert_eq!((usage.input_tokens, usage.cached_tokens, usage.output_tokens), (15, 4, 7));
    assert_eq!(said.try_recv().as_deref(), Ok("Hello"));
    assert_eq!(said.try_recv().as_deref(), Ok(" there"));
    assert_eq!(mock.one().body.get("tools"), None, "no tools, no field");
}

#[rstest]
#[case(Provider::OpenAi)]
#[case(Provider::Anthropic)]
#[case(Provider::Gemini)]
#[tokio::test]
async fn bytes_may_arrive_in_any_pieces(#[case] provider: Provider) {
    let whole = hello(provider).concat().replace("there", "thére");
    let pieces = whole.chars().collect::<Vec<_>>();
    let pieces = pieces.chunks(7).map(|piece| piece.iter().collect()).collect();
    let mock = Mock::start(vec![Answer::stream(pieces)]).await;
    let call = call(endpoint(provider, &mock.base));
    let reply = models().complete(&tenant("a"), &call, &saying("Hi"), None).await.unwrap();
    assert_eq!(reply.text, "Hello thére");
}

#[tokio::test]
async fn arguments_that_are_no_json_come_as_the_text() {
    let mut parts = calling(Provider::OpenAi);
    parts.retain(|part| !part.contains("monday"));
    let mock = Mock::start(vec![Answer::stream(parts)]).await;
    let call = call(endpoint(Provider::OpenAi, &mock.base));
    let reply = models().complete(&tenant("a"), &call, &saying("Hi"), None).await.unwrap();
    assert_eq!(reply.tool_calls[0].arguments, json!("{\"day\":"));
}
