//! Check of queries and their clauses.

use super::relation::{alias_ok, fold_identifier};
use super::{AllowlistVisitor, CteSize, not_allowed, refuse_part, refuse_parts};
use datafusion::sql::sqlparser::ast::{
    Cte, Distinct, Expr, GroupByExpr, LimitClause, NamedWindowDefinition, NamedWindowExpr, Offset,
    OrderBy, OrderByExpr, OrderByKind, Query, Select, SelectItem, SelectItemQualifiedWildcardKind,
    SetExpr, SetOperator, SetQuantifier, Values, WildcardAdditionalOptions, With,
};
use hansa_policy::refusal::Refusal;

impl AllowlistVisitor<'_> {
    pub(super) fn check_query(&mut self, query: &Query) -> Result<(), Refusal> {
        let Query {
            with,
            body,
            order_by,
            limit_clause,
            fetch,
            locks,
            for_clause,
            settings,
            format_clause,
            pipe_operators,
        } = query;
        refuse_part(fetch, "FETCH")?;
        refuse_part(for_clause, "FOR")?;
        refuse_part(settings, "SETTINGS")?;
        refuse_part(format_clause, "FORMAT")?;
        refuse_parts(locks, "a lock")?;
        refuse_parts(pipe_operators, "a pipe")?;
        let scope = self.ctes.len();
        self.enter_level(|walk| {
            if let Some(with) = with {
                walk.check_with_clause(with)?;
            }
            walk.set_expr(body)?;
            if let Some(order_by) = order_by {
                walk.order_by(order_by)?;
            }
            match limit_clause {
                None => Ok(()),
                Some(limit) => walk.check_limit_clause(limit),
            }
        })?;
        self.ctes.truncate(scope);
        Ok(())
    }

    fn check_with_clause(&mut self, with: &With) -> Result<(), Refusal> {
        let With {
            with_token: _,
            recursive,
            cte_tables,
        } = with;
        if *recursive {
            return Err(not_allowed("WITH RECURSIVE"));
        }
        for cte in cte_tables {
            let Cte {
                alias,
                query,
                from,
                materialized,
                closing_paren_token: _,
            } = cte;
            refuse_part(from, "FROM after WITH")?;
            refuse_part(materialized, "MATERIALIZED")?;
            alias_ok(alias)?;
            let before = [&mut self.references, &mut self.values].map(std::mem::take);
            self.check_query(query)?;
            let [references, values] = before;
            self.ctes.push(CteSize {
                name: fold_identifier(&alias.name),
                tables: std::mem::replace(&mut self.references, references).max(1),
                values: std::mem::replace(&mut self.values, values),
            });
        }
        Ok(())
    }

    fn set_expr(&mut self, body: &SetExpr) -> Result<(), Refusal> {
        match body {
            SetExpr::Select(select) => self.check_select(select),
            SetExpr::Query(query) => self.check_query(query),
            SetExpr::SetOperation {
                left,
                op,
                set_quantifier,
                right,
            } => {
                match op {
                    SetOperator::Union | SetOperator::Except | SetOperator::Intersect => {}
                    SetOperator::Minus => return Err(not_allowed("MINUS")),
                }
                match set_quantifier {
                    SetQuantifier::All | SetQuantifier::Distinct | SetQuantifier::None => {}
                    SetQuantifier::ByName
                    | SetQuantifier::AllByName
                    | SetQuantifier::DistinctByName => return Err(not_allowed("BY NAME")),
                }
                self.count_arm()?;
                self.set_expr(left)?;
                self.set_expr(right)
            }
            SetExpr::Values(Values {
                explicit_row: _,
                value_keyword: _,
                rows,
            }) => rows
                .iter()
                .try_for_each(|row| self.check_exprs(&row.content)),
            SetExpr::Insert(_)
            | SetExpr::Update(_)
            | SetExpr::Delete(_)
            | SetExpr::Merge(_)
            | SetExpr::Table(_) => Err(not_allowed("this kind of query")),
        }
    }

    fn check_select(&mut self, select: &Select) -> Result<(), Refusal> {
        let Select {
            select_token: _,
            optimizer_hints,
            distinct,
            select_modifiers,
            top,
            top_before_distinct: _,
            projection,
            exclude,
            into,
            from,
            lateral_views,
            prewhere,
            selection,
            connect_by,
            group_by,
            cluster_by,
            distribute_by,
            sort_by,
            having,
            named_window,
            qualify,
            window_before_qualify: _,
            value_table_mode,
            flavor: _,
        } = select;
        refuse_parts(optimizer_hints, "a hint")?;
        refuse_part(select_modifiers, "this modifier of SELECT")?;
        refuse_part(top, "TOP")?;
        refuse_part(exclude, "EXCLUDE")?;
        refuse_part(into, "INTO")?;
        refuse_parts(lateral_views, "LATERAL VIEW")?;
        refuse_part(prewhere, "PREWHERE")?;
        refuse_parts(connect_by, "CONNECT BY")?;
        refuse_parts(cluster_by, "CLUSTER BY")?;
        refuse_parts(distribute_by, "DISTRIBUTE BY")?;
        refuse_parts(sort_by, "SORT BY")?;
        refuse_part(value_table_mode, "AS STRUCT and AS VALUE")?;
        match distinct {
            None | Some(Distinct::All | Distinct::Distinct) => {}
            Some(Distinct::On(on)) => {
                if on.iter().any(is_place) {
                    let help = "write the expression that the number stands for";
                    return Err(not_allowed("a place of a column in DISTINCT ON").with_help(help));
                }
                refuse_signed_places(on.iter(), "DISTINCT ON")?;
                self.check_exprs(on)?;
            }
        }
        // Tables come first: an unknown dataset is reported before an unknown function in the select list.
        for (position, table) in from.iter().enumerate() {
            if position > 0 {
                self.count_join()?;
            }
            self.table_with_joins(table)?;
        }
        projection
            .iter()
            .try_for_each(|item| self.select_item(item))?;
        if let Some(selection) = selection {
            self.check_expr(selection)?;
        }
        self.group_by(group_by)?;
        if let Some(having) = having {
            self.check_expr(having)?;
        }
        for NamedWindowDefinition(_, window) in named_window {
            match window {
                NamedWindowExpr::NamedWindow(_) => {}
                NamedWindowExpr::WindowSpec(spec) => self.check_window(spec)?,
            }
        }
        match qualify {
            None => Ok(()),
            Some(qualify) => self.check_expr(qualify),
        }
    }

    fn select_item(&mut self, item: &SelectItem) -> Result<(), Refusal> {
        match item {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, alias: _ } => {
                self.check_expr(expr)
            }
            SelectItem::QualifiedWildcard(
                SelectItemQualifiedWildcardKind::ObjectName(_),
                options,
            )
            | SelectItem::Wildcard(options) => check_wildcard(options),
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::Expr(_), _)
            | SelectItem::ExprWithAliases { .. } => Err(not_allowed("this item of a SELECT list")),
        }
    }

    fn group_by(&mut self, group_by: &GroupByExpr) -> Result<(), Refusal> {
        let (exprs, modifiers) = match group_by {
            GroupByExpr::All(modifiers) => (&[][..], modifiers),
            GroupByExpr::Expressions(exprs, modifiers) => (exprs.as_slice(), modifiers),
        };
        refuse_parts(modifiers, "this modifier of GROUP BY")?;
        refuse_signed_places(exprs.iter(), "GROUP BY")?;
        exprs
            .iter()
            .try_for_each(|expr| self.check_group_item(expr))
    }

    /// Checks an item of GROUP BY: an expression or grouping sets.
    fn check_group_item(&mut self, expr: &Expr) -> Result<(), Refusal> {
        match expr {
            Expr::GroupingSets(sets) | Expr::Cube(sets) | Expr::Rollup(sets) => {
                let width: usize = sets.iter().map(Vec::len).sum();
                if width > 8 || sets.len() > 16 {
                    return Err(not_allowed("GROUP BY with that many sets"));
                }
                if sets.iter().flatten().any(is_place) {
                    let refusal = not_allowed("a place of a column in sets of groups");
                    return Err(refusal.with_help("write the name of the column"));
                }
                sets.iter().try_for_each(|set| self.check_exprs(set))
            }
            Expr::Tuple(parts) => self.check_exprs(parts),
            other => self.check_expr(other),
        }
    }

    fn order_by(&mut self, order_by: &OrderBy) -> Result<(), Refusal> {
        let OrderBy { kind, interpolate } = order_by;
        refuse_part(interpolate, "INTERPOLATE")?;
        match kind {
            OrderByKind::All(_) => Ok(()),
            OrderByKind::Expressions(exprs) => {
                refuse_signed_places(exprs.iter().map(|order| &order.expr), "ORDER BY")?;
                self.check_order_items(exprs)
            }
        }
    }

    fn check_limit_clause(&mut self, limit: &LimitClause) -> Result<(), Refusal> {
        match limit {
            LimitClause::LimitOffset {
                limit,
                offset,
                limit_by,
            } => {
                refuse_parts(limit_by, "LIMIT BY")?;
                if let Some(limit) = limit {
                    self.check_expr(limit)?;
                }
                match offset {
                    None => Ok(()),
                    Some(Offset { value, rows: _ }) => self.check_expr(value),
                }
            }
            LimitClause::OffsetCommaLimit { .. } => Err(not_allowed("LIMIT with a comma")),
        }
    }

    /// Checks the items of ORDER BY in a query, call or window.
    pub(super) fn check_order_items(&mut self, orders: &[OrderByExpr]) -> Result<(), Refusal> {
        orders.iter().try_for_each(|order| {
            let OrderByExpr {
                expr,
                options: _,
                with_fill,
            } = order;
            refuse_part(with_fill, "WITH FILL")?;
            self.check_expr(expr)
        })
    }
}

/// Checks for an ordinal position of a column in the select list.
fn is_place(expr: &Expr) -> bool {
    match expr {
        Expr::Value(_) => true,
        Expr::Nested(inner) => is_place(inner),
        _ => false,
    }
}

/// Refuses numbers with signs, which PostgreSQL treats as ordinal positions (`- -1` is 1) and the engine as values.
fn refuse_signed_places<'e>(
    mut exprs: impl Iterator<Item = &'e Expr>,
    clause: &str,
) -> Result<(), Refusal> {
    if exprs.any(is_signed_number) {
        let refusal = not_allowed(&format!("a number with a sign in {clause}"));
        return Err(refusal.with_help("write the name of the column, or the number alone"));
    }
    Ok(())
}

fn is_signed_number(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(inner) => is_signed_number(inner),
        Expr::UnaryOp { op: _, expr } => is_place(expr) || is_signed_number(expr),
        _ => false,
    }
}

fn check_wildcard(options: &WildcardAdditionalOptions) -> Result<(), Refusal> {
    let WildcardAdditionalOptions {
        wildcard_token: _,
        opt_ilike,
        opt_exclude: _,
        opt_except: _,
        opt_replace,
        opt_rename,
        opt_alias,
    } = options;
    refuse_part(opt_ilike, "ILIKE after *")?;
    refuse_part(opt_replace, "REPLACE after *")?;
    refuse_part(opt_rename, "RENAME after *")?;
    refuse_part(opt_alias, "an alias after *")
}
