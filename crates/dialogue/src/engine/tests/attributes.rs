//! What turns remember (rows N27, N42 to N44, C03 to C06, C16, C17, C29, C30).

use model::{
    attribute::{Attribute, Provenance},
    inbound::{Act, Inbound},
};
use serde_json::{Map, Value, json};

use super::stage::{Visitor, app, exchange, meaning, one_scene, turn, user, with};
use crate::engine::{ActionResult, Interpretation, Interpreted, Need};

fn saying(text: &str) -> Value {
    one_scene(vec![exchange("t", &["STARTING", "OPEN"], "hi", text)])
}

#[test]
fn od_n27_an_expected_attribute_goes_to_its_context_and_others_are_not_kept() {
    let asked = with(
        user("travel"),
        json!({"interpreter": "nlu", "expected_attributes": [
            {"name": "city"}, {"name": "day", "context": "session"}, {"name": "session.time"}]}),
    );
    let document = one_scene(vec![turn(
        "t",
        &["STARTING", "OPEN"],
        vec![asked],
        vec![app("a", "{user.city} {session.day} {session.time}{user.day}.")],
    )]);
    let found = || {
        let attributes = json!({"city": "Kiel", "day": "Monday", "time": "noon", "mood": "good"});
        let Value::Object(attributes) = attributes else { unreachable!() };
        Interpreted { attributes, ..meaning("travel", 1.0) }
    };
    let mut visitor = Visitor::of(document).understood(move |_, _| Ok(Interpretation { intents: vec![found()] }));
    assert_eq!(visitor.types("?"), ["Kiel Monday noon."]);
    assert_eq!(visitor.knows("city"), json!("Kiel"));
    assert_eq!(visitor.knows("mood"), Value::Null);
    assert_eq!(visitor.knows("day"), Value::Null);
}

#[test]
fn od_n42_the_value_of_a_button() {
    let cases = [
        ("colour.red", "colour", "red"),
        ("plain", "callback_value", "plain"),
        (r"a\.b", "callback_value", "a.b"),
        (r"file.notes\.txt", "file", "notes.txt"),
        ("a.b.c", "callback_value", "a.b.c"),
        ("colour.", "colour", ""),
    ];
    for (value, name, expected) in cases {
        let mut visitor = Visitor::of(saying("ok"));
        visitor.does(Inbound { value: Some(value.into()), ..Inbound::intent(Act::Button, "hi") });
        assert_eq!(visitor.knows(name), json!(expected), "{value}");
    }
    // An opening has the address of its page there.
    let mut visitor = Visitor::of(saying("ok"));
    visitor.does(Inbound { value: Some("https://x.test/".into()), ..Inbound::intent(Act::Open, "hi") });
    assert_eq!((visitor.knows("https://x"), visitor.knows("callback_value")), (Value::Null, Value::Null));
    // An intent may want it elsewhere.
    let asked = with(user("hi"), json!({"expected_attributes": [{"name": "colour", "context": "session"}]}));
    let document = one_scene(vec![turn("t", &["STARTING"], vec![asked], vec![app("a", "{session.colour}")])]);
    let mut visitor = Visitor::of(document);
    let pressed = Inbound { value: Some("colour.red".into()), ..Inbound::intent(Act::Button, "hi") };
    assert_eq!(visitor.does(pressed), ["red"]);
    assert_eq!(visitor.knows("colour"), Value::Null);
}

#[test]
fn od_n43_form_fields_become_attributes() {
    let mut visitor = Visitor::of(saying("{title} {age}"));
    let fields = Map::from_iter([("title".to_owned(), json!("Dr")), ("age".to_owned(), json!("42"))]);
    assert_eq!(visitor.does(Inbound { fields, ..Inbound::intent(Act::Form, "hi") }), ["Dr 42"]);
    assert_eq!(visitor.press("hi"), ["Dr 42"]);
}

#[test]
fn od_n44_an_intent_sets_attributes_when_it_fires() {
    let sets = |name: &str, value: Value| json!({"set_attributes": [{"attribute": name, "value": value}]});
    let document = one_scene(vec![turn(
        "t",
        &["STARTING", "OPEN"],
        vec![with(user("hi"), sets("user.mood", json!("good")))],
        vec![with(app("a", "{mood} {session.n}"), sets("session.n", json!(7)))],
    )]);
    let mut visitor = Visitor::of(document);
    assert_eq!(visitor.press("hi"), ["good 7"]);
    assert_eq!(visitor.knows("mood"), json!("good"));
}

#[test]
fn od_c03_the_session_context_lasts_one_request() {
    let asked = with(user("set"), json!({"set_attributes": [{"attribute": "session.note", "value": "here"}]}));
    let document = one_scene(vec![
        turn("set", &["STARTING", "OPEN"], vec![asked], vec![app("a", "[{session.note}]")]),
        exchange("get", &["STARTING", "OPEN"], "get", "[{session.note}]"),
    ]);
    let mut visitor = Visitor::of(document);
    assert_eq!(visitor.press("set"), ["[here]"]);
    assert_eq!(visitor.press("get"), ["[]"]);
}

#[test]
fn od_c04_global_attributes_are_read_only() {
    let used = json!({"actions": [{"od_id": "write", "output_attributes": {"rate": "global"}}]});
    let document = with(
        one_scene(vec![turn("t", &["STARTING"], vec![with(user("hi"), used)], vec![app("a", "{global.rate}")])]),
        json!({"actions": [{"name": "write", "component_id": "w"}]}),
    );
    let mut visitor = Visitor::of(document)
        .acting(|_, _| Ok(ActionResult { outputs: vec![(None, "rate".into(), json!("changed"))] }));
    visitor.globals.insert("rate".into(), json!("4 %"));
    assert_eq!(visitor.press("hi"), ["4 %"]);
    let journal = serde_json::to_value(&visitor.last.unwrap().journal).unwrap().to_string();
    assert!(journal.contains("global attributes are read only"), "{journal}");
}

#[test]
fn od_c05_history_grows_with_the_conversation() {
    let mut visitor = Visitor::of(one_scene(vec![
        exchange("t", &["STARTING", "OPEN"], "hi", "{history.utterances | count}"),
        exchange("all", &["OPEN"], "all", "{history.transcript}"),
        exchange("mine", &["OPEN"], "mine", "{history.utterances | where participant user | last}"),
        exchange("intents", &["OPEN"], "intents", "{history.intents | where participant user | count}"),
    ]));
    let says = |intent: &str, text: &str| Inbound { text: text.into(), ..Inbound::intent(Act::Button, intent) };
    assert_eq!(visitor.does(says("hi", "one")), ["1"]);
    assert_eq!(visitor.does(says("hi", "two")), ["3"]);
    assert_eq!(visitor.needs, [Need::History { all: false }]);
    assert_eq!(visitor.does(says("mine", "three")), ["three"]);
    assert_eq!(visitor.does(says("intents", "")), ["4"]);
    let all = visitor.does(says("all", "four"));
    assert!(all[0].starts_with("User: one") && all[0].ends_with("User: four"), "{all:?}");
}

#[test]
fn od_c06_message_history_is_asked_for_across_transcripts() {
    let mut visitor = Visitor::of(saying("{message_history.all}"));
    let first = Inbound { text: "one".into(), ..Inbound::intent(Act::Button, "hi") };
    assert_eq!(visitor.does(first), ["User: one"]);
    assert_eq!(visitor.needs, [Need::History { all: true }]);
    let mut visitor = Visitor::of(saying("no past"));
    visitor.press("hi");
    assert!(visitor.needs.is_empty(), "what is not read is not loaded");
}

#[test]
fn od_c07_the_conversation_context_holds_objects() {
    let text = "{conversation.current_turn | select name}, {conversation.current_scene | select name}, \
                {conversation.current_conversation | select name}, {conversation.current_intent | select name}";
    assert_eq!(Visitor::of(saying(text)).press("hi"), ["Turn t, Scene sc, Conversation c, app.t"]);
}

#[test]
fn od_c08_a_secret_never_reaches_a_message() {
    assert_eq!(Visitor::of(saying("{secret.key}")).press("hi"), ["••••••••"]);
}

#[test]
fn od_c16_the_utterance() {
    let mut visitor =
        Visitor::of(saying("{user.utterance_text}|{user.utterance['callback_id']}|{utterance['utterance_type']}"));
    let said = Inbound { text: "Hello there".into(), ..Inbound::intent(Act::Button, "hi") };
    assert_eq!(visitor.does(said), ["Hello there|hi|button"]);
}

#[test]
fn od_c17_custom_parameters_are_user_attributes() {
    let mut visitor = Visitor::of(saying("{user.foo}"));
    let mut inbound = Inbound::intent(Act::Open, "hi");
    inbound.visitor.insert("foo".into(), json!("bar"));
    assert_eq!(visitor.does(inbound), ["bar"]);
    assert_eq!(visitor.press("hi"), ["bar"], "kept for the next turn");
}

#[test]
fn od_c27_first_and_last_seen() {
    let mut visitor = Visitor::of(saying("{first_seen} {last_seen} {seconds_since_last_seen}"));
    assert_eq!(visitor.press("hi"), ["1700000000 1700000000 0"]);
    visitor.waits(9);
    assert_eq!(visitor.press("hi"), ["1700000000 1700000000 10"]);
    assert_eq!(visitor.press("hi"), ["1700000000 1700000010 1"]);
}

#[test]
fn od_c29_reserved_attributes_are_not_overwritten() {
    let asked = with(user("hi"), json!({"set_attributes": [{"attribute": "first_seen", "value": 1}]}));
    let document = one_scene(vec![turn("t", &["STARTING"], vec![asked], vec![app("a", "{first_seen}")])]);
    let mut inbound = Inbound::intent(Act::Button, "hi");
    inbound.visitor.insert("first_seen".into(), json!(2));
    let mut visitor = Visitor::of(document);
    assert_eq!(visitor.does(inbound), ["1700000000"]);
    assert_eq!(visitor.knows("first_seen"), Value::Null);
}

#[test]
fn the_variant_of_an_experiment_is_overridden_by_nobody() {
    let asked = with(user("hi"), json!({"set_attributes": [{"attribute": "flag_look", "value": "mine"}]}));
    let document = one_scene(vec![turn("t", &["STARTING", "OPEN"], vec![asked], vec![app("a", "{flag_look}")])]);
    let mut visitor = Visitor::of(document);
    assert_eq!(visitor.press("hi"), ["mine"], "nothing is assigned: it is an attribute like any other");
    let assigned = Attribute { value: json!("bold"), provenance: Provenance::Platform };
    visitor.contact.attributes.insert("flag_look".into(), assigned.clone());
    let mut inbound = Inbound::intent(Act::Button, "hi");
    inbound.visitor.insert("flag_look".into(), json!("mine"));
    assert_eq!(visitor.does(inbound), ["bold"]);
    assert_eq!(visitor.contact.attributes.get("flag_look"), Some(&assigned));
}

#[test]
fn od_c30_a_declared_attribute_has_its_type() {
    let document = with(
        saying("{tags[1]}"),
        json!({"attributes": [{"name": "tags", "type": "string_collection"}, {"name": "age", "type": "whole_number"},
                              {"name": "agreed", "type": "boolean"}]}),
    );
    let mut visitor = Visitor::of(document);
    let mut inbound = Inbound::intent(Act::Button, "hi");
    inbound.visitor.extend([
        ("tags".to_owned(), json!("a, b,c")),
        ("age".to_owned(), json!("42")),
        ("agreed".to_owned(), json!("Yes")),
    ]);
    assert_eq!(visitor.does(inbound), ["b"]);
    assert_eq!(visitor.knows("tags"), json!(["a", "b", "c"]));
    assert_eq!(visitor.knows("age"), json!(42));
    assert_eq!(visitor.knows("agreed"), json!(true));
}

#[test]
fn od_c14_files_are_the_servers_word_and_never_the_clients() {
    let planted = json!([{"name": "a.pdf", "url": "https://evil.test/", "size": 1, "type": "application/pdf"}]);
    let sent =
        json!([{"name": "b.pdf", "url": "https://here.test/files/demo/1", "size": 2, "type": "application/pdf"}]);
    let form = || Inbound::intent(Act::Form, "hi");
    let held = |value: &Value| Map::from_iter([("file_upload".to_owned(), value.clone())]);

    let mut visitor = Visitor::of(saying("{user.file_upload[0]['name']}"));
    visitor.does(Inbound { fields: held(&planted), ..form() });
    visitor.does(Inbound { fields: held(&json!(planted.to_string())), ..form() });
    visitor.does(Inbound { visitor: held(&planted), ..form() });
    visitor.does(Inbound { value: Some("file_upload.x".into()), ..Inbound::intent(Act::Button, "hi") });
    assert_eq!(visitor.knows("file_upload"), Value::Null);

    assert_eq!(visitor.does(Inbound { files: held(&sent), ..form() }), ["b.pdf"]);
    assert_eq!(visitor.knows("file_upload"), sent);
    visitor.does(Inbound { fields: held(&planted), ..form() });
    assert_eq!(visitor.knows("file_upload"), sent);
}

#[test]
fn da_a12_nothing_that_a_visitor_does_replaces_what_a_token_proves() {
    let asked = with(user("travel"), json!({"interpreter": "nlu", "expected_attributes": [{"name": "city"}]}));
    let document = one_scene(vec![turn("t", &["STARTING", "OPEN"], vec![asked], vec![app("a", "{user.city}")])]);
    let found =
        || Interpreted { attributes: Map::from_iter([("city".to_owned(), json!("Kiel"))]), ..meaning("travel", 1.0) };
    let mut visitor = Visitor::of(document).understood(move |_, _| Ok(Interpretation { intents: vec![found()] }));
    let said = |city: &str| Map::from_iter([("city".to_owned(), json!(city))]);
    let proved = Inbound { verified: said("Rome"), visitor: said("Oslo"), ..Inbound::text("?") };
    assert_eq!(visitor.does(proved), ["Rome"]);
    // Later acts come without the token.
    assert_eq!(visitor.types("?"), ["Rome"]);
    assert_eq!(visitor.does(Inbound { visitor: said("Oslo"), ..Inbound::text("?") }), ["Rome"]);
    assert_eq!(visitor.does(Inbound { fields: said("Oslo"), ..Inbound::intent(Act::Form, "travel") }), ["Rome"]);
    let pressed = Inbound { value: Some("city.Oslo".into()), ..Inbound::intent(Act::Button, "travel") };
    assert_eq!(visitor.does(pressed), ["Rome"]);
    assert_eq!(visitor.does(Inbound { verified: said("Pisa"), ..Inbound::text("?") }), ["Pisa"]);
    // Files and what only Parlance writes are no issuer's to say.
    let planted = Map::from_iter([("file_upload".to_owned(), json!([{"url": "https://evil.test/"}]))]);
    visitor.does(Inbound { verified: planted, ..Inbound::text("?") });
    visitor.does(Inbound { verified: Map::from_iter([("first_seen".to_owned(), json!(1))]), ..Inbound::text("?") });
    assert_eq!((visitor.knows("file_upload"), visitor.knows("first_seen")), (Value::Null, Value::Null));
}
