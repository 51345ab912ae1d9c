//! A conversation in public: what a dweet answers, the dweet, and its answers.

use crate::ask::Ask;
use crate::client::Client;
use crate::dweet::Dweet;
use crate::failure::Failure;
use crate::view::{Placed, Seen};
use serde::{Deserialize, Serialize};
use tertulia_types::entity::Context;

/// A dweet among its neighbours, in reading order: what it answers, itself, its answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thread {
    /// The dweets.
    pub dweets: Vec<Dweet>,
    /// The place of the one that was asked for.
    pub at: usize,
}

impl Client {
    /// The thread of a dweet.
    pub async fn thread(&self, id: &str) -> Result<Seen<Thread>, Failure> {
        let view = format!("thread:{id}");
        match self.fetch_thread(id).await {
            Ok(thread) => {
                let rows: Vec<Placed> = (0..)
                    .zip(&thread.dweets)
                    .map(|(place, dweet)| Placed::new(place, dweet))
                    .collect();
                // Below no row: the thread is replaced whole.
                self.keep(&view, &rows, None)?;
                Ok(Seen::now(thread))
            }
            Err(failure) => {
                let kept = self.kept_after::<Placed>(failure, &view, None, usize::MAX)?;
                Ok(kept.map(|rows| {
                    let dweets: Vec<Dweet> = rows.into_iter().map(|row| row.dweet).collect();
                    let at = dweets.iter().position(|dweet| dweet.id == id).unwrap_or(0);
                    Thread { dweets, at }
                }))
            }
        }
    }

    async fn fetch_thread(&self, id: &str) -> Result<Thread, Failure> {
        let dweet = self.dweet(id).await?;
        let context: Context = self
            .read(Ask::get(format!("/api/v1/statuses/{}/context", dweet.id)))
            .await?;
        let at = context.ancestors.len();
        let before = context.ancestors.into_iter().map(Dweet::of);
        let after = context.descendants.into_iter().map(Dweet::of);
        Ok(Thread {
            dweets: before.chain([dweet]).chain(after).collect(),
            at,
        })
    }
}
