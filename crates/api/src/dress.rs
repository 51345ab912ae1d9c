//! Dweets as the one who asks sees them: with what they have done to them, and without those whom they block.

use crate::error::Error;
use crate::origin::Origin;
use crate::render;
use crate::service::Service;
use tertulia_state::session::Actor;
use tertulia_state::timeline::FlagsOf;
use tertulia_types::view::{DweetView, Flags};
use tertulia_types::{AccountId, DweetId, Rejected, Scopes, entity};

impl Service {
    /// Dresses dweets of any homes for a viewer; those of people who are blocked, either way, are left out.
    pub(crate) async fn dress(
        &self,
        origin: &Origin,
        actor: Option<Actor>,
        dweets: &[DweetView],
    ) -> Result<Vec<entity::Status>, Error> {
        let Some(actor) = actor else {
            return Ok(dweets
                .iter()
                .map(|dweet| render::status(origin, dweet, None))
                .collect());
        };
        let flags = self.flags(actor, dweets).await?;
        let dressed = dweets.iter().zip(flags).filter_map(|(dweet, flags)| {
            let viewer = Some((actor.account, flags?));
            Some(render::status(origin, dweet, viewer))
        });
        Ok(dressed.collect())
    }

    /// Dresses one.
    pub(crate) async fn dress_one(
        &self,
        origin: &Origin,
        actor: Option<Actor>,
        dweet: &DweetView,
    ) -> Result<entity::Status, Error> {
        let dressed = self.dress(origin, actor, std::slice::from_ref(dweet)).await?;
        dressed
            .into_iter()
            .next()
            .ok_or_else(|| Rejected::NotFound.into())
    }

    async fn flags(&self, actor: Actor, dweets: &[DweetView]) -> Result<Vec<Option<Flags>>, Error> {
        let originals: Vec<(DweetId, AccountId)> = dweets
            .iter()
            .map(|dweet| (dweet.original().id, dweet.original().author.id))
            .collect();
        self.query(FlagsOf {
            actor,
            needed: Scopes::NONE,
            dweets: originals,
        })
        .await
    }
}
