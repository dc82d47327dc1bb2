//! Questions over several participants: resolution of names, split of the plan into remote queries, and merge of their rows into
//! one answer.
//!
//! This module opens no socket; a [`remote_query::RemoteExecutor`] sends the remote queries. All texts are fixed before the first
//! row arrives, so no value of one participant's rows can reach another participant. The exception are keys whose contract permits
//! the transfer ([`remote_query::PushdownKeys`]).

pub mod explanation;
pub mod federated_answer;
pub mod federated_query;
mod key_space;
mod movable_expr;
pub mod options;
mod plan_fragments;
mod plan_union;
pub mod provenance;
pub mod query_cache;
pub mod query_catalog;
pub mod remote_query;

mod aggregate;
mod aggregate_block;
mod colocated_join;
mod column_usage;
mod eager_aggregation;
mod fragment;
mod fragmenter;
mod infallible_expr;
mod join_enumeration;
mod join_order;
mod key_pushdown;
mod pushdown;
mod query_ir;
mod remote_query_builder;
mod remote_query_exec;
mod remote_query_source;
mod remote_sql;
mod response_check;
mod row_estimate;
pub mod table;
mod table_source;
mod time_precision;
pub mod time_span;
mod window;

#[cfg(test)]
mod tests;
