//! Term 12: a column shows NULL, or one value, in every row.

use crate::effect::What;
use crate::id::Name;
use crate::refusal::Refusal;
use crate::term::Mask;

// The types must fit each other; that is checked where the column's type is known (catalog/lint, catalog/view).
pub(super) fn rule(column: &Name, mask: &Mask) -> Result<What, Refusal> {
    match mask {
        Mask::Null => {}
        Mask::Constant(literal) => literal.check()?,
    }
    Ok(What::MaskColumn {
        column: column.clone(),
        mask: mask.clone(),
    })
}

pub(super) fn plain(column: &Name, mask: &Mask) -> String {
    match mask {
        Mask::Null => format!("{column} is always NULL"),
        Mask::Constant(value) => format!("{column} is always {value}"),
    }
}
