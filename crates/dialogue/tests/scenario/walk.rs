//! Conversations with the example, as the engine holds them. The classifier understands exactly the
//! examples here; how well the real one understands is its own crate's business.

use std::collections::HashMap;

use dialogue::{
    engine::{
        ActionResult, Answer, Answers, ContactState, Input, Interpretation, Interpreted, Need, Session, take_turn,
    },
    scenario::{compiled::CompiledScenario, document::Scenario, import},
};
use model::{
    Timestamp,
    inbound::{Act, Inbound},
};
use serde_json::{Map, Value, json};

use crate::example::LIGHTHOUSE_INN;

struct Guest {
    scenario: CompiledScenario,
    meanings: HashMap<String, String>,
    session: Session,
    contact: ContactState,
    now: Timestamp,
}

impl Guest {
    fn new() -> Self {
        let document = import(LIGHTHOUSE_INN).unwrap().scenario;
        Self {
            scenario: CompiledScenario::compile(&document, "agent"),
            meanings: meanings(&document),
            session: Session::default(),
            contact: ContactState::default(),
            now: Timestamp::from_seconds(1_700_000_000),
        }
    }

    /// The intents that the agent answers with.
    fn does(&mut self, inbound: &Inbound) -> Vec<String> {
        self.says(inbound).into_iter().map(|(intent, _)| intent).collect()
    }

    /// The intents and texts that the agent answers with.
    fn says(&mut self, inbound: &Inbound) -> Vec<(String, String)> {
        let mut answers = Answers::default();
        let outcome = loop {
            let input = Input {
                scenario: &self.scenario,
                session: &self.session,
                contact: &self.contact,
                contact_id: "guest",
                inbound,
                now: self.now,
                globals: &Map::new(),
                platform: "webchat",
            };
            match take_turn(&input, &answers) {
                Ok(outcome) => break outcome,
                Err(need) => {
                    let answer = self.answer(&need);
                    answers.add(need, answer);
                }
            }
        };
        self.session = outcome.session;
        self.contact = outcome.contact;
        self.now = Timestamp(self.now.0 + 60_000_000);
        let mut said: Vec<(String, String)> = Vec::new();
        for message in outcome.said.into_iter().map(|said| said.message) {
            match said.last_mut() {
                Some((intent, text)) if *intent == message.intent => text.push_str(&message.plain_text()),
                _ => said.push((message.intent.clone(), message.plain_text())),
            }
        }
        said
    }

    fn answer(&self, need: &Need) -> Answer {
        match need {
            Need::History { .. } => Answer::History { lines: Vec::new() },
            Need::Interpret { text, .. } => {
                let meaning = self.meanings.get(text);
                let meaning = meaning.map(|intent| Interpreted {
                    intent: intent.as_str().into(),
                    confidence: 0.9,
                    attributes: Map::new(),
                    rank: 0,
                });
                Answer::Interpretation { result: Ok(Interpretation { intents: meaning.into_iter().collect() }) }
            }
            Need::Act(call) => {
                let configuration = &call.configuration;
                let values = match &*call.component {
                    "action.core.datetime" => {
                        json!({configuration["attribute_name"].as_str().unwrap(): 1_800_000_000})
                    }
                    _ => configuration["attribute_value_map"].clone(),
                };
                Answer::Action { result: Ok(outputs(values)) }
            }
        }
    }

    fn types(&mut self, text: &str) -> Vec<String> {
        self.does(&Inbound::text(text))
    }

    fn presses(&mut self, intent: &str, value: Option<&str>) -> Vec<String> {
        self.does(&Inbound { value: value.map(str::to_owned), ..Inbound::intent(Act::Button, intent) })
    }

    fn fills(&mut self, intent: &str, fields: Value) -> Vec<(String, String)> {
        let Value::Object(fields) = fields else { panic!("fields are an object") };
        self.says(&Inbound { fields, ..Inbound::intent(Act::Form, intent) })
    }
}

fn outputs(values: Value) -> ActionResult {
    let Value::Object(values) = values else { panic!("values are an object") };
    ActionResult { outputs: values.into_iter().map(|(name, value)| (None, name, value)).collect() }
}

fn meanings(document: &Scenario) -> HashMap<String, String> {
    let scenes = document.conversations.iter().flat_map(|conversation| &conversation.scenes);
    let intents = scenes.flat_map(|scene| &scene.turns).flat_map(|turn| &turn.request_intents);
    intents.flat_map(|intent| intent.utterances().map(|text| (text.to_owned(), intent.common.od_id.clone()))).collect()
}

#[test]
fn a_guest_books_a_room() {
    let mut guest = Guest::new();
    let open = Inbound::intent(Act::Open, "intent.core.welcome");
    assert_eq!(guest.does(&open), ["intent.app.Welcome", "intent.app.Menu"]);
    assert_eq!(guest.types("What did I book?"), ["intent.app.NoMatch"]);
    assert_eq!(guest.types("I would like to book a room"), ["intent.app.Rooms"]);
    assert_eq!(guest.presses("intent.user.ChooseRoom", Some("room.Lantern Room")), ["intent.app.AskArrival"]);
    assert_eq!(guest.types("whenever the moon is full"), ["intent.app.PickADay"]);
    let day = guest.fills("intent.user.ArrivalGiven", json!({"arrival": "2027-05-01"}));
    assert_eq!(day[0].0, "intent.app.AskGuest");
    assert!(day[0].1.contains("Saturday 1st May is free."), "{day:?}");
    assert_eq!(guest.types("is the hen friendly"), ["intent.app.StillBooking"]);
    assert_eq!(guest.presses("intent.user.GoOn", None), ["intent.app.AskGuest"]);
    let details = json!({"guest_name": "ada", "email": "ada@example.org", "guests": "2", "nights": "2", "breakfast_place": "room"});
    let booked = guest.fills("intent.user.GuestGiven", details);
    assert_eq!(
        booked.iter().map(|(intent, _)| intent.as_str()).collect::<Vec<_>>(),
        ["intent.app.Booked", "intent.app.Menu"]
    );
    assert!(booked[0].1.contains("It is yours, Ada!") && booked[0].1.contains("Lantern Room"), "{booked:?}");
    assert_eq!(guest.types("What did I book?"), ["intent.app.MyBooking"]);
    assert_eq!(guest.types("When is breakfast?"), ["intent.app.BreakfastForGuests"]);
    assert_eq!(guest.does(&open), ["intent.app.WelcomeBack", "intent.app.Menu"]);
    assert_eq!(guest.types("purple monkey dishwasher"), ["intent.app.NoMatchGuest"]);
}

#[test]
fn too_many_guests_get_the_cottage() {
    let mut guest = Guest::new();
    guest.presses("intent.user.ChooseRoom", Some("room.Boathouse"));
    guest.fills("intent.user.ArrivalGiven", json!({"arrival": "2027-05-01"}));
    let details = json!({"guest_name": "ada", "email": "ada@example.org", "guests": "4", "nights": "1", "breakfast_place": "kitchen"});
    let booked = guest.fills("intent.user.GuestGiven", details);
    assert_eq!(booked[0].0, "intent.app.TooMany");
    assert!(booked[0].1.contains("For 4 guests"), "{booked:?}");
}

#[test]
fn a_guest_plays_the_quiz() {
    let mut guest = Guest::new();
    assert_eq!(guest.types("Let us play a quiz"), ["intent.app.FirstQuestion"]);
    assert_eq!(guest.types("199"), ["intent.app.FirstRight", "intent.app.SecondQuestion"]);
    assert_eq!(guest.presses("intent.user.SecondRight", None), ["intent.app.TwoOfTwo", "intent.app.Menu"]);
    guest.types("Let us play a quiz");
    assert_eq!(guest.presses("intent.user.FirstWrong", None), ["intent.app.FirstWrong", "intent.app.SecondQuestion"]);
    let lost = guest.says(&Inbound::intent(Act::Button, "intent.user.SecondWrong"));
    assert!(lost[0].1.contains("zero of two"), "{lost:?}");
    guest.types("Let us play a quiz");
    assert_eq!(guest.types("a hundred and a bit"), ["intent.app.LostThread", "intent.app.Menu"]);
}

#[test]
fn the_other_topics_and_controls_answer() {
    let mut guest = Guest::new();
    for (text, answer) in [
        ("Hello", "intent.app.Greeting"),
        ("Show me your rooms", "intent.app.Rooms"),
        ("When is breakfast?", "intent.app.Breakfast"),
        ("What is there to do?", "intent.app.ThingsToDo"),
        ("What is the wifi password?", "intent.app.Wifi"),
        ("Can I talk to a person?", "intent.app.Reception"),
        ("Thank you", "intent.app.Thanks"),
        ("I want to write in the guest book", "intent.app.GuestBook"),
    ] {
        assert_eq!(guest.types(text), [answer], "{text}");
    }
    let poem = Inbound { text: "A poem".into(), ..Inbound::intent(Act::LongText, "intent.user.GuestBookSigned") };
    assert_eq!(guest.does(&poem), ["intent.app.Signed"]);
    guest.presses("intent.user.ChooseRoom", Some("room.Boathouse"));
    assert_eq!(guest.types("I changed my mind"), ["intent.app.Cancelled", "intent.app.Menu"]);
    let restart = Inbound { escalating: true, ..Inbound::intent(Act::Trigger, "intent.core.restart") };
    assert_eq!(guest.does(&restart), ["intent.app.Restarted", "intent.app.Menu"]);
    let end = Inbound { escalating: true, ..Inbound::intent(Act::Trigger, "intent.core.endChat") };
    assert_eq!(guest.does(&end), ["intent.app.Ended"]);
    assert_eq!(guest.types("Goodbye"), ["intent.app.Goodbye"]);
}
