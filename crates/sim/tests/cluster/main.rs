//! The whole cluster in simulated trouble: a few seeds, and whether the simulation itself is what it says it is. Many seeds: `make sim`.

#[cfg(test)]
mod again;
#[cfg(test)]
mod partition;
// In a program that is built to be released nothing can be planted.
#[cfg(all(test, debug_assertions))]
mod planted;
#[cfg(test)]
mod slice;
#[cfg(test)]
mod world;

#[cfg(test)]
mod process {
    //! Runs of the program `sim`: each seed in a process of its own.

    use std::process::{Command, Output};

    use tertulia_sim::cluster::report::Outcome;

    /// Runs a seed for so many seconds of virtual time.
    pub(crate) fn run(seed: u64, length_s: u64) -> Outcome {
        run_with(seed, length_s, &[])
    }

    /// The same, with more said to the program.
    pub(crate) fn run_with(seed: u64, length_s: u64, words: &[&str]) -> Outcome {
        let folder = tempfile::tempdir().unwrap();
        let output: Output = Command::new(env!("CARGO_BIN_EXE_sim"))
            .args([
                "--json",
                "--seed",
                &seed.to_string(),
                "--length",
                &length_s.to_string(),
            ])
            .arg("--folder")
            .arg(folder.path())
            .args(words)
            .output()
            .unwrap();
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
    }
}
