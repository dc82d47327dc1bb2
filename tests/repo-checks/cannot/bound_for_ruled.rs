//! error: E0308

fn attempt(bound: Recorded<hansa_enforcement::bind::Bound>, tools: &Tools) {
    let _ = apply(bound, tools);
}
