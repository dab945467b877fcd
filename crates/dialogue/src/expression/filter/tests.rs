//! Filters by the rows of the contract, and as properties.

use model::attribute::AttributeType;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::json;

use crate::expression::fixture::{Attributes, NOW};
use crate::expression::{Expression, coerce};

fn contact() -> Attributes {
    Attributes::new(json!({
        "user": {
            "name": "ada king LOVELACE", "accented": "émile", "age": 30, "now": NOW, "now_text": "1753263000",
            "list": ["a", "b", "c", "d"], "empty": [], "text": "", "url": "a b~c/ü+&", "key": "k", "from": -3,
            "micro": 1_753_263_000.25, "encoded": "YQ", "zone": "Asia/Tokyo", "format": "H\\h",
        },
        "history": {
            "transcript": [
                {"participant": "user", "value": "hi"}, {"participant": "app", "value": "hello"},
                {"participant": "user", "value": "bye"},
            ],
            "intents": ["Welcome", "BookAppointment", "BookAppointment"],
        },
        "session": {"body": "what do ya want for nothing?", "secretKey": "Jefe", "data": {"field": "Jefe"}},
    }))
}

#[rstest]
#[case("name | uppercase", "ADA KING LOVELACE")]
#[case("name | lowercase", "ada king lovelace")]
#[case("name | uppercase_words", "Ada King LOVELACE")]
#[case("name | uppercase_first", "Ada king LOVELACE")]
#[case("accented|uppercase_first", "Émile")]
#[case("name | replace \"a\" \"o\"", "odo king LOVELACE")]
#[case("name | replace('king ', '')", "ada LOVELACE")]
#[case("name | replace '' x", "ada king LOVELACE")]
#[case("name | replace \"ad\" \"\\\"\" | lowercase", "\"a king lovelace")]
#[case("list | uppercase", "A, B, C, D")]
fn od_c18_text_filters(#[case] expression: &str, #[case] expected: &str) {
    assert_eq!(contact().evaluate(expression), Some(json!(expected)));
}

#[test]
fn od_c19_filters_chain() {
    assert_eq!(contact().fill("{ user.age | number_to_words | uppercase_first }"), "Thirty");
    assert_eq!(contact().fill("{age|speltnumber_to_words}"), "thirty");
}

#[rstest]
#[case(json!(0), "zero", "0th", "zeroth")]
#[case(json!(1), "one", "1st", "first")]
#[case(json!(2), "two", "2nd", "second")]
#[case(json!(3), "three", "3rd", "third")]
#[case(json!(5), "five", "5th", "fifth")]
#[case(json!(8), "eight", "8th", "eighth")]
#[case(json!(9), "nine", "9th", "ninth")]
#[case(json!(11), "eleven", "11th", "eleventh")]
#[case(json!(12), "twelve", "12th", "twelfth")]
#[case(json!(13), "thirteen", "13th", "thirteenth")]
#[case(json!(20), "twenty", "20th", "twentieth")]
#[case(json!(21), "twenty-one", "21st", "twenty-first")]
#[case(json!(100), "one hundred", "100th", "one hundredth")]
#[case(json!(112), "one hundred twelve", "112th", "one hundred twelfth")]
#[case(json!(1_000_023), "one million twenty-three", "1000023rd", "one million twenty-third")]
#[case(json!(-42), "minus forty-two", "-42nd", "minus forty-second")]
#[case(json!("7"), "seven", "7th", "seventh")]
#[case(json!(4.0), "four", "4th", "fourth")]
#[case(json!(2.5), "two point five", "2.5", "2.5")]
#[case(json!(-0.25), "minus zero point two five", "-0.25", "-0.25")]
#[case(json!("many"), "many", "many", "many")]
#[case(json!(1e300), "1e+300", "1e+300", "1e+300")]
#[case(
    json!(i64::MIN),
    "minus nine quintillion two hundred twenty-three quadrillion three hundred seventy-two trillion thirty-six \
     billion eight hundred fifty-four million seven hundred seventy-five thousand eight hundred eight",
    "-9223372036854775808th",
    "minus nine quintillion two hundred twenty-three quadrillion three hundred seventy-two trillion thirty-six \
     billion eight hundred fifty-four million seven hundred seventy-five thousand eight hundred eighth"
)]
fn od_c19_numbers_in_words(
    #[case] number: serde_json::Value,
    #[case] words: &str,
    #[case] ordinal: &str,
    #[case] ordinal_words: &str,
) {
    let contact = Attributes::new(json!({"user": {"n": number}}));
    assert_eq!(contact.fill("{n | number_to_words}"), words);
    assert_eq!(contact.fill("{n | ordinal}"), ordinal);
    assert_eq!(contact.fill("{n | ordinal_words}"), ordinal_words);
}

#[rstest]
#[case("now | format_date \"Y-m-d\"", "2025-07-23")]
#[case("now | format_date \"l jS F\"", "Wednesday 23rd July")]
#[case("now_text | format_date('D d M y, N w z W o')", "Wed 23 Jul 25, 3 3 203 30 2025")]
#[case("now | format_date 'n t L' ", "7 31 0")]
#[case("now | format_date 'g:i a G h:i A H:i:s'", "9:30 am 9 09:30 AM 09:30:00")]
#[case("now | format_date 'e T I P O p Z U' Europe/London", "Europe/London BST 1 +01:00 +0100 +01:00 3600 1753263000")]
#[case("now | format_date 'e T P p' UTC", "UTC UTC +00:00 Z")]
#[case("now | format_date 'H:i T e' BST", "10:30 +01:00 +01:00")]
#[case("now | format_date \"H:i\" \"Asia/Kolkata\"", "15:00")]
#[case("now | format_date H:i @user.zone", "18:30")]
#[case("now | format_date 'H:i T' CET", "11:30 CEST")]
#[case("now | format_date @user.format", "09h")]
#[case("now | format_date c \"-03:30\"", "2025-07-23T06:00:00-03:30")]
#[case("now | format_date r", "Wed, 23 Jul 2025 09:30:00 +0000")]
#[case("micro | format_date 'u v'", "250000 250")]
#[case("now | format_date '\\t\\h\\e jS \\of F'", "the 23rd of July")]
fn od_c20_format_date(#[case] expression: &str, #[case] expected: &str) {
    assert_eq!(contact().evaluate(expression), Some(json!(expected)));
}

#[test]
fn od_c20_the_visitors_zone_is_the_default() {
    assert_eq!(contact().in_zone("America/New_York").fill("{now | format_date 'H:i T'}"), "05:30 EDT");
    assert_eq!(contact().in_zone("America/New_York").fill("{now | format_date 'H:i T' Europe/Paris}"), "11:30 CEST");
    assert_eq!(contact().in_zone("Nowhere/Land").fill("{now | format_date 'H:i T'}"), "09:30 UTC");
}

#[rstest]
#[case("2025-07-23", "2025-07-23 00:00:00 +00:00")]
#[case("2025-07-23 10:00", "2025-07-23 10:00:00 +00:00")]
#[case("2025-07-23T10:00:00Z", "2025-07-23 10:00:00 +00:00")]
#[case("2025-07-23T10:00:00+02:00", "2025-07-23 08:00:00 +00:00")]
#[case("2025-07-23 10:00 BST", "2025-07-23 09:00:00 +00:00")]
#[case("2025-07-23 10:00 CET", "2025-07-23 09:00:00 +00:00")]
#[case("2025-07-23 10:00 America/New_York", "2025-07-23 14:00:00 +00:00")]
#[case("23 July 2025", "2025-07-23 00:00:00 +00:00")]
#[case("Wednesday, 23 Jul 2025 3:05 pm", "2025-07-23 15:05:00 +00:00")]
#[case("Wed, 23 Jul 2025 09:30:00 +0100", "2025-07-23 08:30:00 +00:00")]
#[case("July 23, 2025", "2025-07-23 00:00:00 +00:00")]
#[case("23-07-2025", "2025-07-23 00:00:00 +00:00")]
#[case("07/23/2025 10:00:05", "2025-07-23 10:00:05 +00:00")]
#[case("23.07.2025", "2025-07-23 00:00:00 +00:00")]
#[case("10:15", "2025-07-23 10:15:00 +00:00")]
#[case("now", "2025-07-23 09:30:00 +00:00")]
#[case("today", "2025-07-23 00:00:00 +00:00")]
#[case("tomorrow", "2025-07-24 00:00:00 +00:00")]
#[case("Yesterday", "2025-07-22 00:00:00 +00:00")]
#[case("soon", "")]
#[case("2025-02-30", "")]
#[case("99999999999999", "")]
fn od_c20_dates_may_be_text(#[case] date: &str, #[case] expected: &str) {
    let contact = Attributes::new(json!({"user": {"date": date}}));
    assert_eq!(contact.fill("{date | format_date 'Y-m-d H:i:s P'}"), expected);
}

#[rstest]
#[case("list | count", json!(4))]
#[case("empty | count", json!(0))]
#[case("unknown | count", json!(0))]
#[case("list | last", json!("d"))]
#[case("list | last 3", json!(["b", "c", "d"]))]
#[case("list | last 9", json!(["a", "b", "c", "d"]))]
#[case("list | last(2)", json!(["c", "d"]))]
#[case("list | range -3 2", json!(["b", "c"]))]
#[case("list | range(0, 3)", json!(["a", "b", "c"]))]
#[case("list | range 1 1", json!(["b"]))]
#[case("list | range -9 2", json!(["a", "b"]))]
#[case("list | range 9 2", json!([]))]
#[case("list | range @user.from 1", json!(["b"]))]
#[case("list | range 9223372036854775807 9223372036854775807", json!([]))]
#[case("list | range -9223372036854775808 9223372036854775807", json!(["a", "b", "c", "d"]))]
#[case("history.transcript | where participant user | count", json!(2))]
#[case("history.transcript | where participant app | select value", json!(["hello"]))]
#[case("history.transcript | where('participant', 'user') | last | select('value')", json!("bye"))]
#[case("history.transcript | where participant user neq | count", json!(1))]
#[case("history.transcript | where value 'ell' 'In Set' | count", json!(1))]
#[case("history.intents | where('value', 'BookAppointment') | count", json!(2))]
#[case("history.intents | last", json!("BookAppointment"))]
fn od_c21_collection_filters(#[case] expression: &str, #[case] expected: serde_json::Value) {
    assert_eq!(contact().evaluate(expression), Some(expected.clone()));
    assert_eq!(contact().computed().evaluate(expression), Some(expected));
}

#[test]
fn od_c21_the_last_of_nothing_is_nothing() {
    assert_eq!(contact().evaluate("empty | last"), None);
}

// Key and message of RFC 4231 §4.3 and RFC 2202 §2, §3.
#[rstest]
#[case("sha256", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")]
#[case("sha1", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79")]
#[case("md5", "750c783e6ab0b503eaa86e310a5db738")]
#[case(
    "sha512",
    "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"
)]
fn od_c22_hmac_gives_known_vectors(#[case] algorithm: &str, #[case] expected: &str) {
    for key in ["Jefe", "Jefe text", "SmVmZQ== base64", "4a656665 hex", "@session.secretKey text"] {
        let written = format!("session.body | hmac {algorithm} {key} | hex");
        assert_eq!(contact().evaluate(&written), Some(json!(expected)), "{written}");
    }
}

#[test]
fn od_c22_hmac_chains_with_base64() {
    assert_eq!(
        contact().fill("{session.body | hmac sha256 @session.secretKey text | base64}"),
        "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM="
    );
}

#[rstest]
#[case("user.key | md5 | hex", Some(json!("8ce4b16b22b58894aa86c421e8759df3")))]
#[case("user.text | md5 | hex", None)]
#[case("user.text | md5 true | hex", Some(json!("d41d8cd98f00b204e9800998ecf8427e")))]
#[case("user.list[0] | base64", Some(json!("YQ==")))]
#[case("user.encoded | base64 -d", Some(json!("a")))]
#[case("user.url | base64 -d", None)]
#[case("user.key | hmac sha1 '' | base64 | base64 -d | hex", Some(json!("7e36c4f96cf2e4bc7b19e6bc4da21f290d0c194e")))]
fn od_c22_digests_and_encodings(#[case] expression: &str, #[case] expected: Option<serde_json::Value>) {
    assert_eq!(contact().evaluate(expression), expected);
}

#[test]
fn od_c22_bytes_alone_are_shown_as_text() {
    assert!(contact().fill("{user.key | md5}").contains('\u{fffd}'));
}

#[test]
fn od_c23_url_encoding() {
    assert_eq!(contact().fill("{url | url_encode true}"), "a%20b~c%2F%C3%BC%2B%26");
    assert_eq!(contact().fill("{url | url_encode}"), "a+b%7Ec%2F%C3%BC%2B%26");
    assert_eq!(contact().fill("{url | url_encode | url_decode}"), "a b~c/ü+&");
    assert_eq!(contact().fill("{url | url_encode true | url_decode}"), "a b~c/ü+&");
}

#[rstest]
#[case("session.body | replace nothing @session.secretKey")]
#[case("session.body | replace nothing @session.data['field']")]
#[case("session.body | replace('nothing', @session.data['field'])")]
fn od_c24_parameters_are_read_from_attributes(#[case] expression: &str) {
    assert_eq!(contact().evaluate(expression), Some(json!("what do ya want for Jefe?")));
}

#[test]
fn od_c24_a_quoted_or_lone_at_sign_is_text() {
    assert_eq!(contact().fill("{user.key | replace k \"@user.name\"}"), "@user.name");
    assert_eq!(contact().fill("{user.key | replace k @}"), "@");
    assert_eq!(contact().fill("{user.key | replace k @user.unknown}"), "");
}

#[rstest]
#[case("replace a aaaaaaaaaaaaaaaa")]
#[case("replace a @text")]
#[case("url_encode | replace % %%%%")]
#[case("hex")]
fn od_c18_a_chain_that_grows_without_end_gives_nothing(#[case] filter: &str) {
    let contact = Attributes::new(json!({"user": {"text": "a%".repeat(1000)}}));
    let chain = format!(" | {filter}").repeat(16);
    assert_eq!(contact.fill(&format!("{{text{chain}}}")), "");
}

#[rstest]
#[case("a | replace x")]
#[case("a | range 1")]
#[case("a | range 0, 3")]
#[case("a | range(0, three)")]
#[case("a | last few")]
#[case("a | select")]
#[case("a | where participant")]
#[case("a | where participant user sideways")]
#[case("a | where participant user @operation")]
#[case("a | format_date")]
#[case("a | format_date Y Nowhere/Land")]
#[case("a | base64 -x")]
#[case("a | md5 @flag")]
#[case("a | hmac sha256")]
#[case("a | hmac sha3 key")]
#[case("a | hmac sha256 key utf7")]
#[case("a | hmac sha256 'no hex' hex")]
fn wrong_arguments_are_found_when_compiled(#[case] expression: &str) {
    let error = Expression::parse(expression).expect_err("it is wrong");
    assert!(matches!(error, crate::expression::ExpressionError::Argument { .. }), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_value_makes_a_filter_panic(text in any::<String>(), number in any::<f64>(), whole in any::<i64>(), seconds in any::<i32>()) {
        let value = json!([text, number, whole, seconds, {"value": text}, [whole]]);
        let items = value.as_array().expect("it is one");
        for value in items.iter().chain([&value]) {
            let contact = Attributes::new(json!({"user": {"v": value, "text": text, "whole": whole}}));
            for filter in [
                "uppercase", "lowercase", "uppercase_words", "uppercase_first", "replace @text @whole",
                "number_to_words", "ordinal", "ordinal_words", "format_date dDjlNSwzWFmMntLoYyaAgGhHisuveIOPpTUcrZ",
                "format_date @text @text", "count", "last", "last @whole", "range @whole @whole", "where @text @whole",
                "select @text", "url_encode", "url_encode true", "url_decode", "base64", "base64 -d", "hex", "md5",
                "hmac sha256 @text base64",
            ] {
                contact.evaluate(&format!("v | {filter}"));
            }
        }
    }

    #[test]
    fn no_date_makes_a_reader_panic(date in "[-+0-9:/., TZ]{0,20}( ?(am|PM|BST|Europe/London|[+-][0-9]{1,4}))?") {
        let contact = Attributes::new(json!({"user": {"date": date}})).in_zone("Pacific/Apia");
        contact.fill("{date | format_date c}{date | format_date c @user.date}");
        coerce(AttributeType::TimestampCollection, &json!(date));
    }

    #[test]
    fn encodings_can_be_undone(text in ".+") {
        let contact = Attributes::new(json!({"user": {"text": text}}));
        for chain in ["base64 | base64 -d", "url_encode | url_decode", "url_encode true | url_decode"] {
            prop_assert_eq!(contact.fill(&format!("{{text | {chain}}}")), text.clone());
        }
    }

    #[test]
    fn words_never_repeat_a_digit(number in any::<i64>()) {
        let contact = Attributes::new(json!({"user": {"n": number}}));
        let words = contact.fill("{n | number_to_words}{n | ordinal_words}");
        prop_assert!(words.chars().all(|c| c.is_ascii_lowercase() || c == ' ' || c == '-'), "{}", words);
    }
}
