//! Check of queries and their clauses.

use super::relation::{alias_ok, fold_identifier};
use super::{AllowlistVisitor, CteSize, absent, none, not_allowed};
use datafusion::sql::sqlparser::ast::{
    Cte, Distinct, Expr, GroupByExpr, LimitClause, NamedWindowDefinition, NamedWindowExpr, Offset,
    OrderBy, OrderByExpr, OrderByKind, Query, Select, SelectItem, SelectItemQualifiedWildcardKind,
    SetExpr, SetOperator, SetQuantifier, Values, WildcardAdditionalOptions, With,
};
use hansa_policy::refusal::Refusal;

impl AllowlistVisitor<'_> {
    pub(super) fn query(&mut self, query: &Query) -> Result<(), Refusal> {
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
        absent(fetch, "FETCH")?;
        absent(for_clause, "FOR")?;
        absent(settings, "SETTINGS")?;
        absent(format_clause, "FORMAT")?;
        none(locks, "a lock")?;
        none(pipe_operators, "a pipe")?;
        let scope = self.ctes.len();
        self.deeper(|walk| {
            if let Some(with) = with {
                walk.with(with)?;
            }
            walk.set_expr(body)?;
            if let Some(order_by) = order_by {
                walk.order_by(order_by)?;
            }
            match limit_clause {
                None => Ok(()),
                Some(limit) => walk.limit(limit),
            }
        })?;
        self.ctes.truncate(scope);
        Ok(())
    }

    fn with(&mut self, with: &With) -> Result<(), Refusal> {
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
            absent(from, "FROM after WITH")?;
            absent(materialized, "MATERIALIZED")?;
            alias_ok(alias)?;
            let before = [&mut self.references, &mut self.values].map(std::mem::take);
            self.query(query)?;
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
            SetExpr::Select(select) => self.select(select),
            SetExpr::Query(query) => self.query(query),
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
                self.arm()?;
                self.set_expr(left)?;
                self.set_expr(right)
            }
            SetExpr::Values(Values {
                explicit_row: _,
                value_keyword: _,
                rows,
            }) => rows.iter().try_for_each(|row| self.exprs(&row.content)),
            SetExpr::Insert(_)
            | SetExpr::Update(_)
            | SetExpr::Delete(_)
            | SetExpr::Merge(_)
            | SetExpr::Table(_) => Err(not_allowed("this kind of query")),
        }
    }

    fn select(&mut self, select: &Select) -> Result<(), Refusal> {
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
        none(optimizer_hints, "a hint")?;
        absent(select_modifiers, "this modifier of SELECT")?;
        absent(top, "TOP")?;
        absent(exclude, "EXCLUDE")?;
        absent(into, "INTO")?;
        none(lateral_views, "LATERAL VIEW")?;
        absent(prewhere, "PREWHERE")?;
        none(connect_by, "CONNECT BY")?;
        none(cluster_by, "CLUSTER BY")?;
        none(distribute_by, "DISTRIBUTE BY")?;
        none(sort_by, "SORT BY")?;
        absent(value_table_mode, "AS STRUCT and AS VALUE")?;
        match distinct {
            None | Some(Distinct::All | Distinct::Distinct) => {}
            Some(Distinct::On(on)) => {
                if on.iter().any(is_place) {
                    let help = "write the expression that the number stands for";
                    return Err(not_allowed("a place of a column in DISTINCT ON").with_help(help));
                }
                refuse_signed_places(on.iter(), "DISTINCT ON")?;
                self.exprs(on)?;
            }
        }
        // Tables come first: an unknown dataset is reported before an unknown function in the select list.
        for (position, table) in from.iter().enumerate() {
            if position > 0 {
                self.join()?;
            }
            self.table_with_joins(table)?;
        }
        projection
            .iter()
            .try_for_each(|item| self.select_item(item))?;
        if let Some(selection) = selection {
            self.expr(selection)?;
        }
        self.group_by(group_by)?;
        if let Some(having) = having {
            self.expr(having)?;
        }
        for NamedWindowDefinition(_, window) in named_window {
            match window {
                NamedWindowExpr::NamedWindow(_) => {}
                NamedWindowExpr::WindowSpec(spec) => self.window(spec)?,
            }
        }
        match qualify {
            None => Ok(()),
            Some(qualify) => self.expr(qualify),
        }
    }

    fn select_item(&mut self, item: &SelectItem) -> Result<(), Refusal> {
        match item {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, alias: _ } => {
                self.expr(expr)
            }
            SelectItem::QualifiedWildcard(
                SelectItemQualifiedWildcardKind::ObjectName(_),
                options,
            )
            | SelectItem::Wildcard(options) => wildcard(options),
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::Expr(_), _)
            | SelectItem::ExprWithAliases { .. } => Err(not_allowed("this item of a SELECT list")),
        }
    }

    fn group_by(&mut self, group_by: &GroupByExpr) -> Result<(), Refusal> {
        let (exprs, modifiers) = match group_by {
            GroupByExpr::All(modifiers) => (&[][..], modifiers),
            GroupByExpr::Expressions(exprs, modifiers) => (exprs.as_slice(), modifiers),
        };
        none(modifiers, "this modifier of GROUP BY")?;
        refuse_signed_places(exprs.iter(), "GROUP BY")?;
        exprs.iter().try_for_each(|expr| self.group(expr))
    }

    /// Checks an item of GROUP BY: an expression or grouping sets.
    fn group(&mut self, expr: &Expr) -> Result<(), Refusal> {
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
                sets.iter().try_for_each(|set| self.exprs(set))
            }
            Expr::Tuple(parts) => self.exprs(parts),
            other => self.expr(other),
        }
    }

    fn order_by(&mut self, order_by: &OrderBy) -> Result<(), Refusal> {
        let OrderBy { kind, interpolate } = order_by;
        absent(interpolate, "INTERPOLATE")?;
        match kind {
            OrderByKind::All(_) => Ok(()),
            OrderByKind::Expressions(exprs) => {
                refuse_signed_places(exprs.iter().map(|order| &order.expr), "ORDER BY")?;
                self.orders(exprs)
            }
        }
    }

    fn limit(&mut self, limit: &LimitClause) -> Result<(), Refusal> {
        match limit {
            LimitClause::LimitOffset {
                limit,
                offset,
                limit_by,
            } => {
                none(limit_by, "LIMIT BY")?;
                if let Some(limit) = limit {
                    self.expr(limit)?;
                }
                match offset {
                    None => Ok(()),
                    Some(Offset { value, rows: _ }) => self.expr(value),
                }
            }
            LimitClause::OffsetCommaLimit { .. } => Err(not_allowed("LIMIT with a comma")),
        }
    }

    /// Checks the items of ORDER BY in a query, call or window.
    pub(super) fn orders(&mut self, orders: &[OrderByExpr]) -> Result<(), Refusal> {
        orders.iter().try_for_each(|order| {
            let OrderByExpr {
                expr,
                options: _,
                with_fill,
            } = order;
            absent(with_fill, "WITH FILL")?;
            self.expr(expr)
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

fn wildcard(options: &WildcardAdditionalOptions) -> Result<(), Refusal> {
    let WildcardAdditionalOptions {
        wildcard_token: _,
        opt_ilike,
        opt_exclude: _,
        opt_except: _,
        opt_replace,
        opt_rename,
        opt_alias,
    } = options;
    absent(opt_ilike, "ILIKE after *")?;
    absent(opt_replace, "REPLACE after *")?;
    absent(opt_rename, "RENAME after *")?;
    absent(opt_alias, "an alias after *")
}
