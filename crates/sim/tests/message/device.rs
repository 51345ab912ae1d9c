//! Several devices of one person: a new one is let in, a lost one is shut out, a disk is put back.

use crate::puppet::{Person, Puppet};
use crate::town::{Loss, Town, texts};
use tertulia_client::Client;
use tertulia_client::failure::{Failure, Misuse};
use tertulia_client::message::alarm::Kind;
use tertulia_client::message::link::Step;
use tertulia_client::message::{Messenger, Progress};

/// Lets the new computer in by the old one.
pub(crate) async fn link(old: &Client, new: &Client) -> Result<usize, Failure> {
    let (old, new) = (old.messenger().await?, new.messenger().await?);
    let invitation = new.invite().await?;
    let coming_in = new.be_let_in(&invitation, Some("laptop"), |_| ());
    let letting_in = async {
        let guest = old.look_for(&invitation.code()).await?;
        assert_eq!(guest.short, invitation.short());
        old.let_in(&guest, |_| ()).await
    };
    let (here, there) = tokio::try_join!(coming_in, letting_in)?;
    assert!(
        here.messages <= there.messages,
        "what was here already is not new"
    );
    Ok(here.messages)
}

pub(crate) async fn read(client: &Client, other: &str) -> Vec<String> {
    let messenger = client.messenger().await.expect("opens");
    messenger.deliver().await.expect("delivered");
    texts(&messenger.read(other, 200).await.expect("read"))
}

pub(crate) async fn send(client: &Client, other: &str, text: &str) -> Progress {
    let messenger = client.messenger().await.expect("opens");
    messenger.send(other, text).await.expect("sent").progress
}

pub(crate) async fn alarms(client: &Client) -> Vec<Kind> {
    let messenger = client.messenger().await.expect("opens");
    let alarms = messenger.alarms().expect("alarms");
    alarms.into_iter().map(|alarm| alarm.kind).collect()
}

fn misuse<T: std::fmt::Debug>(outcome: Result<T, Failure>) -> Misuse {
    match outcome {
        Err(Failure::Misused(misuse)) => misuse,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_computer_is_let_in_and_reads_and_writes_all_from_before_and_after() {
    let town = Town::build().await;
    let (ana, ben) = (town.person("ana").await, town.person("ben").await);
    for number in 0..30 {
        send(&ana, "ben", &format!("a{number} {}", "long ".repeat(1_500))).await;
    }
    read(&ben, "ana").await;
    send(&ben, "ana", "unseen").await;
    let laptop = town.elsewhere("ana", "laptop").await;
    assert!(laptop.waits_for_link().await.expect("known"));
    let refused = laptop
        .messenger()
        .await
        .expect("opens")
        .send("ben", "too early")
        .await;
    assert_eq!(misuse(refused), Misuse::OtherDevices);
    assert_eq!(link(&ana, &laptop).await.expect("linked"), 31);
    assert!(!laptop.waits_for_link().await.expect("known"));

    let before = read(&ana, "ben").await;
    assert_eq!(before.len(), 31);
    assert_eq!(read(&laptop, "ben").await, before);
    // Both directions, from each.
    send(&ben, "ana", "to both").await;
    send(&laptop, "ben", "from the laptop").await;
    send(&ana, "ben", "from the old one").await;
    for client in [&ana, &laptop, &ana, &laptop] {
        read(client, "ben").await;
    }
    let (here, there) = (read(&ana, "ben").await, read(&laptop, "ben").await);
    let sorted = |texts: &[String]| {
        let mut texts = texts[31..].to_vec();
        texts.sort();
        texts
    };
    assert_eq!(sorted(&here), ["from the laptop", "from the old one", "to both"]);
    assert_eq!(sorted(&there), sorted(&here));
    assert_eq!(
        &read(&ben, "ana").await[31..],
        ["to both", "from the laptop", "from the old one"]
    );
    for client in [&ana, &ben, &laptop] {
        assert_eq!(alarms(client).await, []);
    }
    let devices = laptop
        .messenger()
        .await
        .expect("opens")
        .devices()
        .await
        .expect("devices");
    let labels: Vec<_> = devices
        .iter()
        .map(|device| (device.label.as_str(), device.is_this))
        .collect();
    assert_eq!(labels, [("terminal", false), ("laptop", true)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_and_read_on_one_device_is_so_on_the_other() {
    let town = Town::build().await;
    let (ana, ben) = (town.person("ana").await, town.person("ben").await);
    send(&ana, "ben", "zero").await;
    let laptop = town.elsewhere("ana", "laptop").await;
    link(&ana, &laptop).await.expect("linked");
    for text in ["one", "two"] {
        assert_eq!(send(&ana, "ben", text).await, Progress::AtHome);
    }
    read(&ben, "ana").await;
    send(&ben, "ana", "three").await;
    let (old, new) = (
        ana.messenger().await.expect("opens"),
        laptop.messenger().await.expect("opens"),
    );
    for messenger in [&old, &new, &old, &new] {
        messenger.deliver().await.expect("delivered");
    }
    let unread = |messenger: &Messenger<'_>| messenger.chats().expect("chats")[0].unread;
    assert_eq!((unread(&old), unread(&new)), (1, 1));
    let said = new.read("ben", 10).await.expect("read");
    let said: Vec<_> = said
        .iter()
        .map(|message| (message.text.as_str(), message.is_own, message.progress))
        .collect();
    let read = Some(Progress::Read);
    assert_eq!(
        said,
        [
            ("zero", true, read),
            ("one", true, read),
            ("two", true, read),
            ("three", false, None)
        ],
        "in order, as one's own, and as far as they have come"
    );
    new.push().await.expect("pushed");
    old.deliver().await.expect("delivered");
    assert_eq!(unread(&old), 0, "it was read on the other");
    let ben = ben.messenger().await.expect("opens");
    ben.deliver().await.expect("delivered");
    let last = ben.read("ana", 1).await.expect("read");
    assert_eq!(last[0].progress, read);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_while_a_computer_is_let_in_reaches_it() {
    let town = Town::build().await;
    let (ana, ben) = (town.person("ana").await, town.person("ben").await);
    send(&ana, "ben", "before").await;
    read(&ben, "ana").await;
    let laptop = town.elsewhere("ana", "laptop").await;
    let (old, new) = (
        ana.messenger().await.expect("opens"),
        laptop.messenger().await.expect("opens"),
    );
    let invitation = new.invite().await.expect("invited");
    let guest = old.look_for(&invitation.code()).await.expect("found");
    let (entered, mut is_entered) = tokio::sync::mpsc::unbounded_channel();
    let coming_in = new.be_let_in(&invitation, None, |step| {
        if step == Step::Met {
            entered.send(()).expect("heard");
        }
    });
    let meanwhile = async {
        // The history has been counted by then, and the identity has not been handed over or just has.
        is_entered.recv().await.expect("told");
        for number in 0..10 {
            send(&ben, "ana", &format!("meanwhile {number}")).await;
        }
    };
    let (here, there, ()) = tokio::join!(coming_in, old.let_in(&guest, |_| ()), meanwhile);
    here.expect("let in");
    there.expect("let in");
    let expected: Vec<String> = std::iter::once("before".to_owned())
        .chain((0..10).map(|number| format!("meanwhile {number}")))
        .collect();
    for client in [&ana, &laptop] {
        let mut said = read(client, "ben").await;
        said.sort_by_key(|text| expected.iter().position(|expected| expected == text));
        assert_eq!(said, expected);
        assert_eq!(alarms(client).await, []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_is_mistyped_of_somebody_else_or_used_lets_nobody_in() {
    let town = Town::build().await;
    let (ana, ben) = (town.person("ana").await, town.person("ben").await);
    let laptop = town.elsewhere("ana", "laptop").await;
    let (old, new) = (
        ana.messenger().await.expect("opens"),
        laptop.messenger().await.expect("opens"),
    );
    let invitation = new.invite().await.expect("invited");
    let code = invitation.code();
    let mut mistyped: Vec<char> = code.chars().collect();
    mistyped[7] = if mistyped[7] == 'A' { 'B' } else { 'A' };
    let mistyped: String = mistyped.into_iter().collect();
    assert_eq!(
        misuse(old.look_for(&mistyped).await),
        Misuse::NotACode { group: Some(2) }
    );
    assert_eq!(
        misuse(old.look_for("nonsense").await),
        Misuse::NotACode { group: None }
    );
    let ben = ben.messenger().await.expect("opens");
    assert_eq!(
        misuse(ben.look_for(&code).await),
        Misuse::NoSuchCode,
        "it is for Ana's devices"
    );
    let guest = old.look_for(&code).await.expect("found");
    let (here, there) = tokio::join!(
        new.be_let_in(&invitation, None, |_| ()),
        old.let_in(&guest, |_| ())
    );
    here.expect("let in");
    there.expect("let in");
    assert_eq!(
        misuse(old.look_for(&code).await),
        Misuse::NoSuchCode,
        "it is used up"
    );
    assert_eq!(old.devices().await.expect("devices").len(), 2);
}

/// One after another each question of a link is lost, or its answer. It goes on by itself, or breaks off with a clear word and is done
/// once more; the new device has it all then, once.
async fn a_link_loses(loss: Loss) {
    let town = Town::build().await;
    let mut tried = 0;
    for number in loss.places() {
        let (nick, other) = (format!("ana{number}"), format!("ben{number}"));
        let (ana, ben) = (town.person(&nick).await, town.person(&other).await);
        send(&ana, &other, "one").await;
        read(&ben, &nick).await;
        send(&ben, &nick, "two").await;
        let laptop = town.elsewhere(&nick, "laptop").await;
        town.lose(number, loss);
        let once = async {
            let linked = tokio::time::timeout(std::time::Duration::from_secs(6), link(&ana, &laptop)).await;
            linked.is_ok_and(|linked| linked.is_ok())
        };
        let is_linked = once.await;
        let is_tried = town.questions() > number;
        town.lose(usize::MAX, loss);
        let is_to_be_linked = laptop.messenger().await.expect("opens").is_to_be_linked().await;
        if !is_linked && is_to_be_linked.expect("known") {
            link(&ana, &laptop).await.expect("linked the second time");
        }
        send(&ben, &nick, "three").await;
        for client in [&ana, &laptop] {
            assert_eq!(
                read(client, &other).await,
                ["one", "two", "three"],
                "{loss:?} {number}"
            );
            assert_eq!(alarms(client).await, [], "{loss:?} {number}");
        }
        send(&laptop, &other, "four").await;
        assert_eq!(read(&ben, &nick).await, ["one", "two", "three", "four"]);
        assert_eq!(read(&ana, &other).await, ["one", "two", "three", "four"]);
        let devices = ana
            .messenger()
            .await
            .expect("opens")
            .devices()
            .await
            .expect("devices");
        assert_eq!(devices.len(), 2, "{loss:?} {number}: {devices:?}");
        // How often the two look into boxes depends on their pace.
        if !is_tried || number > 30 {
            break;
        }
        tried += 1;
    }
    assert!(tried > 4, "{tried} questions");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_whose_questions_are_lost_at_any_step_ends_well_or_is_done_once_more() {
    a_link_loses(Loss::Question).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_whose_answers_are_lost_at_any_step_ends_well_or_is_done_once_more() {
    a_link_loses(Loss::Answer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_is_shut_out_reads_nothing_that_is_sent_afterwards() {
    let town = Town::build().await;
    let (ana, ben) = (town.person("ana").await, town.person("ben").await);
    send(&ana, "ben", "one").await;
    read(&ben, "ana").await;
    let laptop = town.elsewhere("ana", "laptop").await;
    link(&ana, &laptop).await.expect("linked");
    send(&laptop, "ben", "two").await;
    read(&ben, "ana").await;
    read(&ana, "ben").await;

    let old = ana.messenger().await.expect("opens");
    let devices = old.devices().await.expect("devices");
    let [this, lost] = &devices[..] else {
        panic!("{devices:?}");
    };
    assert_eq!(misuse(old.revoke(&this.short).await), Misuse::ThisDevice);
    assert_eq!(
        misuse(old.revoke("xyz").await),
        Misuse::NotADevice("xyz".to_owned())
    );
    assert_eq!(misuse(old.revoke("").await), Misuse::NotADevice(String::new()));
    let shut_out = old.revoke(&lost.short).await.expect("shut out");
    assert_eq!((&shut_out.short, shut_out.waiting), (&lost.short, 0));
    assert_eq!(old.devices().await.expect("devices").len(), 1);

    send(&ben, "ana", "three").await;
    send(&ana, "ben", "four").await;
    // It is logged out. Who has it and knows the password too is told that it is shut out, and gets nothing.
    let found = laptop.messenger().await.expect("opens").deliver().await;
    assert!(matches!(found, Err(Failure::SessionEnded)), "{found:?}");
    laptop.drop_session().expect("dropped");
    laptop.login("ana", town.password()).await.expect("logged in");
    let lost = laptop.messenger().await.expect("opens");
    assert_eq!(misuse(lost.deliver().await), Misuse::ShutOut);
    assert_eq!(texts(&lost.read("ben", 10).await.expect("read")), ["one", "two"]);
    assert_eq!(
        read(&ana, "ben").await,
        ["one", "two", "four", "three"],
        "as she came to know of it"
    );
    assert_eq!(read(&ben, "ana").await, ["one", "two", "three", "four"]);

    // It was found again.
    assert!(lost.is_to_be_linked().await.expect("known"));
    link(&ana, &laptop).await.expect("linked");
    send(&ben, "ana", "five").await;
    assert_eq!(read(&laptop, "ben").await.len(), 5);
    assert_eq!(read(&ana, "ben").await.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn m7_a_disk_that_was_put_back_has_its_history_and_uses_no_key_twice() {
    let town = Town::build().await;
    let (ana, ben) = (town.person("ana").await, town.person("ben").await);
    send(&ana, "ben", "one").await;
    read(&ben, "ana").await;
    send(&ben, "ana", "two").await;
    assert_eq!(read(&ana, "ben").await, ["one", "two"]);
    drop(ana);
    town.copy("ana", "ana-before");
    let ana = town.again("ana");
    send(&ana, "ben", "lost one").await;
    read(&ben, "ana").await;
    send(&ben, "ana", "lost two").await;
    assert_eq!(read(&ana, "ben").await.len(), 4);
    send(&ben, "ana", "on its way").await;
    drop(ana);
    town.copy("ana-before", "ana");
    let ana = town.again("ana");
    assert_eq!(read(&ana, "ben").await, ["one", "two", "on its way"]);
    assert_eq!(alarms(&ana).await, [Kind::OlderDisk]);
    send(&ben, "ana", "three").await;
    assert_eq!(read(&ana, "ben").await.last().map(String::as_str), Some("three"));
    send(&ana, "ben", "four").await;
    let all = read(&ben, "ana").await;
    assert_eq!(
        all,
        [
            "one",
            "two",
            "lost one",
            "lost two",
            "on its way",
            "three",
            "four"
        ]
    );
    for client in [&ana, &ben] {
        assert_eq!(alarms(client).await, []);
    }
    let eva = town.person("eva").await;
    send(&eva, "ana", "its packages are new too").await;
    assert_eq!(read(&ana, "eva").await, ["its packages are new too"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn m7_a_disk_that_was_put_back_behind_what_it_said_alone_is_found_out_before_it_says_more() {
    let town = Town::build().await;
    let (ana, ben) = (town.person("ana").await, town.person("ben").await);
    send(&ana, "ben", "one").await;
    drop(ana);
    town.copy("ana", "ana-before");
    let ana = town.again("ana");
    // Nobody has answered: nothing in the mailbox tells that this was said.
    send(&ana, "ben", "lost").await;
    drop(ana);
    town.copy("ana-before", "ana");
    let ana = town.again("ana");
    assert_eq!(send(&ana, "ben", "two").await, Progress::AtHome);
    assert_eq!(alarms(&ana).await, [Kind::OlderDisk]);
    assert_eq!(read(&ben, "ana").await, ["one", "lost", "two"]);
    assert_eq!(alarms(&ben).await, [], "nothing could not be opened");
    send(&ben, "ana", "three").await;
    assert_eq!(read(&ana, "ben").await, ["one", "two", "three"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn m4_somebody_whose_packages_are_used_up_is_written_to_by_the_last_resort() {
    let town = Town::build().await;
    let ben = town.person("ben").await;
    let id = ben.whoami().await.expect("known").what.id;
    let mut given = Vec::new();
    for number in 0..6 {
        let nick = format!("eva{number}");
        town.person(&nick).await;
        given.extend(town.claim(&nick, &id, 9).await);
    }
    let [.., one, other] = &given[..] else {
        panic!("{given:?}");
    };
    assert_eq!(one, other, "only one kind is given out any more");
    let ana = town.person("ana").await;
    assert_eq!(send(&ana, "ben", "by the last resort").await, Progress::AtHome);
    assert_eq!(read(&ben, "ana").await, ["by the last resort"]);
    send(&ben, "ana", "answered").await;
    assert_eq!(read(&ana, "ben").await, ["by the last resort", "answered"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn m8_who_was_away_while_a_device_was_let_in_and_shut_out_reads_all_that_was_said() {
    let town = Town::build().await;
    let (ana, ben) = (town.person("ana").await, town.person("ben").await);
    send(&ana, "ben", "one").await;
    assert_eq!(read(&ben, "ana").await, ["one"]);
    send(&ben, "ana", "two").await;
    read(&ana, "ben").await;
    // He is away from now on.
    let laptop = town.elsewhere("ana", "laptop").await;
    link(&ana, &laptop).await.expect("linked");
    send(&ana, "ben", "three").await;
    assert_eq!(read(&laptop, "ben").await, ["one", "two", "three"]);
    let messenger = ana.messenger().await.expect("opens");
    let devices = messenger.devices().await.expect("devices");
    let lost = devices.iter().find(|device| !device.is_this).expect("the laptop");
    assert_eq!(messenger.revoke(&lost.short).await.expect("shut out").waiting, 0);
    send(&ana, "ben", "four").await;
    // What one can only do who has gone all of the way.
    let all = ["one", "two", "three", "four"];
    assert_eq!(read(&ben, "ana").await, all);
    assert_eq!(send(&ben, "ana", "five").await, Progress::AtHome);
    assert_eq!(read(&ana, "ben").await.last().map(String::as_str), Some("five"));
    for client in [&ana, &ben] {
        assert_eq!(alarms(client).await, []);
    }
    let messenger = laptop.messenger().await.expect("opens");
    assert!(messenger.deliver().await.is_err(), "it hears nothing more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_that_fits_into_no_group_keeps_nobody_else_from_talking() {
    let town = Town::build().await;
    let (ana, ben) = (town.person("ana").await, town.person("ben").await);
    read(&ben, "ana").await;
    let eve = Puppet::make(&town, "eve", 2).await;
    eve.stock_unfit(1).await;
    let mallory = Puppet::make(&town, "mallory", 1).await;
    mallory.stock_unfit(0).await;
    // Of one device of hers nothing can be made; the other one is let in.
    assert_eq!(send(&ana, "eve", "to one of yours").await, Progress::AtHome);
    assert_eq!(alarms(&ana).await, [Kind::UnfitPackage]);
    let account = Person::enter(&town, "dan").await.account("ana").await;
    assert_eq!(eve.join(account).await.members().len(), 2);
    // Of hers there is no other, so it waits for one; what is said to others goes.
    assert_eq!(send(&ana, "mallory", "to none").await, Progress::Waiting);
    assert_eq!(alarms(&ana).await, [Kind::UnfitPackage]);
    assert_eq!(send(&ana, "ben", "to you").await, Progress::AtHome);
    assert_eq!(read(&ben, "ana").await, ["to you"]);
    assert_eq!(send(&ana, "eve", "again").await, Progress::AtHome);
    assert_eq!(alarms(&ana).await, [], "it was told already");
}
