//! Holds a client's ledger against what the server's history says.

use std::{collections::HashSet, fmt};

use super::Conversation;
use crate::chat::{HistoryRow, message_id, user_id};

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// An acknowledged message is not in the history.
    Lost(String),
    /// A message without its answer, or the reverse.
    HalfTurn(String),
    /// A message is there more than once.
    Duplicate(String),
    /// An answer that belongs to another message.
    WrongAnswer(String),
    /// A message that nobody sent.
    Stray(String),
    /// All is there, in another order than it was said.
    OutOfOrder(String),
    /// A request was refused, or never answered.
    Refused(String),
    /// The history could not be read.
    HistoryUnreadable(String),
}

impl Fault {
    pub(super) fn history_unreadable(user: u64, status: u16, body: &[u8]) -> Self {
        Self::HistoryUnreadable(format!("{}: status {status}: {}", user_id(user), beginning(body)))
    }

    pub(super) fn refused(message: u64, status: u16, body: &[u8]) -> Self {
        Self::Refused(format!("{}: status {status}: {}", message_id(message), beginning(body)))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, which) = match self {
            Self::Lost(which) => ("acknowledged and lost", which),
            Self::HalfTurn(which) => ("half a turn", which),
            Self::Duplicate(which) => ("carried out twice", which),
            Self::WrongAnswer(which) => ("answered with another's answer", which),
            Self::Stray(which) => ("never sent", which),
            Self::OutOfOrder(which) => ("out of order", which),
            Self::Refused(which) => ("refused", which),
            Self::HistoryUnreadable(which) => ("history unreadable", which),
        };
        write!(formatter, "{what}: {which}")
    }
}

fn beginning(body: &[u8]) -> String {
    String::from_utf8_lossy(body).chars().take(200).collect()
}

/// Everything wrong with a history, given oldest first.
pub(super) fn audit(conversation: &Conversation, rows: &[HistoryRow]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let said = said_with_answers(conversation.user, rows, &mut faults);

    let mut seen = HashSet::new();
    for id in &said {
        if !seen.insert(id.as_str()) {
            faults.push(Fault::Duplicate(id.clone()));
        }
    }
    let acknowledged: Vec<String> = conversation.acknowledged.iter().copied().map(message_id).collect();
    let in_flight = conversation.in_flight.map(message_id);
    let sent: HashSet<&String> = acknowledged.iter().chain(&in_flight).collect();
    faults.extend(acknowledged.iter().filter(|id| !seen.contains(id.as_str())).cloned().map(Fault::Lost));
    faults.extend(said.iter().filter(|id| !sent.contains(id)).cloned().map(Fault::Stray));

    if faults.is_empty() && !said.iter().eq(acknowledged.iter().chain(&in_flight).take(said.len())) {
        faults.push(Fault::OutOfOrder(user_id(conversation.user)));
    }
    faults
}

/// Ids of the user's messages, oldest first; each must be followed by its own answer.
fn said_with_answers(user: u64, rows: &[HistoryRow], faults: &mut Vec<Fault>) -> Vec<String> {
    let mut said = Vec::new();
    let mut rows = rows.iter().peekable();
    while let Some(row) = rows.next() {
        if row.is_answer() {
            faults.push(Fault::HalfTurn(format!("an answer without a message, user {}", user_id(user))));
            continue;
        }
        let id = row.message_id.clone().unwrap_or_default();
        match rows.next_if(|next| next.is_answer()) {
            None => faults.push(Fault::HalfTurn(id.clone())),
            Some(answer) if !answer.mentions(&id) => faults.push(Fault::WrongAnswer(id.clone())),
            Some(_) => {}
        }
        said.push(id);
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn row(author: &str, number: u64) -> HistoryRow {
        let answer = author == "them";
        HistoryRow {
            author: author.into(),
            message_id: (!answer).then(|| message_id(number)),
            message: Some(if answer { format!("Pong {}", message_id(number)) } else { "Ping".into() }),
            data: Value::Null,
        }
    }

    fn turns(numbers: &[u64]) -> Vec<HistoryRow> {
        numbers.iter().flat_map(|&number| [row("u000000000000001", number), row("them", number)]).collect()
    }

    fn conversation(acknowledged: &[u64], in_flight: Option<u64>) -> Conversation {
        Conversation { user: 1, acknowledged: acknowledged.to_vec(), in_flight }
    }

    #[test]
    fn a_whole_history_passes_with_or_without_the_message_in_flight() {
        assert_eq!(audit(&conversation(&[1, 2], Some(3)), &turns(&[1, 2])), []);
        assert_eq!(audit(&conversation(&[1, 2], Some(3)), &turns(&[1, 2, 3])), []);
        assert_eq!(audit(&conversation(&[], Some(3)), &[]), []);
    }

    #[test]
    fn every_fault_is_told_by_its_name() {
        let all = conversation(&[1, 2], None);
        assert_eq!(audit(&all, &turns(&[1])), [Fault::Lost(message_id(2))]);
        assert_eq!(audit(&all, &turns(&[1, 2, 2])), [Fault::Duplicate(message_id(2))]);
        assert_eq!(audit(&all, &turns(&[1, 2, 9])), [Fault::Stray(message_id(9))]);
        assert_eq!(audit(&all, &turns(&[2, 1])), [Fault::OutOfOrder(user_id(1))]);
        assert_eq!(audit(&all, &turns(&[1, 2])[..3]), [Fault::HalfTurn(message_id(2))]);
        assert!(matches!(audit(&all, &turns(&[1, 2])[1..])[0], Fault::HalfTurn(_)));

        let mut crossed = turns(&[1, 2]);
        crossed.swap(1, 3);
        assert_eq!(audit(&all, &crossed).len(), 2);
        assert_eq!(audit(&all, &crossed)[0], Fault::WrongAnswer(message_id(1)));
    }
}
