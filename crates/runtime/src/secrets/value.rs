//! Bytes that nobody sees by accident.

use std::fmt;

use crate::documents::DocumentError;

/// Bytes of a value, at most: a credentials file in JSON or a chain of certificates fits.
pub const LONGEST_VALUE: usize = 64 * 1024;

/// The value of a secret. It shows nothing of itself in logs and cannot be serialised; who needs it
/// asks for it by name with [`SecretValue::expose`].
#[derive(Clone, PartialEq, Eq)]
pub struct SecretValue(Vec<u8>);

impl SecretValue {
    /// Hides bytes.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// The bytes themselves. They belong in a request to another service and nowhere else.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Refuses what is empty or past the bound; the error names the field, never what is in it.
    pub(crate) fn check_length(&self, field: &str) -> Result<(), DocumentError> {
        match self.0.len() {
            0 => Err(DocumentError::invalid(field, "it is empty: send what is to be kept")),
            1..=LONGEST_VALUE => Ok(()),
            _ => {
                Err(DocumentError::invalid(field, format!("it is longer than the {LONGEST_VALUE} bytes that are kept")))
            }
        }
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretValue(••••••••)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn od_c08_a_value_does_not_show_itself() {
        assert_eq!(format!("{:?}", Some(SecretValue::new("hunter2"))), "Some(SecretValue(••••••••))");
    }

    #[test]
    fn values_are_bounded() {
        assert!(SecretValue::new("x".repeat(LONGEST_VALUE)).check_length("value").is_ok());
        for wrong in [String::new(), "x".repeat(LONGEST_VALUE + 1)] {
            let said = SecretValue::new(wrong).check_length("value").map_err(|error| error.to_string());
            assert!(said.is_err_and(|said| said.starts_with("value: ")));
        }
    }
}
