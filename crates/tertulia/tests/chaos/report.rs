//! What was seen: printed, and a line of JSON for each attack in the file that `TERTULIA_CHAOS_REPORT` names.

use std::fs::OpenOptions;
use std::io::Write;

use serde_json::{Value, json};
use tertulia_sim::linear::crowd::Verdict;
use tertulia_sim::load::Figures;

/// An attack after which everything that was acknowledged was there.
pub(crate) fn tell(attack: &str, faults: usize, figures: &Figures) {
    println!("{attack}: {figures}; {faults} faults, 0 losses");
    note(&json!({
        "attack": attack,
        "faults": faults,
        "losses": 0,
        "acknowledged": figures.acts,
        "dweets": figures.dweets,
        "redweets": figures.redweets,
        "newcomers": figures.newcomers,
        "messages": figures.messages,
        "longest_pause_ms": u64::try_from(figures.longest.took.as_millis()).unwrap(),
        "longest_pause_for": figures.longest.what,
    }));
}

/// A history that could be told as one thing after another.
pub(crate) fn tell_history(attack: &str, verdict: &Verdict) {
    println!("{attack}: {verdict}");
    note(&json!({
        "attack": attack,
        "history": { "acts": verdict.acts, "open": verdict.open, "objects": verdict.objects, "is_linearizable": true },
    }));
}

fn note(line: &Value) {
    if let Ok(path) = std::env::var("TERTULIA_CHAOS_REPORT") {
        let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
        writeln!(file, "{line}").unwrap();
    }
}
