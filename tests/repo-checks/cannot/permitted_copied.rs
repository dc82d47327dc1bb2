//! error: E0277

fn attempt(permitted: &hansa_enforcement::apply::Permitted) -> Permitted {
    Clone::clone(permitted)
}
