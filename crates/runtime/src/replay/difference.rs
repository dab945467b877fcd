//! What differs between a turn as it was recorded and as it would be now.

use std::fmt;

use serde::Serialize;

/// Most lines of a changed prompt that are told.
const DIFF_LINES: usize = 20;
/// Most characters of a text that are told.
const SHOWN: usize = 500;

/// One thing that would be otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "difference", rename_all = "snake_case")]
pub enum Difference {
    /// The act would be heard as another intent, or in another place.
    Heard {
        /// Intent and place as recorded; none where nothing matched.
        recorded: Option<String>,
        /// As they would be.
        now: Option<String>,
    },
    /// A line would be otherwise: something said, or something noted.
    Line {
        /// Which line of the turn, from 1; the visitor's own is not counted.
        line: usize,
        /// As recorded; none where it is new.
        recorded: Option<String>,
        /// As it would be; none where it is gone.
        now: Option<String>,
    },
    /// The conversation would stand elsewhere after the turn.
    Stands {
        /// Where it stood.
        recorded: String,
        /// Where it would stand.
        now: String,
    },
    /// The conversation would be over, or would not be.
    Over {
        /// Whether it was.
        recorded: bool,
        /// Whether it would be.
        now: bool,
    },
    /// The agent asks for what was not asked, so that the turn cannot be taken to its end.
    AsksForNew {
        /// What for.
        what: String,
    },
    /// The agent no longer asks for what it asked.
    NoLongerAsks {
        /// What for.
        what: String,
    },
    /// A function or an action would be given something else.
    GivenOtherwise {
        /// Which.
        what: String,
        /// What it was given.
        recorded: String,
        /// What it would be given.
        now: String,
    },
    /// A model would be instructed otherwise. Its answer is the recorded one.
    Prompt {
        /// Which completion of the turn.
        completion: usize,
        /// Lines that are gone (`- …`) and new (`+ …`).
        changes: Vec<String>,
    },
    /// A model would have other tools.
    Tools {
        /// Which completion of the turn.
        completion: usize,
        /// Tools that are new.
        added: Vec<String>,
        /// Tools that are gone.
        removed: Vec<String>,
    },
    /// The act would be refused.
    Refused {
        /// Why.
        reason: String,
    },
    /// What is recorded of the turn cannot be read.
    Unreadable {
        /// What is wrong with it.
        problem: String,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or_nothing = |text: &Option<String>| text.clone().unwrap_or_else(|| "nothing".to_owned());
        match self {
            Self::Heard { recorded, now } => write!(f, "heard {}, not {}", or_nothing(now), or_nothing(recorded)),
            Self::Line { line, recorded: Some(recorded), now: Some(now) } => {
                write!(f, "line {line} is `{now}`, not `{recorded}`")
            }
            Self::Line { line, recorded, now: None } => write!(f, "line {line} is gone: `{}`", or_nothing(recorded)),
            Self::Line { line, recorded: None, now } => write!(f, "line {line} is new: `{}`", or_nothing(now)),
            Self::Stands { recorded, now } => write!(f, "it stands at {now}, not at {recorded}"),
            Self::Over { now: true, .. } => f.write_str("the conversation is over"),
            Self::Over { now: false, .. } => f.write_str("the conversation is not over"),
            Self::AsksForNew { what } => write!(f, "asks for something new: {what}"),
            Self::NoLongerAsks { what } => write!(f, "no longer asks for {what}"),
            Self::GivenOtherwise { what, recorded, now } => write!(f, "{what} is given {now}, not {recorded}"),
            Self::Prompt { completion, changes } => {
                write!(f, "prompt changed (completion {completion})")?;
                changes.iter().try_for_each(|change| write!(f, "\n  {change}"))
            }
            Self::Tools { completion, added, removed } => {
                write!(f, "tools changed (completion {completion})")?;
                added.iter().try_for_each(|tool| write!(f, " +{tool}"))?;
                removed.iter().try_for_each(|tool| write!(f, " -{tool}"))
            }
            Self::Refused { reason } => write!(f, "the act is refused: {reason}"),
            Self::Unreadable { problem } => write!(f, "what is recorded cannot be read: {problem}"),
        }
    }
}

/// Two lists, beside what begins and what ends them alike: pairs of what differs, with their places from 1.
pub(super) fn apart<T>(
    recorded: &[T],
    now: &[T],
    same: impl Fn(&T, &T) -> bool,
    show: impl Fn(&T) -> String,
) -> Vec<Difference> {
    let begins = recorded.iter().zip(now).take_while(|(left, right)| same(left, right)).count();
    let (recorded, now) = (&recorded[begins..], &now[begins..]);
    let ends = recorded.iter().rev().zip(now.iter().rev()).take_while(|(left, right)| same(left, right)).count();
    let (recorded, now) = (&recorded[..recorded.len() - ends], &now[..now.len() - ends]);
    let pairs = (0..recorded.len().max(now.len())).map(|at| (at, recorded.get(at), now.get(at)));
    pairs
        .filter(|(_, recorded, now)| match (recorded, now) {
            (Some(recorded), Some(now)) => !same(recorded, now),
            _ => true,
        })
        .map(|(at, recorded, now)| Difference::Line {
            line: begins + at + 1,
            recorded: recorded.map(&show),
            now: now.map(&show),
        })
        .collect()
}

/// Lines of a text that are gone and that are new, in their order; what moved is not told.
pub(super) fn line_changes(recorded: &str, now: &str) -> Vec<String> {
    let (old, new): (Vec<&str>, Vec<&str>) = (recorded.lines().collect(), now.lines().collect());
    let gone = old.iter().filter(|line| !new.contains(line)).map(|line| format!("- {}", cut(line)));
    let come = new.iter().filter(|line| !old.contains(line)).map(|line| format!("+ {}", cut(line)));
    let mut changes: Vec<String> = gone.chain(come).collect();
    if changes.is_empty() {
        changes.push("the same lines in another order, or blanks".to_owned());
    }
    if changes.len() > DIFF_LINES {
        let more = changes.len() - DIFF_LINES;
        changes.truncate(DIFF_LINES);
        changes.push(format!("… and {more} more"));
    }
    changes
}

/// A text that is short enough to be told.
pub(super) fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_put_between_is_the_only_difference() {
        let told = |recorded: &[&str], now: &[&str]| {
            let differences = apart(recorded, now, |left, right| left == right, |line| (*line).to_owned());
            differences.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert!(told(&["a", "b"], &["a", "b"]).is_empty());
        assert_eq!(told(&["a", "c"], &["a", "b", "c"]), ["line 2 is new: `b`"]);
        assert_eq!(told(&["a", "b", "c"], &["a", "c"]), ["line 2 is gone: `b`"]);
        assert_eq!(told(&["a", "b"], &["a", "x"]), ["line 2 is `x`, not `b`"]);
        assert_eq!(told(&["a", "a"], &["a"]), ["line 2 is gone: `a`"]);
        assert_eq!(told(&[], &["a"]), ["line 1 is new: `a`"]);
    }

    #[test]
    fn a_changed_prompt_is_told_by_its_lines() {
        assert_eq!(line_changes("Be kind.\nBook.\n", "Be brief.\nBook.\n"), ["- Be kind.", "+ Be brief."]);
        assert_eq!(line_changes("a\nb", "b\na"), ["the same lines in another order, or blanks"]);
        let long: String = (0..100).map(|line| format!("{line}\n")).collect();
        let changes = line_changes("", &long);
        assert_eq!((changes.len(), changes[DIFF_LINES].as_str()), (DIFF_LINES + 1, "… and 80 more"));
    }
}
