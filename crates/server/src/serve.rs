//! Connections: accepting them, bounding what a slow or hostile client can hold, and closing them in
//! time.

use std::{
    convert::Infallible,
    future::poll_fn,
    io,
    net::{IpAddr, SocketAddr},
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::FromRequestParts,
    http::{HeaderValue, Method, Request, Version, header, request::Parts},
    response::Response,
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::Service;

use crate::{
    lasting::{self, Handover, Lasting},
    remainder,
    tls::Tls,
};

/// Who is at the other end of the connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(SocketAddr);

impl Peer {
    pub(crate) fn ip(&self) -> IpAddr {
        self.0.ip()
    }
}

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let unknown = || Self(SocketAddr::from(([0, 0, 0, 0], 0)));
        Ok(parts.extensions.get::<Self>().copied().unwrap_or_else(unknown))
    }
}

/// Largest head of a request, and most headers.
const MAX_HEAD: usize = 32 * 1024;
const MAX_HEADERS: usize = 100;

/// Serves until told to stop; then requests in flight have until `grace` is over. Without `tls` it speaks plain http.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    head_timeout: Duration,
    tls: Option<Arc<Tls>>,
    stop: CancellationToken,
    grace: Duration,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(head_timeout).max_buf_size(MAX_HEAD).max_headers(MAX_HEADERS);
    let connections = Connections { http, router, stop: stop.clone(), tasks: TaskTracker::new() };
    loop {
        let (stream, address) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    wait_after(&error).await;
                    continue;
                }
            },
        };
        // Answers are small and must not wait to be filled up.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "no TCP_NODELAY");
        }
        let (serving, peer) = (connections.clone(), Peer(address));
        match &tls {
            None => {
                connections.tasks.spawn(serving.serve(stream, peer));
            }
            // Coming to terms takes time that the next client must not wait for, nor the end of the server.
            Some(tls) => {
                let (tls, stop) = (tls.clone(), stop.clone());
                connections.tasks.spawn(async move {
                    let accepted = tokio::select! {
                        () = stop.cancelled() => None,
                        accepted = tls.accept(stream) => accepted,
                    };
                    if let Some(stream) = accepted {
                        serving.serve(stream, peer).await;
                    }
                });
            }
        }
    }
    drop(listener);
    connections.tasks.close();
    if tokio::time::timeout(grace, connections.tasks.wait()).await.is_err() {
        tracing::warn!("connections were still open at the shutdown's limit");
    }
}

/// What connections are served with.
#[derive(Clone)]
struct Connections {
    http: http1::Builder,
    router: Router,
    stop: CancellationToken,
    /// All that must end before the server has.
    tasks: TaskTracker,
}

impl Connections {
    /// Serves a connection to its end. An answer that lasts gets a task of its own, so that nothing is kept for it of
    /// what requests need.
    async fn serve<T: AsyncRead + AsyncWrite + Send + Unpin + 'static>(self, stream: T, peer: Peer) {
        let tasks = self.tasks.clone();
        if let Some((stream, answer)) = self.answer(stream, peer).await {
            tasks.spawn(lasting::write(stream, answer));
        }
    }

    /// Answers requests until the connection ends, or until an answer lasts: that one is still to be written.
    async fn answer<T>(self, stream: T, peer: Peer) -> Option<(T, Response)>
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let Self { http, router, stop, tasks: _ } = self;
        let handover = Handover::default();
        let lasts = handover.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            // Before HTTP/1.1 there are no chunks.
            let may_last = request.method() == Method::GET && request.version() == Version::HTTP_11;
            let (parts, body) = request.into_parts();
            let (body, remainder) = remainder::lend(body);
            let request = Request::from_parts(parts, Body::new(body));
            let (answer, lasts) = (router.clone().call(request), lasts.clone());
            async move {
                let mut answer = answer.await?;
                if may_last && answer.extensions().get::<Lasting>().is_some() {
                    lasts.keep(answer);
                    // Hyper flushes whenever it is polled: it is once more, if it flushed before this.
                    tokio::task::yield_now().await;
                    // It is not answered here: the connection is taken over while this waits.
                    return std::future::pending().await;
                }
                if !remainder.read_to_end().await {
                    answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                }
                Ok::<Response, Infallible>(answer)
            }
        });
        let mut served = http.serve_connection(TokioIo::new(handover.watch(stream)), service);
        let mut stopping = pin!(stop.cancelled());
        let mut is_stopping = false;
        let ended = poll_fn(|context| {
            if !is_stopping && stopping.as_mut().poll(context).is_ready() {
                is_stopping = true;
                Pin::new(&mut served).graceful_shutdown();
            }
            let ended = Pin::new(&mut served).poll(context);
            if handover.is_due() { Poll::Ready(Ok(())) } else { ended }
        });
        if let Err(error) = ended.await {
            tracing::debug!(%error, "connection ended");
        }
        let answer = handover.take()?;
        Some((served.into_parts().io.into_inner().into_inner(), answer))
    }
}

/// A connection that died in the queue is nothing; a lack of file descriptors passes when others end.
async fn wait_after(error: &io::Error) {
    let connection =
        [io::ErrorKind::ConnectionAborted, io::ErrorKind::ConnectionReset, io::ErrorKind::ConnectionRefused];
    if !connection.contains(&error.kind()) {
        tracing::warn!(%error, "cannot accept connections");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[cfg(test)]
mod tests {
    use axum::{
        Extension,
        routing::{get, post},
    };
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn an_answer_that_lasts_comes_after_all_of_those_before_it() {
        let long = "x".repeat(16 << 10);
        let said = long.clone();
        let router = Router::new()
            .route("/long", post(move || async move { said }))
            .route("/lasting", get(|| async { (Extension(Lasting), "told") }));
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new());
        let connections = Connections { http, router, stop: CancellationToken::new(), tasks: TaskTracker::new() };
        // The client takes less at once than the first answer has, and asks for the second in the same breath.
        let (mut client, server) = tokio::io::duplex(1024);
        let serving = tokio::spawn(connections.serve(server, Peer(SocketAddr::from(([127, 0, 0, 1], 1)))));
        let asked = "POST /long HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello\
                     GET /lasting HTTP/1.1\r\nhost: x\r\n\r\n";
        client.write_all(asked.as_bytes()).await.expect("it is asked");
        let mut read = String::new();
        client.read_to_string(&mut read).await.expect("text");
        serving.await.expect("it ends");
        assert!(read.starts_with("HTTP/1.1 200 OK\r\n"));
        let (_, rest) = read.split_once(&long).expect("the whole first answer");
        assert!(rest.starts_with("HTTP/1.1 200 OK\r\n"), "{rest}");
        assert!(rest.ends_with("\r\n\r\n4\r\ntold\r\n0\r\n\r\n"), "{rest}");
    }
}
