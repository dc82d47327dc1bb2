//! The allowlist of SQL; see `tests/e2e/sql_allowlist/any_text.rs`.
#![no_main]

#[path = "../../e2e/foreign/guard.rs"]
mod guard;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Err(why) = guard::sql(bytes) {
        panic!("{why}");
    }
});
