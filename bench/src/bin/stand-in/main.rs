//! A small server with Parlance's command line and Chat API, made to be killed.
//!
//! It shows that the kill test passes an honest server and catches a dishonest one: a file `fault` in
//! its data directory says which promise it breaks.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::Duration,
};

use axum::{
    Json, Router,
    extract::{Query, State},
    routing::{get, post},
};
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::{Value, json};

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |word: &str| arguments.iter().any(|argument| argument == word);
    if has("import") {
        println!("{}", json!({ "id": "stand-in", "app_key": "open" }));
    }
    if !has("serve") {
        return Ok(());
    }
    let data_dir = arguments.iter().skip_while(|argument| *argument != "--data-dir").nth(1);
    let data_dir = PathBuf::from(data_dir.ok_or_else(|| io::Error::other("--data-dir is missing"))?);
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(serve(&data_dir))
}

async fn serve(data_dir: &Path) -> io::Result<()> {
    let book = Arc::new(Mutex::new(Book::open(data_dir)?));
    if book.lock().fault == Some(Fault::AnswersBeforeItWrites) {
        let book = Arc::clone(&book);
        thread::spawn(move || {
            loop {
                thread::sleep(Duration::from_millis(100));
                // A full disk is not what is tested here.
                book.lock().flush().ok();
            }
        });
    }
    let router = Router::new()
        .route("/chat-api/message", post(message))
        .route("/chat-api/history", get(history))
        .route("/readyz", get(async || "ready"))
        .route("/metrics", get(async || "parlance_projection_lag_records 0\n"))
        .with_state(book);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    let mut terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    axum::serve(listener, router)
        .with_graceful_shutdown(async move {
            terminated.recv().await;
        })
        .await
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    AnswersBeforeItWrites,
    WritesTwice,
    WritesHalves,
}

/// Everything said, in memory and in one file of a line per row.
struct Book {
    file: File,
    fault: Option<Fault>,
    rows: HashMap<String, Vec<Value>>,
    unwritten: Vec<u8>,
}

impl Book {
    fn open(data_dir: &Path) -> io::Result<Self> {
        let path = data_dir.join("book");
        let fault = match fs::read_to_string(data_dir.join("fault")).unwrap_or_default().as_str() {
            "answers before it writes" => Some(Fault::AnswersBeforeItWrites),
            "writes twice" => Some(Fault::WritesTwice),
            "writes halves" => Some(Fault::WritesHalves),
            _ => None,
        };
        let mut rows: HashMap<String, Vec<Value>> = HashMap::new();
        let written = fs::read_to_string(&path).unwrap_or_default();
        // A line without its end was never acknowledged.
        let whole = written.rfind('\n').map_or(0, |end| end + 1);
        for turn in written[..whole].lines().filter_map(|line| serde_json::from_str::<Vec<Value>>(line).ok()) {
            for row in turn {
                rows.entry(user_of(&row)).or_default().push(row);
            }
        }
        let file = File::options().create(true).append(true).open(path)?;
        file.set_len(whole as u64)?;
        Ok(Self { file, fault, rows, unwritten: Vec::new() })
    }

    fn append(&mut self, turn: Vec<Value>) -> io::Result<()> {
        let batches = if self.fault == Some(Fault::WritesHalves) {
            turn.iter().map(|row| vec![row.clone()]).collect()
        } else {
            vec![turn.clone()]
        };
        for (index, batch) in batches.iter().enumerate() {
            if index > 0 {
                thread::sleep(Duration::from_millis(10));
            }
            writeln!(self.unwritten, "{}", json!(batch))?;
            if self.fault != Some(Fault::AnswersBeforeItWrites) {
                self.flush()?;
            }
        }
        for row in turn {
            self.rows.entry(user_of(&row)).or_default().push(row);
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.write_all(&self.unwritten)?;
        self.unwritten.clear();
        self.file.sync_data()
    }
}

fn user_of(row: &Value) -> String {
    row["user_id"].as_str().unwrap_or_default().to_owned()
}

async fn message(State(book): State<Arc<Mutex<Book>>>, Json(envelope): Json<Value>) -> Json<Value> {
    let (user, id) = (&envelope["user_id"], &envelope["message_id"]);
    let answer = format!("Pong {}", id.as_str().unwrap_or_default());
    let mut book = book.lock();
    let known = book.rows.get(user.as_str().unwrap_or_default());
    let known = known.is_some_and(|rows| rows.iter().any(|row| row["message_id"] == *id));
    // The fault must not hang on a kill hitting the gap between write and answer.
    let unlucky = id.as_str().is_some_and(|id| id.ends_with('7'));
    if !known || book.fault == Some(Fault::WritesTwice) {
        let turn = vec![
            json!({ "user_id": user, "author": user, "message_id": id, "message": "Ping" }),
            json!({ "user_id": user, "author": "them", "message": answer }),
        ];
        let times = if unlucky && book.fault == Some(Fault::WritesTwice) { 2 } else { 1 };
        for _ in 0..times {
            book.append(turn.clone()).expect("the stand-in's disk has room");
        }
    }
    Json(json!({ "author": "them", "type": "text", "data": { "text": answer } }))
}

#[derive(Deserialize)]
struct HistoryQuery {
    user_id: String,
    limit: usize,
}

async fn history(State(book): State<Arc<Mutex<Book>>>, Query(query): Query<HistoryQuery>) -> Json<Value> {
    let book = book.lock();
    let rows = book.rows.get(&query.user_id).map(Vec::as_slice).unwrap_or_default();
    Json(rows.iter().rev().take(query.limit).cloned().collect())
}
