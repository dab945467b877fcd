//! Goal R9: a person takes a conversation over while its agent is about to speak, ten thousand times, each at another
//! moment. What is checked is the log, record by record.

use std::{collections::HashMap, time::Duration};

use dialogue::flow::document::FlowDocument;
use model::{
    AgentId, LogSeq, TenantId, TranscriptId,
    inbound::{Inbound, Intervention},
    record::{Author, Record, TurnRecord},
    transcript::Control,
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use runtime::{
    ActCall, Arrival, Runtime, TurnAnswer,
    agents::{Access, Agents},
    models::ModelScripts,
};
use serde_json::json;

use crate::desk::{Desk, beginning};

/// Conversations that go on at the same time: few enough that a turn is not mostly waiting.
const AT_ONCE: u64 = 20;
/// Conversations one after the other.
const IN_LINE: u64 = 10;
/// Take-overs of one conversation.
const ROUNDS: u64 = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r09_who_takes_over_silences_the_agent_at_whatever_moment() {
    let desk = Desk::open().await;
    let flow = hesitating(&desk).await;
    let lines = (0..AT_ONCE).map(|line| {
        let (runtime, tenant) = (desk.runtime.clone(), desk.tenant.clone());
        tokio::spawn(async move {
            let mut ends = Ends::default();
            for number in 0..IN_LINE {
                let mut chance = StdRng::seed_from_u64(line * IN_LINE + number);
                let talk = Talk::begin(&runtime, &tenant, flow).await;
                let mut rounds = Vec::new();
                for round in 0..ROUNDS {
                    rounds.push(talk.round(round, &mut chance).await);
                }
                check(&rounds, &talk.log().await, &mut ends);
            }
            ends
        })
    });
    let mut all = Ends::default();
    for line in lines.collect::<Vec<_>>() {
        let ends = line.await.unwrap();
        all.answered += ends.answered;
        all.silenced += ends.silenced;
        all.unheard += ends.unheard;
    }
    assert_eq!(all.answered + all.silenced + all.unheard, AT_ONCE * IN_LINE * ROUNDS);
    // Else the race was none.
    assert!(all.answered > 0 && all.silenced > 0 && all.unheard > 0, "{all:?}");
}

/// How the races ended.
#[derive(Debug, Default)]
struct Ends {
    /// The agent spoke first.
    answered: u64,
    /// The agent was thinking, and said nothing.
    silenced: u64,
    /// The person was there first.
    unheard: u64,
}

/// What was acknowledged in one round; of a text, with the number of its turn and what the agent said to it.
struct Round {
    raced: Told,
    taken: u32,
    /// Said while the person had the conversation.
    meanwhile: Option<Told>,
    back: u32,
    /// Said after it was handed back.
    after: Option<Told>,
}

struct Told {
    text: String,
    turn: u32,
    answer: Vec<String>,
}

/// A flow whose model takes as many milliseconds as the customer says.
async fn hesitating(desk: &Desk) -> AgentId {
    let store = desk.runtime.store();
    let rule = |millis: u64| {
        json!({"when": {"text_contains": format!("wait {millis}")},
               "then": {"say": "You said: {{last_user}}", "delay_ms": millis}})
    };
    let script =
        json!({"rules": (0..=3).map(rule).collect::<Vec<_>>(), "otherwise": {"say": "You said: {{last_user}}"}});
    ModelScripts::new(store).put(&desk.tenant, "hesitating", script).await.unwrap();
    let flow: FlowDocument = serde_json::from_value(json!({
        "name": "Hesitating", "initial": "only",
        "states": [{"id": "only", "name": "Only", "thought": "Repeat what was said."}],
        "configuration": {
            "opening": {"say": "Welcome."},
            "model": {"provider": "scripted", "name": "hesitating", "history": 10},
        },
    }))
    .unwrap();
    Agents::new(store).create_flow(&desk.tenant, flow, Access::Guarded).await.unwrap().agent.id
}

struct Talk<'r> {
    runtime: &'r Runtime,
    tenant: &'r TenantId,
    transcript: TranscriptId,
}

impl<'r> Talk<'r> {
    async fn begin(runtime: &'r Runtime, tenant: &'r TenantId, flow: AgentId) -> Self {
        let (transcript, call) = beginning(tenant, flow);
        runtime.turn(call).await.unwrap();
        Self { runtime, tenant, transcript }
    }

    async fn act(&self, inbound: Inbound) -> TurnAnswer {
        let act = ActCall { inbound, message_id: None, request: Arrival::default(), live: None };
        self.runtime.act(self.tenant, self.transcript, act).await.unwrap()
    }

    async fn says(&self, text: String) -> Told {
        let answer = self.act(Inbound::text(text.as_str())).await;
        let of_agent = answer.entries.iter().filter(|entry| entry.author == Author::Agent);
        Told { answer: of_agent.map(|entry| entry.text.clone()).collect(), turn: answer.turn, text }
    }

    async fn intervenes(&self, intervention: Intervention) -> TurnAnswer {
        self.act(Inbound::intervention(intervention)).await
    }

    /// The customer says something, and at about the same time a person takes over.
    async fn round(&self, round: u64, chance: &mut StdRng) -> Round {
        let text = format!("{round}: wait {}", chance.random_range(0..=3));
        let (speaks, takes) = (moment(chance), moment(chance));
        let (raced, taken) = tokio::join!(
            async {
                tokio::time::sleep(speaks).await;
                self.says(text).await
            },
            async {
                tokio::time::sleep(takes).await;
                self.intervenes(Intervention::TakeOver { operator: "ann".into() }).await
            },
        );
        let state = taken.state.expect("how it stands");
        assert_eq!(state.control, Control::Operator);
        let meanwhile = match chance.random_bool(0.1) {
            true => Some(self.says(format!("{round}: anybody? wait 1")).await),
            false => None,
        };
        let back = self.intervenes(Intervention::HandBack).await.turn;
        let after = match chance.random_bool(0.1) || round + 1 == ROUNDS {
            true => Some(self.says(format!("{round}: and now?")).await),
            false => None,
        };
        Round { raced, taken: taken.turn, meanwhile, back, after }
    }

    /// The turns of the conversation as the log has them.
    async fn log(&self) -> Vec<TurnRecord> {
        let store = self.runtime.store().tenant(self.tenant);
        let (mut place, mut turns) = (LogSeq(0), Vec::new());
        loop {
            let page = store.records_after(place, 1_000, Some(&self.transcript)).await.unwrap();
            turns.extend(page.records.into_iter().filter_map(|(_, record)| match record {
                Record::Turn(turn) => Some(*turn),
                _ => None,
            }));
            if !page.more {
                return turns;
            }
            place = page.reached;
        }
    }
}

fn moment(chance: &mut StdRng) -> Duration {
    Duration::from_micros(chance.random_range(0..8_000))
}

/// Texts of a record, of one author.
fn texts(record: &TurnRecord, author: Author) -> Vec<&str> {
    let entries = record.entries.iter().filter(|entry| entry.author == author && entry.kind == "text");
    entries.map(|entry| entry.text.as_str()).collect()
}

fn check(rounds: &[Round], log: &[TurnRecord], ends: &mut Ends) {
    let numbers: Vec<u32> = log.iter().map(|record| record.turn).collect();
    assert_eq!(numbers, (1..).take(log.len()).collect::<Vec<u32>>(), "turns follow each other");

    // In the order of the log, whatever was acknowledged: the agent is silent from take-over to hand-back.
    let mut with_person = false;
    for record in log {
        for entry in &record.entries {
            match (entry.author, entry.kind.as_str()) {
                (Author::Platform, "take_over") => with_person = true,
                (Author::Platform, "hand_back") => with_person = false,
                (Author::Agent, _) => assert!(!with_person, "turn {}: the agent says {}", record.turn, entry.text),
                _ => {}
            }
        }
    }

    // Each text that was taken is there once, in its turn, with the answer that was given.
    let mut said: HashMap<&str, &TurnRecord> = HashMap::new();
    for record in log {
        for text in texts(record, Author::Contact) {
            assert!(said.insert(text, record).is_none(), "{text} is there twice");
        }
    }
    let told = rounds.iter().flat_map(|round| [Some(&round.raced), round.meanwhile.as_ref(), round.after.as_ref()]);
    let told: Vec<&Told> = told.flatten().collect();
    assert_eq!(said.len(), told.len());
    for Told { text, turn, answer } in &told {
        let record = said.get(text.as_str()).unwrap_or_else(|| panic!("{text} was lost"));
        assert_eq!(record.turn, *turn);
        assert_eq!(texts(record, Author::Agent), *answer);
        assert!(answer.is_empty() || *answer == [format!("You said: {text}")], "{text}: {answer:?}");
    }

    for Round { raced, taken, meanwhile, back, after } in rounds {
        let until = log.iter().filter(|record| (*taken..=*back).contains(&record.turn));
        let late: Vec<&str> = until.flat_map(|record| texts(record, Author::Agent)).collect();
        assert_eq!(late, Vec::<&str>::new(), "said after the take-over of turn {taken} was acknowledged");
        assert!(meanwhile.iter().all(|told| told.answer.is_empty()));
        assert!(after.iter().all(|told| told.answer.len() == 1), "the agent answers after the hand-back");
        match (raced.turn < *taken, raced.answer.is_empty()) {
            (true, false) => ends.answered += 1,
            (true, true) => ends.silenced += 1,
            (false, _) => ends.unheard += 1,
        }
    }
}
