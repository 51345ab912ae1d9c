//! One id by which a request can be followed through the logs of all machines that it passes.

use tracing::Instrument;

tokio::task_local! {
    static ID: u64;
}

/// The id of the request that this task works for, if for one.
#[must_use]
pub fn id() -> Option<u64> {
    ID.try_with(|id| *id).ok()
}

/// Works for the request of this id: letters to other machines carry it.
pub async fn follow<T>(id: u64, work: impl Future<Output = T>) -> T {
    ID.scope(id, work).await
}

/// Works on behalf of another machine's request, if there is one: what is logged names its id.
pub(crate) async fn take_up<T>(id: Option<u64>, work: impl Future<Output = T>) -> T {
    match id {
        Some(id) => {
            let span = tracing::info_span!("request", id = format!("{id:016x}"));
            follow(id, work).instrument(span).await
        }
        None => work.await,
    }
}
