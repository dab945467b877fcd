//! The keys that seal secrets: AES-256-GCM keys from the environment or a key file. The first one seals, all of
//! them open.
//!
//! A key is named by the start of its digest, so that a sealed value can say which key it needs and no key can
//! have a wrong name. Invariant: no error and no log has a key in it. The file is read each time: it is small, and
//! another process may have put a new key in front.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{Aead, Payload},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use rand::{TryRngCore, rngs::OsRng};
use sha2::{Digest, Sha256};
use store::{SecretKeys, StoreError};

/// Bytes of a key, of a nonce, and of what stands in a key's name.
const KEY: usize = 32;
const NONCE: usize = 12;
const NAMED: usize = 8;

const RULE: &str = "a key is 32 random bytes in base64: `head -c 32 /dev/urandom | base64` makes one";

/// What was sealed: the name of the key, the nonce, and the bytes with their tag.
pub(super) struct Ciphertext {
    pub(super) key: String,
    pub(super) nonce: [u8; NONCE],
    pub(super) bytes: Vec<u8>,
}

/// The keys that there are.
pub(super) struct Keyring {
    keys: Vec<SealingKey>,
    /// Where they come from, for people.
    from: String,
}

struct SealingKey {
    id: String,
    cipher: Aes256Gcm,
}

impl Keyring {
    /// The keys as they are now. There may be none.
    ///
    /// # Errors
    /// When they cannot be read, or one of them is none.
    pub(super) fn read(keys: &SecretKeys) -> Result<Self, StoreError> {
        let (text, from) = match keys {
            SecretKeys::Given(text) => (text.clone(), "PARLANCE_SECRETS_KEY".to_owned()),
            SecretKeys::File(file) => (read_file(file)?.unwrap_or_default(), file.display().to_string()),
        };
        Self::parse(&text, from)
    }

    /// The keys; a key file that is missing is made.
    ///
    /// # Errors
    /// As [`Self::read`], when there is no key, or the file cannot be made.
    pub(super) fn read_or_make(keys: &SecretKeys) -> Result<Self, StoreError> {
        let ring = Self::read(keys)?;
        match keys {
            _ if !ring.keys.is_empty() => Ok(ring),
            SecretKeys::Given(_) => Err(unusable(&ring.from, &format!("there is no key in it; {RULE}"))),
            SecretKeys::File(file) if file.exists() => Err(unusable(
                &ring.from,
                "it has no key: put the key back, or remove the file where nothing is sealed yet",
            )),
            SecretKeys::File(file) => {
                make_file(file)?;
                Self::read(keys)
            }
        }
    }

    fn parse(text: &str, from: String) -> Result<Self, StoreError> {
        let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
        let words = lines.flat_map(|line| line.split(|c: char| c.is_whitespace() || c == ','));
        let mut keys = Vec::new();
        for (index, word) in words.filter(|word| !word.is_empty()).enumerate() {
            let bytes = STANDARD.decode(word).ok().filter(|bytes| bytes.len() == KEY);
            // Which one is said, not what it is: it may be a key with a character too few.
            let bytes =
                bytes.ok_or_else(|| unusable(&from, &format!("its key number {} is none; {RULE}", index + 1)))?;
            let cipher = Aes256Gcm::new_from_slice(&bytes).expect("the length was looked at");
            keys.push(SealingKey { id: hex::encode(&Sha256::digest(&bytes)[..NAMED]), cipher });
        }
        Ok(Self { keys, from })
    }

    /// The name of the key that seals.
    pub(super) fn sealing(&self) -> Option<&str> {
        self.keys.first().map(|key| key.id.as_str())
    }

    /// Seals bytes for a place; they open at no other.
    pub(super) fn seal(&self, bytes: &[u8], place: &[u8]) -> Result<Ciphertext, StoreError> {
        let key = self.keys.first().ok_or_else(|| unusable(&self.from, &format!("there is no key in it; {RULE}")))?;
        let nonce: [u8; NONCE] = random()?;
        let sealed = key.cipher.encrypt(&nonce.into(), Payload { msg: bytes, aad: place });
        let bytes = sealed.map_err(|_| corrupt("it is too long to be sealed".to_owned()))?;
        Ok(Ciphertext { key: key.id.clone(), nonce, bytes })
    }

    /// Opens what was sealed for this place.
    pub(super) fn open(&self, sealed: &Ciphertext, place: &[u8]) -> Result<Vec<u8>, StoreError> {
        let Ciphertext { key: id, nonce, bytes } = sealed;
        let Some(key) = self.keys.iter().find(|key| key.id == *id) else {
            return Err(corrupt(format!(
                "it was sealed with the key `{id}`, which {} does not have: put that key back there, behind the first \
                 one, or set the secret again",
                self.from
            )));
        };
        let nonce = *nonce;
        key.cipher.decrypt(&nonce.into(), Payload { msg: bytes, aad: place }).map_err(|_| {
            corrupt(format!(
                "it does not open with the key `{id}`: it was changed, or lay elsewhere before. Set the secret again"
            ))
        })
    }
}

/// Puts a new key in front of those of a file, in one step; gives its name.
pub(super) fn put_in_front(file: &Path) -> Result<String, StoreError> {
    let until_now = read_file(file)?.unwrap_or_default();
    let key = new_line()?;
    replace(file, &format!("{key}{until_now}")).map_err(unwritable(file))?;
    let ring = Keyring::parse(&key, String::new())?;
    Ok(ring.sealing().expect("it has the key that was just made").to_owned())
}

fn read_file(file: &Path) -> Result<Option<String>, StoreError> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unusable(&file.display().to_string(), &format!("it cannot be read ({error})"))),
    }
}

/// Makes a key file, unless another process made one meanwhile: then that one is the file.
fn make_file(file: &Path) -> Result<(), StoreError> {
    let made = beside(file, &new_line()?).and_then(|new| {
        let linked = fs::hard_link(&new, file);
        fs::remove_file(&new)?;
        match linked {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => sync_folder(file),
        }
    });
    made.map_err(unwritable(file))
}

/// Replaces a key file; whoever reads sees the old or the new one, whole.
fn replace(file: &Path, text: &str) -> io::Result<()> {
    let new = beside(file, text)?;
    fs::rename(new, file)?;
    sync_folder(file)
}

/// A file beside another that only its owner may read, written to the disk.
fn beside(file: &Path, text: &str) -> io::Result<PathBuf> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}", uuid::Uuid::new_v4().simple()));
    let new = file.with_file_name(name);
    let mut open = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    open.write_all(text.as_bytes())?;
    open.sync_all()?;
    Ok(new)
}

/// A name that points to a file is as durable as its folder.
fn sync_folder(file: &Path) -> io::Result<()> {
    match file.parent() {
        Some(folder) if folder != Path::new("") => fs::File::open(folder)?.sync_all(),
        _ => fs::File::open(".")?.sync_all(),
    }
}

fn new_line() -> Result<String, StoreError> {
    Ok(format!("{}\n", STANDARD.encode(random::<KEY>()?)))
}

/// Random bytes of the system's.
fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut bytes = [0; N];
    OsRng.try_fill_bytes(&mut bytes).map_err(|error| StoreError::Unavailable {
        action: "ask the system for random bytes",
        problem: error.to_string(),
    })?;
    Ok(bytes)
}

fn unusable(from: &str, problem: &str) -> StoreError {
    StoreError::Corrupt { what: "keys of secrets", problem: format!("{from}: {problem}") }
}

fn unwritable(file: &Path) -> impl Fn(io::Error) -> StoreError {
    move |error| StoreError::Unavailable {
        action: "write the keys of secrets",
        problem: format!("{}: {error}", file.display()),
    }
}

fn corrupt(problem: String) -> StoreError {
    StoreError::Corrupt { what: "secret", problem }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_file_is_made_once_and_is_its_owners_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("keys").join("secrets.key");
        let keys = SecretKeys::File(file.clone());
        assert_eq!(Keyring::read(&keys).expect("there is none").sealing(), None);
        let first = Keyring::read_or_make(&keys).expect("it is made");
        let again = Keyring::read_or_make(&keys).expect("it is there");
        assert!(first.sealing().is_some() && first.sealing() == again.sealing());
        assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
        let names = fs::read_dir(file.parent().expect("a folder")).expect("a folder").count();
        assert_eq!(names, 1, "nothing is left beside it");
    }

    #[test]
    fn a_new_key_stands_in_front_and_the_old_one_opens_still() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("secrets.key");
        let keys = SecretKeys::File(file.clone());
        let before = Keyring::read_or_make(&keys).expect("it is made");
        let sealed = before.seal(b"hunter2", b"here").expect("it seals");
        let id = put_in_front(&file).expect("it is written");
        let after = Keyring::read(&keys).expect("both");
        assert_eq!((after.sealing(), after.keys.len()), (Some(id.as_str()), 2));
        assert_eq!(after.open(&sealed, b"here").expect("it opens"), b"hunter2");
        assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn what_is_no_key_is_refused_and_not_shown() {
        let almost = STANDARD.encode([7u8; 31]);
        for wrong in [almost.as_str(), "hunter2", "%"] {
            let error = Keyring::read(&SecretKeys::Given(wrong.to_owned())).err().expect("it is none").to_string();
            assert!(error.contains("PARLANCE_SECRETS_KEY") && !error.contains(wrong), "{error}");
        }
        let none = Keyring::read_or_make(&SecretKeys::Given(" \n# nothing\n".to_owned()));
        assert!(none.err().expect("there is none").to_string().contains("32 random bytes"));
    }

    #[test]
    fn several_keys_may_be_given() {
        let (one, two) = (STANDARD.encode([1u8; KEY]), STANDARD.encode([2u8; KEY]));
        let ring = Keyring::read(&SecretKeys::Given(format!("{one}, {two}"))).expect("two keys");
        let other = Keyring::read(&SecretKeys::Given(two)).expect("a key");
        assert_eq!(ring.keys.len(), 2);
        let sealed = other.seal(b"x", b"").expect("it seals");
        assert_eq!(ring.open(&sealed, b"").expect("it opens"), b"x");
    }
}
