//! How many cases a property tries, and from which seed: another one in each run, so that what is tried grows with every run.
//! It is printed, and the one that failed can be told again.

use std::hash::{BuildHasher, Hasher, RandomState};

/// A number from the environment, or the usual one.
#[must_use]
pub fn number(variable: &str, usual: u64) -> u64 {
    let reported = std::env::var(variable).ok();
    reported.and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// The seed from the environment, or a fresh one.
#[must_use]
pub fn seed(variable: &str) -> u64 {
    // Short enough to be typed.
    let fresh = RandomState::new().build_hasher().finish() >> 32;
    let seed = number(variable, fresh);
    eprintln!("again with {variable}={seed}");
    seed
}
