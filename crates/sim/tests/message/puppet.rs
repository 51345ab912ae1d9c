//! A person whose devices are made by hand: they keep to the protocol exactly as far as a test wants.

use crate::town::{PASSWORD, PATIENCE, Town};
use openmls::prelude::{BasicCredential, Capabilities, Ciphersuite, CredentialType, CredentialWithKey};
use openmls::prelude::{KeyPackage, Lifetime, MlsMessageOut};
use openmls_rust_crypto::OpenMlsRustCrypto;
use openmls_sqlite_storage::{Codec, SqliteStorageProvider};
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::{Connection, Endpoint};
use rusqlite::Connection as Database;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring::{default_provider, sign::any_eddsa_type};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::server::AlwaysResolvesServerRawPublicKeys;
use rustls::sign::CertifiedKey;
use rustls::version::TLS13;
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tertulia_client::time::now;
use tertulia_crypto::chain::Chain;
use tertulia_crypto::conversation::Conversation;
use tertulia_crypto::device::{DeviceKey, Named};
use tertulia_crypto::direct::{sign_kept, sign_presence};
use tertulia_crypto::identity::IdentityKey;
use tertulia_crypto::package::make_packages;
use tertulia_types::device::{Change, PublicKey, SignedRecord};
use tertulia_types::entity::{self, Base64, DeviceRecord};
use tertulia_types::presence::{Kept, LIFETIME_MS, Presence};
use tertulia_types::{AccountId, ConversationId, DeviceId, Epoch, MessageId};

/// What the protocol is called.
const PROTOCOL: &[u8] = b"tertulia-direct/1";

/// How the storage of keys is written.
#[derive(Default)]
pub(crate) struct Json;

impl Codec for Json {
    type Error = serde_json::Error;

    fn to_vec<T: Serialize>(value: &T) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(value)
    }

    fn from_slice<T: DeserializeOwned>(slice: &[u8]) -> Result<T, serde_json::Error> {
        serde_json::from_slice(slice)
    }
}

/// The person.
pub(crate) struct Puppet {
    pub(crate) account: AccountId,
    pub(crate) devices: Vec<DeviceKey>,
    keys: Database,
    person: Person,
}

/// Somebody who asks the machine by hand.
pub(crate) struct Person {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Person {
    /// Somebody who is there, or not yet.
    pub(crate) async fn enter(town: &Town, nick: &str) -> Self {
        let mut person = Self {
            http: reqwest::Client::new(),
            url: town.url(),
            token: String::new(),
        };
        let body = json!({ "nick": nick, "password": PASSWORD });
        let entered = match person.try_post("/api/tertulia/v1/register", &body).await {
            (200, entered) => entered,
            (_, _) => person.post("/api/tertulia/v1/login", body).await,
        };
        person.token = entered["access_token"].as_str().expect("a token").to_owned();
        person
    }

    async fn try_post(&self, path: &str, body: &Value) -> (u16, Value) {
        let request = self.http.post(format!("{}{path}", self.url)).json(body);
        let answer = request.bearer_auth(&self.token).send().await.expect("answered");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.try_post(path, &body).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> T {
        let request = self.http.get(format!("{}{path}", self.url));
        let answer = request.bearer_auth(&self.token).send().await.expect("answered");
        assert_eq!(answer.status().as_u16(), 200, "{path}");
        answer.json().await.expect("JSON")
    }

    pub(crate) async fn account(&self, nick: &str) -> AccountId {
        let found: Value = self.get(&format!("/api/v1/accounts/lookup?acct={nick}")).await;
        found["id"].as_str().expect("an id").parse().expect("an id")
    }

    /// Where somebody says to be, with all their devices.
    pub(crate) async fn presences(&self, of: AccountId) -> Vec<entity::Presence> {
        self.get(&format!("/api/tertulia/v1/accounts/{of}/presence"))
            .await
    }
}

fn now_ms() -> u64 {
    now().unix_ms.unsigned_abs()
}

impl Puppet {
    /// Somebody new with so many devices, each with packages at home.
    pub(crate) async fn make(town: &Town, nick: &str, devices: usize) -> Self {
        let person = Person::enter(town, nick).await;
        let account = person.account(nick).await;
        let mut keys = Database::open_in_memory().expect("opens");
        let mut layout = SqliteStorageProvider::<Json, &mut Database>::new(&mut keys);
        layout.run_migrations().expect("laid out");
        let (identity, mut chain) = (IdentityKey::random(), Chain::empty(account));
        let devices: Vec<DeviceKey> = (0..devices).map(|_| DeviceKey::random(account)).collect();
        for device in &devices {
            let change = Change::Add {
                key: device.public(),
                label: "puppet".to_owned(),
            };
            let record = identity.sign(chain.next(identity.public(), change, now_ms()));
            chain.append(&record).expect("holds");
            let record = json!(DeviceRecord::from(&record));
            person.post("/api/tertulia/v1/devices", record).await;
            let storage = SqliteStorageProvider::<Json, &Database>::new(&keys);
            let packages = make_packages(&storage, device, 3, now_ms(), false).expect("made");
            let packages: Vec<Base64> = packages.into_iter().map(Base64).collect();
            let stock = json!({ "device": device.id(), "packages": packages });
            person.post("/api/tertulia/v1/key_packages", stock).await;
        }
        Self {
            account,
            devices,
            keys,
            person,
        }
    }

    /// Leaves one package at home for a device, and no other, that is signed as it should be and fits into no group: it says that the device
    /// cannot read the names which all have.
    pub(crate) async fn stock_unfit(&self, device: usize) {
        let device = &self.devices[device];
        let name = format!("{}/{}", self.account, device.id());
        let named = CredentialWithKey {
            credential: BasicCredential::new(name.into_bytes()).into(),
            signature_key: device.public().0.to_vec().into(),
        };
        let capabilities = Capabilities::builder().credentials(vec![CredentialType::X509]);
        let now_s = now_ms() / 1_000;
        let bundle = KeyPackage::builder()
            .key_package_lifetime(Lifetime::init(now_s - 3_600, now_s + 80 * 24 * 3_600))
            .leaf_node_capabilities(capabilities.build())
            .build(
                Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519,
                &OpenMlsRustCrypto::default(),
                device,
                named,
            );
        let package = MlsMessageOut::from(bundle.expect("made").into_key_package());
        let package = Base64(package.to_bytes().expect("written"));
        let stock = json!({ "device": device.id(), "packages": [package], "replaces": true });
        self.person.post("/api/tertulia/v1/key_packages", stock).await;
    }

    /// Says where one of the devices is, and with which key.
    pub(crate) async fn say(&self, device: usize, key: PublicKey, addresses: Vec<SocketAddr>) {
        let device = &self.devices[device];
        let presence = Presence {
            account: self.account,
            device: device.id(),
            counter: now_ms(),
            until_ms: now_ms() + LIFETIME_MS,
            key,
            addresses,
        };
        let said = sign_presence(device, presence);
        let said = json!(entity::Presence::from(&said));
        self.person.post("/api/tertulia/v1/presence", said).await;
    }

    /// The messages in the mailbox.
    pub(crate) async fn mailbox(&self) -> Vec<entity::Letter> {
        let device = self.devices[0].id();
        let path = format!("/api/tertulia/v1/mailbox?device={device}");
        self.person.get::<entity::Mailbox>(&path).await.letters
    }

    pub(crate) fn storage(&self) -> SqliteStorageProvider<Json, &Database> {
        SqliteStorageProvider::new(&self.keys)
    }

    /// Goes into the group to which somebody has invited.
    pub(crate) async fn join(&self, other: AccountId) -> Conversation {
        let path = format!("/api/tertulia/v1/accounts/{other}/devices");
        let records: Vec<DeviceRecord> = self.person.get(&path).await;
        let records = records
            .into_iter()
            .map(|record| SignedRecord::try_from(record).expect("a record"));
        let theirs = Chain::verify(other, &records.collect::<Vec<_>>()).expect("holds");
        let devices = |account: AccountId, device: DeviceId| {
            let own = self.devices.iter().find(|own| own.id() == device);
            own.filter(|_| account == self.account)
                .map(|own| Named {
                    key: own.public(),
                    ended_ms: None,
                })
                .or_else(|| theirs.named(device))
        };
        let letters = self.mailbox().await;
        let welcome = letters
            .iter()
            .find(|letter| letter.kind == tertulia_types::message::LetterKind::Welcome)
            .expect("a welcome");
        let (id, generation) = (welcome.conversation, welcome.generation);
        assert_eq!(id, ConversationId::of_two(self.account, other));
        let joined = Conversation::join(&self.storage(), &welcome.body.0, id, generation, &devices);
        joined.expect("joined").conversation
    }

    /// A letter with this body, as it is handed over.
    pub(crate) fn handed(&self, id: u8, conversation: &Conversation, body: Vec<u8>) -> Value {
        let Epoch { generation, number } = conversation.epoch();
        json!({
            "id": MessageId([id; 16]), "conversation": conversation.id(), "generation": generation, "epoch": number,
            "sender": self.account, "devices": 1, "body": Base64(body),
        })
    }

    /// Deposits such a letter at somebody's home.
    pub(crate) async fn deposit(&self, handed: &Value, to: AccountId) {
        let mut letter = handed.clone();
        letter["recipients"] = json!([{ "account": to, "devices": 1 }]);
        let answer = self.person.post("/api/tertulia/v1/messages", letter).await;
        assert!(answer[0]["number"].is_u64(), "{answer}");
    }
}

/// What a listener does with a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Signs that it is kept, as it should.
    Keep,
    Refuse,
    /// Says that it is kept, and signs nothing.
    Unsigned,
    /// Signs with a key that is none of the person's.
    OtherKey,
    /// Signs that another letter is kept.
    OtherLetter,
    /// Signs that the letter is kept with another body.
    OtherBody,
    /// Answers with bytes that mean nothing.
    Garbage,
    /// Never answers.
    Silence,
}

/// Somebody who listens by hand.
pub(crate) struct Ear {
    pub(crate) address: SocketAddr,
    pub(crate) key: PublicKey,
    letters: Arc<AtomicUsize>,
    _endpoint: Endpoint,
}

impl Ear {
    /// Listens for a device.
    pub(crate) fn open(device: &DeviceKey, manner: Manner) -> Self {
        let mut secret = vec![48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32];
        secret.extend_from_slice(&*DeviceKey::random(device.account()).seed());
        let signing = any_eddsa_type(&PrivatePkcs8KeyDer::from(secret)).expect("a key");
        let shown = signing.public_key().expect("a public half").to_vec();
        let key = PublicKey(shown[12..].try_into().expect("32 bytes"));
        let shown = CertifiedKey::new(vec![CertificateDer::from(shown)], signing);
        let resolver = AlwaysResolvesServerRawPublicKeys::new(Arc::new(shown));
        let mut config = rustls::ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[&TLS13])
            .expect("a version")
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(resolver));
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        let config = QuicServerConfig::try_from(config).expect("fits");
        let config = quinn::ServerConfig::with_crypto(Arc::new(config));
        let endpoint = Endpoint::server(config, SocketAddr::from(([127, 0, 0, 1], 0))).expect("a port");
        let (letters, device) = (
            Arc::default(),
            DeviceKey::from_seed(device.account(), &device.seed()),
        );
        tokio::spawn(hear(endpoint.clone(), manner, device, Arc::clone(&letters)));
        Self {
            address: endpoint.local_addr().expect("an address"),
            key,
            letters,
            _endpoint: endpoint,
        }
    }

    /// How many letters have come.
    pub(crate) fn letters(&self) -> usize {
        self.letters.load(Ordering::SeqCst)
    }
}

async fn hear(endpoint: Endpoint, manner: Manner, device: DeviceKey, letters: Arc<AtomicUsize>) {
    while let Some(incoming) = endpoint.accept().await {
        // Who does not like the key goes away again.
        let Ok(connection) = incoming.await else {
            continue;
        };
        while let Ok((mut answering, mut handing)) = connection.accept_bi().await {
            let handed = handing.read_to_end(1 << 20).await.expect("a letter");
            let handed: Value = serde_json::from_slice(&handed).expect("JSON");
            letters.fetch_add(1, Ordering::SeqCst);
            let Some(answer) = answer(manner, &device, &handed) else {
                // Held open for as long as the other one waits.
                connection.closed().await;
                break;
            };
            if answering.write_all(&answer).await.is_ok() {
                let _ = answering.finish();
            }
        }
    }
}

fn answer(manner: Manner, device: &DeviceKey, handed: &Value) -> Option<Vec<u8>> {
    let id: MessageId = serde_json::from_value(handed["id"].clone()).expect("an id");
    let body: Base64 = serde_json::from_value(handed["body"].clone()).expect("a body");
    let signed = |by: &DeviceKey, kept: &Kept| {
        let signature = Base64(sign_kept(by, kept));
        Some(json!({ "kept": signature }).to_string().into_bytes())
    };
    let kept = Kept::of(device.id(), id, &body.0);
    match manner {
        Manner::Keep => signed(device, &kept),
        Manner::Refuse => Some(b"\"not_kept\"".to_vec()),
        Manner::Unsigned => Some(json!({ "kept": Base64(vec![0; 64]) }).to_string().into_bytes()),
        Manner::OtherKey => signed(&DeviceKey::random(device.account()), &kept),
        Manner::OtherLetter => signed(device, &Kept::of(device.id(), MessageId([0; 16]), &body.0)),
        Manner::OtherBody => signed(device, &Kept::of(device.id(), id, b"something else")),
        Manner::Garbage => Some(vec![0xFF; 4_096]),
        Manner::Silence => None,
    }
}

/// Somebody who dials, from an address of this computer, and believes any key.
pub(crate) struct Dialler(Endpoint);

impl Dialler {
    pub(crate) fn from(ip: [u8; 4]) -> Self {
        let mut config = rustls::ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[&TLS13])
            .expect("a version")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody))
            .with_no_client_auth();
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        let config = QuicClientConfig::try_from(config).expect("fits");
        let mut endpoint = Endpoint::client(SocketAddr::from((ip, 0))).expect("a port");
        endpoint.set_default_client_config(quinn::ClientConfig::new(Arc::new(config)));
        Self(endpoint)
    }

    pub(crate) async fn dial(&self, address: SocketAddr) -> Option<Connection> {
        let connecting = self.0.connect(address, "somebody").expect("an address");
        let connected = tokio::time::timeout(PATIENCE, connecting).await;
        connected.expect("in time").ok()
    }
}

/// Hands bytes over, and what is answered; nothing if the connection ends instead.
pub(crate) async fn hand(connection: &Connection, bytes: &[u8]) -> Option<Value> {
    let handing = async {
        let (mut handing, mut answering) = connection.open_bi().await.ok()?;
        handing.write_all(bytes).await.ok()?;
        handing.finish().ok()?;
        let answer = answering.read_to_end(1 << 20).await.ok()?;
        serde_json::from_slice(&answer).ok()
    };
    tokio::time::timeout(PATIENCE, handing).await.expect("in time")
}

/// Waits until the other side has ended a connection.
pub(crate) async fn until_cut(connection: &Connection) {
    let closed = tokio::time::timeout(PATIENCE, connection.closed()).await;
    closed.expect("cut off in time");
}

#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("not spoken".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}
