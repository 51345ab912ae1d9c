//! Measures the ring against the figures that are published for Chord, and writes the page `docs/ring.md` with its plots.
//!
//! `cargo run --release -p tertulia-ring --example figures -- [--quick] [--seed N] [--out DIR]`
//!
//! It is an example of this crate, and needs nothing but it, so that it is built in seconds.
#![allow(clippy::print_stdout, reason = "a program for the terminal")]

mod study;

#[path = "../../tests/ring/net.rs"]
#[allow(dead_code, reason = "the tests of the ring use the rest")]
mod net;

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use study::Scale;

fn main() -> Result<(), Box<dyn Error>> {
    let mut scale = Scale::full();
    let mut out = PathBuf::from("docs");
    let mut seed = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--quick" => scale = Scale::quick(),
            "--seed" => seed = Some(arguments.next().ok_or("--seed needs a number")?.parse()?),
            "--out" => out = arguments.next().ok_or("--out needs a directory")?.into(),
            other => return Err(format!("{other} is not known: [--quick] [--seed N] [--out DIR]").into()),
        }
    }
    scale.seed = seed.unwrap_or(scale.seed);
    println!("seed {}", scale.seed);

    let study = study::run(&scale, |done| println!("{done}"));
    fs::create_dir_all(out.join("ring"))?;
    fs::write(out.join("ring.md"), study.page())?;
    for (name, plot) in study.plots() {
        fs::write(out.join("ring").join(format!("{name}.svg")), plot.svg())?;
    }
    println!("{} written", out.join("ring.md").display());
    Ok(())
}
