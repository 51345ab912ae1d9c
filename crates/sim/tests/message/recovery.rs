//! All devices are lost: a code on paper, a safe at home, a file.

use crate::device::{alarms, link, read, send};
use crate::town::{Town, leaves_trace, texts};
use std::path::Path;
use tertulia_client::Client;
use tertulia_client::failure::{Failure, Misuse};
use tertulia_client::message::alarm::Kind;
use tertulia_client::message::recovery::{BackedUp, Restored, With};

async fn back_up(client: &Client, file: &Path, with: With<'_>) -> Result<BackedUp, Failure> {
    client.messenger().await.expect("opens").backup(file, with).await
}

async fn restore(client: &Client, file: Option<&Path>, code: &str, older: bool) -> Result<Restored, Failure> {
    let messenger = client.messenger().await.expect("opens");
    messenger.restore(file, code, older, None).await
}

fn misuse<T: std::fmt::Debug>(outcome: Result<T, Failure>) -> Misuse {
    match outcome {
        Err(Failure::Misused(misuse)) => misuse,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_lost_all_is_the_same_person_by_the_code_and_has_the_history_by_the_file() {
    let town = Town::build().await;
    let file = town.directory.path().join("ana.backup");
    let (ana, ben) = (town.person("ana").await, town.person("ben").await);
    send(&ana, "ben", "one unmistakable word").await;
    read(&ben, "ana").await;
    send(&ben, "ana", "two").await;
    read(&ana, "ben").await;
    let backed_up = back_up(&ana, &file, With::Known).await.expect("backed up");
    let code = backed_up.code.expect("a new one");
    assert_eq!((backed_up.number, backed_up.messages), (1, 2));
    let again = back_up(&ana, &file, With::Known).await.expect("backed up");
    assert_eq!((again.number, again.code), (2, None), "it is shown once");
    assert!(!leaves_trace(town.directory.path(), "unmistakable"));
    assert!(!leaves_trace(town.directory.path(), &code));
    drop(ana);
    std::fs::remove_dir_all(town.directory.path().join("ana")).expect("lost");

    // With nick, password and code alone.
    let phone = town.elsewhere("ana", "phone").await;
    let refused = phone.messenger().await.expect("opens").deliver().await;
    assert_eq!(misuse(refused), Misuse::OtherDevices);
    let restored = restore(&phone, None, &code, false).await.expect("restored");
    assert!(restored.is_let_in);
    assert_eq!((restored.messages, restored.devices.len()), (0, 2));
    let people = phone.messenger().await.expect("opens").chats().expect("chats");
    assert_eq!(people[0].nick.as_deref(), Some("ben"));
    // Others' messages reach it before it has said anything, and nobody is warned.
    assert_eq!(read(&phone, "ben").await, [""; 0]);
    send(&ben, "ana", "three").await;
    assert_eq!(read(&phone, "ben").await, ["three"]);
    send(&phone, "ben", "four").await;
    assert_eq!(
        read(&ben, "ana").await,
        ["one unmistakable word", "two", "three", "four"]
    );
    assert_eq!(alarms(&ben).await, []);

    // The file was found, too: what was said stands before what is here.
    let restored = restore(&phone, Some(&file), &code, false)
        .await
        .expect("restored");
    assert_eq!((restored.is_let_in, restored.messages), (false, 2));
    let all = ["one unmistakable word", "two", "three", "four"];
    assert_eq!(read(&phone, "ben").await, all);
    let restored = restore(&phone, Some(&file), &code, false)
        .await
        .expect("restored");
    assert_eq!(restored.messages, 0, "nothing comes twice");
    assert_eq!(read(&phone, "ben").await, all);

    // And at once on another one, which says something first.
    let laptop = town.elsewhere("ana", "laptop").await;
    let restored = restore(&laptop, Some(&file), &code, false)
        .await
        .expect("restored");
    assert_eq!((restored.is_let_in, restored.messages), (true, 2));
    send(&laptop, "ben", "five").await;
    assert_eq!(read(&ben, "ana").await.last().map(String::as_str), Some("five"));
    assert_eq!(read(&phone, "ben").await.last().map(String::as_str), Some("five"));
    for client in [&ben, &phone, &laptop] {
        assert_eq!(alarms(client).await, []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_code_a_damaged_file_and_an_older_backup_are_refused_with_a_clear_word() {
    let town = Town::build().await;
    let (old, new) = (
        town.directory.path().join("old"),
        town.directory.path().join("new"),
    );
    let (ana, ben) = (town.person("ana").await, town.person("ben").await);
    send(&ana, "ben", "one").await;
    let phone = town.elsewhere("ana", "phone").await;
    let other = back_up(&ben, &new, With::Known)
        .await
        .expect("backed up")
        .code
        .expect("a code");
    assert_eq!(
        misuse(restore(&phone, None, &other, false).await),
        Misuse::NoBackup
    );
    let code = back_up(&ana, &old, With::Known)
        .await
        .expect("backed up")
        .code
        .expect("a code");
    back_up(&ana, &new, With::Known).await.expect("backed up");

    assert_eq!(
        misuse(restore(&phone, None, &other, false).await),
        Misuse::WrongCode
    );
    assert_eq!(
        misuse(restore(&phone, Some(&new), &other, false).await),
        Misuse::WrongCode
    );
    let nonsense = restore(&phone, None, "nonsense", false).await;
    assert_eq!(misuse(nonsense), Misuse::NotACode { group: None });
    let damaged = town.directory.path().join("damaged");
    let mut bytes = std::fs::read(&new).expect("read");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&damaged, bytes).expect("written");
    let refused = restore(&phone, Some(&damaged), &code, false).await;
    assert_eq!(misuse(refused), Misuse::DamagedBackup);
    let missing = restore(&phone, Some(Path::new("/nowhere")), &code, false).await;
    assert!(matches!(missing, Err(Failure::Local(_))), "{missing:?}");
    let refused = restore(&phone, Some(&old), &code, false).await;
    assert_eq!(misuse(refused), Misuse::OldBackup { number: 1, newest: 2 });
    assert!(
        phone.waits_for_link().await.expect("known"),
        "nothing has come of all this"
    );
    let taken = restore(&phone, Some(&old), &code, true)
        .await
        .expect("as the person says");
    assert_eq!((taken.number, taken.is_let_in, taken.messages), (1, true, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_device_backs_up_under_the_same_code_or_asks_for_it() {
    let town = Town::build().await;
    let file = town.directory.path().join("file");
    let ana = town.person("ana").await;
    let (laptop, phone) = (
        town.elsewhere("ana", "laptop").await,
        town.elsewhere("ana", "phone").await,
    );
    link(&ana, &laptop).await.expect("linked");
    let code = back_up(&ana, &file, With::Known)
        .await
        .expect("backed up")
        .code
        .expect("a code");
    assert_eq!(
        misuse(back_up(&laptop, &file, With::Known).await),
        Misuse::CodeNeeded
    );
    let other = back_up(
        &laptop,
        &file,
        With::Typed("00000-00000-00000-00000-00000-00000-00000"),
    )
    .await;
    assert!(matches!(
        misuse(other),
        Misuse::NotACode { .. } | Misuse::WrongCode
    ));
    let backed_up = back_up(&laptop, &file, With::Typed(&code))
        .await
        .expect("backed up");
    assert_eq!((backed_up.number, backed_up.code), (2, None));
    // One that is let in now knows it already.
    link(&laptop, &phone).await.expect("linked");
    assert_eq!(
        back_up(&phone, &file, With::Known)
            .await
            .expect("backed up")
            .number,
        3
    );
    let new = back_up(&phone, &file, With::New)
        .await
        .expect("backed up")
        .code
        .expect("a code");
    assert_ne!(new, code);
    let tablet = town.elsewhere("ana", "tablet").await;
    assert_eq!(
        misuse(restore(&tablet, None, &code, false).await),
        Misuse::WrongCode
    );
    assert!(
        restore(&tablet, None, &new, false)
            .await
            .expect("restored")
            .is_let_in
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_neither_device_nor_code_begins_anew_and_all_are_warned() {
    let town = Town::build().await;
    let file = town.directory.path().join("file");
    let (ana, ben) = (town.person("ana").await, town.person("ben").await);
    send(&ana, "ben", "one").await;
    read(&ben, "ana").await;
    let code = back_up(&ana, &file, With::Known)
        .await
        .expect("backed up")
        .code
        .expect("a code");
    let phone = town.elsewhere("ana", "phone").await;
    phone
        .messenger()
        .await
        .expect("opens")
        .reset_devices()
        .await
        .expect("begun anew");
    assert_eq!(
        phone
            .messenger()
            .await
            .expect("opens")
            .devices()
            .await
            .expect("devices")
            .len(),
        1
    );
    send(&ben, "ana", "two").await;
    assert_eq!(alarms(&ben).await, [Kind::NewIdentity]);
    assert_eq!(read(&phone, "ben").await, ["two"]);
    assert_eq!(alarms(&phone).await, [], "she knows of her own");
    send(&phone, "ben", "three").await;
    assert_eq!(read(&ben, "ana").await, ["one", "two", "three"]);
    // The old identity is gone for good; what was said is not.
    let laptop = town.elsewhere("ana", "laptop").await;
    assert_eq!(
        misuse(restore(&laptop, Some(&file), &code, false).await),
        Misuse::OtherIdentity
    );
    let restored = restore(&phone, Some(&file), &code, false)
        .await
        .expect("restored");
    assert_eq!(restored.messages, 1);
    let messenger = phone.messenger().await.expect("opens");
    assert_eq!(
        texts(&messenger.read("ben", 10).await.expect("read")),
        ["one", "two", "three"]
    );
    // The device from before is none any more.
    let before = ana.messenger().await.expect("opens").deliver().await;
    assert!(before.is_err(), "{before:?}");
}
