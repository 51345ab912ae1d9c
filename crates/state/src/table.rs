//! The tables whose rows belong to a slot, and what becomes of the rows when a range is divided or an account closed.
//!
//! **Invariant:** each table of the schema with a slot stands here, or says in the tests below why it does not.

use crate::error::Fault;
use crate::tx::Tx;
use tertulia_types::{AccountId, Slot};

/// A table whose rows belong to a slot.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// The columns by which a row is known.
    pub(crate) key: &'static str,
    /// An order that begins with the slot and for which there is an index.
    pub(crate) order: &'static str,
    /// The column of the account whose rows go when it is closed. None where more must happen than that (see
    /// [`crate::closing`]), or where the rows stay.
    pub(crate) owner: Option<&'static str>,
}

const fn table(name: &'static str, key: &'static str) -> Table {
    Table {
        name,
        key,
        order: key,
        owner: None,
    }
}

/// One whose rows concern nobody but the account.
const fn owned(name: &'static str, key: &'static str, owner: &'static str) -> Table {
    Table {
        owner: Some(owner),
        ..table(name, key)
    }
}

/// All of them.
pub(crate) const BY_SLOT: &[Table] = &[
    table("account", "slot, id"),
    table("session", "slot, hash"),
    table("ended_session", "slot, hash"),
    table("oauth_app", "slot, client_id"),
    table("app_token", "slot, hash"),
    table("oauth_code", "slot, hash"),
    owned("request", "slot, actor, key", "actor"),
    Table {
        order: "slot, author_id, deleted_ms, id",
        ..table("dweet", "id")
    },
    table("dweet_edit", "slot, dweet_id, version"),
    table("following", "slot, follower_id, author_id"),
    table("follower", "slot, author_id, follower_slot, follower_id"),
    table("block", "slot, account_id, target_id"),
    table("blocked_by", "slot, account_id, by_id"),
    owned("mute", "slot, account_id, target_id", "account_id"),
    owned("bookmark", "slot, account_id, dweet_id", "account_id"),
    table("favourite", "slot, account_id, dweet_id"),
    table("favourited_by", "slot, dweet_id, account_id"),
    table("redweeted_by", "slot, dweet_id, account_slot, account_id"),
    table("reply", "slot, dweet_id, reply_id"),
    table("thread", "slot, root_id, id"),
    table("tagged", "slot, tag, id"),
    owned("notification", "slot, account_id, id", "account_id"),
    owned("marker", "slot, account_id, timeline", "account_id"),
    owned("reader", "slot, account_id", "account_id"),
    owned("device_record", "slot, account_id, sequence", "account_id"),
    owned("device", "slot, account_id, id", "account_id"),
    owned("presence", "slot, account_id, device", "account_id"),
    owned("key_package", "slot, account_id, device, number", "account_id"),
    owned("claim", "slot, account_id, by_id, key", "account_id"),
    owned("mailbox", "slot, account_id", "account_id"),
    owned("letter", "slot, account_id, number", "account_id"),
    owned("letter_sum", "slot, account_id, sender_id", "account_id"),
    owned(
        "letter_known",
        "slot, account_id, kind, sender_id, id",
        "account_id",
    ),
    owned("sealed_box", "slot, account_id, name", "account_id"),
    Table {
        order: "slot, by_id, id",
        ..owned("invitation", "slot, hash", "by_id")
    },
    Table {
        order: "slot, by_id, hash, newcomer_id",
        ..owned("invitation_use", "slot, hash, newcomer_id", "by_id")
    },
    table("newcomer", "slot, account_id"),
    table("report_sent", "slot, account_id, id"),
    table("report", "slot, id"),
    table("measure", "slot, id"),
    table("deed", "slot, id"),
    table("conversation", "slot, id"),
    table("conversation_commit", "slot, conversation, generation, epoch"),
];

impl Table {
    /// Removes at most `most` rows of a stretch of slots; how many it were.
    pub(crate) fn remove(
        &self,
        tx: &mut Tx<'_>,
        (first, last): (Slot, Slot),
        most: usize,
    ) -> Result<usize, Fault> {
        tx.write(&self.removal("slot BETWEEN ?1 AND ?2"), (first.0, last.0, most))
    }

    /// Removes at most `most` rows of an account that is closed; how many it were.
    pub(crate) fn remove_owned(&self, tx: &mut Tx<'_>, of: AccountId, most: usize) -> Result<usize, Fault> {
        match self.owner {
            Some(owner) => tx.write(&self.of_owner(owner), (of.slot().0, of.get(), most)),
            None => Ok(0),
        }
    }

    fn of_owner(&self, owner: &str) -> String {
        self.removal(&format!("slot = ?1 AND {owner} = ?2"))
    }

    fn removal(&self, which: &str) -> String {
        let Self { name, key, order, .. } = self;
        format!(
            "DELETE FROM {name} WHERE ({key}) IN
               (SELECT {key} FROM {name} WHERE {which} ORDER BY {order} LIMIT ?3)"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::BY_SLOT;
    use crate::database::Database;
    use crate::location::Location;
    use crate::tx::Descriptor;
    use rusqlite::Connection;
    use std::collections::BTreeSet;
    use tertulia_types::Range;

    /// Tables with a slot of which all rows stay in both halves, or go at once.
    const OTHERS: [(&str, &str); 3] = [
        (
            "slot_clock",
            "stays: never pruned (rule C3), and a row of two numbers per slot at most",
        ),
        ("range_end", "stays: what was cut off, and when"),
        ("outbox", "goes at once, with the split itself"),
    ];
    /// Tables of the group as a whole.
    const WHOLE: [(&str, &str); 7] = [
        (
            "meta",
            "stays: counters and the stamp are inherited (rules C3, T7)",
        ),
        (
            "entry",
            "goes where nobody follows the author, at the end of the trimming (rule T4)",
        ),
        ("card", "goes with the entries"),
        ("settlement", "stays: what is settled is so in the whole ring"),
        (
            "day",
            "stays with the parent; the child begins with nothing, so that the sum is right",
        ),
        (
            "hidden",
            "stays: who is hidden is so in the whole ring, and nobody goes to a new group again",
        ),
        (
            "sqlite_sequence",
            "stays: numbers of the outbox are never used again",
        ),
    ];

    fn empty() -> (tempfile::TempDir, Connection) {
        let dir = tempfile::TempDir::new().expect("a directory");
        let location = Location::file(dir.path().join("group.db"));
        let descriptor = Descriptor {
            group: 1,
            range: Range::whole(),
            epoch: 1,
        };
        drop(Database::create(&location, descriptor).expect("a database"));
        let conn = Connection::open(location.path).expect("opens");
        (dir, conn)
    }

    fn names(conn: &Connection, sql: &str) -> BTreeSet<String> {
        let mut statement = conn.prepare(sql).expect("prepares");
        let rows = statement.query_map([], |row| row.get(0)).expect("rows");
        rows.collect::<Result<_, _>>().expect("names")
    }

    #[test]
    fn r8_each_table_is_named_with_what_a_split_does_to_it() {
        let (_dir, conn) = empty();
        let by_slot = "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = 'slot'";
        let named: BTreeSet<String> = BY_SLOT
            .iter()
            .map(|table| table.name)
            .chain(OTHERS.map(|(table, _)| table))
            .map(str::to_owned)
            .collect();
        assert_eq!(names(&conn, by_slot), named, "with a slot");
        let all = names(&conn, "SELECT name FROM sqlite_master WHERE type = 'table'");
        let whole: BTreeSet<String> = WHOLE.map(|(table, _)| table.to_owned()).into();
        assert_eq!(&all - &named, whole, "of the group as a whole");
    }

    #[test]
    fn r8_no_removal_reads_a_whole_table() {
        let (_dir, conn) = empty();
        for table in BY_SLOT {
            let of_owner = table.owner.map(|owner| table.of_owner(owner));
            for removal in of_owner
                .into_iter()
                .chain([table.removal("slot BETWEEN ?1 AND ?2")])
            {
                let mut plan = conn
                    .prepare(&format!("EXPLAIN QUERY PLAN {removal}"))
                    .expect(&removal);
                let steps = plan
                    .query_map((0, 1, 2), |row| row.get::<_, String>(3))
                    .expect("a plan");
                for step in steps.map(|step| step.expect("a step")) {
                    assert!(
                        !step.starts_with("SCAN") && !step.contains("TEMP B-TREE"),
                        "{removal}: {step}"
                    );
                }
            }
        }
    }
}
