//! error: E0451
//! Only `apply` makes a plan that may be executed.

fn attempt() -> enforce::apply::Permitted {
    enforce::apply::Permitted { parts: given() }
}
