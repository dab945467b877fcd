//! The scenarios that are talked to, and the large ones that are imported and checked
//! (document format: spec/opendialog.md §6.12).

use serde_json::{Value, json};

/// The intent behind the button of [`echo`].
pub const PING: &str = "intent.user.Ping";

/// The intents of [`five_intents`] with their examples.
pub const UTTERANCES: [(&str, [&str; 4]); 5] = [
    ("Balance", ["What is my account balance", "How much money do I have", "Show my balance", "Balance please"]),
    ("LostCard", ["I lost my bank card", "My card was stolen", "I cannot find my card", "Block my lost card"]),
    ("Transfer", ["Transfer money to a friend", "Send fifty pounds to Ann", "Make a payment", "I want to send cash"]),
    ("Hours", ["When does the branch open", "What are your opening hours", "Are you open today", "Closing time"]),
    ("Human", ["Let me talk to a person", "I want a human", "Connect me with an agent", "Speak to somebody"]),
];

/// One turn, always available: a button whose value is stored and said back.
pub fn echo() -> Value {
    let mut request = intent(PING, "USER", "Ping");
    request["expected_attributes"] = json!([{ "name": "marker", "context": "user" }]);
    scenario("echo", "", vec![turn("ping", request, answer("intent.app.Pong", "Pong {user.marker}"))])
}

/// Whatever is typed leads into a flow, which answers from then on.
pub fn entering(flow: &str) -> Value {
    let mut request = intent("intent.core.NoMatch", "USER", "");
    request["actions"] = json!(["to_flow"]);
    let turns = vec![turn("in", request, answering("intent.app.Entering", "<empty-message/>"))];
    let mut scenario = scenario("entering", "", turns);
    scenario["actions"] = json!([{
        "name": "to_flow", "component_id": "action.core.enter_flow", "configuration": { "flow": flow }
    }]);
    scenario
}

/// Five turns told apart by the example-based classifier.
pub fn five_intents() -> Value {
    let turns = UTTERANCES.iter().map(|(name, examples)| {
        let mut request = intent(&format!("intent.user.{name}"), "USER", examples[0]);
        request["examples"] = json!(examples[1..]);
        // Each utterance is an example itself: what is measured is the path, not the classifier's doubts.
        request["confidence"] = json!(0.1);
        turn(name, request, answer(&format!("intent.app.{name}"), &format!("You asked about: {name}.")))
    });
    let mut scenario = scenario("five_intents", "interpreter.bench.examples", turns.collect());
    scenario["interpreters"] =
        json!([{ "name": "interpreter.bench.examples", "component_id": "interpreter.core.examples" }]);
    scenario
}

/// A scenario of `turns` turns in scenes of ten, each with a request and an answer.
pub fn of_turns(turns: usize) -> Value {
    of_turns_saying(turns, "Thank you. Your answer was noted.")
}

/// A valid scenario whose document is just below `bytes` long.
pub fn of_bytes(bytes: usize) -> Value {
    let text = "All work and no play makes a dull conversation, said nobody who measured one. ".repeat(20);
    let one = of_turns_saying(1, &text).to_string().len();
    let two_scenes = of_turns_saying(20, &text).to_string().len();
    let per_turn = (two_scenes - one) / 19 + 1;
    // The names of later turns are longer than those that were weighed.
    of_turns_saying((bytes - one) * 49 / 50 / per_turn, &text)
}

fn of_turns_saying(turns: usize, text: &str) -> Value {
    let scenes: Vec<Value> = (0..turns)
        .step_by(10)
        .map(|first| {
            let turns = (first..turns.min(first + 10)).map(|number| {
                let request = intent(&format!("intent.user.Step{number}"), "USER", &format!("Step number {number}"));
                // A button leads on to the next step, so that the check finds nothing that cannot be reached.
                let next = (number + 1) % turns;
                let message = format!(
                    "<button-message><text>{text} {number}</text><button><text>Go on</text>\
                     <callback>intent.user.Step{next}</callback></button></button-message>"
                );
                let response = answering(&format!("intent.app.Step{number}"), &message);
                turn(&format!("turn_{number}"), request, response)
            });
            scene(&format!("scene_{first}"), turns.collect())
        })
        .collect();
    whole("large", "", scenes)
}

fn scenario(od_id: &str, interpreter: &str, turns: Vec<Value>) -> Value {
    whole(od_id, interpreter, vec![scene("main", turns)])
}

fn whole(od_id: &str, interpreter: &str, scenes: Vec<Value>) -> Value {
    let mut conversation = object("main");
    conversation["behaviors"] = json!(["STARTING"]);
    conversation["scenes"] = scenes.into();
    let mut scenario = object(od_id);
    scenario["interpreter"] = interpreter.into();
    scenario["conversations"] = json!([conversation]);
    scenario
}

fn scene(od_id: &str, turns: Vec<Value>) -> Value {
    let mut scene = object(od_id);
    scene["behaviors"] = json!(["STARTING"]);
    scene["turns"] = turns.into();
    scene
}

/// A turn that is there at the start and ever after.
fn turn(od_id: &str, request: Value, response: Value) -> Value {
    let mut turn = object(od_id);
    turn["behaviors"] = json!(["STARTING", "OPEN"]);
    turn["valid_origins"] = json!([]);
    turn["request_intents"] = json!([request]);
    turn["response_intents"] = json!([response]);
    turn
}

fn answer(od_id: &str, text: &str) -> Value {
    answering(od_id, &format!("<text-message>{text}</text-message>"))
}

fn answering(od_id: &str, message: &str) -> Value {
    let mut answer = intent(od_id, "APP", "An answer");
    let mut template = object("message");
    template["message_markup"] = format!("<message>{message}</message>").into();
    answer["message_templates"] = json!([template]);
    answer
}

fn intent(od_id: &str, speaker: &str, sample: &str) -> Value {
    let mut intent = object(od_id);
    let parts = json!({
        "sample_utterance": sample, "confidence": 1, "speaker": speaker, "listens_for": [], "expected_attributes": [],
        "virtual_intents": [], "actions": [], "message_templates": [],
        "transition": { "conversation": null, "scene": null, "turn": null }
    });
    if let (Value::Object(intent), Value::Object(parts)) = (&mut intent, parts) {
        intent.extend(parts);
    }
    intent
}

fn object(od_id: &str) -> Value {
    json!({ "od_id": od_id, "name": od_id, "description": "", "interpreter": "", "behaviors": [], "conditions": [] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_large_document_is_as_large_as_asked() {
        let length = of_bytes(10_000_000).to_string().len();
        assert!((9_500_000..=10_000_000).contains(&length), "{length}");
    }

    #[test]
    fn the_many_turns_are_all_there_with_names_of_their_own() {
        let scenario = of_turns(1000);
        let scenes = scenario["conversations"][0]["scenes"].as_array().unwrap();
        let turns = scenes.iter().flat_map(|scene| scene["turns"].as_array().unwrap());
        let names: std::collections::HashSet<&str> = turns.map(|turn| turn["od_id"].as_str().unwrap()).collect();
        assert_eq!(names.len(), 1000);
    }
}
