//! Name resolution of a statement: tables of the view and listed functions alone.

use crate::engine_error;
use crate::sql::day_zone::DayZone;
use crate::sql::functions;
use crate::sql::named_columns_join::NamedColumnsJoinPlanner;
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::config::ConfigOptions;
use datafusion_common::{Result, TableReference};
use datafusion_expr::planner::{ContextProvider, ExprPlanner, RelationPlanner};
use datafusion_expr::{AggregateUDF, HigherOrderUDF, ScalarUDF, TableSource, WindowUDF};
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::query_view::{QueryView, ViewShape};
use hansa_enforcement::string_view::with_string_views;
use hansa_enforcement::table_source::{NamedTable, RelationPart};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Tables that a statement can name.
pub trait TableResolver: Send + Sync {
    /// Table for a path: `["trips"]`, `["trips", "cube"]`, `["munster", "trips"]`.
    fn source(&self, path: &[&str]) -> Option<Arc<dyn TableSource>>;

    /// Time zone in which days of a timestamp column start, for questions of people. Without one, days are those of UTC, as in
    /// queries between connectors.
    fn day_zone(&self, _source: &dyn TableSource, _column: &str) -> Option<DayZone> {
        None
    }
}

/// Tables of a view.
#[derive(Debug, Clone)]
pub struct ViewTables {
    tables: BTreeMap<Vec<String>, NamedTable>,
}

impl ViewTables {
    /// Creates the tables of `view`: its row tables, and for each cube the row-style base under the dataset's name and the cells as
    /// `NAME.cube`.
    #[must_use]
    pub fn new(view: &QueryView) -> Self {
        let mut tables = BTreeMap::new();
        for (name, table) in view.tables() {
            let mut add = |path: Vec<String>,
                           part: RelationPart,
                           shown: &SchemaRef,
                           cells: Option<&SchemaRef>| {
                let named = NamedTable {
                    dataset: table.dataset.clone(),
                    part,
                    shown: with_string_views(shown),
                    cells: cells.map(with_string_views),
                    stored: with_string_views(&table.stored),
                    contract: table.contract,
                };
                tables.insert(path, named);
            };
            let name = name.as_str().to_owned();
            match &table.shape {
                ViewShape::Rows(shown) => add(vec![name], RelationPart::Rows, shown, None),
                ViewShape::Cube {
                    cube,
                    base,
                    cells,
                    totals,
                } => {
                    let cube = Arc::new(cube.clone());
                    add(
                        vec![name.clone()],
                        RelationPart::Base(Arc::clone(&cube)),
                        base,
                        Some(totals),
                    );
                    add(
                        vec![name, "cube".to_owned()],
                        RelationPart::Cells(cube),
                        cells,
                        None,
                    );
                }
            }
        }
        Self { tables }
    }

    /// Table for this path.
    #[must_use]
    pub fn find_table(&self, path: &[&str]) -> Option<&NamedTable> {
        self.tables
            .iter()
            .find(|(known, _)| known.iter().map(String::as_str).eq(path.iter().copied()))
            .map(|(_, named)| named)
    }
}

impl TableResolver for ViewTables {
    fn source(&self, path: &[&str]) -> Option<Arc<dyn TableSource>> {
        let named = self.find_table(path)?;
        Some(Arc::new(named.clone()))
    }
}

/// Refusal for a table outside the view. It does not depend on the table's existence elsewhere.
#[must_use]
pub fn no_table(path: &str) -> Refusal {
    Refusal::new(
        ErrorCode::DatasetUnknown,
        format!("no dataset `{path}` in this question"),
    )
}

/// Names that the planner may look up.
pub struct StatementContextProvider<'a> {
    tables: Arc<dyn TableResolver>,
    options: &'a ConfigOptions,
    planners: Vec<Arc<dyn ExprPlanner>>,
    relations: Vec<Arc<dyn RelationPlanner>>,
    now: UtcTimestamp,
}

impl<'a> StatementContextProvider<'a> {
    /// Creates the names of one statement.
    #[must_use]
    pub fn new(
        tables: Arc<dyn TableResolver>,
        options: &'a ConfigOptions,
        now: UtcTimestamp,
    ) -> Self {
        Self {
            tables,
            options,
            planners: functions::expr_planners(),
            relations: vec![Arc::new(NamedColumnsJoinPlanner)],
            now,
        }
    }
}

impl fmt::Debug for StatementContextProvider<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatementContextProvider")
            .finish_non_exhaustive()
    }
}

impl ContextProvider for StatementContextProvider<'_> {
    fn get_table_source(&self, name: TableReference) -> Result<Arc<dyn TableSource>> {
        let path: Vec<&str> = match &name {
            TableReference::Bare { table } => vec![table],
            TableReference::Partial { schema, table } => vec![schema, table],
            TableReference::Full {
                catalog,
                schema,
                table,
            } => vec![catalog, schema, table],
        };
        self.tables
            .source(&path)
            .ok_or_else(|| engine_error::wrap_refusal(no_table(&path.join("."))))
    }

    fn get_expr_planners(&self) -> &[Arc<dyn ExprPlanner>] {
        &self.planners
    }

    fn get_relation_planners(&self) -> &[Arc<dyn RelationPlanner>] {
        &self.relations
    }

    fn get_function_meta(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        functions::scalar_function(name, self.now)
    }

    fn get_higher_order_meta(&self, _name: &str) -> Option<Arc<HigherOrderUDF>> {
        None
    }

    fn get_aggregate_meta(&self, name: &str) -> Option<Arc<AggregateUDF>> {
        functions::aggregate_function(name)
    }

    fn get_window_meta(&self, name: &str) -> Option<Arc<WindowUDF>> {
        functions::window_function(name)
    }

    fn get_variable_type(&self, _names: &[String]) -> Option<DataType> {
        None
    }

    fn options(&self) -> &ConfigOptions {
        self.options
    }

    fn udf_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn higher_order_function_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn udaf_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn udwf_names(&self) -> Vec<String> {
        Vec::new()
    }
}
