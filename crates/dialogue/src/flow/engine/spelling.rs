//! Names that are spelled letter by letter on the phone (row DA-T5).

/// Joins letters that stand alone: `my name is B r i a n` becomes `my name is Brian`. At least three in a row, so
/// that `a b` stays a choice between two things.
pub(super) fn joined(text: &str) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    let mut joined: Vec<String> = Vec::with_capacity(words.len());
    let mut at = 0;
    while at < words.len() {
        let letters = words[at..].iter().take_while(|word| is_letter(word)).count();
        if letters >= 3 {
            joined.push(capitalised(&words[at..at + letters].concat()));
            at += letters;
        } else {
            joined.push(words[at].to_owned());
            at += 1;
        }
    }
    joined.join(" ")
}

fn is_letter(word: &str) -> bool {
    let mut chars = word.chars();
    matches!((chars.next(), chars.next()), (Some(only), None) if only.is_alphabetic())
}

/// A name as it is written, unless it was spelled in capitals and small letters on purpose.
fn capitalised(word: &str) -> String {
    let is_one_case = word.chars().all(char::is_uppercase) || word.chars().all(char::is_lowercase);
    let mut chars = word.chars();
    match chars.next() {
        Some(first) if is_one_case => first.to_uppercase().chain(chars.flat_map(char::to_lowercase)).collect(),
        _ => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn da_t05_a_spelled_name_is_a_name() {
        assert_eq!(joined("B r i a n"), "Brian");
        assert_eq!(joined("it is b r i a n please"), "it is Brian please");
        assert_eq!(joined("A D A L O V E"), "Adalove");
    }

    #[test]
    fn what_is_not_spelled_stays() {
        for text in ["I am a man", "a b", "plan A", "", " two  spaces ", "7 8 9"] {
            assert_eq!(joined(text), text);
        }
    }
}
