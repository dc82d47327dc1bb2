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

pub mod absent;
pub mod among;
pub mod apply;
pub mod bind;
pub mod bucket;
pub mod cube;
pub mod deviation;
pub mod dominated;
pub mod exactly;
pub mod gate;
pub mod harmless;
pub mod lend;
mod level;
mod meet;
pub mod narrow;
mod place;
pub mod power_sums;
pub mod release;
pub mod replace;
pub mod rewrite;
pub mod source;
pub mod still_gated;
pub mod superaccumulator;
pub mod text;
pub mod total;
mod within;
