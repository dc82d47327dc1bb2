//! error: E0308
//! A sum of refusals allows nothing before it is in the log.

use hansa_policy::decision::refusal_summary::{RefusalAllowance, RefusalSummaryRecord};

pub fn hasten(summary: RefusalSummaryRecord) -> RefusalAllowance {
    RefusalAllowance::of(summary)
}
