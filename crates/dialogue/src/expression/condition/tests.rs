//! Truth tables of all operations.

use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

use crate::expression::fixture::{Attributes, NOW};
use crate::expression::{Conditions, SeenValue};
use crate::scenario::document::{Argument, Condition, Joiner};

fn condition(attribute: &str, operation: &str, parameter: Option<Value>) -> Condition {
    let argument = |id: &str, value| Argument { id: id.to_owned(), value };
    Condition {
        operation: operation.to_owned(),
        operation_attributes: vec![argument("attribute", json!(attribute))],
        parameters: parameter.map(|value| argument("value", value)).into_iter().collect(),
        ..Condition::default()
    }
}

fn holds_for(contact: &Attributes, operation: &str, parameter: Option<Value>) -> bool {
    let conditions = Conditions::compile(&[condition("user.v", operation, parameter)], None).expect("it compiles");
    conditions.evaluate(contact, &mut Vec::new())
}

fn holds(value: &Value, operation: &str, parameter: impl Into<Option<Value>>) -> bool {
    holds_for(&Attributes::new(json!({"user": {"v": value}})), operation, parameter.into())
}

#[rstest]
//                                 true   false  set    unset  empty  full
#[case(Value::Null,               [false, false, false, true,  true,  false])]
#[case(json!(""),                 [false, true,  false, true,  true,  false])]
#[case(json!(false),              [false, true,  false, false, false, true])]
#[case(json!(true),               [true,  false, true,  false, false, true])]
#[case(json!(0),                  [false, true,  true,  false, false, true])]
#[case(json!("Yes"),              [true,  false, true,  false, false, true])]
#[case(json!("maybe"),            [false, true,  true,  false, false, true])]
#[case(json!([]),                 [false, true,  true,  false, true,  false])]
#[case(json!({}),                 [false, true,  true,  false, true,  false])]
#[case(json!(["a"]),              [false, true,  true,  false, false, true])]
fn od_c25_operations_on_the_attribute_alone(#[case] value: Value, #[case] expected: [bool; 6]) {
    let operations = ["is_true", "is_false", "is_set", "is_not_set", "is_empty", "is_not_empty"];
    assert_eq!(operations.map(|operation| holds(&value, operation, None)), expected);
}

#[rstest]
//                                            eq     ne     gt     gte    lt     lte
#[case(json!(5), json!(5),                   [true,  false, false, true,  false, true])]
#[case(json!(5), json!("5"),                 [true,  false, false, true,  false, true])]
#[case(json!("5"), json!(5.0),               [true,  false, false, true,  false, true])]
#[case(json!(5), json!("6"),                 [false, true,  false, false, true,  true])]
#[case(json!(7.5), json!("6"),               [false, true,  true,  true,  false, false])]
#[case(json!("10"), json!("9"),              [false, true,  true,  true,  false, false])]
#[case(json!("5.0"), json!("5"),             [false, true,  false, true,  false, true])]
#[case(json!("a"), json!("a"),               [true,  false, false, false, false, false])]
#[case(json!("a"), json!("A"),               [false, true,  false, false, false, false])]
#[case(json!("a"), json!(5),                 [false, true,  false, false, false, false])]
#[case(json!(true), json!("true"),           [true,  false, false, false, false, false])]
#[case(json!(false), json!("no"),            [true,  false, false, false, false, false])]
#[case(json!(false), json!("maybe"),         [false, true,  false, false, false, false])]
#[case(json!(["a"]), json!(["a"]),           [true,  false, false, false, false, false])]
#[case(Value::Null, json!(0),                [false, true,  false, false, false, false])]
#[case(Value::Null, json!(""),               [false, true,  false, false, false, false])]
#[case(json!(9_007_199_254_740_993_i64), json!("9007199254740992"), [false, true, true, true, false, false])]
fn od_c25_comparisons(#[case] value: Value, #[case] parameter: Value, #[case] expected: [bool; 6]) {
    let operations = ["eq", "not_equals", "gt", "gte", "lt", "lte"];
    assert_eq!(operations.map(|operation| holds(&value, operation, parameter.clone())), expected);
}

#[rstest]
#[case(json!(["a", "b"]), json!("a"), true)]
#[case(json!(["ab"]), json!("a"), false)]
#[case(json!([1, 2]), json!("2"), true)]
#[case(json!("prompt_exclusion"), json!("prompt"), true)]
#[case(json!("prompt_exclusion"), json!("Prompt"), false)]
#[case(json!("text"), json!(""), false)]
#[case(json!({"k": "a"}), json!("a"), true)]
#[case(json!(["a", "b"]), json!(["x", "b"]), true)]
#[case(json!(5), json!("5"), true)]
#[case(json!([]), json!("a"), false)]
#[case(Value::Null, json!("a"), false)]
fn od_c25_in_set_is_containment(#[case] value: Value, #[case] parameter: Value, #[case] expected: bool) {
    assert_eq!(holds(&value, "in_set", parameter.clone()), expected);
    assert_eq!(holds(&value, "not_in_set", parameter), !expected);
}

#[rstest]
//                                          before after  past   future today
#[case(json!(NOW - 1),                     [true,  false, true,  false, true])]
#[case(json!(NOW),                         [false, false, false, false, true])]
#[case(json!(NOW + 1),                     [false, true,  false, true,  true])]
#[case(json!((NOW + 86_400).to_string()),  [false, true,  false, true,  false])]
#[case(json!("2025-07-22"),                [true,  false, true,  false, false])]
#[case(json!("tomorrow"),                  [false, true,  false, true,  false])]
#[case(json!("whenever"),                  [false, false, false, false, false])]
#[case(Value::Null,                        [false, false, false, false, false])]
fn od_c25_moments(#[case] value: Value, #[case] expected: [bool; 5]) {
    let with = ["is_before", "is_after"].map(|operation| holds(&value, operation, json!(NOW)));
    let alone = ["is_past", "is_future", "is_today"].map(|operation| holds(&value, operation, None));
    assert_eq!([with.as_slice(), alone.as_slice()].concat(), expected);
}

#[test]
fn od_c25_today_is_the_visitors_day() {
    // 23:30 UTC on the 22nd is already the 23rd in London.
    let contact = Attributes::new(json!({"user": {"v": "2025-07-22T23:30:00Z"}}));
    assert!(!holds_for(&contact, "is_today", None));
    assert!(holds_for(&contact.in_zone("Europe/London"), "is_today", None));
}

#[rstest]
#[case("Is True", "is_true")]
#[case("Is False", "is_false")]
#[case("Equals", "eq")]
#[case("Not Equals", "not_equals")]
#[case("Greater Than", "gt")]
#[case("Greater Than or Equal To", "gte")]
#[case("Less Than", "lt")]
#[case("Less Than Or Equal To", "lte")]
#[case("Time Passed Equals", "time_passed_equals")]
#[case("Time Passed Greater Than", "time_passed_greater_than")]
#[case("Time Passed Less Than", "time_passed_less_than")]
#[case("Is Set", "is_set")]
#[case("Is Not Set", "is_not_set")]
#[case("Is Empty", "is_empty")]
#[case("Is Not Empty", "is_not_empty")]
#[case("In Set", "in_set")]
#[case("Not In Set", "not_in_set")]
#[case("Is Before", "is_before")]
#[case("Is After", "is_after")]
#[case("Is Past", "is_past")]
#[case("Is Future", "is_future")]
#[case("Is Today", "is_today")]
fn od_c25_every_operation_has_its_names(#[case] name: &str, #[case] id: &str) {
    for written in [name, id, &name.to_uppercase()] {
        let operation = super::Operation::named(written).expect("it is known");
        assert_eq!(operation.id(), id, "{written}");
    }
}

#[test]
fn od_c25_there_are_22_operations() {
    assert_eq!(super::Operation::names().split(", ").count(), 22);
}

fn age_conditions(joiner: Option<Joiner>) -> Conditions {
    let list = [condition("age", "gte", Some(json!(18))), condition("member", "is_true", None)];
    Conditions::compile(&list, joiner).expect("it compiles")
}

#[rstest]
#[case(json!({"age": 30, "member": true}), true, true)]
#[case(json!({"age": 30, "member": false}), false, true)]
#[case(json!({"age": 3, "member": true}), false, true)]
#[case(json!({"age": 3, "member": false}), false, false)]
fn od_c26_one_joiner_for_all(#[case] user: Value, #[case] and: bool, #[case] or: bool) {
    let contact = Attributes::new(json!({"user": user}));
    let joined = |joiner| age_conditions(joiner).evaluate(&contact, &mut Vec::new());
    assert_eq!([None, Some(Joiner::And), Some(Joiner::Or)].map(joined), [and, and, or]);
}

#[test]
fn od_c26_no_conditions_hold() {
    let contact = Attributes::new(json!({}));
    for joiner in [Joiner::And, Joiner::Or] {
        let conditions = Conditions::compile(&[], Some(joiner)).expect("it compiles");
        assert!(conditions.is_empty() && conditions.evaluate(&contact, &mut Vec::new()));
    }
    assert_eq!(age_conditions(None).len(), 2);
}

#[rstest]
#[case(60, [true, false, false])]
#[case(61, [false, true, false])]
#[case(59, [false, false, true])]
fn od_c27_time_passed_counts_seconds(#[case] ago: i64, #[case] expected: [bool; 3]) {
    let operations = ["time_passed_equals", "time_passed_greater_than", "time_passed_less_than"];
    assert_eq!(operations.map(|operation| holds(&json!(NOW - ago), operation, json!("60"))), expected);
    for value in [Value::Null, json!("yesterday"), json!(1.5), json!(i64::MIN)] {
        assert_eq!(operations.map(|operation| holds(&value, operation, json!(60))), [false; 3], "{value}");
    }
}

#[rstest]
// 09:30 UTC now; 10:00 BST is 09:00 UTC.
#[case("10:00 BST", false)]
#[case("10:00 GMT", true)]
#[case("10:00 Europe/London", false)]
#[case("11:00 Europe/London", true)]
#[case("10:00", true)]
#[case("10:00 +01:00", false)]
#[case("6:00 AM EDT", true)]
#[case("5:00 am America/New_York", false)]
#[case("2025-07-23 10:31 BST", true)]
#[case("2025-07-23T10:29:00+01:00", false)]
#[case("tea time", false)]
fn od_c28_is_before_honours_the_zone(#[case] parameter: &str, #[case] expected: bool) {
    assert_eq!(holds(&json!(NOW), "is_before", json!(parameter)), expected);
}

#[test]
fn od_c28_without_a_zone_the_visitors_counts() {
    let contact = Attributes::new(json!({"user": {"v": NOW}})).in_zone("Europe/London");
    assert!(!holds_for(&contact, "is_before", Some(json!("10:00"))));
}

#[rstest]
#[case(json!("{session.limit}"), true)]
#[case(json!("@session.limit"), true)]
#[case(json!("{session.unknown}"), false)]
#[case(json!("1{session.zero}"), false)]
fn parameters_may_refer_to_attributes(#[case] parameter: Value, #[case] expected: bool) {
    let contact = Attributes::new(json!({"user": {"v": 5}, "session": {"limit": "5", "zero": 0}}));
    assert_eq!(holds_for(&contact, "eq", Some(parameter)), expected);
}

#[test]
fn a_template_as_parameter_is_filled() {
    let contact = Attributes::new(json!({"user": {"v": 10}, "session": {"zero": 0}}));
    assert!(holds_for(&contact, "eq", Some(json!("1{session.zero}"))));
    let list = [condition("v | last", "eq", Some(json!("1{session.zero | replace a @b}")))];
    let conditions = Conditions::compile(&list, None).expect("it compiles");
    let read: Vec<_> = conditions.references().map(ToString::to_string).collect();
    assert_eq!(read, ["user.v", "session.zero", "user.b"]);
}

#[test]
fn the_attribute_may_have_filters_braces_and_secrets() {
    let contact = Attributes::new(json!({"user": {"list": [1, 2]}, "secret": {"key": "hunter2"}}));
    let list = [
        condition("{ user.list | count }", "eq", Some(json!(2))),
        condition("secret.key", "eq", Some(json!("hunter2"))),
    ];
    let mut seen = Vec::new();
    assert!(!Conditions::compile(&list, None).expect("it compiles").evaluate(&contact, &mut seen));
    insta::assert_json_snapshot!(seen, @r#"
    [
      {
        "reference": "{ user.list | count }",
        "operation": "eq",
        "value": 2,
        "parameter": 2,
        "outcome": true
      },
      {
        "reference": "secret.key",
        "operation": "eq",
        "value": "••••••••",
        "parameter": "hunter2",
        "outcome": false
      }
    ]
    "#);
}

#[test]
fn what_was_not_looked_at_was_not_seen() {
    let contact = Attributes::new(json!({"user": {"age": 3}}));
    let mut seen = Vec::new();
    age_conditions(None).evaluate(&contact, &mut seen);
    assert_eq!(seen.len(), 1);
    assert_eq!((seen[0].operation, seen[0].outcome), ("gte", false));
    age_conditions(Some(Joiner::Or)).evaluate(&contact, &mut seen);
    assert_eq!(seen.len(), 3);
    assert_eq!((&seen[2].value, &seen[2].parameter), (&SeenValue::Nothing, &SeenValue::Nothing));
}

#[test]
fn long_values_are_cut_for_the_journal() {
    let contact = Attributes::new(json!({"user": {"v": "é".repeat(300)}}));
    let mut seen = Vec::new();
    let list = [condition("v", "is_set", None)];
    assert!(Conditions::compile(&list, None).expect("it compiles").evaluate(&contact, &mut seen));
    assert_eq!(seen[0].value, SeenValue::Text(format!("{}…", "é".repeat(200)).into()));
}

#[test]
fn all_problems_are_told_at_once() {
    let list = [
        condition("user.v", "resembles", Some(json!(1))),
        condition("user.v", "is_set", None),
        condition("user.v", "eq", None),
        condition("user..v", "is_set", None),
        Condition { operation: "is_set".to_owned(), ..Condition::default() },
        condition("user.v", "eq", Some(json!("{user.x | shout}"))),
    ];
    let problems = Conditions::compile(&list, None).expect_err("it is wrong");
    let told: Vec<_> = problems.iter().map(|problem| (problem.index, problem.field)).collect();
    assert_eq!(
        told,
        [
            (0, "operation"),
            (2, "parameters"),
            (3, "operationAttributes"),
            (4, "operationAttributes"),
            (5, "parameters")
        ]
    );
    assert!(problems[0].message.starts_with("there is no operation `resembles`; known operations: is_true, "));
}

#[test]
fn their_number_is_bounded() {
    let list = vec![condition("user.v", "is_set", None); 257];
    assert_eq!(Conditions::compile(&list, None).expect_err("it is wrong").len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_makes_an_operation_panic(text in any::<String>(), number in any::<f64>(), whole in any::<i64>()) {
        let values = [json!(text), json!(number), json!(whole), json!([text, whole]), Value::Null];
        for operation in super::Operation::names().split(", ") {
            for value in &values {
                let contact = Attributes::new(json!({"user": {"v": value}}));
                for parameter in &values {
                    // Text may hold an expression that does not compile.
                    let list = [condition("user.v", operation, Some(parameter.clone()))];
                    if let Ok(conditions) = Conditions::compile(&list, None) {
                        conditions.evaluate(&contact, &mut Vec::new());
                    }
                }
            }
        }
    }

    #[test]
    fn an_operation_and_its_negation_disagree(value in any::<String>(), parameter in any::<i32>()) {
        for (operation, negation) in [("eq", "not_equals"), ("in_set", "not_in_set"), ("is_empty", "is_not_empty")] {
            let value = json!(value);
            prop_assert_ne!(holds(&value, operation, json!(parameter)), holds(&value, negation, json!(parameter)));
        }
    }
}
