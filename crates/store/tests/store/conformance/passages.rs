//! Passages and originals: replaced as one, found by words in the sources that are named, gone when they are removed.

use store::{
    Candidates, MAX_ORIGINAL_BYTES, MAX_SOUGHT_WORDS, MAX_SOURCES, NewPassage, PassageSearch, Store, StoreError,
    StoreOptions, StoredSource, TenantStore,
};

use super::{Factory, suite};
use crate::{projections::copy_while_running, sample::tenant};

suite![
    an_original_comes_back_as_it_went,
    passages_are_replaced_as_one,
    words_are_found_in_the_sources_that_are_named,
    what_is_counted_is_what_is_there,
    it_does_not_matter_in_how_many_sources_is_looked,
    the_limit_keeps_what_fits,
    words_are_no_syntax,
    what_is_removed_is_found_no_more,
    tenants_find_their_own,
    passages_bounds_are_told,
    what_was_acknowledged_survives_a_crash,
    passages_can_be_read_apart,
];

fn passages(texts: &[&str]) -> Vec<NewPassage> {
    texts.iter().map(|text| NewPassage { text: format!("<{text}>"), words: (*text).to_owned() }).collect()
}

async fn search(store: &TenantStore, sources: &[&str], words: &[&str], limit: usize) -> Candidates {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    store.candidates(PassageSearch { sources: owned(sources), words: owned(words), limit }).await.unwrap()
}

fn places(found: &Candidates) -> Vec<(&str, u32)> {
    found.passages.iter().map(|passage| (passage.source.as_str(), passage.number)).collect()
}

async fn an_original_comes_back_as_it_went(fresh: Factory) {
    let fresh = fresh().await;
    let acme = fresh.store.tenant(&tenant("acme"));
    assert_eq!(acme.original("a").await.unwrap(), None);
    acme.put_original("a", vec![0, 255, 7]).await.unwrap();
    acme.put_original("b", Vec::new()).await.unwrap();
    assert_eq!(acme.original("a").await.unwrap(), Some(vec![0, 255, 7]));
    assert_eq!(acme.original("b").await.unwrap(), Some(Vec::new()));
    acme.put_original("a", vec![1]).await.unwrap();
    assert_eq!(acme.original("a").await.unwrap(), Some(vec![1]));
    let source = |source: &str| StoredSource { source: source.to_owned(), revision: None };
    assert_eq!(acme.sources().await.unwrap(), [source("a"), source("b")]);
}

async fn passages_are_replaced_as_one(fresh: Factory) {
    let fresh = fresh().await;
    let acme = fresh.store.tenant(&tenant("acme"));
    acme.put_passages("a", 3, passages(&["one", "two", "three"])).await.unwrap();
    acme.put_passages("a", 4, passages(&["four", "two"])).await.unwrap();
    let texts = async |after, limit| {
        let read = acme.passages("a", after, limit).await.unwrap();
        read.into_iter().map(|passage| (passage.number, passage.text)).collect::<Vec<_>>()
    };
    assert_eq!(texts(None, 10).await, [(0, "<four>".to_owned()), (1, "<two>".to_owned())]);
    assert_eq!(texts(Some(0), 10).await, [(1, "<two>".to_owned())]);
    assert_eq!(texts(None, 1).await, [(0, "<four>".to_owned())]);
    assert_eq!(search(&acme, &["a"], &["one", "three"], 10).await.passages, []);
    assert_eq!(places(&search(&acme, &["a"], &["two"], 10).await), [("a", 1)]);
    assert_eq!(acme.sources().await.unwrap(), [StoredSource { source: "a".to_owned(), revision: Some(4) }]);
    acme.put_passages("a", 5, Vec::new()).await.unwrap();
    assert_eq!(search(&acme, &["a"], &["two"], 10).await, Candidates { with: vec![0], ..Candidates::default() });
}

async fn words_are_found_in_the_sources_that_are_named(fresh: Factory) {
    let fresh = fresh().await;
    let acme = fresh.store.tenant(&tenant("acme"));
    acme.put_passages("a", 1, passages(&["park cost nine", "dog allow"])).await.unwrap();
    acme.put_passages("b", 1, passages(&["park garden"])).await.unwrap();
    acme.put_passages("c", 1, passages(&["park cost ten"])).await.unwrap();
    assert_eq!(places(&search(&acme, &["a", "b"], &["cost", "park"], 10).await), [("a", 0), ("b", 0)]);
    assert_eq!(places(&search(&acme, &["c", "c", "nowhere"], &["cost"], 10).await), [("c", 0)]);
    assert_eq!(search(&acme, &["nowhere"], &["cost"], 10).await.passages, []);
    assert_eq!(search(&acme, &[], &["cost"], 10).await.passages, []);
    assert_eq!(search(&acme, &["a"], &[], 10).await.passages, []);
}

async fn what_is_counted_is_what_is_there(fresh: Factory) {
    let fresh = fresh().await;
    let acme = fresh.store.tenant(&tenant("acme"));
    acme.put_passages("a", 1, passages(&["park park cost", "dog"])).await.unwrap();
    acme.put_passages("b", 1, passages(&["park"])).await.unwrap();
    acme.put_passages("c", 1, passages(&["park"])).await.unwrap();
    let found = search(&acme, &["b", "a"], &["park", "zebra", "dog"], 1).await;
    assert_eq!((found.total, found.total_words, found.with), (3, 5, vec![2, 0, 1]));
}

async fn it_does_not_matter_in_how_many_sources_is_looked(fresh: Factory) {
    let fresh = fresh().await;
    let (acme, globex) = (fresh.store.tenant(&tenant("acme")), fresh.store.tenant(&tenant("globex")));
    let names: Vec<String> = (0..600).map(|number| format!("source {number:03}")).collect();
    for (number, name) in names.iter().enumerate() {
        let texts = [if number % 3 == 0 { "park cost" } else { "dog" }, "park rest rest"];
        acme.put_passages(name, 1, passages(&texts)).await.unwrap();
    }
    globex.put_passages("source 000", 1, passages(&["park cost"])).await.unwrap();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    // More than are named one by one, and fewer than there are; and the same in parts.
    let (named, words) = (&names[..500], ["park", "cost", "zebra", "dog"]);
    let whole = search(&acme, named, &words, 10_000).await;
    let mut parts = Candidates { with: vec![0; words.len()], ..Candidates::default() };
    for part in named.chunks(100) {
        let found = search(&acme, part, &words, 10_000).await;
        parts.passages.extend(found.passages);
        parts.total += found.total;
        parts.total_words += found.total_words;
        parts.with.iter_mut().zip(found.with).for_each(|(sum, with)| *sum += with);
    }
    assert_eq!(whole, parts);
    assert_eq!(whole.with, [500 + 167, 167, 0, 333]);
    // Where only some are wanted, they are those that fit best.
    let some = search(&acme, named, &["cost"], 20).await;
    assert!(some.passages.len() == 20 && some.passages.iter().all(|passage| passage.text == "<park cost>"), "{some:?}");
    assert_eq!(search(&globex, named, &["park"], 10_000).await.with, [1]);
}

async fn the_limit_keeps_what_fits(fresh: Factory) {
    let fresh = fresh().await;
    let acme = fresh.store.tenant(&tenant("acme"));
    let mut texts = vec!["common word"; 300];
    texts[217] = "common rare";
    acme.put_passages("a", 1, passages(&texts)).await.unwrap();
    let found = search(&acme, &["a"], &["common", "rare"], 5).await;
    assert_eq!(found.passages.len(), 5);
    assert!(places(&found).contains(&("a", 217)), "{:?}", places(&found));
}

async fn words_are_no_syntax(fresh: Factory) {
    let fresh = fresh().await;
    let acme = fresh.store.tenant(&tenant("acme"));
    acme.put_passages("a", 1, passages(&["park NOT cost", "水道 料金"])).await.unwrap();
    for words in [&["\" OR \""][..], &["*"], &["owner : \"s1\""], &["(", ")"], &["\0"], &["", " "], &["-"]] {
        assert_eq!(search(&acme, &["a"], words, 10).await.passages, [], "{words:?}");
    }
    assert_eq!(places(&search(&acme, &["a"], &["水道"], 10).await), [("a", 1)]);
    // What stands for the source is no word of its passages.
    assert_eq!(search(&acme, &["a"], &["s1"], 10).await.passages, []);
}

async fn what_is_removed_is_found_no_more(fresh: Factory) {
    let fresh = fresh().await;
    let acme = fresh.store.tenant(&tenant("acme"));
    acme.put_original("a", vec![1]).await.unwrap();
    acme.put_passages("a", 1, passages(&["park"])).await.unwrap();
    acme.put_passages("b", 1, passages(&["park"])).await.unwrap();
    assert!(acme.remove_source("a").await.unwrap());
    assert!(!acme.remove_source("a").await.unwrap());
    assert_eq!(acme.original("a").await.unwrap(), None);
    assert_eq!(acme.passages("a", None, 10).await.unwrap(), []);
    let found = search(&acme, &["a", "b"], &["park"], 10).await;
    assert_eq!((places(&found), found.with.clone()), (vec![("b", 0)], vec![1]));
    assert_eq!(acme.sources().await.unwrap().len(), 1);
    // A new source may get the number of one that is gone.
    assert!(acme.remove_source("b").await.unwrap());
    acme.put_passages("c", 1, passages(&["dog"])).await.unwrap();
    assert_eq!(search(&acme, &["c"], &["park"], 10).await.passages, []);
    assert_eq!(places(&search(&acme, &["c"], &["dog"], 10).await), [("c", 0)]);
}

async fn tenants_find_their_own(fresh: Factory) {
    let fresh = fresh().await;
    let (acme, globex) = (fresh.store.tenant(&tenant("acme")), fresh.store.tenant(&tenant("globex")));
    acme.put_original("a", vec![1]).await.unwrap();
    acme.put_passages("a", 1, passages(&["park"])).await.unwrap();
    globex.put_passages("a", 1, passages(&["dog"])).await.unwrap();
    assert_eq!(search(&globex, &["a"], &["park"], 10).await.passages, []);
    assert_eq!(globex.original("a").await.unwrap(), None);
    assert!(globex.remove_source("a").await.unwrap());
    assert_eq!(places(&search(&acme, &["a"], &["park"], 10).await), [("a", 0)]);
    assert_eq!(acme.original("a").await.unwrap(), Some(vec![1]));
}

async fn passages_bounds_are_told(fresh: Factory) {
    let fresh = fresh().await;
    let acme = fresh.store.tenant(&tenant("acme"));
    let large = acme.put_original("a", vec![0; MAX_ORIGINAL_BYTES + 1]).await;
    assert!(matches!(large, Err(StoreError::Invalid { field: "content", .. })), "{large:?}");
    let words = PassageSearch { words: vec!["a".to_owned(); MAX_SOUGHT_WORDS + 1], ..PassageSearch::default() };
    assert!(matches!(acme.candidates(words).await, Err(StoreError::Invalid { field: "words", .. })));
    let sources = PassageSearch { sources: vec!["a".to_owned(); MAX_SOURCES + 1], ..PassageSearch::default() };
    assert!(matches!(acme.candidates(sources).await, Err(StoreError::Invalid { field: "sources", .. })));
    // As many as are allowed are no trouble to the index.
    let names: Vec<String> = (0..MAX_SOURCES).map(|number| format!("source {number}")).collect();
    for name in &names[..200] {
        acme.put_passages(name, 1, passages(&["park"])).await.unwrap();
    }
    let all = PassageSearch { sources: names, words: vec!["park".to_owned(); MAX_SOUGHT_WORDS], limit: 1_000 };
    let found = acme.candidates(all).await.unwrap();
    assert_eq!((found.passages.len(), found.total), (200, 200));
}

async fn what_was_acknowledged_survives_a_crash(fresh: Factory) {
    let fresh = fresh().await;
    let acme = fresh.store.tenant(&tenant("acme"));
    acme.put_original("a", b"Parking".to_vec()).await.unwrap();
    acme.put_passages("a", 1, passages(&["park"])).await.unwrap();
    let copy = copy_while_running(fresh.path());
    let store = Store::open(copy.path(), StoreOptions::default()).await.unwrap();
    let acme = store.tenant(&tenant("acme"));
    assert_eq!(acme.original("a").await.unwrap(), Some(b"Parking".to_vec()));
    assert_eq!(places(&search(&acme, &["a"], &["park"], 10).await), [("a", 0)]);
    store.shutdown().await.unwrap();
}

async fn passages_can_be_read_apart(fresh: Factory) {
    let (fresh, other) = (fresh().await, fresh().await);
    fresh.store.tenant(&tenant("acme")).put_passages("a", 1, passages(&["park"])).await.unwrap();
    let apart = fresh.store.apart(&other.store).tenant(&tenant("acme"));
    assert_eq!(places(&search(&apart, &["a"], &["park"], 10).await), [("a", 0)]);
    assert_eq!(search(&other.store.tenant(&tenant("acme")), &["a"], &["park"], 10).await.passages, []);
}
