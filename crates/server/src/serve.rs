//! Connections: accepting them, bounding what a slow or hostile client can hold, and closing them in
//! time.

use std::{
    convert::Infallible,
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::FromRequestParts,
    http::{Request, request::Parts},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::Service;

use crate::tls::Tls;

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
    let connections = GracefulShutdown::new();
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
        let router = router.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(Peer(address));
            router.clone().call(request.map(Body::new))
        });
        match &tls {
            None => {
                let connection = connections.watch(http.serve_connection(TokioIo::new(stream), service));
                tokio::spawn(ended(connection));
            }
            // Coming to terms takes time that the next client must not wait for.
            Some(tls) => {
                let (tls, http, watcher) = (tls.clone(), http.clone(), connections.watcher());
                tokio::spawn(async move {
                    if let Some(stream) = tls.accept(stream).await {
                        ended(watcher.watch(http.serve_connection(TokioIo::new(stream), service))).await;
                    }
                });
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(grace, connections.shutdown()).await.is_err() {
        tracing::warn!("connections were still open at the shutdown's limit");
    }
}

async fn ended(connection: impl Future<Output = hyper::Result<()>>) {
    if let Err(error) = connection.await {
        tracing::debug!(%error, "connection ended");
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
