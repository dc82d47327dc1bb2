//! Result of the resolution of a name.

use crate::federation::table::{DatasetRelation, RemoteTable};
use crate::model::Model;
use hansa_policy::effect::CubeDimension;
use hansa_policy::id::{ClauseId, ParticipantId, SqlIdentifier};
use hansa_policy::refusal::Refusal;
use std::sync::Arc;

/// Meaning of a name in a question.
pub(in crate::federation) enum ResolvedTable {
    /// One relation of one dataset.
    One(Arc<RemoteTable>, DatasetRelation),
    /// Model with its members: datasets that conform to it, and unavailable ones.
    Model(&'static Model, Vec<ModelMember>),
}

/// Dataset of a model.
#[derive(Debug, Clone)]
pub(in crate::federation) struct ModelMember {
    /// Owner of the dataset.
    pub(in crate::federation) participant: ParticipantId,
    /// Name of the dataset, if known.
    pub(in crate::federation) dataset: Option<SqlIdentifier>,
    /// Table of the dataset, if it can be queried.
    pub(in crate::federation) table: Option<Arc<RemoteTable>>,
    /// Reason why it can't be queried.
    pub(in crate::federation) why: Option<Refusal>,
}

impl ModelMember {
    /// Key that distinguishes the member from others of its model.
    pub(in crate::federation) fn key(&self) -> (ParticipantId, Option<SqlIdentifier>) {
        (self.participant.clone(), self.dataset.clone())
    }

    /// Clause and bucket by which rows show a time column.
    pub(in crate::federation) fn column_bucket(
        &self,
        column: &str,
    ) -> Option<&(ClauseId, CubeDimension)> {
        let mut columns = self.table.as_ref()?.bucketed.iter();
        let found = columns.find(|(name, _)| name.as_str() == column);
        found.map(|(_, shown)| shown)
    }

    /// Checks that rows do not show original values of a model column.
    pub(in crate::federation) fn hides(&self, column: &str) -> bool {
        self.table.as_ref().is_some_and(|table| {
            table
                .schema(DatasetRelation::Base)
                .column_with_name(column)
                .is_none()
                || table.masked.iter().any(|masked| masked.as_str() == column)
        })
    }
}
