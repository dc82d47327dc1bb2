//! Queries and what they read from.

use super::{Walk, at, not_allowed};
use crate::plan::names::no_table;
use datafusion::sql::sqlparser::ast::{
    Cte, Distinct, GroupByExpr, Join, JoinConstraint, JoinOperator, LimitClause,
    NamedWindowDefinition, NamedWindowExpr, ObjectName, ObjectNamePart, Offset, OrderBy,
    OrderByExpr, OrderByKind, Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr,
    SetOperator, SetQuantifier, Spanned, TableAlias, TableFactor, TableWithJoins, Values,
    WildcardAdditionalOptions, With,
};
use policy::refusal::Refusal;

impl Walk<'_> {
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
                Some(LimitClause::LimitOffset {
                    limit,
                    offset,
                    limit_by,
                }) => {
                    none(limit_by, "LIMIT BY")?;
                    if let Some(limit) = limit {
                        walk.expr(limit)?;
                    }
                    match offset {
                        None => Ok(()),
                        Some(Offset { value, rows: _ }) => walk.expr(value),
                    }
                }
                Some(LimitClause::OffsetCommaLimit { .. }) => {
                    Err(not_allowed("LIMIT with a comma"))
                }
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
            let before = std::mem::take(&mut self.references);
            self.query(query)?;
            let weight = std::mem::replace(&mut self.references, before);
            self.ctes.push((folded(&alias.name), weight.max(1)));
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
            }) => rows
                .iter()
                .try_for_each(|row| row.content.iter().try_for_each(|value| self.expr(value))),
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
            Some(Distinct::On(on)) => self.exprs(on)?,
        }
        // Tables first: an unknown dataset is told before an unknown function in the list.
        for (position, table) in from.iter().enumerate() {
            if position > 0 {
                self.join()?;
            }
            self.table_with_joins(table)?;
        }
        for item in projection {
            self.select_item(item)?;
        }
        if let Some(selection) = selection {
            self.expr(selection)?;
        }
        match group_by {
            GroupByExpr::All(modifiers) => none(modifiers, "this modifier of GROUP BY")?,
            GroupByExpr::Expressions(exprs, modifiers) => {
                none(modifiers, "this modifier of GROUP BY")?;
                for expr in exprs {
                    self.group(expr)?;
                }
            }
        }
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

    fn table_with_joins(&mut self, table: &TableWithJoins) -> Result<(), Refusal> {
        let TableWithJoins { relation, joins } = table;
        self.relation(relation)?;
        for join in joins {
            let Join {
                relation,
                global,
                join_operator,
            } = join;
            if *global {
                return Err(not_allowed("GLOBAL JOIN"));
            }
            self.join()?;
            self.relation(relation)?;
            match join_operator {
                JoinOperator::Join(constraint)
                | JoinOperator::Inner(constraint)
                | JoinOperator::Left(constraint)
                | JoinOperator::LeftOuter(constraint)
                | JoinOperator::Right(constraint)
                | JoinOperator::RightOuter(constraint)
                | JoinOperator::FullOuter(constraint)
                | JoinOperator::CrossJoin(constraint)
                | JoinOperator::LeftSemi(constraint)
                | JoinOperator::RightSemi(constraint)
                | JoinOperator::LeftAnti(constraint)
                | JoinOperator::RightAnti(constraint) => match constraint {
                    JoinConstraint::On(expr) => self.expr(expr)?,
                    JoinConstraint::Using(_) | JoinConstraint::Natural | JoinConstraint::None => {}
                },
                JoinOperator::Semi(_)
                | JoinOperator::Anti(_)
                | JoinOperator::CrossApply
                | JoinOperator::OuterApply
                | JoinOperator::AsOf { .. }
                | JoinOperator::StraightJoin(_)
                | JoinOperator::ArrayJoin
                | JoinOperator::LeftArrayJoin
                | JoinOperator::InnerArrayJoin => return Err(not_allowed("this kind of join")),
            }
        }
        Ok(())
    }

    fn relation(&mut self, factor: &TableFactor) -> Result<(), Refusal> {
        match factor {
            TableFactor::Table {
                name,
                alias,
                args,
                with_hints,
                version,
                with_ordinality,
                partitions,
                json_path,
                sample,
                index_hints,
            } => {
                if args.is_some() {
                    return Err(super::expr::no_function(
                        &name.to_string(),
                        name.span().start,
                    ));
                }
                absent(version, "a version of a table")?;
                absent(json_path, "a path into a table")?;
                absent(sample, "TABLESAMPLE")?;
                none(with_hints, "a hint")?;
                none(partitions, "PARTITION")?;
                none(index_hints, "a hint")?;
                if *with_ordinality {
                    return Err(not_allowed("WITH ORDINALITY"));
                }
                if let Some(alias) = alias {
                    alias_ok(alias)?;
                }
                self.table(name)
            }
            TableFactor::Derived {
                lateral,
                subquery,
                alias,
                sample,
            } => {
                if *lateral {
                    return Err(not_allowed("LATERAL"));
                }
                absent(sample, "TABLESAMPLE")?;
                if let Some(alias) = alias {
                    alias_ok(alias)?;
                }
                self.query(subquery)
            }
            TableFactor::NestedJoin {
                table_with_joins,
                alias,
            } => {
                if let Some(alias) = alias {
                    alias_ok(alias)?;
                }
                self.deeper(|walk| walk.table_with_joins(table_with_joins))
            }
            TableFactor::Function { name, .. } => Err(super::expr::no_function(
                &name.to_string(),
                name.span().start,
            )),
            TableFactor::TableFunction { .. }
            | TableFactor::UNNEST { .. }
            | TableFactor::JsonTable { .. }
            | TableFactor::OpenJsonTable { .. }
            | TableFactor::Pivot { .. }
            | TableFactor::Unpivot { .. }
            | TableFactor::MatchRecognize { .. }
            | TableFactor::XmlTable { .. }
            | TableFactor::SemanticView { .. } => Err(not_allowed("this kind of table")),
        }
    }

    fn table(&mut self, name: &ObjectName) -> Result<(), Refusal> {
        let mut path = Vec::new();
        for part in &name.0 {
            match part {
                ObjectNamePart::Identifier(ident) => path.push(folded(ident)),
                ObjectNamePart::Function(_) => return Err(not_allowed("this name of a table")),
            }
        }
        if let [only] = path.as_slice()
            && let Some((_, weight)) = self.ctes.iter().rev().find(|(cte, _)| cte == only)
        {
            return self.reference(*weight);
        }
        let parts: Vec<&str> = path.iter().map(String::as_str).collect();
        if self.tables.source(&parts).is_none() {
            return Err(at(no_table(&parts.join(".")), name.span().start));
        }
        self.reference(1)
    }

    fn order_by(&mut self, order_by: &OrderBy) -> Result<(), Refusal> {
        let OrderBy { kind, interpolate } = order_by;
        absent(interpolate, "INTERPOLATE")?;
        match kind {
            OrderByKind::All(_) => Ok(()),
            OrderByKind::Expressions(exprs) => self.orders(exprs),
        }
    }

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

/// An identifier as the planner folds it: lower case unless quoted.
pub(super) fn folded(ident: &datafusion::sql::sqlparser::ast::Ident) -> String {
    match ident.quote_style {
        Some(_) => ident.value.clone(),
        None => ident.value.to_ascii_lowercase(),
    }
}

fn alias_ok(alias: &TableAlias) -> Result<(), Refusal> {
    let TableAlias {
        explicit: _,
        name: _,
        columns,
        at,
    } = alias;
    absent(at, "AT")?;
    if columns.iter().any(|column| column.data_type.is_some()) {
        return Err(not_allowed("a type in an alias"));
    }
    Ok(())
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

pub(super) fn absent<T>(part: &Option<T>, what: &str) -> Result<(), Refusal> {
    match part {
        None => Ok(()),
        Some(_) => Err(not_allowed(what)),
    }
}

pub(super) fn none<T>(parts: &[T], what: &str) -> Result<(), Refusal> {
    if parts.is_empty() {
        Ok(())
    } else {
        Err(not_allowed(what))
    }
}
