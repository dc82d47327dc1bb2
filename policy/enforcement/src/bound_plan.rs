//! Binding of a plan: the datasets and columns that it reads, as a question for a decision. Unlisted constructs are refused.

use crate::join_lineage;
use crate::table_source::{NamedTable, RelationPart};
use datafusion_common::Result as PlanResult;
use datafusion_common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion_expr::{Expr, LogicalPlan};
use hansa_audit_log::digest::Digest;
use hansa_policy::decision::query_shape::{JoinUse, QueryShape};
use hansa_policy::id::{DatasetId, SqlIdentifier};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Plan with the list of the datasets and columns that it reads. Made by [`bind`] alone.
#[derive(Debug, Clone)]
pub struct BoundPlan {
    plan: LogicalPlan,
    reads: BTreeMap<DatasetId, BTreeSet<SqlIdentifier>>,
    digest: Digest,
    meetings: BTreeMap<DatasetId, JoinUse>,
    explain: bool,
    origin: Option<PlanOrigin>,
}

/// Origin of a cached plan. Plans with one origin are equal; an origin equals only its own clones.
#[derive(Debug, Clone)]
pub struct PlanOrigin(Arc<()>);

impl PartialEq for PlanOrigin {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for PlanOrigin {}

/// Binds a plan: lists every node, expression and table of the plan and of the subqueries inside its expressions. This is the only
/// constructor of [`BoundPlan`].
///
/// `explain` means that the question asks for the plan itself and not for its rows.
///
/// # Errors
/// `CONSTRUCT_NOT_ALLOWED` for an unlisted node or expression, `DATASET_UNKNOWN` for a table that is not a dataset,
/// `AGGREGATE_ONLY` for a row-style table of a cube that is used outside an aggregate block.
pub fn bind(plan: LogicalPlan, explain: bool) -> Result<BoundPlan, Refusal> {
    let mut scans: Vec<(DatasetId, RelationPart, BTreeSet<String>)> = Vec::new();
    let mut named = BTreeSet::new();
    let mut shape = String::new();
    let mut refusal = None;
    let walked = plan.apply_with_subqueries(|node| {
        match look_at(node, &mut scans, &mut named, &mut shape) {
            Ok(()) => Ok(TreeNodeRecursion::Continue),
            Err(found) => {
                refusal = Some(found);
                Ok(TreeNodeRecursion::Stop)
            }
        }
    });
    if let Some(refusal) = refusal {
        return Err(refusal);
    }
    walked.map_err(|cause| {
        Refusal::new(ErrorCode::SqlInvalid, "the statement can't be bound").caused_by(cause)
    })?;
    let mut reads: BTreeMap<DatasetId, BTreeSet<SqlIdentifier>> = BTreeMap::new();
    for (dataset, part, columns) in scans {
        let used = reads.entry(dataset).or_default();
        for column in columns.intersection(&named) {
            used.extend(stored_column(&part, column));
        }
    }
    Ok(BoundPlan {
        meetings: join_lineage::collect_joins(&plan),
        digest: Digest::of(shape.as_bytes()),
        plan,
        reads,
        explain,
        origin: None,
    })
}

impl BoundPlan {
    /// Plan with an origin, for the plan cache. The origin identifies clones of the plan and everything derived from them.
    #[must_use]
    pub fn with_origin(mut self) -> Self {
        self.origin = Some(PlanOrigin(Arc::default()));
        self
    }

    /// Plan over the view of the asking participant.
    #[must_use]
    pub const fn plan(&self) -> &LogicalPlan {
        &self.plan
    }

    pub(crate) fn into_parts(self) -> (LogicalPlan, bool, Option<PlanOrigin>) {
        (self.plan, self.explain, self.origin)
    }
}

impl QueryShape for BoundPlan {
    fn used_columns(&self) -> &BTreeMap<DatasetId, BTreeSet<SqlIdentifier>> {
        &self.reads
    }

    fn digest(&self) -> Digest {
        self.digest
    }

    fn dataset_joins(&self) -> BTreeMap<DatasetId, JoinUse> {
        self.meetings.clone()
    }
}

fn look_at(
    node: &LogicalPlan,
    scans: &mut Vec<(DatasetId, RelationPart, BTreeSet<String>)>,
    named: &mut BTreeSet<String>,
    shape: &mut String,
) -> Result<(), Refusal> {
    let kind = match node {
        LogicalPlan::Projection(_) => "projection",
        LogicalPlan::Filter(_) => "filter",
        LogicalPlan::Window(_) => "window",
        LogicalPlan::Aggregate(_) => "aggregate",
        LogicalPlan::Sort(_) => "sort",
        LogicalPlan::Join(_) => "join",
        LogicalPlan::Union(_) => "union",
        LogicalPlan::EmptyRelation(_) => "empty",
        LogicalPlan::Subquery(_) => "subquery",
        LogicalPlan::SubqueryAlias(_) => "alias",
        LogicalPlan::Limit(_) => "limit",
        LogicalPlan::Values(_) => "values",
        LogicalPlan::Distinct(_) => "distinct",
        LogicalPlan::TableScan(scan) => {
            let source = scan.source.downcast_ref::<NamedTable>().ok_or_else(|| {
                Refusal::new(
                    ErrorCode::DatasetUnknown,
                    "the statement reads something that is not a dataset",
                )
            })?;
            if let RelationPart::Base(_) = source.part {
                return Err(Refusal::new(
                    ErrorCode::AggregateOnly,
                    format!("rows of `{}` never leave", source.dataset.name),
                )
                .with_help("aggregate them in one block, or use the cube by its own name"));
            }
            let columns = source
                .shown
                .fields()
                .iter()
                .map(|field| field.name().clone());
            shape.push_str(&source.dataset.to_string());
            scans.push((
                source.dataset.clone(),
                source.part.clone(),
                columns.collect(),
            ));
            "scan"
        }
        _ => return Err(not_allowed("this kind of statement")),
    };
    shape.push_str(kind);
    for expr in node.expressions() {
        look_at_expr(&expr, named, shape)?;
        shape.push(';');
    }
    shape.push('\n');
    Ok(())
}

fn look_at_expr(
    expr: &Expr,
    named: &mut BTreeSet<String>,
    shape: &mut String,
) -> Result<(), Refusal> {
    let mut refusal = None;
    let walked: PlanResult<TreeNodeRecursion> = expr.apply(|part| {
        let kind = match part {
            Expr::Column(column) | Expr::OuterReferenceColumn(_, column) => {
                named.insert(column.name.clone());
                shape.push_str(&column.name);
                "column"
            }
            Expr::Literal(value, _) => {
                shape.push_str(&value.data_type().to_string());
                "literal"
            }
            Expr::ScalarFunction(call) => {
                shape.push_str(call.func.name());
                "call"
            }
            Expr::AggregateFunction(call) => {
                shape.push_str(call.func.name());
                "aggregate"
            }
            Expr::WindowFunction(call) => {
                shape.push_str(call.fun.name());
                "window"
            }
            Expr::BinaryExpr(binary) => {
                shape.push_str(&binary.op.to_string());
                "binary"
            }
            Expr::Alias(_) => "alias",
            Expr::Like(_) => "like",
            Expr::SimilarTo(_) => "similar",
            Expr::Not(_) => "not",
            Expr::IsNotNull(_) | Expr::IsNull(_) => "null",
            Expr::IsTrue(_) | Expr::IsFalse(_) | Expr::IsUnknown(_) => "is",
            Expr::IsNotTrue(_) | Expr::IsNotFalse(_) | Expr::IsNotUnknown(_) => "isnot",
            Expr::Negative(_) => "negative",
            Expr::Between(_) => "between",
            Expr::Case(_) => "case",
            Expr::Cast(_) | Expr::TryCast(_) => "cast",
            Expr::InList(_) => "in",
            Expr::SetComparison(comparison) => {
                shape.push_str(&comparison.op.to_string());
                "subquery"
            }
            Expr::Exists(_) | Expr::InSubquery(_) | Expr::ScalarSubquery(_) => "subquery",
            Expr::GroupingSet(_) => "sets",
            _ => {
                refusal = Some(not_allowed("this expression"));
                return Ok(TreeNodeRecursion::Stop);
            }
        };
        shape.push_str(kind);
        shape.push(' ');
        Ok(TreeNodeRecursion::Continue)
    });
    match refusal {
        Some(refusal) => Err(refusal),
        None => walked.map(|_| ()).map_err(|cause| {
            Refusal::new(ErrorCode::SqlInvalid, "the statement can't be bound").caused_by(cause)
        }),
    }
}

fn not_allowed(what: &str) -> Refusal {
    Refusal::new(
        ErrorCode::ConstructNotAllowed,
        format!("{what} is not supported here"),
    )
}

/// Stored column behind a column of a relation.
pub(crate) fn stored_column(part: &RelationPart, column: &str) -> Option<SqlIdentifier> {
    let bare = match part {
        RelationPart::Rows | RelationPart::Base(_) => column,
        RelationPart::Cells(cube) => cube
            .measures
            .iter()
            .map(SqlIdentifier::as_str)
            .find(|measure| {
                column.strip_prefix("cnt_") == Some(measure)
                    || column.strip_prefix("sum_") == Some(measure)
            })
            .or_else(|| {
                cube.dimensions
                    .iter()
                    .map(|dimension| dimension.column.as_str())
                    .find(|known| *known == column)
            })?,
    };
    bare.parse().ok()
}
