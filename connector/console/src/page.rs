//! Pages, one module each.

pub mod act;
pub mod act_form;
pub mod answer;
pub mod approval_act;
pub mod ask;
pub mod catalog;
pub mod contract;
pub mod contract_list;
pub mod dataset;
pub mod evidence;
pub mod fault;
pub mod first_steps;
pub mod group;
pub mod help;
pub mod login;
pub mod operation;
pub mod overview;
pub mod passkey;
pub mod policy;
pub mod setting;
pub mod sign_in;
pub mod unsent_form;
pub mod verdict;
