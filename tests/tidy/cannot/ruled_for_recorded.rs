//! error: E0308

fn attempt(ruled: Ruled<enforce::bind::Bound>, tools: &Tools) {
    let _ = apply(ruled, tools);
}
