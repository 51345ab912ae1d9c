//! Contacts, the same on all devices of a person.

use crate::device::link;
use crate::town::{Town, leaves_trace};
use tertulia_client::Client;
use tertulia_client::failure::{Failure, Misuse};

/// Names and nicks.
async fn contacts(client: &Client) -> Vec<(Option<String>, Option<String>)> {
    let messenger = client.messenger().await.expect("opens");
    let (contacts, _) = messenger.contacts().await.expect("listed");
    contacts
        .into_iter()
        .map(|contact| (contact.name, contact.nick))
        .collect()
}

fn named(name: &str, nick: &str) -> (Option<String>, Option<String>) {
    (Some(name.to_owned()), Some(nick.to_owned()))
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_are_the_same_on_all_devices_and_the_later_change_counts() {
    let mut town = Town::build().await;
    let ana = town.person("ana").await;
    for nick in ["ben", "eva"] {
        drop(town.person(nick).await);
    }
    let anas = ana.messenger().await.expect("opens");
    anas.add_contact("ben", Some("Benny the unmistakable"))
        .await
        .expect("added");
    anas.add_contact("eva", None).await.expect("added");
    let laptop = town.elsewhere("ana", "laptop").await;
    link(&ana, &laptop).await.expect("linked");
    let both = [
        named("Benny the unmistakable", "ben"),
        (None, Some("eva".to_owned())),
    ];
    assert_eq!(contacts(&laptop).await, both);
    assert!(!leaves_trace(town.directory.path(), "the unmistakable"));
    let laptops = laptop.messenger().await.expect("opens");
    laptops.rename_contact("eva", "Evita").await.expect("renamed");
    anas.remove_contact("ben").await.expect("removed");
    assert_eq!(contacts(&ana).await, [named("Evita", "eva")]);
    assert_eq!(contacts(&laptop).await, [named("Evita", "eva")]);
    // Without a machine a change waits here.
    town.stop().await;
    laptops.rename_contact("eva", "Eva M").await.expect("kept");
    assert_eq!(contacts(&laptop).await, [named("Eva M", "eva")]);
    town.start().await;
    laptops.deliver().await.expect("delivered");
    assert_eq!(contacts(&ana).await, [named("Eva M", "eva")]);
    for (refused, expected) in [
        (
            anas.rename_contact("ben", "Ben").await,
            Misuse::NotAContact("ben".to_owned()),
        ),
        (anas.add_contact("ben", Some("")).await, Misuse::NotAName),
    ] {
        match refused {
            Err(Failure::Misused(misuse)) => assert_eq!(misuse, expected),
            other => panic!("{other:?}"),
        }
    }
}
