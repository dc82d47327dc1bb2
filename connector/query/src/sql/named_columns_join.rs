//! Joins by column names: USING and NATURAL.
//!
//! In such a join, a common column appears once, before the others, with the value of the side that has a row (SQL:2016, 7.10). The
//! engine keeps both columns and selects one by the order of their names; in an outer join it may be NULL although the other side
//! has a value (DataFusion 55.2).

use crate::engine_error;
use crate::sql::functions;
use crate::sql::refused_construct::{add_location, not_allowed};
use datafusion::sql::sqlparser::ast::{
    Ident, Join as JoinItem, JoinConstraint, JoinOperator, ObjectName, Query, Select, SelectItem,
    SetExpr, Spanned as _, TableFactor, TableWithJoins, VisitMut as _, VisitorMut,
};
use datafusion_common::{Column, DFSchema, Result, plan_err};
use datafusion_expr::planner::{
    PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning,
};
use datafusion_expr::{Expr, JoinType, LogicalPlan, LogicalPlanBuilder};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::mem;
use std::ops::ControlFlow;

/// Puts every join by names in `query` into separate parentheses, where [`NamedColumnsJoinPlanner`] finds it.
///
/// # Errors
/// `CONSTRUCT_NOT_ALLOWED` for `t.*` in a query with such a join.
pub(super) fn set_apart(query: &mut Query) -> Result<(), Refusal> {
    match query.visit(&mut JoinRewriter) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(refusal) => Err(*refusal),
    }
}

struct JoinRewriter;

impl VisitorMut for JoinRewriter {
    type Break = Box<Refusal>;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Box<Refusal>> {
        set_apart_in_body(&mut query.body)
    }
}

fn set_apart_in_body(body: &mut SetExpr) -> ControlFlow<Box<Refusal>> {
    match body {
        SetExpr::Select(select) => set_apart_in_select(select),
        SetExpr::SetOperation { left, right, .. } => {
            set_apart_in_body(left)?;
            set_apart_in_body(right)
        }
        // Other relations contain queries, which are visited separately, or no joins.
        _ => ControlFlow::Continue(()),
    }
}

fn set_apart_in_select(select: &mut Select) -> ControlFlow<Box<Refusal>> {
    let mut any = false;
    for table in &mut select.from {
        any |= set_apart_in_table(table);
    }
    let starred = select
        .projection
        .iter()
        .find(|item| matches!(item, SelectItem::QualifiedWildcard(..)));
    match starred {
        Some(item) if any => {
            let refusal = not_allowed("`t.*` beside USING or NATURAL")
                .with_help("name the columns, or join with ON");
            ControlFlow::Break(Box::new(add_location(refusal, item.span().start)))
        }
        _ => ControlFlow::Continue(()),
    }
}

/// Puts each join by names, with everything to its left, into parentheses. Returns true if there is any.
fn set_apart_in_table(table: &mut TableWithJoins) -> bool {
    let mut any = false;
    if let TableFactor::NestedJoin {
        table_with_joins, ..
    } = &mut table.relation
    {
        any |= set_apart_in_table(table_with_joins);
    }
    let joins = mem::take(&mut table.joins);
    for mut join in joins {
        if let TableFactor::NestedJoin {
            table_with_joins, ..
        } = &mut join.relation
        {
            any |= set_apart_in_table(table_with_joins);
        }
        let by_names = by_names(&join).is_some();
        table.joins.push(join);
        if by_names {
            any = true;
            let inner = TableWithJoins {
                relation: table.relation.clone(),
                joins: mem::take(&mut table.joins),
            };
            table.relation = TableFactor::NestedJoin {
                table_with_joins: Box::new(inner),
                alias: None,
            };
        }
    }
    any
}

/// Join type and names of a join by names. `None` for other joins.
fn by_names(join: &JoinItem) -> Option<(JoinType, Option<&[ObjectName]>)> {
    let (kind, constraint) = match &join.join_operator {
        JoinOperator::Join(constraint) | JoinOperator::Inner(constraint) => {
            (JoinType::Inner, constraint)
        }
        JoinOperator::Left(constraint) | JoinOperator::LeftOuter(constraint) => {
            (JoinType::Left, constraint)
        }
        JoinOperator::Right(constraint) | JoinOperator::RightOuter(constraint) => {
            (JoinType::Right, constraint)
        }
        JoinOperator::FullOuter(constraint) => (JoinType::Full, constraint),
        JoinOperator::LeftSemi(constraint) => (JoinType::LeftSemi, constraint),
        JoinOperator::RightSemi(constraint) => (JoinType::RightSemi, constraint),
        JoinOperator::LeftAnti(constraint) => (JoinType::LeftAnti, constraint),
        JoinOperator::RightAnti(constraint) => (JoinType::RightAnti, constraint),
        _ => return None,
    };
    match constraint {
        JoinConstraint::Using(names) => Some((kind, Some(names))),
        JoinConstraint::Natural => Some((kind, None)),
        JoinConstraint::On(_) | JoinConstraint::None => None,
    }
}

/// Planner of a join by names: a join with a condition, and a projection with the merged columns.
///
/// The merged column of an inner, left or right join is the column of one side and keeps its table qualifier. For a full join it
/// has no qualifier. The other column can't be named.
#[derive(Debug)]
pub(super) struct NamedColumnsJoinPlanner;

impl RelationPlanner for NamedColumnsJoinPlanner {
    fn plan_relation(
        &self,
        relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<RelationPlanning> {
        let original = |relation| Ok(RelationPlanning::Original(Box::new(relation)));
        let TableFactor::NestedJoin {
            mut table_with_joins,
            alias,
        } = relation
        else {
            return original(relation);
        };
        let Some(last) = table_with_joins
            .joins
            .pop_if(|last| by_names(last).is_some())
        else {
            return original(TableFactor::NestedJoin {
                table_with_joins,
                alias,
            });
        };
        let left = match table_with_joins.joins.is_empty() {
            true => table_with_joins.relation,
            false => TableFactor::NestedJoin {
                table_with_joins,
                alias: None,
            },
        };
        let left = context.plan(left)?;
        let right = context.plan(last.relation.clone())?;
        let plan = match by_names(&last) {
            Some((kind, Some(names))) => {
                let names = names
                    .iter()
                    .map(|name| column_name(name, context))
                    .collect::<Result<Vec<String>>>()?;
                join_by_columns(left, right, kind, &names)?
            }
            Some((kind, None)) => {
                let names = common_names(left.schema(), right.schema());
                join_by_columns(left, right, kind, &names)?
            }
            None => return plan_err!("a join by names has names"),
        };
        let planned = PlannedRelation::new(plan, alias);
        Ok(RelationPlanning::Planned(Box::new(planned)))
    }
}

fn column_name(name: &ObjectName, context: &dyn RelationPlannerContext) -> Result<String> {
    let ident: Option<&Ident> = match name.0.as_slice() {
        [only] => only.as_ident(),
        _ => None,
    };
    match ident {
        Some(ident) => Ok(context.normalize_ident(ident.clone())),
        None => Err(engine_error::wrap_refusal(not_allowed(
            "this name in USING",
        ))),
    }
}

/// Common column names of both sides, in the order of the left side.
fn common_names(left: &DFSchema, right: &DFSchema) -> Vec<String> {
    let of_right: Vec<&String> = right.fields().iter().map(|field| field.name()).collect();
    let mut names: Vec<String> = Vec::new();
    for field in left.fields() {
        if of_right.contains(&field.name()) && !names.contains(field.name()) {
            names.push(field.name().clone());
        }
    }
    names
}

fn join_by_columns(
    left: LogicalPlan,
    right: LogicalPlan,
    kind: JoinType,
    names: &[String],
) -> Result<LogicalPlan> {
    let (left, right) = (
        qualify_columns(left, names, LEFT)?,
        qualify_columns(right, names, RIGHT)?,
    );
    let mut conditions = Vec::new();
    let mut merged = Vec::new();
    let mut once: Vec<Column> = Vec::new();
    for name in names {
        let of_left = only_column(left.schema(), name)?;
        let of_right = only_column(right.schema(), name)?;
        let [left, right] = [&of_left, &of_right].map(|column| Expr::Column(column.clone()));
        conditions.push(left.clone().eq(right.clone()));
        merged.push(match kind {
            JoinType::Right => unqualify_column(right),
            JoinType::Full => coalesce_values(vec![left, right])?.alias(name),
            _ => unqualify_column(left),
        });
        once.extend([of_left, of_right]);
    }
    let plan = LogicalPlanBuilder::from(left).join_on(right, kind, conditions)?;
    if !matches!(
        kind,
        JoinType::Inner | JoinType::Left | JoinType::Right | JoinType::Full
    ) {
        return plan.build();
    }
    let others = plan.schema().columns().into_iter();
    let others = others.filter(|column| !once.contains(column));
    merged.extend(others.map(Expr::Column));
    plan.project(merged)?.build()
}

/// Qualifies unqualified columns of these names with `table`, since a schema can't contain an unqualified and a qualified column
/// with one name.
fn qualify_columns(
    plan: LogicalPlan,
    names: &[String],
    table: &'static str,
) -> Result<LogicalPlan> {
    let is_bare = |column: &Column| column.relation.is_none() && names.contains(&column.name);
    let columns = plan.schema().columns();
    if !columns.iter().any(is_bare) {
        return Ok(plan);
    }
    let columns = columns.into_iter().map(|column| match is_bare(&column) {
        true => {
            let name = column.name.clone();
            Expr::Column(column).alias_qualified(Some(table), name)
        }
        false => Expr::Column(column),
    });
    LogicalPlanBuilder::from(plan).project(columns)?.build()
}

/// Removes the qualifier that [`qualify_columns`] added.
fn unqualify_column(column: Expr) -> Expr {
    match &column {
        Expr::Column(Column {
            relation: Some(table),
            name,
            ..
        }) if [LEFT, RIGHT].contains(&table.table()) => {
            let name = name.clone();
            column.alias(name)
        }
        _ => column,
    }
}

const LEFT: &str = "__merged_left";
const RIGHT: &str = "__merged_right";

fn coalesce_values(values: Vec<Expr>) -> Result<Expr> {
    match functions::timeless_function("coalesce") {
        Some(function) => Ok(function.call(values)),
        None => plan_err!("there is no function coalesce"),
    }
}

/// Only column with this name.
fn only_column(schema: &DFSchema, name: &str) -> Result<Column> {
    match schema.columns_with_unqualified_name(name).as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(engine_error::wrap_refusal(
            Refusal::new(
                ErrorCode::ColumnUnknown,
                format!("the column `{name}` of a join by names is not in both tables"),
            )
            .with_help("join with ON"),
        )),
        _ => Err(engine_error::wrap_refusal(
            Refusal::new(
                ErrorCode::SqlInvalid,
                format!("the column `{name}` of a join by names is several times in one side"),
            )
            .with_help("join with ON and write the table before the column"),
        )),
    }
}
