//! Rooms of several people.

use crate::device::link;
use crate::town::{Town, texts};
use tertulia_client::Client;
use tertulia_client::failure::{Failure, Misuse};
use tertulia_client::message::{Event, Message, Messenger, Progress, Room};

/// Somebody with a device.
async fn resident(town: &Town, nick: &str) -> Client {
    let client = town.person(nick).await;
    client
        .messenger()
        .await
        .expect("opens")
        .deliver()
        .await
        .expect("a device");
    client
}

fn nicks(of: &[&str]) -> Vec<String> {
    of.iter().map(|nick| (*nick).to_owned()).collect()
}

fn people(room: &Room) -> Vec<&str> {
    room.people
        .iter()
        .filter_map(|member| member.nick.as_deref())
        .collect()
}

/// What was said, without what happened.
fn said(messages: &[Message]) -> Vec<String> {
    let texts = messages.iter().filter(|message| message.event.is_none());
    texts.map(|message| message.text.clone()).collect()
}

fn events(messages: &[Message]) -> Vec<Event> {
    messages.iter().filter_map(|message| message.event).collect()
}

/// Everybody delivers so often that what one says has gone round.
async fn rounds(messengers: &[&Messenger<'_>]) {
    for _ in 0..3 {
        for messenger in messengers {
            messenger.deliver().await.expect("delivered");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_talk_in_a_room_and_who_is_put_out_hears_nothing_more() {
    let town = Town::build().await;
    let (ana, ben, eva) = (
        resident(&town, "ana").await,
        resident(&town, "ben").await,
        resident(&town, "eva").await,
    );
    let (ana, ben, eva) = (
        ana.messenger().await.expect("opens"),
        ben.messenger().await.expect("opens"),
        eva.messenger().await.expect("opens"),
    );
    let room = ana
        .create_room("Book club", &nicks(&["ben", "eva"]))
        .await
        .expect("made");
    assert_eq!((&*room.room, &*room.name), ("+book-club", "Book club"));
    assert_eq!(people(&room), ["ana", "ben", "eva"]);
    rounds(&[&ben, &eva]).await;
    let sent = ben.send("+book-club", "what do we read?").await.expect("sent");
    assert_eq!(
        (sent.progress, sent.room.as_deref()),
        (Progress::AtHome, Some("+book-club"))
    );
    eva.send("+book club", "Rayuela").await.expect("sent");
    rounds(&[&ana, &ben, &eva]).await;
    for messenger in [&ana, &ben, &eva] {
        let messages = messenger.read("+book-club", 20).await.expect("read");
        let mut said = said(&messages);
        said.sort();
        assert_eq!(said, ["Rayuela", "what do we read?"]);
    }
    // Read by both others.
    rounds(&[&ana, &eva, &ben]).await;
    let messages = ben.read("+book-club", 20).await.expect("read");
    let own = messages
        .iter()
        .find(|message| message.is_own && message.event.is_none());
    assert_eq!(own.and_then(|own| own.progress), Some(Progress::Read));

    let room = ben
        .remove_from_room("+book-club", &nicks(&["eva"]))
        .await
        .expect("put out");
    assert_eq!(people(&room), ["ben", "ana"]);
    ben.send("+book-club", "without eva").await.expect("sent");
    rounds(&[&ana, &eva]).await;
    let heard = ana.read("+book-club", 20).await.expect("read");
    assert_eq!(said(&heard).last().map(String::as_str), Some("without eva"));
    assert!(events(&heard).contains(&Event::Removed));
    let last = heard
        .iter()
        .rfind(|message| message.event == Some(Event::Removed));
    let last = last.map(|last| (last.sender.as_deref(), last.subject.as_deref()));
    assert_eq!(last, Some((Some("ben"), Some("eva"))));
    let heard = eva.read("+book-club", 20).await.expect("her history stays");
    assert!(!said(&heard).contains(&"without eva".to_owned()), "{heard:?}");
    assert_eq!(events(&heard).last(), Some(&Event::Removed));
    let refused = eva.send("+book-club", "hello?").await.expect_err("she is out");
    assert!(
        matches!(refused, Failure::Misused(Misuse::NotInRoom)),
        "{refused:?}"
    );

    // And comes back.
    ana.add_to_room("+book-club", &nicks(&["eva"]))
        .await
        .expect("let in again");
    rounds(&[&eva, &ben]).await;
    ana.send("+book-club", "welcome back").await.expect("sent");
    rounds(&[&eva, &ben]).await;
    let heard = said(&eva.read("+book-club", 20).await.expect("read"));
    assert_eq!(heard.last().map(String::as_str), Some("welcome back"));
    assert!(!heard.contains(&"without eva".to_owned()));
    assert!(eva.alarms().expect("alarms").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_is_put_out_by_the_others_and_a_new_name_comes_to_all() {
    let town = Town::build().await;
    let (ana, ben, eva) = (
        resident(&town, "ana").await,
        resident(&town, "ben").await,
        resident(&town, "eva").await,
    );
    let (ana, ben, eva) = (
        ana.messenger().await.expect("opens"),
        ben.messenger().await.expect("opens"),
        eva.messenger().await.expect("opens"),
    );
    ana.create_room("one", &nicks(&["ben", "eva"]))
        .await
        .expect("made");
    rounds(&[&ben, &eva]).await;
    ben.rename_room("+one", "two").await.expect("renamed");
    rounds(&[&ana, &eva]).await;
    for messenger in [&ana, &eva] {
        let chats = messenger.chats().expect("chats");
        assert_eq!(chats[0].room.as_deref(), Some("+two"));
    }
    let room = eva.leave_room("+two").await.expect("left");
    assert!(room.is_left);
    // The others wait for some seconds, drawn by lot, before they put her out.
    let put_out = async {
        loop {
            rounds(&[&ana, &ben]).await;
            ana.send("+two", "are we two?").await.expect("sent");
            let room = ben.show_room("+two").await.expect("shown");
            if room.people.iter().all(|member| member.wish.is_none()) && room.people.len() == 2 {
                return;
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), put_out)
        .await
        .expect("in time");
    rounds(&[&ana, &ben]).await;
    let texts = texts(&ana.read("+two", 200).await.expect("read"));
    ana.send("+two", "only ben").await.expect("sent");
    rounds(&[&eva, &ben]).await;
    assert!(!texts.is_empty());
    let heard = said(&eva.read("+two", 200).await.expect("read"));
    assert_eq!(heard, [""; 0]);
    let heard = said(&ben.read("+two", 200).await.expect("read"));
    assert_eq!(heard.last().map(String::as_str), Some("only ben"));
}

#[tokio::test(flavor = "multi_thread")]
async fn m6_somebody_without_a_device_comes_into_the_room_with_their_first() {
    let town = Town::build().await;
    let ana = resident(&town, "ana").await;
    let ben = town.person("ben").await;
    ben.logout(false).await.expect("logged out");
    let ana = ana.messenger().await.expect("opens");
    let room = ana.create_room("garden", &nicks(&["ben"])).await.expect("made");
    assert_eq!(
        room.people.iter().map(|member| member.wish).collect::<Vec<_>>(),
        [None, Some(true)]
    );
    let sent = ana.send("+garden", "is anybody here?").await.expect("kept");
    assert_eq!(sent.progress, Progress::Waiting);
    let again = ana.add_to_room("+garden", &nicks(&["ben"])).await;
    assert!(matches!(again, Err(Failure::Misused(Misuse::InRoom(_)))));
    let ben = town.log_in("ben").await;
    let ben = ben.messenger().await.expect("opens");
    ben.deliver().await.expect("a device");
    Town::later(&ana).await;
    ben.deliver().await.expect("delivered");
    let heard = ben.read("+garden", 20).await.expect("read");
    assert_eq!(said(&heard), ["is anybody here?"]);
    assert_eq!(events(&heard), [Event::Added]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rooms_are_told_apart_and_what_is_wrong_is_said() {
    let town = Town::build().await;
    let ana = resident(&town, "ana").await;
    let ana = ana.messenger().await.expect("opens");
    let one = ana.create_room("garden", &[]).await.expect("made").room;
    assert_eq!(one, "+garden");
    let other = ana.create_room("Garden", &[]).await.expect("made").room;
    assert!(other.starts_with("+garden/"), "{other}");
    let which = ana.send("+garden", "hello").await.expect_err("there are two");
    assert!(
        matches!(which, Failure::Misused(Misuse::WhichRoom(_))),
        "{which:?}"
    );
    ana.rename_room(&other, "orchard").await.expect("renamed");
    ana.show_room("+garden").await.expect("one again");
    for (failure, expected) in [
        (ana.send("+nowhere", "hello").await.err(), "no_such_room"),
        (
            ana.add_to_room("+garden", &nicks(&["ana"])).await.err(),
            "oneself",
        ),
        (
            ana.add_to_room("+garden", &nicks(&["nobody"])).await.err(),
            "no_such_nick",
        ),
        (ana.create_room("", &[]).await.err(), "not_a_message"),
        (ana.create_room(&"x".repeat(81), &[]).await.err(), "not_a_message"),
    ] {
        assert_eq!(failure.expect("refused").code(), expected);
    }
}

/// Everybody in a big room does something at once, again and again: the commits race, and all end with the same people and the same
/// texts.
#[tokio::test(flavor = "multi_thread")]
async fn m2_a_room_of_fifty_with_changes_at_once_converges() {
    const PEOPLE: usize = 50;
    let town = Town::build().await;
    let names: Vec<String> = (0..PEOPLE).map(|number| format!("p{number}")).collect();
    let mut clients = Vec::new();
    for names in names.chunks(10) {
        let residents = names.iter().map(|name| resident(&town, name));
        clients.extend(futures::future::join_all(residents).await);
    }
    let mut messengers = Vec::new();
    for client in &clients {
        messengers.push(client.messenger().await.expect("opens"));
    }
    let founders = &names[1..46];
    messengers[0].create_room("plaza", founders).await.expect("made");
    for messenger in &messengers[..46] {
        messenger.deliver().await.expect("let in");
    }
    // Four let one in each, two put one out each, and all of them talk, at the same time.
    let changes = messengers[..6].iter().enumerate().map(async |(at, messenger)| {
        match at {
            0..4 => messenger.add_to_room("+plaza", &names[46 + at..=46 + at]).await,
            _ => {
                messenger
                    .remove_from_room("+plaza", &names[26 + at..=26 + at])
                    .await
            }
        }
        .expect("kept");
        messenger
            .send("+plaza", &format!("from {at}"))
            .await
            .expect("kept");
    });
    let changes: Vec<_> = changes.collect();
    futures::future::join_all(changes).await;
    let is_in = |at: &usize| !(30..32).contains(at);
    let settled = async {
        for messenger in messengers[..6].iter() {
            Town::later(messenger).await;
        }
    };
    settled.await;
    for at in (0..PEOPLE).filter(is_in) {
        Town::later(&messengers[at]).await;
    }
    let mut expected: Vec<String> = (0..PEOPLE).filter(is_in).map(|at| names[at].clone()).collect();
    expected.sort();
    messengers[49]
        .send("+plaza", "the last word")
        .await
        .expect("sent");
    for at in (0..PEOPLE).filter(is_in) {
        let room = messengers[at].show_room("+plaza").await.expect("shown");
        let mut found: Vec<String> = people(&room).into_iter().map(str::to_owned).collect();
        found.sort();
        assert_eq!(found, expected, "as {} sees it", names[at]);
        let heard = messengers[at].read("+plaza", 200).await.expect("read");
        assert!(
            said(&heard).contains(&"the last word".to_owned()),
            "{}",
            names[at]
        );
        assert!(
            messengers[at].alarms().expect("alarms").is_empty(),
            "{}",
            names[at]
        );
        if at < 30 {
            let mut heard: Vec<String> = said(&heard);
            heard.retain(|text| text.starts_with("from "));
            assert_eq!(heard.len(), 6, "{} heard {heard:?}", names[at]);
        }
    }
    for out in &messengers[30..32] {
        out.deliver().await.expect("delivered");
        let heard = out.read("+plaza", 200).await.expect("read");
        assert!(!said(&heard).contains(&"the last word".to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_device_comes_into_the_rooms_with_their_history_and_one_that_is_shut_out_hears_no_more() {
    let town = Town::build().await;
    let (ana, ben) = (resident(&town, "ana").await, resident(&town, "ben").await);
    let bens = ben.messenger().await.expect("opens");
    let room = async |client: &Client| {
        let messenger = client.messenger().await.expect("opens");
        rounds(&[&messenger, &bens]).await;
        let room = messenger.show_room("+garden").await.expect("shown");
        let heard = said(&messenger.read("+garden", 20).await.expect("read"));
        (people(&room).len(), heard)
    };
    {
        let anas = ana.messenger().await.expect("opens");
        anas.create_room("garden", &nicks(&["ben"])).await.expect("made");
        bens.deliver().await.expect("let in");
        anas.send("+garden", "before").await.expect("sent");
    }
    let laptop = town.elsewhere("ana", "laptop").await;
    link(&ana, &laptop).await.expect("linked");
    assert_eq!(room(&laptop).await, (2, vec!["before".to_owned()]));
    bens.send("+garden", "to both").await.expect("sent");
    let both = vec!["before".to_owned(), "to both".to_owned()];
    assert_eq!(room(&laptop).await, (2, both.clone()));
    assert_eq!(room(&ana).await, (2, both));
    let laptops = laptop.messenger().await.expect("opens");
    laptops.send("+garden", "from the laptop").await.expect("sent");
    assert_eq!(room(&ana).await.1.len(), 3);
    // The first one is lost.
    let devices = laptops.devices().await.expect("listed");
    let lost = devices.iter().find(|device| !device.is_this);
    let lost = &lost.expect("two devices").short;
    laptops.revoke(lost).await.expect("shut out");
    bens.deliver().await.expect("delivered");
    bens.send("+garden", "without the lost one").await.expect("sent");
    assert_eq!(
        room(&laptop).await.1.last().map(String::as_str),
        Some("without the lost one")
    );
    let anas = ana.messenger().await;
    let heard = match &anas {
        Ok(anas) => {
            let _ = anas.deliver().await;
            said(&anas.read("+garden", 20).await.expect("its history stays"))
        }
        Err(_) => Vec::new(),
    };
    assert!(!heard.contains(&"without the lost one".to_owned()), "{heard:?}");
}
