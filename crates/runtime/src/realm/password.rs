//! Passwords: what is acceptable (row OD-T17), and Argon2id.

use std::sync::LazyLock;

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString},
};
use tokio::sync::Semaphore;

use crate::documents::DocumentError;

/// The shortest password, in characters.
pub const SHORTEST: usize = 12;
/// The longest, so that hashing has a bound.
pub const LONGEST: usize = 200;

/// 19 MiB, two passes, one lane: the first choice of OWASP's Password Storage Cheat Sheet (2025). Hashes
/// name their own parameters, so that these can be raised and older hashes stay good.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Hashes computed at the same time: each needs its memory, and strangers may ask for them.
static AT_ONCE: Semaphore = Semaphore::const_new(4);

/// Passwords that people choose most, of those that are long enough; in lower case, one per line.
const COMMON: &str = include_str!("common_passwords.txt");

/// What an unknown account's password is compared with, so that the answer takes as long.
static NOBODY: LazyLock<String> = LazyLock::new(|| digest(&crate::documents::secret()).unwrap_or_default());

/// Refuses what is easily guessed. `names` are what the account is called.
///
/// # Errors
/// [`DocumentError::Invalid`] on the field `password`.
pub fn check(password: &str, names: &[&str]) -> Result<(), DocumentError> {
    let refuse = |complaint: String| Err(DocumentError::invalid("password", complaint));
    let length = password.chars().count();
    if !(SHORTEST..=LONGEST).contains(&length) {
        return refuse(format!("use {SHORTEST} to {LONGEST} characters"));
    }
    if password.chars().any(char::is_control) {
        return refuse("use no control characters".to_owned());
    }
    let password = password.to_lowercase();
    let first = password.chars().next();
    if COMMON.lines().any(|common| common == password) || password.chars().all(|c| Some(c) == first) {
        return refuse("this password is one of the first that are guessed: choose another".to_owned());
    }
    let named = names.iter().map(|name| name.trim().to_lowercase()).filter(|name| !name.is_empty());
    for name in named {
        let local = name.split('@').next().unwrap_or_default();
        let bare = password.trim_matches(|c: char| !c.is_alphabetic());
        if password == name || (!local.is_empty() && bare == local) {
            return refuse("a name is no password: choose another".to_owned());
        }
    }
    Ok(())
}

/// The hash under which a password is kept.
///
/// # Errors
/// When it cannot be computed.
pub(super) async fn hash(password: &str) -> Result<String, DocumentError> {
    let password = password.to_owned();
    beside_the_others(move || digest(&password)).await.flatten().ok_or_else(unavailable)
}

/// Whether a password is the one of a hash. Without a hash it takes as long and is false.
pub(super) async fn matches(password: &str, hash: Option<&str>) -> Result<bool, DocumentError> {
    let (password, hash) = (password.to_owned(), hash.map(str::to_owned));
    let compare = move || {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODY.clone());
        let right =
            PasswordHash::new(&hash).is_ok_and(|hash| argon2().verify_password(password.as_bytes(), &hash).is_ok());
        known && right
    };
    beside_the_others(compare).await.ok_or_else(unavailable)
}

async fn beside_the_others<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let _place = AT_ONCE.acquire().await.ok()?;
    tokio::task::spawn_blocking(work).await.ok()
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("the parameters are within Argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn digest(password: &str) -> Option<String> {
    let salt = SaltString::encode_b64(&rand::random::<[u8; 16]>()).ok()?;
    Some(argon2().hash_password(password.as_bytes(), &salt).ok()?.to_string())
}

fn unavailable() -> DocumentError {
    DocumentError::invalid("password", "it cannot be hashed now: try again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn od_t17_weak_passwords_are_refused() {
        let names = ["ada@example.com", "Ada Lovelace Byron"];
        for weak in [
            "short",
            "eleven char",
            "password1234",
            "PASSWORD1234",
            "aaaaaaaaaaaaaa",
            "ada lovelace byron",
            "ada123456789",
        ] {
            assert!(check(weak, &names).is_err(), "{weak}");
        }
        assert!(check("ada@example.com", &names).is_err());
        assert!(check(&"long and longer ".repeat(20), &names).is_err());
        for good in ["correct horse battery", "äöü-äöü-äöü-1", "ada likes engines"] {
            assert!(check(good, &names).is_ok(), "{good}");
        }
    }

    #[tokio::test]
    async fn a_hash_knows_its_password_and_nobody_else() {
        let kept = hash("correct horse battery").await.expect("a hash");
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert_eq!(matches("correct horse battery", Some(&kept)).await.ok(), Some(true));
        assert_eq!(matches("correct horse batterz", Some(&kept)).await.ok(), Some(false));
        assert_eq!(matches("correct horse battery", None).await.ok(), Some(false));
    }
}
