//! `tertulia up`: a machine in the foreground, from its data directory to its last finished request.
//!
//! **Invariant:** the address is taken before the data directory is touched, so a mistake in either leaves no trace.
//! **Invariant:** the first SIGTERM or Ctrl-C finishes what was begun; a second one ends the process at once, and loses
//! nothing that was acknowledged.

use crate::failed;
use crate::settings::{UpFlags, UpSettings};
use anyhow::Context;
use metrics_exporter_prometheus::PrometheusBuilder;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tertulia_api::{Authority, Service, Settings, Tls};
use tertulia_console::Words;
use tertulia_node::{Node, Options};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// How long the groups may take to find their leaders at the start; after that the machine serves what it can.
const READY_TIME_MAX: Duration = Duration::from_secs(30);

/// Runs a machine until it is told to stop.
pub(crate) fn run(flags: UpFlags, words: &Words) -> ExitCode {
    let ran = flags.resolve().and_then(|settings| {
        log(&settings)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(serve(settings, words))
    });
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

fn log(settings: &UpSettings) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&settings.log).context("--log cannot be understood")?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false);
    if settings.log_json {
        builder.json().init()
    } else {
        builder.init()
    }
    Ok(())
}

async fn serve(settings: UpSettings, words: &Words) -> anyhow::Result<()> {
    let listener = TcpListener::bind(settings.http).await.with_context(|| {
        format!(
            "cannot listen on {}; stop what listens there, or give --http another address",
            settings.http
        )
    })?;
    let address = listener.local_addr()?;
    let node = Node::open(Options::new(&settings.data)).await?;
    let tls = tls(&settings, address)?;
    let closing = CancellationToken::new();
    let service = Service::new(Settings {
        node: Arc::clone(&node),
        title: settings.title.clone(),
        is_limited: settings.is_limited,
        tls: tls.clone(),
        metrics: PrometheusBuilder::new().install_recorder()?,
        closing: closing.clone(),
    })?;
    let config = tls.as_ref().map(Tls::config).transpose()?;
    let served = tokio::spawn(tertulia_api::serve(
        listener,
        tertulia_api::app(Arc::clone(&service)),
        config,
        closing.clone(),
    ));
    let fresh = tls
        .clone()
        .map(|tls| tokio::spawn(tls.keep_fresh(closing.clone())));
    if tokio::time::timeout(READY_TIME_MAX, node.until_ready())
        .await
        .is_err()
    {
        tracing::warn!("not all groups have a leader yet");
    }
    greet(&settings, address, tls.as_deref(), words);
    until_told().await?;
    println!("\n{}", words.say("up-stopping"));
    closing.cancel();
    tokio::spawn(end_at_once_if_told_again());
    served.await?;
    service.finish().await;
    if let Some(fresh) = fresh {
        fresh.await?;
    }
    node.stop().await;
    println!("{}", words.say("up-stopped"));
    Ok(())
}

fn tls(settings: &UpSettings, address: SocketAddr) -> anyhow::Result<Option<Arc<Tls>>> {
    if !settings.speaks_tls() {
        return Ok(None);
    }
    let tls = match &settings.tls_files {
        Some((certificate, key)) => Tls::by_files(certificate.clone(), key.clone())?,
        None => Tls::by_ring(Authority::open(&settings.data)?, address, settings.names.clone())?,
    };
    Ok(Some(tls))
}

/// What a newcomer needs to know: where the machine is, whether to trust it, and what to do next.
fn greet(settings: &UpSettings, address: SocketAddr, tls: Option<&Tls>, words: &Words) {
    let scheme = if tls.is_some() { "https" } else { "http" };
    let host = match settings.names.first() {
        Some(name) => format!("{name}:{}", address.port()),
        None if address.ip().is_unspecified() => format!("localhost:{}", address.port()),
        None => address.to_string(),
    };
    let url = format!("{scheme}://{host}");
    let program = std::env::args().next().unwrap_or_else(|| "tertulia".to_owned());
    let server = if url == tertulia_console::once::USUAL_SERVER {
        String::new()
    } else {
        format!(" --server {url}")
    };
    println!(
        "{}",
        words.with(
            "up-running",
            &[
                ("version", env!("CARGO_PKG_VERSION").into()),
                ("url", url.as_str().into())
            ]
        )
    );
    println!(
        "{}",
        words.with("up-data", &[("data", settings.data.display().to_string().into())])
    );
    if let Some(authority) = tls.and_then(Tls::authority) {
        println!(
            "{}",
            words.with(
                "up-fingerprint",
                &[("fingerprint", authority.fingerprint().into())]
            )
        );
        println!("{}", words.with("up-trust", &[("url", url.as_str().into())]));
    }
    println!("\n{}", words.say("up-next"));
    println!("    {program} register NICK{server}");
    println!("    {program} console{server}");
    println!("{}", words.say("up-apps"));
    println!("{}", words.say("up-stop"));
}

/// Returns at the first SIGTERM or Ctrl-C.
async fn until_told() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

async fn end_at_once_if_told_again() {
    if until_told().await.is_ok() {
        std::process::exit(130);
    }
}
