//! `tertulia up` and `tertulia join`: a machine in the foreground, from its data directory to its last finished request.
//!
//! **Invariant:** the addresses are taken before the data directory is touched, so a mistake in any leaves no trace.
//! **Invariant:** the first SIGTERM or Ctrl-C finishes what was begun; a second one ends the process at once, and loses
//! nothing that was acknowledged.

use crate::beginning::{self, Beginning, NotJoined, Remark};
use crate::control::{Control, Operator, TokenWish};
use crate::failed;
use crate::key_file;
use crate::machine::{self, Machine};
use crate::operate::{join_command, only_here};
use crate::said::Said;
use crate::settings::{JoinFlags, JoinSettings, MachineSettings, UpFlags, UpSettings};
use anyhow::Context;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::stat::{Mode, umask};
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tertulia_api::{Asset, Service, Settings, Tls};
use tertulia_console::Words;
use tertulia_discovery::Http;
use tertulia_types::ring::RingFacts;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// How long the groups may take to find their leaders at the start; after that the machine serves what it can.
const READY_TIME_MAX: Duration = Duration::from_secs(30);
/// Each port takes some thousand connections; databases and logs need some hundred files.
const OPEN_FILES: u64 = 32_768;
/// Between two looks at what was measured.
const METRICS_INTERVAL: Duration = Duration::from_secs(5);
/// How long the token is valid that is printed at the start.
const TOKEN_VALID_S: u64 = 24 * 3_600;

/// What the operator wants.
enum Wish {
    Up(UpSettings),
    Join(JoinSettings),
}

/// Runs a machine that founds a ring, or belongs to one, until it is told to stop.
pub(crate) fn up(flags: UpFlags, words: &Words) -> ExitCode {
    run(flags.resolve().map(Wish::Up), words)
}

/// Runs a machine that joins a ring, or belongs to it, until it is told to stop.
pub(crate) fn join(flags: JoinFlags, words: &Words) -> ExitCode {
    run(flags.resolve().map(Wish::Join), words)
}

/// A machine that is to be of the next version, for trying two versions together (R15). Only programs built for development can be.
#[cfg(debug_assertions)]
fn choose_version() {
    if std::env::var_os("TERTULIA_NEXT").is_some() {
        tertulia_node::be_next();
    }
}

#[cfg(not(debug_assertions))]
const fn choose_version() {}

fn run(wish: anyhow::Result<Wish>, words: &Words) -> ExitCode {
    choose_version();
    let ran = wish.and_then(|wish| {
        log(wish.machine())?;
        settle();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(serve(&wish, words))
    });
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

/// What is written is its owner's alone, databases too; and there may be as many open files as connections.
fn settle() {
    umask(Mode::from_bits_truncate(0o077));
    let raised = getrlimit(Resource::RLIMIT_NOFILE).and_then(|(soft, hard)| {
        let wanted = hard.min(OPEN_FILES).max(soft);
        setrlimit(Resource::RLIMIT_NOFILE, wanted, hard)
    });
    if let Err(error) = raised {
        tracing::warn!(%error, "the number of open files stays as it is");
    }
}

fn log(settings: &MachineSettings) -> anyhow::Result<()> {
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

impl Wish {
    fn machine(&self) -> &MachineSettings {
        match self {
            Self::Up(settings) => &settings.machine,
            Self::Join(settings) => &settings.machine,
        }
    }

    fn beginning(
        &self,
        here: Option<&RingFacts>,
        words: &Words,
    ) -> anyhow::Result<(Beginning, Option<Remark>)> {
        let settings = match self {
            Self::Up(settings) => return Ok(beginning::of_up(here, settings)),
            Self::Join(settings) => settings,
        };
        beginning::of_join(here, settings, machine::ring_of).map_err(|why| {
            let values = [
                ("data", settings.machine.data.display().to_string().into()),
                (
                    "ring",
                    here.map(|ring| ring.name.clone()).unwrap_or_default().into(),
                ),
            ];
            let said = match why {
                NotJoined::NoToken => Said::misused(words.say("join-no-token")),
                NotJoined::BadToken => Said::misused(words.say("join-bad-token")),
                NotJoined::OtherRing => Said::refused(words.with("join-other-ring", &values)),
            };
            said.into()
        })
    }
}

/// Histograms hold each value until somebody counts them.
async fn keep_bounded(metrics: PrometheusHandle) {
    loop {
        tokio::time::sleep(METRICS_INTERVAL).await;
        metrics.run_upkeep();
    }
}

/// The web app's files, as they were when this program was built.
fn web_app() -> Vec<Asset> {
    let asset = |file: &tertulia_web::File| Asset {
        path: file.path,
        media_type: file.media_type,
        plain: file.plain,
        gzip: file.gzip,
        brotli: file.brotli,
    };
    tertulia_web::FILES.iter().map(asset).collect()
}

async fn serve(wish: &Wish, words: &Words) -> anyhow::Result<()> {
    let settings = wish.machine();
    let listener = listen(settings.http, "--http").await?;
    let peer = listen(settings.peer, "--peer").await?;
    let address = listener.local_addr()?;
    let key = key_file::of(settings.key_file.as_deref(), &settings.data, words)?;
    key_file::fits(key.as_ref(), &settings.data, words)?;
    let here = machine::belongs_to(&settings.data, key.as_ref())?;
    let (beginning, remark) = wish.beginning(here.as_ref(), words)?;
    let is_new = !matches!(beginning, Beginning::Resume { .. });
    let url = url(settings, address);
    let urls = tertulia_api::entry_urls(address, &settings.names, settings.speaks_tls());
    let machine = Machine::start(settings, key, beginning, peer, urls, words).await?;
    let tls = tls(settings, &machine, address)?;
    let (closing, left) = (CancellationToken::new(), CancellationToken::new());
    let metrics = PrometheusBuilder::new().install_recorder()?;
    tokio::spawn(
        closing
            .clone()
            .run_until_cancelled_owned(keep_bounded(metrics.clone())),
    );
    let service = Service::new(Settings {
        node: Arc::clone(machine.node()),
        title: machine.ring().name.clone(),
        app: web_app(),
        is_limited: settings.is_limited,
        proxies: settings.proxies.clone(),
        has_open_metrics: settings.has_open_metrics,
        tls: tls.clone(),
        entries: machine.entries(closing.clone()),
        metrics,
        closing: closing.clone(),
    })?;
    let control = Control::bind(&settings.data)
        .with_context(|| format!("commands cannot be taken in {}", settings.data.display()))?;
    let operator: Arc<dyn Operator> = machine.clone();
    let commanded = tokio::spawn(control.serve(operator, closing.clone(), left.clone()));
    let _announcer = machine.announce(Http {
        listen: address,
        is_tls: settings.speaks_tls(),
        host: settings.names.first().cloned(),
    });
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
    if tokio::time::timeout(READY_TIME_MAX, machine.node().until_ready())
        .await
        .is_err()
    {
        tracing::warn!("not all groups have a leader yet");
    }
    if let (Wish::Join(_), true) = (wish, is_new) {
        let ring = [("ring", machine.ring().name.as_str().into())];
        println!("{}", words.with("join-joined", &ring));
    }
    remarked(remark, machine.ring(), words);
    greet(settings, &url, tls.as_deref(), words);
    invite(machine.as_ref(), settings, words).await;
    println!("{}", words.say("up-stop"));
    tokio::select! {
        told = until_told() => told?,
        () = left.cancelled() => {}
    }
    println!("\n{}", words.say("up-stopping"));
    closing.cancel();
    tokio::spawn(end_at_once_if_told_again());
    commanded.await?;
    served.await?;
    service.finish().await;
    if let Some(fresh) = fresh {
        fresh.await?;
    }
    machine.stop().await;
    if left.is_cancelled() {
        let data = [("data", settings.data.display().to_string().into())];
        println!("{}", words.with("up-left", &data));
    } else {
        println!("{}", words.say("up-stopped"));
    }
    Ok(())
}

async fn listen(address: SocketAddr, flag: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}; stop what listens there, or give {flag} another address")
    })
}

fn tls(
    settings: &MachineSettings,
    machine: &Machine,
    address: SocketAddr,
) -> anyhow::Result<Option<Arc<Tls>>> {
    if !settings.speaks_tls() {
        return Ok(None);
    }
    let tls = match &settings.tls_files {
        Some((certificate, key)) => Tls::by_files(certificate.clone(), key.clone())?,
        None => Tls::by_ring(machine.signer(), address, settings.names.clone())?,
    };
    Ok(Some(tls))
}

/// Where people reach the machine.
fn url(settings: &MachineSettings, address: SocketAddr) -> String {
    let scheme = if settings.speaks_tls() { "https" } else { "http" };
    let host = match settings.names.first() {
        Some(name) => format!("{name}:{}", address.port()),
        None if address.ip().is_unspecified() => format!("localhost:{}", address.port()),
        None => address.to_string(),
    };
    format!("{scheme}://{host}")
}

fn remarked(remark: Option<Remark>, ring: &RingFacts, words: &Words) {
    let said = match remark {
        None => return,
        Some(Remark::Resumes) => words.with("up-resumes", &[("ring", ring.name.as_str().into())]),
        Some(Remark::ReplicasSettled) => {
            words.with("up-replicas-settled", &[("settled", ring.replicas.into())])
        }
    };
    println!("{said}");
}

/// What a newcomer needs to know: where the machine is, whether to trust it, and what to do next.
fn greet(settings: &MachineSettings, url: &str, tls: Option<&Tls>, words: &Words) {
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
            &[("version", env!("CARGO_PKG_VERSION").into()), ("url", url.into())]
        )
    );
    println!(
        "{}",
        words.with("up-data", &[("data", settings.data.display().to_string().into())])
    );
    if let Some(file) = &settings.key_file {
        let file = [("file", file.display().to_string().into())];
        println!("{}", words.with("up-encrypted", &file));
    }
    if let Some(ca) = tls.and_then(Tls::ca) {
        println!(
            "{}",
            words.with(
                "up-fingerprint",
                &[("fingerprint", ca.fingerprint().to_string().into())]
            )
        );
        println!("{}", words.with("up-trust", &[("url", url.into())]));
    }
    println!("\n{}", words.say("up-next"));
    println!("    {program} register NICK{server}");
    println!("    {program} console{server}");
    println!("{}", words.say("up-apps"));
}

/// How one more machine joins; a machine that admits nobody says nothing. What is not read by a person at once may be kept, as a service's output is: there
/// stands no token.
async fn invite(machine: &Machine, settings: &MachineSettings, words: &Words) {
    if !std::io::stdout().is_terminal() {
        if machine.admits() {
            let data = [("data", settings.data.display().to_string().into())];
            println!("\n{}", words.with("up-another-machine-how", &data));
        }
        return;
    }
    let wish = TokenWish {
        role: None,
        valid_for_s: TOKEN_VALID_S,
    };
    let Ok(invitation) = machine.token(&wish).await else {
        return;
    };
    println!("\n{}", words.say("up-another-machine"));
    println!("    {}", join_command(&invitation, None));
    let data = format!("{}-2", settings.data.display());
    let more = format!("--data {data} --http 127.0.0.1:0 --peer 127.0.0.1:0");
    println!("{}", words.with("up-here-too", &[("more", more.into())]));
    if only_here(&invitation.contacts) {
        println!("{}", words.say("up-peer-loopback"));
    }
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
