//! Attributes that are set for a contact beside turns, and the links that lead to it.

use model::{AgentId, TranscriptId, inbound::Inbound};
use runtime::{
    AgentChoice,
    links::{Invitation, Links},
};
use serde_json::{Value, json};
use store::Page;

use crate::desk::{Desk, echo, texts};

const GREETING: &str = "Hello {user.name}!";

impl Desk {
    /// Makes a link that sets these attributes; answers its code.
    async fn invites(&self, agent: AgentId, contact: &str, attributes: Value) -> String {
        let attributes = attributes.as_object().unwrap().clone();
        let invitation = Invitation { contact: contact.parse().unwrap(), attributes };
        let links = Links::new(self.runtime.store());
        links.create(&self.tenant, agent, None, &[invitation]).await.unwrap().remove(0)
    }

    async fn hears(&self, agent: AgentId, contact: &str) -> String {
        texts(&self.says(agent, contact, "hi").await.unwrap()).remove(0)
    }

    async fn preset_of(&self, transcript: &TranscriptId, turn: u32) -> Value {
        let store = self.runtime.store().tenant(&self.tenant);
        let record = store.turn_record(transcript, turn).await.unwrap().unwrap();
        serde_json::from_str::<Value>(record.journal.get()).unwrap()["preset"].clone()
    }

    async fn waiting(&self) -> usize {
        self.runtime.store().tenant(&self.tenant).list("presets", Page::whole()).await.unwrap().len()
    }
}

#[tokio::test]
async fn od_l08_what_was_set_is_there_in_the_next_turn_of_somebody_new_and_of_somebody_known() {
    let desk = Desk::open().await;
    let agent = desk.publish(&echo(GREETING)).await;
    assert_eq!(desk.hears(agent, "known").await, "Hello !");
    for contact in ["new", "known"] {
        desk.invites(agent, contact, json!({"name": "Ann"})).await;
        assert_eq!(desk.hears(agent, contact).await, "Hello Ann!");
        assert_eq!(desk.hears(agent, contact).await, "Hello Ann!");
    }
    assert_eq!(desk.hears(agent, "somebody else").await, "Hello !");
}

#[tokio::test]
async fn what_was_set_counts_once_and_its_turn_says_so() {
    let desk = Desk::open().await;
    let agent = desk.publish(&echo(GREETING)).await;
    desk.invites(agent, "ann", json!({"name": "Ann", "tier": "gold"})).await;
    desk.invites(agent, "ann", json!({"name": "Anna"})).await;
    let first = desk.says(agent, "ann", "hi").await.unwrap();
    assert_eq!(texts(&first), ["Hello Anna!"]);
    assert_eq!(desk.preset_of(&first.transcript, 1).await, json!({"name": "Anna", "tier": "gold"}));
    // What was merged is not tidied up yet, and does not come back.
    assert_eq!(desk.waiting().await, 2);
    desk.invites(agent, "ann", json!({"name": null})).await;
    assert_eq!(desk.hears(agent, "ann").await, "Hello !");
    assert_eq!(desk.preset_of(&first.transcript, 2).await, json!({"name": null}));
    assert_eq!(desk.hears(agent, "ann").await, "Hello !");
    assert_eq!(desk.preset_of(&first.transcript, 3).await, Value::Null);

    let desk = desk.restart().await;
    assert_eq!(desk.waiting().await, 0);
    assert_eq!(desk.hears(agent, "ann").await, "Hello !");
}

#[tokio::test]
async fn a_browser_does_not_override_what_the_platform_set() {
    let desk = Desk::open().await;
    let agent = desk.publish(&echo(GREETING)).await;
    desk.invites(agent, "ann", json!({"name": "Ann"})).await;
    for _ in 0..2 {
        let mut inbound = Inbound::text("hi");
        inbound.visitor.insert("name".to_owned(), json!("Eve"));
        let answer = desk.runtime.turn(desk.call(AgentChoice::Named(agent), "ann", inbound)).await.unwrap();
        assert_eq!(texts(&answer), ["Hello Ann!"]);
    }
}

#[tokio::test]
async fn a_forgotten_contact_has_no_attributes_waiting_and_no_links() {
    let desk = Desk::open().await;
    let agent = desk.publish(&echo(GREETING)).await;
    let ann = desk.invites(agent, "ann", json!({"name": "Ann"})).await;
    let bob = desk.invites(agent, "bob", json!({"name": "Bob"})).await;
    let contact = "ann".parse().unwrap();
    let presets = desk.runtime.presets();
    assert!(presets.any_for(&desk.tenant, &contact).await.unwrap());
    presets.forget(&desk.tenant, &contact).await.unwrap();
    assert!(!presets.any_for(&desk.tenant, &contact).await.unwrap());
    let links = Links::new(desk.runtime.store());
    assert!(links.find(&ann).await.unwrap().is_none());
    assert_eq!(links.find(&bob).await.unwrap().unwrap().1.contact.as_str(), "bob");
    assert_eq!(desk.hears(agent, "ann").await, "Hello !");
    assert_eq!(desk.hears(agent, "bob").await, "Hello Bob!");
}
