//! What is published at the same time: every number is given once, and nothing that was published is written over.

use std::collections::{BTreeMap, BTreeSet};

use dialogue::flow::{
    document::FlowDocument,
    export::{self, Portable},
    version::FlowVersion,
};
use model::{AgentId, agent::AgentKind};
use runtime::{
    agents::{Access, Agents},
    documents::DocumentError,
    functions::{FunctionFilter, Functions},
};
use serde_json::{Value, json};

use crate::{
    desk::{Desk, echo},
    flows::lookup,
};

/// How many publish at once.
const MANY: u32 = 20;

/// A flow whose states call these functions.
fn calling(name: &str, functions: &[&str]) -> FlowDocument {
    let flow = json!({
        "name": name, "initial": "hello",
        "states": [{"id": "hello", "name": "Hello", "thought": "Call lookup.", "functions": functions}],
        "transitions": [{"id": "t", "from": "hello", "event": "AccountFound", "to": "end"}],
    });
    serde_json::from_value(flow).unwrap()
}

/// Nothing of a kind was ever replaced.
async fn never_replaced(desk: &Desk, kind: &str, id: &str) {
    let store = desk.runtime.store().tenant(&desk.tenant);
    assert_eq!(store.get(kind, id).await.unwrap().expect("it is there").version, 1, "{kind} {id}");
    assert!(store.history(kind, id).await.unwrap().is_empty(), "{kind} {id}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_scenarios_that_are_published_at_once_each_number_is_given_once() {
    let desk = Desk::open().await;
    let agents = Agents::new(desk.runtime.store());
    let id = agents.create(&desk.tenant, &echo("0"), Access::Open).await.unwrap().id;
    let publishing = (1..=MANY).map(|_| {
        let (agents, tenant) = (agents.clone(), desk.tenant.clone());
        tokio::spawn(async move { agents.publish(&tenant, id).await })
    });
    let mut given = BTreeSet::new();
    for publishing in publishing.collect::<Vec<_>>() {
        match publishing.await.unwrap() {
            Ok(agent) => {
                assert_eq!(agent.active_version, Some(agent.versions));
                assert!(given.insert(agent.versions), "{} was given twice", agent.versions);
            }
            Err(DocumentError::Conflict { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    let agent = agents.need(&desk.tenant, id).await.unwrap();
    assert!(!given.is_empty(), "at least one is not too late");
    assert_eq!(given, (1..=agent.versions).collect::<BTreeSet<_>>(), "none is left out");
    assert_eq!(agent.active_version, Some(agent.versions), "the last one serves");
    for version in given {
        never_replaced(&desk, "agent.version", &format!("{id}/{version}")).await;
    }
    let next = desk.runtime.store().tenant(&desk.tenant);
    assert!(next.get("agent.version", &format!("{id}/{}", agent.versions + 1)).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_flows_that_are_published_at_once_each_number_is_given_once() {
    let desk = Desk::open().await;
    let (agents, functions) = (Agents::new(desk.runtime.store()), Functions::new(desk.runtime.store()));
    let function = functions.create(&desk.tenant, lookup()).await.unwrap().value.id;
    let flow = calling("Bank", &[function.as_str()]);
    let id = agents.create_flow(&desk.tenant, flow, Access::Guarded).await.unwrap().agent.id;
    let publishing = (1..=MANY).map(|number| {
        let (agents, tenant) = (agents.clone(), desk.tenant.clone());
        tokio::spawn(async move { agents.publish_flow(&tenant, id, &format!("user {number}"), "").await })
    });
    let mut given = BTreeMap::new();
    for publishing in publishing.collect::<Vec<_>>() {
        match publishing.await.unwrap() {
            Ok(flow) => {
                let published = flow.published.expect("it is published");
                assert_eq!(published.version, flow.agent.versions, "everybody is told of their own");
                assert!(given.insert(published.version, published.by).is_none(), "a number was given twice");
            }
            Err(DocumentError::Conflict { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    let agent = agents.need(&desk.tenant, id).await.unwrap();
    assert_eq!(given.keys().copied().collect::<Vec<_>>(), (1..=agent.versions).collect::<Vec<_>>());
    assert_eq!(agent.active_version, Some(agent.versions), "the last one serves");
    for (version, by) in given {
        let (publication, pinned): (_, FlowVersion) = agents.flow_version(&desk.tenant, id, version).await.unwrap();
        assert_eq!(publication.by, by, "nobody who was refused wrote over it");
        assert_eq!(pinned.functions[&function].snapshot, 1, "the function did not change");
        never_replaced(&desk, "agent.version", &format!("{id}/{version}")).await;
        never_replaced(&desk, "agent.publication", &format!("{id}/{version}")).await;
    }
    let snapshots = functions.snapshots(&desk.tenant, &function).await.unwrap();
    assert_eq!(snapshots.iter().map(|snapshot| snapshot.number).collect::<Vec<_>>(), [1]);
}

#[tokio::test]
async fn a_draft_that_is_refused_changes_nothing() {
    let desk = Desk::open().await;
    let agents = Agents::new(desk.runtime.store());
    let made = agents.create_flow(&desk.tenant, calling("Bank", &[]), Access::Guarded).await.unwrap();
    let id = made.agent.id;
    let renamed = agents.replace_flow(&desk.tenant, id, calling("Savings", &[]), made.version).await.unwrap();
    let stale = agents.replace_flow(&desk.tenant, id, calling("Loans", &[]), made.version).await;
    assert!(matches!(stale, Err(DocumentError::Conflict { .. })), "{stale:?}");
    let kept = agents.flow(&desk.tenant, id).await.unwrap();
    assert_eq!((kept.document.name.as_str(), kept.agent.name.as_str()), ("Savings", "Savings"));
    assert_eq!(kept.version, renamed.version);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_file_is_imported_whole_or_not_at_all() {
    let desk = Desk::open().await;
    let (agents, functions) = (Agents::new(desk.runtime.store()), Functions::new(desk.runtime.store()));
    let file = |flow: FlowDocument| {
        let functions = BTreeMap::from([("lookup-1".to_owned(), lookup())]);
        let (format, version) = (export::FORMAT.to_owned(), export::VERSION);
        Portable { format, version, flow, functions, libraries: BTreeMap::new(), documents: Vec::new() }
    };
    let all = || async {
        let flows = agents.flows(&desk.tenant).await.unwrap();
        let functions = functions.list(&desk.tenant, &FunctionFilter::default()).await.unwrap();
        (flows.len(), functions.len())
    };
    let mut dangling: Value = serde_json::to_value(calling("Bank", &["lookup-1"])).unwrap();
    dangling["initial"] = json!("nowhere");
    let dangling = file(serde_json::from_value(dangling).unwrap());
    let refused = agents.import_flow(&desk.tenant, &dangling, Access::Guarded).await;
    assert!(matches!(refused, Err(DocumentError::Unsound { kind: "flow", .. })), "{refused:?}");
    assert_eq!(all().await, (0, 0), "no function of a flow that was refused is left over");

    let importing = (0..5).map(|_| {
        let (agents, tenant, file) = (agents.clone(), desk.tenant.clone(), file(calling("Bank", &["lookup-1"])));
        tokio::spawn(async move { agents.import_flow(&tenant, &file, Access::Guarded).await })
    });
    let mut made: Vec<AgentId> = Vec::new();
    for importing in importing.collect::<Vec<_>>() {
        // Who was refused had its function made by another in between, under the same name.
        if let Ok(imported) = importing.await.unwrap() {
            assert_eq!(imported.flow.agent.kind, AgentKind::Flow);
            made.push(imported.flow.agent.id);
        }
    }
    assert!(!made.is_empty());
    assert_eq!(all().await, (made.len(), 1));
    for id in made {
        agents.publish_flow(&desk.tenant, id, "ann", "").await.expect("it finds its function");
    }
}
