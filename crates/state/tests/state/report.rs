//! Reports: from the one who tells to the moderators who settle them.

use crate::community::Community;
use tertulia_state::measure::OutcomeOf;
use tertulia_state::page::Page;
use tertulia_state::prune::Prune;
use tertulia_state::report::{FileReport, FindReport, PER_DAY_MAX, Reports};
use tertulia_state::session::Actor;
use tertulia_types::moderation::{Measure, Report, Resolution, Role};
use tertulia_types::{NotificationId, Rejected, Slot};

impl Community {
    fn report(&mut self, actor: Actor, about: &str, comment: &str) -> Result<NotificationId, Rejected> {
        let (about, key) = (self.named(about), self.key());
        let (dweets, comment, category) = (Vec::new(), comment.to_owned(), "spam".to_owned());
        self.submit(FileReport {
            actor,
            about,
            dweets,
            comment,
            category,
            key,
        })
    }

    fn reports(&mut self, resolved: bool) -> Vec<(Report, Option<Resolution>)> {
        let page = Page::newest(80);
        self.query(Reports { resolved, page }).expect("reports")
    }

    fn resolve(&mut self, by: Actor, nick: &str, report: NotificationId) -> NotificationId {
        let about = self.query(FindReport { id: report }).expect("a report").about;
        let resolution = Resolution {
            by: self.named(nick),
            at_ms: self.clock_ms,
            note: format!("{nick} looked at it"),
        };
        let measure = Measure::Resolve {
            report,
            about,
            resolution,
        };
        self.decide(by, measure).expect("decided")
    }

    fn prune(&mut self) {
        for group in 0..self.groups.len() {
            let at = self.groups[group].database.descriptor().range.end();
            let mut from = Some(Slot(0));
            while let Some(slot) = from {
                from = self.submit(Prune { at, from: slot }).expect("pruned");
            }
        }
    }
}

fn scene() -> (Community, [Actor; 4]) {
    let mut community = Community::of(7);
    let people = community.people(["ana", "ben", "ida", "iva"]);
    for nick in ["ida", "iva"] {
        community.appoint(nick, Role::Moderator).expect("appointed");
    }
    community.carry();
    (community, people)
}

#[test]
fn g5_a_report_reaches_the_moderators_once_whoever_carries_it() {
    let (mut community, [_, ben, _, _]) = scene();
    let id = community.report(ben, "ana", "she sells watches").expect("filed");
    assert!(community.reports(false).is_empty(), "it is on its way");
    for (at, parcel) in community.pending() {
        let bytes = parcel.command.clone().expect("something to carry");
        for _ in 0..3 {
            community.deliver(&bytes).expect("taken");
        }
        community.carry_one(at, parcel.clone());
        community.carry_one(at, parcel);
    }
    let reports = community.reports(false);
    assert_eq!(reports.len(), 1);
    let (report, resolution) = &reports[0];
    assert_eq!(
        (report.id, report.comment.as_str(), resolution),
        (id, "she sells watches", &None)
    );
    assert_eq!(
        (report.by.nick.as_str(), report.about.nick.as_str()),
        ("ben", "ana")
    );
    // What was told needs to be nowhere else.
    let held = community.holds("she sells watches", &["request"]);
    assert_eq!(held.len(), 1, "{held:?}");
}

#[test]
fn g5_a_report_is_settled_once_and_not_by_the_one_whom_it_is_about() {
    let (mut community, [_, ben, ida, iva]) = scene();
    let report = community.report(ben, "ana", "").expect("filed");
    let about_ida = community.report(ben, "ida", "").expect("filed");
    community.carry();
    let first = community.resolve(ida, "ida", report);
    let second = community.resolve(iva, "iva", report);
    community.carry();
    let came =
        |community: &mut Community, actor, id| community.query(OutcomeOf { actor, id }).expect("an outcome");
    let outcomes = [
        came(&mut community, ida, first),
        came(&mut community, iva, second),
    ];
    assert!(
        outcomes.contains(&Some(Ok(()))) && outcomes.contains(&Some(Err(Rejected::Conflict))),
        "{outcomes:?}"
    );
    assert_eq!(community.reports(false).len(), 1);
    let settled = community.reports(true);
    assert!(
        settled[0]
            .1
            .as_ref()
            .is_some_and(|resolution| resolution.note.ends_with("looked at it"))
    );
    let log = community.log();
    assert_eq!(
        log.iter().filter(|deed| deed.measure.name() == "resolve").count(),
        2,
        "also the one that came too late"
    );
    let about = community.named("ida");
    let resolution = Resolution {
        by: about.clone(),
        at_ms: 0,
        note: String::new(),
    };
    let own = Measure::Resolve {
        report: about_ida,
        about,
        resolution,
    };
    assert_eq!(community.decide(ida, own), Err(Rejected::Oneself));
}

#[test]
fn g5_nobody_files_more_than_some_a_day() {
    let (mut community, [ana, ben, _, _]) = scene();
    assert_eq!(community.report(ana, "ana", ""), Err(Rejected::Oneself));
    for i in 0..PER_DAY_MAX {
        community.report(ben, "ana", &format!("{i}")).expect("filed");
    }
    assert!(matches!(
        community.report(ben, "ana", ""),
        Err(Rejected::Limit(_))
    ));
    community.report(ana, "ben", "").expect("others may");
    community.carry();
    // What the moderators do not have yet is not forgotten, and what they have is after a day.
    community.clock_ms += 25 * 3_600_000;
    let waiting = community.report(ben, "ana", "one more").expect("filed");
    community.clock_ms += 25 * 3_600_000;
    community.prune();
    assert_eq!(community.count(ben, "report_sent WHERE state = 0"), 1);
    community.carry();
    assert_eq!(community.reports(false)[0].0.id, waiting);
}

#[test]
fn g5_from_a_report_to_a_suspension() {
    let (mut community, [ana, ben, ida, _]) = scene();
    let report = community.report(ben, "ana", "spam").expect("filed");
    community.carry();
    assert_eq!(community.reports(false)[0].0.about.id, ana.account);
    community.suspend(ida, "ana");
    community.resolve(ida, "ida", report);
    community.carry();
    assert_eq!(community.account(ana.account), Err(Rejected::NotFound));
    assert!(community.reports(false).is_empty());
    let told: Vec<_> = community.log().iter().map(|deed| deed.measure.name()).collect();
    assert_eq!(told[..2], ["resolve", "suspend"]);
    community.clock_ms += 401 * 24 * 3_600_000;
    community.prune();
    assert!(
        community.reports(true).is_empty(),
        "what was settled long ago is forgotten"
    );
    assert_eq!(community.log().len(), 4, "what was done is not");
}
