//! What happens when more comes than can be taken.

use std::time::{Duration, Instant};

use model::inbound::Inbound;
use runtime::{AgentChoice, TurnError};

use crate::desk::{Desk, echo, learning, texts};

#[tokio::test]
async fn of_one_contact_a_bounded_number_of_turns_waits() {
    let desk = Desk::open().await;
    let agent = desk.publish(&echo("ok")).await;
    let turn = |contact: &str| {
        let runtime = desk.runtime.clone();
        let call = desk.call(AgentChoice::Named(agent), contact, Inbound::text("hi"));
        tokio::spawn(async move { runtime.turn(call).await })
    };
    // On one thread all of them ask before the first one's agent is loaded.
    let burst: Vec<_> = (0..40).map(|_| turn("ann")).collect();
    let other = turn("bob");
    let (mut taken, mut refused) = (0, 0);
    for turn in burst {
        match turn.await.unwrap() {
            Ok(_) => taken += 1,
            Err(TurnError::Overloaded { retry_after }) => {
                assert_eq!(retry_after, Duration::from_secs(1));
                refused += 1;
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!((taken, refused), (33, 7), "one is taken while 32 wait");
    assert_eq!(texts(&other.await.unwrap().unwrap()), ["ok"]);
    assert_eq!(desk.says(agent, "ann", "hi").await.unwrap().turn, 34, "later it is taken again");
}

#[tokio::test]
async fn a_turns_time_runs_while_it_waits_for_its_place() {
    let limit = Duration::from_millis(600);
    let desk = Desk::open_within(limit).await;
    let agent = desk.publish(&learning(80, 60, "ok")).await;
    let asked = Instant::now();
    // The first one waits for the agent, the second for the first.
    let (first, second) = tokio::join!(desk.says(agent, "ann", "hi"), desk.says(agent, "ann", "hi"));
    assert!(matches!(first, Err(TurnError::TimedOut(_))));
    assert!(matches!(second, Err(TurnError::TimedOut(_))));
    assert!(asked.elapsed() < 2 * limit, "{:?}", asked.elapsed());
}
