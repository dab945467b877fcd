//! HTTP: one module per surface, authentication, error bodies.
//!
//! `opendialog` is the Chat API as web chats speak it, `dialai` the web chat as Dialai's clients do, `api` Parlance's own operations, `pages` what
//! people open in a browser, `realm` where they sign in, `operations` what machines ask. Every route carries its own OpenAPI
//! description; there is no other way to declare one. This crate knows no SQL and nothing of how an
//! agent decides what it says.

mod api;
mod app;
mod challenge;
mod dialai;
mod directory;
mod files;
mod intake;
mod lasting;
mod live;
mod multipart;
mod openapi;
mod opendialog;
mod operations;
mod pages;
mod problem;
mod rate_limits;
mod realm;
mod remainder;
mod router;
mod security_headers;
mod serve;
mod sse;
mod telemetry;
mod tls;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use metrics_exporter_prometheus::PrometheusHandle;
use runtime::{Runtime, documents::DocumentError, realm::Realm};
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use live::Hub;
use tls::Tls;

pub use app::Options;
pub use rate_limits::{RateLimit, RateLimits};
pub use router::{openapi_document, openapi_document_3_1};
pub use telemetry::install_metrics;
pub use tls::{TlsError, TlsFiles};

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// What it needs to know of tenants and agents cannot be read.
    #[error(transparent)]
    Directory(#[from] DocumentError),
    /// The listening socket is of no use.
    #[error("cannot listen: {0}")]
    Listen(#[from] io::Error),
    /// Certificate or key are of no use.
    #[error("cannot serve TLS: {0}")]
    Tls(#[from] TlsError),
}

/// A server that runs until it is told to stop.
pub struct Server {
    address: SocketAddr,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Server {
    /// Starts to serve on a socket that is listening.
    ///
    /// # Errors
    /// [`ServerError`].
    pub async fn start(
        listener: TcpListener,
        runtime: Runtime,
        options: Options,
        prometheus: PrometheusHandle,
        grace: Duration,
    ) -> Result<Self, ServerError> {
        let address = listener.local_addr()?;
        let head_timeout = options.head_timeout;
        let tls = options.tls.clone().map(Tls::load).transpose()?.map(Arc::new);
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let (live, feed) = Hub::open(runtime.store()).map_err(DocumentError::Store)?;
        let shared = app::Shared::new(runtime, options, address, prometheus.clone(), live.clone(), stop.clone());
        let app = Arc::new(shared.await?);
        tasks.spawn(live.run(feed, stop.clone()));
        tasks.spawn(app.directory.clone().follow(stop.clone()));
        tasks.spawn(upkeep(prometheus, stop.clone()));
        tasks.spawn(tidy_realm(app.realm.clone(), stop.clone()));
        if let Some(tls) = &tls {
            tasks.spawn(tls.clone().follow(stop.clone()));
        }
        tasks.spawn(serve::serve(listener, router::router(&app), head_timeout, tls, stop.clone(), grace));
        tasks.close();
        Ok(Self { address, stop, tasks })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts no more, and waits for requests in flight until the grace is over.
    pub async fn shutdown(&self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}

/// Codes, sessions and grants that are over are taken away now and then.
async fn tidy_realm(realm: Realm, stop: CancellationToken) {
    let mut every = tokio::time::interval(Duration::from_secs(600));
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = every.tick() => {}
        }
        if let Err(error) = realm.tidy().await {
            tracing::warn!(%error, "what has expired of the realm is still there");
        }
    }
}

/// Histograms grow until they are drained.
async fn upkeep(prometheus: PrometheusHandle, stop: CancellationToken) {
    let mut every = tokio::time::interval(Duration::from_secs(5));
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = every.tick() => prometheus.run_upkeep(),
        }
    }
}
