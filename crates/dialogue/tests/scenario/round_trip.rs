use dialogue::scenario::{document::Scenario, export, import};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::import::documented;

/// Any JSON, as it may stand in a field that nobody knows.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-z_]{1,8}", inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

type Fields = BoxedStrategy<Vec<(String, Value)>>;

/// Fields that may be there or not, each in one of the forms that exports have, and unknown ones.
fn fields(optional: Vec<(&'static str, Vec<Value>)>) -> Fields {
    let known: Vec<_> = optional
        .into_iter()
        .map(|(name, forms)| {
            prop::option::of(prop::sample::select(forms))
                .prop_map(move |value| value.map(|value| (name.to_owned(), value)))
        })
        .collect();
    let unknown = prop::collection::vec(("x_[a-z]{1,6}", anything()), 0..3);
    (known, unknown).prop_map(|(known, unknown)| known.into_iter().flatten().chain(unknown).collect()).boxed()
}

fn common() -> Fields {
    fields(vec![
        ("id", vec![json!("0x1f"), json!(12), Value::Null]),
        ("name", vec![json!("A name"), json!(7), Value::Null]),
        ("description", vec![json!(""), Value::Null, json!("words")]),
        ("interpreter", vec![json!(""), Value::Null, json!("interpreter.core.callbackInterpreter")]),
        ("behaviors", vec![Value::Null, json!([]), json!({}), json!(["starting", "OPEN", "Unheard"])]),
        ("created_at", vec![json!("2024-01-15T10:30:00.000000Z"), Value::Null]),
        ("condition_operator", vec![json!("and"), json!("OR"), Value::Null]),
        (
            "conditions",
            vec![
                Value::Null,
                json!([]),
                json!([{"operation": "is_set", "operationAttributes": {"attribute": "user.x"}, "parameters": [], "z": 1}]),
                json!([{"operation": "eq", "operationAttributes": [{"id": "attribute", "value": "x", "q": null}],
                    "parameters": [{"id": "value", "value": "$path:root"}]}]),
            ],
        ),
    ])
}

/// An object with an id, the common fields, its own, and a list of children that may be missing.
fn object(
    id: impl Strategy<Value = String> + 'static,
    own: Fields,
    children: BoxedStrategy<Map<String, Value>>,
) -> BoxedStrategy<Value> {
    (id, common(), own, children)
        .prop_map(|(id, common, own, children)| {
            let mut object = children;
            object.extend(common);
            object.extend(own);
            object.insert("od_id".into(), id.into());
            Value::Object(object)
        })
        .boxed()
}

fn children(name: &'static str, child: BoxedStrategy<Value>) -> BoxedStrategy<Map<String, Value>> {
    let list = prop::collection::vec(child, 0..3).prop_map(|mut list| {
        for (index, child) in list.iter_mut().enumerate() {
            child["od_id"] = format!("child_{index}").into();
        }
        Value::from(list)
    });
    prop_oneof![4 => list.boxed(), 1 => Just(Value::Null).boxed(), 1 => Just(json!([])).boxed()]
        .prop_map(move |list| Map::from_iter([(name.to_owned(), list)]))
        .boxed()
}

fn id() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9_. é-]{1,12}"
}

fn intent(field: &'static str, speaker: &'static str) -> BoxedStrategy<Map<String, Value>> {
    let template =
        object(id(), fields(vec![("message_markup", vec![json!("<message/>"), Value::Null])]), no_children());
    let own = fields(vec![
        ("sample_utterance", vec![json!("Hello"), Value::Null, json!(5)]),
        ("examples", vec![Value::Null, json!([]), json!(["one", "two"])]),
        ("confidence", vec![json!(0.1), json!(1), json!("0.3"), Value::Null, json!(1.0)]),
        (
            "transition",
            vec![
                Value::Null,
                json!([]),
                json!({"conversation": null, "scene": null, "turn": null, "wait": 1}),
                json!({"conversation": "$path:root"}),
            ],
        ),
        ("listens_for", vec![Value::Null, json!(["a"])]),
        ("expected_attributes", vec![json!([]), json!(["age"]), json!([{"id": "age", "context": "user", "more": {}}])]),
        ("actions", vec![Value::Null, json!(["go"]), json!([{"od_id": "go", "output_attributes": [], "u": 1}])]),
        ("virtual_intents", vec![Value::Null, json!([])]),
        ("virtual_intent", vec![Value::Null, json!([]), json!({"speaker": null, "intent_id": null})]),
    ]);
    let templates = children("message_templates", template);
    let intent = object(id(), own, templates).prop_map(move |mut intent| {
        intent["speaker"] = speaker.into();
        intent
    });
    children(field, intent.boxed())
}

fn no_children() -> BoxedStrategy<Map<String, Value>> {
    Just(Map::new()).boxed()
}

fn scenario() -> BoxedStrategy<Value> {
    let both = (intent("request_intents", "USER"), intent("response_intents", "APP")).prop_map(|(mut all, more)| {
        all.extend(more);
        all
    });
    let turn = object(id(), fields(vec![("valid_origins", vec![Value::Null, json!(["t"])])]), both.boxed());
    let scene = object(id(), fields(vec![]), children("turns", turn));
    let conversation = object(id(), fields(vec![]), children("scenes", scene));
    let own = fields(vec![
        ("active", vec![json!(true), json!(0), json!("1"), Value::Null]),
        ("status", vec![json!("LIVE"), json!("preview"), json!("")]),
        ("interpreters", vec![Value::Null, json!([{"name": "n", "component_id": "c", "configuration": [], "v": 2}])]),
        ("attributes", vec![json!([]), json!([{"name": "age", "type": "attribute.core.int", "example": 3}])]),
    ]);
    object(Just("root".to_owned()), own, children("conversations", conversation))
        .prop_map(|mut scenario| {
            // One reference that leads somewhere, so that they are part of the law.
            scenario["conditions"] =
                json!([{"operation": "eq", "parameters": [{"id": "value", "value": "$path:root"}]}]);
            scenario
        })
        .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn od_t02_export_after_import_is_the_identity(document in scenario()) {
        let imported = import(document.to_string().as_bytes()).unwrap();
        prop_assert_eq!(&imported.document, &document);
        let bytes = export(&imported.document);
        let tree: Value = serde_json::from_slice(&bytes).unwrap();
        prop_assert_eq!(tree, document);
        let again = import(&bytes).unwrap();
        prop_assert_eq!(export(&again.document), bytes);
        prop_assert_eq!(again.scenario, imported.scenario);
    }
}

#[test]
fn od_t02_the_documented_file_comes_out_as_it_went_in() {
    let bytes = export(&documented());
    assert_eq!(export(&import(&bytes).unwrap().document), bytes);
    assert!(bytes.ends_with(b"}\n"));
    let stored: Scenario = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(stored.common.od_id, "example_scenario");
}

#[test]
fn od_t02_the_order_of_fields_and_numbers_is_kept() {
    let text = "{\n  \"zeta\": 1.0,\n  \"od_id\": \"a\",\n  \"alpha\": 1.2345678901234568e+20,\n  \"name\": 0.30000000000000004\n}\n";
    assert_eq!(String::from_utf8(export(&import(text.as_bytes()).unwrap().document)).unwrap(), text);
}
