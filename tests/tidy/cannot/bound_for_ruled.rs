//! error: E0308

fn attempt(bound: Recorded<enforce::bind::Bound>, tools: &Tools) {
    let _ = apply(bound, tools);
}
