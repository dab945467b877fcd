//! The kill test, of Parlance and of servers that are known to keep or break their promises.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::{fs, time::Duration};

use bench::{
    kill::{Fault, Ordeal, Verdict, hold},
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
    assert!(verdict.acknowledged > 100 && verdict.retries > 0, "{verdict:#?}");
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
    assert!(verdict.acknowledged > 0, "{verdict:#?}");
}
