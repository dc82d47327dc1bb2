//! Pages, one module each.

pub mod contract;
pub mod contract_list;
pub mod fault;
pub mod overview;
pub mod sign_in;
