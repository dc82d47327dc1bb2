//! error: E0308

fn attempt(ruled: Ruled<hansa_enforcement::bind::Bound>, tools: &Tools) {
    let _ = apply(ruled, tools);
}
