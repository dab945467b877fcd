//! The kill test, of Parlance and of servers that are known to keep or break their promises; and the
//! runner of the figures.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::{fs, process::Command, time::Duration};

use bench::{
    kill::{Answering, Fault, Ordeal, Verdict, hold},
    parlance::Parlance,
};

fn hold_stand_in(fault: Option<&str>, kills: u32) -> Verdict {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    fs::create_dir(&data_dir).unwrap();
    if let Some(fault) = fault {
        fs::write(data_dir.join("fault"), fault).unwrap();
    }
    let ordeal = Ordeal { longest_run: Duration::from_millis(120), ..Ordeal::of_kills(kills) };
    hold(&Parlance::at(env!("CARGO_BIN_EXE_stand-in")), &data_dir, ordeal).unwrap()
}

#[test]
fn a_server_that_keeps_its_promises_passes() {
    let verdict = hold_stand_in(None, 5);
    assert!(verdict.faults.is_empty(), "{verdict:#?}");
    assert_eq!(verdict.kills, 5);
    assert!(verdict.acknowledged > 0 && verdict.retries > 0, "{verdict:#?}");
}

#[test]
fn a_server_that_answers_before_it_writes_loses_messages() {
    let verdict = hold_stand_in(Some("answers before it writes"), 3);
    assert!(verdict.faults.iter().any(|fault| matches!(fault, Fault::Lost(_))), "{verdict:#?}");
}

#[test]
fn a_server_that_carries_out_a_message_twice_is_caught() {
    let verdict = hold_stand_in(Some("writes twice"), 2);
    assert!(verdict.faults.iter().any(|fault| matches!(fault, Fault::Duplicate(_))), "{verdict:#?}");
}

#[test]
fn a_server_that_writes_message_and_answer_apart_leaves_halves() {
    let verdict = hold_stand_in(Some("writes halves"), 5);
    assert!(verdict.faults.iter().any(|fault| matches!(fault, Fault::HalfTurn(_))), "{verdict:#?}");
}

#[test]
fn r1_nothing_acknowledged_is_lost_over_20_kills() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    fs::create_dir(&data_dir).unwrap();
    let verdict = hold(&Parlance::find().unwrap(), &data_dir, Ordeal::of_kills(20)).unwrap();
    assert!(verdict.faults.is_empty(), "{verdict:#?}");
    assert_eq!(verdict.kills, 20, "{verdict:#?}");
    assert!(verdict.acknowledged > 0 && verdict.retries > 0, "{verdict:#?}");
}

#[test]
fn r1_nothing_acknowledged_is_lost_of_a_flow_over_10_kills() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    fs::create_dir(&data_dir).unwrap();
    let ordeal = Ordeal { answering: Answering::Flow, ..Ordeal::of_kills(10) };
    let verdict = hold(&Parlance::find().unwrap(), &data_dir, ordeal).unwrap();
    assert!(verdict.faults.is_empty(), "{verdict:#?}");
    assert_eq!(verdict.kills, 10, "{verdict:#?}");
    assert!(verdict.acknowledged > 0 && verdict.retries > 0, "{verdict:#?}");
}

#[test]
fn the_runner_measures_and_writes_its_results() {
    let root = tempfile::tempdir().unwrap();
    let dist = root.path().join("web/widget/dist");
    fs::create_dir_all(&dist).unwrap();
    fs::create_dir(root.path().join("bench")).unwrap();
    fs::write(dist.join("parlance.js"), "window.parlance = {};").unwrap();

    let output = Command::new(env!("CARGO_BIN_EXE_figures"))
        .args(["p12", "p13", "r1", "--rounds", "1", "--kills", "1", "--write"])
        .args(["--parlance", env!("CARGO_BIN_EXE_stand-in")])
        .arg("--work-dir")
        .arg(root.path().join("work"))
        .arg("--root")
        .arg(root.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let results = fs::read_to_string(root.path().join("bench/RESULTS.md")).unwrap();
    for reached in [
        "| P12 Import and check | import of 10 MB ≤ 1 s |",
        "| P13 Sizes | widget before the first click ≤ 5 kB | 0.0 kB | yes |",
        "| R1 Kills under load | 0 lost, 0 half turns, 0 duplicates | none | yes |",
    ] {
        assert!(results.contains(reached), "{results}");
    }
}
