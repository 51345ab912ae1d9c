//! No circles between modules: what a file imports stands below it.
//!
//! **Invariant:** within a crate, following `use crate::…`, `use super::…` and paths written out leads from no file back to
//! itself. Tests are left out: they look at what they test from all sides.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Files by the path of their module, as `peers::book`.
type Modules = BTreeMap<String, PathBuf>;

#[test]
fn no_module_imports_itself_by_way_of_others() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut circles = Vec::new();
    let mut arrows = 0;
    for entry in std::fs::read_dir(crates).expect("the crates") {
        let source = entry.expect("an entry").path().join("src");
        let mut modules = Modules::new();
        collect(&source, &source, &mut modules);
        let below: BTreeMap<&str, BTreeSet<String>> = modules
            .iter()
            .map(|(name, file)| (name.as_str(), imports(name, file, &modules)))
            .collect();
        arrows += below.values().map(BTreeSet::len).sum::<usize>();
        for name in below.keys() {
            let reached = reached(name, &below);
            if reached.contains(*name) {
                circles.push(format!("{}: {name}", source.display()));
            }
        }
    }
    assert!(
        arrows > 500,
        "only {arrows} imports were found: the search is broken"
    );
    assert!(circles.is_empty(), "modules that stand in circles: {circles:#?}");
}

#[test]
fn imports_are_found_in_all_their_forms() {
    let text =
        "use crate::a::{self, b::{C, d}};\n// use crate::no;\nuse super::x;\nfn f() { crate::e::g(); }";
    let found: BTreeSet<String> = paths(text).into_iter().collect();
    let expected = [
        "crate::a::self",
        "crate::a::b::C",
        "crate::a::b::d",
        "super::x",
        "crate::e::g",
    ];
    assert_eq!(found, expected.map(str::to_owned).into());
    let modules: Modules = ["a", "a::b", "x", "e"]
        .map(|name| (name.to_owned(), PathBuf::new()))
        .into();
    assert_eq!(named("y", "crate::a::b::C", &modules).as_deref(), Some("a::b"));
    assert_eq!(named("x::y", "super::z", &modules).as_deref(), Some("x"));
    assert_eq!(named("y", "super::e::g", &modules).as_deref(), Some("e"));
}

fn collect(root: &Path, folder: &Path, into: &mut Modules) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(root, &path, into);
            continue;
        }
        let inside = path.strip_prefix(root).expect("inside").with_extension("");
        let names: Vec<_> = inside.iter().map(|name| name.to_string_lossy()).collect();
        let name = names.join("::");
        let name = name.strip_suffix("::mod").unwrap_or(&name).to_owned();
        let is_test = ["tests", "suite", "fixture"]
            .iter()
            .any(|test| name.split("::").any(|part| part == *test));
        if path.extension().is_some_and(|extension| extension == "rs") && !is_test {
            into.insert(name, path);
        }
    }
}

/// The modules that a file names.
fn imports(name: &str, file: &Path, modules: &Modules) -> BTreeSet<String> {
    let text = std::fs::read_to_string(file).expect("text");
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let named = paths(text)
        .into_iter()
        .filter_map(|path| named(name, &path, modules));
    named.filter(|other| other != name).collect()
}

/// All modules that can be reached from one, along its imports.
fn reached(from: &str, below: &BTreeMap<&str, BTreeSet<String>>) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut to_visit: Vec<&String> = below[from].iter().collect();
    while let Some(next) = to_visit.pop() {
        if reached.insert(next.clone()) {
            to_visit.extend(&below[next.as_str()]);
        }
    }
    reached
}

/// The paths into the same crate that stand in a source, those of `use` one by one.
fn paths(text: &str) -> Vec<String> {
    let code: Vec<&str> = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect();
    let code = code.join("\n");
    let mut found = Vec::new();
    let mut rest = code.as_str();
    while let Some(at) = ["crate::", "super::", "self::"]
        .iter()
        .filter_map(|start| rest.find(start))
        .min()
    {
        let is_word = rest[..at]
            .ends_with(|char: char| char.is_alphanumeric() || char == '_' || char == ':' || char == '$');
        let path = &rest[at..];
        let end = end_of(path);
        if !is_word {
            expand("", &path[..end], &mut found);
        }
        rest = &path[end.max(1)..];
    }
    found
}

/// Where a path ends, its braces included.
fn end_of(path: &str) -> usize {
    let mut depth = 0_usize;
    for (at, char) in path.char_indices() {
        match char {
            '{' if depth > 0 || path[..at].ends_with("::") => depth += 1,
            '}' if depth == 1 => return at + 1,
            '}' if depth > 1 => depth -= 1,
            _ if depth > 0 || char.is_alphanumeric() || char == '_' || char == ':' => {}
            _ => return at,
        }
    }
    path.len()
}

fn expand(before: &str, path: &str, into: &mut Vec<String>) {
    let path = path.trim();
    let Some((start, list)) = path.split_once('{') else {
        let name = path.split_whitespace().next().unwrap_or_default();
        if !name.is_empty() {
            into.push(format!("{before}{name}"));
        }
        return;
    };
    let list = list.strip_suffix('}').unwrap_or(list);
    let (mut depth, mut from) = (0, 0);
    for (at, char) in list.char_indices() {
        match char {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                expand(&format!("{before}{start}"), &list[from..at], into);
                from = at + 1;
            }
            _ => {}
        }
    }
    expand(&format!("{before}{start}"), &list[from..], into);
}

/// The module in which a path ends, seen from another.
fn named(from: &str, path: &str, modules: &Modules) -> Option<String> {
    let is_root = |name: &str| name == "lib" || name == "main";
    let mut at: Vec<&str> = if is_root(from) {
        Vec::new()
    } else {
        from.split("::").collect()
    };
    for part in path.split("::").filter(|part| !part.is_empty()) {
        match part {
            "crate" => at.clear(),
            "super" => drop(at.pop()),
            "self" => {}
            name => at.push(name),
        }
    }
    while !at.is_empty() {
        let name = at.join("::");
        if modules.contains_key(&name) {
            return Some(name);
        }
        at.pop();
    }
    None
}
