//! `tertulia leave`, `remove` and `recover`: what changes who is there. What cannot be undone asks first.

use super::{At, Counter, Undone};
use crate::control::{Answer, Ask, Channel, Refusal, Unreached, Why};
use clap::Args;
use serde_json::json;
use std::process::ExitCode;
use tertulia_console::asking::Asking;
use tertulia_console::page::Style;
use tertulia_console::ring;
use tertulia_console::terminal::Lines;
use tertulia_types::MachineId;
use tertulia_types::ring::{MachineStatus, NoteKind, RangeStatus, RingStatus};

/// Flags of `leave`.
#[derive(Clone, Debug, Args)]
pub(crate) struct LeaveFlags {
    #[command(flatten)]
    at: At,
}

/// Flags of `remove`.
#[derive(Clone, Debug, Args)]
pub(crate) struct RemoveFlags {
    /// The machine's id, or its first digits, as status shows it
    #[arg(value_name = "ID", value_parser = digits)]
    pub(super) machine: String,
    #[command(flatten)]
    pub(super) at: At,
    /// Do not ask whether you are sure
    #[arg(long)]
    pub(super) yes: bool,
    /// Remove it though ranges lose their majority by that
    #[arg(long)]
    pub(super) force: bool,
}

/// Flags of `recover`.
#[derive(Clone, Debug, Args)]
pub(crate) struct RecoverFlags {
    /// What is on this machine's disk is the truth from now on
    #[arg(long, required = true)]
    pub(super) from_this_copy: bool,
    #[command(flatten)]
    pub(super) at: At,
    /// Do not ask whether you are sure
    #[arg(long)]
    pub(super) yes: bool,
}

/// The first digits of an id: enough of them that they are not there by mistake.
fn digits(text: &str) -> Result<String, &'static str> {
    let is_digit = |byte: u8| byte.is_ascii_hexdigit();
    if (4..=16).contains(&text.len()) && text.bytes().all(is_digit) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err("an id has 16 hexadecimal digits, of which at least the first 4 are needed")
    }
}

/// Hands over, and stops.
pub(crate) async fn leave(flags: LeaveFlags) -> ExitCode {
    let counter = Counter::new(&flags.at);
    let outcome = leaving(&counter).await;
    counter.end(outcome)
}

pub(super) async fn leaving(counter: &Counter) -> Result<(), Undone> {
    let mut channel = Channel::open(&counter.data, &Ask::Leave).await?;
    let (mut has_begun, mut told) = (false, String::new());
    loop {
        // A machine that is killed says no goodbye.
        let answer = match channel.next().await {
            Ok(None) => return Err(Undone::BrokenOff),
            Err(Unreached::Io(_)) if has_begun => return Err(Undone::BrokenOff),
            other => other?,
        };
        match answer {
            Some(Answer::Leaving(progress)) => {
                if !has_begun {
                    counter.say(Style::Plain, &counter.look.words.say("leave-begun"));
                    has_begun = true;
                }
                let said = ring::progress(&counter.look, &progress);
                if progress.copies > 0 && said != told {
                    counter.say(Style::Dim, &said);
                    told = said;
                }
            }
            Some(Answer::Done) => {
                counter.show(
                    &counter.text(Style::Good, "leave-done", &[]),
                    &json!({ "left": true }),
                );
                return Ok(());
            }
            Some(Answer::Refused(refusal)) => return Err(refusal.into()),
            _ => return Err(Unreached::Nonsense.into()),
        }
    }
}

/// Removes another machine.
pub(crate) async fn remove(flags: RemoveFlags) -> ExitCode {
    let counter = Counter::new(&flags.at);
    let outcome = removing(&counter, &flags).await;
    counter.end(outcome)
}

pub(super) async fn removing(counter: &Counter, flags: &RemoveFlags) -> Result<(), Undone> {
    let status = counter.ring().await?;
    let machine = meant(&status, &flags.machine)?;
    let named = [("machine", machine.id.to_string().into())];
    if machine.is_this {
        return Err(Refusal::new(Why::Itself).into());
    }
    if !flags.force {
        can_be_spared(&status, machine.id)?;
    }
    if machine.state.is_up() && !flags.yes {
        counter.say(Style::Bad, &counter.look.words.with("remove-alive", &named));
        let is_sure = asked(counter, |asking| {
            asking.yes("ask-remove").filter(|yes| *yes).map(drop)
        });
        is_sure?;
    }
    let id = machine.id;
    counter
        .ask(&Ask::Remove { machine: id })
        .await
        .map_err(|undone| about(undone, id))?;
    counter.show(
        &counter.text(Style::Good, "remove-done", &named),
        &json!({ "removed": id }),
    );
    Ok(())
}

/// Refuses to take a majority away, also one that is lost only until the machine is back.
fn can_be_spared(status: &RingStatus, machine: MachineId) -> Result<(), Undone> {
    let bereft = status.bereft_without(machine);
    let ranges: Vec<String> = status
        .ranges
        .iter()
        .filter(|range| bereft.contains(&range.group))
        .map(|range| range.range.to_string())
        .collect();
    if !ranges.is_empty() {
        let refusal = Refusal::because(Why::Needed, ranges.join(" "));
        return Err(Undone::Refused(refusal, Some(machine.to_string())));
    }
    if status.is_whole() {
        Ok(())
    } else {
        // Perhaps the machine alone has what nobody tells of.
        Err(Refusal::new(Why::NotNow).into())
    }
}

/// The one machine whose id begins so.
fn meant<'a>(status: &'a RingStatus, digits: &str) -> Result<&'a MachineStatus, Undone> {
    let mut meant = status
        .machines
        .iter()
        .filter(|machine| machine.id.to_string().starts_with(digits));
    match (meant.next(), meant.next()) {
        (Some(machine), None) => Ok(machine),
        (Some(_), Some(_)) => Err(Undone::Ambiguous(digits.to_owned())),
        (None, _) => Err(Undone::Refused(
            Refusal::new(Why::UnknownMachine),
            Some(digits.to_owned()),
        )),
    }
}

fn about(undone: Undone, machine: MachineId) -> Undone {
    if let Undone::Refused(refusal, None) = undone {
        Undone::Refused(refusal, Some(machine.to_string()))
    } else {
        undone
    }
}

/// Goes on from what is here.
pub(crate) async fn recover(flags: RecoverFlags) -> ExitCode {
    let counter = Counter::new(&flags.at);
    let outcome = recovering(&counter, &flags).await;
    counter.end(outcome)
}

pub(super) async fn recovering(counter: &Counter, flags: &RecoverFlags) -> Result<(), Undone> {
    let status = counter.ring().await?;
    let lost: Vec<&RangeStatus> = status
        .notes
        .iter()
        .filter(|note| note.kind == NoteKind::NoMajority)
        .filter_map(|note| status.ranges.iter().find(|range| Some(range.group) == note.group))
        .collect();
    if lost.is_empty() {
        return Err(Refusal::new(Why::NothingLost).into());
    }
    let ranges: Vec<String> = lost.iter().map(|lost| lost.range.to_string()).collect();
    let groups = lost.iter().map(|lost| lost.group).collect();
    let words = &counter.look.words;
    counter.say(Style::Bad, &words.say("recover-warning"));
    counter.say(
        Style::Plain,
        &words.with("recover-ranges", &[("ranges", ranges.join(" ").into())]),
    );
    if !flags.yes {
        let name = status.ring.name.as_str();
        asked(counter, |asking| {
            let text = asking.look.words.with("ask-recover", &[("ring", name.into())]);
            asking.say(Style::Plain, &text);
            asking.line("ask-recover-name", |asking, typed| {
                let is_same = typed.trim() == name.trim();
                if !is_same {
                    asking.hint("hint-recover");
                }
                is_same.then_some(())
            })
        })?;
    }
    let Answer::Recovered(groups) = counter.ask(&Ask::Recover { groups }).await? else {
        return Err(Unreached::Nonsense.into());
    };
    let mut page = counter.text(Style::Good, "recover-done", &[("n", groups.len().into())]);
    page.append(counter.text(Style::Plain, "recover-next", &[]));
    counter.show(&page, &json!({ "recovered": groups }));
    Ok(())
}

/// Asks the person at the keyboard, on standard error.
fn asked(counter: &Counter, ask: impl FnOnce(&mut Asking<'_>) -> Option<()>) -> Result<(), Undone> {
    let Some(input) = counter.keyboard.take() else {
        return Err(Undone::Cancelled { has_keyboard: false });
    };
    let mut terminal = Lines::new(input, std::io::stderr(), counter.paint_of_errors(), true);
    let mut asking = Asking {
        look: &counter.look,
        terminal: &mut terminal,
    };
    ask(&mut asking).ok_or(Undone::Cancelled { has_keyboard: true })
}

#[cfg(test)]
mod tests {
    use super::{digits, meant};
    use crate::operate::Undone;
    use tertulia_types::ring::{MachineState, MachineStatus, RingFacts, RingStatus};
    use tertulia_types::{MachineId, Role};

    fn status(ids: &[u64]) -> RingStatus {
        let machine = |id: &u64| MachineStatus {
            id: MachineId(*id),
            role: Role::Node,
            state: MachineState::Alive,
            position: None,
            peers: Vec::new(),
            http: Vec::new(),
            is_entry: true,
            version: None,
            is_this: false,
            silent_for_ms: None,
            clock_off_ms: None,
            sick: Vec::new(),
            disk: None,
        };
        let facts = RingFacts {
            id: 1,
            name: "Barrio".to_owned(),
            replicas: 5,
        };
        RingStatus::of(facts, ids.iter().map(machine).collect(), Vec::new(), false)
    }

    #[test]
    fn a_machine_is_named_by_as_many_digits_as_tell_it_apart() {
        let ring = status(&[0xabcd_1000_0000_0000, 0xabcd_2000_0000_0000]);
        assert!(matches!(meant(&ring, "abcd1"), Ok(machine) if machine.id.0 == 0xabcd_1000_0000_0000));
        assert!(matches!(meant(&ring, "abcd"), Err(Undone::Ambiguous(_))));
        assert!(matches!(meant(&ring, "abce"), Err(Undone::Refused(_, Some(_)))));
    }

    #[test]
    fn too_few_digits_are_a_mistake() {
        assert_eq!(digits("ABCD"), Ok("abcd".to_owned()));
        for wrong in ["", "abc", "xyzw", "12345678901234567", "ab cd"] {
            assert!(digits(wrong).is_err(), "{wrong}");
        }
    }
}
