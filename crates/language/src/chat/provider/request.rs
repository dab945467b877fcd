//! A prompt in the terms of the client library, in a form that every provider takes.

use std::collections::HashMap;

use genai::chat::{
    ChatMessage as WireMessage, ChatRequest as WireRequest, ContentPart, Tool as WireTool, ToolCall as WireCall,
    ToolName, ToolResponse,
};
use model::chat::{ChatMessage, ChatRequest, Role, ToolCall};
use serde_json::{Value, json};

/// Stands first where the model speaks first: some providers require that the customer does.
const OPENING: &str = "(The conversation begins.)";

/// The request, with what providers refuse made into what they take: answers of tools that belong together are one
/// message, empty messages are left out, arguments are objects, and the customer comes first.
pub(super) fn in_terms_of_provider(request: &ChatRequest) -> WireRequest {
    let mut names = HashMap::new();
    let mut messages = Vec::with_capacity(request.messages.len() + 1);
    let mut answers: Vec<ToolResponse> = Vec::new();
    let mut begun = false;
    for message in &request.messages {
        if message.role != Role::Tool && !answers.is_empty() {
            messages.push(WireMessage::tool(std::mem::take(&mut answers)));
        }
        if !begun && message.role != Role::System {
            begun = true;
            if message.role != Role::User || message.content.is_empty() {
                messages.push(WireMessage::user(OPENING));
            }
        }
        match message.role {
            Role::System if message.content.is_empty() => {}
            Role::System => messages.push(WireMessage::system(message.content.as_str())),
            Role::User if message.content.is_empty() => {}
            Role::User => messages.push(WireMessage::user(message.content.as_str())),
            Role::Assistant => {
                names.extend(message.tool_calls.iter().map(|call| (call.id.as_str(), call.name.as_str())));
                let parts = parts(message);
                if !parts.is_empty() {
                    messages.push(WireMessage::assistant(parts));
                }
            }
            Role::Tool => {
                let call = message.tool_call_id.as_deref().unwrap_or_default();
                let answer = ToolResponse::new(call, message.content.as_str());
                answers.push(match names.get(call) {
                    Some(name) => answer.with_fn_name(*name),
                    None => answer,
                });
            }
        }
    }
    if !answers.is_empty() {
        messages.push(WireMessage::tool(answers));
    }
    if !begun {
        messages.push(WireMessage::user(OPENING));
    }
    let wire = WireRequest::from_messages(messages);
    if request.tools.is_empty() { wire } else { wire.with_tools(request.tools.iter().map(tool)) }
}

fn parts(message: &ChatMessage) -> Vec<ContentPart> {
    let text = Some(&message.content).filter(|text| !text.is_empty()).map(|text| ContentPart::Text(text.clone()));
    text.into_iter().chain(message.tool_calls.iter().map(call).map(ContentPart::ToolCall)).collect()
}

fn call(call: &ToolCall) -> WireCall {
    let fn_arguments = match &call.arguments {
        Value::Object(_) => call.arguments.clone(),
        // What the model wrote is kept for it to see; providers take objects only.
        other => json!({ "unreadable": other }),
    };
    WireCall { call_id: call.id.clone(), fn_name: call.name.clone(), fn_arguments, thought_signatures: None }
}

fn tool(tool: &model::chat::Tool) -> WireTool {
    WireTool::new(ToolName::Custom(tool.name.clone()))
        .with_description(tool.description.as_str())
        .with_schema(tool.parameters.clone())
}

#[cfg(test)]
mod tests {
    use genai::chat::ChatRole;

    use super::*;

    fn roles(messages: Vec<ChatMessage>) -> Vec<ChatRole> {
        let request = ChatRequest { messages, ..ChatRequest::default() };
        in_terms_of_provider(&request).messages.into_iter().map(|message| message.role).collect()
    }

    fn calling(calls: &[&str]) -> ChatMessage {
        let call = |id: &&str| ToolCall { id: (*id).to_owned(), name: format!("tool of {id}"), arguments: json!({}) };
        ChatMessage { tool_calls: calls.iter().map(call).collect(), ..ChatMessage::new(Role::Assistant, "") }
    }

    #[test]
    fn the_customer_comes_first() {
        let system = || ChatMessage::new(Role::System, "Be kind.");
        assert_eq!(roles(vec![system()]), [ChatRole::System, ChatRole::User]);
        assert_eq!(roles(Vec::new()), [ChatRole::User]);
        let greeted = vec![system(), ChatMessage::new(Role::Assistant, "Hello"), ChatMessage::new(Role::User, "Hi")];
        assert_eq!(roles(greeted), [ChatRole::System, ChatRole::User, ChatRole::Assistant, ChatRole::User]);
        assert_eq!(roles(vec![ChatMessage::new(Role::User, "Hi")]), [ChatRole::User]);
    }

    #[test]
    fn answers_of_tools_are_one_message_and_know_their_tool() {
        let messages = vec![
            ChatMessage::new(Role::User, "Hi"),
            calling(&["1", "2"]),
            ChatMessage::tool("1", "one"),
            ChatMessage::tool("2", "two"),
            ChatMessage::tool("lost", "three"),
        ];
        let wire = in_terms_of_provider(&ChatRequest { messages, ..ChatRequest::default() });
        assert_eq!(wire.messages.len(), 3);
        let answers = wire.messages[2].content.tool_responses();
        let named: Vec<_> = answers.iter().map(|answer| (answer.fn_name.as_deref(), answer.content.as_str())).collect();
        assert_eq!(named, [(Some("tool of 1"), "one"), (Some("tool of 2"), "two"), (None, "three")]);
    }

    #[test]
    fn empty_messages_are_left_out_and_arguments_are_objects() {
        let broken = ToolCall { id: "1".to_owned(), name: "a".to_owned(), arguments: json!("{\"day\": ") };
        let messages = vec![
            ChatMessage::new(Role::User, "Hi"),
            ChatMessage::new(Role::Assistant, ""),
            ChatMessage { tool_calls: vec![broken], ..ChatMessage::new(Role::Assistant, "Wait") },
        ];
        let wire = in_terms_of_provider(&ChatRequest { messages, ..ChatRequest::default() });
        assert_eq!(wire.messages.len(), 2);
        assert_eq!(wire.messages[1].content.tool_calls()[0].fn_arguments, json!({"unreadable": "{\"day\": "}));
        assert_eq!(wire.messages[1].content.first_text(), Some("Wait"));
    }
}
