//! Who may register, invitations, what the community has settled, and how it grows.

use crate::community::Community;
use std::collections::BTreeSet;
use tertulia_state::AnyCommand;
use tertulia_state::account::{Credentials, Register, Who};
use tertulia_state::community::Settled;
use tertulia_state::growth::{Day, Days};
use tertulia_state::invitation::{
    Awaited, Code, Disinvite, InvitationView, Invitations, Invite, Look, RegisterInvited, Registered, Use,
};
use tertulia_state::measure::OutcomeOf;
use tertulia_state::prune::Prune;
use tertulia_state::session::{Actor, CheckSession, NewSession, OpenSession};
use tertulia_types::community::{Registration, Settlement};
use tertulia_types::moderation::{Measure, Role};
use tertulia_types::{Rejected, Scopes, Slot};

const HOUR_MS: u64 = 3_600_000;

impl Community {
    /// What is settled changes, as an admin decides it.
    fn resettle(&mut self, admin: Actor, change: impl Fn(&mut Settlement)) -> Option<Result<(), Rejected>> {
        let (over, mut settlement) = self.query(Settled).expect("settled");
        change(&mut settlement);
        let id = self
            .decide(admin, Measure::Settle { over, settlement })
            .expect("decided");
        self.carry();
        self.query(OutcomeOf { actor: admin, id }).expect("an outcome")
    }

    fn invite(
        &mut self,
        actor: Actor,
        uses_max: u32,
        lifetime_ms: u64,
    ) -> Result<(Code, InvitationView), Rejected> {
        let (hash, key) = (self.secret(), self.key());
        let note = "for the neighbours".to_owned();
        let made = self.submit(Invite {
            actor,
            hash,
            note,
            uses_max,
            lifetime_ms,
            key,
        })?;
        let slot = actor.account.slot();
        Ok((Code { slot, hash }, made))
    }

    fn newcomer(&mut self, nick: &str) -> Register {
        let hash = self.secret();
        Register {
            nick: nick.parse().expect("a nick"),
            name: String::new(),
            password: "$argon2id$…".to_owned(),
            language: None,
            key: self.key(),
            session: NewSession {
                hash,
                scopes: Scopes::EVERYTHING,
                label: String::new(),
                client: None,
            },
        }
    }

    /// Registers with an invitation, as the API does: asked, carried, looked at, and asked once more.
    fn register_invited(&mut self, nick: &str, code: Code) -> Result<Actor, Rejected> {
        let register = self.newcomer(nick);
        let (key, session) = (register.key, register.session.hash);
        let invited = RegisterInvited { register, code };
        if let Registered::Standing(_) = self.submit(invited.clone())? {
            panic!("nobody has been asked yet");
        }
        self.carry();
        assert!(
            self.query(Awaited {
                nick: nick.parse().expect("a nick"),
                key
            })?,
            "all was carried"
        );
        match self.submit(invited)? {
            Registered::Standing(account) => Ok(Actor {
                account: account.id,
                session,
            }),
            Registered::Waiting => panic!("it stands"),
        }
    }

    fn uses(&mut self, actor: Actor) -> Vec<u32> {
        let all = self.query(Invitations { actor }).expect("a list");
        all.iter().map(|invitation| invitation.uses).collect()
    }

    fn days(&mut self) -> Vec<Day> {
        let mut found = Vec::new();
        for group in 0..self.groups.len() {
            let at = self.groups[group].database.descriptor().range.end();
            found.extend(self.query(Days { at, from: 0 }).expect("days"));
        }
        found
    }
}

fn by_invitation() -> (Community, Actor) {
    let mut community = Community::of(7);
    let [admin, _] = community.people(["admin", "ana"]);
    community.appoint("admin", Role::Admin).expect("appointed");
    let settled = community.resettle(admin, |settled| settled.registration = Registration::Invitation);
    assert_eq!(settled, Some(Ok(())));
    (community, admin)
}

#[test]
fn g3_what_is_settled_holds_at_every_home_for_whoever_registers() {
    let (mut community, admin) = by_invitation();
    for i in 0..20 {
        assert_eq!(
            community.try_register(&format!("nobody{i}")),
            Err(Rejected::InvitationNeeded)
        );
    }
    let settled = community.resettle(admin, |settled| settled.registration = Registration::Closed);
    assert_eq!(settled, Some(Ok(())));
    let (code, _) = community.invite(admin, 5, HOUR_MS).expect("invited");
    for i in 0..20 {
        let nick = format!("nobody{i}");
        assert_eq!(community.try_register(&nick), Err(Rejected::RegistrationClosed));
        assert_eq!(
            community.register_invited(&nick, code),
            Err(Rejected::RegistrationClosed)
        );
    }
    let settled = community.resettle(admin, |settled| settled.registration = Registration::Open);
    assert_eq!(settled, Some(Ok(())));
    community.try_register("somebody").expect("registered");
}

#[test]
fn g3_only_admins_settle_and_nobody_over_what_they_have_not_seen() {
    let (mut community, admin) = by_invitation();
    let [ana] = ["ana"].map(|nick| community.person(nick));
    let (over, settlement) = community.query(Settled).expect("settled");
    let measure = Measure::Settle {
        over,
        settlement: settlement.clone(),
    };
    community.appoint("ana", Role::Moderator).expect("appointed");
    assert_eq!(community.decide(ana, measure), Err(Rejected::RoleNeeded));
    let stale = Measure::Settle {
        over: over - 1,
        settlement: settlement.clone(),
    };
    let id = community.decide(admin, stale).expect("decided");
    community.carry();
    assert_eq!(
        community.query(OutcomeOf { actor: admin, id }),
        Ok(Some(Err(Rejected::Conflict)))
    );
    let rules = vec!["x".repeat(100_000)];
    let settled = community.resettle(admin, |settled| settled.rules.clone_from(&rules));
    assert!(matches!(settled, Some(Err(Rejected::Invalid(_)))), "{settled:?}");
    assert_eq!(community.query(Settled).expect("settled"), (over, settlement));
}

#[test]
fn g4_an_invitation_is_used_as_often_as_it_is_good_for_and_not_once_more() {
    let (mut community, admin) = by_invitation();
    let (code, made) = community.invite(admin, 3, HOUR_MS).expect("invited");
    let mut stand = 0;
    for i in 0..8 {
        let nick = format!("new{i}");
        match community.register_invited(&nick, code) {
            Ok(actor) => {
                stand += 1;
                let needed = Scopes::NONE;
                community
                    .query(CheckSession { actor, needed })
                    .expect("a session");
            }
            Err(refused) => {
                assert_eq!(refused, Rejected::BadInvitation);
                // They were never there, and the nick is free.
                let who = Who::Nick(nick.parse().expect("a nick"));
                assert_eq!(
                    community.query(tertulia_state::account::Lookup { who }),
                    Err(Rejected::NotFound)
                );
                assert_eq!(
                    community.query(Credentials {
                        nick: nick.parse().expect("a nick")
                    }),
                    Err(Rejected::NotFound)
                );
            }
        }
    }
    assert_eq!((stand, community.uses(admin)), (3, vec![3]));
    assert_eq!(community.query(Look { code }), Err(Rejected::BadInvitation));
    let (other, _) = community.invite(admin, 1, HOUR_MS).expect("invited");
    community
        .register_invited("new7", other)
        .expect("the nick was free");
    assert_eq!(made.uses_max, 3);
}

#[test]
fn g4_of_many_at_once_with_couriers_that_crash_as_many_stand_as_are_counted() {
    let (mut community, admin) = by_invitation();
    let (code, _) = community.invite(admin, 4, HOUR_MS).expect("invited");
    // All wait at the same moment.
    let mut newcomers = Vec::new();
    for i in 0..10 {
        let register = community.newcomer(&format!("new{i}"));
        let invited = RegisterInvited { register, code };
        assert_eq!(community.submit(invited.clone()), Ok(Registered::Waiting));
        newcomers.push(invited);
    }
    // Each is carried by two couriers: one brings it and crashes, one brings it again, later, in another order.
    let mut pending = community.pending();
    for (_, parcel) in &pending {
        let bytes = parcel.command.clone().expect("something to carry");
        let _ = community.deliver(&bytes);
    }
    pending.reverse();
    for (at, parcel) in pending {
        community.carry_one(at, parcel.clone());
        community.carry_one(at, parcel);
    }
    community.carry();
    let mut stand = BTreeSet::new();
    for invited in &newcomers {
        let (nick, key) = (invited.register.nick.clone(), invited.register.key);
        match community.query(Awaited { nick, key }) {
            Ok(true) => {
                // Asked again and again it is the same account.
                for _ in 0..3 {
                    let Ok(Registered::Standing(account)) = community.submit(invited.clone()) else {
                        panic!("it stands");
                    };
                    stand.insert(account.id);
                }
            }
            refused => assert_eq!(refused, Err(Rejected::BadInvitation)),
        }
    }
    assert_eq!((stand.len(), community.uses(admin)), (4, vec![4]));
    assert_eq!(community.count(admin, "invitation_use"), 4);
}

#[test]
fn g4_whoever_waits_for_an_invitation_is_not_there_yet() {
    let (mut community, admin) = by_invitation();
    let (code, _) = community.invite(admin, 1, HOUR_MS).expect("invited");
    let register = community.newcomer("new");
    let (nick, session) = (register.nick.clone(), register.session.clone());
    community
        .submit(RegisterInvited {
            register: register.clone(),
            code,
        })
        .expect("waits");
    let who = Who::Nick(nick.clone());
    assert_eq!(
        community.query(tertulia_state::account::Lookup { who }),
        Err(Rejected::NotFound)
    );
    // Not even whoever knows the password can log in; and the nick is nobody else's meanwhile.
    let account = community
        .query(Credentials { nick: nick.clone() })
        .expect("a row")
        .account;
    let open = OpenSession {
        account,
        password_version: 1,
        session,
    };
    assert_eq!(community.submit(open), Err(Rejected::WrongPassword));
    let other = community.newcomer("new");
    let taken = community.submit(RegisterInvited {
        register: other,
        code,
    });
    assert_eq!(taken, Err(Rejected::NickTaken));
    // A late repeat of the plain registration does not let anybody in either.
    assert_eq!(community.submit(register), Err(Rejected::NickTaken));
    community.carry();
    assert!(community.account(account).is_ok());
}

#[test]
fn g4_an_invitation_is_good_while_it_stands_and_its_maker_may_invite() {
    let (mut community, admin) = by_invitation();
    let ana = community.person("ana");
    assert_eq!(community.invite(ana, 1, HOUR_MS), Err(Rejected::RoleNeeded));
    community.appoint("ana", Role::Moderator).expect("appointed");
    let (code, made) = community.invite(ana, 9, HOUR_MS).expect("invited");
    assert_eq!(community.query(Look { code }).expect("good").0.id, ana.account);
    community.appoint("ana", Role::Member).expect("appointed");
    assert_eq!(
        community.query(Look { code }),
        Err(Rejected::BadInvitation),
        "no moderator any more"
    );
    let settled = community.resettle(admin, |settled| settled.members_may_invite = true);
    assert_eq!(settled, Some(Ok(())));
    community.query(Look { code }).expect("good again");
    community.suspend(admin, "ana");
    community.carry();
    assert_eq!(
        community.register_invited("new", code),
        Err(Rejected::BadInvitation),
        "suspended"
    );
    let whom = community.named("ana");
    community
        .decide(admin, Measure::Unsuspend { whom })
        .expect("decided");
    community.carry();
    community.register_invited("new", code).expect("registered");
    // Her sessions have ended; another one of hers takes the invitation back.
    let (nick, hash) = ("ana".parse().expect("a nick"), community.secret());
    let version = community.query(Credentials { nick }).expect("a password").version;
    let session = NewSession {
        hash,
        scopes: Scopes::EVERYTHING,
        label: String::new(),
        client: None,
    };
    community
        .submit(OpenSession {
            account: ana.account,
            password_version: version,
            session,
        })
        .expect("opened");
    let again = Actor { session: hash, ..ana };
    assert_eq!(
        community.submit(Disinvite {
            actor: admin,
            id: made.id
        }),
        Err(Rejected::NotFound)
    );
    community
        .submit(Disinvite {
            actor: again,
            id: made.id,
        })
        .expect("taken back");
    assert_eq!(
        community.register_invited("late", code),
        Err(Rejected::BadInvitation)
    );
    let (code, _) = community.invite(again, 1, HOUR_MS).expect("invited");
    community.clock_ms += HOUR_MS;
    assert_eq!(
        community.register_invited("late", code),
        Err(Rejected::BadInvitation),
        "expired"
    );
    let use_it = AnyCommand::from(Use {
        code,
        newcomer: ana.account,
    });
    assert!(!use_it.is_of_people(), "no app and no gateway uses one up");
}

#[test]
fn invitations_have_bounds_and_go_when_they_are_long_over() {
    let (mut community, admin) = by_invitation();
    for (uses, lifetime) in [(0, 1), (10_001, 1), (1, 0), (1, 401 * 24 * HOUR_MS)] {
        assert!(matches!(
            community.invite(admin, uses, lifetime),
            Err(Rejected::Invalid(_))
        ));
    }
    for _ in 0..200 {
        community.invite(admin, 1, HOUR_MS).expect("invited");
    }
    assert!(matches!(
        community.invite(admin, 1, HOUR_MS),
        Err(Rejected::Limit(_))
    ));
    community.clock_ms += 31 * 24 * HOUR_MS;
    for group in 0..community.groups.len() {
        let at = community.groups[group].database.descriptor().range.end();
        let mut from = Some(Slot(0));
        while let Some(slot) = from {
            from = community.submit(Prune { at, from: slot }).expect("pruned");
        }
    }
    assert!(community.uses(admin).is_empty());
    community.invite(admin, 1, HOUR_MS).expect("there is room");
}

#[test]
fn growth_is_counted_by_day_and_a_split_counts_nothing_twice() {
    let mut community = Community::of(1);
    let [ana, ben] = community.people(["ana", "ben"]);
    let dweet = community.publish(ana, "hola");
    community.redweet(ben, &dweet);
    community.clock_ms += 24 * HOUR_MS;
    community.publish(ben, "hola");
    community.publish(ben, "chau");
    let first = (community.clock_ms - 24 * HOUR_MS) / (24 * HOUR_MS);
    let counted = [
        Day {
            day: first,
            accounts: 2,
            dweets: 1,
        },
        Day {
            day: first + 1,
            accounts: 0,
            dweets: 2,
        },
    ];
    assert_eq!(community.days(), counted);
    community.split(Slot(0x7FFF).end(), 5).expect("divided");
    assert_eq!(community.days(), counted, "the child begins with nothing");
    community.clock_ms += 400 * 24 * HOUR_MS;
    let at = community.groups[0].database.descriptor().range.end();
    community.submit(Prune { at, from: Slot(0) }).expect("pruned");
    assert_eq!(community.days(), []);
}
