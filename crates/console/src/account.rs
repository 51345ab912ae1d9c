//! The dialogues that need a secret: registering, logging in, a new password, closing the account.
//!
//! Each asks for what it was not given. In the console a refused answer is asked for again; a command ends with the
//! refusal.

use crate::answer::Answer;
use crate::asking::Asking;
use crate::page::Style;
use tertulia_client::failure::{Misuse, Refusal};
use tertulia_client::nick;
use tertulia_client::{Client, Failure};
use zeroize::Zeroizing;

/// Why a dialogue ended without its end.
#[derive(Debug)]
pub enum Left {
    /// The person left it.
    Cancelled,
    /// It failed.
    Failed(Failure),
}

impl From<Failure> for Left {
    fn from(failure: Failure) -> Self {
        Left::Failed(failure)
    }
}

/// What is known before anything is asked.
#[derive(Debug, Default)]
pub struct Given {
    /// The nick.
    pub nick: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// The code of an invitation.
    pub invite: Option<String>,
    /// The password.
    pub password: Option<Zeroizing<String>>,
    /// The new password.
    pub new_password: Option<Zeroizing<String>>,
    /// That the account is to be closed for good.
    pub sure: bool,
}

/// Makes an account: nick, name, password.
pub async fn register(asking: &mut Asking<'_>, client: &Client, given: Given) -> Result<Answer, Left> {
    let guided = given.nick.is_none();
    asking.trusting(client, async || client.reach().await).await?;
    let mut nick = given_nick(asking, given.nick, "ask-nick-new")?;
    let name = match given.name {
        None if guided => asking.line("ask-name", taken_name).ok_or(Left::Cancelled)?,
        given => given,
    };
    let password = match given.password {
        Some(password) => password,
        None => asking.new_secret("ask-password-new").ok_or(Left::Cancelled)?,
    };
    let mut invite = given.invite;
    loop {
        let registered = client.register_with(&nick, name.as_deref(), &password, invite.as_deref());
        match registered.await {
            Ok(me) => return Ok(Answer::Registered(me)),
            Err(failure) if guided && needs_invitation(&failure) => {
                asking.failed(&failure);
                let code = |_: &mut Asking<'_>, typed: &str| Some(typed.trim().to_owned());
                let typed = asking.line("ask-invite", code).ok_or(Left::Cancelled)?;
                invite = Some(typed).filter(|typed| !typed.is_empty());
                if invite.is_none() {
                    return Err(Left::Cancelled);
                }
            }
            Err(failure) if guided && is_taken(&failure) => {
                asking.failed(&failure);
                nick = asking.line("ask-nick-new", valid_nick).ok_or(Left::Cancelled)?;
            }
            Err(failure) => return Err(failure.into()),
        }
    }
}

/// Whether it was refused for want of an invitation, or of a good one.
fn needs_invitation(failure: &Failure) -> bool {
    matches!(failure.code(), "invitation_needed" | "bad_invitation")
}

/// Logs in: nick, password.
pub async fn login(asking: &mut Asking<'_>, client: &Client, given: Given) -> Result<Answer, Left> {
    let guided = given.nick.is_none();
    asking.trusting(client, async || client.reach().await).await?;
    let (mut given_nick_once, mut password_once) = (given.nick, given.password);
    loop {
        let nick = given_nick(asking, given_nick_once.take(), "ask-nick")?;
        let password = match password_once.take() {
            Some(password) => password,
            None => asking.secret("ask-password").ok_or(Left::Cancelled)?,
        };
        match client.login(&nick, &password).await {
            Ok(me) => {
                if client.waits_for_link().await.unwrap_or(false) {
                    let hint = asking.look.next("hint-link");
                    asking.say(Style::Strong, &hint);
                }
                return Ok(Answer::LoggedIn(me));
            }
            Err(failure @ Failure::Refused(_)) if guided => asking.failed(&failure),
            Err(failure) => return Err(failure.into()),
        }
    }
}

/// Changes the password.
pub async fn change_password(asking: &mut Asking<'_>, client: &Client, given: Given) -> Result<Answer, Left> {
    if client.nick().is_none() {
        return Err(Failure::from(Misuse::NotLoggedIn).into());
    }
    let guided = given.password.is_none();
    let mut current_once = given.password;
    let mut new_once = given.new_password;
    loop {
        let current = match current_once.take() {
            Some(current) => current,
            None => asking.secret("ask-password-current").ok_or(Left::Cancelled)?,
        };
        let new = match new_once.take() {
            Some(new) => new,
            None => asking.new_secret("ask-password-new").ok_or(Left::Cancelled)?,
        };
        match client.change_password(&current, &new).await {
            Ok(()) => return Ok(Answer::PasswordChanged),
            Err(failure @ Failure::Refused(_)) if guided => asking.failed(&failure),
            Err(failure) => return Err(failure.into()),
        }
    }
}

/// Closes the account for good, after the nick was typed once more.
pub async fn close(asking: &mut Asking<'_>, client: &Client, given: Given) -> Result<Answer, Left> {
    let me = client.nick().ok_or_else(|| Failure::from(Misuse::NotLoggedIn))?;
    if !given.sure {
        let text = asking
            .look
            .words
            .with("close-warning", &[("nick", me.as_str().into())]);
        asking.say(Style::Bad, &text);
        let same = |asking: &mut Asking<'_>, typed: &str| {
            let same = typed.trim().trim_start_matches('@') == me;
            if !same {
                asking.hint("hint-close-nick");
            }
            same.then_some(())
        };
        asking.line("ask-close-nick", same).ok_or(Left::Cancelled)?;
    }
    let guided = given.password.is_none();
    let mut password_once = given.password;
    loop {
        let password = match password_once.take() {
            Some(password) => password,
            None => asking.secret("ask-password").ok_or(Left::Cancelled)?,
        };
        match client.close_account(&password).await {
            Ok(()) => return Ok(Answer::Closed),
            Err(failure @ Failure::Refused(_)) if guided => asking.failed(&failure),
            Err(failure) => return Err(failure.into()),
        }
    }
}

fn given_nick(asking: &mut Asking<'_>, given: Option<String>, key: &str) -> Result<String, Left> {
    match given {
        Some(given) => Ok(nick::checked(&given)?.to_string()),
        None => asking.line(key, valid_nick).ok_or(Left::Cancelled),
    }
}

/// A nick, or a hint what one is.
pub fn valid_nick(asking: &mut Asking<'_>, typed: &str) -> Option<String> {
    match nick::checked(typed) {
        Ok(nick) => Some(nick.to_string()),
        Err(_) => {
            asking.hint("hint-nick");
            None
        }
    }
}

/// A name, or none for an empty line.
fn taken_name(asking: &mut Asking<'_>, typed: &str) -> Option<Option<String>> {
    match tertulia_types::text::display_name(typed) {
        Ok(name) if name.is_empty() => Some(None),
        Ok(name) => Some(Some(name)),
        Err(unfit) => {
            asking.failed(&Misuse::Unfit(unfit).into());
            None
        }
    }
}

fn is_taken(failure: &Failure) -> bool {
    matches!(failure, Failure::Refused(Refusal { code: Some(code), .. }) if code == "nick_taken")
}
