//! What the server and a worker say to each other over the worker's two pipes: a length of four bytes, lowest first,
//! and a message in postcard.
//!
//! The server trusts nothing that a worker says: the engine in it may have been taken over by what it runs.

use model::function::FunctionErrorKind;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Longest message to a worker, in bytes.
pub const MAX_TO_WORKER: usize = 32 << 20;
/// Longest message of a worker, in bytes.
pub const MAX_FROM_WORKER: usize = 16 << 20;
/// Bytes of the length before each message.
const LENGTH: usize = 4;

/// What a worker is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToWorker {
    /// Run or check this.
    Task(Task),
    /// What was asked for.
    Answer(Answer),
}

/// What is to be run or checked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// The source.
    pub source: String,
    /// Whether it is a module, or else a function's body.
    pub module: bool,
    /// What it may import: names and sources.
    pub libraries: Vec<(String, String)>,
    /// What it is given, as JSON; only its syntax is checked when there is none.
    pub input: Option<String>,
    /// How long it may take, in microseconds.
    pub wall_micros: u64,
    /// How long it may compute, in microseconds.
    pub cpu_micros: u64,
    /// Memory that it may use, in bytes.
    pub memory_bytes: u64,
    /// Stack that it may use, in bytes.
    pub stack_bytes: u64,
    /// Longest output, in bytes of JSON.
    pub max_output_bytes: u64,
    /// Most requests that it may make.
    pub max_fetches: u32,
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The number of the question.
    pub number: u32,
    /// A response as JSON, or a secret; or why there is none.
    pub outcome: Result<String, String>,
}

/// What a worker says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromWorker {
    /// It can take a task.
    Ready {
        /// What it has computed since it started, in microseconds.
        cpu_micros: u64,
    },
    /// The task's code asks for something.
    Question(Question),
    /// The task is over.
    Done(Done),
}

/// What a task's code asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Its number within the task.
    pub number: u32,
    /// What it is.
    pub wanted: Wanted,
}

/// What can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wanted {
    /// A request, as JSON.
    Fetch(String),
    /// A secret, by its name.
    Secret(String),
}

/// How a task ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// What the code returned, as JSON, empty for nothing; or why there is none.
    pub outcome: Result<String, Failure>,
    /// What it asked of the conversation, as a JSON list.
    pub effects: String,
    /// What it wrote to the log.
    pub logs: Vec<String>,
    /// Lines that it wrote beyond what a log takes.
    pub logs_left_out: u32,
}

/// Why a task gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What kind of failure it is.
    pub kind: FunctionErrorKind,
    /// What happened.
    pub message: String,
}

impl Failure {
    /// A failure of a kind.
    pub fn new(kind: FunctionErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

/// Why bytes are no message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// It is too long.
    #[error("a message of {length} bytes is longer than the {longest} that are read")]
    TooLong {
        /// How long it is.
        length: usize,
        /// How long it may be.
        longest: usize,
    },
    /// It cannot be read or written.
    #[error("not a message: {0}")]
    Malformed(#[from] postcard::Error),
    /// Something follows it.
    #[error("{0} bytes follow a message within its length")]
    Trailing(usize),
}

/// A message with its length before it.
pub fn encode<T: Serialize>(message: &T, longest: usize) -> Result<Vec<u8>, FrameError> {
    let mut bytes = postcard::to_extend(message, vec![0; LENGTH])?;
    let length = bytes.len() - LENGTH;
    if length > longest {
        return Err(FrameError::TooLong { length, longest });
    }
    let written = u32::try_from(length).map_err(|_| FrameError::TooLong { length, longest })?;
    bytes[..LENGTH].copy_from_slice(&written.to_le_bytes());
    Ok(bytes)
}

/// Messages out of bytes as they arrive.
#[derive(Debug)]
pub struct Frames {
    bytes: Vec<u8>,
    longest: usize,
}

impl Frames {
    /// Reads messages up to a length.
    pub fn new(longest: usize) -> Self {
        Self { bytes: Vec::new(), longest }
    }

    /// Whether nothing has arrived beyond what was read.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Takes bytes that arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole message, if it has arrived. An error is for good: what follows cannot be told apart.
    pub fn read<T: DeserializeOwned>(&mut self) -> Result<Option<T>, FrameError> {
        let Some((length, _)) = self.bytes.split_first_chunk::<LENGTH>() else { return Ok(None) };
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        if length > self.longest {
            return Err(FrameError::TooLong { length, longest: self.longest });
        }
        let Some(body) = self.bytes.get(LENGTH..LENGTH + length) else { return Ok(None) };
        let (message, rest) = postcard::take_from_bytes(body)?;
        if !rest.is_empty() {
            return Err(FrameError::Trailing(rest.len()));
        }
        self.bytes.drain(..LENGTH + length);
        Ok(Some(message))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn messages() -> impl Strategy<Value = FromWorker> {
        let failure = (".*").prop_map(|text| Failure::new(FunctionErrorKind::Threw, text));
        let outcome = prop_oneof![".*".prop_map(Ok), failure.prop_map(Err)];
        let done = (outcome, ".*", prop::collection::vec(".*", 0..4), any::<u32>()).prop_map(
            |(outcome, effects, logs, logs_left_out)| FromWorker::Done(Done { outcome, effects, logs, logs_left_out }),
        );
        let wanted = prop_oneof![".*".prop_map(Wanted::Fetch), ".*".prop_map(Wanted::Secret)];
        let question =
            (any::<u32>(), wanted).prop_map(|(number, wanted)| FromWorker::Question(Question { number, wanted }));
        prop_oneof![any::<u64>().prop_map(|cpu_micros| FromWorker::Ready { cpu_micros }), done, question]
    }

    proptest! {
        #[test]
        fn messages_arrive_as_they_were_sent_however_they_are_cut(
            sent in prop::collection::vec(messages(), 0..5),
            cut in 1_usize..40,
        ) {
            let mut bytes = Vec::new();
            for message in &sent {
                bytes.extend(encode(message, MAX_FROM_WORKER).unwrap());
            }
            let mut frames = Frames::new(MAX_FROM_WORKER);
            let mut seen = Vec::new();
            for part in bytes.chunks(cut) {
                frames.push(part);
                while let Some(message) = frames.read::<FromWorker>().unwrap() {
                    seen.push(message);
                }
            }
            prop_assert_eq!(seen, sent);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut frames = Frames::new(1 << 10);
            frames.push(&bytes);
            while let Ok(Some(_)) = frames.read::<FromWorker>() {}
            let mut frames = Frames::new(1 << 10);
            frames.push(&bytes);
            while let Ok(Some(_)) = frames.read::<ToWorker>() {}
        }
    }

    #[test]
    fn what_is_too_long_is_refused_before_it_has_arrived() {
        let mut frames = Frames::new(10);
        frames.push(&11_u32.to_le_bytes());
        assert_eq!(frames.read::<FromWorker>(), Err(FrameError::TooLong { length: 11, longest: 10 }));
        let long = FromWorker::Question(Question { number: 1, wanted: Wanted::Secret("x".repeat(20)) });
        assert!(matches!(encode(&long, 10), Err(FrameError::TooLong { .. })));
    }

    #[test]
    fn what_follows_a_message_within_its_length_is_refused() {
        let mut bytes = encode(&FromWorker::Ready { cpu_micros: 0 }, 10).unwrap();
        bytes.push(0);
        bytes[0] += 1;
        let mut frames = Frames::new(10);
        frames.push(&bytes);
        assert_eq!(frames.read::<FromWorker>(), Err(FrameError::Trailing(1)));
    }
}
