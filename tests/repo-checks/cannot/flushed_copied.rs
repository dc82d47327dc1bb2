//! error: E0277

fn attempt(flushed: &Flushed) -> Flushed {
    Clone::clone(flushed)
}
