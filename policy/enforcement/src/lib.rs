//! Policy's hands: binds a plan to what it reads, and puts a ruling into it.
//!
//! It runs no plan and registers no function for askers; it depends on the plan's language alone.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::as_conversions,
        reason = "tests"
    )
)]

mod area_membership;
pub mod bound_plan;
pub mod bucket;
pub mod cube_plan;
pub mod dominance;
pub mod exact_sum;
pub mod expression_rewrite;
pub mod governance_check;
pub mod in_set;
mod join_lineage;
mod lookup_level;
pub mod masking;
pub mod null_count;
pub mod overflow_safe_sum;
pub mod permitted_plan;
mod place_cell;
pub mod power_sums;
pub mod predicate_pushdown;
pub mod released_cells;
pub mod row_plan;
pub mod string_view;
pub mod superaccumulator;
pub mod table_source;
pub mod variance;
pub mod variance_disclosure;
pub mod worker_plan;
