//! error: E0594

fn attempt(mut recorded: Recorded<Agreed>, other: Agreed) {
    *recorded = other;
}
