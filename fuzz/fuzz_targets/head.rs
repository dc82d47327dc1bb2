//! One reader of foreign bytes; see `tests/corpus/targets.rs`.
#![no_main]

#[path = "../../tests/corpus/messages.rs"]
mod messages;
#[path = "../../tests/corpus/targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Err(why) = targets::head(bytes) {
        panic!("{why}");
    }
});
