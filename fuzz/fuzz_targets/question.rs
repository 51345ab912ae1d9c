//! What is in letters between machines (questions, answers, the consensus's own) and in the records of a copy: read or refused, and what is read is what is written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tertulia_node::fuzzing::READERS;

fuzz_target!(|letter: (u8, &[u8])| {
    let (kind, bytes) = letter;
    let read = READERS[usize::from(kind) % READERS.len()];
    if let Some(again) = read(bytes) {
        assert_eq!(read(&again), Some(again));
    }
});
