//! The reference: how fast a bare server answers on this machine, doing as little as it can.
//!
//! It takes the very requests that Parlance takes and reads user and message from them. In mode
//! `memory` it answers; in mode `row` it first makes one row durable; in mode `turn` all that a turn of a
//! conversation leaves behind, the way most servers store it. In mode `export` it reads what Parlance stored. In mode
//! `live` it tells what it is told to all who follow.

mod export;
mod live;
mod writer;

use std::{net::SocketAddr, path::PathBuf};

use axum::{Router, body::Bytes, extract::State, http::StatusCode, response::IntoResponse, routing::post};
use clap::{Parser, ValueEnum};
use serde::Deserialize;
use tokio::sync::oneshot;
use writer::{Insert, Said, Writer};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A bare server to compare with.
#[derive(Debug, Parser)]
struct Options {
    /// What is durable before an answer is given.
    #[arg(long)]
    mode: Mode,
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Where the database is made.
    #[arg(long)]
    data_dir: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// Nothing.
    Memory,
    /// One row.
    Row,
    /// Two messages, 1 KiB of state, an outbox row.
    Turn,
    /// Nothing is written: the tables of a Parlance that runs on the same data directory are exported.
    Export,
    /// Nothing: what is posted goes to all who follow, as server-sent events.
    Live,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::parse();
    let insert = match options.mode {
        Mode::Memory => None,
        Mode::Row => Some(writer::insert_row as Insert),
        Mode::Turn => Some(writer::insert_turn as Insert),
        Mode::Export => return export::serve(options.listen, &options.data_dir),
        Mode::Live => return two_threads()?.block_on(live::serve(options.listen)),
    };
    two_threads()?.block_on(serve(options, insert))
}

fn two_threads() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()
}

async fn serve(options: Options, insert: Option<Insert>) -> Result<(), Box<dyn std::error::Error>> {
    let writer = insert.map(|insert| Writer::start(&options.data_dir, insert)).transpose()?;
    let router = Router::new()
        .route("/chat-api/message", post(answer))
        .route("/readyz", axum::routing::get(async || "ready"))
        .with_state(writer);
    let listener = tokio::net::TcpListener::bind(options.listen).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let mut terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    axum::serve(listener, router)
        .with_graceful_shutdown(async move {
            terminated.recv().await;
        })
        .await?;
    Ok(())
}

/// The part of the envelope that is needed.
#[derive(Deserialize)]
struct Envelope<'e> {
    user_id: &'e str,
    message_id: &'e str,
}

async fn answer(State(writer): State<Option<Writer>>, body: Bytes) -> impl IntoResponse {
    let Ok(envelope) = serde_json::from_slice::<Envelope<'_>>(&body) else {
        return (StatusCode::UNPROCESSABLE_ENTITY, String::new());
    };
    if let Some(writer) = writer {
        let (durable, when_durable) = oneshot::channel();
        let said = Said {
            user: envelope.user_id.to_owned(),
            message: envelope.message_id.to_owned(),
            request: body.clone(),
            durable,
        };
        if writer.send(said).is_err() || when_durable.await.is_err() {
            return (StatusCode::SERVICE_UNAVAILABLE, String::new());
        }
    }
    let text = format!(
        r#"{{"author":"them","type":"text","intent":"intent.app.Pong","data":{{"text":"Pong {}","disable_text":false,"internal":false,"hidetime":false,"hideavatar":false,"time":"02:32 PM","date":"Tue 2 May"}}}}"#,
        envelope.message_id
    );
    (StatusCode::OK, text)
}
