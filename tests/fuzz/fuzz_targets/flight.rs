//! One reader of foreign bytes; see `tests/corpus/targets.rs`.
#![no_main]

#[allow(dead_code, reason = "each target is one of many")]
#[path = "../../corpus/messages.rs"]
mod messages;
#[allow(dead_code, reason = "each target is one of many")]
#[path = "../../corpus/targets.rs"]
mod targets;

use std::sync::Once;

static QUIET: Once = Once::new();

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    // The fuzzer ends at every panic; those that the reader itself catches are none.
    QUIET.call_once(|| std::panic::set_hook(Box::new(|_| {})));
    if let Err(why) = targets::flight(bytes) {
        panic!("{why}");
    }
});
