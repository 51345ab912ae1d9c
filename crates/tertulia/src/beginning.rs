//! How a machine begins: it founds a ring, takes up where it was, or joins one.
//!
//! **Invariant:** a directory that belongs to a ring never founds or joins another: it takes up where it was, or nothing is
//! done (J5).

use crate::address::Address;
use crate::settings::{JoinSettings, REPLICAS, UpSettings};
use tertulia_types::Role;
use tertulia_types::ring::RingFacts;

/// How a machine begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Beginning {
    /// It founds a ring.
    Found {
        /// What people call it.
        name: String,
        /// How many copies it keeps.
        replicas: u8,
    },
    /// It takes up where it was.
    Resume {
        /// Where members may be, beside what the address book says.
        contacts: Vec<Address>,
    },
    /// It joins.
    Join {
        /// Members to ask, in turn; with none they are looked for.
        contacts: Vec<Address>,
        /// What lets it in.
        token: String,
        /// As what; `None`: whatever the token says, else whatever the ring needs most.
        role: Option<Role>,
    },
}

/// What the operator ought to hear about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Remark {
    /// The directory belonged to the ring already.
    Resumes,
    /// Another number of copies was asked for than was settled when the ring was founded.
    ReplicasSettled,
}

/// Why a machine does not join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotJoined {
    /// No token was given.
    NoToken,
    /// What was given is no token.
    BadToken,
    /// The directory belongs to another ring.
    OtherRing,
}

/// How `up` begins on a directory that belongs to this ring, or to none.
pub(crate) fn of_up(here: Option<&RingFacts>, settings: &UpSettings) -> (Beginning, Option<Remark>) {
    match here {
        Some(ring) => {
            let differs = settings.replicas.is_some_and(|wanted| wanted != ring.replicas);
            let contacts = Vec::new();
            (
                Beginning::Resume { contacts },
                differs.then_some(Remark::ReplicasSettled),
            )
        }
        None => {
            let name = settings.machine.title.clone();
            let replicas = settings.replicas.unwrap_or(REPLICAS);
            (Beginning::Found { name, replicas }, None)
        }
    }
}

/// How `join` begins on a directory that belongs to this ring, or to none. `ring_of` says for which ring a token is.
pub(crate) fn of_join(
    here: Option<&RingFacts>,
    settings: &JoinSettings,
    ring_of: impl Fn(&str) -> Option<u64>,
) -> Result<(Beginning, Option<Remark>), NotJoined> {
    let named = match &settings.token {
        Some(token) => Some(ring_of(token).ok_or(NotJoined::BadToken)?),
        None => None,
    };
    match (here, &settings.token, named) {
        (Some(ring), _, Some(named)) if ring.id != named => Err(NotJoined::OtherRing),
        // A container is started with the same words each time: what let it in once may have expired meanwhile.
        (Some(_), _, _) => {
            let contacts = settings.contacts.clone();
            Ok((Beginning::Resume { contacts }, Some(Remark::Resumes)))
        }
        (None, Some(token), Some(_)) => {
            let join = Beginning::Join {
                contacts: settings.contacts.clone(),
                token: token.clone(),
                role: settings.role,
            };
            Ok((join, None))
        }
        (None, _, _) => Err(NotJoined::NoToken),
    }
}

#[cfg(test)]
mod tests {
    use super::{Beginning, NotJoined, Remark, of_join, of_up};
    use crate::address::Address;
    use crate::settings::{JoinFlags, JoinSettings, UpFlags, UpSettings};
    use tertulia_types::Role;
    use tertulia_types::ring::RingFacts;

    fn ring(id: u64) -> RingFacts {
        RingFacts {
            id,
            name: "Barrio".to_owned(),
            replicas: 5,
        }
    }

    fn up(replicas: Option<u8>) -> UpSettings {
        let settings = UpFlags::default().resolve().unwrap();
        UpSettings { replicas, ..settings }
    }

    fn join(token: Option<&str>) -> JoinSettings {
        JoinSettings {
            token: token.map(str::to_owned),
            role: Some(Role::Replica),
            ..JoinFlags::default().resolve().unwrap()
        }
    }

    fn resume(contacts: &[Address]) -> Beginning {
        Beginning::Resume {
            contacts: contacts.to_vec(),
        }
    }

    /// In these tests a token is the number of its ring.
    fn ring_of(token: &str) -> Option<u64> {
        token.parse().ok()
    }

    #[test]
    fn j5_up_founds_once_and_resumes_for_ever() {
        let (founds, remark) = of_up(None, &up(Some(3)));
        assert!(matches!(founds, Beginning::Found { replicas: 3, .. }) && remark.is_none());
        assert!(matches!(
            of_up(None, &up(None)).0,
            Beginning::Found { replicas: 5, .. }
        ));
        assert_eq!(of_up(Some(&ring(7)), &up(None)), (resume(&[]), None));
        assert_eq!(of_up(Some(&ring(7)), &up(Some(5))), (resume(&[]), None));
        let other = of_up(Some(&ring(7)), &up(Some(3)));
        assert_eq!(other, (resume(&[]), Some(Remark::ReplicasSettled)));
    }

    #[test]
    fn j5_join_never_takes_a_directory_from_its_ring() {
        let resumes = Ok((resume(&[]), Some(Remark::Resumes)));
        assert_eq!(of_join(Some(&ring(7)), &join(Some("7")), ring_of), resumes);
        assert_eq!(of_join(Some(&ring(7)), &join(None), ring_of), resumes);
        assert_eq!(
            of_join(Some(&ring(7)), &join(Some("8")), ring_of),
            Err(NotJoined::OtherRing)
        );
        assert_eq!(
            of_join(Some(&ring(7)), &join(Some("x")), ring_of),
            Err(NotJoined::BadToken)
        );
    }

    #[test]
    fn j5_the_contacts_of_a_join_help_a_machine_that_resumes_too() {
        let contacts: Vec<Address> = vec!["a.local".parse().unwrap()];
        let told = JoinSettings {
            contacts: contacts.clone(),
            ..join(None)
        };
        let (resumes, _) = of_join(Some(&ring(7)), &told, ring_of).unwrap();
        assert_eq!(resumes, resume(&contacts));
    }

    #[test]
    fn an_empty_directory_joins_with_a_token_only() {
        assert_eq!(of_join(None, &join(None), ring_of), Err(NotJoined::NoToken));
        assert_eq!(of_join(None, &join(Some("x")), ring_of), Err(NotJoined::BadToken));
        let joins = of_join(None, &join(Some("7")), ring_of).unwrap().0;
        let role = Some(Role::Replica);
        assert!(matches!(joins, Beginning::Join { role: as_what, .. } if as_what == role));
    }
}
