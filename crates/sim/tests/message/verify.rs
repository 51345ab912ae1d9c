//! Two people compare their safety number.

use crate::device::{alarms, read, send};
use crate::town::Town;
use tertulia_client::failure::{Failure, Misuse};
use tertulia_client::message::Progress;
use tertulia_client::message::alarm::Kind;
use tertulia_client::message::verify::Word;

#[tokio::test(flavor = "multi_thread")]
async fn both_see_the_same_number_and_what_was_verified_holds_messages_back_when_it_changes() {
    let town = Town::build().await;
    let (ana, ben) = (town.person("ana").await, town.person("ben").await);
    send(&ana, "ben", "one").await;
    read(&ben, "ana").await;
    let messenger = ana.messenger().await.expect("opens");
    let unseen = messenger.take_word("ben", Word::Confirm).await;
    assert!(
        matches!(unseen, Err(Failure::Misused(Misuse::NotShown(_)))),
        "{unseen:?}"
    );
    let shown = messenger.safety_number("ben").await.expect("shown");
    assert_eq!((shown.is_verified, shown.is_held_back), (false, false));
    assert_eq!(shown.number.split(' ').count(), 12);
    let his = ben
        .messenger()
        .await
        .expect("opens")
        .safety_number("ana")
        .await
        .expect("shown");
    assert_eq!(shown.number, his.number);
    assert!(
        messenger
            .take_word("ben", Word::Confirm)
            .await
            .expect("taken")
            .is_verified
    );
    assert!(messenger.safety_number("ben").await.expect("shown").is_verified);

    // He begins anew.
    ben.messenger()
        .await
        .expect("opens")
        .reset_devices()
        .await
        .expect("begun anew");
    let sent = messenger.send("ben", "found out on the way").await.expect("kept");
    assert_eq!(sent.progress, Progress::Waiting, "it is held back");
    assert_eq!(alarms(&ana).await, [Kind::OtherThanVerified]);
    assert_eq!(read(&ben, "ana").await, ["one"]);
    let refused = messenger.send("ben", "not even kept").await;
    assert!(
        matches!(refused, Err(Failure::Misused(Misuse::HeldBack(_)))),
        "{refused:?}"
    );
    let other = messenger.safety_number("ben").await.expect("shown");
    assert_ne!(other.number, shown.number);
    assert!(other.is_held_back && !other.is_verified);
    assert!(
        messenger
            .take_word("ben", Word::Confirm)
            .await
            .expect("taken")
            .is_verified
    );
    Town::later(&messenger).await;
    assert_eq!(read(&ben, "ana").await, ["one", "found out on the way"]);

    // And once more: this time she takes it as it is.
    ben.messenger()
        .await
        .expect("opens")
        .reset_devices()
        .await
        .expect("begun anew");
    messenger.send("ben", "two").await.expect("kept");
    let late = messenger.take_word("ben", Word::Confirm).await;
    assert!(
        matches!(late, Err(Failure::Misused(Misuse::NotShown(_)))),
        "the number that she has compared is another one: {late:?}"
    );
    let accepted = messenger.take_word("ben", Word::Accept).await.expect("taken");
    assert_eq!((accepted.is_verified, accepted.is_held_back), (false, false));
    Town::later(&messenger).await;
    assert_eq!(read(&ben, "ana").await.last().map(String::as_str), Some("two"));
}
