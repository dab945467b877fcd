//! How the value of a secret lies in its document. The one place where it would be encrypted.
//!
//! Today it is kept **as it is**, so that whoever reads the data directory reads the secrets. The form
//! says how its bytes were sealed: encryption at rest adds a form here, and nothing else changes.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use store::StoreError;

use super::value::SecretValue;

/// A value as it is stored. Has no `Debug`: until it is encrypted, it is the value.
#[derive(Serialize, Deserialize)]
#[serde(tag = "form", rename_all = "snake_case")]
pub(super) enum Sealed {
    /// Not encrypted; base64, since documents are text.
    Plain {
        /// The bytes.
        bytes: String,
    },
}

impl Sealed {
    /// Seals a value.
    pub(super) fn seal(value: &SecretValue) -> Self {
        Self::Plain { bytes: STANDARD.encode(value.expose()) }
    }

    /// Opens what was sealed.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`].
    pub(super) fn open(&self) -> Result<SecretValue, StoreError> {
        match self {
            // What is wrong with it is not said: an error that quotes a byte of it would be a leak.
            Self::Plain { bytes } => STANDARD.decode(bytes).map(SecretValue::new).map_err(|_| StoreError::Corrupt {
                what: "secret",
                problem: "its value cannot be opened: set it again".to_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_again() {
        let value = SecretValue::new([0u8, 159, 146, 150, 255]);
        let stored = serde_json::to_string(&Sealed::seal(&value)).expect("JSON");
        let sealed: Sealed = serde_json::from_str(&stored).expect("what was stored");
        assert_eq!(sealed.open().expect("it opens"), value);
        assert!(Sealed::Plain { bytes: "*".to_owned() }.open().is_err());
    }
}
