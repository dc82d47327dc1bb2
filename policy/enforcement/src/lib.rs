//! Rewriting of a query plan under a decision: each named table becomes a governed table.
//!
//! The engine can execute only plans that this package has made from a recorded decision. A [`GovernedTable`] contains a private
//! plan, which filters rows and masks columns before any expression of the question is evaluated.
//!
//! # The walk
//!
//! 1. **Bind.** [`bind`] walks a plan over [`NamedTable`] values. It lists all datasets and columns that the plan reads, and gives
//!    a [`BoundPlan`]. A node or an expression that is not on its list is refused.
//! 2. **Decide and record.** `hansa_policy::decide` takes the [`BoundPlan`] as a question; the log gives
//!    `Recorded<PermitDecision<BoundPlan>>`.
//! 3. **Apply.** [`apply`] takes that proof and a [`PrivatePlanContext`]. It gives a [`PermittedPlan`] over [`GovernedTable`]
//!    values, or a refusal that closes the entry of the log.
//! 4. **Check again.** After optimization, [`governance_check::still_gated`] refuses a plan with a table that is not governed.
//! 5. **On a worker.** [`delegate_plan`] makes a [`DelegatedPlan`] of the effects that the worker derived itself.
//!
//! # What it must never do
//!
//! - Decide, execute, or read a stored row.
//! - Take an effect from anywhere but the decision.
//! - Let a mask or a filter fail for some rows: a failure would disclose a hidden row.
//!
//! # Binding a plan
//!
//! [`apply`] needs aggregate functions of the engine, so its example is in the documentation of `hansa-query`.
//!
//! ```
//! use datafusion_expr::{LogicalPlanBuilder, col, lit};
//! use hansa_enforcement::{NamedTable, RelationPart, bind};
//! use hansa_policy::{ErrorCode, QueryShape};
//! # use datafusion_common::arrow::datatypes::{DataType, Field, Schema};
//! # use datafusion_expr::logical_plan::builder::LogicalTableSource;
//! # use std::sync::Arc;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let schema = Arc::new(Schema::new(vec![
//! #     Field::new("site", DataType::Utf8View, false),
//! #     Field::new("bikes", DataType::Int64, false),
//! #     Field::new("device", DataType::Utf8View, false),
//! # ]));
//! # let other = Arc::new(LogicalTableSource::new(Arc::clone(&schema)));
//! # let table = NamedTable {
//! #     dataset: "hansa://lindau.example/d/bikes".parse()?,
//! #     part: RelationPart::Rows,
//! #     shown: Arc::clone(&schema),
//! #     cells: None,
//! #     stored: schema,
//! #     contract: None,
//! # };
//!
//! // `table` is a dataset with the columns `site`, `bikes` and `device`.
//! let dataset = table.dataset.clone();
//! let plan = LogicalPlanBuilder::scan("bikes", Arc::new(table), None)?
//!     .filter(col("bikes").gt(lit(3_i64)))?
//!     .project(vec![col("site")])?
//!     .build()?;
//! let bound = bind(plan, false)?;
//! let read: Vec<&str> = bound.used_columns()[&dataset].iter().map(|column| column.as_str()).collect();
//! assert_eq!(read, ["bikes", "site"]);
//!
//! // A table that is not a dataset can't be bound.
//! let plan = LogicalPlanBuilder::scan("other", other, None)?.build()?;
//! assert_eq!(bind(plan, false).unwrap_err().code, ErrorCode::DatasetUnknown);
//! # Ok(())
//! # }
//! ```
//!
//! # A sum that does not disclose the order of rows
//!
//! ```
//! use hansa_enforcement::exact_sum::ExactSum;
//!
//! let sum_of = |values: &[f64]| {
//!     let mut sum = ExactSum::default();
//!     values.iter().for_each(|value| sum.add(*value));
//!     sum.rounded_value()
//! };
//! assert_eq!(1e16 + 1.0 - 1e16, 0.0);
//! assert_eq!(sum_of(&[1e16, 1.0, -1e16]), Some(1.0));
//! assert_eq!(sum_of(&[1.0, -1e16, 1e16]), Some(1.0));
//! assert_eq!(sum_of(&[]), None);
//! ```
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
pub mod canonical_float;
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

pub use crate::bound_plan::{BoundPlan, bind};
pub use crate::cube_plan::PrivatePlanContext;
pub use crate::masking::MaskingSecret;
pub use crate::permitted_plan::{PermittedPlan, PermittedPlanParts, PlanBasis, apply};
pub use crate::table_source::{
    GovernedTable, NamedTable, RelationPart, ReleasedTable, StoredTable,
};
pub use crate::worker_plan::{DelegatedPlan, delegate_plan};
