//! What `tertulia up` and `tertulia join` can be told: by flags, by `TERTULIA_…` variables, and by a TOML file; the first
//! one that says something wins. In the file the keys have the flags' names, those that may be repeated in the plural.

use crate::address::Address;
use anyhow::{Context, bail};
use clap::Args;
use serde::Deserialize;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use tertulia_api::Subnet;
use tertulia_types::Role;

/// Where a machine listens when nobody says otherwise: reached from this computer alone, and without TLS.
const HTTP: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8787);
/// Where a machine listens for others when nobody says otherwise: reached from this computer alone.
const PEER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), PEER_PORT);
/// The port of a machine that is named without one.
pub(crate) const PEER_PORT: u16 = 8788;
/// Where a machine keeps its data when nobody says otherwise.
pub(crate) const DATA: &str = "data";
/// The settings file that is read, if it is there, when none is named.
const FILE: &str = "tertulia.toml";
/// What clients see as the ring's name when nobody says otherwise.
const TITLE: &str = "Tertulia";
/// What is logged when nobody says otherwise. A machine that is away shows in our own lines: the consensus would complain of
/// each heartbeat.
const LOG: &str = "warn,openraft=off";
/// Far more than any token has, should another file be given.
const TOKEN_BYTES_MAX: u64 = 4_096;
/// How many copies a ring keeps when nobody says otherwise: any two machines of five or more may be lost.
pub(crate) const REPLICAS: u8 = 5;
/// More copies make each command dearer, and protect from nothing that happens.
const REPLICAS_MAX: i64 = 9;

/// Flags of `up`.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct UpFlags {
    #[command(flatten)]
    pub(crate) machine: MachineFlags,
    /// On how many machines everybody's data is to be, 1 to 9; settled when the ring is founded [default: 5]
    #[arg(
        long,
        value_name = "N",
        env = "TERTULIA_REPLICAS",
        value_parser = clap::value_parser!(u8).range(1..=REPLICAS_MAX)
    )]
    replicas: Option<u8>,
}

/// Flags of `join`.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct JoinFlags {
    /// Peer address of a member, several in turn; without one, a member is looked for on this network
    #[arg(value_name = "CONTACT", env = "TERTULIA_CONTACTS", value_delimiter = ',')]
    contacts: Vec<Address>,
    /// The token that a member has made (tertulia token). Other users of this computer see what stands on a command line: the
    /// variable or --token-file keeps it from them
    #[arg(long, value_name = "TOKEN", env = "TERTULIA_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// A file that holds the token, if --token gives none; - is standard input
    #[arg(long, value_name = "FILE", env = "TERTULIA_TOKEN_FILE")]
    token_file: Option<PathBuf>,
    /// What the machine is to be: auto leaves it to the ring, or to the token
    #[arg(id = "join_as", long = "as", value_name = "ROLE", env = "TERTULIA_AS")]
    join_as: Option<JoinAs>,
    #[command(flatten)]
    pub(crate) machine: MachineFlags,
}

/// Flags of everything that runs a machine.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct MachineFlags {
    /// Directory of this machine's data [default: data]
    #[arg(id = "machine_data", long = "data", value_name = "DIR", env = "TERTULIA_DATA")]
    data: Option<PathBuf>,
    /// Address and port for people and apps; any address but loopback speaks TLS [default: 127.0.0.1:8787]
    #[arg(long, value_name = "ADDR", env = "TERTULIA_HTTP")]
    http: Option<SocketAddr>,
    /// Address and port for other machines; port 0 takes a free one [default: 127.0.0.1:8788]
    #[arg(long, value_name = "ADDR", env = "TERTULIA_PEER")]
    peer: Option<SocketAddr>,
    /// Where other machines reach this one, if that is not --peer: HOST or HOST:PORT; repeatable
    #[arg(long, value_name = "ADDR", env = "TERTULIA_ADVERTISE", value_delimiter = ',')]
    advertise: Vec<Address>,
    /// File with the key under which this machine's data is encrypted; settled when the ring is founded
    #[arg(long, value_name = "FILE", env = "TERTULIA_KEY_FILE")]
    key_file: Option<PathBuf>,
    /// Let no people and no newcomers in here, and recommend other machines to them
    #[arg(long, env = "TERTULIA_NO_ENTRY")]
    no_entry: bool,
    /// A name by which people reach this machine, for its certificate; repeatable
    #[arg(
        id = "names",
        long = "name",
        value_name = "NAME",
        env = "TERTULIA_NAME",
        value_delimiter = ','
    )]
    names: Vec<String>,
    /// Certificate chain (PEM) to be used instead of the ring's own authority
    #[arg(long, value_name = "FILE", env = "TERTULIA_TLS_CERT", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Private key (PEM) of that certificate
    #[arg(long, value_name = "FILE", env = "TERTULIA_TLS_KEY", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// What the community is called
    #[arg(long, env = "TERTULIA_TITLE")]
    title: Option<String>,
    /// How much is logged: error, warn, info, debug, or per part as in tertulia_node=debug [default: warn]
    #[arg(long, value_name = "LEVEL", env = "TERTULIA_LOG")]
    log: Option<String>,
    /// Log one JSON object a line
    #[arg(long, env = "TERTULIA_LOG_JSON")]
    log_json: bool,
    /// Limits of how often people and addresses may ask; off is for load tests
    #[arg(long, value_name = "on|off", env = "TERTULIA_RATE_LIMIT")]
    rate_limit: Option<Switch>,
    /// A proxy that says for whom it asks (X-Forwarded-For): address, or network such as 10.0.0.0/8; repeatable
    #[arg(
        id = "behind_proxies",
        long = "behind-proxy",
        value_name = "NET",
        env = "TERTULIA_BEHIND_PROXY",
        value_delimiter = ','
    )]
    behind_proxies: Vec<Subnet>,
    /// Let anybody read the figures at /metrics, and not only who is on this computer
    #[arg(long, env = "TERTULIA_OPEN_METRICS")]
    open_metrics: bool,
    /// Settings file [default: tertulia.toml in the data directory]
    #[arg(long, value_name = "FILE", env = "TERTULIA_CONFIG")]
    config: Option<PathBuf>,
}

/// What the file may say.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct File {
    data: Option<PathBuf>,
    http: Option<SocketAddr>,
    peer: Option<SocketAddr>,
    advertise: Vec<Address>,
    key_file: Option<PathBuf>,
    no_entry: bool,
    names: Vec<String>,
    tls_cert: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    title: Option<String>,
    log: Option<String>,
    log_json: bool,
    rate_limit: Option<Switch>,
    behind_proxies: Vec<String>,
    open_metrics: bool,
    replicas: Option<u8>,
    contacts: Vec<Address>,
    token: Option<String>,
    token_file: Option<PathBuf>,
    #[serde(rename = "as")]
    join_as: Option<JoinAs>,
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Switch {
    On,
    Off,
}

/// As what a machine joins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
enum JoinAs {
    #[default]
    Auto,
    Node,
    Replica,
    Gateway,
}

impl JoinAs {
    fn role(self) -> Option<Role> {
        match self {
            Self::Auto => None,
            Self::Node => Some(Role::Node),
            Self::Replica => Some(Role::Replica),
            Self::Gateway => Some(Role::Gateway),
        }
    }
}

/// What a machine is run with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MachineSettings {
    pub(crate) data: PathBuf,
    pub(crate) http: SocketAddr,
    pub(crate) peer: SocketAddr,
    pub(crate) advertise: Vec<Address>,
    /// What opens the data, where the ring encrypts it.
    pub(crate) key_file: Option<PathBuf>,
    pub(crate) is_entry: bool,
    pub(crate) names: Vec<String>,
    /// Certificate chain and key.
    pub(crate) tls_files: Option<(PathBuf, PathBuf)>,
    pub(crate) title: String,
    pub(crate) log: String,
    pub(crate) log_json: bool,
    pub(crate) is_limited: bool,
    pub(crate) proxies: Vec<Subnet>,
    pub(crate) has_open_metrics: bool,
}

/// What a ring is founded with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UpSettings {
    pub(crate) machine: MachineSettings,
    /// `None`: nobody has said how many.
    pub(crate) replicas: Option<u8>,
}

/// What a ring is joined with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JoinSettings {
    pub(crate) machine: MachineSettings,
    /// Members to ask, in turn; with none they are looked for.
    pub(crate) contacts: Vec<Address>,
    pub(crate) token: Option<String>,
    /// `None`: whatever the token says, else whatever the ring needs most.
    pub(crate) role: Option<Role>,
}

impl MachineSettings {
    /// Whether clients come by TLS: wherever others could listen in.
    pub(crate) fn speaks_tls(&self) -> bool {
        self.tls_files.is_some() || !self.http.ip().is_loopback()
    }
}

impl UpFlags {
    /// What the flags and variables say, what the file says where they are silent, and the defaults.
    pub(crate) fn resolve(self) -> anyhow::Result<UpSettings> {
        let file = self.machine.file()?;
        let replicas = self.replicas.or(file.replicas);
        if replicas.is_some_and(|replicas| !(1..=REPLICAS_MAX).contains(&i64::from(replicas))) {
            bail!("replicas is a number from 1 to {REPLICAS_MAX}");
        }
        Ok(UpSettings {
            replicas,
            machine: self.machine.resolve(file)?,
        })
    }
}

impl JoinFlags {
    /// What the flags and variables say, what the file says where they are silent, and the defaults.
    pub(crate) fn resolve(self) -> anyhow::Result<JoinSettings> {
        let file = self.machine.file()?;
        let said = |token: &String| !token.trim().is_empty();
        let token = match (self.token.filter(said), self.token_file) {
            (None, Some(path)) => Some(token_in(&path)?).filter(said),
            (None, None) => match (&file.token, &file.token_file) {
                (Some(token), _) => Some(token.clone()).filter(said),
                (None, Some(path)) => Some(token_in(path)?).filter(said),
                (None, None) => None,
            },
            (token @ Some(_), _) => token,
        };
        Ok(JoinSettings {
            contacts: first(self.contacts, &file.contacts),
            token: token.map(|token| token.trim().to_owned()),
            role: self.join_as.or(file.join_as).unwrap_or_default().role(),
            machine: self.machine.resolve(file)?,
        })
    }
}

impl MachineFlags {
    fn resolve(self, file: File) -> anyhow::Result<MachineSettings> {
        let (cert, key) = (self.tls_cert.or(file.tls_cert), self.tls_key.or(file.tls_key));
        let tls_files = match (cert, key) {
            (Some(cert), Some(key)) => Some((cert, key)),
            (None, None) => None,
            _ => bail!("tls-cert and tls-key go together: give both or none"),
        };
        let listed = file.behind_proxies.iter().map(|subnet| subnet.parse());
        let listed = listed.collect::<Result<Vec<_>, _>>().context("behind-proxies")?;
        Ok(MachineSettings {
            data: self.data.or(file.data).unwrap_or_else(|| DATA.into()),
            http: self.http.or(file.http).unwrap_or(HTTP),
            peer: self.peer.or(file.peer).unwrap_or(PEER),
            advertise: first(self.advertise, &file.advertise),
            key_file: self.key_file.or(file.key_file),
            is_entry: !(self.no_entry || file.no_entry),
            names: first(self.names, &file.names),
            tls_files,
            title: self.title.or(file.title).unwrap_or_else(|| TITLE.to_owned()),
            log: self.log.or(file.log).unwrap_or_else(|| LOG.to_owned()),
            log_json: self.log_json || file.log_json,
            is_limited: self.rate_limit.or(file.rate_limit) != Some(Switch::Off),
            proxies: first(self.behind_proxies, &listed),
            has_open_metrics: self.open_metrics || file.open_metrics,
        })
    }

    fn file(&self) -> anyhow::Result<File> {
        let usual = || self.data.as_deref().unwrap_or(Path::new(DATA)).join(FILE);
        let path = match &self.config {
            Some(path) => path.clone(),
            None if usual().exists() => usual(),
            None => return Ok(File::default()),
        };
        let text = std::fs::read_to_string(&path);
        let text = text.with_context(|| format!("the settings file {} cannot be read", path.display()))?;
        toml::from_str(&text)
            .with_context(|| format!("the settings file {} cannot be understood", path.display()))
    }
}

/// The token that a file holds; `-` is standard input.
fn token_in(path: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin().take(TOKEN_BYTES_MAX).read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(TOKEN_BYTES_MAX).read_to_string(&mut text))
    };
    read.with_context(|| format!("the token cannot be read from {}", path.display()))?;
    Ok(text)
}

/// The first list that says something.
fn first<T: Clone>(flags: Vec<T>, file: &[T]) -> Vec<T> {
    if flags.is_empty() { file.to_vec() } else { flags }
}

#[cfg(test)]
mod tests {
    use super::{JoinAs, JoinFlags, MachineFlags, Switch, UpFlags};
    use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
    use std::path::PathBuf;
    use tertulia_types::Role;

    fn flags_with(file: &str) -> (tempfile::TempDir, MachineFlags) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("tertulia.toml"), file).unwrap();
        let flags = MachineFlags {
            data: Some(dir.path().to_owned()),
            ..MachineFlags::default()
        };
        (dir, flags)
    }

    fn up(machine: MachineFlags) -> UpFlags {
        UpFlags {
            machine,
            replicas: None,
        }
    }

    fn join(machine: MachineFlags) -> JoinFlags {
        JoinFlags {
            machine,
            ..JoinFlags::default()
        }
    }

    #[test]
    fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
        let file = "http = '127.0.0.1:1'\ntitle = 'Barrio'\nnames = ['a.local']\nrate-limit = 'off'\n\
                    peer = '10.0.0.1:7'\nadvertise = ['b.local:8']\nreplicas = 3\nno-entry = true\n";
        let (_dir, machine) = flags_with(file);
        let flags = up(MachineFlags {
            title: Some("Taller".to_owned()),
            rate_limit: Some(Switch::On),
            advertise: vec!["c.local".parse().unwrap()],
            ..machine.clone()
        });
        let settings = flags.resolve().unwrap();
        assert_eq!(settings.replicas, Some(3));
        let said = settings.machine;
        assert_eq!((said.title.as_str(), said.http.port()), ("Taller", 1));
        assert_eq!(said.names, ["a.local"]);
        assert_eq!(
            (said.peer.to_string().as_str(), said.is_entry),
            ("10.0.0.1:7", false)
        );
        assert_eq!(said.advertise[0].with_port(8788), "c.local:8788");
        assert!(said.is_limited);
        assert_eq!(said.log, super::LOG);
        let flags = UpFlags {
            replicas: Some(1),
            ..up(machine)
        };
        assert_eq!(flags.resolve().unwrap().replicas, Some(1));
    }

    #[test]
    fn without_a_word_the_usual_holds() {
        let (_dir, machine) = flags_with("");
        let said = join(machine).resolve().unwrap();
        assert_eq!(said.machine.peer.to_string(), "127.0.0.1:8788");
        assert!(said.machine.is_entry && said.machine.advertise.is_empty());
        assert_eq!((said.contacts.len(), said.token, said.role), (0, None, None));
    }

    #[test]
    fn a_file_may_say_what_is_joined() {
        let (_dir, machine) = flags_with("contacts = ['a.local']\ntoken = ' word '\nas = 'gateway'\n");
        let said = join(machine.clone()).resolve().unwrap();
        assert_eq!(
            (said.token.as_deref(), said.role),
            (Some("word"), Some(Role::Gateway))
        );
        assert_eq!(said.contacts[0].with_port(super::PEER_PORT), "a.local:8788");
        let flags = JoinFlags {
            token: Some("other".to_owned()),
            join_as: Some(JoinAs::Auto),
            ..join(machine)
        };
        let said = flags.resolve().unwrap();
        assert_eq!((said.token.as_deref(), said.role), (Some("other"), None));
    }

    #[test]
    fn a_token_may_stand_in_a_file_of_its_own() {
        let (dir, machine) = flags_with("");
        let path = dir.path().join("secret");
        let flags = JoinFlags {
            token_file: Some(path.clone()),
            ..join(machine.clone())
        };
        let error = format!("{:#}", flags.clone().resolve().unwrap_err());
        assert!(error.contains("secret"), "{error}");
        std::fs::write(&path, "word\n").unwrap();
        assert_eq!(flags.clone().resolve().unwrap().token.as_deref(), Some("word"));
        let nearer = JoinFlags {
            token: Some("other".to_owned()),
            ..flags
        };
        assert_eq!(nearer.resolve().unwrap().token.as_deref(), Some("other"));
        let settings = format!("token-file = '{}'\n", path.display());
        std::fs::write(dir.path().join("tertulia.toml"), settings).unwrap();
        assert_eq!(join(machine).resolve().unwrap().token.as_deref(), Some("word"));
    }

    #[test]
    fn a_mistyped_key_or_number_is_named_with_its_file() {
        let (_dir, machine) = flags_with("htpp = '127.0.0.1:1'\n");
        let error = format!("{:#}", up(machine).resolve().unwrap_err());
        assert!(
            error.contains("tertulia.toml") && error.contains("htpp"),
            "{error}"
        );
        let (_dir, machine) = flags_with("replicas = 10\n");
        let error = format!("{:#}", up(machine).resolve().unwrap_err());
        assert!(error.contains("replicas") && error.contains('9'), "{error}");
        for wrong in ["advertise = ['a b']\n", "behind-proxies = ['10.0.0.0/33']\n"] {
            let (_dir, machine) = flags_with(wrong);
            assert!(up(machine).resolve().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_certificate_needs_its_key() {
        let (_dir, flags) = flags_with("tls-cert = 'a.pem'\n");
        assert!(up(flags.clone()).resolve().is_err());
        let flags = MachineFlags {
            tls_key: Some(PathBuf::from("a.key")),
            ..flags
        };
        assert!(up(flags).resolve().unwrap().machine.speaks_tls());
    }

    #[derive(Parser)]
    struct Line {
        #[command(subcommand)]
        verb: Verb,
    }

    #[derive(Subcommand)]
    enum Verb {
        Up(UpFlags),
        Join(JoinFlags),
    }

    fn parsed(line: &str) -> Result<Verb, clap::Error> {
        let matches = Line::command().try_get_matches_from(line.split(' '))?;
        Line::from_arg_matches(&matches).map(|line| line.verb)
    }

    #[test]
    fn the_line_says_the_same_as_the_file() {
        let Ok(Verb::Join(flags)) = parsed(
            "tertulia join a.local:1 b.local --token word --as replica --data d --peer 127.0.0.1:0 \
             --advertise x,y:2 --advertise [::1]:3 --no-entry --behind-proxy 127.0.0.1,10.0.0.0/8",
        ) else {
            panic!("a join")
        };
        let said = flags.resolve().unwrap();
        assert_eq!((said.contacts.len(), said.role), (2, Some(Role::Replica)));
        let reached: Vec<_> = said.machine.advertise.iter().map(|to| to.with_port(9)).collect();
        assert_eq!(reached, ["x:9", "y:2", "[::1]:3"]);
        assert!(!said.machine.is_entry && said.machine.peer.port() == 0);
        assert_eq!(said.machine.proxies.len(), 2);
        for wrong in [
            "tertulia up --replicas 0",
            "tertulia up --replicas 10",
            "tertulia up --as node",
            "tertulia join --as king",
            "tertulia join --replicas 3",
            "tertulia up --peer here",
            "tertulia up --behind-proxy here",
        ] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
        assert!(matches!(parsed("tertulia up --replicas 9"), Ok(Verb::Up(_))));
    }
}
