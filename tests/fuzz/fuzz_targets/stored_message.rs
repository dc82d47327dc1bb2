//! One reader of foreign bytes; see `tests/corpus/targets.rs`.
#![no_main]

#[allow(dead_code, reason = "each target is one of many")]
#[path = "../../corpus/messages.rs"]
mod messages;
#[allow(dead_code, reason = "each target is one of many")]
#[path = "../../corpus/targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Err(why) = targets::stored_message(bytes) {
        panic!("{why}");
    }
});
