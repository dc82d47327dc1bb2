//! error: E0451
//! Only `apply` makes a plan that may be executed.

fn attempt() -> hansa_enforcement::apply::Permitted {
    hansa_enforcement::apply::Permitted { parts: given() }
}
