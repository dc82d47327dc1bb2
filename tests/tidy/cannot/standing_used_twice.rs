//! error: E0382

fn attempt<Q: Question>(standing: InForce, facts: &Facts<'_>, one: Q, other: Q) {
    let _ = decide(standing, facts, one);
    let _ = decide(standing, facts, other);
}
