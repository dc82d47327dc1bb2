//! A question as far as policy needs to know it.

use crate::id::{DatasetId, SqlIdentifier};
use hansa_audit_log::digest::Digest;
use std::collections::{BTreeMap, BTreeSet};

/// The columns that a question reads, by dataset.
pub(super) type DatasetColumns = BTreeMap<DatasetId, BTreeSet<SqlIdentifier>>;

/// A question as far as policy needs to know it; implemented by `hansa_enforcement::BoundPlan`.
pub trait QueryShape {
    /// The columns that it reads, by dataset.
    fn reads(&self) -> &BTreeMap<DatasetId, BTreeSet<SqlIdentifier>>;
    /// Digest of the question's plan.
    fn digest(&self) -> Digest;
    /// How it brings each dataset together with others.
    fn meetings(&self) -> BTreeMap<DatasetId, JoinUse>;
}

/// How a question brings a dataset together with others, as far as clauses about joins need to know it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JoinUse {
    /// The other datasets of the question.
    pub with: BTreeSet<DatasetId>,
    /// The columns of the dataset that are compared with another's as equal, bare.
    pub over: BTreeSet<SqlIdentifier>,
    /// The columns of the dataset that are used for anything else.
    pub used: BTreeSet<SqlIdentifier>,
    /// Another way in which rows of it meet those of another, in words; none where equal columns are the only one.
    pub otherwise: Option<String>,
}
