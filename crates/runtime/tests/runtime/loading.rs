//! How agents get into memory.

use std::{
    fs,
    time::{Duration, Instant, SystemTime},
};

use model::AgentId;
use runtime::TurnError;
use serde_json::json;
use uuid::Uuid;

use crate::desk::{Desk, echo, learning, texts};

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_takes_long_to_learn_delays_no_other() {
    let desk = Desk::open().await;
    let quick = desk.publish(&echo("quick")).await;
    let slow = desk.publish(&learning(60, 60, "slow")).await;
    let warm = {
        let (runtime, tenant) = (desk.runtime.clone(), desk.tenant.clone());
        tokio::spawn(async move { runtime.warm(&tenant, slow).await })
    };
    // Long enough to begin to learn, far too short to be done.
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(texts(&desk.says(quick, "ann", "hi").await.unwrap()), ["quick"]);
    assert!(!warm.is_finished(), "answered while the other still learns");
    warm.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_does_not_wait_for_learning_but_a_later_one_finds_it_done() {
    let desk = Desk::open_within(Duration::from_millis(200)).await;
    let agent = desk.publish(&learning(60, 60, "learnt")).await;
    assert!(matches!(desk.says(agent, "ann", "topic0").await, Err(TurnError::TimedOut(_))));
    assert!(desk.runtime.store().tenant(&desk.tenant).events(0, 10).await.unwrap().is_empty(), "nothing happened");
    let until = Instant::now() + Duration::from_secs(60);
    let answer = loop {
        match desk.says(agent, "ann", "topic0").await {
            Err(TurnError::TimedOut(_)) if Instant::now() < until => {}
            answer => break answer.unwrap(),
        }
    };
    assert_eq!((answer.turn, texts(&answer)), (1, vec!["learnt".to_owned()]));
}

#[tokio::test]
async fn failures_last_until_the_document_changes() {
    let desk = Desk::open().await;
    let id = AgentId(Uuid::now_v7());
    for _ in 0..2 {
        assert!(matches!(desk.says(id, "ann", "hi").await, Err(TurnError::UnknownAgent)));
    }
    desk.publish_as(id, 1, &json!("no scenario")).await;
    for _ in 0..2 {
        assert!(matches!(desk.says(id, "ann", "hi").await, Err(TurnError::Broken(_))));
        // A change of something else mends nothing.
        desk.publish(&echo("other")).await;
    }
    desk.publish_as(id, 2, &echo("mended")).await;
    assert_eq!(texts(&desk.says(id, "ann", "hi").await.unwrap()), ["mended"]);
    desk.unpublish(id).await;
    for _ in 0..2 {
        assert!(matches!(desk.says(id, "ann", "hi").await, Err(TurnError::NoActiveVersion)));
    }
    desk.publish_as(id, 2, &echo("mended")).await;
    assert_eq!(texts(&desk.says(id, "ann", "hi").await.unwrap()), ["mended"]);
}

#[tokio::test]
async fn classifiers_that_nobody_uses_are_removed() {
    let desk = Desk::open().await;
    fs::create_dir_all(desk.models()).unwrap();
    let days = |days: u64| SystemTime::now() - Duration::from_secs(days * 24 * 3600);
    let place = |name: &str, used: SystemTime| {
        let file = fs::File::create(desk.models().join(name)).unwrap();
        file.set_modified(used).unwrap();
    };
    place("left.part", days(40));
    place("notes.txt", days(40));
    for age in 1..=100 {
        place(&format!("{age:03}.classifier"), days(age));
    }
    let first = desk.publish(&learning(2, 3, "first")).await;
    desk.runtime.warm(&desk.tenant, first).await.unwrap();
    let left = |desk: &Desk| {
        let mut names: Vec<_> = fs::read_dir(desk.models())
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.len() < 20)
            .collect();
        names.sort();
        names
    };
    let young: Vec<_> = (1..30).map(|age| format!("{age:03}.classifier")).chain(["notes.txt".to_owned()]).collect();
    assert_eq!(left(&desk), young, "nothing older than 30 days");

    // Use counts, not age: what is loaded again is among the newest.
    let own = fs::read_dir(desk.models()).unwrap().map(|file| file.unwrap().path());
    let own = own.filter(|path| path.file_name().unwrap().len() > 20).collect::<Vec<_>>();
    let [own] = own.as_slice() else { panic!("one classifier was kept: {own:?}") };
    fs::File::options().write(true).open(own).unwrap().set_modified(days(29)).unwrap();
    let desk = desk.restart().await;
    desk.runtime.warm(&desk.tenant, first).await.unwrap();
    for n in 0..100 {
        let file = fs::File::create(desk.models().join(format!("{n:03}.classifier"))).unwrap();
        file.set_modified(days(1)).unwrap();
    }
    let second = desk.publish(&learning(3, 3, "second")).await;
    desk.runtime.warm(&desk.tenant, second).await.unwrap();
    assert!(own.exists());
    assert_eq!(left(&desk).len(), 62 + 1, "64 are kept, two of them our own; other files stay");
}
