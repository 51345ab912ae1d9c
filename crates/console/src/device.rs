//! A person's devices: the dialogues that let one in, back up what may not be lost, take it back or begin anew; and how it all looks.

use crate::account::Left;
use crate::answer::Answer;
use crate::asking::Asking;
use crate::choice::folded;
use crate::look::Look;
use crate::page::{Page, Style};
use crate::qr;
use crate::words::Words;
use std::path::PathBuf;
use tertulia_client::failure::Misuse;
use tertulia_client::message::devices::{OwnDevice, ShutOut};
use tertulia_client::message::link::{Linked, Step};
use tertulia_client::message::recovery::{BackedUp, Restored, With};
use tertulia_client::message::verify::Verification;
use tertulia_client::{Client, Failure};
use zeroize::Zeroizing;

/// Between two lines that tell how much was handed over.
const MESSAGES_STEP: usize = 1_000;

/// What is known of a link before anything is asked.
#[derive(Debug, Default)]
pub(crate) struct Linking {
    /// The code that the new computer shows.
    pub(crate) code: Option<Zeroizing<String>>,
    /// What this computer is to be called among the devices.
    pub(crate) label: Option<String>,
    /// That the new computer is to be let in.
    pub(crate) sure: bool,
}

/// Links two computers of a person: run on both.
pub(crate) async fn link(asking: &mut Asking<'_>, client: &Client, linking: Linking) -> Result<Answer, Left> {
    asking.trusting(client, async || client.reach().await).await?;
    let messenger = client.messenger().await?;
    if linking.code.is_none() && messenger.is_to_be_linked().await? {
        let invitation = messenger.invite().await?;
        let values = [
            ("code", invitation.code().as_str().to_owned().into()),
            ("device", invitation.short().into()),
        ];
        let text = asking.look.words.with("link-code", &values);
        let mut page = asking.look.page();
        qr::draw(asking.look, &mut page, &invitation.code());
        page.text(Style::Strong, 0, &text);
        asking.terminal.show(&page);
        let told = progress(asking);
        let linked = messenger
            .be_let_in(&invitation, linking.label.as_deref(), told)
            .await?;
        return Ok(Answer::Linked { linked, is_new: true });
    }
    let code = match linking.code {
        Some(code) => code,
        None => Zeroizing::new(
            asking
                .line("ask-link-code", |_, typed| {
                    (!typed.trim().is_empty()).then(|| typed.to_owned())
                })
                .ok_or(Left::Cancelled)?,
        ),
    };
    let guest = messenger.look_for(&code).await?;
    let values = [
        ("computer", guest.computer.as_str().into()),
        ("device", guest.short.as_str().into()),
    ];
    let text = asking.look.words.with("link-guest", &values);
    asking.say(Style::Strong, &text);
    if !linking.sure && !asking.yes("ask-link").ok_or(Left::Cancelled)? {
        return Err(Left::Cancelled);
    }
    let linked = messenger.let_in(&guest, progress(asking)).await?;
    Ok(Answer::Linked {
        linked,
        is_new: false,
    })
}

/// Tells how far a link has come.
fn progress<'a>(asking: &'a mut Asking<'_>) -> impl FnMut(Step) + 'a {
    let mut told = 0;
    move |step| {
        let text = match step {
            Step::Met => asking.look.words.say("link-met"),
            Step::Messages(count) if count >= told + MESSAGES_STEP => {
                told = count;
                asking.look.words.with("link-messages", &[("n", count.into())])
            }
            Step::Messages(_) => return,
            Step::Entered => asking.look.words.say("link-entered"),
        };
        asking.say(Style::Dim, &text);
    }
}

/// Whether what was typed behind `devices` asks to begin anew.
pub(crate) fn is_reset(words: &Words, typed: &str) -> bool {
    let typed = folded(typed);
    typed == "reset" || typed == folded(&words.say("device-word-reset"))
}

/// Begins anew with another identity.
pub(crate) async fn reset(asking: &mut Asking<'_>, client: &Client, sure: bool) -> Result<Answer, Left> {
    asking.trusting(client, async || client.reach().await).await?;
    if !sure {
        asking.hint("reset-warning");
        if !asking.yes("ask-reset").ok_or(Left::Cancelled)? {
            return Err(Left::Cancelled);
        }
    }
    client.messenger().await?.reset_devices().await?;
    Ok(Answer::DevicesReset)
}

/// Backs up what may not be lost. The code, if it is a new one, is shown here and never again.
pub(crate) async fn backup(
    asking: &mut Asking<'_>,
    client: &Client,
    file: Option<PathBuf>,
    code: Option<Zeroizing<String>>,
    is_new: bool,
) -> Result<Answer, Left> {
    asking.trusting(client, async || client.reach().await).await?;
    let nick = client.nick().ok_or_else(|| Failure::from(Misuse::NotLoggedIn))?;
    let file = file.unwrap_or_else(|| PathBuf::from(format!("tertulia-{nick}.backup")));
    let messenger = client.messenger().await?;
    let with = match &code {
        _ if is_new => With::New,
        Some(code) => With::Typed(code),
        None => With::Known,
    };
    let backed_up = match messenger.backup(&file, with).await {
        Err(Failure::Misused(Misuse::CodeNeeded)) => {
            let code = asking.secret("ask-recovery-code").ok_or(Left::Cancelled)?;
            messenger.backup(&file, With::Typed(&code)).await?
        }
        backed_up => backed_up?,
    };
    if let Some(code) = &backed_up.code {
        let text = asking
            .look
            .words
            .with("backup-code", &[("code", code.as_str().to_owned().into())]);
        asking.say(Style::Strong, &text);
    }
    Ok(Answer::BackedUp(backed_up))
}

/// What is known before a backup is taken back.
#[derive(Debug, Default)]
pub(crate) struct Restoring {
    /// The file, if there is one.
    pub(crate) file: Option<PathBuf>,
    /// The recovery code.
    pub(crate) code: Option<Zeroizing<String>>,
    /// That a backup is taken although there is a newer one.
    pub(crate) older: bool,
    /// What this computer is to be called among the devices.
    pub(crate) label: Option<String>,
}

/// Takes a backup back.
pub(crate) async fn restore(
    asking: &mut Asking<'_>,
    client: &Client,
    restoring: Restoring,
) -> Result<Answer, Left> {
    asking.trusting(client, async || client.reach().await).await?;
    let code = match restoring.code {
        Some(code) => code,
        None => asking.secret("ask-recovery-code").ok_or(Left::Cancelled)?,
    };
    let (file, label) = (restoring.file.as_deref(), restoring.label.as_deref());
    let messenger = client.messenger().await?;
    let restored = messenger.restore(file, &code, restoring.older, label).await?;
    Ok(Answer::Restored(restored))
}

/// All devices of the person.
pub(crate) fn devices(look: &Look, page: &mut Page, devices: &[OwnDevice]) {
    if devices.is_empty() {
        page.text(Style::Dim, 0, &look.words.say("devices-empty"));
    }
    for device in devices {
        let this = match device.is_this {
            true => format!(" · {}", look.words.say("devices-this")),
            false => String::new(),
        };
        let since = format!(" · {}", device.since.date());
        page.pieces(
            0,
            &[
                (Style::Key, &device.short),
                (Style::Plain, &format!("  {}", device.label)),
                (Style::Dim, &since),
                (Style::Good, &this),
            ],
        );
    }
}

/// A device was shut out.
pub(crate) fn shut_out(look: &Look, page: &mut Page, shut_out: &ShutOut) {
    let device = [("device", shut_out.short.as_str().into())];
    page.text(Style::Good, 0, &look.words.with("done-shut-out", &device));
    waiting(look, page, shut_out.waiting);
}

/// Two computers were linked.
pub(crate) fn linked(look: &Look, page: &mut Page, linked: &Linked, is_new: bool) {
    let key = match is_new {
        true => "done-linked-here",
        false => "done-linked",
    };
    let messages = [("n", linked.messages.into())];
    page.text(Style::Good, 0, &look.words.with(key, &messages));
    waiting(look, page, linked.waiting);
}

fn waiting(look: &Look, page: &mut Page, waiting: usize) {
    if waiting > 0 {
        let text = look.words.with("groups-waiting", &[("n", waiting.into())]);
        page.text(Style::Bad, 0, &text);
    }
}

/// A backup was made.
pub(crate) fn backed_up(look: &Look, page: &mut Page, backed_up: &BackedUp) {
    let values = [
        ("file", backed_up.file.display().to_string().into()),
        ("n", backed_up.messages.into()),
    ];
    page.text(Style::Good, 0, &look.words.with("done-backed-up", &values));
}

/// A backup was taken back.
pub(crate) fn restored(look: &Look, page: &mut Page, restored: &Restored) {
    let key = match restored.is_let_in {
        true => "done-restored-identity",
        false => "done-restored",
    };
    let messages = [("n", restored.messages.into())];
    page.text(Style::Good, 0, &look.words.with(key, &messages));
    if restored.devices.len() > 1 {
        page.text(Style::Plain, 0, &look.next("restored-devices"));
        devices(look, page, &restored.devices);
    }
}

/// How somebody stands, with the number to compare.
pub(crate) fn verification(look: &Look, page: &mut Page, of: &Verification) {
    let nick = [("nick", of.nick.as_str().into())];
    page.text(Style::Plain, 0, &look.words.with("verify-number", &nick));
    // Four groups of five digits on a line, as they are read aloud.
    let groups: Vec<&str> = of.number.split(' ').collect();
    for line in groups.chunks(4) {
        page.text(Style::Strong, 3, &line.join(" "));
    }
    qr::draw(look, page, &of.number.replace(' ', ""));
    let (style, key) = match (of.is_verified, of.is_held_back) {
        (_, true) => (Style::Bad, "verify-held-back"),
        (true, false) => (Style::Good, "verify-verified"),
        (false, false) => (Style::Dim, "verify-not-yet"),
    };
    page.text(style, 0, &look.next_with(key, &nick));
}
