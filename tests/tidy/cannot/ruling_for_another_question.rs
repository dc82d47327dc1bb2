//! error: E0616

fn attempt<Q: Question>(ruled: &mut Ruled<Q>, other: Q) {
    ruled.question = other;
}
