//! error: E0451
//! Only `apply` makes a plan that may be executed.

fn attempt() -> enforce::apply::Permitted {
    enforce::apply::Permitted {
        plan: given(),
        named: given(),
        explain: false,
        opened: given(),
        request: given(),
        budgets: given(),
        row_limit: given(),
        ends: given(),
    }
}
