//! Term 18: a cell, and each measure in it, exists only with at least so many units.

use super::contradiction;
use crate::refusal::Refusal;
use crate::term::Unit;

pub(super) fn rule(at_least: u32) -> Result<(), Refusal> {
    if at_least == 0 {
        return Err(contradiction("a minimum group counts at least 1"));
    }
    Ok(())
}

pub(super) fn plain(at_least: u32, unit: &Unit) -> String {
    match unit {
        Unit::Column(column) => format!(
            "only groups, and sums in them, of at least {at_least} different values of {column}"
        ),
        Unit::Rows => format!("only groups, and sums in them, of at least {at_least} rows"),
    }
}
