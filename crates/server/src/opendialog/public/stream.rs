//! JSON that is sent while it is made, so that a million lines take no more memory than a page of them.

use std::convert::Infallible;

use axum::{
    body::{Body, Bytes},
    http::header,
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream};
use serde::Serialize;
use store::{InteractionFilter, InteractionPlace, SaidPage, TenantStore};
use tokio::sync::mpsc;

use super::refusal::PublicRefusal;

/// Lines of the first page: few, so that the first byte leaves at once.
const FIRST: usize = 100;
/// Lines of each later page.
const LATER: usize = 4_000;
/// Pages that wait for a slow reader.
const AHEAD: usize = 2;

/// Makes text of pages.
pub(crate) trait Writer: Send + 'static {
    /// Adds a page.
    fn page(&mut self, page: &SaidPage, out: &mut Vec<u8>);
    /// Adds what follows the last page.
    fn end(&mut self, out: &mut Vec<u8>);
}

/// Answers with all pages of what is asked for. The first is read before anything is answered, so that a
/// store that cannot be read is still an error of its own; when a later one cannot be read, the answer is
/// cut off, which a reader sees.
pub(crate) async fn answer(
    store: TenantStore,
    filter: InteractionFilter,
    mut writer: impl Writer,
) -> Result<Response, PublicRefusal> {
    let first = store.said(&filter, None, FIRST).await?;
    let (sender, receiver) = mpsc::channel::<Result<Bytes, String>>(AHEAD);
    tokio::spawn(async move {
        let mut page = first;
        // As much as the page before took, so that it seldom has to grow.
        let mut room = 64 << 10;
        loop {
            let next = page.next.take();
            let ahead = next.map(|place| read(store.clone(), filter.clone(), place));
            let mut out = Vec::with_capacity(room);
            writer.page(&page, &mut out);
            if ahead.is_none() {
                writer.end(&mut out);
            }
            room = room.max(out.len() + out.len() / 8);
            // Nobody reads any more.
            if sender.send(Ok(out.into())).await.is_err() {
                return;
            }
            let Some(ahead) = ahead else { return };
            page = match ahead.await {
                Ok(Ok(page)) => page,
                Ok(Err(problem)) => return cut_off(&sender, &problem.to_string()).await,
                Err(problem) => return cut_off(&sender, &problem.to_string()).await,
            };
        }
    });
    // Compression asks once more after the end.
    let chunks = stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver))).fuse();
    Ok(([(header::CONTENT_TYPE, "application/json")], Body::from_stream(chunks)).into_response())
}

/// Reads the next page while the one before it is written.
fn read(
    store: TenantStore,
    filter: InteractionFilter,
    after: InteractionPlace,
) -> tokio::task::JoinHandle<store::Result<SaidPage>> {
    tokio::spawn(async move { store.said(&filter, Some(after), LATER).await })
}

async fn cut_off(sender: &mpsc::Sender<Result<Bytes, String>>, problem: &str) {
    tracing::error!(%problem, "an export was cut off");
    // Nobody to tell when the reader has gone.
    let _ = sender.send(Err(problem.to_owned())).await;
}

/// Adds a value as JSON.
pub(crate) fn json(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    let written: Result<(), Infallible> = serde_json::to_writer(&mut *out, value).map_err(|problem| {
        unreachable!("texts and JSON values serialise into memory: {problem}");
    });
    let Ok(()) = written;
}
