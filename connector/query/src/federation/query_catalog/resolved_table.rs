//! What a name of a question stands for.

use crate::federation::table::{DatasetRelation, RemoteTable};
use crate::model::Model;
use hansa_policy::effect::CubeDimension;
use hansa_policy::id::{ClauseId, ParticipantId, SqlIdentifier};
use hansa_policy::refusal::Refusal;
use std::sync::Arc;

/// What a name stands for.
pub(in crate::federation) enum ResolvedTable {
    /// One relation of one dataset.
    One(Arc<RemoteTable>, DatasetRelation),
    /// A model: the datasets that conform to it, or would.
    Model(&'static Model, Vec<ModelMember>),
}

/// A dataset of a model.
#[derive(Debug, Clone)]
pub(in crate::federation) struct ModelMember {
    /// Whose.
    pub(in crate::federation) participant: ParticipantId,
    /// Which, where that is known.
    pub(in crate::federation) dataset: Option<SqlIdentifier>,
    /// How it can be asked.
    pub(in crate::federation) table: Option<Arc<RemoteTable>>,
    /// Why it can't be asked.
    pub(in crate::federation) why: Option<Refusal>,
}

impl ModelMember {
    /// What tells it from the others of its model.
    pub(in crate::federation) fn key(&self) -> (ParticipantId, Option<SqlIdentifier>) {
        (self.participant.clone(), self.dataset.clone())
    }

    /// By which clause rows show no more of that column of time than its bucket.
    pub(in crate::federation) fn column_bucket(
        &self,
        column: &str,
    ) -> Option<&(ClauseId, CubeDimension)> {
        let mut columns = self.table.as_ref()?.bucketed.iter();
        let found = columns.find(|(name, _)| name.as_str() == column);
        found.map(|(_, shown)| shown)
    }

    /// Whether rows have no value of their own in that column of the model.
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
