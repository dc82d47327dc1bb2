//! Pages, one module each.

pub mod act;
pub mod contract;
pub mod contract_list;
pub mod fault;
pub mod operation;
pub mod overview;
pub mod setting;
pub mod sign_in;
pub mod verdict;
