//! The intent classifier through its public door.

use language::{IntentClassifier, MAX_INTENTS, StoredClassifierError, TrainingError, TrainingIntent};
use proptest::prelude::*;

mod generated;

fn intent(name: &str, examples: &[&str]) -> TrainingIntent {
    TrainingIntent { name: name.to_owned(), examples: examples.iter().map(|text| (*text).to_owned()).collect() }
}

/// A scenario as a newcomer writes it: few intents, one to three examples each.
fn restaurant() -> IntentClassifier {
    let intents = [
        intent("hello", &["hello", "hi there", "good morning"]),
        intent("book", &["I would like to book a table", "reserve a table for four people"]),
        intent("cancel", &["cancel my booking", "I want to cancel the reservation"]),
        intent("menu", &["what is on the menu?", "which dishes do you serve"]),
        intent("hours", &["when are you open?"]),
        intent("予約", &["席を予約したいです"]),
        intent("heures", &["Quels sont vos horaires d'été ?"]),
        intent("never", &[]),
    ];
    IntentClassifier::train(&intents).expect("small enough")
}

fn best(classifier: &IntentClassifier, text: &str) -> (String, f32) {
    classifier.classify(text).first().map_or_else(Default::default, |best| (best.intent.to_owned(), best.confidence))
}

#[test]
fn an_example_is_certain() {
    let classifier = restaurant();
    for (text, expected) in [
        ("hello", "hello"),
        ("When are you OPEN", "hours"),
        ("席を予約したいです", "予約"),
        ("quels sont vos horaires d’ete", "heures"),
    ] {
        assert_eq!(best(&classifier, text), (expected.to_owned(), 1.0), "{text}");
    }
}

#[test]
fn a_clear_paraphrase_passes_a_usual_threshold() {
    let classifier = restaurant();
    for (text, expected) in [
        ("hi", "hello"),
        ("can I book a table please", "book"),
        ("I'd like to resreve a table", "book"),
        ("please cancel my reservation", "cancel"),
        ("what's on the menu today", "menu"),
        ("when do you open", "hours"),
        ("予約したい", "予約"),
        ("vos horaires svp", "heures"),
    ] {
        let (intent, confidence) = best(&classifier, text);
        assert!(intent == expected && confidence >= 0.6, "{text}: {intent} {confidence}");
    }
}

#[test]
fn nonsense_and_other_matters_stay_low() {
    let classifier = restaurant();
    for text in [
        "asdf qwer zxcv",
        "xyzzy",
        "🦀🦀🦀",
        "12345",
        "my printer makes strange noises",
        "how tall is the Eiffel tower",
        "translate this sentence into Latin",
        "Das Wetter ist heute schön",
        "天気はどう",
        "",
    ] {
        let (intent, confidence) = best(&classifier, text);
        assert!(confidence <= 0.3, "{text}: {intent} {confidence}");
    }
}

#[test]
fn one_intent_alone_does_not_take_everything() {
    let classifier = IntentClassifier::train(&[intent("order", &["I want to order a pizza"])]).expect("small enough");
    assert_eq!(best(&classifier, "i want to order a pizza!").1, 1.0);
    assert!(best(&classifier, "order pizza").1 >= 0.5);
    assert!(best(&classifier, "the train leaves at nine").1 <= 0.3);
}

#[test]
fn intents_without_examples_never_match_and_no_intents_give_nothing() {
    assert!(restaurant().classify("never").iter().all(|scored| scored.intent != "never"));
    assert!(IntentClassifier::train(&[]).expect("small enough").classify("hello").is_empty());
    let empty = IntentClassifier::train(&[intent("a", &[]), intent("b", &["", " ?! "])]).expect("small enough");
    assert!(empty.classify("hello").is_empty());
}

#[test]
fn intents_that_share_an_example_are_both_certain() {
    let intents = [intent("a", &["yes", "sure"]), intent("b", &["yes", "go ahead"]), intent("c", &["no"])];
    let classifier = IntentClassifier::train(&intents).expect("small enough");
    let scored = classifier.classify("Yes!");
    assert_eq!((scored[0].confidence, scored[1].confidence, scored[2].confidence), (1.0, 1.0, 0.0));
}

#[test]
fn entries_of_one_name_are_one_intent() {
    let intents = [intent("a", &["left"]), intent("b", &["right"]), intent("a", &["to the port side"])];
    let classifier = IntentClassifier::train(&intents).expect("small enough");
    assert_eq!(classifier.intents().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(best(&classifier, "to the port side"), ("a".to_owned(), 1.0));
}

#[test]
fn a_set_beyond_the_bounds_is_refused() {
    let many: Vec<TrainingIntent> = (0..=MAX_INTENTS).map(|number| intent(&number.to_string(), &["x"])).collect();
    let error = IntentClassifier::train(&many).expect_err("too many intents");
    assert_eq!(error, TrainingError::TooManyIntents(MAX_INTENTS + 1));
    let much = TrainingIntent { name: "a".to_owned(), examples: vec![String::new(); 200_001] };
    assert_eq!(IntentClassifier::train(&[much]).expect_err("too much"), TrainingError::TooManyExamples(200_001));
}

#[test]
fn a_stored_classifier_answers_alike_and_damage_is_noticed() {
    let classifier = restaurant();
    let bytes = classifier.to_bytes();
    assert_eq!(bytes, restaurant().to_bytes(), "the same examples give the same classifier");
    let loaded = IntentClassifier::from_bytes(&bytes).expect("just written");
    for text in ["book me a table", "hello", "what do you serve", "予約"] {
        assert_eq!(loaded.classify(text), classifier.classify(text));
    }
    for place in (8..bytes.len()).step_by(97) {
        let mut damaged = bytes.clone();
        damaged[place] ^= 0x10;
        assert_eq!(IntentClassifier::from_bytes(&damaged).expect_err("altered"), StoredClassifierError::Damaged);
    }
    assert_eq!(IntentClassifier::from_bytes(&bytes[..12]).expect_err("cut"), StoredClassifierError::Damaged);
    assert_eq!(IntentClassifier::from_bytes(b"something else").expect_err("foreign"), StoredClassifierError::Format);
    assert_eq!(IntentClassifier::from_bytes(b"").expect_err("empty"), StoredClassifierError::Format);
}

/// The yardstick of `bench/classifier` reaches 0.94 and 0.98 on this set.
#[test]
fn made_up_intents_are_told_apart_and_other_domains_noticed() {
    let intents: Vec<TrainingIntent> = generated::in_scope(60, 20, 1)
        .into_iter()
        .map(|(name, text)| TrainingIntent { name, examples: vec![text] })
        .collect();
    let classifier = IntentClassifier::train(&intents).expect("small enough");
    let inside = generated::in_scope(60, 8, 2);
    let answers: Vec<(String, f32)> = inside.iter().map(|(_, text)| best(&classifier, text)).collect();
    let right = inside.iter().zip(&answers).filter(|((intent, _), (answer, _))| intent == answer).count();
    let accuracy = right as f64 / inside.len() as f64;
    assert!(accuracy > 0.92, "accuracy {accuracy}");

    let outside: Vec<f32> = generated::out_of_scope(200, 3).iter().map(|(_, text)| best(&classifier, text).1).collect();
    let wins = answers.iter().flat_map(|(_, inside)| outside.iter().filter(move |outside| inside > outside)).count();
    let auroc = wins as f64 / (answers.len() * outside.len()) as f64;
    assert!(auroc > 0.97, "AUROC {auroc}");
}

proptest! {
    #[test]
    fn any_text_gives_ordered_confidences_that_add_up_to_at_most_one(text in "\\PC{0,80}") {
        thread_local!(static CLASSIFIER: IntentClassifier = restaurant());
        CLASSIFIER.with(|classifier| {
            let scored = classifier.classify(&text);
            prop_assert_eq!(&scored, &classifier.classify(&text));
            prop_assert!(scored.iter().all(|one| (0.0..=1.0).contains(&one.confidence)));
            prop_assert!(scored.is_sorted_by(|a, b| a.confidence >= b.confidence));
            prop_assert!(scored.iter().map(|one| one.confidence).sum::<f32>() <= 1.000_1);
            Ok(())
        })?;
    }

    #[test]
    fn any_examples_are_learned(texts in proptest::collection::vec("[a-zäß你😀 ]{1,12}", 1..20)) {
        let intents: Vec<TrainingIntent> =
            texts.iter().enumerate().map(|(number, text)| intent(&number.to_string(), &[text])).collect();
        let classifier = IntentClassifier::train(&intents).expect("small enough");
        for (number, text) in texts.iter().enumerate() {
            let scored = classifier.classify(text);
            let own = scored.iter().find(|one| one.intent == number.to_string());
            prop_assert!(scored.is_empty() || own.is_some_and(|own| own.confidence == scored[0].confidence), "{text:?}");
        }
    }

    #[test]
    fn any_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(IntentClassifier::from_bytes(&bytes).is_err());
    }
}
