//! error: E0451
//! Only `bind` says what a plan reads.

fn attempt() -> hansa_enforcement::bind::Bound {
    hansa_enforcement::bind::Bound {
        plan: given(),
        reads: given(),
        digest: given(),
        meetings: given(),
        explain: false,
        origin: None,
    }
}
