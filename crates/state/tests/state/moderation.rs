//! Moderation: roles, suspensions, and the log of what moderators did.

use crate::community::Community;
use crate::script::{answer, text};
use tertulia_state::account::{Credentials, Who};
use tertulia_state::deed::Deeds;
use tertulia_state::dweet::Public;
use tertulia_state::measure::{Appoint, CheckRole, Decide, Inspect, Noted, OutcomeOf, Take};
use tertulia_state::oauth::Authorize;
use tertulia_state::page::Page;
use tertulia_state::prune::Prune;
use tertulia_state::search::{Count, SearchAccounts};
use tertulia_state::session::{Actor, CheckSession, NewSession, OpenSession};
use tertulia_state::tag::Tagged;
use tertulia_state::thread::Thread;
use tertulia_state::{AnyCommand, Event};
use tertulia_types::moderation::{By, Deed, Measure, Person, Role};
use tertulia_types::view::Body;
use tertulia_types::{DweetId, MachineId, NotificationId, Rejected, Scopes, Slot};

impl Community {
    pub(crate) fn appoint(&mut self, nick: &str, role: Role) -> Result<Role, Rejected> {
        self.submit(Appoint {
            nick: nick.parse().expect("a nick"),
            role,
            machine: MachineId(1),
        })
    }

    pub(crate) fn named(&self, nick: &str) -> Person {
        Person {
            id: self.person(nick).account,
            nick: nick.parse().expect("a nick"),
        }
    }

    pub(crate) fn decide(&mut self, actor: Actor, measure: Measure) -> Result<NotificationId, Rejected> {
        let (why, key) = ("because".to_owned(), self.key());
        self.submit(Decide {
            actor,
            measure,
            why,
            key,
        })
    }

    pub(crate) fn suspend(&mut self, by: Actor, nick: &str) -> NotificationId {
        let whom = self.named(nick);
        self.decide(by, Measure::Suspend { whom }).expect("decided")
    }

    fn unsuspend(&mut self, by: Actor, nick: &str) -> NotificationId {
        let whom = self.named(nick);
        self.decide(by, Measure::Unsuspend { whom }).expect("decided")
    }

    pub(crate) fn log(&mut self) -> Vec<Deed> {
        let page = Page::newest(80);
        self.query(Deeds { page }).expect("the log")
    }

    fn role(&mut self, actor: Actor) -> Role {
        let needed = Role::Member;
        self.query(CheckRole { actor, needed }).expect("a role")
    }

    fn try_log_in(&mut self, actor: Actor) -> Result<(), Rejected> {
        let session = NewSession {
            hash: self.secret(),
            scopes: Scopes::EVERYTHING,
            label: String::new(),
            client: None,
        };
        let open = OpenSession {
            account: actor.account,
            password_version: 1,
            session,
        };
        self.submit(open).map(|_| ())
    }

    /// Everywhere where others may come across what somebody wrote: each place, if it shows anything.
    fn seen_of_ana(&mut self, root: DweetId) -> Vec<String> {
        let [ana, fan, ben] = ["ana", "fan", "ben"].map(|nick| self.person(nick));
        let mut seen = Vec::new();
        let mut note = |place: &str, found: bool| {
            if found {
                seen.push(place.to_owned());
            }
        };
        let is_hers = |text: &String| text.starts_with("ana");
        note("account", self.account(ana.account).is_ok());
        note("profile", self.profile(ana.account, None).is_ok());
        note("home", self.home(fan).iter().any(is_hers));
        note("unseen", self.unseen(fan) > 1);
        note(
            "redweets",
            self.profile(ben.account, Some(fan))
                .expect("a profile")
                .iter()
                .any(is_hers),
        );
        note(
            "redweets for nobody",
            self.profile(ben.account, None)
                .expect("a profile")
                .iter()
                .any(is_hers),
        );
        let thread = self.query(Thread { root }).expect("a thread");
        note("thread", thread.iter().any(|entry| entry.view.is_some()));
        let (all, none, page) = (Vec::new(), Vec::new(), Page::default());
        let tag = "tag".to_owned();
        let tagged = self.query(Tagged { tag, all, none, page }).expect("a page").shown;
        note("tag", tagged.iter().map(text).any(|text| is_hers(&text)));
        note("notifications", self.told(ben).iter().any(|told| told.1 == "ana"));
        let (mut public, mut accounts, mut found) = (false, 0, false);
        for group in 0..self.groups.len() {
            let at = self.groups[group].database.descriptor().range.end();
            let shown = self.query(Public { at, page }).expect("a page").shown;
            public |= shown.iter().map(text).any(|text| is_hers(&text));
            accounts += self.query(Count { at }).expect("counted").accounts;
            let beginning = "an".to_owned();
            let search = SearchAccounts {
                at,
                beginning,
                limit: 10,
            };
            found |= !self.query(search).expect("some").is_empty();
        }
        note("public", public);
        note("search", found);
        note("count", accounts == 5);
        seen
    }
}

/// Ana, who has left something of hers wherever that is possible; and Ida, who is a moderator.
fn talkative(groups: u32) -> (Community, DweetId) {
    let mut community = Community::of(groups);
    let [ana, ben, fan, _, _] = community.people(["ana", "ben", "fan", "ida", "admin"]);
    community.appoint("ida", Role::Moderator).expect("appointed");
    community.appoint("admin", Role::Admin).expect("appointed");
    community.follow(fan, ana.account);
    community.follow(fan, ben.account);
    community.carry();
    let root = community.publish(ben, "root");
    community.publish_body(ana, answer(&root, "ana answers"));
    let tags = Body {
        tags: vec!["tag".to_owned()],
        ..Community::body("ana, tagged")
    };
    let hers = community.publish_body(ana, tags);
    community.redweet(ben, &hers);
    community.favourite(ana, root.id, true);
    community.carry();
    (community, root.id)
}

#[test]
fn g1_the_operator_makes_the_first_admin_and_admins_give_roles() {
    let mut community = Community::of(5);
    let [ana, ben, eva] = community.people(["ana", "ben", "eva"]);
    let to = community.named("ben");
    let make = |role| Measure::GiveRole { to: to.clone(), role };
    assert_eq!(
        community.decide(ana, make(Role::Moderator)),
        Err(Rejected::RoleNeeded)
    );
    assert_eq!(community.appoint("nobody", Role::Admin), Err(Rejected::NotFound));
    assert_eq!(community.appoint("ana", Role::Admin), Ok(Role::Member));
    assert_eq!(community.appoint("ana", Role::Admin), Ok(Role::Admin), "a repeat");
    community.decide(ana, make(Role::Moderator)).expect("decided");
    community.carry();
    assert_eq!(
        [ana, ben, eva].map(|who| community.role(who)),
        [Role::Admin, Role::Moderator, Role::Member]
    );
    // A moderator gives no roles, and nobody one to themselves.
    let to = community.named("eva");
    let role = Role::Moderator;
    assert_eq!(
        community.decide(ben, Measure::GiveRole { to, role }),
        Err(Rejected::RoleNeeded)
    );
    let to = community.named("ana");
    assert_eq!(
        community.decide(ana, Measure::GiveRole { to, role }),
        Err(Rejected::Oneself)
    );
    let done: Vec<_> = community
        .log()
        .into_iter()
        .map(|deed| (deed.by, deed.measure.name(), deed.outcome))
        .collect();
    let by = By::Person(community.named("ana"));
    let operator = By::Operator(MachineId(1));
    assert_eq!(done, [(by, "give_role", Ok(())), (operator, "give_role", Ok(()))]);
}

#[test]
fn g1_the_role_is_checked_at_the_moderators_own_home() {
    let mut community = Community::of(5);
    let [ana, ben, ida] = community.people(["ana", "ben", "ida"]);
    let whom = community.named("ben");
    let suspend = Measure::Suspend { whom };
    assert_eq!(community.decide(ana, suspend.clone()), Err(Rejected::RoleNeeded));
    assert!(community.pending().is_empty(), "nothing is on its way");
    community.appoint("ida", Role::Moderator).expect("appointed");
    // One who was a moderator is none any more.
    community.appoint("ida", Role::Member).expect("appointed");
    assert_eq!(community.decide(ida, suspend.clone()), Err(Rejected::RoleNeeded));
    let needed = Role::Moderator;
    assert_eq!(
        community.query(CheckRole { actor: ida, needed }),
        Err(Rejected::RoleNeeded)
    );
    community.carry();
    assert!(community.account(ben.account).is_ok());
    assert!(
        community
            .log()
            .iter()
            .all(|deed| deed.measure.name() == "give_role")
    );
    // What homes say to homes is said by no app and no gateway.
    let id = NotificationId::new(1, Slot(0));
    let forged: [AnyCommand; 3] = [
        Take {
            id,
            role: Role::Admin,
            measure: suspend,
        }
        .into(),
        Appoint {
            nick: "ana".parse().expect("a nick"),
            role: Role::Admin,
            machine: MachineId(1),
        }
        .into(),
        tertulia_state::hidden::SetHidden {
            slot: Slot(0),
            account: ben.account,
            version: 1,
            hidden: true,
        }
        .into(),
    ];
    for command in forged {
        assert!(!command.is_of_people(), "{}", command.name());
    }
}

#[test]
fn g1_nobody_acts_on_people_of_their_own_role_or_a_higher_one() {
    let (mut community, _) = talkative(5);
    let [ida, admin] = ["ida", "admin"].map(|nick| community.person(nick));
    community.register("other");
    community.appoint("other", Role::Moderator).expect("appointed");
    let to_admin = community.suspend(ida, "admin");
    let to_peer = community.suspend(ida, "other");
    let down = community.suspend(admin, "other");
    assert_eq!(
        community.query(OutcomeOf {
            actor: ida,
            id: to_peer
        }),
        Ok(None),
        "on its way"
    );
    community.carry();
    let came = |community: &mut Community, actor, id| community.query(OutcomeOf { actor, id });
    assert_eq!(
        came(&mut community, ida, to_admin),
        Ok(Some(Err(Rejected::RoleNeeded)))
    );
    assert_eq!(
        came(&mut community, ida, to_peer),
        Ok(Some(Err(Rejected::RoleNeeded)))
    );
    assert_eq!(came(&mut community, admin, down), Ok(Some(Ok(()))));
    assert_eq!(
        came(&mut community, ida, down),
        Err(Rejected::NotFound),
        "another's"
    );
    assert!(community.account(admin.account).is_ok());
    let outcomes: Vec<_> = community
        .log()
        .into_iter()
        .map(|deed| (deed.id, deed.outcome))
        .collect();
    assert!(
        outcomes.contains(&(to_admin, Err(Rejected::RoleNeeded))),
        "the log says so"
    );
    assert!(outcomes.contains(&(down, Ok(()))));
}

#[test]
fn g2_a_suspended_person_is_out_of_sight_everywhere_and_back_with_everything() {
    for groups in [1, 7] {
        let (mut community, root) = talkative(groups);
        let ida = community.person("ida");
        let before = community.seen_of_ana(root);
        assert_eq!(before.len(), 12, "{before:?}");
        let counts: Vec<_> = ["ben", "fan"]
            .map(|nick| community.person(nick))
            .map(|who| community.counts(who))
            .into();
        community.suspend(ida, "ana");
        community.carry();
        assert_eq!(community.seen_of_ana(root), [""; 0], "{groups} groups");
        // What is on its way meanwhile loses nothing either.
        let [ben, fan] = ["ben", "fan"].map(|nick| community.person(nick));
        let answer = community.publish_body(ben, community.naming("to ana", &["ana"]));
        community.carry();
        community.unsuspend(ida, "ana");
        community.carry();
        assert_eq!(community.seen_of_ana(root), before, "{groups} groups");
        let after: Vec<_> = [ben, fan].map(|who| community.counts(who)).into();
        assert_eq!(counts, after, "no edge is lost");
        let ana = community.person("ana");
        community.try_log_in(ana).expect("logs in again");
        assert!(community.show(answer.id, None).is_ok());
    }
}

#[test]
fn g2_a_suspended_session_is_worthless_at_once_and_none_can_be_opened() {
    let (mut community, _) = talkative(5);
    let [ana, ida] = ["ana", "ida"].map(|nick| community.person(nick));
    community.events.clear();
    let whom = community.named("ana");
    let id = NotificationId::new(community.clock_ms, ida.account.slot());
    let take = Take {
        id,
        role: Role::Moderator,
        measure: Measure::Suspend { whom },
    };
    community.submit(take.clone()).expect("taken");
    // Before anything else is carried.
    let needed = Scopes::NONE;
    assert_eq!(
        community.query(CheckSession { actor: ana, needed }),
        Err(Rejected::NoSession)
    );
    assert!(
        community
            .events
            .contains(&Event::SessionsEnded { account: ana.account })
    );
    assert_eq!(community.account(ana.account), Err(Rejected::NotFound));
    assert_eq!(community.try_log_in(ana), Err(Rejected::Suspended));
    let authorize = Authorize {
        account: ana.account,
        password_version: 1,
        code: community.secret(),
        client_id: String::new(),
        label: String::new(),
        website: None,
        redirect_uri: String::new(),
        scopes: Scopes::NONE,
        challenge: None,
    };
    assert_eq!(community.submit(authorize), Err(Rejected::Suspended));
    // Whoever has the wrong password does not hear of it: it is verified before.
    assert!(
        community
            .query(Credentials {
                nick: "ana".parse().expect("a nick")
            })
            .is_ok()
    );
    // A repeat ends nothing that was opened after an undoing.
    community.unsuspend(ida, "ana");
    community.carry();
    community.try_log_in(ana).expect("logs in");
    community.submit(take).expect("a repeat");
    community.carry();
    assert!(community.account(ana.account).is_ok(), "the later measure counts");
}

#[test]
fn g2_of_two_measures_the_later_one_counts_in_whichever_order_they_come() {
    let mut community = Community::of(3);
    let [ana, _] = community.people(["ana", "ida"]);
    let whom = community.named("ana");
    let take = |ms, measure| Take {
        id: NotificationId::new(ms, Slot(1)),
        role: Role::Moderator,
        measure,
    };
    community
        .submit(take(2_000, Measure::Unsuspend { whom: whom.clone() }))
        .expect("taken");
    community
        .submit(take(1_000, Measure::Suspend { whom: whom.clone() }))
        .expect("taken");
    community.carry();
    assert!(community.account(ana.account).is_ok());
    community
        .submit(take(3_000, Measure::Suspend { whom }))
        .expect("taken");
    community.carry();
    assert_eq!(community.account(ana.account), Err(Rejected::NotFound));
}

#[test]
fn g2_the_child_of_a_split_hides_whom_its_parent_hid() {
    let (mut community, root) = talkative(1);
    let ida = community.person("ida");
    community.suspend(ida, "ana");
    community.carry();
    community.split(Slot(0x7FFF).end(), 5).expect("divided");
    community.carry();
    assert_eq!(community.seen_of_ana(root), [""; 0]);
}

#[test]
fn a_moderator_deletes_one_dweet_of_somebody() {
    let (mut community, _) = talkative(5);
    let [ana, ida, fan] = ["ana", "ida", "fan"].map(|nick| community.person(nick));
    let dweet = community.publish(ana, "ana, once more");
    community.carry();
    assert!(community.home(fan).contains(&"ana, once more".to_owned()));
    let (author, ben) = (community.named("ana"), community.named("ben"));
    let wrong = Measure::DeleteDweet {
        author: ben,
        dweet: dweet.id,
    };
    let wrong = community.decide(ida, wrong).expect("decided");
    let right = Measure::DeleteDweet {
        author,
        dweet: dweet.id,
    };
    let right = community.decide(ida, right).expect("decided");
    community.carry();
    let came = |community: &mut Community, id| community.query(OutcomeOf { actor: ida, id });
    assert_eq!(came(&mut community, wrong), Ok(Some(Err(Rejected::NotFound))));
    assert_eq!(came(&mut community, right), Ok(Some(Ok(()))));
    assert_eq!(community.show(dweet.id, None), Err(Rejected::NotFound));
    assert!(!community.home(fan).contains(&"ana, once more".to_owned()));
    assert!(community.account(ana.account).is_ok());
}

#[test]
fn g6_each_measure_is_in_the_log_once_whoever_carries_it_and_stays_there() {
    let (mut community, _) = talkative(5);
    let ida = community.person("ida");
    let id = community.suspend(ida, "ana");
    // Two couriers at once, and one whose word is lost.
    for _ in 0..2 {
        for (at, parcel) in community.pending() {
            let bytes = parcel.command.clone().expect("something to carry");
            community.deliver(&bytes).expect("taken");
            community.carry_one(at, parcel.clone());
            community.carry_one(at, parcel);
        }
    }
    community.carry();
    let of_ana = |community: &mut Community| {
        let log = community.log();
        log.into_iter()
            .filter(|deed| deed.measure.name() == "suspend")
            .collect::<Vec<_>>()
    };
    let deeds = of_ana(&mut community);
    assert_eq!(deeds.len(), 1);
    assert_eq!((deeds[0].id, deeds[0].why.as_str()), (id, "because"));
    assert_eq!(deeds[0].by, By::Person(community.named("ida")));
    // What is in the log needs no row at the moderator's home any more.
    assert_eq!(community.count(ida, "measure WHERE by_id > 0"), 1);
    community.clock_ms += 25 * 3_600_000;
    for group in 0..community.groups.len() {
        let at = community.groups[group].database.descriptor().range.end();
        let mut from = Some(Slot(0));
        while let Some(slot) = from {
            from = community.submit(Prune { at, from: slot }).expect("pruned");
        }
    }
    assert_eq!(community.count(ida, "measure"), 0);
    assert_eq!(of_ana(&mut community), deeds);
}

#[test]
fn moderators_see_whom_others_do_not_and_who_has_a_role() {
    let (mut community, _) = talkative(5);
    let [ana, ida] = ["ana", "ida"].map(|nick| community.person(nick));
    community.suspend(ida, "ana");
    community.carry();
    let who = Who::Nick("ana".parse().expect("a nick"));
    let dossier = community.query(Inspect { who }).expect("a dossier");
    assert_eq!(
        (dossier.account.id, dossier.role, dossier.is_suspended),
        (ana.account, Role::Member, true)
    );
    let mut noted = Vec::new();
    for group in 0..community.groups.len() {
        let at = community.groups[group].database.descriptor().range.end();
        noted.extend(community.query(Noted { at }).expect("some"));
    }
    let mut nicks: Vec<_> = noted.iter().map(|noted| noted.account.nick.as_str()).collect();
    nicks.sort_unstable();
    assert_eq!(nicks, ["admin", "ana", "ida"]);
}
