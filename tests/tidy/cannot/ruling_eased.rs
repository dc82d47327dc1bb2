//! error: E0596

fn attempt<Q: Question>(ruled: &Ruled<Q>) {
    ruled.effects().clear();
}
