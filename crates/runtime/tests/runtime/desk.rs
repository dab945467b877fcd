//! A tenant with agents, and visitors who talk to them.

use std::{path::PathBuf, time::Duration};

use model::{
    AgentId, TenantId, Timestamp, TranscriptId,
    agent::{Agent, AgentKind},
    inbound::{Act, Inbound},
    transcript::TranscriptState,
};
use runtime::{AgentChoice, Arrival, Conversation, Runtime, RuntimeOptions, TurnAnswer, TurnCall, TurnError};
use serde_json::{Value, json};
use store::{Expect, Key, Store, StoreOptions};
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) struct Desk {
    pub(crate) runtime: Runtime,
    pub(crate) tenant: TenantId,
    folder: TempDir,
}

impl Desk {
    pub(crate) async fn open() -> Self {
        Self::open_within(Duration::from_secs(20)).await
    }

    /// With a limit on how long a turn may take.
    pub(crate) async fn open_within(turn_timeout: Duration) -> Self {
        Self::open_in(TempDir::new().unwrap(), turn_timeout).await
    }

    async fn open_in(folder: TempDir, turn_timeout: Duration) -> Self {
        let store = Store::open(folder.path(), StoreOptions::default()).await.unwrap();
        let tenant: TenantId = "demo".parse().unwrap();
        let _ = store.platform().put_tenant(&tenant, &json!({"name": "demo"}), Expect::New).await;
        let runtime =
            Runtime::start(store, RuntimeOptions { turn_timeout, ..RuntimeOptions::in_data_dir(folder.path()) });
        Self { runtime, tenant, folder }
    }

    /// Stops everything and starts again on the same files.
    pub(crate) async fn restart(self) -> Self {
        self.runtime.shutdown(Duration::from_secs(5)).await;
        self.runtime.store().shutdown().await.unwrap();
        Self::open_in(self.folder, Duration::from_secs(20)).await
    }

    /// Where trained classifiers are kept.
    pub(crate) fn models(&self) -> PathBuf {
        self.folder.path().join("models")
    }

    pub(crate) async fn publish(&self, document: &Value) -> AgentId {
        let id = AgentId(Uuid::now_v7());
        self.publish_as(id, 1, document).await;
        id
    }

    pub(crate) async fn publish_as(&self, id: AgentId, version: u32, document: &Value) {
        let at = Timestamp::now();
        let agent = Agent {
            id,
            name: "agent".into(),
            kind: AgentKind::Scenario,
            app_key: id.to_string(),
            active_version: Some(version),
            versions: version,
            created_at: at,
            updated_at: at,
        };
        let documents = self.runtime.store().tenant(&self.tenant);
        documents.put("agent.draft", &id.to_string(), document, &[], Expect::Any).await.unwrap();
        documents.put("agent.version", &format!("{id}/{version}"), document, &[], Expect::Any).await.unwrap();
        let keys = [Key::unique("app_key", &agent.app_key)];
        documents.put("agent", &id.to_string(), &agent, &keys, Expect::Any).await.unwrap();
    }

    pub(crate) async fn unpublish(&self, id: AgentId) {
        let documents = self.runtime.store().tenant(&self.tenant);
        let mut agent: Agent = documents.get("agent", &id.to_string()).await.unwrap().unwrap().read().unwrap();
        agent.active_version = None;
        documents.put("agent", &id.to_string(), &agent, &[], Expect::Any).await.unwrap();
    }

    pub(crate) fn call(&self, agent: AgentChoice, contact: &str, inbound: Inbound) -> TurnCall {
        TurnCall {
            tenant: self.tenant.clone(),
            agent,
            contact: contact.parse().unwrap(),
            message_id: None,
            inbound,
            request: Arrival { url: "http://localhost/chat-api/message".into(), source_ip: "127.0.0.1".into() },
            platform: "webchat",
            conversation: Conversation::Latest,
            live: None,
        }
    }

    pub(crate) async fn says(&self, agent: AgentId, contact: &str, text: &str) -> Result<TurnAnswer, TurnError> {
        self.runtime.turn(self.call(AgentChoice::Named(agent), contact, Inbound::text(text))).await
    }
}

/// The first act of a new conversation with the draft of a flow.
pub(crate) fn beginning(tenant: &TenantId, flow: AgentId) -> (TranscriptId, TurnCall) {
    let transcript = TranscriptId(Uuid::now_v7());
    let state = TranscriptState { channel: "web".into(), ..TranscriptState::default() };
    let call = TurnCall {
        tenant: tenant.clone(),
        agent: AgentChoice::Draft(flow),
        contact: format!("c-{transcript}").parse().unwrap(),
        message_id: None,
        inbound: Inbound::new(Act::Open),
        request: Arrival::default(),
        platform: "web",
        conversation: Conversation::New { transcript, state: Box::new(state) },
        live: None,
    };
    (transcript, call)
}

pub(crate) fn texts(answer: &TurnAnswer) -> Vec<String> {
    answer.messages.iter().map(model::message::Message::plain_text).collect()
}

/// A scenario whose every utterance is answered by the no-match handler's text.
pub(crate) fn echo(text: &str) -> Value {
    answering("intent.core.NoMatch", text)
}

/// A scenario with one exchange.
pub(crate) fn answering(intent: &str, text: &str) -> Value {
    json!({"od_id": "s", "name": "s", "conversations": [{"od_id": "c", "name": "c", "behaviors": ["STARTING"], "scenes": [
        {"od_id": "sc", "name": "sc", "behaviors": ["STARTING"], "turns": [{"od_id": "t", "name": "t",
          "behaviors": ["STARTING", "OPEN"],
          "request_intents": [{"od_id": intent, "name": intent, "speaker": "USER", "sample_utterance": "", "confidence": 1}],
          "response_intents": [{"od_id": "answer", "name": "answer", "speaker": "APP", "sample_utterance": "", "confidence": 1,
            "message_templates": [{"od_id": "m", "name": "m",
              "message_markup": format!("<message><text-message>{text}</text-message></message>")}]}]}]}]}]})
}

/// A scenario that learns this many intents from examples, and answers to the first of them.
pub(crate) fn learning(intents: usize, examples: usize, text: &str) -> Value {
    let mut document = answering("intent0", text);
    document["interpreters"] = json!([{"name": "examples", "component_id": "interpreter.core.examples"}]);
    document["interpreter"] = json!("examples");
    let intent = |n| {
        let examples: Vec<_> =
            (0..examples).map(|m| format!("topic{n} word{} please tell me {}", m * 7 % 50, m * n)).collect();
        json!({"od_id": format!("intent{n}"), "name": "", "speaker": "USER", "sample_utterance": format!("topic{n}"),
               "confidence": 0.1, "examples": examples})
    };
    document["conversations"][0]["scenes"][0]["turns"][0]["request_intents"] = (0..intents).map(intent).collect();
    document
}
