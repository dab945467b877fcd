//! Writes a made-up training and test set for `evaluate` and for the yardstick in `bench/classifier`.
//!
//! `cargo run --release -p language --example generate -- intents examples-per-intent train.tsv test.tsv`

use std::error::Error;

#[path = "../tests/generated/mod.rs"]
mod generated;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [intents, each, train, test] = arguments.as_slice() else {
        return Err("give: intents examples-per-intent train.tsv test.tsv".into());
    };
    let (intents, each) = (intents.parse()?, each.parse()?);
    let mut utterances = generated::in_scope(intents, 30, 22);
    utterances.extend(generated::out_of_scope(intents * 6, 33));
    write(train, &generated::in_scope(intents, each, 11))?;
    write(test, &utterances)
}

fn write(path: &str, utterances: &[generated::Utterance]) -> Result<(), Box<dyn Error>> {
    let lines: String = utterances.iter().map(|(intent, text)| format!("{intent}\t{text}\n")).collect();
    Ok(std::fs::write(path, lines)?)
}
