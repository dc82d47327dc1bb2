//! Gates with one protection taken away: they show that the property fails then.

use super::{GovernedScanExec, ScanGate, check_leaves, permit_rows};
use crate::snapshot::registry::SnapshotSet;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion_common::stats::Precision;
use datafusion_expr::LogicalPlan;
use futures::StreamExt as _;
use hansa_policy::refusal::Refusal;
use std::collections::VecDeque;
use std::sync::Arc;

/// The protection that is taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GateMutant {
    /// The leaf: the private plan is handed to the asker's optimizer as it is.
    NoLeaf,
    /// The cutting anew: batches end where hidden rows made them end.
    Uncut,
    /// Unknown statistics: the files' row count is told.
    Statistics,
    /// The end: the rows are broken off by a panic after the first batch.
    Falls,
}

/// A gate that lacks one protection.
#[derive(Debug)]
pub(crate) struct MutantGate {
    /// The protection that it lacks.
    pub(crate) mutant: GateMutant,
    /// The snapshots whose row counts it may tell.
    pub(crate) holdings: SnapshotSet,
}

impl MutantGate {
    fn stored_rows(&self, leaf: &GovernedScanExec) -> Option<usize> {
        let snapshot = self.holdings.get(leaf.dataset())?;
        usize::try_from(snapshot.dataset.rows).ok()
    }
}

impl ScanGate for MutantGate {
    fn close(&self, leaf: GovernedScanExec) -> Arc<dyn ExecutionPlan> {
        match self.mutant {
            GateMutant::NoLeaf => leaf.inner,
            GateMutant::Uncut | GateMutant::Statistics | GateMutant::Falls => Arc::new(leaf),
        }
    }

    fn check_leaves(
        &self,
        plan: &Arc<dyn ExecutionPlan>,
        logical: &LogicalPlan,
    ) -> Result<(), Refusal> {
        match self.mutant {
            GateMutant::NoLeaf => Ok(()),
            GateMutant::Uncut | GateMutant::Statistics | GateMutant::Falls => {
                check_leaves(plan, logical)
            }
        }
    }

    fn report_rows(&self, leaf: &GovernedScanExec) -> Precision<usize> {
        match (self.mutant, self.stored_rows(leaf)) {
            (GateMutant::Statistics, Some(rows)) => Precision::Exact(rows),
            _ => super::ClosedGate.report_rows(leaf),
        }
    }

    fn permit_rows(
        &self,
        leaf: &GovernedScanExec,
        streams: VecDeque<SendableRecordBatchStream>,
    ) -> SendableRecordBatchStream {
        match self.mutant {
            GateMutant::Uncut => permit_rows(&leaf.view, None, streams),
            GateMutant::Falls => {
                let permitted = super::ClosedGate.permit_rows(leaf, streams);
                let mut first = true;
                let falling = permitted.inspect(move |_| {
                    assert!(std::mem::take(&mut first), "falls, as it is meant to");
                });
                let schema = Arc::clone(&leaf.view.schema);
                Box::pin(RecordBatchStreamAdapter::new(schema, falling))
            }
            GateMutant::NoLeaf | GateMutant::Statistics => {
                super::ClosedGate.permit_rows(leaf, streams)
            }
        }
    }
}
