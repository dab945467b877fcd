use proptest::prelude::*;
use rstest::rstest;

use super::*;

fn score(text: &str, emotion: Emotion) -> u32 {
    estimate(text).get(emotion).thousandths()
}

/// The emotions that are shown of a text, the strongest first.
fn shown(text: &str) -> Vec<Emotion> {
    estimate(text).shown().into_iter().map(|(emotion, _)| emotion).collect()
}

#[rstest]
#[case("I am so happy with this", Emotion::Joy)]
#[case("Thanks a lot", Emotion::Gratitude)]
#[case("I wonder how this works", Emotion::Curiosity)]
#[case("That was really helpful", Emotion::Approval)]
#[case("I am confused", Emotion::Confusion)]
#[case("I don't understand", Emotion::Confusion)]
#[case("I am disappointed", Emotion::Disappointment)]
#[case("This makes me sad", Emotion::Sadness)]
#[case("Sorry, my mistake", Emotion::Remorse)]
#[case("I'm worried about my money", Emotion::Fear)]
#[case("This is so annoying", Emotion::Annoyance)]
#[case("It doesn't work", Emotion::Annoyance)]
#[case("I am FURIOUS", Emotion::Anger)]
#[case("Je suis très heureuse", Emotion::Joy)]
#[case("Merci beaucoup", Emotion::Gratitude)]
#[case("Je ne comprends pas", Emotion::Confusion)]
#[case("Je suis déçue", Emotion::Disappointment)]
#[case("Ça ne marche pas", Emotion::Annoyance)]
#[case("C'est inadmissible, je suis en colère", Emotion::Anger)]
#[case("Désolé", Emotion::Remorse)]
#[case("Das freut mich sehr", Emotion::Joy)]
#[case("Vielen Dank", Emotion::Gratitude)]
#[case("Das verstehe ich nicht", Emotion::Confusion)]
#[case("Ich bin enttäuscht", Emotion::Disappointment)]
#[case("Das funktioniert nicht", Emotion::Annoyance)]
#[case("Das ist eine Unverschämtheit", Emotion::Anger)]
#[case("Ich mache mir Sorgen", Emotion::Fear)]
#[case("Estoy muy feliz", Emotion::Joy)]
#[case("Muchas gracias", Emotion::Gratitude)]
#[case("No entiendo", Emotion::Confusion)]
#[case("Estoy decepcionado", Emotion::Disappointment)]
#[case("No funciona", Emotion::Annoyance)]
#[case("Estoy enfadada", Emotion::Anger)]
#[case("Lo siento", Emotion::Remorse)]
#[case("😡😡", Emotion::Anger)]
#[case("great 👍", Emotion::Approval)]
#[case("my cat died :(", Emotion::Sadness)]
fn a_text_shows_what_it_says(#[case] text: &str, #[case] emotion: Emotion) {
    assert_eq!(shown(text).first(), Some(&emotion), "{text}: {:?}", estimate(text).sorted());
}

#[rstest]
#[case("")]
#[case("   \n\t")]
#[case("Who am I?")]
#[case("What is my account balance")]
#[case("Please label this")]
#[case("Good morning")]
#[case("Where is order 4711?")]
#[case("Je voudrais changer mon adresse")]
#[case("Ich möchte meine Adresse ändern")]
#[case("Quiero cambiar mi dirección")]
#[case("мой заказ 4711")]
#[case("席を予約したいです")]
#[case("I am not angry")]
#[case("no thanks")]
#[case("Does it work?")]
#[case("!!!")]
#[case("OK")]
fn a_text_that_shows_nothing_has_no_scores(#[case] text: &str) {
    assert!(estimate(text).is_none(), "{text}: {:?}", estimate(text).sorted());
}

#[rstest]
#[case("I am not happy")]
#[case("I'm not at all satisfied")]
#[case("this isn't helpful")]
#[case("I never loved it")]
#[case("Je ne suis pas satisfaite, je ne suis pas content")]
#[case("j'aime pas")]
#[case("Ich bin nicht zufrieden")]
#[case("Das gefällt mir nicht")]
#[case("No me gusta")]
fn praise_that_is_denied_is_no_praise(#[case] text: &str) {
    let scores = estimate(text);
    assert_eq!(scores.get(Emotion::Joy), Share::NONE, "{text}");
    assert_eq!(scores.get(Emotion::Approval), Share::NONE, "{text}");
    assert_eq!(shown(text), [Emotion::Disappointment], "{text}");
}

#[test]
fn a_denial_ends_with_its_part_of_the_sentence() {
    assert_eq!(shown("No. I am happy"), [Emotion::Joy]);
    assert_eq!(shown("I did not ask, great"), [Emotion::Approval]);
    assert_eq!(shown("It is not what I ordered and I am happy"), [Emotion::Joy]);
    assert_eq!(shown("Ich bin froh, das war nicht teuer"), [Emotion::Joy]);
}

#[test]
fn stress_counts_and_so_does_being_loud() {
    let plain = score("I am angry", Emotion::Anger);
    for louder in ["I am very angry", "I am ANGRY", "I am angry!", "I am angry and furious"] {
        assert!(score(louder, Emotion::Anger) > plain, "{louder}");
    }
    assert!(score("I am a bit angry", Emotion::Anger) < plain);
    assert!(score("I am angry!!!", Emotion::Anger) > score("I am angry!", Emotion::Anger));
    assert_eq!(shown("WHERE IS MY ORDER"), [Emotion::Annoyance]);
    assert_eq!(shown("WHAT??"), [Emotion::Confusion]);
    assert!(estimate("what?").is_none());
}

#[test]
fn many_words_are_strong_and_never_certain() {
    let long = "terrible ".repeat(10_000);
    let terrible = score(&long, Emotion::Disappointment);
    assert!((950..=1_000).contains(&terrible), "{terrible}");
}

#[test]
fn what_is_said_again_is_known_again() {
    assert_eq!(heard("Where is my order?").mark, heard("where is my order").mark);
    assert_ne!(heard("Where is my order?").mark, heard("Where is my refund?").mark);
    assert_eq!(heard("Yes").mark, None);
}

proptest! {
    #[test]
    fn scores_are_bounded_whatever_the_text(text in "\\PC{0,200}") {
        for (emotion, share) in estimate(&text).sorted() {
            prop_assert!(share.thousandths() >= 1 && share.thousandths() <= 1_000, "{:?}", emotion);
        }
        prop_assert!(estimate(&text).shown().len() <= 3);
    }

    #[test]
    fn any_string_at_all_is_read(text in any::<String>()) {
        let once = heard(&text);
        prop_assert_eq!(once, heard(&text));
    }

    #[test]
    fn words_of_the_lists_in_any_order_are_read(
        words in prop::collection::vec(
            prop_oneof![
                Just("not"), Just("happy"), Just("angry"), Just("nicht"), Just("pas"), Just("."), Just("very"),
                Just("morning"), Just("good"), Just("don't"), Just("n'aime"), Just("and"), Just("!"), Just("?"),
                Just("PERFECT"), Just("person"), Just("talk"), Just("😡"), Just("bit"), Just(":)"),
            ],
            0..120,
        ),
    ) {
        let text = words.join(" ");
        prop_assert!(estimate(&text).iter().all(|(_, share)| share.thousandths() <= 1_000));
    }

    #[test]
    fn a_text_says_the_same_in_capitals_of_words_and_in_small(text in "[a-z ]{0,80}") {
        let small = estimate(&text);
        let loud = estimate(&text.to_uppercase());
        for (emotion, share) in small.iter() {
            prop_assert!(loud.get(emotion) >= share, "{:?}", emotion);
        }
    }
}
