//! Experiments in turns.

use model::{ContactId, inbound::Inbound};
use runtime::{
    AgentChoice, TurnError,
    experiments::{EVALUATED, Experiments, Flags},
};
use serde_json::{Value, json};
use store::{EventFilter, StoredEvent};

use crate::desk::{Desk, echo, texts};

fn two_variants(control: u32, warm: u32) -> Value {
    json!({ "name": "tone", "enabled": true, "default_variant": "control",
            "variants": [{ "name": "control", "weight": control }, { "name": "warm", "weight": warm }] })
}

impl Desk {
    async fn experiment(&self, agent: model::AgentId, flags: Value) {
        let flags: Flags = serde_json::from_value(json!({ "flags": flags })).unwrap();
        Experiments::new(self.runtime.store()).put(&self.tenant, agent, flags).await.unwrap();
    }

    async fn evaluations(&self) -> Vec<StoredEvent> {
        self.runtime.store().flush_projections().await.unwrap();
        let filter = EventFilter {
            kind: EVALUATED.into(),
            agent: None,
            contacts: Vec::new(),
            from: model::Timestamp(i64::MIN),
            to: model::Timestamp(i64::MAX),
            after: 0,
            skip: 0,
            limit: 1_000,
        };
        self.runtime.store().tenant(&self.tenant).events_of_kind(filter).await.unwrap()
    }

    async fn remembered(&self, contact: &str, attribute: &str) -> Value {
        let contact: ContactId = contact.parse().unwrap();
        let stored = self.runtime.store().tenant(&self.tenant).contact(&contact).await.unwrap().unwrap();
        let state: Value = serde_json::from_str(stored.state.get()).unwrap();
        state["attributes"][attribute].clone()
    }
}

fn body(event: &StoredEvent) -> Value {
    serde_json::from_str(event.body.get()).unwrap()
}

#[tokio::test]
async fn what_was_assigned_stays_although_weights_change() {
    let desk = Desk::open().await;
    let agent = desk.publish(&echo("It is {user.flag_tone}!")).await;
    assert_eq!(texts(&desk.says(agent, "before", "hi").await.unwrap()), ["It is !"], "there is no flag yet");
    desk.experiment(agent, json!([two_variants(0, 1)])).await;
    assert_eq!(texts(&desk.says(agent, "ann", "hi").await.unwrap()), ["It is warm!"]);
    desk.experiment(agent, json!([two_variants(1, 0)])).await;
    assert_eq!(texts(&desk.says(agent, "ann", "hi").await.unwrap()), ["It is warm!"]);
    assert_eq!(texts(&desk.says(agent, "bob", "hi").await.unwrap()), ["It is control!"]);
    assert_eq!(desk.remembered("ann", "flag_tone").await, json!({ "value": "warm", "provenance": "platform" }));

    let evaluations = desk.evaluations().await;
    let expected = |variant: &str| json!({ "flag": "tone", "variant": variant, "reason": "RULE_MATCH", "context": {} });
    assert_eq!(evaluations.iter().map(body).collect::<Vec<_>>(), [expected("warm"), expected("control")]);
    assert_eq!(
        evaluations.iter().filter_map(|event| event.contact.as_ref()).map(model::ContactId::as_str).collect::<Vec<_>>(),
        ["ann", "bob"]
    );

    // A variant that is no longer there is assigned anew.
    let left = json!({ "name": "tone", "enabled": true, "default_variant": "control",
                       "variants": [{ "name": "control", "weight": 1 }] });
    desk.experiment(agent, json!([left])).await;
    assert_eq!(texts(&desk.says(agent, "ann", "hi").await.unwrap()), ["It is control!"]);
    assert_eq!(desk.evaluations().await.len(), 3);
}

#[tokio::test]
async fn a_default_is_served_and_not_remembered() {
    let desk = Desk::open().await;
    let agent = desk.publish(&echo("It is {user.flag_tone}!")).await;
    let mut flag = two_variants(0, 1);
    flag["rules"] = json!([{ "conditions": [{ "attribute": "country", "equals": "DE" }] }]);
    desk.experiment(agent, json!([flag])).await;
    for _ in 0..2 {
        assert_eq!(texts(&desk.says(agent, "ann", "hi").await.unwrap()), ["It is control!"]);
        assert_eq!(desk.remembered("ann", "flag_tone").await, Value::Null);
    }
    let expected = json!({ "flag": "tone", "variant": "control", "reason": "DEFAULT", "context": { "country": null } });
    assert_eq!(desk.evaluations().await.iter().map(body).collect::<Vec<_>>(), [expected], "once per transcript");

    // The client says what was missing; the contact takes part from now on.
    let mut inbound = Inbound::text("hi");
    inbound.visitor.insert("country".into(), json!("DE"));
    let answer = desk.runtime.turn(desk.call(AgentChoice::Named(agent), "ann", inbound)).await.unwrap();
    assert_eq!(texts(&answer), ["It is warm!"]);

    // While the flag is off, everybody is served the default; assignments come back with it.
    flag["enabled"] = json!(false);
    desk.experiment(agent, json!([flag])).await;
    assert_eq!(texts(&desk.says(agent, "ann", "hi").await.unwrap()), ["It is control!"]);
    assert_eq!(desk.remembered("ann", "flag_tone").await["value"], "warm");
    flag["enabled"] = json!(true);
    desk.experiment(agent, json!([flag])).await;
    assert_eq!(texts(&desk.says(agent, "ann", "hi").await.unwrap()), ["It is warm!"]);
    assert_eq!(desk.evaluations().await.len(), 2);
}

#[tokio::test]
async fn what_the_browser_says_is_no_assignment() {
    let desk = Desk::open().await;
    let agent = desk.publish(&echo("It is {user.flag_tone}!")).await;
    let claim = || {
        let mut inbound = Inbound::text("hi");
        inbound.visitor.insert("flag_tone".into(), json!("warm"));
        desk.call(AgentChoice::Named(agent), "ann", inbound)
    };
    assert_eq!(texts(&desk.runtime.turn(claim()).await.unwrap()), ["It is warm!"], "there is no flag yet");
    desk.experiment(agent, json!([two_variants(1, 0)])).await;
    for _ in 0..2 {
        assert_eq!(texts(&desk.runtime.turn(claim()).await.unwrap()), ["It is control!"]);
    }
    assert_eq!(desk.evaluations().await.len(), 1);
}

#[tokio::test]
async fn a_turn_that_fails_assigns_nothing() {
    let desk = Desk::open().await;
    let agent = desk.publish(&json!("no scenario")).await;
    desk.experiment(agent, json!([two_variants(1, 1)])).await;
    assert!(matches!(desk.says(agent, "ann", "hi").await, Err(TurnError::Broken(_))));
    assert!(desk.evaluations().await.is_empty());
}
