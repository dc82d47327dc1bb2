//! Origin of a plan column.

use crate::federation::query_ir::SelectBody;
use crate::federation::remote_query_source::RemoteQuerySource;
use arrow_schema::DataType;
use datafusion::logical_expr::Expr;

/// Remote query and output from which a plan column comes.
#[derive(Clone, Copy)]
pub(super) struct ColumnSource<'a> {
    pub(super) source: &'a RemoteQuerySource,
    pub(super) column: usize,
}

impl ColumnSource<'_> {
    pub(super) fn number(&self) -> usize {
        self.source.remote_query.number
    }

    pub(super) fn output(&self) -> Option<&Expr> {
        match &self.source.query.body {
            SelectBody::Rows { outputs, .. } => outputs.get(self.column),
            SelectBody::Groups { keys, .. } => keys.get(self.column),
        }
    }

    pub(super) fn kind(&self) -> Option<&DataType> {
        let fields = self.source.remote_query.schema.fields();
        fields.get(self.column).map(|field| field.data_type())
    }
}
