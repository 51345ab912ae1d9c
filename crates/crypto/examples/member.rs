//! A device of a conversation that does what it is told, one JSON object on each line of its input, and answers on each line of its
//! output: what was asked for, or `{"refused": why}`.
//!
//! With it `tests/test_interop.py` lets this crate talk with another implementation: `tests/interop/member.mjs` takes the same orders.
//! Bytes are hexadecimal digits, and the time comes with the order.
//!
//! Deliberately absent: transactions. Its storage is in memory, and whatever comes of an order stays.

use openmls_rust_crypto::MemoryStorage;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::error::Error;
use std::io::{BufRead as _, Write as _};
use tertulia_crypto::chain::Chain;
use tertulia_crypto::conversation::Conversation;
use tertulia_crypto::device::{DeviceKey, Named};
use tertulia_crypto::identity::IdentityKey;
use tertulia_crypto::opened::Opened;
use tertulia_crypto::package::{Package, make_packages};
use tertulia_crypto::payload::Payload;
use tertulia_types::device::{Change, PublicKey};
use tertulia_types::hexadecimal::digits;
use tertulia_types::{AccountId, ConversationId, DeviceId};

type Failure = Box<dyn Error>;

#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
enum Order {
    /// Be a new device of this account.
    Begin { account: AccountId },
    /// This device lives from now on.
    Believe { account: AccountId, key: String },
    /// It does not live any more.
    Doubt { account: AccountId, device: DeviceId },
    /// Make a package.
    Package { now_ms: u64, is_last_resort: bool },
    /// Begin a group.
    Create {
        conversation: ConversationId,
        generation: u32,
        now_ms: u64,
    },
    /// Go into one.
    Join {
        conversation: ConversationId,
        generation: u32,
        welcome: String,
    },
    /// Make a change.
    Change {
        add: Vec<Added>,
        remove: Vec<DeviceId>,
        now_ms: u64,
    },
    /// The home has taken it.
    Accepted,
    /// The home has taken another one.
    Rejected,
    /// Forget the group.
    Forget,
    /// Seal a message.
    Seal { payload: Payload },
    /// Open what has come in.
    Open { bytes: String },
    /// Say where the group is.
    State,
}

#[derive(Deserialize)]
struct Added {
    account: AccountId,
    package: String,
}

struct Member {
    device: DeviceKey,
    storage: MemoryStorage,
    chains: BTreeMap<AccountId, (IdentityKey, Chain)>,
    conversation: Option<Conversation>,
}

fn main() -> Result<(), Failure> {
    let mut member = None;
    for line in std::io::stdin().lock().lines() {
        let order: Order = serde_json::from_str(&line?)?;
        let answer = match (order, &mut member) {
            (Order::Begin { account }, _) => Ok(member.insert(Member::new(account)).introduction()),
            (order, Some(member)) => member.obey(order),
            (_, None) => Err("nobody has begun".into()),
        };
        let answer = answer.unwrap_or_else(|failure| json!({ "refused": with_causes(&*failure) }));
        writeln!(std::io::stdout(), "{answer}")?;
    }
    Ok(())
}

impl Member {
    fn new(account: AccountId) -> Self {
        Self {
            device: DeviceKey::random(account),
            storage: MemoryStorage::default(),
            chains: BTreeMap::new(),
            conversation: None,
        }
    }

    fn introduction(&self) -> Value {
        json!({ "device": self.device.id(), "key": digits(&self.device.public().0) })
    }

    fn obey(&mut self, order: Order) -> Result<Value, Failure> {
        match order {
            Order::Begin { .. } => Err("somebody has begun".into()),
            Order::Believe { account, key } => {
                let key = PublicKey(bytes(&key)?.try_into().map_err(|_| "a key has 32 bytes")?);
                let label = "device".to_owned();
                self.say(account, Change::Add { key, label })
            }
            Order::Doubt { account, device } => self.say(account, Change::Revoke { device }),
            Order::Package {
                now_ms,
                is_last_resort,
            } => {
                let made = make_packages(&self.storage, &self.device, 1, now_ms, is_last_resort)?;
                Ok(json!({ "package": digits(&made.concat()) }))
            }
            Order::Create {
                conversation,
                generation,
                now_ms,
            } => {
                let (storage, device) = (&self.storage, &self.device);
                let created = Conversation::create(storage, device, conversation, generation, now_ms)?;
                self.conversation = Some(created);
                Ok(json!({}))
            }
            Order::Join {
                conversation,
                generation,
                welcome,
            } => {
                let welcome = bytes(&welcome)?;
                let devices = devices(&self.chains);
                let joined = Conversation::join(&self.storage, &welcome, conversation, generation, &devices)?;
                self.conversation = Some(joined.conversation);
                Ok(json!({ "by": joined.by }))
            }
            Order::Change { add, remove, now_ms } => self.change(&add, &remove, now_ms),
            Order::Accepted => {
                group(&mut self.conversation)?.accepted(&self.storage)?;
                Ok(json!({}))
            }
            Order::Rejected => {
                group(&mut self.conversation)?.rejected(&self.storage)?;
                Ok(json!({}))
            }
            Order::Forget => {
                let forgotten = self.conversation.take().ok_or(NO_GROUP)?;
                forgotten.delete(&self.storage)?;
                Ok(json!({}))
            }
            Order::Seal { payload } => {
                let payload = payload.encode()?;
                let sealed = group(&mut self.conversation)?.seal(&self.storage, &self.device, &payload)?;
                Ok(json!({ "sealed": digits(&sealed) }))
            }
            Order::Open { bytes: sealed } => {
                let (sealed, devices) = (bytes(&sealed)?, devices(&self.chains));
                told(group(&mut self.conversation)?.open(&self.storage, &sealed, &devices)?)
            }
            Order::State => {
                let group = group(&mut self.conversation)?;
                Ok(json!({
                    "epoch": group.epoch(),
                    "members": group.members(),
                    "authenticator": digits(&group.authenticator()),
                    "is_in": group.is_in(),
                }))
            }
        }
    }

    /// Every account has an identity that only this program knows: what the others say of theirs is for the tests of chains.
    fn say(&mut self, account: AccountId, change: Change) -> Result<Value, Failure> {
        let new = || (IdentityKey::random(), Chain::empty(account));
        let (identity, chain) = self.chains.entry(account).or_insert_with(new);
        let record = chain.next(identity.public(), change, 1);
        chain.append(&identity.sign(record))?;
        Ok(json!({}))
    }

    fn change(&mut self, add: &[Added], remove: &[DeviceId], now_ms: u64) -> Result<Value, Failure> {
        let check = |added: &Added| -> Result<Package, Failure> {
            let nothing = Chain::empty(added.account);
            let chain = self
                .chains
                .get(&added.account)
                .map_or(&nothing, |(_, chain)| chain);
            Ok(Package::check(&bytes(&added.package)?, chain, now_ms)?)
        };
        let add = add.iter().map(check).collect::<Result<Vec<_>, _>>()?;
        let group = group(&mut self.conversation)?;
        let change = group.change(&self.storage, &self.device, &add, remove)?;
        Ok(json!({
            "epoch_before": change.epoch_before,
            "commit": digits(&change.commit),
            "welcome": change.welcome.as_deref().map(digits),
        }))
    }
}

const NO_GROUP: &str = "this device has no group";

fn group(conversation: &mut Option<Conversation>) -> Result<&mut Conversation, &'static str> {
    conversation.as_mut().ok_or(NO_GROUP)
}

fn devices(
    chains: &BTreeMap<AccountId, (IdentityKey, Chain)>,
) -> impl Fn(AccountId, DeviceId) -> Option<Named> + '_ {
    |account, device| chains.get(&account).and_then(|(_, chain)| chain.named(device))
}

fn told(opened: Opened) -> Result<Value, Failure> {
    Ok(match opened {
        Opened::Message {
            account,
            device,
            epoch,
            payload,
        } => json!({
            "opened": "message",
            "by": (account, device),
            "epoch": epoch,
            "payload": Payload::decode(&payload)?,
            "payload_bytes": payload.len(),
        }),
        Opened::Changed {
            by,
            added,
            removed,
            is_own_removal,
            epoch,
        } => json!({
            "opened": "changed",
            "by": by,
            "added": added,
            "removed": removed,
            "is_own_removal": is_own_removal,
            "epoch": epoch,
        }),
        Opened::TooEarly { .. } => json!({ "opened": "too_early" }),
        Opened::TooLate => json!({ "opened": "too_late" }),
        Opened::Repeat => json!({ "opened": "repeat" }),
        Opened::Own => json!({ "opened": "own" }),
    })
}

fn bytes(text: &str) -> Result<Vec<u8>, Failure> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return Err("bytes are two digits each".into());
    }
    let byte = |pair: &[u8; 2]| Ok(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?);
    pairs.iter().map(byte).collect()
}

fn with_causes(failure: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(failure), |error| (*error).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
