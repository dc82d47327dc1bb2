//! error: E0277

fn attempt(permitted: &enforce::apply::Permitted) -> Permitted {
    Clone::clone(permitted)
}
