//! Statement of a saved query: checked at its declaration, and with numbered parameters for its execution.

use crate::limits::SqlStatementLimits;
use crate::sql::allowlist;
use crate::sql::parameters::{ParameterizedStatement, split_at_location};
use crate::sql::plan_on_current_thread;
use crate::sql::planner_threads;
use crate::sql::resolver::TableResolver;
use arrow_schema::SchemaRef;
use datafusion::sql::sqlparser::tokenizer::Location;
use datafusion_expr::TableSource;
use datafusion_expr::logical_plan::builder::LogicalTableSource;
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::SavedQuery;
use hansa_catalog::dataset::Dataset;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::sync::Arc;

/// Saved query whose text and parameters are consistent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedStatement {
    /// Declared query, with the parameters in order of their first occurrence in the text.
    pub query: SavedQuery,
    /// Text with the parameters `$1` and so on in this order.
    pub numbered: String,
}

impl SavedStatement {
    /// Checks a saved query. Its tables and columns are not checked here: the contracts at the time of execution decide.
    ///
    /// # Errors
    /// Errors of the parser; `SQL_INVALID` if a parameter is declared but unused, or used but undeclared; `SQL_TOO_LARGE`; `USAGE`
    /// if a default is no value of its type.
    pub fn of(query: SavedQuery) -> Result<Self, Refusal> {
        let limits = SqlStatementLimits::default();
        let wrong = |sentence: String| Refusal::new(ErrorCode::SqlInvalid, sentence);
        if query.sql.len() > SavedQuery::LONGEST
            || query.parameters.len() > SavedQuery::MOST_PARAMETERS
        {
            return Err(Refusal::new(
                ErrorCode::SqlTooLarge,
                format!(
                    "a saved query has {} bytes and {} parameters at most",
                    SavedQuery::LONGEST,
                    SavedQuery::MOST_PARAMETERS
                ),
            ));
        }
        let sql = query.sql.clone();
        let (statement, names) =
            planner_threads::wait_on_planner_thread(limits.planning, move || {
                let found = ParameterizedStatement::from_named_parameters(&sql, &limits)?;
                allowlist::one_query(&found.0.without_values(), &limits)?;
                Ok(found)
            })?;
        let mut declared = query.parameters;
        let mut parameters = Vec::new();
        for name in names {
            let place = declared.iter().position(|one| one.name == name);
            let place = place.ok_or_else(|| {
                wrong(format!("the parameter `${name}` is not declared"))
                    .with_help(format!("declare its type: [query.NAME.parameter.{name}]"))
            })?;
            let parameter = declared.swap_remove(place);
            if SavedQuery::RESERVED.contains(&name.as_str()) {
                let sentence = format!(
                    "no parameter can be named `{name}`: an address has it for something else"
                );
                return Err(wrong(sentence));
            }
            if let Some(default) = &parameter.default {
                parameter.read_value(default)?;
            }
            parameters.push(parameter);
        }
        if let Some(unused) = declared.first() {
            let name = &unused.name;
            let refusal = wrong(format!(
                "the parameter `{name}` is declared, and nothing takes it"
            ));
            return Err(refusal.with_help(format!(
                "write ${name} where its value belongs, or leave it out"
            )));
        }
        Ok(Self {
            query: SavedQuery {
                parameters,
                ..query
            },
            numbered: statement.to_numbered_text(),
        })
    }
}

impl SavedStatement {
    /// Numbered text with each occurrence of `dataset` qualified by its owner, for use by other participants.
    ///
    /// # Errors
    /// `DATASET_UNKNOWN` if it names another table; errors of the allowlist.
    pub fn to_qualified_text(
        &self,
        owner: &SqlIdentifier,
        dataset: &Dataset,
    ) -> Result<String, Refusal> {
        let limits = SqlStatementLimits {
            parameters: true,
            ..SqlStatementLimits::default()
        };
        let tables = BareDataset {
            name: dataset.id.name.clone(),
            columns: dataset.schema(),
        };
        let (sql, owner) = (self.numbered.clone(), owner.clone());
        planner_threads::wait_on_planner_thread(limits.planning, move || {
            let places = allowlist::table_places(&sql, &limits, &tables)?;
            let (mut text, mut rest) = (String::new(), sql.as_str());
            let mut at = Location::new(1, 1);
            for place in places {
                let (before, behind) = split_at_location(rest, at, place);
                text.push_str(before);
                // The alias is quoted, since it may be an SQL keyword.
                text.push_str(&format!("\"{owner}\"."));
                (rest, at) = (behind, place);
            }
            text.push_str(rest);
            Ok(text)
        })
    }

    /// Checks the statement over the columns of its dataset, as the owner sees them.
    ///
    /// # Errors
    /// Errors of planning.
    pub fn check(&self, dataset: &Dataset, now: UtcTimestamp) -> Result<(), Refusal> {
        let limits = SqlStatementLimits::default();
        let tables = Arc::new(BareDataset {
            name: dataset.id.name.clone(),
            columns: dataset.schema(),
        });
        let sql = self.numbered.clone();
        planner_threads::wait_on_planner_thread(limits.planning, move || {
            let text = ParameterizedStatement::parse(&sql, &limits)?.without_values();
            plan_on_current_thread(&text, tables, &limits, now).map(|_| ())
        })
    }
}

/// One dataset by its bare name, with its cells.
#[derive(Debug)]
struct BareDataset {
    name: SqlIdentifier,
    columns: SchemaRef,
}

impl TableResolver for BareDataset {
    fn source(&self, path: &[&str]) -> Option<Arc<dyn TableSource>> {
        let is_it = match path {
            [name] | [name, "cube"] => *name == self.name.as_str(),
            _ => false,
        };
        let columns = Arc::clone(&self.columns);
        is_it.then(|| -> Arc<dyn TableSource> { Arc::new(LogicalTableSource::new(columns)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::dataset_files::build_dataset;
    use hansa_catalog::{ColumnType, SavedQueryParameter};

    fn of(sql: &str, parameters: &[(&str, Option<&str>)]) -> Result<SavedStatement, Refusal> {
        let parameters = parameters
            .iter()
            .map(|(name, default)| SavedQueryParameter {
                name: name.parse().unwrap(),
                kind: ColumnType::Int,
                description: None,
                default: default.map(str::to_owned),
            });
        SavedStatement::of(SavedQuery {
            name: "counts".parse().unwrap(),
            title: "Counts".to_owned(),
            description: None,
            sql: sql.to_owned(),
            parameters: parameters.collect(),
        })
    }

    #[test]
    fn text_and_parameters_fit_together() {
        let sql = "SELECT n FROM a.t WHERE n > $least AND n < $most";
        let saved = of(sql, &[("most", Some("7")), ("least", None)]).unwrap();
        let names: Vec<&str> = saved
            .query
            .parameters
            .iter()
            .map(|one| one.name.as_str())
            .collect();
        assert_eq!(names, ["least", "most"]);
        assert_eq!(
            saved.numbered,
            "SELECT n FROM a.t WHERE n > ($1) AND n < ($2)"
        );
        assert!(of("SELECT 1", &[]).is_ok());
        for (sql, parameters, code) in [
            (sql, &[("least", None)][..], ErrorCode::SqlInvalid),
            ("SELECT 1", &[("least", None)], ErrorCode::SqlInvalid),
            ("SELECT $format", &[("format", None)], ErrorCode::SqlInvalid),
            ("SELECT $a", &[("a", Some("x"))], ErrorCode::UsageWrong),
            ("SELECT ?", &[], ErrorCode::SqlSyntax),
            ("SELECT 1; SELECT 2", &[], ErrorCode::OneStatementOnly),
            ("DELETE FROM t", &[], ErrorCode::StatementNotAllowed),
            ("EXPLAIN SELECT 1", &[], ErrorCode::StatementNotAllowed),
        ] {
            assert_eq!(of(sql, parameters).unwrap_err().code, code, "{sql}");
        }
        let long = format!("SELECT {}", " ".repeat(SavedQuery::LONGEST));
        assert_eq!(of(&long, &[]).unwrap_err().code, ErrorCode::SqlTooLarge);
    }

    #[test]
    fn a_bare_name_gets_its_owner_wherever_it_is_a_table() {
        let set = build_dataset("bikes", &["bikes:int", "site:text"]);
        let owner: SqlIdentifier = "lindau".parse().unwrap();
        let over = |sql: &str, parameters: &[(&str, Option<&str>)]| {
            of(sql, parameters).unwrap().to_qualified_text(&owner, &set)
        };
        for (sql, expected) in [
            (
                "SELECT bikes FROM bikes WHERE 'bikes' < site",
                "SELECT bikes FROM \"lindau\".bikes WHERE 'bikes' < site",
            ),
            (
                "WITH a AS (SELECT * FROM bikes)\nSELECT a.bikes FROM a JOIN \"bikes\" AS b ON a.site = b.site",
                "WITH a AS (SELECT * FROM \"lindau\".bikes)\nSELECT a.bikes FROM a JOIN \"lindau\".\"bikes\" AS b ON a.site = b.site",
            ),
            (
                "WITH bikes AS (SELECT 1 AS n) SELECT n FROM bikes",
                "WITH bikes AS (SELECT 1 AS n) SELECT n FROM bikes",
            ),
            (
                "SELECT site FROM bikes WHERE bikes IN (SELECT max(bikes) FROM bikes)",
                "SELECT site FROM \"lindau\".bikes WHERE bikes IN (SELECT max(bikes) FROM \"lindau\".bikes)",
            ),
        ] {
            assert_eq!(over(sql, &[]).unwrap(), expected);
        }
        let with = over(
            "SELECT 'ü', bikes FROM bikes WHERE bikes > $n",
            &[("n", None)],
        );
        assert_eq!(
            with.unwrap(),
            "SELECT 'ü', bikes FROM \"lindau\".bikes WHERE bikes > ($1)"
        );
        for sql in ["SELECT 1 FROM trips", "SELECT 1 FROM lindau.bikes"] {
            let refusal = over(sql, &[]).unwrap_err();
            assert_eq!(refusal.code, ErrorCode::DatasetUnknown, "{sql}");
        }
        let now = set.published_at;
        let check = |sql: &str| {
            of(sql, &[])
                .unwrap()
                .check(&set, now)
                .map_err(|why| why.code)
        };
        assert_eq!(check("SELECT site, bikes.bikes FROM bikes"), Ok(()));
        assert_eq!(
            check("SELECT door FROM bikes"),
            Err(ErrorCode::ColumnUnknown)
        );
    }
}
