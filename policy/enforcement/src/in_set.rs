//! Long IN lists as one function during optimization. Every optimizer rule and the physical planner would visit each value of a
//! list several times without using it.

mod set_values;

use crate::in_set::set_values::SetValues;
use datafusion_common::arrow::array::ArrayRef;
use datafusion_common::arrow::datatypes::DataType;
use datafusion_common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion_common::{DFSchema, Result, ScalarValue, exec_err};
use datafusion_expr::expr::InList;
use datafusion_expr::{
    ColumnarValue, Expr, ExprSchemable, LogicalPlan, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature, Volatility,
};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Smallest length of a folded list.
const LONG: usize = 64;

/// Plan with the long lists of its conditions folded.
///
/// # Errors
/// An error of the reconstruction of the plan.
pub fn fold_in_lists(plan: LogicalPlan) -> Result<LogicalPlan> {
    let folded = plan.transform_up_with_subqueries(|node| match node {
        LogicalPlan::Filter(mut filter) => {
            let schema = Arc::clone(filter.input.schema());
            let predicate = std::mem::take(&mut filter.predicate);
            let predicate = folded_in(predicate, &schema)?;
            filter.predicate = predicate.data;
            Ok(Transformed::new_transformed(
                LogicalPlan::Filter(filter),
                predicate.transformed,
            ))
        }
        other => Ok(Transformed::no(other)),
    })?;
    Ok(folded.data)
}

/// Expression with its long lists folded over these columns, and a flag for a change.
///
/// # Errors
/// An error of the reconstruction of the expression.
pub fn folded_in(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    expr.transform_down(|part| fold_expr(part, schema))
}

/// True if the list is folded.
#[must_use]
pub fn can_fold_list(list: &InList, schema: &DFSchema) -> bool {
    foldable_values(list, schema).is_some()
}

/// Expression with its folded lists unfolded.
///
/// # Errors
/// An error of the reconstruction of the expression.
pub fn unfolded_in(expr: Expr) -> Result<Expr> {
    expr.transform_up(unfold_expr).data()
}

/// Function that tests membership of a value in a list, or its negation.
#[derive(Debug, Clone)]
pub struct InSetFunction {
    /// Name unique to the list. Common subexpression elimination and the digest of a plan identify a function by its name alone.
    name: Box<str>,
    values: Arc<SetValues>,
    negated: bool,
    kind: DataType,
    signature: Signature,
}

impl InSetFunction {
    fn new(kind: DataType, values: Vec<ScalarValue>, negated: bool) -> Self {
        let values = SetValues::from(values);
        let digest = values.digest(&kind, negated);
        Self {
            name: format!("among_{digest:032x}").into(),
            values: Arc::new(values),
            negated,
            kind,
            signature: Signature::any(1, Volatility::Immutable),
        }
    }

    /// Folded list of an expression, and the tested expression; none for other expressions.
    #[must_use]
    pub fn of(expr: &Expr) -> Option<(&Self, &Expr)> {
        match expr {
            Expr::ScalarFunction(call) => match call.args.as_slice() {
                [only] => Some((call.func.inner().downcast_ref::<Self>()?, only)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Type of all values and of the tested expression.
    #[must_use]
    pub const fn kind(&self) -> &DataType {
        &self.kind
    }

    /// Values of the list.
    #[must_use]
    pub fn values(&self) -> &[ScalarValue] {
        self.values.values()
    }

    /// True for NOT IN.
    #[must_use]
    pub const fn is_negated(&self) -> bool {
        self.negated
    }

    fn unfold_list(&self, expr: Expr) -> Expr {
        let values = self.values().iter().cloned();
        let values = values.map(|value| Expr::Literal(value, None)).collect();
        expr.in_list(values, self.negated)
    }
}

fn unfold_expr(part: Expr) -> Result<Transformed<Expr>> {
    Ok(match InSetFunction::of(&part) {
        Some((among, expr)) => Transformed::yes(among.unfold_list(expr.clone())),
        None => Transformed::no(part),
    })
}

fn fold_expr(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let Expr::InList(list) = expr else {
        return Ok(Transformed::no(expr));
    };
    match foldable_values(&list, schema) {
        None => Ok(Transformed::no(Expr::InList(list))),
        Some((kind, values)) => {
            let among = ScalarUDF::from(InSetFunction::new(kind, values, list.negated));
            Ok(Transformed::yes(among.call(vec![*list.expr])))
        }
    }
}

/// Values of a list that can be folded: long, and with literals of the tested expression's type, or casts to it. Equal values must
/// be identical, so floating-point types and NULL are excluded.
fn foldable_values(list: &InList, schema: &DFSchema) -> Option<(DataType, Vec<ScalarValue>)> {
    if list.list.len() < LONG {
        return None;
    }
    let kind = list.expr.get_type(schema).ok()?;
    let alike = kind.is_integer()
        || kind.is_temporal()
        || matches!(
            kind,
            DataType::Utf8 | DataType::Utf8View | DataType::Decimal128(_, _)
        );
    if !alike {
        return None;
    }
    let values = list.list.iter().map(|item| literal_value(item, &kind));
    let values: Option<Vec<ScalarValue>> = values.collect();
    Some((kind.clone(), values?))
}

/// Literal value of an expression, if it has this type. A cast that fails is kept, so that it fails at execution.
fn literal_value(item: &Expr, kind: &DataType) -> Option<ScalarValue> {
    let value = match item {
        Expr::Literal(value, None) => value.clone(),
        Expr::Cast(cast) if cast.field.data_type() == kind => match (&*cast.expr, kind) {
            // Common case of text literals, of which there may be thousands. A cast would need an array for each.
            (Expr::Literal(ScalarValue::Utf8(text), None), DataType::Utf8View) => {
                ScalarValue::Utf8View(text.clone())
            }
            (Expr::Literal(value, None), _) => value.cast_to(kind).ok()?,
            _ => return None,
        },
        _ => return None,
    };
    (!value.is_null() && value.data_type() == *kind).then_some(value)
}

impl PartialEq for InSetFunction {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
            && self.negated == other.negated
            && self.kind == other.kind
            && (Arc::ptr_eq(&self.values, &other.values) || self.values() == other.values())
    }
}

impl Eq for InSetFunction {}

impl Hash for InSetFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for InSetFunction {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    /// Result of the list test.
    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [value] = args.args.as_slice() else {
            return exec_err!("one argument");
        };
        let value = value.cast_to(&self.kind, None)?;
        let found = |column: &ArrayRef| self.values.test_membership(column, self.negated);
        Ok(match value {
            ColumnarValue::Array(column) => ColumnarValue::Array(Arc::new(found(&column)?)),
            // The optimizer evaluates the function for NULL.
            ColumnarValue::Scalar(value) => {
                let found: ArrayRef = Arc::new(found(&value.to_array()?)?);
                ColumnarValue::Scalar(ScalarValue::try_from_array(&found, 0)?)
            }
        })
    }
}

#[cfg(test)]
mod tests;
