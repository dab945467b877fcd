//! Rotation on a real store, and what is left of values in its files.

use std::path::Path;

use base64::{Engine, engine::general_purpose::STANDARD};
use model::Timestamp;
use serde_json::json;
use store::StoreOptions;
use tempfile::TempDir;
use totp_rs::Builder;

use super::*;
use crate::{
    realm::{Realm, keys::TokenType},
    secrets::{NewSecret, Revealed, SecretValue, Secrets},
};

async fn opened() -> (TempDir, Store, TenantId) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(folder.path(), StoreOptions::default()).await.expect("the store opens");
    let tenant = "demo".parse().expect("a name");
    Tenants::new(&store).create(&tenant, "").await.expect("the tenant is made");
    (folder, store, tenant)
}

fn text(value: &str) -> NewSecret {
    NewSecret::String(SecretValue::new(value))
}

async fn value(store: &Store, tenant: &TenantId, name: &str) -> Vec<u8> {
    match Secrets::new(store).reveal(tenant, name).await.expect("it opens") {
        Revealed::String(value) => value.expose().to_vec(),
        Revealed::Certificate { .. } => panic!("it is a text"),
    }
}

/// As earlier versions kept a secret.
async fn put_plainly(store: &Store, tenant: &TenantId, name: &str, value: &str) {
    let body = json!({
        "secret": { "name": name, "content": { "type": "string" }, "created_at": 1, "updated_at": 1 },
        "sealed": { "form": "plain", "bytes": STANDARD.encode(value) },
    });
    store.tenant(tenant).put("secret", name, &body, &[], Expect::Any).await.expect("it is stored");
}

/// Whether the bytes, or the start of them in base64, are in the files of the documents.
fn lies_open(folder: &Path, value: &str) -> bool {
    let needles = [value.as_bytes().to_vec(), STANDARD.encode(value).trim_end_matches('=').as_bytes().to_vec()];
    ["documents.db", "documents.db-wal"].iter().any(|file| {
        let bytes = std::fs::read(folder.join(file)).unwrap_or_default();
        needles.iter().any(|needle| bytes.windows(needle.len()).any(|window| window == needle.as_slice()))
    })
}

const FIRST: &str = "correct-horse-battery";
const SECOND: &str = "staple-of-the-second";

#[tokio::test]
async fn od_c08_neither_the_present_nor_a_replaced_value_lies_open() {
    let (folder, store, tenant) = opened().await;
    let secrets = Secrets::new(&store);
    for value in [FIRST, SECOND] {
        secrets.put(&tenant, "key", text(value)).await.expect("it is kept");
    }
    assert_eq!(value(&store, &tenant, "key").await, SECOND.as_bytes());
    assert!(store.tenant(&tenant).history("secret", "key").await.expect("a list").is_empty());
    for value in [FIRST, SECOND] {
        assert!(!lies_open(folder.path(), value), "{value}");
    }
    let agents = crate::agents::Agents::new(&store);
    secrets.delete(&tenant, "key", &agents).await.expect("it is deleted");
    assert!(store.tenant(&tenant).history("secret", "key").await.expect("a list").is_empty());
}

#[tokio::test]
async fn what_earlier_versions_kept_plainly_is_read_sealed_and_gone_from_the_files() {
    let (folder, store, tenant) = opened().await;
    put_plainly(&store, &tenant, "key", FIRST).await;
    put_plainly(&store, &tenant, "key", SECOND).await;
    put_plainly(&store, &tenant, "deleted", "a-value-that-was-deleted").await;
    store.tenant(&tenant).delete("secret", "deleted", Expect::Any).await.expect("it is deleted");
    assert_eq!(value(&store, &tenant, "key").await, SECOND.as_bytes());
    assert!(lies_open(folder.path(), FIRST) && lies_open(folder.path(), SECOND), "the scan finds what is there");

    let rotation = rotate_key(&store).await.expect("it rotates");
    assert!(rotation.new_key);
    assert_eq!(rotation.resealed, 2, "the secret and the tenant's signing keys");
    assert_eq!(value(&store, &tenant, "key").await, SECOND.as_bytes());
    for value in [FIRST, SECOND, "a-value-that-was-deleted"] {
        assert!(!lies_open(folder.path(), value), "{value}");
    }
}

#[tokio::test]
async fn a_rotation_changes_the_key_of_everything_and_loses_nothing() {
    let (_folder, store, tenant) = opened().await;
    let other: TenantId = "other".parse().expect("a name");
    let tenants = Tenants::new(&store);
    tenants.create(&other, "").await.expect("the tenant is made");
    Secrets::new(&store).put(&tenant, "key", text(FIRST)).await.expect("it is kept");
    Secrets::new(&store).put(&other, "key", text(SECOND)).await.expect("it is kept");
    let signing = tenants.signing_keys(&tenant).await.expect("keys");

    let first = rotate_key(&store).await.expect("it rotates");
    assert_eq!((first.new_key, first.resealed), (true, 4));
    let second = rotate_key(&store).await.expect("it rotates");
    assert_eq!((second.new_key, second.resealed), (true, 4));
    assert_ne!(first.key, second.key);
    assert_eq!(value(&store, &tenant, "key").await, FIRST.as_bytes());
    assert_eq!(value(&store, &other, "key").await, SECOND.as_bytes());
    assert_eq!(tenants.signing_keys(&tenant).await.expect("keys"), signing);
    assert!(!under_another_key(&store, &[tenant, other], &second.key).await.expect("they are read"));
}

#[tokio::test]
async fn a_rotation_that_was_interrupted_is_finished() {
    let (_folder, store, tenant) = opened().await;
    for name in ["a", "b", "c"] {
        Secrets::new(&store).put(&tenant, name, text(name)).await.expect("it is kept");
    }
    let SecretKeys::File(file) = store.secret_keys().clone() else { panic!("it is a file") };
    // The new key is there and one of four documents is done: then the lights went out.
    let key = put_in_front(&file).expect("it is written");
    let one = store.tenant(&tenant).get("secret", "b").await.expect("a document").expect("it is there");
    let documents = Documents::Tenant(store.tenant(&tenant));
    assert!(documents.reseal(&OF_TENANTS[0], &key, store.secret_keys(), one).await.expect("it is sealed"));
    for name in ["a", "b", "c"] {
        assert_eq!(value(&store, &tenant, name).await, name.as_bytes(), "everything opens meanwhile");
    }
    let finished = rotate_key(&store).await.expect("it rotates");
    assert_eq!(finished, Rotation { key, new_key: false, resealed: 3 });
    for name in ["a", "b", "c"] {
        assert_eq!(value(&store, &tenant, name).await, name.as_bytes());
    }
}

#[tokio::test]
async fn keys_that_are_given_are_changed_by_who_gives_them() {
    let (_folder, store, tenant) = opened().await;
    let (one, two) = (STANDARD.encode([1u8; 32]), STANDARD.encode([2u8; 32]));
    let given = |keys: String| store.clone().with_secret_keys(SecretKeys::Given(keys));
    // The tenant's signing keys were sealed with a key of the file.
    let error = rotate_key(&given(one.clone())).await.expect_err("it has another key").to_string();
    assert!(error.contains("PARLANCE_SECRETS_KEY"), "{error}");

    store.tenant(&tenant).discard("signing_keys", vec!["visitor".to_owned()]).await.expect("it is gone");
    let before = given(one.clone());
    Secrets::new(&before).put(&tenant, "key", text(FIRST)).await.expect("it is kept");
    let after = given(format!("{two},{one}"));
    let rotation = rotate_key(&after).await.expect("it rotates");
    assert_eq!((rotation.new_key, rotation.resealed), (false, 1));
    assert_eq!(value(&given(two), &tenant, "key").await, FIRST.as_bytes());
    let error = Secrets::new(&before).reveal(&tenant, "key").await.expect_err("its key is gone").to_string();
    assert!(error.contains(&rotation.key), "{error}");
}

/// An account with a second factor and one that waits, as earlier versions kept it.
async fn put_account_openly(store: &Store, secret: &str, waiting: &str) {
    let body = json!({
        "id": "ann", "email": "Ann@example.com", "name": "Ann", "members": [], "created_at": 1,
        "second_factor": { "secret": secret, "last_step": 0, "recovery": [] },
        "enrolment": { "secret": waiting },
    });
    let keys = [Key::unique("email", "ann@example.com")];
    store.platform().put("account", "ann", &body, &keys, Expect::Any).await.expect("it is stored");
}

#[tokio::test]
async fn od_t16_what_the_realm_keeps_is_sealed_anew_and_found_as_before() {
    let (folder, store, _) = opened().await;
    // The secret of RFC 6238, appendix B.
    let (secret, waiting) = ("3132333435363738393031323334353637383930", "5152535455565758596061626364656667686970");
    put_account_openly(&store, waiting, secret).await;
    put_account_openly(&store, secret, waiting).await;
    let realm = Realm::new(&store);
    let token = json!({ "iss": "i", "sub": "ann", "aud": "a", "exp": 4_000_000_000_i64 });
    let token = realm.keys.ring().await.expect("a key").sign(TokenType::Id, &token).expect("a token");
    assert!(lies_open(folder.path(), secret), "the scan finds what is there");

    let first = rotate_key(&store).await.expect("it rotates");
    assert_eq!(first.resealed, 3, "the account, the realm's keys, the tenant's");
    let second = rotate_key(&store).await.expect("it rotates");
    assert_eq!((second.new_key, second.resealed), (true, 3));
    for open in [secret, waiting] {
        assert!(!lies_open(folder.path(), open), "{open}");
    }

    let account = realm.accounts.need("ANN@example.com").await.expect("it is found by its address");
    let enrolment = realm.accounts.enrolment(&account).expect("it opens").expect("it waits");
    assert_eq!(enrolment.text(), "KFJFGVCVKZLVQWLAMFRGGZDFMZTWQ2LQ");
    let code = Builder::new().with_secret(b"12345678901234567890".to_vec()).build_noncompliant();
    let code = code.generate(Timestamp::now().seconds().unsigned_abs()).to_string();
    assert!(realm.accounts.take_second_factor("ann", &code).await.expect("it opens"));
    let keys = Realm::new(&store).keys.ring().await.expect("they open");
    assert!(keys.verify::<Value>(&token, TokenType::Id, "i").is_ok());
}

#[tokio::test]
async fn od_t16_a_secret_of_a_device_is_never_written_open() {
    let (folder, store, _) = opened().await;
    let accounts = Realm::new(&store).accounts;
    let account = accounts.create("bob@example.com", "Bob").await.expect("an account");
    let secret = accounts.enrol(&account.id).await.expect("a secret");
    let stored = store.platform().get("account", &account.id).await.expect("the store").expect("it is there");
    let stored: Value = stored.read().expect("JSON");
    assert_eq!(stored["enrolment"]["secret"]["form"], "aes_256_gcm", "{stored}");
    let digits = serde_json::to_value(&secret).expect("JSON");
    assert!(!lies_open(folder.path(), digits.as_str().expect("digits")) && !lies_open(folder.path(), &secret.text()));
    assert!(store.platform().history("account", &account.id).await.expect("a list").is_empty());
}
