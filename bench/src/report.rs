//! What a benchmark found, as sections of Markdown.

use std::fmt::{self, Write as _};

/// One figure: what was measured, in a table, against its bar.
#[derive(Debug, Clone)]
pub struct Section {
    /// Its number in the list of bars, and its name.
    pub title: String,
    /// How it was measured, in a sentence or two.
    pub method: String,
    /// Column names.
    pub columns: Vec<String>,
    /// Cells.
    pub rows: Vec<Vec<String>>,
    /// The bars and what was seen.
    pub bars: Vec<Bar>,
}

impl Section {
    /// A section without rows yet.
    pub fn new(title: &str, method: &str, columns: &[&str]) -> Self {
        Self {
            title: title.into(),
            method: method.into(),
            columns: columns.iter().map(ToString::to_string).collect(),
            rows: Vec::new(),
            bars: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Adds a bar.
    pub fn bar(&mut self, what: impl Into<String>, seen: impl Into<String>, outcome: Outcome) {
        self.bars.push(Bar { what: what.into(), seen: seen.into(), outcome });
    }
}

/// A bar and what was seen.
#[derive(Debug, Clone)]
pub struct Bar {
    /// The bar in words.
    pub what: String,
    /// What was seen, with its unit.
    pub seen: String,
    /// Whether it was reached.
    pub outcome: Outcome,
}

/// Whether a bar was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was.
    Reached,
    /// It was not.
    Missed,
}

impl Outcome {
    /// Reached when the condition holds.
    pub fn when(reached: bool) -> Self {
        if reached { Self::Reached } else { Self::Missed }
    }
}

impl fmt::Display for Section {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "## {}\n\n{}\n", self.title, self.method)?;
        if !self.rows.is_empty() {
            formatter.write_str(&table(&self.columns, &self.rows))?;
            formatter.write_char('\n')?;
        }
        for bar in &self.bars {
            let outcome = match bar.outcome {
                Outcome::Reached => "reached",
                Outcome::Missed => "**missed**",
            };
            writeln!(formatter, "- {}: {} ({outcome})", bar.what, bar.seen)?;
        }
        Ok(())
    }
}

/// A Markdown table.
pub fn table(columns: &[String], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let rule: Vec<String> = columns.iter().map(|_| "---".to_owned()).collect();
    let body: String = rows.iter().map(|row| line(row)).collect();
    line(columns) + &line(&rule) + &body
}

/// The middle value; of an even number the lower one. `None` of nothing.
pub fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len().checked_sub(1)? / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_reads_as_markdown() {
        let mut section = Section::new("P0 Nothing", "By doing nothing.", &["what", "took"]);
        section.row(["it".into(), "0 ms".into()]);
        section.bar("≤ 1 ms", "0 ms", Outcome::when(true));
        section.bar("≥ 1 answer", "0", Outcome::when(false));
        let expected = "## P0 Nothing\n\nBy doing nothing.\n\n| what | took |\n| --- | --- |\n| it | 0 ms |\n\n\
                        - ≤ 1 ms: 0 ms (reached)\n- ≥ 1 answer: 0 (**missed**)\n";
        assert_eq!(section.to_string(), expected);
    }

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), Some(2.0));
        assert_eq!(median(Vec::new()), None);
    }
}
