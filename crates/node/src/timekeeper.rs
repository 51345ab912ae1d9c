//! Whether this machine's clock is right, by those of the others. One that is more than a few seconds off their median does not lead, and says so (C3).
//!
//! **Invariant:** nobody judges by one other clock: of two that differ, nobody knows which is wrong.
//! **Invariant:** a group that nobody else can lead is led all the same: its stamps never go back, whatever its leader's clock says.

use std::sync::Arc;
use std::time::Duration;

use rand::RngExt;
use rand::seq::IteratorRandom;
use tertulia_types::MachineId;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::ask::{Caller, Hour};
use crate::batch::Clock;
use crate::census;
use crate::driver::Driver;
use crate::peers::Book;
use crate::roster::Roster;

/// Between two looks at the others' clocks.
const INTERVAL: Duration = Duration::from_secs(5);
/// Machines that are asked.
const WITNESSES: usize = 5;
/// How many of them must have answered.
const WITNESSES_MIN: usize = 2;
/// An answer that took longer says little.
const DEADLINE: Duration = Duration::from_secs(1);
/// So often in a row too few may have answered before what they have said once is not believed any more: the clock may have been set since.
const UNANSWERED_MAX: u32 = 6;
/// How far a clock may be off.
const OFF_MS_MAX: u64 = 5_000;

/// Compares clocks.
pub(crate) struct Timekeeper {
    pub(crate) me: MachineId,
    pub(crate) book: Arc<Book>,
    pub(crate) roster: Arc<Roster>,
    pub(crate) driver: Arc<Driver>,
    pub(crate) caller: Caller,
    pub(crate) clock: Clock,
}

impl Timekeeper {
    /// Works until told to stop.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut verdict = Verdict::default();
        let work = async {
            loop {
                let pause = INTERVAL.mul_f64(rand::rng().random_range(0.7..1.3));
                tokio::time::sleep(pause).await;
                let off_ms = self.compare().await;
                if verdict.hear(off_ms) {
                    self.say(verdict.is_off, off_ms);
                }
                for group in self.roster.groups() {
                    group.abstain(verdict.is_off).await;
                }
            }
        };
        let _: Option<()> = stop.run_until_cancelled(work).await;
    }

    fn say(&self, is_off: bool, off_ms: Option<i64>) {
        if is_off {
            tracing::error!(
                off_ms,
                "the clock of this machine is wrong: it leads nothing until that is set right"
            );
        } else {
            tracing::info!(
                off_ms,
                "the clock of this machine is right again, or too few can say that it is not"
            );
        }
        if let Err(error) = self.book.update(|own| own.abstains = is_off) {
            tracing::warn!(%error, "the others are not told of this machine's clock");
        }
    }

    /// How far the others' median is ahead of this machine's clock; `None` where too few answer.
    async fn compare(&self) -> Option<i64> {
        let others = census::machines(&self.book)
            .into_iter()
            .map(|entry| entry.machine)
            .filter(|machine| *machine != self.me && !self.driver.is_in_doubt(*machine))
            .sample(&mut rand::rng(), WITNESSES);
        let offsets = others.into_iter().map(|machine| self.offset(machine));
        let answers = futures::future::join_all(offsets).await;
        median(answers.into_iter().flatten().collect())
    }

    async fn offset(&self, machine: MachineId) -> Option<i64> {
        let (asked, before_ms) = (Instant::now(), (self.clock)());
        let theirs_ms = self.caller.ask(machine, Hour {}, DEADLINE).await.ok()?;
        let half_ms = u64::try_from(asked.elapsed().as_millis() / 2).unwrap_or(0);
        Some(theirs_ms.wrapping_sub(before_ms + half_ms).cast_signed())
    }
}

/// What the others' clocks have said of this machine's.
#[derive(Default)]
struct Verdict {
    is_off: bool,
    /// How often in a row too few have answered.
    unanswered: u32,
}

impl Verdict {
    /// Takes in how far the clock is off, if that is known; whether the verdict has changed.
    fn hear(&mut self, off_ms: Option<i64>) -> bool {
        self.unanswered = match off_ms {
            Some(_) => 0,
            None => self.unanswered.saturating_add(1),
        };
        let is_off = match off_ms {
            Some(off_ms) => off_ms.unsigned_abs() > OFF_MS_MAX,
            None => self.is_off && self.unanswered < UNANSWERED_MAX,
        };
        std::mem::replace(&mut self.is_off, is_off) != is_off
    }
}

/// Of the others' clocks and our own.
fn median(mut offsets_ms: Vec<i64>) -> Option<i64> {
    if offsets_ms.len() < WITNESSES_MIN {
        return None;
    }
    offsets_ms.push(0);
    offsets_ms.sort_unstable();
    // Of an even number the one that is nearer to our own clock: doubt is no proof.
    let middle = [
        offsets_ms[(offsets_ms.len() - 1) / 2],
        offsets_ms[offsets_ms.len() / 2],
    ];
    middle
        .into_iter()
        .min_by_key(|offset_ms| offset_ms.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::{UNANSWERED_MAX, Verdict, median};

    #[test]
    fn c3_what_nobody_says_any_more_is_not_held_against_a_clock_for_ever() {
        let mut verdict = Verdict::default();
        assert!(!verdict.hear(None) && !verdict.hear(Some(5_000)) && !verdict.is_off);
        assert!(verdict.hear(Some(-5_001)) && verdict.is_off);
        for _ in 1..UNANSWERED_MAX {
            assert!(
                !verdict.hear(None) && verdict.is_off,
                "a few moments prove nothing"
            );
        }
        assert!(verdict.hear(None) && !verdict.is_off);
        assert!(
            verdict.hear(Some(9_000)) && verdict.is_off,
            "asked anew, it is off still"
        );
        assert!(!verdict.hear(None) && !verdict.hear(Some(9_000)) && verdict.hear(Some(0)));
    }

    #[test]
    fn c3_one_wrong_clock_is_found_by_the_others_and_does_not_mislead_them() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![9_000]), None, "of two nobody knows which is wrong");
        assert_eq!(median(vec![9_000, 9_001]), Some(9_000), "ours is the wrong one");
        assert_eq!(median(vec![9_000, 0]), Some(0), "another's is");
        assert_eq!(median(vec![9_000, 9_000, 0]), Some(0), "as many say so as do not");
        assert_eq!(median(vec![-7_000, -7_000, -7_100, 40]), Some(-7_000));
    }
}
