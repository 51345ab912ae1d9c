//! Each rule that concerns what is built has a test that bears its name, and the tests that the book of bugs names exist.
//!
//! **Invariant:** a rule of docs/rules.md is named by the beginning of at least one test's name (`r5_a_copy_that …`), or stands in [`NOT_BUILT`]; and a test
//! that begins like a rule's name names one that exists.
//!
//! Deliberately absent: whether such a test would fail without the rule. That was tried by hand, and is tried again by whoever changes one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Rules for what does not exist yet.
const NOT_BUILT: &[&str] = &[];

#[test]
fn every_rule_is_named_by_a_test_and_every_test_names_a_rule_that_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let rules = rules(&text(&root.join("docs/rules.md")));
    let apps = rules_of_apps(&text(&root.join("docs/apps.md")));
    assert!(rules.len() > 40 && apps.len() > 10, "the rules were not found");
    let named = named_by_tests(&root);
    let not_built: BTreeSet<String> = NOT_BUILT.iter().map(|&rule| rule.to_owned()).collect();

    let untested: Vec<_> = rules
        .difference(&named)
        .filter(|rule| !not_built.contains(*rule))
        .collect();
    assert!(
        untested.is_empty(),
        "rules that no test is named after: {untested:?}"
    );
    let built: Vec<_> = not_built.intersection(&named).collect();
    assert!(
        built.is_empty(),
        "rules that are said to have no test, and have one: {built:?}"
    );
    let gone: Vec<_> = not_built.difference(&rules).collect();
    assert!(
        gone.is_empty(),
        "rules that are said to have no test, and do not exist: {gone:?}"
    );
    let known: BTreeSet<String> = rules.union(&apps).cloned().collect();
    let unknown: Vec<_> = named.difference(&known).collect();
    assert!(
        unknown.is_empty(),
        "tests named after rules that do not exist: {unknown:?}"
    );
}

#[test]
fn the_tests_that_the_books_of_bugs_and_faults_name_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    collect(&root.join("crates"), "rs", &mut files);
    collect(&root.join("tests"), "py", &mut files);
    let code: Vec<String> = files.iter().map(|file| text(file)).collect();
    for book in ["docs/bugs.md", "docs/faults.md"] {
        let words = text(&root.join(book));
        let named: BTreeSet<&str> = words
            .split('`')
            .skip(1)
            .step_by(2)
            .filter(|word| word.matches('_').count() > 3)
            .collect();
        assert!(named.len() > 10, "no tests found in {book}");
        let is_there = |name: &str| {
            code.iter()
                .any(|text| text.contains(&format!("fn {name}(")) || text.contains(&format!("def {name}(")))
        };
        let gone: Vec<_> = named.into_iter().filter(|name| !is_there(name)).collect();
        assert!(gone.is_empty(), "{book} names tests that do not exist: {gone:?}");
    }
}

/// The rules' names, as `r5`.
fn rules(text: &str) -> BTreeSet<String> {
    let bold = text.split("**").skip(1).step_by(2);
    bold.filter_map(|words| words.split_once(" –"))
        .filter_map(|(name, _)| rule_name(&name.to_lowercase()))
        .collect()
}

/// What apps rely on, as `w5`.
fn rules_of_apps(text: &str) -> BTreeSet<String> {
    let bold = text.split("**").skip(1).step_by(2);
    bold.filter_map(|words| words.split_whitespace().next())
        .filter_map(|name| rule_name(&name.trim_end_matches('.').to_lowercase()))
        .collect()
}

/// A letter and a number.
fn rule_name(text: &str) -> Option<String> {
    let number = text.strip_prefix(|first: char| first.is_ascii_lowercase())?;
    let is_number = (1..=2).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.to_owned())
}

/// What tests' names begin with, where that looks like a rule.
fn named_by_tests(root: &Path) -> BTreeSet<String> {
    let mut files = Vec::new();
    collect(&root.join("crates"), "rs", &mut files);
    collect(&root.join("tests"), "py", &mut files);
    let mut named = BTreeSet::new();
    for file in files {
        let text = text(&file);
        let mut is_test = false;
        for line in text.lines().map(str::trim) {
            let function = line
                .trim_start_matches("pub ")
                .trim_start_matches("async ")
                .strip_prefix("fn ");
            // In Rust an attribute makes a function a test, in Python its name.
            let name = match function {
                Some(name) if is_test => Some(name),
                Some(_) => None,
                None => line.strip_prefix("def test_"),
            };
            // One test may stand for several rules: `r13_r14_…`.
            named.extend(
                name.into_iter()
                    .flat_map(|name| name.split('_').map_while(rule_name)),
            );
            is_test = line.starts_with("#[test]")
                || line.starts_with("#[tokio::test")
                || (is_test && (line.starts_with("#[") || line.starts_with("//")));
        }
    }
    named
}

fn collect(folder: &Path, extension: &str, files: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, extension, files);
        } else if path.extension().is_some_and(|found| found == extension) {
            files.push(path);
        }
    }
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
