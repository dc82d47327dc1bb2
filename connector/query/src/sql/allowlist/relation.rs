//! Check of the FROM clause: tables, joins and aliases.

use super::function_call::no_function;
use super::{AllowlistVisitor, add_location, not_allowed, refuse_part, refuse_parts};
use crate::sql::resolver::no_table;
use datafusion::sql::sqlparser::ast::{
    Ident, Join, JoinConstraint, JoinOperator, ObjectName, ObjectNamePart, Spanned, TableAlias,
    TableFactor, TableWithJoins,
};
use hansa_policy::refusal::Refusal;

impl AllowlistVisitor<'_> {
    /// Checks an item of FROM: a table and its joins.
    pub(super) fn table_with_joins(&mut self, table: &TableWithJoins) -> Result<(), Refusal> {
        let TableWithJoins { relation, joins } = table;
        self.check_relation(relation)?;
        for join in joins {
            let Join {
                relation,
                global,
                join_operator,
            } = join;
            if *global {
                return Err(not_allowed("GLOBAL JOIN"));
            }
            self.count_join()?;
            self.check_relation(relation)?;
            self.join_operator(join_operator)?;
        }
        Ok(())
    }

    fn join_operator(&mut self, operator: &JoinOperator) -> Result<(), Refusal> {
        match operator {
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
                JoinConstraint::On(expr) => self.check_expr(expr),
                JoinConstraint::Using(_) | JoinConstraint::Natural | JoinConstraint::None => Ok(()),
            },
            JoinOperator::Semi(_)
            | JoinOperator::Anti(_)
            | JoinOperator::CrossApply
            | JoinOperator::OuterApply
            | JoinOperator::AsOf { .. }
            | JoinOperator::StraightJoin(_)
            | JoinOperator::ArrayJoin
            | JoinOperator::LeftArrayJoin
            | JoinOperator::InnerArrayJoin => Err(not_allowed("this kind of join")),
        }
    }

    fn check_relation(&mut self, factor: &TableFactor) -> Result<(), Refusal> {
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
                    return Err(no_function(&name.to_string(), name.span().start));
                }
                refuse_part(version, "a version of a table")?;
                refuse_part(json_path, "a path into a table")?;
                refuse_part(sample, "TABLESAMPLE")?;
                refuse_parts(with_hints, "a hint")?;
                refuse_parts(partitions, "PARTITION")?;
                refuse_parts(index_hints, "a hint")?;
                if *with_ordinality {
                    return Err(not_allowed("WITH ORDINALITY"));
                }
                alias.iter().try_for_each(alias_ok)?;
                self.check_table(name)
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
                refuse_part(sample, "TABLESAMPLE")?;
                alias.iter().try_for_each(alias_ok)?;
                self.check_query(subquery)
            }
            TableFactor::NestedJoin {
                table_with_joins,
                alias,
            } => {
                alias.iter().try_for_each(alias_ok)?;
                self.enter_level(|walk| walk.table_with_joins(table_with_joins))
            }
            TableFactor::Function { name, .. } => {
                Err(no_function(&name.to_string(), name.span().start))
            }
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

    fn check_table(&mut self, name: &ObjectName) -> Result<(), Refusal> {
        let mut path = Vec::new();
        for part in &name.0 {
            match part {
                ObjectNamePart::Identifier(ident) => path.push(fold_identifier(ident)),
                ObjectNamePart::Function(_) => return Err(not_allowed("this name of a table")),
            }
        }
        if let [only] = path.as_slice()
            && let Some(cte) = self.ctes.iter().rev().find(|cte| cte.name == *only)
        {
            let (tables, values) = (cte.tables, cte.values);
            self.count_reference(tables)?;
            return self.count_values(values);
        }
        let parts: Vec<&str> = path.iter().map(String::as_str).collect();
        if self.tables.source(&parts).is_none() {
            return Err(add_location(no_table(&parts.join(".")), name.span().start));
        }
        self.places.push(name.span().start);
        self.count_reference(1)
    }
}

/// An identifier as the planner folds it: lower case unless quoted.
pub(in crate::sql) fn fold_identifier(ident: &Ident) -> String {
    match ident.quote_style {
        Some(_) => ident.value.clone(),
        None => ident.value.to_ascii_lowercase(),
    }
}

pub(super) fn alias_ok(alias: &TableAlias) -> Result<(), Refusal> {
    let TableAlias {
        explicit: _,
        name: _,
        columns,
        at,
    } = alias;
    refuse_part(at, "AT")?;
    if columns.iter().any(|column| column.data_type.is_some()) {
        return Err(not_allowed("a type in an alias"));
    }
    Ok(())
}
