//! error: E0277

fn attempt() -> Flushed {
    Default::default()
}
