//! Plan node for a remote query.

use crate::federation::query_ir::RemoteSelect;
use crate::federation::remote_query::RemoteQuery;
use arrow_schema::SchemaRef;
use datafusion::logical_expr::TableSource;
use std::sync::Arc;

/// Remote query as a table source, at the place where its rows are used.
pub(super) struct RemoteQuerySource {
    /// Remote query with its text.
    pub(super) remote_query: Arc<RemoteQuery>,
    /// Intermediate representation of the query.
    pub(super) query: Arc<RemoteSelect>,
}

impl TableSource for RemoteQuerySource {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.remote_query.schema)
    }
}
