//! Groups that were given up (V4): this machine tells which, heeds what others tell, and sets its copies of them aside.
//!
//! **Invariant:** a copy that is set aside never runs again, and its database stays on disk for whoever looks for what is missing.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::copies::Copies;
use crate::error::NodeError;
use crate::peers::{Book, BookError, GIVEN_UP_MAX};
use crate::raft::log::GroupLog;
use crate::replica::{Replica, Stage as Life};

/// Says in this machine's line of the book which groups it knows to be given up, as its registry does.
pub(crate) fn tell_given_up(book: &Book, copies: &Copies) -> Result<(), BookError> {
    let mut given_up = copies.roster.given_up();
    // Those that do not fit are refused by this machine all the same.
    given_up.truncate(GIVEN_UP_MAX);
    book.update(|own| own.given_up = given_up)
}

/// Whether some machine that stores has given a group up.
pub(crate) fn is_given_up(book: &Book, group: u64) -> bool {
    book.all()
        .iter()
        .any(|entry| entry.role.stores() && entry.given_up.contains(&group))
}

/// Sets copies aside whose groups others have given up, for as long as the machine lives.
pub(crate) async fn heed(book: Arc<Book>, copies: Arc<Copies>, stop: CancellationToken) {
    let mut news = book.watch();
    let work = async {
        loop {
            for (group, _) in copies.roster.kept() {
                if is_given_up(&book, group)
                    && let Err(error) = copies.set_aside(group).await
                {
                    tracing::error!(group = format_args!("{group:016x}"), %error, "a copy of a group that was given up stays");
                }
            }
            if let Err(error) = tell_given_up(&book, &copies) {
                tracing::warn!(%error, "the address book does not take what was given up");
            }
            if news.changed().await.is_err() {
                return;
            }
        }
    };
    let _: Option<()> = stop.run_until_cancelled(work).await;
}

impl Copies {
    /// Stops a copy for ever whose group was given up. Its database stays on disk (V4).
    async fn set_aside(&self, id: u64) -> Result<(), NodeError> {
        let _one_at_a_time = self.changing.lock().await;
        let row = self.roster.row(id).ok_or(NodeError::NotHere(id))?;
        if !row.stage.is_here() {
            return Ok(());
        }
        let given_up = Replica {
            stage: Life::GivenUp,
            ..row
        };
        self.registry.write(&[(id, given_up)]).await?;
        self.roster.note(id, given_up);
        // One that is sick may not run.
        if let Some(group) = self.roster.leave(id) {
            group.stop().await;
        }
        self.router.table.forget(id);
        GroupLog::forget_all(&self.ground.journal, id).await?;
        tracing::error!(
            group = format_args!("{id:016x}"),
            directory = %self.state.display(),
            "another machine has given this group up and goes on without it; the copy here is set aside"
        );
        Ok(())
    }
}
