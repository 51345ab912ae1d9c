//! The tasks beside a running group that act when it leads: the courier, the pruner and the trimmer.

use std::sync::Arc;

use crate::courier::Courier;
use crate::group::Group;
use crate::hold::Hold;
use crate::router::Router;
use crate::{pruner, trimmer};

/// Starts them.
pub(crate) async fn employ(group: &Arc<Group>, router: &Arc<Router>, hold: &Hold) {
    let courier = Courier {
        group: group.clone(),
        router: router.clone(),
        errands: group.errands(),
        hold: hold.clone(),
    };
    group.employ(|stop| courier.run(stop)).await;
    group.employ(|stop| pruner::run(group.clone(), stop)).await;
    group.employ(|stop| trimmer::run(group.clone(), stop)).await;
    #[cfg(debug_assertions)]
    group.employ(|stop| crate::trial::run(group.clone(), stop)).await;
}
