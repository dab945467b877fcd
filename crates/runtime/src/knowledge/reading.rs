//! Files are read in processes of their own, one for each file. What reads PDF and HTML overflows its stack on some
//! files, fills the memory on others and comes to no end on some more; nothing catches that, and inside the server it
//! would take all tenants' conversations along, and again after each start.
//!
//! A reader is told a line of JSON and the file after it, and answers with JSON. It is confined as workers are: no files,
//! no network, no environment, bounded memory and time. What it says is not trusted.

use std::{
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    process::{ExitCode, Stdio},
    sync::Arc,
    time::Duration,
};

use functions::script::worker::confine::{confine, end_after};
use knowledge::{MOST_PASSAGES, Passage, extraction};
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::Command,
    sync::Semaphore,
    task::spawn_blocking,
    time::timeout,
};

/// The argument with which the program is a reader.
const ARGUMENT: &str = "document-reader";
/// How long a document may take to be read in the background.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long a file may take for which somebody waits.
const SHORT_PATIENCE: Duration = Duration::from_secs(30);
/// Files that are read at once while somebody waits. Documents are read in turns already.
const AT_ONCE: usize = 2;
/// How long a reader may compute, should its server be gone.
const COMPUTING: Duration = Duration::from_secs(120);
/// Address space of a reader, in bytes: of it, its allocator takes a half before it is needed.
const ADDRESS_SPACE: u64 = 2 << 30;
/// Longest answer of a reader, in bytes.
const LONGEST_ANSWER: u64 = 64 << 20;

/// Why a file was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadingError {
    /// It has no text that can be read.
    #[error("{0}")]
    Unreadable(String),
    /// It takes too long.
    #[error("it could not be read within {} seconds", .0.as_secs())]
    Slow(Duration),
    /// What read it came to an end.
    #[error("it is damaged, or takes too much to be read")]
    Died,
    /// There is nothing to read it with.
    #[error("nothing could be started that reads it: {0}")]
    NoReader(String),
}

/// What a reader is asked for.
#[derive(Debug, Serialize, Deserialize)]
struct Task {
    media_type: String,
    /// The name of the document whose passages are wanted; none where its text is.
    passages_of: Option<String>,
}

/// What a reader says.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Said {
    Text(String),
    /// Where each stands, and what it says.
    Passages(Vec<(String, String)>),
    /// Why there is neither.
    Unreadable(String),
}

/// What starts readers. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Readers {
    program: Arc<Path>,
    turns: Arc<Semaphore>,
}

impl Readers {
    /// Readers of a program.
    pub(crate) fn of(program: PathBuf) -> Self {
        Self { program: program.into(), turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// The text of a file.
    pub(crate) async fn text(&self, media_type: &str, content: Vec<u8>) -> Result<String, ReadingError> {
        let _turn = self.turns.acquire().await.map_err(|closed| ReadingError::NoReader(closed.to_string()))?;
        let task = Task { media_type: media_type.to_owned(), passages_of: None };
        match self.read(&task, content, SHORT_PATIENCE).await? {
            Said::Text(text) => Ok(text),
            Said::Unreadable(why) => Err(ReadingError::Unreadable(why)),
            Said::Passages(_) => Err(ReadingError::Died),
        }
    }

    /// The passages of a document.
    pub(super) async fn passages(
        &self,
        name: &str,
        media_type: &str,
        content: Vec<u8>,
    ) -> Result<Vec<Passage>, ReadingError> {
        let task = Task { media_type: media_type.to_owned(), passages_of: Some(name.to_owned()) };
        match self.read(&task, content, PATIENCE).await? {
            Said::Passages(passages) if passages.len() <= MOST_PASSAGES => {
                Ok(passages.into_iter().map(|(place, text)| Passage { place, text }).collect())
            }
            Said::Unreadable(why) => Err(ReadingError::Unreadable(why)),
            Said::Passages(_) | Said::Text(_) => Err(ReadingError::Died),
        }
    }

    /// Has a process read a file. It is killed when nobody waits for it any more.
    async fn read(&self, task: &Task, content: Vec<u8>, patience: Duration) -> Result<Said, ReadingError> {
        let missing = |error: io::Error| ReadingError::NoReader(error.to_string());
        let mut head = serde_json::to_vec(task).map_err(|error| missing(error.into()))?;
        head.push(b'\n');
        let mut child = Command::new(&*self.program)
            .arg(ARGUMENT)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(missing)?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (mut stdin, stdout) = pipes.ok_or_else(|| missing(io::Error::other("it has no pipes")))?;
        let tell = async move {
            stdin.write_all(&head).await?;
            stdin.write_all(&content).await?;
            // The file ends where the pipe does.
            drop(stdin);
            io::Result::Ok(())
        };
        let hear = async move {
            let mut answer = stdout.take(LONGEST_ANSWER + 1);
            let mut said = Vec::new();
            answer.read_to_end(&mut said).await?;
            io::Result::Ok(said)
        };
        let outcome = timeout(patience, async { tokio::join!(tell, hear) }).await;
        // One that ended early has not heard all; what it said decides.
        let (_, heard) = outcome.map_err(|_| ReadingError::Slow(patience))?;
        let said = heard.map_err(|_| ReadingError::Died)?;
        if said.len() as u64 > LONGEST_ANSWER {
            return Err(ReadingError::Unreadable("there is too much text in the file: send it in parts".to_owned()));
        }
        let read = spawn_blocking(move || serde_json::from_slice(&said).map_err(|_| ReadingError::Died)).await;
        read.map_err(|_| ReadingError::Died)?
    }
}

/// Reads the one file that stands on the standard input. To be called first thing in a process with a single thread:
/// before logs, configuration or an asynchronous runtime.
pub fn run() -> ExitCode {
    confine(ADDRESS_SPACE);
    end_after(COMPUTING);
    let mut told = Vec::new();
    if io::stdin().lock().read_to_end(&mut told).is_err() {
        return ExitCode::FAILURE;
    }
    let Some(said) = answer(&told).and_then(|said| serde_json::to_vec(&said).ok()) else { return ExitCode::FAILURE };
    let mut out = io::stdout().lock();
    match out.write_all(&said).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// What is said to a task with its file; nothing to what is none.
fn answer(told: &[u8]) -> Option<Said> {
    let end = told.iter().position(|byte| *byte == b'\n')?;
    let Task { media_type, passages_of } = serde_json::from_slice(&told[..end]).ok()?;
    let content = &told[end + 1..];
    let said = match passages_of {
        None => extraction::text(&media_type, content).map(Said::Text).map_err(|error| error.to_string()),
        Some(name) => knowledge::read(&name, &media_type, content)
            .map(|passages| Said::Passages(passages.into_iter().map(|Passage { place, text }| (place, text)).collect()))
            .map_err(|error| error.to_string()),
    };
    Some(said.unwrap_or_else(Said::Unreadable))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(media_type: &str, passages_of: Option<&str>, content: &[u8]) -> Option<Said> {
        let task = Task { media_type: media_type.to_owned(), passages_of: passages_of.map(str::to_owned) };
        let mut told = serde_json::to_vec(&task).unwrap();
        told.push(b'\n');
        told.extend(content);
        answer(&told)
    }

    #[test]
    fn a_reader_says_the_text_or_the_passages_or_why_there_are_none() {
        assert_eq!(asked("text/plain", None, b"one\ntwo"), Some(Said::Text("one\ntwo".to_owned())));
        let passages = asked("text/plain", Some("a\n.txt"), b"one");
        assert!(matches!(&passages, Some(Said::Passages(passages)) if passages[0].1 == "one"), "{passages:?}");
        for wanted in [None, Some("a")] {
            let said = asked("image/png", wanted, b"x");
            assert!(matches!(&said, Some(Said::Unreadable(why)) if why.contains("image/png")), "{said:?}");
        }
        assert_eq!((answer(b"{}\nx"), answer(b"no line")), (None, None));
    }

    #[tokio::test]
    async fn what_is_no_reader_reads_nothing() {
        let file = vec![b'x'; 1 << 20];
        let missing = Readers::of("/no/such/program".into()).text("text/plain", file.clone()).await;
        assert!(matches!(missing, Err(ReadingError::NoReader(_))), "{missing:?}");
        for other in ["/bin/false", "/bin/echo"] {
            let read = Readers::of(other.into()).text("text/plain", file.clone()).await;
            assert_eq!(read, Err(ReadingError::Died), "{other}");
        }
    }

    #[tokio::test]
    async fn what_takes_too_long_or_says_too_much_is_let_go() {
        // It says the same line for ever.
        let readers = Readers::of("/usr/bin/yes".into());
        let task = Task { media_type: "text/plain".to_owned(), passages_of: None };
        let patience = Duration::from_millis(1);
        assert_eq!(readers.read(&task, Vec::new(), patience).await, Err(ReadingError::Slow(patience)));
        let error = readers.read(&task, Vec::new(), PATIENCE).await.unwrap_err();
        assert!(matches!(&error, ReadingError::Unreadable(why) if why.contains("too much text")), "{error:?}");
    }
}
