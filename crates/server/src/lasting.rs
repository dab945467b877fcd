//! Answers that last: streams that are open for minutes and say little.
//!
//! For each connection hyper keeps buffers of 16 KiB, of which 8 KiB are used. That is nothing while requests come and
//! go, and most of what an idle stream costs when ten thousand are open. So when an answer is marked as [`Lasting`],
//! its connection is taken from hyper and written here, which keeps no buffer. Nothing else is answered on it: it ends
//! with the stream.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    http::{header, response::Parts},
    response::Response,
};
use futures_util::FutureExt;
use http_body_util::BodyExt;
use jiff::fmt::rfc2822::DateTimePrinter;
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

/// Marks an answer, among its extensions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lasting;

/// An answer that lasts, while it waits to be given its connection.
///
/// A client may ask for it before it has read what it asked for earlier, and of that hyper may still hold a part. Hyper
/// flushes a connection only when it holds nothing any more: so the connection is free once it was flushed after the
/// answer was there.
#[derive(Clone, Default)]
pub(crate) struct Handover(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    answer: Option<Response>,
    /// Whether the connection was flushed since there is an answer.
    flushed: bool,
}

impl Handover {
    /// The connection as hyper is to have it.
    pub(crate) fn watch<T>(&self, stream: T) -> Watched<T> {
        Watched { stream, handover: self.clone() }
    }

    /// Keeps an answer until the connection is free.
    pub(crate) fn keep(&self, answer: Response) {
        *self.0.lock() = Kept { answer: Some(answer), flushed: false };
    }

    /// Whether there is an answer and its connection is free.
    pub(crate) fn is_due(&self) -> bool {
        let kept = self.0.lock();
        kept.answer.is_some() && kept.flushed
    }

    /// The answer, if its connection is free.
    pub(crate) fn take(&self) -> Option<Response> {
        let mut kept = self.0.lock();
        if kept.flushed { kept.answer.take() } else { None }
    }
}

/// A connection that tells when it was flushed.
pub(crate) struct Watched<T> {
    stream: T,
    handover: Handover,
}

impl<T> Watched<T> {
    pub(crate) fn into_inner(self) -> T {
        self.stream
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Watched<T> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, read: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, read)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Watched<T> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        self.handover.0.lock().flushed = true;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Longest time for a client to take what it is sent.
const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes that are sent at once, about.
const FULL: usize = 64 << 10;

/// Writes an answer in chunks until it ends or the client is gone.
pub(crate) async fn write(stream: impl AsyncRead + AsyncWrite + Unpin, answer: Response) {
    if let Err(error) = tell(stream, answer, PATIENCE).await {
        tracing::debug!(%error, "a stream ended");
    }
}

async fn tell(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: Response, patience: Duration) -> io::Result<()> {
    let (parts, mut body) = answer.into_parts();
    send(&mut stream, &head(&parts), patience).await?;
    drop(parts);
    loop {
        let mut heard = [0; 64];
        let frame = tokio::select! {
            frame = body.frame() => frame,
            read = stream.read(&mut heard) => match read? {
                0 => return Ok(()),
                // It asks for something else before this has ended, and will not get it.
                _ => continue,
            },
        };
        let (pieces, ended) = chunks(frame, &mut body)?;
        send(&mut stream, &pieces, patience).await?;
        if ended {
            return stream.shutdown().await;
        }
    }
}

/// A frame and those that can be had without waiting, as chunks (RFC 9112 §7.1); and whether that is the end.
fn chunks(first: Option<NextFrame>, body: &mut Body) -> io::Result<(Vec<u8>, bool)> {
    let (mut next, mut pieces) = (first, Vec::new());
    loop {
        let Some(frame) = next else {
            pieces.extend_from_slice(b"0\r\n\r\n");
            return Ok((pieces, true));
        };
        // A chunk without bytes would be the end; trailers are not told.
        if let Ok(data) = frame.map_err(io::Error::other)?.into_data()
            && !data.is_empty()
        {
            pieces.extend_from_slice(format!("{:x}\r\n", data.len()).as_bytes());
            pieces.extend_from_slice(&data);
            pieces.extend_from_slice(b"\r\n");
        }
        if pieces.len() >= FULL {
            return Ok((pieces, false));
        }
        next = match body.frame().now_or_never() {
            Some(frame) => frame,
            None => return Ok((pieces, false)),
        };
    }
}

type NextFrame = Result<hyper::body::Frame<Bytes>, axum::Error>;

async fn send(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8], patience: Duration) -> io::Result<()> {
    let sent = async {
        stream.write_all(bytes).await?;
        stream.flush().await
    };
    tokio::time::timeout(patience, sent).await.unwrap_or(Err(io::ErrorKind::TimedOut.into()))
}

fn head(parts: &Parts) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {}\r\n", parts.status).into_bytes();
    // What is said of the body's length and of the connection is said here.
    let ours = [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONNECTION, header::DATE];
    for (name, value) in &parts.headers {
        if !ours.contains(name) {
            head.extend_from_slice(name.as_str().as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value.as_bytes());
            head.extend_from_slice(b"\r\n");
        }
    }
    if let Ok(now) = DateTimePrinter::new().timestamp_to_rfc9110_string(&jiff::Timestamp::now()) {
        head.extend_from_slice(format!("date: {now}\r\n").as_bytes());
    }
    head.extend_from_slice(b"transfer-encoding: chunked\r\nconnection: close\r\n\r\n");
    head
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::response::IntoResponse;
    use futures_util::{StreamExt, stream};

    use super::*;

    fn pieces(texts: &'static [&'static str]) -> Response {
        let frames = stream::iter(texts).map(|text| Ok::<_, Infallible>(Bytes::from_static(text.as_bytes())));
        ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(frames)).into_response()
    }

    #[tokio::test]
    async fn an_answer_is_written_to_its_end_in_chunks() {
        let (mut client, server) = tokio::io::duplex(64);
        let writing = tokio::spawn(write(server, pieces(&["data: 1\n\n", "", "data: twenty letters\n\n"])));
        let mut read = String::new();
        client.read_to_string(&mut read).await.expect("text");
        writing.await.expect("it ends");
        let (head, body) = read.split_once("\r\n\r\n").expect("a head");
        assert!(head.starts_with("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ndate: "), "{head}");
        assert!(head.ends_with(" GMT\r\ntransfer-encoding: chunked\r\nconnection: close"), "{head}");
        assert_eq!(body, "9\r\ndata: 1\n\n\r\n16\r\ndata: twenty letters\n\n\r\n0\r\n\r\n");
    }

    #[tokio::test]
    async fn who_hangs_up_is_no_longer_told() {
        let (client, server) = tokio::io::duplex(1024);
        let silent = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>()).into_response();
        let writing = tokio::spawn(write(server, silent));
        tokio::task::yield_now().await;
        assert!(!writing.is_finished());
        drop(client);
        writing.await.expect("it ends");
    }

    #[tokio::test]
    async fn who_takes_nothing_is_hung_up_on() {
        let (_client, server) = tokio::io::duplex(64);
        let endless = stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from_static(b"data: 1\n\n")));
        let told = tell(server, Body::from_stream(endless).into_response(), Duration::from_millis(20)).await;
        assert_eq!(told.expect_err("it cannot end well").kind(), io::ErrorKind::TimedOut);
    }
}
