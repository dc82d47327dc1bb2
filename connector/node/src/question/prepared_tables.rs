//! Tables of statements that client programs have prepared, so that the question that follows at once does not fetch the catalogs
//! again.

use crate::question::query_author::QueryAuthor;
use hansa_query::federation::options::QueryOptions;
use hansa_query::federation::query_catalog::QueryCatalog;
use parking_lot::Mutex;
use std::collections::VecDeque;

/// Tables of the newest prepared statements that were not asked yet.
#[derive(Debug, Default)]
pub(crate) struct PreparedTables {
    held: Mutex<VecDeque<PreparedStatementTables>>,
}

#[derive(Debug)]
struct PreparedStatementTables {
    statement: PreparedStatement,
    catalog: QueryCatalog,
    /// Time on the monotonic clock, in microseconds.
    gathered_at: i64,
}

/// Prepared statement of one author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PreparedStatement {
    /// SQL text, with the values of its parameters.
    pub(crate) sql: String,
    /// Options of the question.
    pub(crate) options: QueryOptions,
    /// Author of the question.
    pub(crate) author: QueryAuthor,
}

impl PreparedTables {
    /// Stores the tables of a statement for the next question. Incomplete tables are not stored, because an unreachable participant
    /// may be back.
    pub(crate) fn store_catalog(
        &self,
        statement: PreparedStatement,
        catalog: QueryCatalog,
        now: i64,
    ) {
        if !catalog.is_complete() {
            return;
        }
        let mut held = self.held.lock();
        held.retain(|one| one.is_fresh(now) && one.statement != statement);
        if held.len() >= MOST_STATEMENTS {
            held.pop_front();
        }
        held.push_back(PreparedStatementTables {
            statement,
            catalog,
            gathered_at: now,
        });
    }

    /// Takes the tables of a statement out, so that only one question uses them. A repeated question gathers them again.
    pub(crate) fn take_catalog(
        &self,
        statement: &PreparedStatement,
        now: i64,
    ) -> Option<QueryCatalog> {
        let mut held = self.held.lock();
        held.retain(|one| one.is_fresh(now));
        let index = held.iter().position(|one| one.statement == *statement)?;
        held.remove(index).map(|one| one.catalog)
    }
}

impl PreparedStatementTables {
    fn is_fresh(&self, now: i64) -> bool {
        now.saturating_sub(self.gathered_at) < LONGEST
    }
}

/// Most stored statements.
const MOST_STATEMENTS: usize = 64;

/// Longest storage, in microseconds: a program asks a prepared statement at once. If a contract ends meanwhile, its provider
/// refuses.
const LONGEST: i64 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(sql: &str, person: Option<&str>) -> PreparedStatement {
        PreparedStatement {
            sql: sql.to_owned(),
            options: QueryOptions::default(),
            author: QueryAuthor::House {
                person: None,
                access_token: person.map(str::to_owned),
            },
        }
    }

    #[test]
    fn tables_are_taken_once_and_soon_by_who_prepared_them() {
        let tables = PreparedTables::default();
        let (one, other) = (
            statement("SELECT 1", Some("a")),
            statement("SELECT 2", Some("a")),
        );
        let catalog = || QueryCatalog::new(Vec::new());
        tables.store_catalog(one.clone(), catalog(), 0);
        assert_eq!(tables.take_catalog(&other, 1), None);
        assert_eq!(
            tables.take_catalog(&statement("SELECT 1", Some("b")), 1),
            None
        );
        assert_eq!(tables.take_catalog(&statement("SELECT 1", None), 1), None);
        assert!(tables.take_catalog(&one, 1).is_some());
        assert_eq!(tables.take_catalog(&one, 1), None);
        tables.store_catalog(one.clone(), catalog(), 0);
        assert_eq!(tables.take_catalog(&one, LONGEST), None);
        for number in 0..=MOST_STATEMENTS {
            tables.store_catalog(statement(&number.to_string(), None), catalog(), 0);
        }
        assert_eq!(tables.take_catalog(&statement("0", None), 0), None);
        assert!(tables.take_catalog(&statement("1", None), 0).is_some());
    }
}
