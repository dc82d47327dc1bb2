//! Properties of a question that a decision needs.

use crate::id::{DatasetId, SqlIdentifier};
use hansa_audit_log::digest::Digest;
use std::collections::{BTreeMap, BTreeSet};

/// Columns that a question reads, by dataset.
pub(super) type DatasetColumns = BTreeMap<DatasetId, BTreeSet<SqlIdentifier>>;

/// Properties of a question that a decision needs; implemented by `hansa_enforcement::BoundPlan`.
pub trait QueryShape {
    /// Columns that the question reads, by dataset.
    fn used_columns(&self) -> &BTreeMap<DatasetId, BTreeSet<SqlIdentifier>>;
    /// Digest of the question's plan.
    fn digest(&self) -> Digest;
    /// Joins of each dataset with others.
    fn dataset_joins(&self) -> BTreeMap<DatasetId, JoinUse>;
}

/// Joins of a dataset with others, as far as clauses about joins need them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JoinUse {
    /// Other datasets of the question.
    pub with: BTreeSet<DatasetId>,
    /// Columns of the dataset that are compared for equality with columns of another dataset, without an expression around them.
    pub over: BTreeSet<SqlIdentifier>,
    /// Columns of the dataset that are used for anything else.
    pub used: BTreeSet<SqlIdentifier>,
    /// Other way, in words, in which rows of the dataset are combined with rows of another one; none if equality is the only one.
    pub otherwise: Option<String>,
}
