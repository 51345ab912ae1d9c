//! No statement reads a whole table or reads a list to its end to sort it, and none that only reads makes a table of its own: all that stand in the
//! sources are explained on an empty database.

use std::fs;
use std::path::Path;
use tertulia_state::{Database, Descriptor, Location};
use tertulia_types::Range;

/// Whole tables are read by the count of a group's people, which says so, and once when a database is made, digested or restored.
const WHOLE: [&str; 8] = [
    "SELECT count(*), coalesce(sum(dweets), 0)",
    "SELECT name FROM sqlite_master",
    "SELECT EXISTS (SELECT 1 FROM meta)",
    // An index of the few who have a role or are suspended.
    "SELECT id FROM account INDEXED BY account_noted",
    // A row for each time that the group was divided.
    "DELETE FROM range_end WHERE slot <> ?1",
    // When a backup is restored, before anybody is served.
    "DELETE FROM key_package WHERE number > 0",
    "INSERT INTO mailbox (slot, account_id, top) SELECT slot, id, ?1 FROM account",
    "UPDATE conversation SET generation = generation + ?1, epoch = 1",
];

/// What is sorted is little, or is rarely sorted.
const SORTED: [&str; 3] = [
    "SELECT name FROM sqlite_master",
    // An application's tokens, of which there are few.
    "DELETE FROM app_token WHERE slot = ?1 AND hash IN",
    // The few who have more remembered replies than are kept.
    "DELETE FROM request WHERE slot = ?1 AND actor = ?2 AND key IN",
];

/// The string literals of a source that are statements.
fn statements(source: &str) -> Vec<String> {
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    let mut found = Vec::new();
    let mut rest = source;
    while let Some(start) = rest.find('"') {
        let mut end = start + 1;
        while !rest[end..].starts_with('"') {
            let escaped = rest[end..].starts_with('\\');
            end += rest[end..]
                .chars()
                .take(1 + usize::from(escaped))
                .map(char::len_utf8)
                .sum::<usize>();
        }
        let literal = &rest[start + 1..end];
        let verbs = ["SELECT ", "INSERT ", "UPDATE ", "DELETE "];
        if verbs.iter().any(|verb| literal.starts_with(verb)) {
            found.push(literal.replace("\\\"", "\""));
        }
        rest = &rest[end + 1..];
    }
    found
}

/// With what `format!` puts into them, and what a page adds; none for a piece that another statement contains.
fn completed(statement: &str, columns: &str) -> Vec<String> {
    let statement = statement
        .replace("{COLUMNS}", columns)
        .replace(
            "{ENTRY}",
            "e.id, e.arrival, e.author_id, e.original_id, e.original_author_id",
        )
        .replace(
            "{READABLE}",
            "(f.taken = 1 OR NOT EXISTS (SELECT 1 FROM card WHERE account_id = f.author_id AND fetched = 2))",
        )
        .replace(
            "{NOT_HIDDEN}",
            "NOT EXISTS (SELECT 1 FROM hidden h WHERE h.account_id = e.author_id AND h.state = 1)
             AND NOT EXISTS (SELECT 1 FROM hidden h WHERE h.account_id = e.original_author_id AND h.state = 1)",
        )
        .replace("{KEPT}", "closed_ms IS NULL AND standing <> 2");
    if let Some(select) = statement.strip_suffix(" AND") {
        let id = if select.contains("FROM redweeted_by") {
            "redweet_id"
        } else if select.contains("FROM favourited_by") {
            "account_id"
        } else {
            "id"
        };
        let page =
            |order: &str| format!("{select} AND {id} < ?1 AND {id} > ?2 ORDER BY {id} {order} LIMIT ?3");
        return vec![page("ASC"), page("DESC")];
    }
    if statement.contains("{condition}") {
        return ["slot = ?1 AND id = ?2", "nick = ?1"]
            .map(|condition| statement.replace("{condition}", condition))
            .to_vec();
    }
    if statement.contains("{table}") && statement.contains("expires_ms") {
        return ["oauth_code", "mute"]
            .map(|table| statement.replace("{table}", table))
            .to_vec();
    }
    if statement.contains("{name}") || statement.contains("{table}") {
        // How the rows of a table are removed is explained table by table, in `table`; a digest reads whole tables.
        return Vec::new();
    }
    if statement.contains("{}(e.id)") {
        return ["min", "max"]
            .map(|function| statement.replace("{}", function))
            .to_vec();
    }
    vec![statement.replace("{}", columns)]
}

#[test]
fn no_statement_scans_a_table_or_sorts_a_list() {
    let dir = tempfile::TempDir::new().expect("a directory");
    let location = Location::file(dir.path().join("group.db"));
    let descriptor = Descriptor {
        group: 1,
        range: Range::whole(),
        epoch: 1,
    };
    drop(Database::create(&location, descriptor).expect("a database"));
    let conn = rusqlite::Connection::open(&location.path).expect("opens");
    let (mut explained, mut refused) = (0, Vec::new());
    for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).expect("sources") {
        let source = fs::read_to_string(file.expect("a file").path()).expect("text");
        let columns = statements_columns(&source);
        for statement in statements(&source) {
            for statement in completed(&statement, &columns) {
                explained += 1;
                let mut plan = conn
                    .prepare(&format!("EXPLAIN QUERY PLAN {statement}"))
                    .expect(&statement);
                let unbound =
                    rusqlite::params_from_iter(std::iter::repeat_n(None::<i64>, plan.parameter_count()));
                let steps = plan
                    .query_map(unbound, |row| row.get::<_, String>(3))
                    .expect("a plan");
                for step in steps.map(|step| step.expect("a step")) {
                    let is_one_of = |list: &[&str]| list.iter().any(|known| statement.starts_with(known));
                    let scans = step.starts_with("SCAN")
                        && !step.starts_with("SCAN (subquery")
                        && step != "SCAN CONSTANT ROW"
                        && !is_one_of(&WHOLE);
                    let sorts = step.starts_with("USE TEMP B-TREE") && !is_one_of(&SORTED);
                    if scans || sorts {
                        refused.push(format!("{step}: {statement}"));
                    }
                }
                if statement.starts_with("SELECT ") && makes_a_table(&conn, &statement) {
                    refused.push(format!("a table of its own: {statement}"));
                }
            }
        }
    }
    assert!(explained > 100, "only {explained} were found");
    assert!(refused.is_empty(), "{refused:#?}");
}

/// What `.cargo/config.toml` says to SQLite has come there.
#[test]
fn readers_wait_for_no_lock_of_the_whole_process() {
    let conn = rusqlite::Connection::open_in_memory().expect("memory");
    let mut options = conn.prepare("PRAGMA compile_options").expect("known");
    let options = options.query_map((), |row| row.get(0)).expect("a list");
    let options: Vec<String> = options.map(|option| option.expect("a text")).collect();
    let has = |wanted: &str| options.iter().any(|option| option == wanted);
    assert!(!has("ENABLE_MEMORY_MANAGEMENT"), "one cache of pages for all");
    assert!(has("DEFAULT_MEMSTATUS=0"), "memory is counted under one lock");
}

/// Whether a statement makes a table while it runs, as for a list of columns: `x IN (a, b)`. Within another statement that is one for each row.
fn makes_a_table(conn: &rusqlite::Connection, statement: &str) -> bool {
    let mut program = conn.prepare(&format!("EXPLAIN {statement}")).expect(statement);
    let unbound = rusqlite::params_from_iter(std::iter::repeat_n(None::<i64>, program.parameter_count()));
    let steps = program.query_map(unbound, |row| row.get::<_, String>(1));
    steps
        .expect("a program")
        .any(|step| step.expect("a step") == "OpenEphemeral")
}

/// The value of a source's `COLUMNS`.
fn statements_columns(source: &str) -> String {
    let Some((_, rest)) = source.split_once("const COLUMNS: &str =") else {
        return "id".to_owned();
    };
    let value = rest.trim_start().trim_start_matches('"');
    let columns = value.split('"').next().unwrap_or_default();
    if columns.is_empty() {
        "id".to_owned()
    } else {
        columns.to_owned()
    }
}
