//! A query for a participant, standing in a plan where its rows are used.

use crate::federation::query_ir::RemoteSelect;
use crate::federation::remote_query::RemoteQuery;
use arrow_schema::SchemaRef;
use datafusion::logical_expr::TableSource;
use std::sync::Arc;

/// A remote query, standing where its rows are used.
pub(super) struct RemoteQuerySource {
    /// What is fetched.
    pub(super) remote_query: Arc<RemoteQuery>,
    /// The same as data.
    pub(super) query: Arc<RemoteSelect>,
}

impl TableSource for RemoteQuerySource {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.remote_query.schema)
    }
}
