//! Strangers: what they ask for stands apart, and they learn nothing before the person agrees.

use crate::town::{PATIENCE, Town, texts};
use tertulia_client::Failure;
use tertulia_client::failure::Misuse;
use tertulia_client::message::{Event, Messenger, Progress};
use tertulia_client::relation::Tie;

type Asked = (Option<String>, Option<String>, u32);

/// Who asks the person for what, and how many texts have come.
async fn asked(messenger: &Messenger<'_>) -> Vec<Asked> {
    let (requests, is_offline) = messenger.requests().await.expect("listed");
    assert!(!is_offline);
    let requests = requests.into_iter();
    let mut asked: Vec<Asked> = requests
        .map(|request| (request.nick, request.room, request.texts))
        .collect();
    asked.sort();
    asked
}

/// Waits until that is asked: what lets a device into a group comes from the conversation's home.
async fn until_asked(messenger: &Messenger<'_>, wanted: &[Asked]) {
    let asking = async { while asked(messenger).await != wanted {} };
    tokio::time::timeout(PATIENCE, asking).await.expect("in time");
}

fn of(nick: &str, room: Option<&str>, texts: u32) -> Asked {
    (Some(nick.to_owned()), room.map(str::to_owned), texts)
}

/// How far what one has written to the other has come.
async fn progress(messenger: &Messenger<'_>, with: &str) -> Vec<Progress> {
    messenger.deliver().await.expect("delivered");
    let said = messenger.read(with, 10).await.expect("read").into_iter();
    said.filter_map(|message| message.progress).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_asks_and_learns_nothing_before_the_person_agrees() {
    let town = Town::build().await;
    let (ana, ben) = (town.stranger("ana").await, town.stranger("ben").await);
    let (ana, ben) = (
        ana.messenger().await.expect("opens"),
        ben.messenger().await.expect("opens"),
    );
    ben.deliver().await.expect("a device");
    ana.send("ben", "one").await.expect("sent");
    until_asked(&ben, &[of("ana", None, 1)]).await;
    assert_eq!(
        (ben.chats().expect("chats"), ben.request_count().expect("counted")),
        (Vec::new(), 1)
    );
    assert_eq!(ben.news_after(0).expect("news").0, []);
    assert_eq!(texts(&ben.read("ana", 10).await.expect("read")), ["one"]);
    ben.deliver().await.expect("delivered");
    assert_eq!(progress(&ana, "ben").await, [Progress::AtHome]);
    ben.accept("ana").await.expect("agreed");
    assert_eq!(progress(&ana, "ben").await, [Progress::Read]);
    assert_eq!(
        (asked(&ben).await, ben.chats().expect("chats").len()),
        (Vec::new(), 1)
    );
    let twice = ben.accept("ana").await.expect_err("nothing is asked for");
    assert!(matches!(twice, Failure::Misused(Misuse::NoRequest(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_refused_is_heard_of_no_more() {
    let town = Town::build().await;
    let (ana, ben) = (town.stranger("ana").await, town.stranger("ben").await);
    let (ana, ben) = (
        ana.messenger().await.expect("opens"),
        ben.messenger().await.expect("opens"),
    );
    ben.deliver().await.expect("a device");
    ana.send("ben", "one").await.expect("sent");
    until_asked(&ben, &[of("ana", None, 1)]).await;
    ben.refuse("ana").await.expect("refused");
    assert_eq!(asked(&ben).await, []);
    assert_eq!(texts(&ben.read("ana", 10).await.expect("read")), [""; 0]);
    ana.send("ben", "two").await.expect("kept");
    Town::later(&ana).await;
    assert_eq!(progress(&ana, "ben").await, [Progress::AtHome, Progress::Refused]);
    ben.deliver().await.expect("delivered");
    assert_eq!(asked(&ben).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_into_which_a_stranger_lets_somebody_is_asked_for() {
    let town = Town::build().await;
    let (ana, ben) = (town.stranger("ana").await, town.stranger("ben").await);
    let (ana, ben) = (
        ana.messenger().await.expect("opens"),
        ben.messenger().await.expect("opens"),
    );
    ben.deliver().await.expect("a device");
    for name in ["Garden", "Trap"] {
        ana.create_room(name, &["ben".to_owned()]).await.expect("made");
        Town::later(&ana).await;
        ana.send(&format!("+{name}"), "come in").await.expect("sent");
    }
    Town::later(&ana).await;
    let rooms = [of("ana", Some("+garden"), 1), of("ana", Some("+trap"), 1)];
    until_asked(&ben, &rooms).await;
    assert_eq!(ben.chats().expect("chats"), []);
    ben.accept("+garden").await.expect("agreed");
    assert_eq!(progress(&ana, "+garden").await, [Progress::Delivered]);
    ben.refuse("+trap").await.expect("refused");
    assert_eq!(asked(&ben).await, []);
    Town::later(&ana).await;
    let said = ana.read("+trap", 10).await.expect("read");
    assert!(
        said.iter().any(|message| message.event == Some(Event::Left)),
        "{said:?}"
    );
    assert_eq!(progress(&ana, "+trap").await, [Progress::AtHome]);
    let rooms: Vec<_> = ben
        .chats()
        .expect("chats")
        .into_iter()
        .map(|chat| chat.room)
        .collect();
    assert_eq!(rooms, [Some("+garden".to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_has_to_ask_whom_the_person_knows() {
    let town = Town::build().await;
    let me = town.stranger("ben").await;
    let ben = me.messenger().await.expect("opens");
    ben.deliver().await.expect("a device");
    let (mut clients, nicks) = (Vec::new(), ["ana", "dan", "eva", "leo"]);
    for nick in nicks {
        let client = town.stranger(nick).await;
        client
            .messenger()
            .await
            .expect("opens")
            .deliver()
            .await
            .expect("a device");
        clients.push(client);
    }
    me.tie("ana", Tie::Follow).await.expect("follows");
    ben.add_contact("dan", None).await.expect("added");
    ben.send("eva", "hello").await.expect("sent");
    for client in &clients {
        let messenger = client.messenger().await.expect("opens");
        messenger.send("ben", "hello").await.expect("sent");
    }
    until_asked(&ben, &[of("leo", None, 1)]).await;
    let mut chats: Vec<_> = ben
        .chats()
        .expect("chats")
        .into_iter()
        .filter_map(|chat| chat.nick)
        .collect();
    chats.sort();
    assert_eq!(chats, ["ana", "dan", "eva"]);
    // Whoever answers, follows them or makes them a contact agrees.
    me.tie("leo", Tie::Follow).await.expect("follows");
    assert_eq!(asked(&ben).await, []);
    assert_eq!(ben.chats().expect("chats").len(), 4);
}
