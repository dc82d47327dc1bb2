//! The house rules, as plain tests: each failure says which rule, which line, and what to do.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests"
)]

mod cannot;
mod circles;
mod console_attacks;
mod deps;
mod documents;
mod doors;
mod functions;
mod house;
mod imports;
mod invariants;
mod law;
mod lints;
mod lists;
mod names;
mod nouns;
mod proofs;
mod records;
mod shape;
mod terms;
mod test_switches;
mod wire;

#[test]
fn there_is_no_way_around() {
    cannot::attempts(
        "hansa_proto",
        &["hansa_policy", "hansa_audit_log", "hansa_catalog"],
    );
}
