//! Pages, one module each.

pub mod act;
pub mod contract;
pub mod contract_list;
pub mod fault;
pub mod overview;
pub mod sign_in;
