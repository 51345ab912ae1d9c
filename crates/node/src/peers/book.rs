//! The address book: who is in the ring, and where each machine is reached (J5).
//!
//! Every machine has all of it, on disk, and they exchange what is new: two that have the same [digest](Book::digest) have nothing to tell each other; else
//! one sends its [summary](Book::summary) and gets [what is newer](Book::newer_than). Nothing is ever forgotten: a machine that was known is looked for again (J4).
//!
//! **Invariant:** what is in the book was signed by the machine it is about, and that machine was let in by the ring; a removal was sealed by the ring.
//! **Invariant:** the order in which news come does not matter, nor how often.
//! **Invariant:** a machine that was just let in is on disk before it is told so ([`Book::admit`]); other news are on disk a little later.
//!
//! Deliberately absent: sockets, and whom to gossip with. In a simulation the book works as it does in service.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tertulia_types::MachineId;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::authority::{Authority, AuthorityError, Ca};
use super::lines::{Line, Lines, from_file, to_file};
use super::record::{Admission, Entry, News, Record, Removal, Signed};
use super::ring_file::RingFile;
use super::ring_id::RingId;
use super::seen::Seen;
use crate::identity::Identity;
use crate::private;
use crate::stage::Stage;

/// Machines in one book at most, those that have left among them.
pub const MACHINES_MAX: usize = 65_536;
/// News in one answer, in bytes, at most. What is more comes with the next exchange.
const NEWS_BYTES_MAX: usize = 4 << 20;
/// How long news may wait for the disk, so that many are written at once.
const SAVE_AFTER: Duration = Duration::from_secs(1);
const FILE: &str = "book";

/// A book that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// It cannot be read or written.
    #[error("the address book {} cannot be read or written", .path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It makes no sense.
    #[error("the address book {} is damaged; restore it from a backup, or remove it and join the ring again with a new token", .0.display())]
    Damaged(PathBuf),
    /// The ring's CA.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// This machine is in no book.
    #[error("this machine has not been let into the ring yet; join it with a token")]
    Stranger,
    /// The entry breaks a limit.
    #[error("too many or too long addresses or URLs for the address book")]
    TooLong,
    /// The entry was not signed by its machine, or the machine may not have that role.
    #[error("the entry for the address book is not signed by its machine, or its role is not allowed")]
    NotSigned,
    /// No room.
    #[error("the address book is full: {MACHINES_MAX} machines")]
    Full,
    /// The machine was removed for good.
    #[error(
        "machine {0} was removed from the ring for good; give it a new data directory, and it may join as another one"
    )]
    Removed(MachineId),
}

/// What came of news.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// How many were new.
    pub changed: usize,
    /// How many were not believed, or had no room.
    pub refused: usize,
}

/// The book of one machine.
pub struct Book {
    identity: Identity,
    ring: RingId,
    ca: Ca,
    path: PathBuf,
    lines: Mutex<Lines>,
    /// Held while the file is written, so that an older state never replaces a newer one.
    saving: Mutex<()>,
    changed: watch::Sender<u64>,
}

impl Book {
    /// The book in a machine's data directory; an empty one if there is none yet.
    ///
    /// # Errors
    /// If it cannot be read or makes no sense.
    pub fn open(identity: &Identity, ring: &RingFile) -> Result<Arc<Self>, BookError> {
        let path = identity.directory().join(FILE);
        let bytes = private::read(&path, identity.seal()).map_err(|source| BookError::Io {
            path: path.clone(),
            source,
        })?;
        let news = match bytes {
            Some(bytes) => from_file(&bytes).ok_or_else(|| BookError::Damaged(path.clone()))?,
            None => Vec::new(),
        };
        let book = Self {
            identity: identity.clone(),
            ring: ring.ring,
            ca: ring.ca()?,
            path,
            lines: Mutex::default(),
            saving: Mutex::default(),
            changed: watch::Sender::new(0),
        };
        // It was believed when it came, and the file is this machine's own.
        let mut lines = book.lines();
        for one in news {
            lines.take(one);
        }
        lines.is_saved = true;
        drop(lines);
        Ok(Arc::new(book))
    }

    /// Which ring's book it is.
    pub fn ring(&self) -> RingId {
        self.ring
    }

    /// The ring's CA.
    pub fn ca(&self) -> &Ca {
        &self.ca
    }

    /// The machine whose book this is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// What is known of a machine. It stands there as [`Removed`](super::State::Removed) if it was.
    pub fn get(&self, machine: MachineId) -> Option<Entry> {
        self.lines().machines.get(&machine)?.entry()
    }

    /// What this machine says of itself, if it was let in.
    pub fn own(&self) -> Option<Entry> {
        self.get(self.identity.machine)
    }

    /// All machines of which more is known than that they were removed, by id.
    pub fn all(&self) -> Vec<Entry> {
        self.lines().machines.values().filter_map(Line::entry).collect()
    }

    /// Whether a machine was removed for good.
    pub fn is_removed(&self, machine: MachineId) -> bool {
        let lines = self.lines();
        lines
            .machines
            .get(&machine)
            .is_some_and(|line| line.removal.is_some())
    }

    /// Changes when the book does; the number means nothing.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Lets a machine in, on disk when this returns. For storage machines, which have the CA's key.
    ///
    /// # Errors
    /// If it was removed, the entry is not its own, or it cannot be written.
    pub fn admit(&self, authority: &Authority, newcomer: Signed) -> Result<Record, BookError> {
        let (key, role) = (newcomer.entry.public_key, newcomer.entry.role);
        let machine = newcomer.entry.machine;
        if self.is_removed(machine) {
            return Err(BookError::Removed(machine));
        }
        // Who may keep data has the key already: it is not taken back by entering again as something less.
        let may_store = role.stores()
            || self
                .record(machine)
                .is_some_and(|known| known.admission.may_store);
        let record = Record {
            signed: newcomer,
            admission: Admission::grant(authority, self.ring, key, may_store)?,
        };
        self.put(record.clone())?;
        Ok(record)
    }

    /// Enters this machine into its own book, as it was let in; on disk when this returns.
    ///
    /// # Errors
    /// If the record is not this machine's, or it cannot be written.
    pub fn enter(&self, record: Record) -> Result<(), BookError> {
        if record.signed.entry.machine != self.identity.machine {
            return Err(BookError::NotSigned);
        }
        self.put(record)
    }

    /// Changes what this machine says of itself; on disk when this returns. Nothing happens if nothing changes.
    ///
    /// # Errors
    /// If the machine was not let in, the change breaks a limit, or it cannot be written.
    pub fn update(&self, change: impl FnOnce(&mut Entry)) -> Result<(), BookError> {
        {
            let mut lines = self.lines();
            let known = lines.machines.get(&self.identity.machine);
            let (record, _) = known
                .and_then(|line| line.record.as_ref())
                .ok_or(BookError::Stranger)?;
            let (old, admission) = (&record.signed.entry, record.admission);
            let mut entry = old.clone();
            change(&mut entry);
            if entry == *old {
                return Ok(());
            }
            entry.counter = old.counter + 1;
            if !entry.fits() {
                return Err(BookError::TooLong);
            }
            if entry.role.stores() && !admission.may_store {
                return Err(BookError::NotSigned);
            }
            let signed = entry.sign(self.ring, &self.identity);
            lines.take(News::Record(Box::new(Record { signed, admission })));
        }
        self.tell();
        self.save()
    }

    /// Removes a machine for good; on disk when this returns. For storage machines, which have the CA's key.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn remove(&self, authority: &Authority, machine: MachineId) -> Result<(), BookError> {
        if !self.is_removed(machine) {
            let removal = Removal::decree(authority, self.ring, machine)?;
            self.lines().take(News::Removal(removal));
            self.tell();
        }
        self.save()
    }

    /// The same in two books that say the same.
    pub fn digest(&self) -> [u8; 32] {
        self.lines().digest()
    }

    /// What this book has, in short.
    pub fn summary(&self) -> Vec<Seen> {
        let lines = self.lines();
        lines
            .machines
            .iter()
            .map(|(machine, line)| line.seen(*machine))
            .collect()
    }

    /// What somebody with that summary does not know; up to 4 MiB at once.
    pub fn newer_than(&self, summary: &[Seen]) -> Vec<News> {
        let theirs: BTreeMap<MachineId, &Seen> = summary.iter().map(|seen| (seen.machine, seen)).collect();
        let lines = self.lines();
        let mut news = Vec::new();
        let mut size_bytes = 0;
        for (machine, line) in &lines.machines {
            let known = theirs.get(machine);
            if let Some((removal, tag)) = &line.removal
                && known.is_none_or(|seen| seen.removal != *tag)
            {
                news.push(News::Removal(*removal));
            }
            if let Some((record, tag)) = &line.record {
                let counter = record.signed.entry.counter;
                let is_new = known
                    .is_none_or(|seen| counter > seen.counter || counter == seen.counter && *tag != seen.tag);
                if is_new {
                    size_bytes += postcard::experimental::serialized_size(record).unwrap_or(0);
                    news.push(News::Record(Box::new(record.clone())));
                }
            }
            if size_bytes > NEWS_BYTES_MAX {
                break;
            }
        }
        news
    }

    /// Takes news from another machine, as far as they can be believed. That somebody is gone for good is on disk when this returns: nobody may be left to say
    /// it again, and who is only silent keeps its votes for ever (V1).
    pub fn merge(&self, news: Vec<News>) -> Merged {
        let mut merged = Merged::default();
        let mut has_parted = false;
        for one in news {
            if !self.lines().would_take(&one) {
                continue;
            }
            // Signatures take their time: others use the book meanwhile.
            let holds = match &one {
                News::Record(record) => record.holds(&self.ca, self.ring),
                News::Removal(removal) => removal.holds(&self.ca, self.ring),
            };
            let (machine, is_parting) = (one.machine(), one.is_parting());
            let mut lines = self.lines();
            let has_room = lines.machines.len() < MACHINES_MAX || lines.machines.contains_key(&machine);
            if !holds || !has_room {
                merged.refused += 1;
            } else if machine == self.identity.machine
                && let News::Record(record) = one
            {
                merged.changed += usize::from(self.answer(&mut lines, *record));
            } else if lines.take(one) {
                merged.changed += 1;
                has_parted |= is_parting;
            }
        }
        if merged.changed > 0 {
            self.tell();
        }
        if has_parted && let Err(error) = self.save() {
            tracing::warn!(%error, "the address book is not on disk; it is tried again");
        }
        if merged.refused > 0 {
            tracing::warn!(
                refused = merged.refused,
                "news for the address book were not believed"
            );
        }
        merged
    }

    /// Somebody knows something newer of this machine than it says itself: from before its book was lost or restored from a backup. It says what it says now once
    /// more, and louder.
    fn answer(&self, lines: &mut Lines, theirs: Record) -> bool {
        let known = lines
            .machines
            .get(&self.identity.machine)
            .and_then(|line| line.record.as_ref());
        let Some((ours, _)) = known else {
            return lines.take(News::Record(Box::new(theirs)));
        };
        let mut entry = ours.signed.entry.clone();
        entry.counter = theirs.signed.entry.counter + 1;
        let record = Record {
            signed: entry.sign(self.ring, &self.identity),
            admission: ours.admission,
        };
        lines.take(News::Record(Box::new(record)))
    }

    /// Writes the book, if it has changed.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn save(&self) -> Result<(), BookError> {
        let _one_at_a_time = self.saving.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = {
            let mut lines = self.lines();
            if lines.is_saved {
                return Ok(());
            }
            lines.is_saved = true;
            to_file(&lines)
        };
        private::write(&self.path, &bytes, self.identity.seal()).map_err(|source| {
            self.lines().is_saved = false;
            BookError::Io {
                path: self.path.clone(),
                source,
            }
        })
    }

    /// Writes the book a little after each change, until told to stop.
    pub async fn keep(self: Arc<Self>, stage: Stage, stop: CancellationToken) {
        let mut changed = self.watch();
        let work = async {
            loop {
                let book = self.clone();
                if let Err(error) = stage.blocking(move || book.save()).await {
                    tracing::warn!(%error, "the address book is not on disk; it is tried again");
                } else if changed.changed().await.is_err() {
                    return;
                }
                tokio::time::sleep(SAVE_AFTER).await;
            }
        };
        let _: Option<()> = stop.run_until_cancelled(work).await;
    }

    /// What this machine says of itself, with all that vouches for it.
    pub(crate) fn own_record(&self) -> Result<Record, BookError> {
        self.record(self.identity.machine).ok_or(BookError::Stranger)
    }

    fn record(&self, machine: MachineId) -> Option<Record> {
        let lines = self.lines();
        let (record, _) = lines.machines.get(&machine)?.record.as_ref()?;
        Some(record.clone())
    }

    /// Takes a record that is no hearsay.
    fn put(&self, record: Record) -> Result<(), BookError> {
        if !record.holds(&self.ca, self.ring) {
            return Err(BookError::NotSigned);
        }
        let machine = record.signed.entry.machine;
        {
            let mut lines = self.lines();
            if lines.machines.len() >= MACHINES_MAX && !lines.machines.contains_key(&machine) {
                return Err(BookError::Full);
            }
            lines.take(News::Record(Box::new(record)));
        }
        self.tell();
        self.save()
    }

    fn tell(&self) {
        self.changed
            .send_modify(|number| *number = number.wrapping_add(1));
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::State;
    use super::*;
    use proptest::prelude::*;
    use tertulia_types::{Position, Role};

    /// A machine with its book.
    struct Machine {
        _directory: tempfile::TempDir,
        identity: Identity,
        book: Arc<Book>,
    }

    impl Machine {
        fn new(ring: &RingFile, seed: u8) -> Self {
            let directory = tempfile::tempdir().unwrap();
            let mut given = |bytes: &mut [u8]| bytes.fill(seed);
            let identity = Identity::take_with(directory.path(), &mut given).unwrap();
            let book = Book::open(&identity, ring).unwrap();
            Self {
                _directory: directory,
                identity,
                book,
            }
        }

        fn asks(&self, ring: &RingFile, role: Role) -> Signed {
            Entry::new(&self.identity, role, vec![format!("{}:1", self.identity.machine)])
                .sign(ring.ring, &self.identity)
        }

        fn joins(&self, through: &Self, ring: &RingFile, role: Role) {
            let authority = ring.authority().unwrap().unwrap();
            let record = through.book.admit(&authority, self.asks(ring, role)).unwrap();
            if self.identity.machine != through.identity.machine {
                self.book.enter(record).unwrap();
            }
        }
    }

    fn ring_of(count: u8) -> (RingFile, Vec<Machine>) {
        ring_from(1, count)
    }

    fn ring_from(seed: u8, count: u8) -> (RingFile, Vec<Machine>) {
        let ring = RingFile::found("test", 3).unwrap();
        let seeds = seed..seed + count;
        let machines: Vec<_> = seeds.map(|seed| Machine::new(&ring, seed)).collect();
        for machine in &machines {
            machine.joins(&machines[0], &ring, Role::Node);
        }
        (ring, machines)
    }

    /// What two machines do when they meet.
    fn meet(one: &Machine, two: &Machine) -> usize {
        if one.book.digest() == two.book.digest() {
            return 0;
        }
        let for_two = one.book.newer_than(&two.book.summary());
        let for_one = two.book.newer_than(&one.book.summary());
        one.book.merge(for_one).changed + two.book.merge(for_two).changed
    }

    #[test]
    fn j5_what_one_machine_knows_all_learn_and_keep() {
        let (ring, machines) = ring_of(4);
        for other in &machines[1..] {
            assert!(meet(&machines[0], other) > 0);
        }
        machines[3]
            .book
            .update(|entry| {
                entry.addresses = vec!["10.9.9.9:8741".to_owned()];
                entry.position = Some(Position(77));
            })
            .unwrap();
        assert!(meet(&machines[3], &machines[1]) > 0);
        assert!(meet(&machines[1], &machines[2]) > 0);
        assert_eq!(machines[1].book.digest(), machines[2].book.digest());
        assert_eq!(meet(&machines[1], &machines[2]), 0, "nothing to tell");
        let moved = machines[3].identity.machine;
        machines[2].book.save().unwrap();
        let again = Book::open(&machines[2].identity, &ring).unwrap();
        let entry = again.get(moved).unwrap();
        assert_eq!(entry.addresses, ["10.9.9.9:8741"]);
        assert_eq!((entry.position, entry.counter), (Some(Position(77)), 2));
        assert_eq!(again.digest(), machines[2].book.digest());
        assert_eq!(again.all().len(), 4);
    }

    #[test]
    fn j7_that_a_machine_has_left_is_on_disk_where_it_was_told() {
        let (ring, machines) = ring_of(2);
        let leaver = &machines[1];
        leaver.book.update(|entry| entry.state = State::Left).unwrap();
        meet(leaver, &machines[0]);
        let reopened = Book::open(&machines[0].identity, &ring).unwrap();
        let left = reopened.get(leaver.identity.machine).map(|entry| entry.state);
        assert_eq!(left, Some(State::Left));
    }

    #[test]
    fn j8_a_newcomer_is_on_disk_before_it_is_told() {
        let (ring, machines) = ring_of(2);
        let reopened = Book::open(&machines[0].identity, &ring).unwrap();
        assert_eq!(reopened.all().len(), 2);
        assert!(reopened.get(machines[1].identity.machine).is_some());
    }

    #[test]
    fn j8_who_was_removed_stays_removed_whatever_it_says() {
        let (ring, machines) = ring_of(3);
        let authority = ring.authority().unwrap().unwrap();
        let gone = machines[2].identity.machine;
        machines[0].book.remove(&authority, gone).unwrap();
        machines[2].book.update(|entry| entry.is_entry = true).unwrap();
        meet(&machines[2], &machines[1]);
        assert!(!machines[1].book.is_removed(gone));
        meet(&machines[0], &machines[1]);
        meet(&machines[2], &machines[1]);
        for book in [&machines[0].book, &machines[1].book, &machines[2].book] {
            assert!(book.is_removed(gone));
            assert_eq!(book.get(gone).map(|entry| entry.state), Some(State::Removed));
        }
        let asked = machines[0]
            .book
            .admit(&authority, machines[2].asks(&ring, Role::Node));
        assert!(matches!(asked, Err(BookError::Removed(_))));
        let reopened = Book::open(&machines[0].identity, &ring).unwrap();
        assert!(reopened.is_removed(gone));
    }

    #[test]
    fn j8_a_machine_that_nobody_let_in_is_not_believed() {
        let (ring, machines) = ring_of(1);
        let (foreign, strangers) = ring_from(10, 2);
        let merged = machines[0].book.merge(strangers[0].book.newer_than(&[]));
        assert_eq!((merged.changed, merged.refused), (0, 2));
        assert_eq!(machines[0].book.all().len(), 1);
        assert!(matches!(
            machines[0].book.admit(
                &ring.authority().unwrap().unwrap(),
                strangers[1].asks(&foreign, Role::Node)
            ),
            Err(BookError::NotSigned)
        ));
        let alone = Machine::new(&ring, 99);
        assert!(matches!(alone.book.update(|_| ()), Err(BookError::Stranger)));
    }

    #[test]
    fn j8_a_gateway_stays_one_until_it_is_let_in_as_more() {
        let (ring, machines) = ring_of(1);
        let gateway = Machine::new(&ring, 50);
        gateway.joins(&machines[0], &ring, Role::Gateway);
        assert!(matches!(
            gateway.book.update(|entry| entry.role = Role::Node),
            Err(BookError::NotSigned)
        ));
        assert_eq!(gateway.book.own().unwrap().role, Role::Gateway);
    }

    #[test]
    fn j5_a_machine_whose_book_was_lost_is_heard_again() {
        let (ring, machines) = ring_of(2);
        for number in 0..5 {
            let url = format!("https://old-{number}");
            machines[1].book.update(|entry| entry.urls = vec![url]).unwrap();
        }
        meet(&machines[0], &machines[1]);
        std::fs::remove_file(machines[1].identity.directory().join(FILE)).unwrap();
        let reborn = Machine {
            _directory: tempfile::tempdir().unwrap(),
            identity: machines[1].identity.clone(),
            book: Book::open(&machines[1].identity, &ring).unwrap(),
        };
        reborn.joins(&machines[0], &ring, Role::Node);
        reborn
            .book
            .update(|entry| entry.urls = vec!["https://new".to_owned()])
            .unwrap();
        // The old one has the higher counter; the machine hears of it, and outdoes it.
        meet(&reborn, &machines[0]);
        meet(&reborn, &machines[0]);
        let known = machines[0].book.get(reborn.identity.machine).unwrap();
        assert_eq!(known.urls, ["https://new"]);
        assert!(known.counter > 6);
        assert_eq!(reborn.book.digest(), machines[0].book.digest());
    }

    #[test]
    fn a_damaged_book_is_named_not_replaced() {
        let (ring, machines) = ring_of(1);
        let path = machines[0].identity.directory().join(FILE);
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        for cut in [bytes.len(), 40, 3, 0] {
            std::fs::write(&path, &bytes[..cut]).unwrap();
            assert!(matches!(
                Book::open(&machines[0].identity, &ring),
                Err(BookError::Damaged(_))
            ));
        }
    }

    #[tokio::test]
    async fn changes_are_told_and_kept() {
        let (ring, machines) = ring_of(2);
        let mut changed = machines[1].book.watch();
        let stop = CancellationToken::new();
        let keeper = tokio::spawn(machines[1].book.clone().keep(Stage::Inline, stop.clone()));
        meet(&machines[0], &machines[1]);
        assert!(changed.has_changed().unwrap());
        changed.mark_unchanged();
        let kept = async {
            while Book::open(&machines[1].identity, &ring).unwrap().all().len() < 2 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), kept).await.unwrap();
        stop.cancel();
        keeper.await.unwrap();
    }

    /// Everything that was ever said in a small ring, the false among the true.
    fn hearsay() -> Vec<News> {
        let (ring, machines) = ring_of(3);
        let (_, strangers) = ring_from(10, 1);
        let authority = ring.authority().unwrap().unwrap();
        let mut said = strangers[0].book.newer_than(&[]);
        for machine in &machines {
            for number in 0..3 {
                said.extend(machine.book.newer_than(&[]));
                let url = format!("https://{number}");
                machine.book.update(|entry| entry.urls = vec![url]).unwrap();
            }
            said.extend(machine.book.newer_than(&[]));
            // Two records with one counter, as after a restored backup.
            let mut twin = machine.book.record(machine.identity.machine).unwrap();
            let mut entry = twin.signed.entry.clone();
            entry.is_entry = true;
            twin.signed = entry.sign(ring.ring, &machine.identity);
            said.push(News::Record(Box::new(twin)));
        }
        let gone = machines[2].identity.machine;
        for _ in 0..2 {
            said.push(News::Removal(
                Removal::decree(&authority, ring.ring, gone).unwrap(),
            ));
        }
        // The false: a true one with a changed word.
        let mut forged = machines[0].book.record(machines[0].identity.machine).unwrap();
        forged.signed.entry.counter = 1_000;
        said.push(News::Record(Box::new(forged)));
        HEARSAY_RING.with(|kept| *kept.borrow_mut() = Some(ring));
        said
    }

    thread_local! {
        static HEARSAY_RING: std::cell::RefCell<Option<RingFile>> = const { std::cell::RefCell::new(None) };
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

        #[test]
        fn j5_the_order_in_which_news_come_does_not_matter(
            one in Just(hearsay()).prop_shuffle(),
            cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 3),
            repeats in proptest::collection::vec(any::<proptest::sample::Index>(), 5),
        ) {
            let ring = HEARSAY_RING.with(|kept| kept.borrow().clone()).expect("hearsay comes first");
            let (first, second) = (Machine::new(&ring, 70), Machine::new(&ring, 71));
            let mut sorted = one.clone();
            sorted.sort();
            first.book.merge(sorted);
            let mut rest = &one[..];
            for cut in cuts {
                let (now, later) = rest.split_at(cut.index(rest.len() + 1));
                second.book.merge(now.to_vec());
                rest = later;
            }
            second.book.merge(rest.to_vec());
            for again in repeats {
                second.book.merge(vec![one[again.index(one.len())].clone()]);
            }
            prop_assert_eq!(first.book.digest(), second.book.digest());
            prop_assert_eq!(first.book.all(), second.book.all());
            prop_assert_eq!(first.book.all().len(), 3);
            prop_assert!(first.book.newer_than(&second.book.summary()).is_empty());
        }
    }
}
