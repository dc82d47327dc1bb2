//! error: E0451
//! Only `lend` makes a plan of which a worker computes a share: no ungoverned one can be put in its place.

fn attempt() -> hansa_enforcement::lend::Lent {
    hansa_enforcement::lend::Lent { plan: given() }
}
