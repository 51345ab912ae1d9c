//! The parameters of a request: query string and body of three kinds, read as a struct with all shapes that handlers ask for. They are read or refused in words.
#![no_main]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use serde::Deserialize;
use serde::de::IgnoredAny;
use tertulia_api::fuzzing;
use tertulia_types::entity::Visibility;
use tokio::runtime::{Builder, Runtime};

/// All that handlers ask for, in one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[allow(dead_code, reason = "what is read matters, not what comes of it")]
struct Asked {
    status: String,
    id: Vec<String>,
    limit: Option<u32>,
    at: Option<i64>,
    flag: Option<bool>,
    bot: bool,
    visibility: Option<Visibility>,
    source: Option<Source>,
    poll: Option<IgnoredAny>,
    markers: BTreeMap<String, Source>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[allow(dead_code, reason = "what is read matters, not what comes of it")]
struct Source {
    privacy: Option<Visibility>,
    last_read_id: Option<String>,
    fields: Vec<BTreeMap<String, String>>,
}

const KINDS: [&str; 5] = [
    "application/x-www-form-urlencoded",
    "application/json; charset=utf-8",
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "text/plain",
];

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime")
});

fuzz_target!(|request: (u8, &str, &[u8])| {
    let (kind, query, body) = request;
    let kind = KINDS[usize::from(kind) % KINDS.len()];
    let read = RUNTIME.block_on(fuzzing::parameters::<Asked>(query, kind, body.to_vec()));
    if let Some(Err(status)) = read {
        assert!(matches!(status, 400 | 413 | 415 | 422), "{status}");
    }
    // The same as one parameter, however it came.
    if kind == KINDS[0] {
        let other = RUNTIME.block_on(fuzzing::parameters::<BTreeMap<String, IgnoredAny>>(
            "",
            kind,
            body.to_vec(),
        ));
        assert!(!matches!(other, Some(Err(422))), "a map takes anything");
    }
});
