//! Scan of rows in place for their owner, at publication or for a preview.

use crate::engine_error;
use crate::in_place_data::postgres::connection_limits::ConnectionLimits;
use crate::in_place_data::postgres::query_connections::QueryConnections;
use crate::in_place_data::postgres::table_scan::InPlaceColumns;
use crate::in_place_data::{InPlaceDataset, InPlaceLocation};
use crate::limits::QueryResourceLimits;
use crate::session;
use arrow_schema::{Field, Schema, SchemaRef};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::physical_plan::execute_stream;
use datafusion_common::DataFusionError;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::sync::Arc;

/// Reads the rows with the columns of `schema`: the first `most` of them, or all.
///
/// # Errors
/// `SOURCE_UNREADABLE`.
pub(super) fn scan_rows(
    in_place: &InPlaceLocation,
    schema: &Schema,
    limits: &QueryResourceLimits,
    most: Option<usize>,
) -> Result<SendableRecordBatchStream, Refusal> {
    let state = SessionStateBuilder::new()
        .with_config(session::session_config(limits))
        .with_runtime_env(Arc::new(RuntimeEnv::default()))
        .build();
    // Required columns are read as nullable, so that missing values are counted.
    let fields = schema
        .fields()
        .iter()
        .map(|field| Field::new(field.name(), field.data_type().clone(), true));
    let schema: SchemaRef = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let sessions = QueryConnections::new(limits.time, ConnectionLimits::default());
    let columns = InPlaceColumns {
        schema: &schema,
        projection: None,
        key: &[],
    };
    let scan = InPlaceDataset::for_owner(in_place.clone()).scan(columns, &state, &sessions);
    let scan = scan.map_err(|error| scan_refusal(&error))?;
    let scan = match most {
        Some(_) => scan.with_fetch(most).unwrap_or(scan),
        None => scan,
    };
    execute_stream(scan, state.task_ctx()).map_err(|error| scan_refusal(&error))
}

/// Refusal of a scan error, with the details for the owner.
pub(super) fn scan_refusal(error: &DataFusionError) -> Refusal {
    let refusal = engine_error::execution_refusal(error);
    if refusal.code == ErrorCode::Internal {
        return Refusal::new(ErrorCode::SourceUnreadable, error.find_root().to_string());
    }
    refusal
}
