//! The terminal: one command for each action, and an interactive console for people who do not like commands.
//!
//! Read first: [`words`] (the texts, English and Spanish), [`plain`] and [`page`] (nothing hostile passes to the screen),
//! then [`deed`] (what a person can do), [`answer`] (what came of it), [`show`] and [`refusal`] (how both look). The two
//! surfaces stand on that: [`once`] runs one command, [`interactive`] talks. [`ring`] draws for those who run machines.
//!
//! **Invariant:** standard output of a command with `--json` is one JSON object and nothing else; questions and failures
//! go to standard error.
//! **Invariant:** the exit status is 0 done, 1 refused, 2 wrong usage, 3 no machine reached (also when what was last
//! seen is shown instead).
//!
//! Deliberately absent: anything that speaks to a machine (that is `tertulia-client`).
#![allow(clippy::print_stdout, clippy::print_stderr)]

pub mod account;
mod agent;
pub mod answer;
pub mod asking;
pub mod background;
pub mod choice;
pub mod command;
mod community;
pub mod complete;
pub mod deed;
mod device;
mod export;
pub mod interactive;
pub mod look;
mod message;
mod moderation;
mod news;
pub mod once;
pub mod page;
pub mod plain;
mod qr;
pub mod refusal;
pub mod ring;
pub mod show;
pub mod terminal;
pub mod wish;
pub mod words;

pub use command::{ClientCommand, localised, matches};
pub use once::run;
pub use words::Words;
