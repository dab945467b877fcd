use std::time::Duration;

use model::{
    inbound::{Act, Inbound},
    mood::Emotion,
    record::Author,
};
use runtime::{
    AgentChoice, TurnError, UserType,
    environment::{Environment, catalogue::SENTIMENT_ENABLED},
};
use serde_json::{Value, json};
use store::EntryFilter;

use crate::desk::{Desk, answering, echo, texts};

#[tokio::test]
async fn a_turn_is_recorded_whole() {
    let desk = Desk::open().await;
    let agent = desk.publish(&echo("You said {utterance_text}")).await;
    let answer = desk.says(agent, "ann", "hello").await.unwrap();
    assert_eq!(texts(&answer), ["You said hello"]);
    assert_eq!((answer.turn, answer.replayed), (1, false));

    let documents = desk.runtime.store().tenant(&desk.tenant);
    let record = documents.turn_record(&answer.transcript, 1).await.unwrap().unwrap();
    let said: Vec<_> = record.entries.iter().map(|entry| (entry.author, entry.text.as_str())).collect();
    assert_eq!(said, [(Author::Contact, "hello"), (Author::Agent, "You said hello")]);
    assert_eq!(record.entries[1].place.as_deref(), Some("c/sc/t"));
    let journal: Value = serde_json::from_str(record.journal.get()).unwrap();
    let steps = journal["steps"].to_string();
    assert!(steps.contains("intent.core.NoMatch") && steps.contains("executed"), "{steps}");
    let events: Vec<_> =
        documents.events(0, 10).await.unwrap().into_iter().map(|event| (event.seq, event.kind)).collect();
    assert_eq!(events, [(1, "transcript.started".to_owned()), (2, "turn.completed".to_owned())]);
}

#[tokio::test]
async fn a_retry_with_the_same_message_id_gets_the_first_answer() {
    let desk = Desk::open().await;
    let agent = desk.publish(&echo("{seconds_since_last_seen} {utterance_text}")).await;
    let call = |text: &str| {
        let call = desk.call(AgentChoice::Named(agent), "ann", Inbound::text(text));
        runtime::TurnCall { message_id: Some("m-1".into()), ..call }
    };
    let first = desk.runtime.turn(call("hello")).await.unwrap();
    let again = desk.runtime.turn(call("something else")).await.unwrap();
    assert!(again.replayed);
    assert_eq!((again.turn, texts(&again)), (1, texts(&first)));
    desk.runtime.store().flush_projections().await.unwrap();
    let again = desk.runtime.turn(call("hello")).await.unwrap();
    assert_eq!(texts(&again), texts(&first), "from the tables as well as from memory");
    // The id is the visitor's own: another visitor may use the same.
    let other = desk.call(AgentChoice::Named(agent), "bob", Inbound::text("hi"));
    let other = desk.runtime.turn(runtime::TurnCall { message_id: Some("m-1".into()), ..other }).await.unwrap();
    assert!(!other.replayed);

    let desk = desk.restart().await;
    let call = desk.call(AgentChoice::Named(agent), "ann", Inbound::text("hello"));
    let again = desk.runtime.turn(runtime::TurnCall { message_id: Some("m-1".into()), ..call }).await.unwrap();
    assert_eq!((again.replayed, texts(&again)), (true, texts(&first)), "after a restart too");
}

#[tokio::test]
async fn a_retry_gets_the_first_answer_whoever_serves_now() {
    let desk = Desk::open().await;
    let agent = desk.publish(&echo("first")).await;
    for (contact, choice) in [("ann", AgentChoice::Named(agent)), ("bob", AgentChoice::ByConditions)] {
        let call = || {
            let call = desk.call(choice, contact, Inbound::text("hello"));
            runtime::TurnCall { message_id: Some("m-1".into()), ..call }
        };
        desk.publish_as(agent, 1, &echo("first")).await;
        assert_eq!(texts(&desk.runtime.turn(call()).await.unwrap()), ["first"]);
        desk.unpublish(agent).await;
        let again = desk.runtime.turn(call()).await.unwrap();
        assert_eq!((again.replayed, texts(&again)), (true, vec!["first".to_owned()]));
        let new = runtime::TurnCall { message_id: Some("m-2".into()), ..call() };
        assert!(matches!(desk.runtime.turn(new).await, Err(TurnError::NoActiveVersion | TurnError::UnknownAgent)));
    }
}

#[tokio::test]
async fn the_journal_says_how_much_of_the_past_was_read_and_not_what() {
    let desk = Desk::open().await;
    let agent = desk.publish(&echo("{message_history.all} and {history}")).await;
    desk.says(agent, "ann", "a secret word").await.unwrap();
    let answer = desk.says(agent, "ann", "again").await.unwrap();
    assert!(texts(&answer)[0].contains("a secret word"));
    let record = desk.runtime.store().tenant(&desk.tenant).turn_record(&answer.transcript, 2).await.unwrap().unwrap();
    let journal: Value = serde_json::from_str(record.journal.get()).unwrap();
    let answers = journal["answers"].as_array().unwrap();
    assert!(answers.contains(&json!({"need": "history", "all": true, "lines": 2})), "{answers:?}");
    assert!(!journal["answers"].to_string().contains("secret"), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn turns_of_one_contact_come_one_after_the_other() {
    let desk = Desk::open().await;
    let agent = desk.publish(&echo("ok")).await;
    let calls = (0..30).map(|n| {
        let runtime = desk.runtime.clone();
        let call = desk.call(AgentChoice::Named(agent), "ann", Inbound::text(format!("message {n}")));
        tokio::spawn(async move { runtime.turn(call).await.unwrap().turn })
    });
    let mut turns = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        turns.push(call.await.unwrap());
    }
    turns.sort_unstable();
    assert_eq!(turns, (1..=30).collect::<Vec<_>>());
    let entries = desk
        .runtime
        .store()
        .tenant(&desk.tenant)
        .contact_entries(&"ann".parse().unwrap(), EntryFilter { limit: 1000, ..EntryFilter::default() })
        .await
        .unwrap();
    assert_eq!(entries.len(), 60);
    // Each message is followed by its own answer.
    assert!(entries.chunks(2).all(|pair| pair[0].turn == pair[1].turn));
}

#[tokio::test]
async fn a_completed_conversation_is_followed_by_a_new_transcript() {
    let desk = Desk::open().await;
    let mut document = answering("bye", "{message_history.all}");
    document["conversations"][0]["scenes"][0]["turns"][0]["response_intents"][0]["behaviors"] = json!(["COMPLETING"]);
    let agent = desk.publish(&document).await;
    let contact = "ann".parse().unwrap();
    assert_eq!(desk.runtime.user_type(&desk.tenant, agent, &contact).await.unwrap(), UserType::New);
    let press = || {
        desk.call(
            AgentChoice::Named(agent),
            "ann",
            Inbound { text: "bye".into(), ..Inbound::intent(Act::Button, "bye") },
        )
    };
    let first = desk.runtime.turn(press()).await.unwrap();
    assert_eq!(desk.runtime.user_type(&desk.tenant, agent, &contact).await.unwrap(), UserType::Returning);
    let second = desk.runtime.turn(press()).await.unwrap();
    assert_ne!(first.transcript, second.transcript);
    assert_eq!((first.turn, second.turn), (1, 1));
    // Row OD-C06: the message history spans both.
    assert_eq!(texts(&second), ["User: bye\nBot: User: bye\nUser: bye"]);
    let closed = desk.runtime.store().tenant(&desk.tenant).transcript(&first.transcript).await.unwrap().unwrap();
    assert!(closed.closed);
}

#[tokio::test]
async fn a_conversation_goes_on_after_a_restart() {
    let desk = Desk::open().await;
    let agent = desk.publish(&echo("{name}")).await;
    let mut hello = Inbound::text("hello");
    hello.visitor.insert("name".into(), "Ann".into());
    let first = desk.runtime.turn(desk.call(AgentChoice::Named(agent), "ann", hello)).await.unwrap();
    let desk = desk.restart().await;
    let second = desk.says(agent, "ann", "again").await.unwrap();
    assert_eq!((second.transcript, second.turn, texts(&second)), (first.transcript, 2, vec!["Ann".to_owned()]));
}

#[tokio::test]
async fn od_n24_without_a_name_the_first_agent_whose_conditions_hold_answers() {
    let desk = Desk::open().await;
    let mut picky = echo("picky");
    picky["conditions"] = json!([{"operation": "eq",
        "operationAttributes": [{"id": "attribute", "value": "user.selected_scenario"}],
        "parameters": [{"id": "value", "value": "$path:s"}]}]);
    let picky = desk.publish(&picky).await;
    let general = desk.publish(&echo("general")).await;
    let call = |visitor: Option<String>| {
        let mut inbound = Inbound::text("hello");
        inbound.visitor.extend(visitor.map(|id| ("selected_scenario".to_owned(), id.into())));
        desk.call(AgentChoice::ByConditions, "ann", inbound)
    };
    assert_eq!(desk.runtime.turn(call(None)).await.unwrap().agent, general);
    assert_eq!(desk.runtime.turn(call(Some(picky.to_string()))).await.unwrap().agent, picky);
}

#[tokio::test]
async fn the_agent_is_said_to_be_selected_only_where_it_was() {
    let desk = Desk::open().await;
    let agent = desk.publish(&echo("selected: {selected_scenario}")).await;
    let call = |choice, contact| desk.runtime.turn(desk.call(choice, contact, Inbound::text("hi")));
    let selected = [format!("selected: {agent}")];
    assert_eq!(texts(&call(AgentChoice::Named(agent), "ann").await.unwrap()), selected);
    assert_eq!(texts(&call(AgentChoice::Draft(agent), "bob").await.unwrap()), selected);
    assert_eq!(texts(&call(AgentChoice::ByConditions, "cid").await.unwrap()), ["selected: "]);
}

#[tokio::test]
async fn od_n37_a_draft_does_not_serve_but_can_be_previewed() {
    let desk = Desk::open().await;
    let agent = desk.publish(&echo("published")).await;
    let documents = desk.runtime.store().tenant(&desk.tenant);
    documents.put("agent.draft", &agent.to_string(), &echo("draft"), &[], store::Expect::Any).await.unwrap();
    assert_eq!(texts(&desk.says(agent, "ann", "hi").await.unwrap()), ["published"]);
    let preview = desk.call(AgentChoice::Draft(agent), "preview", Inbound::text("hi"));
    assert_eq!(texts(&desk.runtime.turn(preview).await.unwrap()), ["draft"]);

    desk.unpublish(agent).await;
    assert!(matches!(desk.says(agent, "ann", "hi").await, Err(TurnError::NoActiveVersion)));
}

#[tokio::test]
async fn a_new_version_serves_from_the_next_turn_on() {
    let desk = Desk::open().await;
    let agent = desk.publish(&echo("one")).await;
    assert_eq!(texts(&desk.says(agent, "ann", "hi").await.unwrap()), ["one"]);
    desk.publish_as(agent, 2, &echo("two")).await;
    assert_eq!(texts(&desk.says(agent, "ann", "hi").await.unwrap()), ["two"]);
}

#[tokio::test]
async fn an_unknown_agent_changes_nothing() {
    let desk = Desk::open().await;
    let unknown = model::AgentId(uuid::Uuid::now_v7());
    assert!(matches!(desk.says(unknown, "ann", "hi").await, Err(TurnError::UnknownAgent)));
    assert!(desk.runtime.store().tenant(&desk.tenant).events(0, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn free_text_is_understood_from_examples() {
    let desk = Desk::open().await;
    let mut document = answering("order.status", "On its way");
    document["interpreters"] = json!([{"name": "examples", "component_id": "interpreter.core.examples"}]);
    document["interpreter"] = json!("examples");
    let turn = &mut document["conversations"][0]["scenes"][0]["turns"][0];
    turn["request_intents"] = json!([
        {"od_id": "order.status", "name": "", "speaker": "USER", "sample_utterance": "Where is my order?", "confidence": 0.5,
         "examples": ["When will my parcel arrive", "track my delivery", "has my package been sent"]},
        {"od_id": "account.close", "name": "", "speaker": "USER", "sample_utterance": "Close my account", "confidence": 0.5,
         "examples": ["I want to delete my profile", "cancel my membership", "please remove my account"]},
    ]);
    let agent = desk.publish(&document).await;
    let answer = desk.says(agent, "ann", "where is my parcel").await.unwrap();
    assert_eq!(texts(&answer), ["On its way"]);
    let record = desk.runtime.store().tenant(&desk.tenant).turn_record(&answer.transcript, 1).await.unwrap().unwrap();
    assert_eq!(record.entries[0].intent.as_deref(), Some("order.status"));
    let desk = desk.restart().await;
    assert_eq!(texts(&desk.says(agent, "bob", "track my delivery").await.unwrap()), ["On its way"]);
}

#[tokio::test]
async fn built_in_actions_run() {
    let desk = Desk::open().await;
    let mut document = answering("hi", "{greeting} {later}");
    document["actions"] = json!([
        {"name": "greet", "component_id": "action.core.set_attributes",
         "configuration": {"attribute_value_map": {"greeting": "Hello {name}"}}},
        {"name": "later", "component_id": "action.core.datetime",
         "configuration": {"attribute_name": "later", "base": "{first_seen}", "modifier": "+1 day"}},
    ]);
    document["conversations"][0]["scenes"][0]["turns"][0]["request_intents"][0]["actions"] = json!(["greet", "later"]);
    let agent = desk.publish(&document).await;
    let mut hi = Inbound::intent(Act::Button, "hi");
    hi.visitor.insert("name".into(), "Ann".into());
    let answer = desk.runtime.turn(desk.call(AgentChoice::Named(agent), "ann", hi)).await.unwrap();
    let tomorrow = answer.at.seconds() + 86_400;
    assert_eq!(texts(&answer), [format!("Hello Ann {tomorrow}")]);
}

#[tokio::test]
async fn a_shutdown_finishes_turns_in_flight_and_begins_no_new_ones() {
    let desk = Desk::open().await;
    let agent = desk.publish(&echo("ok")).await;
    let in_flight: Vec<_> = (0..20)
        .map(|n| {
            let runtime = desk.runtime.clone();
            let call = desk.call(AgentChoice::Named(agent), &format!("c{n}"), Inbound::text("hi"));
            tokio::spawn(async move { runtime.turn(call).await })
        })
        .collect();
    tokio::task::yield_now().await;
    desk.runtime.shutdown(Duration::from_secs(5)).await;
    for turn in in_flight {
        assert!(matches!(turn.await.unwrap(), Ok(_) | Err(TurnError::ShuttingDown)));
    }
    assert!(matches!(desk.says(agent, "late", "hi").await, Err(TurnError::ShuttingDown)));
}

#[tokio::test]
async fn da_m04_a_scenarios_turns_say_how_they_are_going() {
    let desk = Desk::open().await;
    let agent = desk.publish(&echo("You said {utterance_text}")).await;
    let conversations = desk.runtime.store().tenant(&desk.tenant);
    let mood = async |turn: u32, answer: runtime::TurnAnswer| {
        let record = conversations.turn_record(&answer.transcript, turn).await.unwrap().unwrap();
        assert!(record.state.is_none(), "it says nothing else");
        record.mood
    };
    let answer = desk.says(agent, "ann", "I am furious!").await.unwrap();
    let first = mood(1, answer).await.expect("it is estimated");
    assert_eq!((first.messages, first.scores.strongest(), first.moved), (1, Some(Emotion::Anger), true));
    let answer = desk.says(agent, "ann", "ok then").await.unwrap();
    let second = mood(2, answer).await.expect("it is estimated");
    assert!(second.scores.get(Emotion::Anger) < first.scores.get(Emotion::Anger), "it goes on from the turn before");
    // From the tables as from memory, and after a restart.
    desk.runtime.store().flush_projections().await.unwrap();
    let answer = desk.says(agent, "ann", "fine").await.unwrap();
    assert_eq!(mood(3, answer).await.map(|mood| mood.messages), Some(3));

    let environment = Environment::new(desk.runtime.store());
    environment.set(&desk.tenant, SENTIMENT_ENABLED, &json!(false)).await.unwrap();
    let answer = desk.says(agent, "ann", "I am furious!").await.unwrap();
    assert_eq!(mood(4, answer).await, None);
    environment.unset(&desk.tenant, SENTIMENT_ENABLED).await.unwrap();
    let answer = desk.says(agent, "ann", "thank you").await.unwrap();
    let begun = mood(5, answer).await.expect("it is estimated again");
    assert_eq!((begun.messages, begun.scores.strongest(), begun.moved), (1, Some(Emotion::Gratitude), true));
}
