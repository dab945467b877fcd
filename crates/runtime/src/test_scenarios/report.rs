//! What a run of tests found.

use serde::Serialize;

use crate::junit::{Case, Suite};

/// What a run of tests found.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct TestReport {
    /// One for each scenario and version, version by version.
    pub results: Vec<TestResult>,
}

/// What became of a scenario with a version.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TestResult {
    /// The scenario's id.
    pub scenario: String,
    /// Its name.
    pub name: String,
    /// The version; 0 is the draft.
    pub version: u32,
    /// What is not as it is expected; the test passes where there is nothing.
    pub failures: Vec<TestFailure>,
    /// What was said.
    pub said: Vec<SaidTurn>,
    /// How long it took, in microseconds.
    pub micros: u64,
}

/// Something that is not as it is expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TestFailure {
    /// In which turn, from 1; none at the end.
    pub turn: Option<u32>,
    /// Why.
    pub reason: String,
}

/// What was said in a turn.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SaidTurn {
    /// By the customer.
    pub customer: String,
    /// By the agent.
    pub agent: Vec<String>,
}

impl TestResult {
    /// Whether all is as it is expected.
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

impl TestFailure {
    /// For people.
    pub fn in_words(&self) -> String {
        match self.turn {
            Some(turn) => format!("turn {turn}: {}", self.reason),
            None => format!("at the end: {}", self.reason),
        }
    }
}

/// What people call a version.
fn named(version: u32) -> String {
    if version == 0 { "draft".to_owned() } else { format!("version {version}") }
}

impl TestReport {
    /// Whether all tests pass.
    pub fn passed(&self) -> bool {
        self.results.iter().all(TestResult::passed)
    }

    /// For people: a line for each test, and below it what is wrong.
    pub fn in_words(&self) -> String {
        let mut text = String::new();
        for result in &self.results {
            let verdict = if result.passed() { "passed" } else { "FAILED" };
            text.push_str(&format!("{verdict}  {}  {}\n", named(result.version), result.name));
            for failure in &result.failures {
                text.push_str(&format!("        {}\n", failure.in_words()));
            }
        }
        let failed = self.results.iter().filter(|result| !result.passed()).count();
        text.push_str(&format!("{} passed, {failed} failed\n", self.results.len() - failed));
        text
    }

    /// As suites of test cases, one for each version.
    pub fn suites(&self) -> Vec<Suite> {
        let mut suites: Vec<Suite> = Vec::new();
        for result in &self.results {
            let name = named(result.version);
            let case = Case {
                class: name.replace(' ', "_"),
                name: result.name.clone(),
                seconds: result.micros as f64 / 1e6,
                failures: result.failures.iter().map(TestFailure::in_words).collect(),
            };
            match suites.iter_mut().find(|suite| suite.name == name) {
                Some(suite) => suite.cases.push(case),
                None => suites.push(Suite { name, cases: vec![case] }),
            }
        }
        suites
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn da_t06_each_version_passes_or_fails_for_itself() {
        let result = |version, failures: Vec<TestFailure>| TestResult {
            scenario: "1".into(),
            name: "books".into(),
            version,
            failures,
            said: Vec::new(),
            micros: 1_500_000,
        };
        let late = TestFailure { turn: Some(2), reason: "late".into() };
        let open = TestFailure { turn: None, reason: "open".into() };
        let report = TestReport { results: vec![result(1, Vec::new()), result(0, vec![late, open])] };
        assert!(!report.passed());
        let expected = "\
passed  version 1  books
FAILED  draft  books
        turn 2: late
        at the end: open
1 passed, 1 failed
";
        assert_eq!(report.in_words(), expected);
        let suites = report.suites();
        let told: Vec<_> = suites.iter().map(|suite| (suite.name.as_str(), suite.cases[0].failures.len())).collect();
        assert_eq!(told, [("version 1", 0), ("draft", 2)]);
    }
}
