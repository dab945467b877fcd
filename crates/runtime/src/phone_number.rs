//! Telephone numbers in the form of E.164: the one form in which they are kept and dialled.

/// Whether a text is a number in that form: a plus and 7 to 15 digits, of which the first is no zero.
pub(crate) fn is_e164(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0')
}

/// A number as people write it, in that form: blanks and marks between digits go. None where it is no number, or no
/// international one.
pub(crate) fn e164(written: &str) -> Option<String> {
    // The zero of `+49 (0) 30 …` is dialled within the country alone; with it the number would be another.
    let marks: String = written.chars().filter(|character| !character.is_whitespace()).collect();
    if marks.contains("(0)") {
        return None;
    }
    let number = marks.replace(['-', '.', '/', '(', ')'], "");
    is_e164(&number).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn da_i18_numbers_are_kept_in_one_form_however_they_are_written() {
        for (written, number) in [
            ("+4930123456", "+4930123456"),
            (" +49 30 / 123-456 ", "+4930123456"),
            ("+1 (415) 555.2671", "+14155552671"),
            ("+49\u{a0}30 123456", "+4930123456"),
        ] {
            assert_eq!(e164(written).as_deref(), Some(number), "{written}");
        }
        for bad in [
            "",
            "+",
            "030 123456",
            "0049 30 123456",
            "+0491701234567",
            "+49 (0) 30 123456",
            "+49(0)30123456",
            "+123456",
            "+1234567890123456",
            "+49 30 CALL-ME",
            "++4930123456",
            "+49 30 123456 ext. 7",
            "+٤٩١٧٠١٢٣٤",
        ] {
            assert_eq!(e164(bad), None, "{bad}");
        }
    }
}
