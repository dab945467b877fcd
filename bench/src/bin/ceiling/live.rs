//! Mode `live`: what is posted to `/live` goes to all who get it, as it is. Nobody is checked, nothing is kept.

use std::{convert::Infallible, net::SocketAddr};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::header,
    response::IntoResponse,
    routing::get,
};
use futures_util::stream;
use tokio::sync::broadcast::{self, error::RecvError};

/// Events that wait for a slow reader.
const AHEAD: usize = 64;

/// The first event: that somebody is followed.
const FIRST: &str = "event: heartbeat\ndata: {}\n\n";

/// Serves until it is killed: streams have no end.
pub(crate) async fn serve(listen: SocketAddr) -> Result<(), Box<dyn std::error::Error>> {
    let (told, _) = broadcast::channel::<Bytes>(AHEAD);
    let router = Router::new().route("/live", get(follow).post(tell)).with_state(told);
    let listener = tokio::net::TcpListener::bind(listen).await?;
    println!("listening on http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, router).await?)
}

async fn tell(State(told): State<broadcast::Sender<Bytes>>, event: Bytes) -> &'static str {
    // Nobody need follow.
    told.send(event).ok();
    "{}"
}

async fn follow(State(told): State<broadcast::Sender<Bytes>>) -> impl IntoResponse {
    let first = Some(Bytes::from_static(FIRST.as_bytes()));
    let frames = stream::unfold((first, told.subscribe()), |(first, mut told)| async move {
        if let Some(first) = first {
            return Some((Ok::<_, Infallible>(first), (None, told)));
        }
        loop {
            match told.recv().await {
                Ok(event) => return Some((Ok(event), (None, told))),
                // What is missed is missing in what the reader counts.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    });
    ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(frames))
}
