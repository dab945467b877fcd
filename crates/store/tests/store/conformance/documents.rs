//! Documents: versions, keys, history, isolation, watching.

use std::time::Duration;

use serde_json::{Value, json};
use store::{Batch, Expect, HISTORY_KEPT, Key, Page, StoreError, TranscriptFilter};

use super::{Factory, suite};
use crate::sample::{as_record, tenant, turn};

suite![
    versions_guard_changes,
    a_deleted_document_is_gone_and_its_versions_are_not_used_again,
    lists_go_by_id_in_pages,
    keys_find_documents_until_they_change,
    documents_are_put_together_or_not_at_all,
    what_changes_together_guards_each_version,
    of_changes_at_the_same_time_one_is_made_whole,
    what_is_discarded_leaves_no_trace,
    unique_keys_are_unique,
    history_keeps_the_newest,
    what_is_put_without_a_past_has_none,
    tenants_do_not_see_each_other,
    the_platform_finds_across_tenants,
    bounds_are_told,
    changes_tick,
    what_is_apart_reads_documents_and_changes_none,
];

async fn versions_guard_changes(fresh: Factory) {
    let fresh = fresh().await;
    let acme = fresh.store.tenant(&tenant("acme"));
    assert!(acme.get("agent", "a").await.unwrap().is_none());
    assert_eq!(acme.put("agent", "a", &json!({"n": 1}), &[], Expect::New).await.unwrap(), 1);
    assert_eq!(acme.put("agent", "a", &json!({"n": 2}), &[], Expect::Version(1)).await.unwrap(), 2);

    let late = acme.put("agent", "a", &json!({"n": 3}), &[], Expect::Version(1)).await;
    assert!(matches!(late, Err(StoreError::Conflict { found: Some(2), .. })), "{late:?}");
    let again = acme.put("agent", "a", &json!({"n": 3}), &[], Expect::New).await;
    assert!(matches!(again, Err(StoreError::Conflict { found: Some(2), .. })), "{again:?}");
    let absent = acme.put("agent", "b", &json!({}), &[], Expect::Version(1)).await;
    assert!(matches!(absent, Err(StoreError::Conflict { found: None, .. })), "{absent:?}");

    let stored = acme.get("agent", "a").await.unwrap().unwrap();
    assert_eq!((stored.version, stored.read::<Value>().unwrap()), (2, json!({"n": 2})));
    assert_eq!(acme.put("agent", "a", &json!({"n": 4}), &[], Expect::Any).await.unwrap(), 3);
}

async fn a_deleted_document_is_gone_and_its_versions_are_not_used_again(fresh: Factory) {
    let fresh = fresh().await;
    let acme = fresh.store.tenant(&tenant("acme"));
    acme.put("token", "t", &json!(1), &[Key::unique("hash", "h")], Expect::New).await.unwrap();
    let wrong = acme.delete("token", "t", Expect::Version(7)).await;
    assert!(matches!(wrong, Err(StoreError::Conflict { found: Some(1), .. })), "{wrong:?}");
    assert!(acme.delete("token", "t", Expect::Version(1)).await.unwrap());
    assert!(!acme.delete("token", "t", Expect::Any).await.unwrap());
    assert!(acme.get("token", "t").await.unwrap().is_none());
    assert!(acme.find("token", "hash", "h").await.unwrap().is_empty());
    assert_eq!(acme.put("token", "t", &json!(2), &[], Expect::New).await.unwrap(), 2);
}

async fn lists_go_by_id_in_pages(fresh: Factory) {
    let fresh = fresh().await;
    let acme = fresh.store.tenant(&tenant("acme"));
    for id in ["c", "a", "b"] {
        acme.put("agent", id, &json!(id), &[], Expect::New).await.unwrap();
    }
    acme.put("other", "a", &json!(0), &[], Expect::New).await.unwrap();
    let ids = |page| async { acme.list("agent", page).await.unwrap().into_iter().map(|d| d.id).collect::<Vec<_>>() };
    assert_eq!(ids(Page::whole()).await, ["a", "b", "c"]);
    assert_eq!(ids(Page::first(2)).await, ["a", "b"]);
    assert_eq!(ids(Page::after("b", 2)).await, ["c"]);
}

async fn keys_find_documents_until_they_change(fresh: Factory) {
    let fresh = fresh().await;
    let acme = fresh.store.tenant(&tenant("acme"));
    acme.put("agent", "a", &json!(1), &[Key::shared("colour", "red")], Expect::New).await.unwrap();
    acme.put("agent", "b", &json!(1), &[Key::shared("colour", "red")], Expect::New).await.unwrap();
    assert_eq!(acme.find("agent", "colour", "red").await.unwrap().len(), 2);
    acme.put("agent", "a", &json!(2), &[Key::shared("colour", "blue")], Expect::Any).await.unwrap();
    assert_eq!(acme.find("agent", "colour", "red").await.unwrap()[0].id, "b");
    assert_eq!(acme.find("agent", "colour", "blue").await.unwrap()[0].id, "a");
    assert!(acme.find("agent", "shape", "blue").await.unwrap().is_empty());
}

async fn documents_are_put_together_or_not_at_all(fresh: Factory) {
    let fresh = fresh().await;
    let acme = fresh.store.tenant(&tenant("acme"));
    acme.put("agent", "b", &json!(0), &[Key::unique("code", "taken")], Expect::New).await.unwrap();
    for (key, expect) in [("taken", Expect::New), ("other", Expect::Version(7))] {
        let mut batch = Batch::default();
        batch.put("agent", "a", &json!(1), &[Key::shared("colour", "red")], Expect::New).unwrap();
        batch.put("agent", "c", &json!(2), &[Key::unique("code", key)], expect).unwrap();
        assert!(acme.put_all(batch).await.is_err());
        assert!(acme.get("agent", "a").await.unwrap().is_none(), "nothing half done");
        assert!(acme.find("agent", "colour", "red").await.unwrap().is_empty());
    }
    let mut batch = Batch::default();
    batch.put("agent", "a", &json!(1), &[Key::shared("colour", "red")], Expect::New).unwrap();
    batch.put("link", "a", &json!(2), &[Key::shared("colour", "red")], Expect::New).unwrap();
    acme.put_all(batch).await.unwrap();
    assert_eq!(acme.find("agent", "colour", "red").await.unwrap().len(), 1);
    assert_eq!(acme.get("link", "a").await.unwrap().unwrap().version, 1);
    acme.put_all(Batch::default()).await.unwrap();
}

async fn what_changes_together_guards_each_version(fresh: Factory) {
    let fresh = fresh().await;
    let acme = fresh.store.tenant(&tenant("acme"));
    acme.put("agent", "a", &json!(1), &[Key::shared("colour", "red")], Expect::New).await.unwrap();
    acme.put("draft", "a", &json!("old"), &[], Expect::New).await.unwrap();
    // What is refused stands at the end: all that went before it is undone.
    for (expect, stale) in [(Expect::Version(1), Expect::Version(7)), (Expect::Any, Expect::New)] {
        let mut batch = Batch::default();
        batch.put("version", "a/1", &json!("made"), &[], Expect::New).unwrap();
        batch.delete("draft", "a", expect);
        batch.put("agent", "a", &json!(2), &[], stale).unwrap();
        let refused = acme.put_all(batch).await;
        let is_told =
            matches!(&refused, Err(StoreError::Conflict { kind, id, found: Some(1) }) if kind == "agent" && id == "a");
        assert!(is_told, "{refused:?}");
        assert!(acme.get("version", "a/1").await.unwrap().is_none(), "nothing half done");
        assert_eq!(acme.get("draft", "a").await.unwrap().unwrap().read::<Value>().unwrap(), json!("old"));
        assert!(acme.history("draft", "a").await.unwrap().is_empty());
        assert_eq!(acme.find("agent", "colour", "red").await.unwrap().len(), 1);
    }
    let mut batch = Batch::default();
    batch.put("agent", "a", &json!(2), &[], Expect::Version(1)).unwrap();
    batch.delete("draft", "missing", Expect::Version(1));
    assert!(matches!(acme.put_all(batch).await, Err(StoreError::Conflict { found: None, .. })));

    let mut batch = Batch::default();
    batch.put("version", "a/1", &json!("made"), &[], Expect::New).unwrap();
    batch.put("agent", "a", &json!(2), &[], Expect::Version(1)).unwrap();
    batch.put("agent", "a", &json!(3), &[], Expect::Version(2)).unwrap();
    batch.delete("draft", "a", Expect::Version(1));
    batch.delete("draft", "missing", Expect::Any);
    acme.put_all(batch).await.unwrap();
    let agent = acme.get("agent", "a").await.unwrap().unwrap();
    assert_eq!((agent.version, agent.read::<u64>().unwrap()), (3, 3), "each sees those before it");
    assert!(acme.get("draft", "a").await.unwrap().is_none());
    assert_eq!(acme.history("draft", "a").await.unwrap().len(), 1);
    assert!(acme.get("version", "a/1").await.unwrap().is_some());
}

async fn of_changes_at_the_same_time_one_is_made_whole(fresh: Factory) {
    let fresh = fresh().await;
    let acme = fresh.store.tenant(&tenant("acme"));
    acme.put("agent", "a", &json!(0), &[], Expect::New).await.unwrap();
    let writing = (0..20).map(|number| {
        let acme = acme.clone();
        tokio::spawn(async move {
            let mut batch = Batch::default();
            batch.put("version", "a/1", &json!(number), &[], Expect::Any).unwrap();
            batch.put("agent", "a", &json!(number), &[], Expect::Version(1)).unwrap();
            acme.put_all(batch).await
        })
    });
    let mut made = 0;
    for writing in writing.collect::<Vec<_>>() {
        match writing.await.unwrap() {
            Ok(()) => made += 1,
            Err(StoreError::Conflict { found: Some(2), .. }) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(made, 1);
    let agent = acme.get("agent", "a").await.unwrap().unwrap().read::<u64>().unwrap();
    let version = acme.get("version", "a/1").await.unwrap().unwrap().read::<u64>().unwrap();
    assert_eq!(agent, version, "what was refused has written nothing");
    assert!(acme.history("version", "a/1").await.unwrap().is_empty());
}

async fn what_is_discarded_leaves_no_trace(fresh: Factory) {
    let fresh = fresh().await;
    let (acme, globex) = (fresh.store.tenant(&tenant("acme")), fresh.store.tenant(&tenant("globex")));
    for store in [&acme, &globex] {
        for number in 0..3 {
            store.put("agent", "a", &json!(number), &[Key::shared("k", "v")], Expect::Any).await.unwrap();
        }
    }
    assert_eq!(acme.discard("agent", vec!["a".to_owned(), "b".to_owned()]).await.unwrap(), 1);
    assert!(acme.get("agent", "a").await.unwrap().is_none());
    assert!(acme.find("agent", "k", "v").await.unwrap().is_empty());
    assert!(acme.history("agent", "a").await.unwrap().is_empty());
    assert_eq!(acme.discard("agent", vec!["a".to_owned()]).await.unwrap(), 0);
    assert_eq!(globex.history("agent", "a").await.unwrap().len(), 2);
    assert_eq!(globex.find("agent", "k", "v").await.unwrap().len(), 1);
}

async fn unique_keys_are_unique(fresh: Factory) {
    let fresh = fresh().await;
    let (acme, globex) = (fresh.store.tenant(&tenant("acme")), fresh.store.tenant(&tenant("globex")));
    let keys = [Key::unique("app_key", "k"), Key::unique_in_tenant("name", "n")];
    acme.put("agent", "a", &json!(1), &keys, Expect::New).await.unwrap();
    acme.put("agent", "a", &json!(2), &keys, Expect::Any).await.expect("a document does not stand in its own way");

    for (store, key, refused) in [
        (&globex, Key::unique("app_key", "k"), true),
        (&acme, Key::unique_in_tenant("name", "n"), true),
        (&globex, Key::unique_in_tenant("name", "n"), false),
    ] {
        let outcome = store.put("agent", "b", &json!(1), &[key], Expect::New).await;
        assert_eq!(matches!(outcome, Err(StoreError::Duplicate { .. })), refused, "{key:?}: {outcome:?}");
        assert_eq!(store.get("agent", "b").await.unwrap().is_some(), !refused, "nothing half done");
    }
}

async fn history_keeps_the_newest(fresh: Factory) {
    let fresh = fresh().await;
    let acme = fresh.store.tenant(&tenant("acme"));
    let last = HISTORY_KEPT as u64 + 5;
    for number in 1..=last {
        acme.put("agent", "a", &json!(number), &[], Expect::Any).await.unwrap();
    }
    let versions: Vec<u64> = acme.history("agent", "a").await.unwrap().into_iter().map(|d| d.version).collect();
    assert_eq!(versions, (last - HISTORY_KEPT as u64..last).rev().collect::<Vec<_>>());
    assert_eq!(acme.history("agent", "a").await.unwrap()[0].read::<u64>().unwrap(), last - 1);
}

async fn what_is_put_without_a_past_has_none(fresh: Factory) {
    let fresh = fresh().await;
    let acme = fresh.store.tenant(&tenant("acme"));
    acme.put("secret", "a", &json!(1), &[], Expect::New).await.unwrap();
    acme.put("secret", "a", &json!(2), &[], Expect::Any).await.unwrap();
    acme.put("agent", "a", &json!(1), &[], Expect::New).await.unwrap();
    acme.put("agent", "a", &json!(2), &[], Expect::Any).await.unwrap();
    let refused = acme.put_without_past("secret", "a", &json!(3), &[], Expect::Version(1)).await;
    assert!(matches!(refused, Err(StoreError::Conflict { .. })), "{refused:?}");
    assert_eq!(acme.history("secret", "a").await.unwrap().len(), 1, "nothing half done");
    let version = acme.put_without_past("secret", "a", &json!(3), &[], Expect::Version(2)).await.unwrap();
    assert_eq!((version, acme.history("secret", "a").await.unwrap().len()), (3, 0));
    assert_eq!(acme.get("secret", "a").await.unwrap().unwrap().read::<u64>().unwrap(), 3);

    acme.delete("secret", "a", Expect::Any).await.unwrap();
    assert_eq!(acme.history("secret", "a").await.unwrap().len(), 1);
    acme.forget_past("secret").await.unwrap();
    fresh.store.scrub_documents().await.unwrap();
    assert!(acme.history("secret", "a").await.unwrap().is_empty());
    assert_eq!(acme.history("agent", "a").await.unwrap().len(), 1, "of another kind");
}

async fn tenants_do_not_see_each_other(fresh: Factory) {
    let fresh = fresh().await;
    let (acme, globex) = (fresh.store.tenant(&tenant("acme")), fresh.store.tenant(&tenant("globex")));
    acme.put("agent", "a", &json!(1), &[Key::shared("k", "v")], Expect::New).await.unwrap();
    acme.put("agent", "a", &json!(2), &[Key::shared("k", "v")], Expect::Any).await.unwrap();
    assert!(globex.get("agent", "a").await.unwrap().is_none());
    assert!(globex.list("agent", Page::whole()).await.unwrap().is_empty());
    assert!(globex.find("agent", "k", "v").await.unwrap().is_empty());
    assert!(globex.history("agent", "a").await.unwrap().is_empty());
    assert!(!globex.delete("agent", "a", Expect::Any).await.unwrap());
    assert_eq!(globex.put("agent", "a", &json!(9), &[], Expect::New).await.unwrap(), 1);
    assert_eq!(acme.get("agent", "a").await.unwrap().unwrap().version, 2);
}

async fn the_platform_finds_across_tenants(fresh: Factory) {
    let fresh = fresh().await;
    let platform = fresh.store.platform();
    let globex = tenant("globex");
    platform.put_tenant(&globex, &json!({"name": "Globex"}), Expect::New).await.unwrap();
    platform.put_tenant(&tenant("acme"), &json!({"name": "Acme"}), Expect::New).await.unwrap();
    let names: Vec<String> = platform.tenants(Page::whole()).await.unwrap().into_iter().map(|d| d.id).collect();
    assert_eq!(names, ["acme", "globex"]);
    assert!(platform.tenant(&globex).await.unwrap().is_some());
    assert!(fresh.store.tenant(&globex).get("tenant", "globex").await.unwrap().is_none());

    let token = [Key::unique("hash", "h1")];
    fresh.store.tenant(&globex).put("token", "t", &json!("secret"), &token, Expect::New).await.unwrap();
    let (whose, document) = platform.find("token", "hash", "h1").await.unwrap().unwrap();
    assert_eq!((whose, document.id.as_str()), (globex, "t"));
    assert!(platform.find("token", "hash", "h2").await.unwrap().is_none());
}

async fn bounds_are_told(fresh: Factory) {
    let fresh = fresh().await;
    let acme = fresh.store.tenant(&tenant("acme"));
    let long = "x".repeat(3000);
    for (kind, id, keys) in [
        ("", "a", vec![]),
        ("agent", "", vec![]),
        ("agent", long.as_str(), vec![]),
        ("agent", "a", vec![Key::shared("k", &long)]),
        ("agent", "a", vec![Key::shared("k", "v"); 17]),
    ] {
        let outcome = acme.put(kind, id, &json!(1), &keys, Expect::Any).await;
        assert!(matches!(outcome, Err(StoreError::Invalid { .. })), "{outcome:?}");
    }
}

async fn changes_tick(fresh: Factory) {
    let fresh = fresh().await;
    let mut changes = fresh.store.changes();
    changes.mark_unchanged();
    fresh.store.tenant(&tenant("acme")).put("agent", "a", &json!(1), &[], Expect::New).await.unwrap();
    tokio::time::timeout(Duration::from_secs(5), changes.changed()).await.expect("a tick").unwrap();
}

async fn what_is_apart_reads_documents_and_changes_none(fresh: Factory) {
    let (live, elsewhere) = (fresh().await, fresh().await);
    let name = tenant("acme");
    let acme = live.store.tenant(&name);
    acme.put("agent", "a", &json!({"n": 1}), &[Key::shared("colour", "red")], Expect::New).await.unwrap();
    let apart = live.store.apart(&elsewhere.store);
    let seen = apart.tenant(&name);
    assert_eq!(seen.get("agent", "a").await.unwrap().unwrap().read::<Value>().unwrap(), json!({"n": 1}));
    assert_eq!(seen.find("agent", "colour", "red").await.unwrap().len(), 1);
    assert_eq!(seen.list("agent", Page::whole()).await.unwrap().len(), 1);
    assert!(matches!(seen.put("agent", "b", &json!({}), &[], Expect::New).await, Err(StoreError::Invalid { .. })));
    assert!(matches!(seen.delete("agent", "a", Expect::Any).await, Err(StoreError::Invalid { .. })));
    assert!(matches!(seen.discard("agent", vec!["a".into()]).await, Err(StoreError::Invalid { .. })));
    assert!(acme.get("agent", "a").await.unwrap().is_some());

    let record = as_record(turn(&name, 1, 1, 1));
    apart.append(record).await.unwrap();
    apart.flush_projections().await.unwrap();
    live.store.flush_projections().await.unwrap();
    assert_eq!(seen.transcripts(TranscriptFilter::default()).await.unwrap().len(), 1);
    assert!(acme.transcripts(TranscriptFilter::default()).await.unwrap().is_empty());
}
