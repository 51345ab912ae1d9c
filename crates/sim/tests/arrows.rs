//! The arrows between crates: who may use whom, and which libraries belong to one crate alone.
//!
//! **Invariant:** every edge of the workspace stands in [`MAY_USE`]; a core uses nothing that waits,
//! tells the time, draws lots or opens a socket, not even through another library.
//!
//! Deliberately absent: edges inside a crate (the modules' business), and versions (the workspace's table).

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// A crate, and the crates of the workspace that it may use. What is not listed may use nothing.
const MAY_USE: &[(&str, &[&str])] = &[
    ("base2histogram", &[]),
    ("tertulia-types", &[]),
    ("tertulia-web", &[]),
    ("tertulia-ring", &["tertulia-types"]),
    ("tertulia-state", &["tertulia-types"]),
    ("tertulia-crypto", &["tertulia-types"]),
    (
        "tertulia-node",
        &["tertulia-ring", "tertulia-state", "tertulia-types"],
    ),
    (
        "tertulia-api",
        &["tertulia-node", "tertulia-state", "tertulia-types"],
    ),
    ("tertulia-discovery", &["tertulia-types"]),
    (
        "tertulia-client",
        &["tertulia-crypto", "tertulia-discovery", "tertulia-types"],
    ),
    ("tertulia-console", &["tertulia-client", "tertulia-types"]),
    (
        "tertulia",
        &[
            "tertulia-types",
            "tertulia-state",
            "tertulia-node",
            "tertulia-api",
            "tertulia-discovery",
            "tertulia-client",
            "tertulia-console",
            "tertulia-web",
        ],
    ),
    (
        "tertulia-sim",
        &[
            "tertulia-types",
            "tertulia-ring",
            "tertulia-state",
            "tertulia-node",
            "tertulia-api",
            "tertulia-client",
            "tertulia-console",
            "tertulia",
        ],
    ),
];

/// Their tests may use anything of the workspace: the client is tried against a real machine.
const FREE_IN_TESTS: &[&str] = &["tertulia-client", "tertulia-console", "tertulia", "tertulia-sim"];

/// A library, and the crates that alone may name it.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("openraft", &["tertulia-node"]),
    ("raft-engine", &["tertulia-node", "tertulia-sim"]),
    (
        "rusqlite",
        &[
            "tertulia-state",
            "tertulia-node",
            "tertulia-client",
            "tertulia-sim",
        ],
    ),
    ("axum", &["tertulia-api"]),
    ("tonic", &["tertulia-node"]),
    ("rcgen", &["tertulia-node"]),
    ("quinn", &["tertulia-client"]),
    ("reqwest", &["tertulia-client", "tertulia-sim"]),
    ("mdns-sd", &["tertulia-discovery"]),
    ("openmls", &["tertulia-crypto", "tertulia-client"]),
    ("openmls_rust_crypto", &["tertulia-crypto"]),
    ("openmls_sqlite_storage", &["tertulia-client"]),
    ("openmls_traits", &["tertulia-crypto", "tertulia-client"]),
];

/// The pure cores, each with what it stands on all the same.
const CORES: &[(&str, &[&str])] = &[
    ("tertulia-types", &[]),
    ("tertulia-ring", &[]),
    ("tertulia-state", &[]),
    // No key without luck; and openmls hashes a group's tree on several threads.
    ("tertulia-crypto", &["rand", "rand_core", "getrandom", "rayon"]),
];
/// What must not be under them at any depth.
const NOT_IN_A_CORE: &[&str] = &[
    "tokio",
    "async-std",
    "smol",
    "mio",
    "socket2",
    "hyper",
    "reqwest",
    "rustls",
    "rand",
    "rand_core",
    "getrandom",
    "fastrand",
    "chrono",
    "time",
    "jiff",
    "quanta",
    "instant",
    "rayon",
    "crossbeam-channel",
];

struct Edge {
    from: String,
    to: String,
    in_tests: bool,
}

#[test]
fn every_edge_of_the_workspace_is_allowed() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_USE.iter().copied().collect();
    let (packages, edges) = workspace();
    let unknown: Vec<_> = packages
        .iter()
        .filter(|name| !allowed.contains_key(name.as_str()))
        .collect();
    assert!(
        unknown.is_empty(),
        "crates without a place in the picture: {unknown:?}"
    );

    let wrong: Vec<_> = edges
        .iter()
        .filter(|edge| packages.contains(&edge.to))
        .filter(|edge| !(edge.in_tests && FREE_IN_TESTS.contains(&edge.from.as_str())))
        .filter(|edge| !allowed[edge.from.as_str()].contains(&edge.to.as_str()))
        .map(|edge| format!("{} -> {}", edge.from, edge.to))
        .collect();
    assert!(wrong.is_empty(), "arrows that point the wrong way: {wrong:?}");
}

#[test]
fn a_library_with_one_owner_is_named_by_its_owner_only() {
    let (_, edges) = workspace();
    let wrong: Vec<_> = ONLY_IN
        .iter()
        .flat_map(|(library, owners)| {
            edges.iter().filter(move |edge| {
                edge.to == *library && !edge.in_tests && !owners.contains(&edge.from.as_str())
            })
        })
        .map(|edge| format!("{} -> {}", edge.from, edge.to))
        .collect();
    assert!(
        wrong.is_empty(),
        "libraries outside the crate that owns them: {wrong:?}"
    );
}

#[test]
fn openraft_stays_in_node_even_in_tests() {
    let (_, edges) = workspace();
    let users: BTreeSet<_> = edges
        .iter()
        .filter(|edge| edge.to == "openraft")
        .map(|edge| &edge.from)
        .collect();
    assert!(
        users.iter().all(|name| *name == "tertulia-node"),
        "openraft is used by {users:?}"
    );
}

#[test]
fn nothing_under_a_core_waits_tells_the_time_or_draws_lots() {
    for (core, excepted) in CORES {
        let tree = cargo(&[
            "tree",
            "--package",
            core,
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--format",
            "{p}",
        ]);
        let below: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
        assert!(below.contains(core), "no tree for {core}: {tree}");
        let wrong: Vec<_> = NOT_IN_A_CORE
            .iter()
            .filter(|name| below.contains(**name) && !excepted.contains(name))
            .collect();
        assert!(wrong.is_empty(), "{core} stands on {wrong:?}");
    }
}

/// The packages of the workspace, and each dependency that their manifests name.
fn workspace() -> (BTreeSet<String>, Vec<Edge>) {
    let text = cargo(&["metadata", "--no-deps", "--format-version", "1"]);
    let metadata: Value = serde_json::from_str(&text).expect("cargo metadata is JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let names = packages.iter().map(|package| text_of(&package["name"])).collect();
    let edges = packages
        .iter()
        .flat_map(|package| {
            package["dependencies"]
                .as_array()
                .expect("dependencies")
                .iter()
                .map(|dependency| Edge {
                    from: text_of(&package["name"]),
                    to: text_of(&dependency["name"]),
                    in_tests: dependency["kind"] == "dev",
                })
        })
        .collect();
    (names, edges)
}

fn text_of(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn cargo(arguments: &[&str]) -> String {
    let program = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(program)
        .args(arguments)
        .args(["--locked", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "cargo {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("cargo writes UTF-8")
}
