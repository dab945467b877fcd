//! `parlance serve`: everything wired together, until a signal ends it.

use std::{io::Write, time::Duration};

use runtime::{Runtime, RuntimeOptions, mail::Mail};
use server::{Server, TlsFiles};
use store::{Store, StoreOptions};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tracing_subscriber::EnvFilter;

use crate::{
    Failure,
    arguments::ServeArguments,
    configuration::{Configuration, LogFormat},
    demo::{self, Demo},
};

pub(crate) async fn serve(arguments: &ServeArguments, configuration: Configuration) -> Result<(), Failure> {
    log(&configuration)?;
    // Before anything that takes time: who sends a signal now means it.
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let listener = TcpListener::bind(configuration.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", configuration.listen))?;
    let store = Store::open(&configuration.data_dir, StoreOptions::default()).await?;
    let store = store.with_secret_keys(configuration.secret_keys());
    let demo = if arguments.demo { Some(demo::bring(&store).await?) } else { None };

    let runtime = Runtime::start(store.clone(), runtime_options(&configuration));
    let grace = Duration::from_millis(configuration.shutdown_timeout_ms);
    let prometheus = server::install_metrics();
    let options = server_options(&configuration)?;
    let server = Server::start(listener, runtime.clone(), options, prometheus, grace).await?;

    let scheme = if configuration.tls_certificate.is_some() { "https" } else { "http" };
    let url = format!("{scheme}://{}", server.address());
    let mut out = std::io::stdout().lock();
    writeln!(out, "listening on {url}")?;
    if let Some(Demo { scenario, chat_code, token }) = &demo {
        let base = configuration.public_url.as_deref().unwrap_or(&url).trim_end_matches('/');
        writeln!(out, "start page  {base}/")?;
        writeln!(out, "chat page   {base}/web-chat?scenario_id={}&app_key={}", scenario.id, scenario.app_key)?;
        if let Some(code) = chat_code {
            writeln!(out, "flow page   {base}/chat/{code}")?;
        }
        writeln!(out, "API docs    {base}/api/swagger/")?;
        writeln!(out, "API token   {token}")?;
    }
    out.flush()?;
    drop(out);

    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("shutting down");
    server.shutdown().await;
    runtime.shutdown(grace).await;
    store.shutdown().await?;
    Ok(())
}

/// How the runtime behaves, whichever command it is for.
pub(crate) fn runtime_options(configuration: &Configuration) -> RuntimeOptions {
    let mut options = RuntimeOptions::in_data_dir(&configuration.data_dir);
    options.turn_timeout = Duration::from_millis(configuration.turn_timeout_ms);
    options.flow_timeout = Duration::from_millis(configuration.flow_timeout_ms);
    configuration.functions.apply(&mut options);
    configuration.models.apply(&mut options);
    options.file_limits.file_bytes = configuration.max_file_bytes;
    options.file_limits.tenant_bytes = configuration.max_tenant_file_bytes;
    options.outbound_allow = configuration.outbound_allow.0.clone();
    options
}

fn server_options(configuration: &Configuration) -> Result<server::Options, Failure> {
    let mail = match &configuration.smtp {
        Some(options) => Mail::by_smtp(options).map_err(|error| format!("configuration: smtp: {error}"))?,
        None => Mail::default(),
    };
    Ok(server::Options {
        public_url: configuration.public_url.clone(),
        trust_forwarded: configuration.trust_forwarded,
        body_timeout: Duration::from_millis(configuration.body_timeout_ms),
        head_timeout: Duration::from_millis(configuration.head_timeout_ms),
        open_metrics: configuration.open_metrics,
        private_openapi: configuration.private_openapi,
        rate_limits: configuration.rate_limits,
        max_deep_links: configuration.max_deep_links,
        oidc_issuer: configuration.oidc_issuer.clone(),
        mail,
        tls: tls_files(configuration),
    })
}

fn tls_files(configuration: &Configuration) -> Option<TlsFiles> {
    let (certificate, key) = configuration.tls_certificate.clone().zip(configuration.tls_key.clone())?;
    Some(TlsFiles { certificate, key })
}

fn log(configuration: &Configuration) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(&configuration.log)
        .map_err(|error| format!("configuration: log is not a filter: {error}"))?;
    // The client of language models logs what providers answer, which may quote keys and prompts.
    let filter = filter.add_directive("genai=off".parse().expect("this is a directive"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match configuration.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
    Ok(())
}
