//! A [`Disk`] as a VFS of SQLite.
//!
//! What is not about files (time, randomness, sleep) is left to SQLite's default VFS. Directories are synced as SQLite's
//! VFS for Unix does it: with the first sync of a new journal or WAL, and on a removal that asks for it.
//!
//! **Invariant:** this is the only unsafe code; each function below is called by SQLite alone, under the contract of
//! <https://sqlite.org/c3ref/vfs.html> and <https://sqlite.org/c3ref/io_methods.html>: pointers are valid for the call,
//! a file is used by one thread at a time, between a successful `xOpen` and one `xClose`.

use std::ffi::{CStr, CString, OsStr};
use std::io;
use std::os::raw::{c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::slice;
use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use rusqlite::ffi;

use super::sharing::{Holder, Level, Sharing};
use super::{Disk, File, Shared};

/// What SQLite for Unix assumes, so that the journals look as they do in production.
const SECTOR_BYTES: c_int = 4096;

/// An open file as SQLite holds it.
#[repr(C)]
struct Slot {
    base: ffi::sqlite3_file,
    opened: *mut Opened,
}

struct Opened {
    file: File,
    /// What it was opened as; files for SQLite's own use have no name.
    path: Option<PathBuf>,
    /// For a database, none for journals.
    sharing: Option<(Arc<Sharing>, Holder)>,
    /// To be synced with the file's first sync.
    directory: Mutex<Option<PathBuf>>,
    remove_on_close: Option<PathBuf>,
}

impl Drop for Opened {
    fn drop(&mut self) {
        if let Some((sharing, holder)) = &self.sharing {
            sharing.leave(*holder);
        }
        if let Some(path) = &self.remove_on_close {
            // On a crashed disk nothing can be removed, and nobody is left to ask for it.
            let _ = self.file.disk.remove(path);
        }
    }
}

/// Registers a VFS for the disk and returns its name.
pub(super) fn register(disk: &Arc<Shared>) -> String {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let name = format!("forgetful-disk-{}", LAST.fetch_add(1, Ordering::Relaxed) + 1);
    let name_c = CString::new(name.clone()).expect("a name without NUL");
    // SAFETY: any thread may ask for the default VFS; it lives as long as the process.
    let default = unsafe { ffi::sqlite3_vfs_find(std::ptr::null()) };
    // SAFETY: not null (checked) and valid; a VFS is plain data.
    let default = unsafe { default.as_ref() }.expect("SQLite has a default VFS");
    let vfs = ffi::sqlite3_vfs {
        iVersion: 2,
        szOsFile: size_of::<Slot>() as c_int,
        pNext: std::ptr::null_mut(),
        zName: name_c.into_raw(),
        pAppData: Box::into_raw(Box::new(Arc::downgrade(disk))).cast(),
        xOpen: Some(open),
        xDelete: Some(delete),
        xAccess: Some(access),
        xFullPathname: Some(full_pathname),
        // The rest of the default VFS (randomness, sleep, time, libraries) does not look at the VFS it is called for.
        ..*default
    };
    // The VFS, its name and its weak reference stay for ever (some 300 bytes): a connection may look at its VFS at any time.
    let vfs = Box::leak(Box::new(vfs));
    // SAFETY: the VFS is complete and never freed.
    let code = unsafe { ffi::sqlite3_vfs_register(vfs, 0) };
    assert_eq!(code, ffi::SQLITE_OK, "SQLite takes a VFS");
    name
}

impl Drop for Shared {
    fn drop(&mut self) {
        let Some(name) = self
            .vfs_name
            .get()
            .and_then(|name| CString::new(name.as_str()).ok())
        else {
            return;
        };
        // SAFETY: the name is a C string; the VFS found is ours, as names are never used twice, and is never freed.
        unsafe {
            let vfs = ffi::sqlite3_vfs_find(name.as_ptr());
            if !vfs.is_null() {
                ffi::sqlite3_vfs_unregister(vfs);
            }
        }
    }
}

/// The disk of a VFS, if it is still there.
///
/// # Safety
///
/// `vfs` was made by [`register`].
unsafe fn disk_of(vfs: *mut ffi::sqlite3_vfs) -> Option<Disk> {
    // SAFETY: `register` put a weak reference there, and never frees it.
    let disk = unsafe { &*(*vfs).pAppData.cast::<Weak<Shared>>() };
    disk.upgrade().map(Disk)
}

/// # Safety
///
/// `path` is a C string that outlives the result.
unsafe fn path_of<'a>(path: *const c_char) -> &'a Path {
    // SAFETY: the caller's promise.
    Path::new(OsStr::from_bytes(unsafe { CStr::from_ptr(path) }.to_bytes()))
}

/// # Safety
///
/// `file` was opened by [`open`] and is not closed while the result is used.
unsafe fn opened<'a>(file: *mut ffi::sqlite3_file) -> &'a Opened {
    // SAFETY: `open` put a valid pointer there; only `close` frees it, and nothing takes it mutably.
    unsafe { &*(*file.cast::<Slot>()).opened }
}

fn code(result: io::Result<()>, failed: c_int) -> c_int {
    match result {
        Ok(()) => ffi::SQLITE_OK,
        Err(error) if error.kind() == io::ErrorKind::StorageFull => ffi::SQLITE_FULL,
        Err(_) => failed,
    }
}

unsafe extern "C" fn open(
    vfs: *mut ffi::sqlite3_vfs,
    path: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    let slot = file.cast::<Slot>();
    // SAFETY: SQLite gives room for a `Slot` (`szOsFile`); without methods it will not close what failed to open.
    unsafe { (*slot).base.pMethods = std::ptr::null() };
    // SAFETY: the VFS is ours; a path that is not null is a C string that lives until the file is closed.
    let (disk, path) = unsafe { (disk_of(vfs), (!path.is_null()).then(|| path_of(path))) };
    let Some(Ok(opened)) = disk.map(|disk| open_file(&disk, path, flags)) else {
        return ffi::SQLITE_CANTOPEN;
    };
    // SAFETY: as above; `out_flags` may be null.
    unsafe {
        (*slot).opened = Box::into_raw(Box::new(opened));
        (*slot).base.pMethods = &raw const METHODS;
        if let Some(out_flags) = out_flags.as_mut() {
            *out_flags = flags;
        }
    }
    ffi::SQLITE_OK
}

fn open_file(disk: &Disk, path: Option<&Path>, flags: c_int) -> io::Result<Opened> {
    let has = |wanted: c_int| flags & wanted != 0;
    let creates = has(ffi::SQLITE_OPEN_CREATE);
    let file = match path {
        None => disk.create_nameless()?,
        Some(path) if creates && has(ffi::SQLITE_OPEN_EXCLUSIVE) && disk.exists(path)? => {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        Some(path) if creates => disk.create(path)?,
        Some(path) => disk.open(path)?,
    };
    let sharing = has(ffi::SQLITE_OPEN_MAIN_DB).then(|| disk.0.databases.of(file.id));
    let is_journal =
        has(ffi::SQLITE_OPEN_MAIN_JOURNAL | ffi::SQLITE_OPEN_SUPER_JOURNAL | ffi::SQLITE_OPEN_WAL);
    Ok(Opened {
        sharing: sharing.map(|sharing| (sharing.clone(), sharing.join())),
        directory: Mutex::new(
            path.filter(|_| creates && is_journal)
                .and_then(Path::parent)
                .map(Path::to_owned),
        ),
        remove_on_close: path
            .filter(|_| has(ffi::SQLITE_OPEN_DELETEONCLOSE))
            .map(Path::to_owned),
        path: path.map(Path::to_owned),
        file,
    })
}

unsafe extern "C" fn delete(vfs: *mut ffi::sqlite3_vfs, path: *const c_char, sync_directory: c_int) -> c_int {
    // SAFETY: the VFS is ours, the path a C string.
    let (Some(disk), path) = (unsafe { (disk_of(vfs), path_of(path)) }) else {
        return ffi::SQLITE_IOERR_DELETE;
    };
    match disk.remove(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return ffi::SQLITE_IOERR_DELETE_NOENT,
        Err(_) => return ffi::SQLITE_IOERR_DELETE,
        Ok(()) => {}
    }
    match path.parent().filter(|_| sync_directory != 0) {
        Some(directory) => code(disk.sync_directory(directory), ffi::SQLITE_IOERR_DIR_FSYNC),
        None => ffi::SQLITE_OK,
    }
}

unsafe extern "C" fn access(
    vfs: *mut ffi::sqlite3_vfs,
    path: *const c_char,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: the VFS is ours, the path a C string.
    let (Some(disk), path) = (unsafe { (disk_of(vfs), path_of(path)) }) else {
        return ffi::SQLITE_IOERR_ACCESS;
    };
    let answer = match disk.open(path).and_then(|file| file.len_bytes()) {
        // As on Unix, an empty file does not count as there, but can be written.
        Ok(len_bytes) => flags != ffi::SQLITE_ACCESS_EXISTS || len_bytes > 0,
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(_) => return ffi::SQLITE_IOERR_ACCESS,
    };
    // SAFETY: SQLite gives a place for the answer.
    unsafe { *out = c_int::from(answer) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn full_pathname(
    vfs: *mut ffi::sqlite3_vfs,
    path: *const c_char,
    room_bytes: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: the VFS is ours, the path a C string.
    let (Some(disk), path) = (unsafe { (disk_of(vfs), path_of(path)) }) else {
        return ffi::SQLITE_CANTOPEN;
    };
    let full = disk.root().join(path);
    let bytes = full.as_os_str().as_bytes();
    if bytes.len() >= room_bytes as usize {
        return ffi::SQLITE_CANTOPEN;
    }
    // SAFETY: `out` has room for `room_bytes`, which is more than the path and its NUL.
    unsafe {
        std::ptr::copy_nonoverlapping(bytes.as_ptr().cast(), out, bytes.len());
        *out.add(bytes.len()) = 0;
    }
    ffi::SQLITE_OK
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: `open` made the box, and SQLite closes a file once.
    drop(unsafe { Box::from_raw((*file.cast::<Slot>()).opened) });
    ffi::SQLITE_OK
}

unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    out: *mut c_void,
    count: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: the file is open, `out` has room for `count` bytes; they are set first, as SQLite may give fresh memory.
    let (opened, into) = unsafe {
        out.cast::<u8>().write_bytes(0, count as usize);
        (
            opened(file),
            slice::from_raw_parts_mut(out.cast::<u8>(), count as usize),
        )
    };
    match opened.file.read_at(offset as usize, into) {
        Ok(read) if read == into.len() => ffi::SQLITE_OK,
        Ok(_) => ffi::SQLITE_IOERR_SHORT_READ,
        Err(_) => ffi::SQLITE_IOERR_READ,
    }
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    from: *const c_void,
    count: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: the file is open, `from` holds `count` bytes.
    let (opened, bytes) = unsafe {
        (
            opened(file),
            slice::from_raw_parts(from.cast::<u8>(), count as usize),
        )
    };
    code(
        opened.file.write_at(offset as usize, bytes),
        ffi::SQLITE_IOERR_WRITE,
    )
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, len: ffi::sqlite3_int64) -> c_int {
    // SAFETY: the file is open.
    code(
        unsafe { opened(file) }.file.resize(len as usize),
        ffi::SQLITE_IOERR_TRUNCATE,
    )
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _flags: c_int) -> c_int {
    // SAFETY: the file is open.
    let opened = unsafe { opened(file) };
    if let Err(error) = opened.file.sync() {
        return code(Err(error), ffi::SQLITE_IOERR_FSYNC);
    }
    match opened
        .directory
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take()
    {
        Some(directory) => code(
            opened.file.disk.sync_directory(&directory),
            ffi::SQLITE_IOERR_DIR_FSYNC,
        ),
        None => ffi::SQLITE_OK,
    }
}

unsafe extern "C" fn file_size(file: *mut ffi::sqlite3_file, out: *mut ffi::sqlite3_int64) -> c_int {
    // SAFETY: the file is open.
    match unsafe { opened(file) }.file.len_bytes() {
        Ok(len_bytes) => {
            // SAFETY: SQLite gives a place for the answer.
            unsafe { *out = len_bytes as ffi::sqlite3_int64 };
            ffi::SQLITE_OK
        }
        Err(_) => ffi::SQLITE_IOERR_FSTAT,
    }
}

fn level(level: c_int) -> Level {
    match level {
        ffi::SQLITE_LOCK_NONE => Level::None,
        ffi::SQLITE_LOCK_SHARED => Level::Shared,
        ffi::SQLITE_LOCK_RESERVED => Level::Reserved,
        ffi::SQLITE_LOCK_PENDING => Level::Pending,
        _ => Level::Exclusive,
    }
}

fn granted(granted: bool) -> c_int {
    if granted { ffi::SQLITE_OK } else { ffi::SQLITE_BUSY }
}

unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, wanted: c_int) -> c_int {
    // SAFETY: the file is open.
    let sharing = &unsafe { opened(file) }.sharing;
    granted(
        sharing
            .as_ref()
            .is_none_or(|(sharing, holder)| sharing.lock(*holder, level(wanted))),
    )
}

unsafe extern "C" fn unlock(file: *mut ffi::sqlite3_file, to: c_int) -> c_int {
    // SAFETY: the file is open.
    if let Some((sharing, holder)) = &unsafe { opened(file) }.sharing {
        sharing.unlock(*holder, level(to));
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn check_reserved_lock(file: *mut ffi::sqlite3_file, out: *mut c_int) -> c_int {
    // SAFETY: the file is open.
    let sharing = &unsafe { opened(file) }.sharing;
    let is_reserved = sharing.as_ref().is_some_and(|(sharing, _)| sharing.is_reserved());
    // SAFETY: SQLite gives a place for the answer.
    unsafe { *out = c_int::from(is_reserved) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn file_control(
    file: *mut ffi::sqlite3_file,
    operation: c_int,
    argument: *mut c_void,
) -> c_int {
    if operation != ffi::SQLITE_FCNTL_HAS_MOVED {
        return ffi::SQLITE_NOTFOUND;
    }
    // SAFETY: the file is open.
    let opened = unsafe { opened(file) };
    // The last connection to a database removes the write-ahead log by its name, unless another file has the database's name by now.
    let has_moved = opened.path.as_ref().is_some_and(|path| !opened.file.is_at(path));
    // SAFETY: for this operation SQLite gives a place for an integer.
    unsafe { *argument.cast::<c_int>() = c_int::from(has_moved) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn sector_size(_file: *mut ffi::sqlite3_file) -> c_int {
    SECTOR_BYTES
}

unsafe extern "C" fn device_characteristics(_file: *mut ffi::sqlite3_file) -> c_int {
    // As on Unix, and true here: a torn write harms nothing beside what it writes.
    ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

unsafe extern "C" fn shm_map(
    file: *mut ffi::sqlite3_file,
    region: c_int,
    size_bytes: c_int,
    make: c_int,
    out: *mut *mut c_void,
) -> c_int {
    // SAFETY: the file is open.
    let Some((sharing, holder)) = &unsafe { opened(file) }.sharing else {
        return ffi::SQLITE_IOERR_SHMMAP;
    };
    let block = sharing.map(*holder, region as usize, size_bytes as usize, make != 0);
    // SAFETY: SQLite gives a place for the answer. The block stays until this connection unmaps it, and atomics may be
    // written through a shared pointer: SQLite's threads order their accesses with barriers and the locks below.
    unsafe { *out = block.map_or(std::ptr::null_mut(), |block| block.cast_mut().cast()) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn shm_lock(
    file: *mut ffi::sqlite3_file,
    offset: c_int,
    count: c_int,
    flags: c_int,
) -> c_int {
    // SAFETY: the file is open.
    let Some((sharing, holder)) = &unsafe { opened(file) }.sharing else {
        return ffi::SQLITE_IOERR_SHMLOCK;
    };
    let slots = offset as usize..(offset + count) as usize;
    if flags & ffi::SQLITE_SHM_UNLOCK != 0 {
        sharing.unlock_slots(*holder, slots);
        return ffi::SQLITE_OK;
    }
    granted(sharing.lock_slots(*holder, slots, flags & ffi::SQLITE_SHM_EXCLUSIVE != 0))
}

unsafe extern "C" fn shm_barrier(_file: *mut ffi::sqlite3_file) {
    fence(Ordering::SeqCst);
}

unsafe extern "C" fn shm_unmap(file: *mut ffi::sqlite3_file, _remove: c_int) -> c_int {
    // SAFETY: the file is open.
    if let Some((sharing, holder)) = &unsafe { opened(file) }.sharing {
        sharing.unmap(*holder);
    }
    ffi::SQLITE_OK
}
