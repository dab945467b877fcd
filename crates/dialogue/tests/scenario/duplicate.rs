use dialogue::scenario::{DuplicateError, duplicate, duplicate_scenario, import_value};
use serde_json::{Value, json};

fn bank() -> Value {
    json!({"od_id": "bank", "name": "Bank", "id": "0x1", "conditions": [
        {"operation": "eq", "operationAttributes": [{"id": "attribute", "value": "selected_scenario"}],
         "parameters": [{"id": "value", "value": "$path:bank"}]}],
        "conversations": [
            {"od_id": "cards", "name": "Cards", "id": 7, "created_at": "2024-01-15T10:30:00.000000Z", "x": {"keep": true},
             "scenes": [{"od_id": "order", "name": "Order", "turns": [{"od_id": "ask", "name": "Ask",
                "valid_origins": ["$path:bank/cards/order/ask"],
                "request_intents": [
                    {"od_id": "user.order", "name": "user.order", "speaker": "USER",
                     "transition": {"conversation": "cards", "scene": "order", "turn": "ask"}},
                    {"od_id": "user.leave", "speaker": "USER", "transition": {"conversation": "$path:bank/cards_old"}}],
                "response_intents": [
                    {"od_id": "app.order", "name": "app.order", "speaker": "APP", "transition":
                        {"conversation": "$path:bank/cards", "scene": "$path:bank/cards/order", "turn": null}}]}]}]},
            {"od_id": "cards_old", "name": "Cards, old"}]})
}

const CARDS: &str = "/conversations/0";
const ORDER: &str = "/conversations/0/scenes/0";
const ASK: &str = "/conversations/0/scenes/0/turns/0";

/// Duplicates and gives the copy.
fn copy_of(document: &mut Value, pointer: &str) -> Value {
    let copy = duplicate(document, pointer).unwrap();
    import_value(document.clone()).expect("a copy refers to nothing that is not there");
    document.pointer(&copy).unwrap().clone()
}

fn names(object: &Value) -> (&str, &str) {
    (object["od_id"].as_str().unwrap(), object["name"].as_str().unwrap())
}

#[test]
fn od_t04_copies_are_numbered_from_the_second_on() {
    for pointer in [CARDS, ORDER, ASK] {
        let mut document = bank();
        let (id, name) =
            (document.pointer(pointer).unwrap()["od_id"].clone(), document.pointer(pointer).unwrap()["name"].clone());
        let (id, name) = (id.as_str().unwrap(), name.as_str().unwrap());
        for (suffix, name_suffix) in [("_copy", " copy"), ("_copy_2", " copy 2"), ("_copy_3", " copy 3")] {
            let copy = copy_of(&mut document, pointer);
            assert_eq!(names(&copy), (format!("{id}{suffix}").as_str(), format!("{name}{name_suffix}").as_str()));
        }
    }
}

#[test]
fn od_t04_copies_of_intents_are_joined() {
    for (list, id) in [("request_intents", "user.order"), ("response_intents", "app.order")] {
        let mut document = bank();
        let pointer = format!("{ASK}/{list}/0");
        for suffix in ["Copy", "Copy2", "Copy3"] {
            let expected = format!("{id}{suffix}");
            assert_eq!(names(&copy_of(&mut document, &pointer)), (expected.as_str(), expected.as_str()));
        }
    }
}

#[test]
fn od_t04_a_scenario_takes_the_first_free_name_of_its_tenant() {
    let taken = ["bank", "bank_copy", "bank_copy_2"];
    let copy = duplicate_scenario(&bank(), |id| taken.contains(&id));
    assert_eq!(names(&copy), ("bank_copy_3", "Bank copy 3"));
    assert_eq!(copy["conditions"][0]["parameters"][0]["value"], "$path:bank_copy_3");
    assert!(!copy.to_string().contains("$path:bank/"));
    assert_eq!(copy.get("id"), None);
    import_value(copy).unwrap();
}

#[test]
fn od_t04_references_into_the_original_point_into_the_copy() {
    let mut document = bank();
    let before = document.clone();
    let copy = copy_of(&mut document, CARDS);
    let turn = copy.pointer("/scenes/0/turns/0").unwrap();
    assert_eq!(turn["request_intents"][0]["transition"]["conversation"], "cards_copy");
    assert_eq!(turn["request_intents"][1]["transition"]["conversation"], "$path:bank/cards_old");
    assert_eq!(
        turn["response_intents"][0]["transition"],
        json!({"conversation": "$path:bank/cards_copy", "scene": "$path:bank/cards_copy/order", "turn": null})
    );
    assert_eq!(turn["valid_origins"], json!(["$path:bank/cards_copy/order/ask"]));
    assert_eq!(copy["x"], json!({"keep": true}));
    assert_eq!((copy.get("id"), copy.get("created_at")), (None, None));
    document["conversations"].as_array_mut().unwrap().pop();
    assert_eq!(document, before, "the original and its neighbours stay as they were");
}

#[test]
fn od_t04_bare_references_are_understood_from_where_they_stand() {
    let mut document = bank();
    let scene = copy_of(&mut document, ORDER);
    let transitions = |turn: &Value| turn["request_intents"][0]["transition"].clone();
    assert_eq!(transitions(&scene["turns"][0]), json!({"conversation": "cards", "scene": "order_copy", "turn": "ask"}));
    let turn = copy_of(&mut document, ASK);
    assert_eq!(transitions(&turn), json!({"conversation": "cards", "scene": "order", "turn": "ask_copy"}));
    // The same id in another conversation is another scene.
    let mut document = bank();
    document.pointer_mut(ASK).unwrap()["request_intents"][0]["transition"]["conversation"] = json!("cards_old");
    let scene = copy_of(&mut document, ORDER);
    assert_eq!(transitions(&scene["turns"][0])["scene"], "order");
}

#[test]
fn only_objects_of_the_tree_are_duplicated() {
    for pointer in ["", "/", "/conversations", "/conversations/9", "/conversations/x", "/conditions/0", "/name/0"] {
        let mut document = bank();
        assert_eq!(duplicate(&mut document, pointer), Err(DuplicateError::NoSuchObject(pointer.into())));
        assert_eq!(document, bank());
    }
}
