//! Query strings of the public APIs, read pair by pair, because what is not known must be named.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// The pairs of a query string, decoded, in order.
pub(crate) struct Pairs<'q>(Vec<(Cow<'q, str>, Cow<'q, str>)>);

/// Most pairs that are looked at.
const MOST: usize = 100;

impl<'q> Pairs<'q> {
    pub(crate) fn read(query: Option<&'q str>) -> Self {
        let pairs = query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()).take(MOST);
        let decoded = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        });
        Self(decoded.collect())
    }

    /// A value, if it is there and not empty; the last one where a name stands several times.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .rev()
            .find(|(known, _)| known == name)
            .map(|(_, value)| &**value)
            .filter(|value| !value.is_empty())
    }

    /// All pairs.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }
}

/// As forms encode: `+` is a space.
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains(['+', '%']) {
        return Cow::Borrowed(text);
    }
    let spaced = text.replace('+', " ");
    Cow::Owned(percent_decode_str(&spaced).decode_utf8_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_decoded_as_forms_are() {
        let pairs = Pairs::read(Some("from=2024-01-01%2000:00:00&to=2024-01-02+00%3A00%3A00&user_id=&os=a&os=b&%zz"));
        assert_eq!(pairs.get("from"), Some("2024-01-01 00:00:00"));
        assert_eq!(pairs.get("to"), Some("2024-01-02 00:00:00"));
        assert_eq!(pairs.get("user_id"), None);
        assert_eq!(pairs.get("os"), Some("b"));
        assert_eq!(pairs.iter().count(), 6);
        assert_eq!(Pairs::read(None).iter().count(), 0);
    }
}
