//! Disks that fill up, disks that damage what they hold, and disks that take their time.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tertulia_sim::load::Load;

use crate::ring::Ring;
use crate::{CROWD, PAUSE_MAX, account, alone, progress, rounds};

/// How much is acknowledged before, while and after a machine is away.
const ACTS: u64 = 40;
/// A disk of its own for one machine: large enough for what it keeps, and soon filled.
const DISK: &str = "size=192m";
const GARBAGE: [u8; 4096] = [0x5a; 4096];

/// A file system of its own, in memory, until it is dropped.
pub(crate) struct Disk(PathBuf);

impl Disk {
    pub(crate) fn at(path: &Path) -> Self {
        std::fs::create_dir(path).unwrap();
        let mount = ["-t", "tmpfs", "-o", DISK, "tmpfs"];
        let ran = Command::new("mount").args(mount).arg(path).output().unwrap();
        let said = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "this test needs root: {said}");
        Self(path.to_owned())
    }

    /// Writes until nothing more goes on it; what takes the room.
    fn fill(&self) -> PathBuf {
        let path = self.0.join("filler");
        let mut file = File::create(&path).unwrap();
        loop {
            match file.write(&GARBAGE) {
                Ok(1..) => {}
                Ok(0) => return path,
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::StorageFull, "{error}");
                    return path;
                }
            }
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Whoever still has a file open there keeps it.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_stops_the_leader_alone_and_nothing_is_lost() {
    alone(async {
        let mut ring = Ring::on_small_disks(3).await;
        let mut load = Load::begin(ring.doors(), CROWD).await;
        progress(&mut load, &ring, ACTS).await;
        let leader = ring.busiest_leader().await;
        let filler = ring.disk(leader).fill();
        ring.suffered(format!("filled the disk of {leader}"));
        // It says so and ends, rather than promise what it cannot keep.
        let ended = ring.machine(leader).until_ended().await.unwrap_err().to_string();
        assert!(
            ended.contains("No space left") || ended.contains("disk is full"),
            "{ended}"
        );
        progress(&mut load, &ring, ACTS).await;
        std::fs::remove_file(filler).unwrap();
        ring.start(leader).await;
        progress(&mut load, &ring, ACTS).await;
        ring.settle().await;
        let done = account("a full disk at the leader", &mut ring, load).await;
        assert!(done.figures().longest.took < PAUSE_MAX, "{}", done.figures());
    });
}

/// Each sync takes four tenths of a second, a hundred times what the others' take.
#[test]
fn a_slow_disk_at_one_machine_holds_up_nobody_else() {
    alone(async {
        let mut ring = Ring::of(3).await;
        let (library, mark) = (ring.folder().join("slow.so"), ring.folder().join("was-slow"));
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-o"])
            .arg(&library)
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/chaos/slow.c"))
            .status()
            .unwrap();
        assert!(built.success(), "this test needs a C compiler");
        let mut load = Load::begin(ring.doors(), CROWD).await;
        progress(&mut load, &ring, ACTS).await;
        let slow = ring.busiest_leader().await;
        ring.stop(slow).await;
        ring.machine(slow).set_variable("LD_PRELOAD", &library);
        ring.machine(slow).set_variable("SLOW_MARK", &mark);
        ring.start(slow).await;
        ring.suffered(format!("slowed the disk of {slow}"));
        for _ in 0..rounds(1) {
            progress(&mut load, &ring, 4 * ACTS).await;
        }
        assert!(mark.exists(), "its syncs are slow");
        let done = account("a slow disk", &mut ring, load).await;
        assert!(done.figures().longest.took < PAUSE_MAX, "{}", done.figures());
    });
}

/// Which copies it had, and how it voted, it does not know any more: none of it is used again (R2, R3).
#[test]
fn r3_a_machine_whose_log_is_damaged_says_so_and_gets_its_copies_from_its_siblings() {
    alone(async {
        let mut ring = Ring::of(3).await;
        let mut load = Load::begin(ring.doors(), CROWD).await;
        progress(&mut load, &ring, ACTS).await;
        ring.kill(1);
        let mut damaged = 0;
        for entry in std::fs::read_dir(ring.machine(1).data().join("log")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "raftlog") {
                let file = OpenOptions::new().write(true).open(&path).unwrap();
                file.write_all_at(&GARBAGE, 0).unwrap();
                damaged += 1;
            }
        }
        assert!(damaged > 0, "there is a log");
        ring.suffered("damaged the log of 1".to_owned());
        progress(&mut load, &ring, ACTS).await;
        ring.start(1).await;
        assert!(
            ring.machine(1)
                .said()
                .contains("the log has lost all that it held")
        );
        progress(&mut load, &ring, ACTS).await;
        ring.settle().await;
        // What it was given counts: another one may be lost now.
        ring.kill(2);
        progress(&mut load, &ring, ACTS).await;
        account("a damaged log", &mut ring, load).await;
    });
}
