//! A session that has ended stays ended, and one that nobody has ended stays open (P1).

use super::Census;
use crate::cluster::ledger::Ledger;

/// The invariant's name.
pub const NAME: &str = "an ended session stays ended";

/// The sessions that are not as people were told.
#[must_use]
pub fn undead(ledger: &Ledger, census: &Census) -> Vec<String> {
    let mut wrong = Vec::new();
    for (hash, session) in &ledger.sessions {
        let is_open = census.open_sessions.contains(hash);
        match session.end {
            Some(end) if end.is_done() && is_open => {
                wrong.push(format!("a session of {} has ended, and is open", session.account));
            }
            None if !is_open => {
                wrong.push(format!(
                    "a session of {} is gone, and nobody ended it",
                    session.account
                ));
            }
            Some(_) | None => {}
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::super::sample::town;
    use super::*;
    use crate::cluster::ledger::Fate;

    #[test]
    fn a_session_that_came_back_or_went_by_itself_is_seen() {
        let (mut ledger, mut census) = town();
        for session in ledger.sessions.values_mut() {
            session.end = Some(Fate::Done(9));
        }
        assert_eq!(undead(&ledger, &census).len(), 2);
        for session in ledger.sessions.values_mut() {
            session.end = Some(Fate::Open);
        }
        assert_eq!(undead(&ledger, &census), [""; 0]);
        let (ledger, _) = town();
        census.open_sessions.clear();
        assert_eq!(undead(&ledger, &census).len(), 2);
    }
}
