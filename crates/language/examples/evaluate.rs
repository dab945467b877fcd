//! Measures the intent classifier on a test set of your own.
//!
//! `cargo run --release -p language --example evaluate -- train.tsv test.tsv`
//!
//! Each line is `intent<TAB>text`; the intent `oos` marks utterances that fit no intent. Prints the accuracy on the
//! utterances in scope, how well the confidence tells them from those out of scope (AUROC), the calibration
//! error, and times.

use std::error::Error;
use std::time::Instant;

use language::{IntentClassifier, TrainingIntent};

const OUT_OF_SCOPE: &str = "oos";

struct Answer {
    in_scope: bool,
    right: bool,
    confidence: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [train, test] = arguments.as_slice() else {
        return Err("give two files: train.tsv test.tsv".into());
    };
    let (train, test) = (read(train)?, read(test)?);
    let examples: Vec<TrainingIntent> = train
        .iter()
        .filter(|(intent, _)| intent != OUT_OF_SCOPE)
        .map(|(intent, text)| TrainingIntent { name: intent.clone(), examples: vec![text.clone()] })
        .collect();

    let started = Instant::now();
    let classifier = IntentClassifier::train(&examples)?;
    println!("train        {:.2} s for {} examples", started.elapsed().as_secs_f64(), examples.len());
    let bytes = classifier.to_bytes();
    let started = Instant::now();
    let classifier = IntentClassifier::from_bytes(&bytes)?;
    println!("stored       {:.1} MB, loads in {:.3} s", bytes.len() as f64 / 1e6, started.elapsed().as_secs_f64());

    let started = Instant::now();
    let answers: Vec<Answer> = test
        .iter()
        .map(|(intent, text)| {
            let best = classifier.classify(text).first().copied();
            Answer {
                in_scope: intent != OUT_OF_SCOPE,
                right: best.is_some_and(|best| best.intent == intent),
                confidence: best.map_or(0.0, |best| f64::from(best.confidence)),
            }
        })
        .collect();
    println!("prediction   {:.0} µs", started.elapsed().as_secs_f64() * 1e6 / answers.len().max(1) as f64);
    report(&answers);
    Ok(())
}

fn read(path: &str) -> Result<Vec<(String, String)>, Box<dyn Error>> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| match line.split_once('\t') {
            Some((intent, text)) => Ok((intent.to_owned(), text.to_owned())),
            None => Err(format!("{path}:{}: expected intent<TAB>text", number + 1).into()),
        })
        .collect()
}

fn report(answers: &[Answer]) {
    let in_scope: Vec<&Answer> = answers.iter().filter(|answer| answer.in_scope).collect();
    let out_of_scope: Vec<&Answer> = answers.iter().filter(|answer| !answer.in_scope).collect();
    println!("accuracy     {:.4} of {} in scope", share(&in_scope, |answer| answer.right), in_scope.len());
    if !out_of_scope.is_empty() {
        println!("AUROC        {:.4} against {} out of scope", auroc(answers), out_of_scope.len());
    }
    println!(
        "calibration  error {:.4} in scope, {:.4} over all",
        ece(&in_scope),
        ece(&answers.iter().collect::<Vec<_>>())
    );
    for threshold in [0.3, 0.5, 0.6, 0.7, 0.8] {
        let above: Vec<&Answer> = in_scope.iter().filter(|answer| answer.confidence >= threshold).copied().collect();
        println!(
            "threshold {threshold:.1}  answers {:.3} of in scope ({:.3} of them right), lets in {:.3} of out of scope",
            above.len() as f64 / in_scope.len().max(1) as f64,
            share(&above, |answer| answer.right),
            share(&out_of_scope, |answer| answer.confidence >= threshold),
        );
    }
}

fn share(answers: &[&Answer], holds: impl Fn(&Answer) -> bool) -> f64 {
    answers.iter().filter(|answer| holds(answer)).count() as f64 / answers.len().max(1) as f64
}

/// The probability that an utterance in scope has a higher confidence than one out of scope; ties count half.
fn auroc(answers: &[Answer]) -> f64 {
    let mut sorted: Vec<&Answer> = answers.iter().collect();
    sorted.sort_by(|a, b| a.confidence.total_cmp(&b.confidence));
    let (mut below, mut wins, mut inside) = (0.0, 0.0, 0.0);
    for tied in sorted.chunk_by(|a, b| a.confidence == b.confidence) {
        let outside_here = tied.iter().filter(|answer| !answer.in_scope).count() as f64;
        let inside_here = tied.len() as f64 - outside_here;
        wins += inside_here * (below + outside_here / 2.0);
        below += outside_here;
        inside += inside_here;
    }
    wins / (below * inside)
}

/// Expected calibration error over ten bins: how far confidence and share of right answers are apart.
fn ece(answers: &[&Answer]) -> f64 {
    let mut bins = [(0.0, 0.0); 10];
    for answer in answers {
        let bin = &mut bins[((answer.confidence * 10.0) as usize).min(9)];
        bin.0 += answer.confidence;
        bin.1 += f64::from(u8::from(answer.right));
    }
    bins.iter().map(|(confidence, right)| (confidence - right).abs()).sum::<f64>() / answers.len().max(1) as f64
}
