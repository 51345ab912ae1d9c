//! Randomness that a seed decides: for the thread of a run, the operating system's source of it is replaced.
//!
//! What a machine does at random (when it stands for election, which branch of a `select!` it looks at first, how a hash map is ordered) is drawn, in the end,
//! from `getrandom`. The standard library takes that function by a weak symbol, and the crate `getrandom` by its name at run time, both so that it can be
//! replaced; here it is. So nothing in the code that is simulated has to know of seeds.
//!
//! **Invariant:** threads that were not [`arm`]ed get the operating system's randomness, as before.

use std::cell::Cell;
use std::ffi::{c_uint, c_void};
use std::io::Read;

thread_local! {
    /// The state of this thread's generator, if the thread was armed.
    static STATE: Cell<Option<u64>> = const { Cell::new(None) };
}

/// From now on this thread's randomness follows from the seed. To be called first thing on a new thread: what has been drawn before is not taken back.
pub fn arm(seed: u64) {
    STATE.set(Some(seed));
}

/// SplitMix64: fast, and good enough to seed other generators.
fn next(state: u64) -> (u64, u64) {
    let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (state, mixed ^ (mixed >> 31))
}

/// Fills the bytes; false if nothing could be had.
fn fill(bytes: &mut [u8]) -> bool {
    let Some(mut state) = STATE.get() else {
        return std::fs::File::open("/dev/urandom")
            .and_then(|mut source| source.read_exact(bytes))
            .is_ok();
    };
    for chunk in bytes.chunks_mut(8) {
        let (after, drawn) = next(state);
        state = after;
        chunk.copy_from_slice(&drawn.to_le_bytes()[..chunk.len()]);
    }
    STATE.set(Some(state));
    true
}

/// Takes the place of the C library's function.
///
/// # Safety
///
/// As for that function: `buffer` must be writable for `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn getrandom(buffer: *mut c_void, length: usize, _flags: c_uint) -> isize {
    if length == 0 {
        return 0;
    }
    // SAFETY: the caller vouches for the buffer; bytes have no alignment, and zeroes make them initialised.
    let bytes = unsafe {
        buffer.cast::<u8>().write_bytes(0, length);
        std::slice::from_raw_parts_mut(buffer.cast::<u8>(), length)
    };
    if fill(bytes) {
        isize::try_from(length).unwrap_or(isize::MAX)
    } else {
        -1
    }
}
