//! Step 1: open data of three publishers, without a contract, in one model.

use crate::demo::cast::{Cast, FIRM};
use crate::demo::tell::{Fault, Step, must};

/// One question over three publishers.
pub(super) fn play(cast: &Cast<'_>, step: &mut Step) -> Result<(), Fault> {
    let asked = cast.does(
        FIRM,
        &[
            "sql",
            "SELECT count(*) AS n FROM model.air_quality_observed",
        ],
    )?;
    let (rows, below) = asked.rows()?;
    must(rows.len() == 1, "one row", below)?;
    step.figure("rows", rows.len());
    Ok(())
}
