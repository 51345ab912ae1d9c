//! How much room the disk has that the machine's data lies on: told before it is full, since a full one stops the machine.

use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::statvfs::statvfs;
use tertulia_types::ring::DiskRoom;
use tokio_util::sync::CancellationToken;

/// Between two looks.
const INTERVAL: Duration = Duration::from_secs(30);

/// The room on the disk of that directory; `None` where the system does not say.
pub(crate) fn of(directory: &Path) -> Option<DiskRoom> {
    let disk = statvfs(directory).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(disk.fragment_size());
    Some(DiskRoom {
        // What the system keeps for itself is not free to us.
        free_bytes: bytes(disk.blocks_available()),
        total_bytes: bytes(disk.blocks()),
    })
}

/// Says in the log when there is little room left, and when there is enough again.
pub(crate) async fn watch(directory: PathBuf, stop: CancellationToken) {
    let mut was_low = false;
    let work = async {
        loop {
            if let Some(room) = of(&directory) {
                let (is_low, free_bytes) = (room.is_low(), room.free_bytes);
                if is_low && !was_low {
                    tracing::warn!(
                        free_bytes,
                        "the disk is nearly full: a full one stops this machine"
                    );
                } else if was_low && !is_low {
                    tracing::info!(free_bytes, "the disk has room again");
                }
                was_low = is_low;
            }
            tokio::time::sleep(INTERVAL).await;
        }
    };
    let _: Option<()> = stop.run_until_cancelled(work).await;
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn a_disk_has_no_more_room_than_it_is_large_and_what_is_not_there_has_none() {
        let directory = tempfile::tempdir().expect("a directory");
        let room = of(directory.path()).expect("the system says");
        assert!(
            room.total_bytes > 0 && room.free_bytes <= room.total_bytes,
            "{room:?}"
        );
        assert_eq!(of(&directory.path().join("not there")), None);
    }
}
