//! Check of function calls and their windows.

use super::relation::fold_identifier;
use super::{AllowlistVisitor, add_location, not_allowed};
use crate::sql::functions::{self, sketch_state};
use datafusion::sql::sqlparser::ast::{
    Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArgumentList,
    FunctionArguments, NullTreatment, ObjectNamePart, Spanned, WindowFrame, WindowFrameBound,
    WindowSpec, WindowType,
};
use datafusion::sql::sqlparser::tokenizer::Location;
use hansa_policy::refusal::{ErrorCode, Refusal};

impl AllowlistVisitor<'_> {
    /// Checks a call by name.
    pub(super) fn check_function(&mut self, function: &Function) -> Result<(), Refusal> {
        let Function {
            name,
            uses_odbc_syntax,
            parameters,
            args,
            filter,
            null_treatment,
            over,
            within_group,
        } = function;
        let location = name.span().start;
        let [ObjectNamePart::Identifier(ident)] = name.0.as_slice() else {
            return Err(no_function(&name.to_string(), location));
        };
        let word = fold_identifier(ident);
        if !functions::is_known_function(&word) {
            return Err(no_function(&word, location));
        }
        if sketch_state::SketchKind::from_function_name(&word).is_some() {
            check_state_function(function, location)?;
        }
        let clause_treatment = match args {
            FunctionArguments::List(list) => list.clauses.iter().find_map(|clause| match clause {
                FunctionArgumentClause::IgnoreOrRespectNulls(treatment) => Some(treatment),
                _ => None,
            }),
            FunctionArguments::None | FunctionArguments::Subquery(_) => None,
        };
        let ignores_nulls = [null_treatment.as_ref(), clause_treatment]
            .into_iter()
            .flatten()
            .any(|treatment| *treatment == NullTreatment::IgnoreNulls);
        if ignores_nulls && matches!(word.as_str(), "lag" | "lead") {
            let refusal = add_location(not_allowed(&format!("{word} with IGNORE NULLS")), location);
            let (function, frame) = match word.as_str() {
                "lag" => ("last_value", "UNBOUNDED PRECEDING AND 1 PRECEDING"),
                _ => ("first_value", "1 FOLLOWING AND UNBOUNDED FOLLOWING"),
            };
            return Err(refusal.with_help(format!(
                "write {function}(…) IGNORE NULLS OVER (ORDER BY … ROWS BETWEEN {frame})"
            )));
        }
        if *uses_odbc_syntax || !matches!(parameters, FunctionArguments::None) {
            return Err(add_location(not_allowed("this form of a call"), location));
        }
        match args {
            FunctionArguments::None => {}
            FunctionArguments::Subquery(_) => {
                return Err(add_location(
                    not_allowed("a query as the argument of a call"),
                    location,
                ));
            }
            FunctionArguments::List(list) => self.check_arguments(list, location)?,
        }
        if let Some(filter) = filter {
            self.check_expr(filter)?;
        }
        self.check_order_items(within_group)?;
        match over {
            None | Some(WindowType::NamedWindow(_)) => Ok(()),
            Some(WindowType::WindowSpec(spec)) => self.check_window(spec),
        }
    }

    /// Checks a window in OVER or WINDOW.
    pub(super) fn check_window(&mut self, spec: &WindowSpec) -> Result<(), Refusal> {
        let WindowSpec {
            window_name: _,
            partition_by,
            order_by,
            window_frame,
        } = spec;
        self.check_exprs(partition_by)?;
        self.check_order_items(order_by)?;
        let Some(WindowFrame {
            units: _,
            start_bound,
            end_bound,
        }) = window_frame
        else {
            return Ok(());
        };
        for bound in std::iter::once(start_bound).chain(end_bound) {
            match bound {
                WindowFrameBound::CurrentRow
                | WindowFrameBound::Preceding(None)
                | WindowFrameBound::Following(None) => {}
                WindowFrameBound::Preceding(Some(expr))
                | WindowFrameBound::Following(Some(expr)) => self.check_expr(expr)?,
            }
        }
        Ok(())
    }

    fn check_arguments(
        &mut self,
        list: &FunctionArgumentList,
        location: Location,
    ) -> Result<(), Refusal> {
        let FunctionArgumentList {
            duplicate_treatment: _,
            args,
            clauses,
        } = list;
        for argument in args {
            match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => self.check_expr(expr)?,
                FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => {}
                FunctionArg::Unnamed(
                    FunctionArgExpr::QualifiedWildcard(_) | FunctionArgExpr::WildcardWithOptions(_),
                )
                | FunctionArg::Named { .. }
                | FunctionArg::ExprNamed { .. } => {
                    return Err(add_location(
                        not_allowed("this argument of a call"),
                        location,
                    ));
                }
            }
        }
        for clause in clauses {
            match clause {
                FunctionArgumentClause::OrderBy(orders) => self.check_order_items(orders)?,
                FunctionArgumentClause::IgnoreOrRespectNulls(_) => {}
                FunctionArgumentClause::Limit(_)
                | FunctionArgumentClause::OnOverflow(_)
                | FunctionArgumentClause::Having(_)
                | FunctionArgumentClause::Separator(_)
                | FunctionArgumentClause::JsonNullClause(_)
                | FunctionArgumentClause::JsonReturningClause(_) => {
                    return Err(add_location(not_allowed("this clause of a call"), location));
                }
            }
        }
        Ok(())
    }
}

/// Refuses a state function outside a plain aggregate. In a window, each row would have a state of the size of all rows.
fn check_state_function(function: &Function, location: Location) -> Result<(), Refusal> {
    let plain = match &function.args {
        FunctionArguments::List(list) => {
            list.duplicate_treatment.is_none() && list.clauses.is_empty()
        }
        FunctionArguments::None | FunctionArguments::Subquery(_) => false,
    };
    if plain && function.over.is_none() && function.within_group.is_empty() {
        return Ok(());
    }
    Err(add_location(not_allowed("this form of a state"), location))
}

/// Refusal for a function that is not on the list, including functions of other databases.
pub(super) fn no_function(name: &str, location: Location) -> Refusal {
    add_location(
        Refusal::new(
            ErrorCode::FunctionUnknown,
            format!("no function `{name}` here"),
        ),
        location,
    )
}
