//! error: E0451
//! Only `bind` says what a plan reads.

fn attempt() -> enforce::bind::Bound {
    enforce::bind::Bound {
        plan: given(),
        reads: given(),
        digest: given(),
        meetings: given(),
        explain: false,
        origin: None,
    }
}
