//! error: E0451
//! Only `lend` makes a plan of which a worker computes a share: no ungoverned one can be put in its place.

fn attempt() -> enforce::lend::Lent {
    enforce::lend::Lent { plan: given() }
}
