//! Plain values that effects and terms share. Notation, sentences and enforcement are elsewhere.

pub mod area;
pub mod cell;
pub mod column;
pub mod cube;
pub mod decimal_type;
pub mod delivery;
pub mod privacy_budget;
pub mod region;
pub mod sector;
pub mod time;
