//! Conversations that nobody goes on with: rows DA-X9 and DA-F22.

use model::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use crate::flows_world::World;

impl World {
    /// Ends what would be idle so many minutes from now; how many conversations.
    async fn minutes_later(&self, minutes: i64) -> usize {
        self.app.store.flush_projections().await.expect("all is in the tables");
        let later = Timestamp(Timestamp::now().0 + minutes * 60_000_000);
        self.app.runtime.end_idle(later).await.expect("a round")
    }

    /// After how many minutes the tenant lets conversations end.
    async fn lets_rest(&self, minutes: i64) {
        let value = Some(json!({ "value": minutes }));
        let (status, set) = self.ask(Method::PUT, "environment/Webchat.IdleMinutes", value).await;
        assert!([200, 204].contains(&status), "{set}");
    }
}

fn wrapped(transcript: &Value) -> usize {
    let calls = transcript["function_calls"].as_array().expect("calls").iter();
    calls.filter(|call| call["function"] == "wrap").count()
}

#[tokio::test]
async fn da_x09_da_f22_what_is_left_ends_as_abandoned_and_is_wrapped_up_once() {
    let world = World::start().await;
    let page = world.chat().await;
    page.says("Hello").await;
    let mut stream = page.follows(None).await;
    assert_eq!(world.minutes_later(29).await, 0);
    assert_eq!(world.transcript(&page.transcript).await["status"], "InProgress");
    assert_eq!(world.minutes_later(31).await, 1);
    assert_eq!(world.minutes_later(31).await, 0, "once");
    let transcript = world.transcript(&page.transcript).await;
    assert_eq!((&transcript["status"], &transcript["closed"]), (&json!("Abandoned"), &json!(true)));
    assert_eq!((wrapped(&transcript), &transcript["tags"]), (1, &json!({ "Wrapped": "yes" })), "{transcript}");
    assert_eq!(stream.until("status").await.data["status"], "Abandoned");
    assert_eq!(page.tries("Hello?").await.0, 409);
}

#[tokio::test]
async fn da_x09_what_has_ended_stays_as_it_is() {
    let world = World::start().await;
    let (ended, open) = (world.chat().await, world.chat().await);
    assert_eq!(ended.ends("Completed").await.0, 200);
    assert_eq!(world.minutes_later(31).await, 1, "the other one");
    let transcript = world.transcript(&ended.transcript).await;
    assert_eq!((&transcript["status"], wrapped(&transcript)), (&json!("Completed"), 1));
    assert_eq!(world.transcript(&open.transcript).await["status"], "Abandoned");
}

#[tokio::test]
async fn da_x09_the_tenant_says_how_long_a_conversation_may_rest() {
    let world = World::start().await;
    world.chat().await;
    world.lets_rest(0).await;
    assert_eq!(world.minutes_later(1_000_000).await, 0, "0 is never");
    world.lets_rest(5).await;
    assert_eq!(world.minutes_later(4).await, 0);
    assert_eq!(world.minutes_later(6).await, 1);
    for wrong in [json!(-1), json!(43_201), json!(1.5), json!("30")] {
        let body = Some(json!({ "value": wrong }));
        assert_eq!(world.ask(Method::PUT, "environment/Webchat.IdleMinutes", body).await.0, 422, "{wrong}");
    }
}

#[tokio::test]
async fn da_x09_who_waits_for_a_person_or_is_with_one_has_a_day() {
    let world = World::start().await;
    let (waits, with) = (world.chat().await, world.chat().await);
    waits.says("I want a person").await;
    assert_eq!(world.webchat(Method::POST, &with.path("/CsrTakeOver"), None).await.0, 200);
    for page in [&waits, &with] {
        assert_eq!(world.transcript(&page.transcript).await["status"], "HumanHandoff");
    }
    assert_eq!(world.minutes_later(23 * 60).await, 0);
    assert_eq!(world.minutes_later(24 * 60 + 1).await, 2);
    assert_eq!(world.transcript(&with.transcript).await["status"], "Abandoned");
}

#[tokio::test]
async fn da_x09_a_round_is_bounded_and_the_next_one_goes_on() {
    let world = World::start().await;
    for _ in 0..70 {
        world.chat().await;
    }
    assert_eq!(world.minutes_later(31).await, 64);
    assert_eq!(world.minutes_later(31).await, 6);
    assert_eq!(world.minutes_later(31).await, 0);
}

#[tokio::test]
async fn da_x09_tests_and_scenarios_have_no_such_end() {
    let world = World::start().await;
    let agent = world.app.open_agent().await;
    world.app.visitor(&agent, "ann").opens().await;
    let path = format!("flows/handlers/{}/test-conversations", world.flow);
    let (status, begun) = world.ask(Method::POST, &path, Some(json!({}))).await;
    assert!([200, 201].contains(&status), "{begun}");
    assert_eq!(world.minutes_later(1_000_000).await, 0);
}
