//! Physical planning: a governed table becomes one leaf, whose private plan is planned on its own, unseen by the asker's. No plan with
//! another leaf comes out of it.

use super::cancellation::CancellationSignal;
use super::gated_leaf::{GovernedScanExec, GovernedView, ScanGate};
use super::inline_reader::InlineReaderFactory;
use super::release_coverage;
use super::row_order::{self, RowOrder};
use crate::engine_error;
use crate::execute::gated_leaf::leaf_refusal;
use crate::execute::stages::leaf_parts::deal_locally;
use crate::in_place_data::postgres::connection_limits::ConnectionLimits;
use crate::in_place_data::postgres::query_connections::QueryConnections;
use crate::in_place_data::postgres::table_scan::InPlaceColumns;
use crate::limits::QueryResourceLimits;
use crate::session;
use crate::session::join_key_columns::compute_join_keys;
use crate::snapshot::checked_files::CheckedFiles;
use crate::snapshot::registry::SnapshotSet;
use arrow_schema::{Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::object_store::ObjectStoreUrl;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::execution::context::QueryPlanner;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner};
use datafusion_common::Result;
use datafusion_expr::logical_plan::{
    LogicalPlan, LogicalPlanBuilder, TableScan, UserDefinedLogicalNode,
};
use datafusion_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion_expr::utils::conjunction;
use hansa_enforcement::string_view::with_string_views;
use hansa_enforcement::table_source::{GovernedTable, ReleasedTable, StoredTable};
use hansa_policy::refusal::{ErrorCode, Refusal};
use object_store::ObjectMeta;
use object_store::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

/// Planner of questions. Governed tables are the only sources that it accepts.
#[derive(Debug, Clone)]
pub(super) struct GovernedQueryPlanner {
    holdings: SnapshotSet,
    limits: QueryResourceLimits,
    watch: CancellationSignal,
    gate: Arc<dyn ScanGate>,
    /// The connections to databases that all leaves of the question share.
    sessions: QueryConnections,
    /// Set for plans whose answers do not depend on the distribution of rows among workers or cores.
    for_stages: bool,
    /// Number of cores that read a table in parallel.
    cores: usize,
}

impl GovernedQueryPlanner {
    pub(super) fn new(
        holdings: SnapshotSet,
        limits: QueryResourceLimits,
        databases: ConnectionLimits,
        watch: CancellationSignal,
        gate: Arc<dyn ScanGate>,
    ) -> Self {
        Self {
            holdings,
            limits,
            watch,
            gate,
            sessions: QueryConnections::new(limits.time, databases),
            for_stages: false,
            cores: 1,
        }
    }

    /// Planner for plans in stages. Their planning uses the row counts of tables.
    pub(super) const fn for_stages(mut self) -> Self {
        self.for_stages = true;
        self
    }

    /// Planner for plans that distribute rows among `cores` cores.
    pub(super) const fn for_cores(mut self, cores: usize) -> Self {
        self.cores = cores;
        self.for_stages()
    }
}

#[async_trait]
impl QueryPlanner for GovernedQueryPlanner {
    async fn create_physical_plan(
        &self,
        plan: &LogicalPlan,
        session: &dyn Session,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let fixed = row_order::fixed_above(plan)?;
        let leaves = GovernedScanPlanner {
            planner: self.clone(),
            in_order: fixed.is_none(),
        };
        let fixed = fixed.unwrap_or_else(|| plan.clone());
        let physical = DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(leaves)])
            .create_physical_plan(&compute_join_keys(fixed)?, session)
            .await?;
        let checked = self.gate.check_leaves(&physical, plan);
        checked.map_err(engine_error::wrap_refusal)?;
        Ok(physical)
    }
}

/// Planner of leaves for governed tables.
struct GovernedScanPlanner {
    planner: GovernedQueryPlanner,
    /// Set if the row order of a leaf must depend on its view alone.
    in_order: bool,
}

#[async_trait]
impl ExtensionPlanner for GovernedScanPlanner {
    async fn plan_extension(
        &self,
        _planner: &dyn PhysicalPlanner,
        _node: &dyn UserDefinedLogicalNode,
        _logical: &[&LogicalPlan],
        _physical: &[Arc<dyn ExecutionPlan>],
        _session: &dyn Session,
        _context: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        Ok(None)
    }

    async fn plan_table_scan(
        &self,
        _planner: &dyn PhysicalPlanner,
        scan: &TableScan,
        session: &dyn Session,
        _context: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let Some(governed) = scan.source.downcast_ref::<GovernedTable>() else {
            return Ok(None);
        };
        let planner = &self.planner;
        let limits = QueryResourceLimits {
            partitions: 1,
            ..planner.limits
        };
        let order = match self.in_order {
            true => planner.order_of(governed),
            false => RowOrder::Any,
        };
        let inner = PrivateQueryPlanner {
            holdings: planner.holdings.clone(),
            sessions: planner.sessions.clone(),
            key_look_up: if governed.hides_rows() {
                KeyLookUp::ByBounds
            } else {
                KeyLookUp::ByBloomFilters
            },
            key: match &order {
                RowOrder::Key(key) => key.clone(),
                RowOrder::Any | RowOrder::Sorted => Vec::new(),
            },
        };
        let state =
            session::create_session(&limits, Arc::clone(session.runtime_env()), Arc::new(inner));
        let private = planner
            .plan_private_scan(governed, scan, &order, &state)
            .await;
        // Errors of the private plan are reported without their text.
        let private = private.map_err(|error| engine_error::wrap_refusal(leaf_refusal(&error)))?;
        let shown: SchemaRef = Arc::new(Schema::new(
            scan.projected_schema.as_arrow().fields().clone(),
        ));
        let view = GovernedView {
            dataset: governed.dataset().clone(),
            schema: shown,
            recut: governed.hides_rows().then_some(limits.batch_rows),
            watch: planner.watch.clone(),
            gate: Arc::clone(&planner.gate),
        };
        let leaf = GovernedScanExec::new(view, private);
        let snapshot = planner.holdings.get(governed.dataset());
        let in_files = snapshot.filter(|snapshot| snapshot.is_in_files());
        let leaf = leaf
            .with_stored_rows(in_files.map(|snapshot| snapshot.dataset.rows))
            .telling_rows(planner.for_stages);
        let leaf = deal_locally(leaf, planner.cores)
            .map_err(|error| engine_error::wrap_refusal(leaf_refusal(&error)))?;
        Ok(Some(planner.gate.close(leaf)))
    }
}

impl GovernedQueryPlanner {
    /// Required row order of a leaf, where the order is visible in the answer. Files have a fixed order, in which other rows never
    /// change the relative order of two rows. A database stores a row where there is space, which depends on hidden rows too.
    fn order_of(&self, governed: &GovernedTable) -> RowOrder {
        let snapshot = self.holdings.get(governed.dataset());
        let table = snapshot.and_then(|snapshot| snapshot.in_place.as_ref()?.location().table());
        let (Some(snapshot), Some(table)) = (snapshot, table) else {
            return RowOrder::Any;
        };
        let clear = governed.clear_columns();
        let columns = &snapshot.dataset.columns;
        if !governed.hides_rows() && clear.len() == columns.len() {
            return RowOrder::Any;
        }
        let is_shown = |place: usize| {
            let column = columns.get(place);
            column.is_some_and(|column| clear.contains(column.name.as_str()))
        };
        match table.key_within(is_shown) {
            Some(key) => RowOrder::Key(key.to_vec()),
            None => RowOrder::Sorted,
        }
    }

    async fn plan_private_scan(
        &self,
        governed: &GovernedTable,
        scan: &TableScan,
        order: &RowOrder,
        state: &datafusion::execution::session_state::SessionState,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let filters = datafusion_expr::expr_rewriter::unnormalize_cols(scan.filters.clone());
        let logical = governed.pushed_down(scan.projection.as_deref(), &filters)?;
        release_coverage::check_coverage(&logical, &self.holdings)?;
        let logical = match order {
            RowOrder::Sorted => row_order::sort_by_all_columns(logical)?,
            RowOrder::Any | RowOrder::Key(_) => logical,
        };
        // Limit on the rows of the view, if no condition of the consumer is above it. A limit above the possible row count is
        // ignored, because the engine adds to limits.
        let logical = match scan.fetch.filter(|rows| *rows <= MOST_ROWS) {
            None => logical,
            fetch => LogicalPlanBuilder::from(logical).limit(0, fetch)?.build()?,
        };
        let logical = session::optimize_plan(state, logical)?;
        state
            .query_planner()
            .create_physical_plan(&logical, state)
            .await
    }
}

/// Row count above which a limit is ignored.
const MOST_ROWS: usize = 1 << 40;

/// Planner of private plans. Stored tables are the only sources that it accepts.
#[derive(Debug)]
struct PrivateQueryPlanner {
    holdings: SnapshotSet,
    sessions: QueryConnections,
    /// Method to find keys in files.
    key_look_up: KeyLookUp,
    /// Columns of the table by which a database sorts the rows.
    key: Vec<String>,
}

/// Method to skip row groups of a snapshot that do not contain a requested key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeyLookUp {
    /// Minimum and maximum values. Where a view hides rows, a Bloom filter would reveal by the response time that a hidden row has
    /// the key.
    ByBounds,
    /// Bloom filters, in addition to minimum and maximum values.
    ByBloomFilters,
}

#[async_trait]
impl QueryPlanner for PrivateQueryPlanner {
    async fn create_physical_plan(
        &self,
        plan: &LogicalPlan,
        session: &dyn Session,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let files = StoredScanPlanner {
            holdings: self.holdings.clone(),
            sessions: self.sessions.clone(),
            key_look_up: self.key_look_up,
            key: self.key.clone(),
        };
        DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(files)])
            .create_physical_plan(&compute_join_keys(plan.clone())?, session)
            .await
    }
}

/// Planner of scans over the pinned files of stored tables.
struct StoredScanPlanner {
    holdings: SnapshotSet,
    sessions: QueryConnections,
    key_look_up: KeyLookUp,
    key: Vec<String>,
}

#[async_trait]
impl ExtensionPlanner for StoredScanPlanner {
    async fn plan_extension(
        &self,
        _planner: &dyn PhysicalPlanner,
        _node: &dyn UserDefinedLogicalNode,
        _logical: &[&LogicalPlan],
        _physical: &[Arc<dyn ExecutionPlan>],
        _session: &dyn Session,
        _context: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        Ok(None)
    }

    async fn plan_table_scan(
        &self,
        _planner: &dyn PhysicalPlanner,
        scan: &TableScan,
        session: &dyn Session,
        _context: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        if let Some(cells) = scan.source.downcast_ref::<ReleasedTable>() {
            return self.plan_released_cells(cells, scan, session).map(Some);
        }
        let Some(stored) = scan.source.downcast_ref::<StoredTable>() else {
            return Ok(None);
        };
        let snapshot = self.holdings.get(stored.dataset()).ok_or_else(|| {
            engine_error::wrap_refusal(Refusal::new(
                ErrorCode::DatasetNotPublished,
                format!("`{}` has no published snapshot", stored.dataset().name),
            ))
        })?;
        if !scan.filters.is_empty() || conjunction(scan.filters.clone()).is_some() {
            return datafusion_common::internal_err!("a stored table takes no filters");
        }
        let schema = datafusion_expr::TableSource::schema(stored);
        if with_string_views(&snapshot.dataset.schema()) != schema {
            return Err(engine_error::wrap_refusal(Refusal::new(
                ErrorCode::SchemaChanged,
                "the dataset was published anew with another schema",
            )));
        }
        if let Some(in_place) = &snapshot.in_place {
            let projection = scan.projection.as_ref();
            let columns = InPlaceColumns {
                schema: &schema,
                projection,
                key: &self.key,
            };
            return in_place.scan(columns, session, &self.sessions).map(Some);
        }
        let scan = ScannedColumns {
            schema,
            projection: scan.projection.clone(),
            key_look_up: self.key_look_up,
        };
        scan_files(&snapshot.files, &snapshot.checked, scan, session).map(Some)
    }
}

impl StoredScanPlanner {
    fn plan_released_cells(
        &self,
        cells: &ReleasedTable,
        scan: &TableScan,
        session: &dyn Session,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if !scan.filters.is_empty() {
            return datafusion_common::internal_err!("released cells take no filters");
        }
        let snapshot = self.holdings.get(cells.dataset());
        let found = snapshot.and_then(|snapshot| {
            let file = snapshot.released.cells.get(&cells.shape())?;
            Some((file, &snapshot.released.checked))
        });
        let (file, checked) = found.ok_or_else(|| {
            engine_error::wrap_refusal(Refusal::new(
                ErrorCode::DatasetNotPublished,
                format!(
                    "the cells of `{}` are not released yet",
                    cells.dataset().name
                ),
            ))
        })?;
        let schema = datafusion_expr::TableSource::schema(cells);
        let scan = ScannedColumns {
            schema,
            projection: scan.projection.clone(),
            key_look_up: KeyLookUp::ByBounds,
        };
        scan_files(std::slice::from_ref(file), checked, scan, session)
    }
}

/// Columns of a scan, and the method to find keys in them.
struct ScannedColumns {
    schema: SchemaRef,
    projection: Option<Vec<usize>>,
    key_look_up: KeyLookUp,
}

/// All files in order, as one stream; they are read only as they were published.
fn scan_files(
    paths: &[PathBuf],
    checked: &Arc<CheckedFiles>,
    scan: ScannedColumns,
    session: &dyn Session,
) -> Result<Arc<dyn ExecutionPlan>> {
    let unreadable = |cause: Box<dyn std::error::Error + Send + Sync>| {
        let sentence = "a file of the snapshot can't be read";
        engine_error::wrap_refusal(
            Refusal::new(ErrorCode::SourceUnreadable, sentence).caused_by(cause),
        )
    };
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        let found = std::fs::metadata(path).map_err(|cause| unreadable(cause.into()))?;
        // The path is not parsed as a URL, in which some characters of a name have another meaning.
        let location = Path::from_absolute_path(path).map_err(|cause| unreadable(cause.into()))?;
        files.push(PartitionedFile::new_from_meta(ObjectMeta {
            location,
            last_modified: found
                .modified()
                .map_err(|cause| unreadable(cause.into()))?
                .into(),
            size: found.len(),
            e_tag: None,
            version: None,
        }));
    }
    if files.is_empty() {
        let projected = match &scan.projection {
            None => scan.schema,
            Some(indices) => Arc::new(scan.schema.project(indices)?),
        };
        return Ok(Arc::new(EmptyExec::new(projected)));
    }
    let url = ObjectStoreUrl::local_filesystem();
    let footers = session
        .runtime_env()
        .cache_manager
        .get_file_metadata_cache();
    let mut options = session.table_options().parquet.clone();
    options.global.bloom_filter_on_read = scan.key_look_up == KeyLookUp::ByBloomFilters;
    let source = ParquetSource::new(scan.schema)
        .with_table_parquet_options(options)
        .with_parquet_file_reader_factory(Arc::new(InlineReaderFactory::new(
            Arc::clone(checked),
            footers,
        )))
        .with_enable_page_index(true);
    let config = FileScanConfigBuilder::new(url, Arc::new(source))
        .with_file_groups(vec![FileGroup::new(files)])
        .with_projection_indices(scan.projection)?
        .with_preserve_order(true)
        .build();
    Ok(DataSourceExec::from_data_source(config))
}
