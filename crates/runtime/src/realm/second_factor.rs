//! The second factor: codes of a device (TOTP, RFC 6238) and recovery codes (row OD-T16).
//!
//! A code of a device is taken once: its time step must be later than the last one taken. A recovery code
//! is a random number of 80 bits, kept by its hash and struck off when it is used. The secret of a device lies
//! sealed in its account.

use model::Timestamp;
use serde::{Deserialize, Serialize};
use totp_rs::{Builder, Totp};

use crate::{secrets::Field, tokens::hash};

/// How many recovery codes there are.
const RECOVERY_CODES: usize = 10;

/// The secret that a device makes codes of.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeviceSecret(#[serde(with = "hex::serde")] Vec<u8>);

/// A secret that was shown and is not confirmed yet.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Enrolment {
    pub(super) secret: Field<DeviceSecret>,
}

/// What is asked for beside the password.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct SecondFactor {
    pub(super) secret: Field<DeviceSecret>,
    /// The last time step of which a code was taken.
    last_step: u64,
    /// Hashes of the recovery codes that were not used.
    recovery: Vec<String>,
}

/// What a code turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// A code of the device.
    Device,
    /// A recovery code.
    Recovery,
    /// Nothing, or something that was used before.
    Wrong,
}

impl std::fmt::Debug for DeviceSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DeviceSecret(…)")
    }
}

impl DeviceSecret {
    pub(super) fn generate() -> Self {
        Self(rand::random::<[u8; 20]>().to_vec())
    }

    /// The secret as people type it.
    pub fn text(&self) -> String {
        totp(&self.0).secret().to_base32()
    }

    /// The address that an authenticator reads: `otpauth://totp/…`.
    pub fn address(&self, issuer: &str, account: &str) -> String {
        // Neither may have a colon in it.
        let (issuer, account) = (issuer.replace(':', " "), account.replace(':', " "));
        let named = Builder::new().with_secret(self.0.clone()).with_issuer(Some(issuer)).with_account_name(account);
        named.build().and_then(|totp| totp.to_url()).unwrap_or_default()
    }

    /// The second factor and its recovery codes, when the code is one of this secret.
    pub(super) fn confirm(&self, code: &str, at: Timestamp) -> Option<(SecondFactor, Vec<String>)> {
        let last_step = self.step(code, at)?;
        let codes: Vec<String> = std::iter::repeat_with(recovery_code).take(RECOVERY_CODES).collect();
        let recovery = codes.iter().map(|code| kept(code)).collect();
        Some((SecondFactor { secret: Field::Open(self.clone()), last_step, recovery }, codes))
    }

    /// The time step that a code is of, if it is good now.
    fn step(&self, code: &str, at: Timestamp) -> Option<u64> {
        totp(&self.0).check(&digits(code), seconds(at))
    }
}

impl SecondFactor {
    pub(super) fn recovery_codes_left(&self) -> usize {
        self.recovery.len()
    }

    /// Takes a code, and notes that it is used. `secret` is its own, open.
    pub(super) fn take(&mut self, secret: &DeviceSecret, code: &str, at: Timestamp) -> Proof {
        if let Some(step) = secret.step(code, at)
            && step > self.last_step
        {
            self.last_step = step;
            return Proof::Device;
        }
        let hash = kept(code);
        match self.recovery.iter().position(|known| *known == hash) {
            Some(index) => {
                self.recovery.remove(index);
                Proof::Recovery
            }
            None => Proof::Wrong,
        }
    }
}

/// Six digits, SHA-1, 30 seconds, one step to either side: what every authenticator knows.
fn totp(secret: &[u8]) -> Totp {
    Builder::new().with_secret(secret.to_vec()).build_noncompliant()
}

fn seconds(at: Timestamp) -> u64 {
    u64::try_from(at.seconds()).unwrap_or_default()
}

/// People type codes as they are shown: in groups.
fn digits(code: &str) -> String {
    code.chars().filter(char::is_ascii_digit).take(16).collect()
}

/// 80 random bits in four groups.
fn recovery_code() -> String {
    let digits = hex::encode(rand::random::<[u8; 10]>());
    [&digits[..5], &digits[5..10], &digits[10..15], &digits[15..]].join("-")
}

fn kept(code: &str) -> String {
    let bare: String = code.chars().filter(char::is_ascii_alphanumeric).take(64).collect();
    hex::encode(hash(&bare.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_800_000_000;

    fn code(secret: &[u8], at: i64) -> String {
        totp(secret).generate(at.unsigned_abs()).to_string()
    }

    #[test]
    fn od_t16_a_code_is_taken_once_and_within_a_step() {
        let secret = DeviceSecret::generate();
        let at = Timestamp::from_seconds;
        assert!(secret.confirm("000", at(START)).is_none());
        let (mut factor, _) = secret.confirm(&code(&secret.0, START), at(START)).expect("it is confirmed");
        let wrong = factor.take(&secret, &code(&secret.0, START), at(START));
        assert_eq!(wrong, Proof::Wrong, "it confirmed the secret");
        let next = code(&secret.0, START + 30);
        assert_eq!(factor.take(&secret, &next, at(START + 120)), Proof::Wrong, "it is over");
        assert_eq!(factor.take(&secret, &next, at(START + 30)), Proof::Device);
        assert_eq!(factor.take(&secret, &next, at(START + 31)), Proof::Wrong, "it was used");
    }

    #[test]
    fn od_t16_a_recovery_code_is_taken_once() {
        let secret = DeviceSecret::generate();
        let at = Timestamp::from_seconds(START);
        let (mut factor, codes) = secret.confirm(&code(&secret.0, START), at).expect("it is confirmed");
        assert_eq!(codes.len(), RECOVERY_CODES);
        assert_eq!(factor.take(&secret, &codes[3].to_uppercase().replace('-', " "), at), Proof::Recovery);
        assert_eq!(factor.take(&secret, &codes[3], at), Proof::Wrong);
        assert_eq!(factor.recovery_codes_left(), RECOVERY_CODES - 1);
        assert_eq!(factor.take(&secret, "", at), Proof::Wrong);
    }

    #[test]
    fn the_address_names_account_and_secret() {
        let secret = DeviceSecret::generate();
        let address = secret.address("Parlance", "ada@example.com");
        assert!(address.starts_with("otpauth://totp/"), "{address}");
        assert!(address.contains(&format!("secret={}", secret.text())), "{address}");
    }
}
