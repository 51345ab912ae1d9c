//! The community: what it has settled, invitations, and how it grows.
//!
//! **Invariant:** what is settled is cached here, for [`AGE_MAX`] while its home answers, and only to be shown: whether somebody may register is decided at the home of
//! their nick (rule G3).

use crate::caller::{At, Caller, Once};
use crate::error::Error;
use crate::input::Input;
use crate::render::moment;
use crate::service::Service;
use crate::token::Secret;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tertulia_state::community::Settled;
use tertulia_state::growth::{DAYS_MAX, Days};
use tertulia_state::invitation::{
    Awaited, Code, Disinvite, InvitationView, Invitations, Invite, Look, RegisterInvited, Registered,
};
use tertulia_state::session::SecretHash;
use tertulia_types::community::{NotARegistration, RULES_MAX, Settlement};
use tertulia_types::entity::{
    Community, Date, Decision, EmptyObject, GrowthDay, Invitation, Invited, Named, Rule, Timestamp,
};
use tertulia_types::moderation::{Measure, Role};
use tertulia_types::view::AccountView;
use tertulia_types::{NotificationId, Rejected, Slot, text};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// How old what is shown may be.
const AGE_MAX: Duration = Duration::from_secs(5);
/// The sums of days read little, but of all groups.
const GROWTH_AGE_MAX: Duration = Duration::from_secs(60);
/// How long the home of an invitation is waited for.
const INVITED_TIME_MAX: Duration = Duration::from_secs(10);
/// How often is looked.
const INVITED_PAUSE: Duration = Duration::from_millis(25);
/// An invitation is good for a week and one account, unless it is said otherwise.
const LIFETIME_S: u64 = 7 * 24 * 3600;
/// A day.
const DAY_MS: u64 = 24 * 3_600_000;

pub(crate) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new()
        .routes(routes!(community, settle))
        .routes(routes!(invitations, invite))
        .routes(routes!(invited, disinvite))
        .routes(routes!(growth))
        .routes(routes!(rules))
}

impl Service {
    /// What is settled, as it was a moment ago.
    pub(crate) async fn settlement(&self) -> Result<Settlement, Error> {
        match self.known.settlement.look(AGE_MAX).await {
            Ok(settlement) => Ok(settlement),
            Err(place) => match self.query(Settled).await {
                Ok((_, settlement)) => Ok(place.keep(settlement)),
                // What was settled when its home last answered is what people can be told.
                Err(error) => place.last().ok_or(error),
            },
        }
    }

    /// Registers somebody with an invitation, and waits until its home has counted it.
    pub(crate) async fn register_invited(&self, register: RegisterInvited) -> Result<AccountView, Error> {
        let awaited = Awaited {
            nick: register.register.nick.clone(),
            key: register.register.key,
        };
        let registered = async {
            loop {
                match self.submit(register.clone()).await? {
                    Registered::Standing(account) => return Ok(account),
                    Registered::Waiting => {}
                }
                while !self.query(awaited.clone()).await? {
                    tokio::time::sleep(INVITED_PAUSE).await;
                }
            }
        };
        tokio::time::timeout(INVITED_TIME_MAX, registered)
            .await
            .unwrap_or(Err(Error::Unavailable))
    }
}

/// The rules of the house, as Mastodon's apps read them.
pub(crate) fn rules_of(settlement: &Settlement) -> Vec<Rule> {
    let rule = |(at, text): (usize, &String)| Rule {
        id: (at + 1).to_string(),
        text: text.clone(),
        hint: String::new(),
    };
    settlement.rules.iter().enumerate().map(rule).collect()
}

/// The rules of the house.
#[utoipa::path(get, path = "/api/v1/instance/rules", tag = "instance", responses((status = 200, body = Vec<Rule>)))]
async fn rules(State(service): State<Arc<Service>>) -> Result<Json<Vec<Rule>>, Error> {
    Ok(Json(rules_of(&service.settlement().await?)))
}

fn entity(service: &Service, settlement: Settlement) -> Community {
    let Settlement {
        registration,
        members_may_invite,
        description,
        rules,
        welcome,
    } = settlement;
    Community {
        title: service.title.clone(),
        registration,
        members_may_invite,
        description,
        rules,
        welcome,
    }
}

/// What this community has settled: who may register, its rules, and how it greets.
#[utoipa::path(get, path = "/api/tertulia/v1/community", tag = "community", responses((status = 200, body = Community)))]
async fn community(State(service): State<Arc<Service>>) -> Result<Json<Community>, Error> {
    let settlement = service.settlement().await?;
    Ok(Json(entity(&service, settlement)))
}

/// What is to be settled; what is not said stays.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
struct Settling {
    /// `open`, `invitation` or `closed`.
    registration: Option<String>,
    /// Whether everybody may invite, or moderators only.
    members_may_invite: Option<bool>,
    /// What this place is, up to 500 characters.
    description: Option<String>,
    /// All rules of the house: at most 25, each up to 500 characters.
    rules: Option<Vec<String>>,
    /// Whether there are to be no rules: an empty list cannot be said in a form.
    without_rules: bool,
    /// What newcomers are told, up to 500 characters.
    welcome: Option<String>,
    /// Why, for the log.
    why: String,
}

impl Settling {
    /// What it makes of what is settled.
    fn over(self, settlement: Settlement) -> Result<(Settlement, String), Error> {
        let registration = match self.registration {
            Some(registration) => registration
                .parse()
                .map_err(|error: NotARegistration| Error::Invalid(error.to_string()))?,
            None => settlement.registration,
        };
        let given = match (self.without_rules, self.rules) {
            (true, _) => Some(Vec::new()),
            (false, rules) => rules,
        };
        let rules = match given {
            Some(rules) if rules.len() > RULES_MAX => {
                return Err(Error::Invalid(format!("there can be at most {RULES_MAX} rules")));
            }
            Some(rules) => rules
                .iter()
                .map(|rule| text::note(rule))
                .collect::<Result<_, _>>()?,
            None => settlement.rules,
        };
        let words = |said: Option<String>, before: String| match said {
            Some(said) => text::note(&said),
            None => Ok(before),
        };
        let after = Settlement {
            registration,
            members_may_invite: self.members_may_invite.unwrap_or(settlement.members_may_invite),
            description: words(self.description, settlement.description)?,
            rules,
            welcome: words(self.welcome, settlement.welcome)?,
        };
        Ok((after, self.why))
    }
}

/// Settles something else. For admins; only with a session opened by the password.
#[utoipa::path(patch, path = "/api/tertulia/v1/community", tag = "community", request_body = Settling,
    responses((status = 200, body = Decision), (status = 409, description = "Somebody else has just settled something")))]
async fn settle(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    once: Once,
    Input(settling): Input<Settling>,
) -> Result<Json<Decision>, Error> {
    let (over, before) = service.query_as(actor, Role::Admin, Settled).await?;
    let (settlement, why) = settling.over(before)?;
    let measure = Measure::Settle { over, settlement };
    let decided = service.decide(actor, once, measure, &why).await;
    service.known.settlement.forget().await;
    decided
}

#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
struct Inviting {
    /// What it is for, up to 100 characters.
    note: String,
    /// How many accounts it is good for: 1 if not said, at most 10 000.
    uses: Option<u32>,
    /// For how many seconds: a week if not said, at most 400 days.
    expires_in: Option<u64>,
}

/// The longest note, in characters.
const NOTE_CHARACTERS_MAX: usize = 100;

fn shown(invitation: InvitationView, code: Option<String>) -> Invitation {
    Invitation {
        id: invitation.id.to_string(),
        code,
        note: invitation.note,
        uses_max: invitation.uses_max,
        uses: invitation.uses,
        expires_at: moment(invitation.expires_ms),
        revoked: invitation.is_revoked,
    }
}

/// Makes an invitation. For moderators, and for everybody where the community has settled that. Only with a session opened by the
/// password. The code is shown now and never again.
#[utoipa::path(post, path = "/api/tertulia/v1/invitations", tag = "community", request_body = Inviting,
    params(("Idempotency-Key" = Option<String>, Header, description = "A repeat with it in the same session gets the same invitation")),
    responses((status = 200, body = Invitation)))]
async fn invite(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    token: Secret,
    Once(key): Once,
    Input(inviting): Input<Inviting>,
) -> Result<Json<Invitation>, Error> {
    let Inviting {
        note,
        uses,
        expires_in,
    } = inviting;
    if note.chars().count() > NOTE_CHARACTERS_MAX || note.chars().any(char::is_control) {
        let said = format!("a note has at most {NOTE_CHARACTERS_MAX} characters, on one line");
        return Err(Error::Invalid(said));
    }
    // A repeat must show the same code; so it follows from the key, and from what only this session has.
    let slot = actor.account.slot();
    let code = token.child(u64::from(slot.0), &key.0);
    let invite = Invite {
        actor,
        hash: SecretHash(code.hash()),
        note,
        uses_max: uses.unwrap_or(1),
        lifetime_ms: expires_in.unwrap_or(LIFETIME_S).saturating_mul(1000),
        key,
    };
    let made = service.submit(invite).await?;
    Ok(Json(shown(made, Some(code.text().to_owned()))))
}

/// One's own invitations, newest first. Only with a session opened by the password.
#[utoipa::path(get, path = "/api/tertulia/v1/invitations", tag = "community", responses((status = 200, body = Vec<Invitation>)))]
async fn invitations(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
) -> Result<Json<Vec<Invitation>>, Error> {
    let all = service.query(Invitations { actor }).await?;
    Ok(Json(
        all.into_iter()
            .map(|invitation| shown(invitation, None))
            .collect(),
    ))
}

/// Takes one of one's invitations back. Whoever has used it stays. Only with a session opened by the password.
#[utoipa::path(delete, path = "/api/tertulia/v1/invitations/{id}", tag = "community", params(("id" = String, Path)),
    responses((status = 200, body = EmptyObject)))]
async fn disinvite(
    State(service): State<Arc<Service>>,
    Caller(actor): Caller,
    At(id): At<NotificationId>,
) -> Result<Json<EmptyObject>, Error> {
    service.submit(Disinvite { actor, id }).await?;
    Ok(Json(EmptyObject {}))
}

/// The code of an invitation, as a newcomer shows it.
pub(crate) struct Shown(pub(crate) Code);

impl FromStr for Shown {
    type Err = Rejected;

    fn from_str(text: &str) -> Result<Self, Rejected> {
        let code = Secret::parse(text.trim()).ok_or(Rejected::BadInvitation)?;
        let slot = u16::try_from(code.owner()).map_err(|_| Rejected::BadInvitation)?;
        Ok(Self(Code {
            slot: Slot(slot),
            hash: SecretHash(code.hash()),
        }))
    }
}

/// Who invites with a code, and until when; 422 if it is good for nobody (any more).
#[utoipa::path(get, path = "/api/tertulia/v1/invitations/{id}", tag = "community",
    params(("id" = String, Path, description = "The code")), responses((status = 200, body = Invited)))]
async fn invited(
    State(service): State<Arc<Service>>,
    At(Shown(code)): At<Shown>,
) -> Result<Json<Invited>, Error> {
    let (by, expires_ms) = service.query(Look { code }).await?;
    Ok(Json(Invited {
        by: Named {
            id: by.id.to_string(),
            nick: by.nick.to_string(),
        },
        expires_at: moment(expires_ms),
    }))
}

/// How many people came and how much was written on each of the last 400 days, the oldest first.
#[utoipa::path(get, path = "/api/tertulia/v1/growth", tag = "ring", responses((status = 200, body = Vec<GrowthDay>)))]
async fn growth(State(service): State<Arc<Service>>) -> Result<Json<Vec<GrowthDay>>, Error> {
    let place = match service.known.days.look(GROWTH_AGE_MAX).await {
        Ok(days) => return Ok(Json(days)),
        Err(place) => place,
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let today = u64::try_from(now.as_millis()).unwrap_or(u64::MAX) / DAY_MS;
    let from = today.saturating_sub(DAYS_MAX - 1);
    let mut sums: BTreeMap<u64, (u64, u64)> = BTreeMap::new();
    for days in service.query_all(|at| Days { at, from }).await? {
        for day in days {
            let sum = sums.entry(day.day).or_default();
            *sum = (sum.0 + day.accounts, sum.1 + day.dweets);
        }
    }
    let days: Vec<_> = sums
        .into_iter()
        .map(|(day, (accounts, dweets))| GrowthDay {
            day: date(day),
            accounts,
            dweets,
        })
        .collect();
    Ok(Json(place.keep(days)))
}

fn date(day: u64) -> Date {
    let ms = i64::try_from(day.saturating_mul(DAY_MS)).unwrap_or(0);
    Timestamp::from_unix_ms(ms).date()
}
