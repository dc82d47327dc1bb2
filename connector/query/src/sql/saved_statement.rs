//! The statement of a saved query: checked where it is declared, and numbered where it is asked.

use crate::limits::SqlStatementLimits;
use crate::sql::allowlist;
use crate::sql::parameters::ParameterizedStatement;
use crate::sql::planner_threads;
use hansa_catalog::SavedQuery;
use hansa_policy::refusal::{ErrorCode, Refusal};

/// A saved query whose text and parameters fit together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedStatement {
    /// What was declared, with the parameters in the order in which they first stand in the text.
    pub query: SavedQuery,
    /// Its text, with the parameters as `$1` and so on in that order.
    pub numbered: String,
}

impl SavedStatement {
    /// Checks a saved query. Which tables and columns it may name is a matter of the contracts of the moment in which it is asked.
    ///
    /// # Errors
    /// Those of the parser; `SQL_INVALID` where a parameter is declared and not used, or used and not declared; `SQL_TOO_LARGE`;
    /// `USAGE` where a default is no value of its type.
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
        let (statement, names) = planner_threads::wait(limits.planning, move || {
            let found = ParameterizedStatement::named(&sql, &limits)?;
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
                parameter.value(default)?;
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
            numbered: statement.numbered(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
}
