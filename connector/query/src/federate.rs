//! Questions over several participants: names to a plan, a plan to errands, and what they bring back to one answer.
//!
//! Nothing here opens a socket; a [`errand::Courier`] carries the errands. All texts that travel are fixed before the
//! first row arrives, so nothing of one participant's rows can reach another; but for keys that its contract lets travel
//! ([`narrow`]).

pub mod errand;
pub mod explain;
pub mod home;
pub mod kept;
pub mod provenance;
pub mod question;

mod aggregate;
mod branch;
mod cells;
mod desk;
mod eager;
mod estimate;
mod exec;
mod feed;
mod fewest;
mod gather;
mod harmless;
mod joined;
mod look;
mod narrow;
mod order;
mod peersql;
mod select;
mod source;
pub mod span;
mod split;
mod uses;
mod window;

#[cfg(test)]
mod tests;
