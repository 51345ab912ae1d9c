//! Private messages of real clients over a real machine.

mod contacts;
mod device;
mod direct;
mod puppet;
mod recovery;
mod requests;
mod rooms;
mod secrecy;
mod town;
mod verify;

use tertulia_client::failure::{Failure, Misuse};
use tertulia_client::message::Progress;
use town::{Loss, Town, texts};

#[tokio::test(flavor = "multi_thread")]
async fn two_people_write_to_each_other_and_learn_how_far_it_came() {
    let town = Town::build().await;
    let (ana, ben) = (town.person("ana").await, town.person("ben").await);
    let (ana, ben) = (
        ana.messenger().await.expect("opens"),
        ben.messenger().await.expect("opens"),
    );
    ben.deliver().await.expect("a device");
    for text in ["one", "two", "three"] {
        let sent = ana.send("ben", text).await.expect("sent");
        assert_eq!(sent.progress, Progress::AtHome);
    }
    let (fetched, _) = ben.deliver().await.expect("delivered");
    assert_eq!(fetched.texts, 3);
    assert_eq!(
        texts(&ben.read("ana", 10).await.expect("read")),
        ["one", "two", "three"]
    );
    ana.deliver().await.expect("delivered");
    let progress = |messages: Vec<tertulia_client::message::Message>| {
        messages
            .into_iter()
            .filter_map(|message| message.progress)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        progress(ana.read("ben", 10).await.expect("read")),
        [Progress::Delivered; 3]
    );
    ben.send("ana", "four").await.expect("sent");
    ana.deliver().await.expect("delivered");
    let said = ana.read("ben", 10).await.expect("read");
    assert_eq!(texts(&said), ["one", "two", "three", "four"]);
    assert_eq!(
        progress(said),
        [Progress::Read; 3],
        "he had read them before he answered"
    );
    let chats = ben.chats().expect("chats");
    assert_eq!(
        (chats.len(), chats[0].nick.as_deref(), chats[0].unread),
        (1, Some("ana"), 0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_is_found_by_its_words_and_taken_out_whole() {
    let town = Town::build().await;
    let (ana, ben) = (town.person("ana").await, town.person("ben").await);
    let (ana, ben) = (
        ana.messenger().await.expect("opens"),
        ben.messenger().await.expect("opens"),
    );
    ben.deliver().await.expect("a device");
    for text in ["a Lemon cake", "50% of a cake", "lemon or chocolate?"] {
        ana.send("ben", text).await.expect("sent");
    }
    ben.deliver().await.expect("delivered");
    let found = |words: &str, limit| -> Vec<String> {
        let found = ben.find(words, limit).expect("found").into_iter();
        found.map(|found| found.message.text).collect()
    };
    assert_eq!(found("lemon", 10), ["a Lemon cake", "lemon or chocolate?"]);
    assert_eq!(found("lemon", 1), ["lemon or chocolate?"]);
    assert_eq!(found("cake LEMON", 10), ["a Lemon cake"]);
    assert_eq!(found("50%", 10), ["50% of a cake"]);
    assert_eq!(found("%", 10), ["50% of a cake"]);
    assert_eq!(found("plum", 10), [""; 0]);
    let mut lines = Vec::new();
    let count = ben.export(|found| {
        lines.push((
            found.nick.clone(),
            found.message.sender.clone(),
            found.message.text.clone(),
        ));
        Ok::<(), Failure>(())
    });
    assert_eq!(count.expect("taken out"), 3);
    let ana = Some("ana".to_owned());
    assert_eq!(lines[0], (ana.clone(), ana, "a Lemon cake".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn m6_a_message_waits_until_its_recipient_has_a_device() {
    let town = Town::build().await;
    let (ana, ben) = (town.person("ana").await, town.person("ben").await);
    ben.logout(false).await.expect("logged out");
    let ana = ana.messenger().await.expect("opens");
    let sent = ana.send("ben", "soon").await.expect("kept");
    assert_eq!(sent.progress, Progress::Waiting);
    let ben = town.log_in("ben").await;
    let ben = ben.messenger().await.expect("opens");
    let later = Town::later(&ana).await;
    assert_eq!(later.waiting, 0);
    ben.deliver().await.expect("delivered");
    assert_eq!(texts(&ben.read("ana", 10).await.expect("read")), ["soon"]);
    let nobody = ana.send("nobody", "hello").await.expect_err("there is nobody");
    assert_eq!(nobody.code(), "no_such_nick");
    let oneself = ana.send("ana", "hello").await.expect_err("to oneself");
    assert!(matches!(oneself, Failure::Misused(Misuse::ToOneself)));
}

#[tokio::test(flavor = "multi_thread")]
async fn both_begin_at_once_and_have_one_conversation() {
    let town = Town::build().await;
    let (ana, ben) = (town.person("ana").await, town.person("ben").await);
    let (ana, ben) = (
        ana.messenger().await.expect("opens"),
        ben.messenger().await.expect("opens"),
    );
    ana.deliver().await.expect("a device");
    ben.deliver().await.expect("a device");
    let (one, other) = tokio::join!(ana.send("ben", "from ana"), ben.send("ana", "from ben"));
    one.expect("kept");
    other.expect("kept");
    for _ in 0..3 {
        ana.deliver().await.expect("delivered");
        ben.deliver().await.expect("delivered");
    }
    for (messenger, other) in [(&ana, "ben"), (&ben, "ana")] {
        let mut said = texts(&messenger.read(other, 10).await.expect("read"));
        said.sort();
        assert_eq!(said, ["from ana", "from ben"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_is_kept_and_waits_while_no_machine_answers() {
    let mut town = Town::build().await;
    let (ana, ben) = (town.person("ana").await, town.person("ben").await);
    {
        let (ana, ben) = (
            ana.messenger().await.expect("opens"),
            ben.messenger().await.expect("opens"),
        );
        ben.deliver().await.expect("a device");
        ana.send("ben", "before").await.expect("sent");
    }
    town.stop().await;
    {
        let ana = ana.messenger().await.expect("opens");
        for text in ["during one", "during two"] {
            assert_eq!(
                ana.send("ben", text).await.expect("kept").progress,
                Progress::Waiting
            );
        }
        assert_eq!(texts(&ana.read("ben", 10).await.expect("kept")).len(), 3);
    }
    // The client is closed and opened again meanwhile.
    drop(ana);
    town.start().await;
    let ana = town.again("ana");
    let ana = ana.messenger().await.expect("opens");
    assert_eq!(Town::later(&ana).await.waiting, 0);
    let ben = ben.messenger().await.expect("opens");
    ben.deliver().await.expect("delivered");
    let said = texts(&ben.read("ana", 10).await.expect("read"));
    assert_eq!(said, ["before", "during one", "during two"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_logs_out_leaves_nothing_and_begins_anew_with_another_identity() {
    let town = Town::build().await;
    let (ana, ben) = (town.person("ana").await, town.person("ben").await);
    let write = async |text: &str| {
        let ana = ana.messenger().await.expect("opens");
        let sent = ana.send("ben", text).await.expect("sent");
        (sent.progress, ana.alarms().expect("alarms"))
    };
    let read = async |ben: &tertulia_client::Client| {
        let ben = ben.messenger().await.expect("opens");
        ben.deliver().await.expect("delivered");
        texts(&ben.read("ana", 10).await.expect("read"))
    };
    read(&ben).await;
    assert_eq!(write("first").await, (Progress::AtHome, Vec::new()));
    assert_eq!(read(&ben).await, ["first"]);
    ben.logout(false).await.expect("logged out");
    assert!(!town.has_messages("ben"));
    // He has no device now, and gets this one as soon as he has.
    assert_eq!(write("between").await, (Progress::Waiting, Vec::new()));
    let ben = town.log_in("ben").await;
    read(&ben).await;
    let own = ben.messenger().await.expect("opens").alarms().expect("alarms");
    assert_eq!(own, [], "he knows of his own");
    let (progress, alarms) = write("second").await;
    assert_eq!(progress, Progress::AtHome);
    assert_eq!(alarms.len(), 1, "{alarms:?}");
    assert_eq!(read(&ben).await, ["between", "second"]);
}

/// One after another each question of a whole conversation is lost, or its answer, and the client that asked is closed then; nothing is
/// lost, nothing comes twice, and the order of what each has said is kept.
async fn a_conversation_loses(loss: Loss) {
    let town = Town::build().await;
    let mut tried = 0;
    for number in loss.places() {
        let (ana, ben) = (format!("ana{number}"), format!("ben{number}"));
        town.lose(number, loss);
        for nick in [&ana, &ben] {
            if town.try_person(nick).await.is_none() {
                town.try_person(nick).await.expect("registered");
            }
        }
        let say = async |nick: &str, other: &str, text: &str| {
            let client = town.again(nick);
            let messenger = client.messenger().await.expect("opens");
            // What is lost on the way is kept, and sent by the next one who opens it.
            let sent = messenger.send(other, text).await;
            assert!(
                sent.is_ok() || matches!(&sent, Err(failure) if failure.is_unreachable()),
                "{sent:?}"
            );
            sent.is_ok()
        };
        let deliver = async |nick: &str| {
            let client = town.again(nick);
            let delivered = client.messenger().await.expect("opens").deliver().await;
            assert!(
                delivered.is_ok() || matches!(&delivered, Err(failure) if failure.is_unreachable()),
                "{delivered:?}"
            );
        };
        let mut said = [Vec::new(), Vec::new()];
        for (at, nick, other, text) in [
            (0, &ana, &ben, "a1"),
            (1, &ben, &ana, "b1"),
            (0, &ana, &ben, "a2"),
        ] {
            // Whose nick could not be looked up was told so, and says it again.
            if !say(nick, other, text).await {
                assert!(say(nick, other, text).await);
            }
            said[at].push(text);
            deliver(other).await;
        }
        let is_tried = town.questions() > number;
        town.lose(usize::MAX, loss);
        for nick in [&ana, &ben, &ana, &ben] {
            let client = town.again(nick);
            Town::later(&client.messenger().await.expect("opens")).await;
        }
        for (nick, other) in [(&ana, &ben), (&ben, &ana)] {
            let client = town.again(nick);
            let messenger = client.messenger().await.expect("opens");
            messenger.deliver().await.expect("delivered");
            let read = messenger.read(other, 20).await.expect("read");
            for (by, said) in [(&ana, &said[0]), (&ben, &said[1])] {
                let theirs = read.iter().filter(|message| message.sender.as_ref() == Some(by));
                let theirs: Vec<&str> = theirs.map(|message| message.text.as_str()).collect();
                assert_eq!(theirs, *said, "{loss:?} {number}: of {by}, as {nick} reads it");
            }
            assert_eq!(
                messenger.alarms().expect("alarms"),
                [],
                "{loss:?} {number}: {nick}"
            );
        }
        if !is_tried {
            break;
        }
        tried += 1;
    }
    assert!(tried > 6, "{tried} questions");
}

#[tokio::test(flavor = "multi_thread")]
async fn m2_a_client_whose_questions_are_lost_at_any_step_loses_no_message() {
    a_conversation_loses(Loss::Question).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn m2_a_client_whose_answers_are_lost_at_any_step_sends_no_message_twice() {
    a_conversation_loses(Loss::Answer).await;
}
