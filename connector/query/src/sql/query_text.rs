//! The text of a question, with the tables that it names as the parser reads them.

use crate::federation::query_catalog::MODEL_OWNER;
use crate::limits::SqlStatementLimits;
use crate::sql::allowlist;
use crate::sql::allowlist::relation::fold_identifier;
use crate::sql::planner_threads;
use datafusion::sql::sqlparser::ast::{ObjectName, ObjectNamePart, visit_relations};
use hansa_policy::refusal::Refusal;
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

/// The text of a question that the parser has read. Each step that needs its tables takes them from here, so that a table has one
/// meaning from the look at the catalogues to the refusal of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryText {
    sql: Arc<str>,
    tables: Arc<NamedTables>,
}

impl QueryText {
    /// Parses `sql` on a planner thread.
    ///
    /// # Errors
    /// `SQL_TOO_LARGE`, `SQL_TOO_DEEP`, `SQL_SYNTAX`, `ONE_STATEMENT_ONLY`, `STATEMENT_NOT_ALLOWED`; `RESOURCE_LIMIT` when parsing
    /// takes longer than planning may.
    pub async fn parse(sql: &str, limits: &SqlStatementLimits) -> Result<Self, Refusal> {
        let (text, limits) = (Arc::<str>::from(sql), *limits);
        planner_threads::run_on_planner_thread(limits.planning, move || {
            let (query, _) = allowlist::parse_query(&text, &limits)?;
            let mut tables = NamedTables::default();
            let _whole: ControlFlow<()> = visit_relations(&query, |name| {
                tables.add_path(name);
                ControlFlow::Continue(())
            });
            Ok(Self {
                sql: text,
                tables: Arc::new(tables),
            })
        })
        .await
    }

    /// The text as it was written.
    #[must_use]
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// The tables that it names.
    #[must_use]
    pub fn tables(&self) -> &NamedTables {
        &self.tables
    }
}

/// Tables by the names that stand after `FROM`: `participant.dataset`, or `model.name`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamedTables {
    owners: BTreeSet<String>,
    tables: BTreeSet<NamedTable>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct NamedTable {
    owner: String,
    name: String,
}

impl NamedTables {
    /// One table.
    #[must_use]
    pub fn with_table(owner: &str, name: &str) -> Self {
        let mut tables = Self::default();
        tables.add_table(owner.to_owned(), name.to_owned());
        tables
    }

    /// The models, and the participants with these aliases; of none of them a dataset.
    #[must_use]
    pub fn with_models_and_participants<'a>(aliases: impl IntoIterator<Item = &'a str>) -> Self {
        let owners = aliases.into_iter().chain([MODEL_OWNER]);
        Self {
            owners: owners.map(str::to_owned).collect(),
            tables: BTreeSet::new(),
        }
    }

    /// Adds the tables of another text.
    pub fn extend(&mut self, other: &Self) {
        self.owners.extend(other.owners.iter().cloned());
        self.tables.extend(other.tables.iter().cloned());
    }

    /// Says whether a model is named.
    #[must_use]
    pub fn has_models(&self) -> bool {
        self.has_participant(MODEL_OWNER)
    }

    /// Says whether the participant with this alias is named.
    #[must_use]
    pub fn has_participant(&self, alias: &str) -> bool {
        self.owners.contains(alias)
    }

    /// Says whether a dataset of the participant with this alias is named.
    #[must_use]
    pub fn has_dataset(&self, alias: &str, dataset: &str) -> bool {
        self.datasets_of(alias).any(|name| name == dataset)
    }

    /// The datasets that are named of the participant with this alias, in the order of the alphabet.
    pub fn datasets_of(&self, alias: &str) -> impl Iterator<Item = &str> {
        let tables = self.tables.iter().filter(move |table| table.owner == alias);
        tables.map(|table| table.name.as_str())
    }

    /// Adds a table as it is written. A name alone is a common table expression, or no table at all.
    fn add_path(&mut self, name: &ObjectName) {
        let path: Vec<String> = name
            .0
            .iter()
            .filter_map(ObjectNamePart::as_ident)
            .map(fold_identifier)
            .collect();
        if let [owner, name, ..] = path.as_slice() {
            self.add_table(owner.clone(), name.clone());
        }
    }

    fn add_table(&mut self, owner: String, name: String) {
        self.owners.insert(owner.clone());
        self.tables.insert(NamedTable { owner, name });
    }
}

#[cfg(test)]
mod tests {
    use super::{NamedTables, QueryText};
    use crate::limits::SqlStatementLimits;
    use hansa_policy::refusal::Refusal;

    fn parse(sql: &str) -> Result<QueryText, Refusal> {
        let threads = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        threads.block_on(QueryText::parse(sql, &SqlStatementLimits::default()))
    }

    fn tables(sql: &str) -> NamedTables {
        parse(sql).unwrap().tables().clone()
    }

    #[test]
    fn tables_are_found_wherever_a_query_can_name_one() {
        let mut expected = NamedTables::with_table("lindau", "bikes");
        expected.extend(&NamedTables::with_table("bern", "air"));
        for sql in [
            "SELECT * FROM Lindau.BIKES, bern.air",
            "SELECT * FROM \"lindau\".\"bikes\" b JOIN bern.air AS a ON a.id = b.id",
            "EXPLAIN SELECT 1 FROM lindau.bikes UNION ALL SELECT 1 FROM bern.air",
            "WITH x AS (SELECT * FROM lindau.bikes) SELECT (SELECT max(pm) FROM bern.air) FROM x",
            "SELECT * FROM (SELECT * FROM lindau.bikes.cube) WHERE EXISTS (SELECT 1 FROM bern.air)",
            "SELECT 1 FROM lindau.bikes WHERE n IN (SELECT n FROM bern.air) ORDER BY 1",
        ] {
            assert_eq!(tables(sql), expected, "{sql}");
        }
    }

    #[test]
    fn texts_and_columns_are_no_tables() {
        let found =
            tables("SELECT bern.air, 'porto.fibre' FROM lindau.bikes AS bern -- wien.trees");
        assert_eq!(found, NamedTables::with_table("lindau", "bikes"));
        assert!(!found.has_participant("bern") && !found.has_models());
        assert!(found.has_dataset("lindau", "bikes") && !found.has_dataset("lindau", "air"));
        assert!(tables("SELECT place FROM model.trips").has_models());
        assert_eq!(tables("SELECT 1 FROM bikes"), NamedTables::default());
    }

    #[test]
    fn a_text_that_is_no_query_is_refused() {
        for (sql, code) in [
            ("SELECT n FROM (bikes", "SQL_SYNTAX"),
            ("DROP TABLE bikes", "STATEMENT_NOT_ALLOWED"),
            ("SELECT 1; SELECT 2", "ONE_STATEMENT_ONLY"),
        ] {
            assert_eq!(parse(sql).unwrap_err().code.as_str(), code, "{sql}");
        }
    }
}
