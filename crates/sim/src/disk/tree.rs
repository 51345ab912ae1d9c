//! The files of a disk and their names, as a value: no locks, no clock, no real files.
//!
//! Names are kept as ext4 and XFS keep them: creations, renames and removals enter one ordered journal, and a crash leaves
//! a prefix of it. What makes the journal durable, and up to where, is [`Tree::sync`] and [`Tree::sync_directory`].
//!
//! **Invariant:** applying `journal` in order to `durable_names` gives `names`.
//! Deliberately absent: directories (see the parent module), links, permissions.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::content::Content;

/// A file apart from its name: what the file systems call an inode number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FileId(u64);

/// One un-synced change to the names.
#[derive(Clone, Debug)]
enum Naming {
    Create { path: PathBuf, id: FileId },
    Rename { from: PathBuf, to: PathBuf, id: FileId },
    Remove { path: PathBuf },
}

/// All files of a disk.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    contents: BTreeMap<FileId, Content>,
    names: BTreeMap<PathBuf, FileId>,
    durable_names: BTreeMap<PathBuf, FileId>,
    journal: Vec<Naming>,
    open_counts: BTreeMap<FileId, usize>,
    last_id: u64,
}

impl Tree {
    pub(super) fn find(&self, path: &Path) -> Option<FileId> {
        self.names.get(path).copied()
    }

    pub(super) fn content(&self, id: FileId) -> Option<&Content> {
        self.contents.get(&id)
    }

    pub(super) fn content_mut(&mut self, id: FileId) -> Option<&mut Content> {
        self.contents.get_mut(&id)
    }

    /// All names, in order.
    pub(super) fn names(&self) -> impl Iterator<Item = &Path> {
        self.names.keys().map(PathBuf::as_path)
    }

    /// Room taken by all files that exist or are still open.
    pub(super) fn used_bytes(&self) -> usize {
        self.contents.values().map(Content::len_bytes).sum()
    }

    /// A file without a name: it is gone when closed.
    pub(super) fn create_nameless(&mut self) -> FileId {
        self.last_id += 1;
        let id = FileId(self.last_id);
        self.contents.insert(id, Content::default());
        id
    }

    /// A new empty file, in place of any that had the name.
    pub(super) fn create(&mut self, path: &Path) -> FileId {
        let id = self.create_nameless();
        self.enter(Naming::Create {
            path: path.to_owned(),
            id,
        });
        id
    }

    /// False if nothing has the name `from`.
    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> bool {
        let Some(id) = self.find(from) else { return false };
        self.enter(Naming::Rename {
            from: from.to_owned(),
            to: to.to_owned(),
            id,
        });
        true
    }

    /// False if nothing has the name.
    pub(super) fn remove(&mut self, path: &Path) -> bool {
        if self.find(path).is_none() {
            return false;
        }
        self.enter(Naming::Remove {
            path: path.to_owned(),
        });
        self.drop_unreachable();
        true
    }

    fn enter(&mut self, naming: Naming) {
        naming.apply(&mut self.names);
        self.journal.push(naming);
    }

    pub(super) fn open(&mut self, id: FileId) {
        *self.open_counts.entry(id).or_default() += 1;
    }

    pub(super) fn close(&mut self, id: FileId) {
        if let Some(count) = self.open_counts.get_mut(&id) {
            *count -= 1;
            if *count == 0 {
                self.open_counts.remove(&id);
                self.drop_unreachable();
            }
        }
    }

    /// Makes a file's content durable (unless the disk lies), and the journal of names up to the last change that named it:
    /// a file just created and synced is found again.
    pub(super) fn sync(&mut self, id: FileId, lying: bool) {
        if let Some(content) = self.contents.get_mut(&id).filter(|_| !lying) {
            content.sync();
        }
        self.commit_through(|naming| naming.names(id));
    }

    /// Makes the journal durable up to the last change of a name in the directory.
    pub(super) fn sync_directory(&mut self, directory: &Path) {
        self.commit_through(|naming| naming.is_in(directory));
    }

    fn commit_through(&mut self, wanted: impl Fn(&Naming) -> bool) {
        if let Some(last) = self.journal.iter().rposition(wanted) {
            self.commit(last + 1);
        }
    }

    fn commit(&mut self, count: usize) {
        for naming in self.journal.drain(..count) {
            naming.apply(&mut self.durable_names);
        }
        self.drop_unreachable();
    }

    /// What a crash leaves: with a seed, a part of what was not synced too.
    pub(super) fn crash(mut self, seed: Option<u64>) -> Self {
        let mut rng = seed.map(StdRng::seed_from_u64);
        if let Some(rng) = &mut rng {
            let kept = rng.random_range(0..=self.journal.len());
            self.commit(kept);
        }
        let named: BTreeSet<FileId> = self.durable_names.values().copied().collect();
        self.contents.retain(|id, _| named.contains(id));
        let contents = std::mem::take(&mut self.contents)
            .into_iter()
            .map(|(id, content)| match &mut rng {
                Some(rng) => (id, content.forget_some(rng)),
                None => (id, content.forget()),
            });
        Self {
            contents: contents.collect(),
            names: self.durable_names.clone(),
            durable_names: self.durable_names,
            journal: Vec::new(),
            open_counts: BTreeMap::new(),
            last_id: self.last_id,
        }
    }

    /// What the end of the program leaves, when the computer goes on: all that was written, and still un-synced what was not synced.
    pub(super) fn abandon(mut self) -> Self {
        self.open_counts.clear();
        self.drop_unreachable();
        self
    }

    /// Frees files that are closed and can have no name again, not even after a crash.
    fn drop_unreachable(&mut self) {
        let mut reachable: BTreeSet<FileId> = self
            .names
            .values()
            .chain(self.durable_names.values())
            .copied()
            .collect();
        reachable.extend(self.open_counts.keys());
        reachable.extend(self.journal.iter().filter_map(Naming::id));
        self.contents.retain(|id, _| reachable.contains(id));
    }
}

impl Naming {
    fn apply(&self, names: &mut BTreeMap<PathBuf, FileId>) {
        match self {
            Self::Create { path, id } => {
                names.insert(path.clone(), *id);
            }
            Self::Rename { from, to, id } => {
                names.remove(from);
                names.insert(to.clone(), *id);
            }
            Self::Remove { path } => {
                names.remove(path);
            }
        }
    }

    fn id(&self) -> Option<FileId> {
        match self {
            Self::Create { id, .. } | Self::Rename { id, .. } => Some(*id),
            Self::Remove { .. } => None,
        }
    }

    fn names(&self, id: FileId) -> bool {
        self.id() == Some(id)
    }

    fn is_in(&self, directory: &Path) -> bool {
        let is_in = |path: &Path| path.parent() == Some(directory);
        match self {
            Self::Create { path, .. } | Self::Remove { path } => is_in(path),
            Self::Rename { from, to, .. } => is_in(from) || is_in(to),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FileId, Tree};
    use std::path::Path;

    fn written(tree: &mut Tree, path: &str, bytes: &[u8]) -> FileId {
        let id = tree.create(Path::new(path));
        tree.content_mut(id).unwrap().write(0, bytes);
        id
    }

    fn listing(tree: &Tree) -> Vec<String> {
        tree.names().map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn a_created_file_is_found_after_a_crash_only_if_it_or_its_directory_was_synced() {
        let mut tree = Tree::default();
        let a = written(&mut tree, "x/a", b"a");
        written(&mut tree, "y/b", b"b");
        assert_eq!(listing(&tree.clone().crash(None)), [""; 0]);

        tree.sync(a, false);
        let left = tree.clone().crash(None);
        assert_eq!(listing(&left), ["x/a"]);
        assert_eq!(left.content(a).unwrap().len_bytes(), 1);

        tree.sync_directory(Path::new("y"));
        let left = tree.crash(None);
        assert_eq!(listing(&left), ["x/a", "y/b"]);
        let b = left.find(Path::new("y/b")).unwrap();
        assert_eq!(
            left.content(b).unwrap().len_bytes(),
            0,
            "a name does not make its content durable"
        );
    }

    #[test]
    fn names_survive_in_the_order_they_were_made() {
        let mut tree = Tree::default();
        written(&mut tree, "first", b"1");
        let second = written(&mut tree, "second", b"2");
        written(&mut tree, "third", b"3");
        tree.sync(second, false);
        assert_eq!(listing(&tree.clone().crash(None)), ["first", "second"]);
        for seed in 0..20 {
            let left = listing(&tree.clone().crash(Some(seed)));
            assert!(
                left == ["first", "second"] || left == ["first", "second", "third"],
                "{left:?}"
            );
        }
    }

    #[test]
    fn a_rename_leaves_the_old_state_or_the_new_one() {
        let mut tree = Tree::default();
        let old = written(&mut tree, "db", b"old");
        tree.sync(old, false);
        let new = written(&mut tree, "db.new", b"newer");
        tree.sync(new, false);
        assert!(tree.rename(Path::new("db.new"), Path::new("db")));
        assert_eq!(tree.find(Path::new("db")), Some(new));
        let before = tree.clone().crash(None);
        assert_eq!(listing(&before), ["db", "db.new"]);
        assert_eq!(before.find(Path::new("db")), Some(old));

        tree.sync_directory(Path::new(""));
        let after = tree.crash(None);
        assert_eq!(listing(&after), ["db"]);
        assert_eq!(after.content(new).unwrap().len_bytes(), 5);
    }

    #[test]
    fn a_removal_that_was_not_synced_is_undone() {
        let mut tree = Tree::default();
        let id = written(&mut tree, "a", b"abc");
        tree.sync(id, false);
        assert!(tree.remove(Path::new("a")));
        assert!(!tree.remove(Path::new("a")));
        assert_eq!(tree.clone().crash(None).content(id).unwrap().len_bytes(), 3);
        tree.sync_directory(Path::new(""));
        assert_eq!(listing(&tree.clone().crash(None)), [""; 0]);
        assert_eq!(tree.used_bytes(), 0);
    }

    #[test]
    fn an_open_file_outlives_its_name() {
        let mut tree = Tree::default();
        let id = tree.create_nameless();
        tree.open(id);
        tree.content_mut(id).unwrap().write(0, b"abc");
        tree.remove(Path::new("a"));
        assert_eq!(tree.used_bytes(), 3);
        tree.close(id);
        assert_eq!(tree.used_bytes(), 0);
    }

    #[test]
    fn a_program_that_ends_leaves_what_it_wrote_and_a_crash_after_that_still_forgets_it() {
        let mut tree = Tree::default();
        let id = written(&mut tree, "a", b"abc");
        tree.sync(id, false);
        tree.content_mut(id).unwrap().write(3, b"def");
        let nameless = tree.create_nameless();
        tree.open(nameless);
        let left = tree.abandon();
        assert_eq!(left.content(id).unwrap().len_bytes(), 6);
        assert!(left.content(nameless).is_none(), "nobody has it open any more");
        assert_eq!(left.crash(None).content(id).unwrap().len_bytes(), 3);
    }

    #[test]
    fn a_lying_sync_keeps_the_name_and_loses_the_content() {
        let mut tree = Tree::default();
        let id = written(&mut tree, "a", b"abc");
        tree.sync(id, true);
        let left = tree.crash(None);
        assert_eq!(listing(&left), ["a"]);
        assert_eq!(left.content(id).unwrap().len_bytes(), 0);
    }
}
