//! Frames between machines: read, taken apart, written again; what was read is what is written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tertulia_node::peers::fuzzing;

fuzz_target!(|bytes: &[u8]| {
    if let Some((again, taken)) = fuzzing::frame(bytes) {
        assert_eq!(again, taken);
        assert_eq!(fuzzing::frame(&again), Some((again.clone(), again)));
    }
    if let Some(again) = fuzzing::envelope(bytes) {
        assert_eq!(fuzzing::envelope(&again), Some(again));
    }
});
