//! What a name of a question stands for.

use super::RemoteTable;
use crate::federate::source::Relation;
use crate::model::Model;
use hansa_policy::effect::Dimension;
use hansa_policy::id::{ClauseId, Name, ParticipantId};
use hansa_policy::refusal::Refusal;
use std::sync::Arc;

/// What a name stands for.
pub(in crate::federate) enum Meaning {
    /// One relation of one dataset.
    One(Arc<RemoteTable>, Relation),
    /// A model: the datasets that conform to it, or would.
    Model(&'static Model, Vec<Part>),
}

/// A dataset of a model.
#[derive(Debug, Clone)]
pub(in crate::federate) struct Part {
    /// Whose.
    pub(in crate::federate) participant: ParticipantId,
    /// Which, where that is known.
    pub(in crate::federate) dataset: Option<Name>,
    /// How it can be asked.
    pub(in crate::federate) table: Option<Arc<RemoteTable>>,
    /// Why it can't be asked.
    pub(in crate::federate) why: Option<Refusal>,
}

impl Part {
    /// What tells it from the others of its model.
    pub(in crate::federate) fn key(&self) -> (ParticipantId, Option<Name>) {
        (self.participant.clone(), self.dataset.clone())
    }

    /// By which clause rows show no more of that column of time than its bucket.
    pub(in crate::federate) fn bucketed(&self, column: &str) -> Option<&(ClauseId, Dimension)> {
        let mut columns = self.table.as_ref()?.bucketed.iter();
        let found = columns.find(|(name, _)| name.as_str() == column);
        found.map(|(_, shown)| shown)
    }

    /// Whether rows have no value of their own in that column of the model.
    pub(in crate::federate) fn hides(&self, column: &str) -> bool {
        self.table.as_ref().is_some_and(|table| {
            table
                .schema(Relation::Base)
                .column_with_name(column)
                .is_none()
                || table.masked.iter().any(|masked| masked.as_str() == column)
        })
    }
}
