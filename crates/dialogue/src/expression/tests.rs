//! References, templates and values.

use model::attribute::AttributeType as Type;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

use super::fixture::Attributes;
use super::*;

fn contact() -> Attributes {
    Attributes::new(json!({
        "user": {
            "first_name": "Ada", "age": 30, "empty": "", "nothing": null, "list": ["a", "b", "c"],
            "p": {"a": {"b": "deep"}, "theme": "dark", "0": "zero"},
            "policy_info": {"number_of_policies": 2, "policy2": {"type": "car"}},
            "file_upload": [{"name": "a.pdf", "url": "https://files.example/a", "size": 12, "type": "application/pdf"}],
            "utterance_text": "hello", "yes": true, "price": 3.0, "half": 2.5,
        },
        "session": {"first_name": "Grace", "data": {"field": "b"}},
        "secret": {"key": "hunter2"},
        "conversation": {"current_turn": {"name": "Welcome turn", "description": "Says hello"}},
    }))
}

#[rstest]
#[case("{first_name}", "Ada")]
#[case("{user.first_name}", "Ada")]
#[case("{ user.first_name }", "Ada")]
#[case("{session.first_name}", "Grace")]
fn od_c01_the_default_context_is_user(#[case] text: &str, #[case] filled: &str) {
    assert_eq!(contact().fill(text), filled);
}

#[test]
fn od_c01_reference_without_prefix_has_the_context_user() {
    assert_eq!(Reference::parse("x").expect("it compiles"), Reference::parse("user.x").expect("it compiles"));
}

#[rstest]
#[case("[{user.unknown}]", "[]")]
#[case("[{unknown.first_name}]", "[]")]
#[case("[{user.nothing}]", "[]")]
#[case("[{user.empty}]", "[]")]
#[case("[{user.first_name.length}]", "[]")]
#[case("[{user.unknown | uppercase | replace a b}]", "[]")]
fn od_c02_a_missing_attribute_is_removed(#[case] text: &str, #[case] filled: &str) {
    assert_eq!(contact().fill(text), filled);
}

#[rstest]
#[case("{conversation.current_turn | select name}", "Welcome turn")]
#[case("{conversation.current_turn | select description}", "Says hello")]
#[case("{conversation.current_turn | select('name')}", "Welcome turn")]
#[case("{conversation.current_turn | select unknown}", "")]
fn od_c07_select_reads_a_conversation_object(#[case] text: &str, #[case] filled: &str) {
    assert_eq!(contact().fill(text), filled);
    assert_eq!(contact().computed().fill(text), filled);
}

#[rstest]
#[case("{secret.key}")]
#[case("{secret.unknown}")]
#[case("{secret.key['part']}")]
fn od_c08_a_secret_is_masked(#[case] text: &str) {
    assert_eq!(contact().fill(text), "••••••••");
}

#[test]
fn od_c08_a_secret_is_masked_as_a_parameter() {
    assert_eq!(contact().fill("{user.first_name | replace Ada @secret.key}"), "••••••••");
}

#[rstest]
#[case(json!("Yes"), true)]
#[case(json!("yes"), true)]
#[case(json!("True"), true)]
#[case(json!("1"), true)]
#[case(json!(1), true)]
#[case(json!(true), true)]
#[case(json!("No"), false)]
#[case(json!("False"), false)]
#[case(json!("0"), false)]
#[case(json!("maybe"), false)]
#[case(json!(2), false)]
#[case(json!([true]), false)]
fn od_c11_booleans_are_parsed(#[case] value: Value, #[case] parsed: bool) {
    assert_eq!(coerce(Type::Boolean, &value), json!(parsed));
}

#[test]
fn od_c14_a_file_collection_has_four_keys_for_each_file() {
    let sent =
        json!([{"size": 12, "name": "a.pdf", "type": "application/pdf", "url": "https://files.example/a", "x": 1}]);
    let kept = coerce(Type::FileCollection, &sent);
    assert_eq!(kept[0].as_object().expect("a file").keys().collect::<Vec<_>>(), ["name", "url", "size", "type"]);
    assert_eq!(contact().fill("{file_upload[0]['name']} ({file_upload[0]['size']})"), "a.pdf (12)");
}

#[rstest]
#[case(Type::String, json!(5), json!("5"))]
#[case(Type::String, json!(3.0), json!("3"))]
#[case(Type::String, Value::Null, Value::Null)]
#[case(Type::Decimal, json!(" 2.5 "), json!(2.5))]
#[case(Type::Decimal, json!("2,5"), Value::Null)]
#[case(Type::Decimal, json!("inf"), Value::Null)]
#[case(Type::WholeNumber, json!("12"), json!(12))]
#[case(Type::WholeNumber, json!(3.9), json!(3))]
#[case(Type::WholeNumber, json!(-3.9), json!(-3))]
#[case(Type::WholeNumber, json!("many"), Value::Null)]
#[case(Type::Timestamp, json!("1753263000"), json!(1_753_263_000))]
#[case(Type::Timestamp, json!("2025-07-23"), json!(1_753_228_800))]
#[case(Type::Timestamp, json!("2025-07-23T09:30:00.250Z"), json!(1_753_263_000))]
#[case(Type::Timestamp, json!("soon"), Value::Null)]
#[case(Type::StringCollection, json!(" a, b ,,c "), json!(["a", "b", "c"]))]
#[case(Type::StringCollection, json!(["a", 2, null]), json!(["a", "2"]))]
#[case(Type::StringCollection, json!("[\"a\", \"b,c\"]"), json!(["a", "b,c"]))]
#[case(Type::StringCollection, json!(""), json!([]))]
#[case(Type::BooleanCollection, json!("yes, no, maybe"), json!([true, false, false]))]
#[case(Type::DecimalCollection, json!("1, 2.5, x"), json!([1.0, 2.5]))]
#[case(Type::WholeNumberCollection, json!("1,2"), json!([1, 2]))]
#[case(Type::WholeNumberCollection, json!(7), json!([7]))]
#[case(Type::TimestampCollection, json!("2025-07-23, 5"), json!([1_753_228_800, 5]))]
#[case(Type::Composite, json!({"a": 1}), json!({"a": 1}))]
#[case(Type::JsonInferredComposite, json!("{\"a\": {\"b\": 1}}"), json!({"a": {"b": 1}}))]
#[case(Type::JsonInferredComposite, json!("no object"), Value::Null)]
#[case(Type::FormData, json!([1]), Value::Null)]
#[case(Type::Utterance, json!({"utterance_text": "hi"}), json!({"utterance_text": "hi"}))]
#[case(Type::List, json!([1, [2, "x"]]), json!([1, [2, "x"]]))]
#[case(Type::List, json!("a,b"), json!(["a", "b"]))]
#[case(Type::CompositeCollection, json!([{"a": 1}, "x"]), json!([{"a": 1}]))]
#[case(Type::FileCollection, json!([{"size": 1, "name": "n", "path": "/"}]), json!([{"name": "n", "url": null, "size": 1, "type": null}]))]
fn od_c30_values_take_the_type_of_their_attribute(#[case] kind: Type, #[case] value: Value, #[case] typed: Value) {
    assert_eq!(coerce(kind, &value), typed);
}

#[rstest]
#[case("{user.list[0]}", "a")]
#[case("{user.list[ 2 ]}", "c")]
#[case("{user.list[3]}", "")]
#[case("{list[1] | uppercase}", "B")]
#[case("{user.file_upload[0]['name']}", "a.pdf")]
#[case("{user.list}", "a, b, c")]
fn od_c12_collections_are_indexed(#[case] text: &str, #[case] filled: &str) {
    assert_eq!(contact().fill(text), filled);
    assert_eq!(contact().computed().fill(text), filled);
}

#[rstest]
#[case("{user.p['a']['b']}", "deep")]
#[case("{user.p[\"a\"][\"b\"]}", "deep")]
#[case("{user.p[a][b]}", "deep")]
#[case("{user.p.a.b}", "deep")]
#[case("{user.p['0']}{user.p[0]}", "zerozero")]
#[case("{user.p['theme']['dark']}", "")]
#[case("{user.policy_info[number_of_policies]}", "2")]
#[case("{policy_info[policy2][type]}", "car")]
#[case("{user.p['a']}", "{\"b\":\"deep\"}")]
fn od_c13_inferred_json_is_reached_by_keys(#[case] text: &str, #[case] filled: &str) {
    assert_eq!(contact().fill(text), filled);
    assert_eq!(contact().computed().fill(text), filled);
}

#[test]
fn od_c15_a_location_has_nine_keys() {
    let location = coerce(Type::Location, &json!({"lat": 51.5, "formatted_address": "1 High St", "other": 1}));
    let keys: Vec<_> = location.as_object().expect("it is an object").keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        ["formatted_address", "postal_code", "line_1", "line_2", "locality", "province", "country", "lat", "lng"]
    );
    let contact = Attributes::new(json!({"user": {"new_address": location}}));
    assert_eq!(contact.fill("{user.new_address['formatted_address']}"), "1 High St");
    assert_eq!(contact.fill("{user.new_address['lat']}{user.new_address['line_2']}"), "51.5");
}

#[rstest]
#[case("{ \"a\": 1, \"b\": {user.age} }", "{ \"a\": 1, \"b\": 30 }")]
#[case("p { color: red; } {}", "p { color: red; } {}")]
#[case("{1} {{1}} {a b} {user.age", "{1} {{1}} {a b} {user.age")]
#[case("{{user.age}}", "{30}")]
#[case("}{", "}{")]
#[case("{yes} {price} {half}", "true 3 2.5")]
#[case("é{first_name}ü", "éAdaü")]
fn braces_that_hold_no_expression_are_text(#[case] text: &str, #[case] filled: &str) {
    assert_eq!(contact().fill(text), filled);
}

#[rstest]
#[case("{user.age | shout}", "there is no filter `shout`; known filters: uppercase, ")]
#[case("{user.age | }", "expected a filter's name at character 11 of ")]
#[case("{user.age | uppercase", "expected the closing brace at ")]
#[case("{user.age | uppercase now}", "filter `uppercase`: takes at most 0 arguments, not 1")]
#[case("{user.age | replace \"a}", "expected a text whose closing quote is present at ")]
#[case("{user.age | range(0, }", "expected an argument at ")]
#[case("{user.age | range(0, 3}", "expected `,` or `)` after an argument at ")]
#[case("{user.list[-1]}", "expected an index of 0 or more; `last` and `range` count from the end at ")]
#[case("{user.list[}", "expected a key or an index in the brackets at ")]
#[case("{user.}", "expected an attribute's name after the dot at ")]
fn what_looks_like_an_expression_must_be_one(#[case] text: &str, #[case] message: &str) {
    let error = Template::parse(text, FillOptions::default()).expect_err("it is wrong").to_string();
    assert!(error.starts_with(message), "{error}");
}

#[rstest]
#[case("`{age}` {age}", "`{age}` 30")]
#[case("```\n{age} ` {age}\n``` {age}", "```\n{age} ` {age}\n``` 30")]
#[case("`` {age} ` {age} `` {age}", "`` {age} ` {age} `` 30")]
#[case("`{age} is never closed", "`30 is never closed")]
#[case("``` {age} `", "``` 30 `")]
#[case("`a` {age} `{age}`", "`a` 30 `{age}`")]
#[case("`{age | unknown}`", "`{age | unknown}`")]
fn od_m06_code_is_left_alone_when_asked(#[case] text: &str, #[case] filled: &str) {
    let template = Template::parse(text, FillOptions { exclude_code: true }).expect("it compiles");
    assert_eq!(template.fill(&contact()), filled);
}

#[test]
fn code_is_filled_by_default() {
    assert_eq!(contact().fill("`{age}`"), "`30`");
}

#[test]
fn a_template_tells_what_it_reads() {
    let template = Template::parse("{a} {b.c[0] | replace @d \"x\" | where v @session.e['f']}", FillOptions::default())
        .expect("it compiles");
    let read: Vec<_> = template.references().map(ToString::to_string).collect();
    assert_eq!(read, ["user.a", "b.c[0]", "user.d", "session.e['f']"]);
    assert_eq!(template.literal(), None);
    assert_eq!(Template::parse("plain", FillOptions::default()).expect("it compiles").literal(), Some("plain"));
    assert_eq!(Template::default().literal(), Some(""));
}

#[test]
fn sizes_are_bounded() {
    let filters = format!("a{}", " | lowercase".repeat(33));
    assert!(matches!(Expression::parse(&filters), Err(ExpressionError::TooLarge { limit: 32, .. })));
    let long = format!("a | replace x \"{}\"", "y".repeat(5000));
    assert!(matches!(Expression::parse(&long), Err(ExpressionError::TooLarge { limit: 4096, .. })));
    let deep = format!("a{}", "[0]".repeat(33));
    assert!(matches!(Reference::parse(&deep), Err(ExpressionError::TooLarge { limit: 32, .. })));
    let arguments = format!("a | where{}", " x".repeat(9));
    assert!(matches!(Expression::parse(&arguments), Err(ExpressionError::TooLarge { limit: 8, .. })));
    let text = "x".repeat((1 << 20) + 1);
    assert!(matches!(Template::parse(&text, FillOptions::default()), Err(ExpressionError::TooLarge { .. })));
}

#[test]
fn a_filled_text_is_bounded() {
    let contact = Attributes::new(json!({"user": {"long": "x".repeat(1 << 20)}}));
    let filled = contact.fill(&"{long} ".repeat(1000));
    assert!(filled.len() < 6 << 20, "{}", filled.len());
}

#[test]
fn what_is_compiled_is_shared_between_threads() {
    fn shared<T: Send + Sync + Clone>() {}
    shared::<(Template, Expression, Conditions)>();
}

/// What would take many minutes if any of it were read again for each brace or back-tick.
#[rstest]
#[case("{a")]
#[case("{a.b['c'")]
#[case("{")]
#[case("`")]
#[case("{a['")]
#[case("{a ")]
#[case("{user.a}`")]
#[case("{a|where \"x\" ")]
fn reading_is_linear(#[case] unit: &str) {
    read_within_a_minute(&unit.repeat(1_000_000 / unit.len()));
}

#[test]
fn reading_code_that_is_never_closed_is_linear() {
    let runs: String = (1..1400).map(|run| "`".repeat(run) + " ").collect();
    read_within_a_minute(&runs);
}

fn read_within_a_minute(text: &str) {
    let started = std::time::Instant::now();
    drop(Template::parse(text, FillOptions { exclude_code: true }));
    assert!(started.elapsed().as_secs() < 60, "took {:?}", started.elapsed());
}

/// Text rich in what the grammar knows.
fn designer_text() -> impl Strategy<Value = String> {
    const WORDS: [&str; 24] = [
        "{",
        "}",
        "|",
        "[",
        "]",
        "'",
        "\"",
        "`",
        "\\",
        "@",
        "(",
        ")",
        ",",
        ".",
        " ",
        "user",
        "0",
        "-1",
        "é",
        "range",
        "where",
        "replace",
        "format_date",
        "base64",
    ];
    prop_oneof![
        any::<String>(),
        prop::collection::vec(prop::sample::select(&WORDS[..]), 0..40).prop_map(|words| words.concat()),
    ]
}

proptest! {
    #[test]
    fn nothing_makes_the_readers_panic(text in designer_text()) {
        for exclude_code in [false, true] {
            if let Ok(template) = Template::parse(&text, FillOptions { exclude_code }) {
                template.fill(&contact());
            }
        }
        drop(Expression::parse(&text));
        drop(Reference::parse(&text));
    }

    #[test]
    fn text_without_braces_stays_as_it_is(text in "[^{]*") {
        prop_assert_eq!(contact().fill(&text), text);
    }

    #[test]
    fn a_reference_reads_back_as_it_is_written(
        context in "[a-z_][a-z0-9_]{0,8}", name in "[a-zA-Z_][a-zA-Z0-9_-]{0,8}",
        keys in prop::collection::vec(prop_oneof![
            any::<String>().prop_map(|key| Accessor::Key(key.into())),
            any::<usize>().prop_map(Accessor::Index),
        ], 0..4),
    ) {
        let reference = Reference { context: context.into(), name: name.into(), path: keys };
        prop_assert_eq!(Reference::parse(&reference.to_string()), Ok(reference));
    }
}
