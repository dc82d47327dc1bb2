//! Cache of planned questions. A plan is valid as long as the query catalog is equal. Permissions are not cached: the provider
//! decides each remote query anew, and the consumer checks its contracts before each one.

use super::federated_query::FederatedQuery;
use super::query_catalog::QueryCatalog;
use crate::federation::options::QueryOptions;
use crate::limits::SqlStatementLimits;
use crate::plan_cache::PlanCache;
use crate::sql::logical_plan_cache::{LONGEST, tells_time};
use crate::sql::query_text::QueryText;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::refusal::Refusal;

/// The texts that were parsed last, and the questions that were planned last.
#[derive(Debug)]
pub struct FederatedQueryCache {
    texts: PlanCache<QueryTextKey, QueryText>,
    queries: PlanCache<FederatedQueryKey, FederatedQuery>,
}

#[derive(Debug)]
struct QueryTextKey {
    sql: String,
    limits: SqlStatementLimits,
}

#[derive(Debug)]
struct FederatedQueryKey {
    sql: String,
    options: QueryOptions,
    limits: SqlStatementLimits,
    catalog: QueryCatalog,
}

/// The settings by which a text is planned.
#[derive(Debug, Clone, Copy)]
pub struct PlanningSettings<'s> {
    /// Those of the question.
    pub options: &'s QueryOptions,
    /// Those of its text.
    pub limits: &'s SqlStatementLimits,
}

impl Default for FederatedQueryCache {
    fn default() -> Self {
        Self {
            texts: PlanCache::new(MOST),
            queries: PlanCache::new(MOST),
        }
    }
}

impl FederatedQueryCache {
    /// The text of a question with the tables that it names. A short text is found from then on.
    ///
    /// # Errors
    /// Those of [`QueryText::parse`].
    pub async fn parse(
        &self,
        sql: &str,
        limits: &SqlStatementLimits,
    ) -> Result<QueryText, Refusal> {
        let is_same = |kept: &QueryTextKey| kept.sql == sql && kept.limits == *limits;
        if let Some(text) = self.texts.find_plan(is_same) {
            return Ok(text);
        }
        let text = QueryText::parse(sql, limits).await?;
        if sql.len() <= LONGEST {
            let key = QueryTextKey {
                sql: sql.to_owned(),
                limits: *limits,
            };
            self.texts.keep(key, text.clone(), |_, _| false);
        }
        Ok(text)
    }

    /// What the same text was planned to, with the same options, over the same tables: each with its contract, columns, snapshot
    /// and figures, compared as a whole, and so with what is lacking and why. None where it is to be planned.
    #[must_use]
    pub fn find_query(
        &self,
        catalog: &QueryCatalog,
        sql: &str,
        settings: PlanningSettings<'_>,
    ) -> Option<FederatedQuery> {
        self.queries.find_plan(|kept| {
            kept.sql == sql
                && kept.options == *settings.options
                && kept.limits == *settings.limits
                && kept.catalog == *catalog
        })
    }

    /// Plans a question as [`QueryCatalog::plan`] does, and caches the result if it is small and independent of the current time.
    ///
    /// # Errors
    /// As [`QueryCatalog::plan`].
    pub fn plan(
        &self,
        catalog: QueryCatalog,
        sql: &str,
        settings: PlanningSettings<'_>,
        now: UtcTimestamp,
    ) -> Result<FederatedQuery, Refusal> {
        let PlanningSettings { options, limits } = settings;
        let question = catalog.plan(sql, options, limits, now)?;
        let is_small =
            catalog.size() <= TABLES && question.remote_queries().len() <= REMOTE_QUERIES;
        if is_small && sql.len() <= LONGEST && !tells_time(sql) {
            let key = FederatedQueryKey {
                sql: sql.to_owned(),
                options: options.clone(),
                limits: *limits,
                catalog,
            };
            // Of what was planned over other tables nothing is asked any more.
            self.queries.keep(key, question.clone(), |kept, new| {
                kept.sql == new.sql && kept.options == new.options
            });
        }
        Ok(question)
    }
}

/// Maximum number of cached questions.
const MOST: usize = 64;

/// Maximum number of tables of a cached question, since it holds all tables of its catalog.
const TABLES: usize = 256;

/// Maximum number of remote queries of a cached question.
const REMOTE_QUERIES: usize = 64;

#[cfg(test)]
mod tests {
    use super::super::tests::FederationFixture;
    use super::{FederatedQueryCache, MOST, PlanningSettings};
    use crate::federation::federated_query::FederatedQuery;
    use crate::federation::options::QueryOptions;
    use crate::federation::query_catalog::{QueryCatalog, UnavailableTable};
    use crate::federation::table::RemoteTable;
    use crate::limits::SqlStatementLimits;
    use hansa_audit_log::time::UtcTimestamp;
    use hansa_policy::refusal::{ErrorCode, Refusal};
    use std::sync::Arc;

    const SQL: &str = "SELECT place, count(*) AS c FROM model.trips GROUP BY place";

    /// Change of a table, with its name.
    type Change = (&'static str, fn(&mut RemoteTable));

    /// Returns the question, and a flag that it was cached.
    fn asked(
        questions: &FederatedQueryCache,
        catalog: &QueryCatalog,
        sql: &str,
        options: &QueryOptions,
    ) -> (bool, FederatedQuery) {
        let limits = &SqlStatementLimits::default();
        let settings = PlanningSettings { options, limits };
        match questions.find_query(catalog, sql, settings) {
            Some(question) => (true, question),
            None => {
                let now = UtcTimestamp::from_micros(1_795_162_000_000_000).unwrap();
                let planned = questions.plan(catalog.clone(), sql, settings, now);
                (false, planned.unwrap())
            }
        }
    }

    fn is_found(
        questions: &FederatedQueryCache,
        catalog: &QueryCatalog,
        sql: &str,
        options: &QueryOptions,
    ) -> bool {
        asked(questions, catalog, sql, options).0
    }

    #[test]
    fn a_question_is_planned_anew_where_anything_is_another() {
        let mut fixture = FederationFixture::new();
        let (questions, any) = (FederatedQueryCache::default(), QueryOptions::default());
        let catalog = fixture.home();
        let (found, first) = asked(&questions, &catalog, SQL, &any);
        let (again, second) = asked(&questions, &fixture.home(), SQL, &any);
        assert_eq!((found, again), (false, true));
        assert!(Arc::ptr_eq(
            &first.remote_queries()[0],
            &second.remote_queries()[0]
        ));

        let partial = QueryOptions {
            partial: true,
            ..QueryOptions::default()
        };
        assert!(!is_found(&questions, &catalog, SQL, &partial));
        assert!(is_found(&questions, &catalog, SQL, &any));
        let lacks = catalog.clone().that_lacks(vec![UnavailableTable {
            participant: "hansa://bern.example".parse().unwrap(),
            alias: None,
            dataset: None,
            model: Some("bikes".to_owned()),
            why: Refusal::new(ErrorCode::PeerUnreachable, "it is away"),
        }]);
        assert!(!is_found(&questions, &lacks, SQL, &any));

        // Each possible change of a table, and nothing else.
        let changes: [Change; 6] = [
            ("snapshot", |table| {
                table.snapshot = "2026-11-21.1".to_owned()
            }),
            ("contract", |table| table.contract = None),
            ("rows", |table| table.rows += 1),
            ("barred", |table| {
                table.barred = Some(Refusal::new(ErrorCode::PurposeUnknown, "not for this"));
            }),
            ("masked", |table| {
                table.masked.insert("n".parse().unwrap());
            }),
            ("own", |table| {
                table.own.insert("id".to_owned(), "trips".to_owned());
            }),
        ];
        let elsewhere = "SELECT count(*) AS c FROM zurich.sites";
        for (what, change) in changes {
            asked(&questions, &fixture.home(), elsewhere, &any);
            assert!(
                is_found(&questions, &fixture.home(), elsewhere, &any),
                "{what}"
            );
            change(&mut fixture.tables[0]);
            assert!(
                !is_found(&questions, &fixture.home(), elsewhere, &any),
                "{what}"
            );
        }
    }

    #[test]
    fn what_tells_the_moment_is_planned_each_time_and_no_more_are_kept_than_so_many() {
        let fixture = FederationFixture::new();
        let (questions, any, catalog) = (
            FederatedQueryCache::default(),
            QueryOptions::default(),
            fixture.home(),
        );
        let moment = "SELECT now() AS x, n FROM zurich.trips";
        assert!(!is_found(&questions, &catalog, moment, &any));
        assert!(!is_found(&questions, &catalog, moment, &any));
        assert_eq!(questions.queries.use_counts().len(), 0);
        for number in 0..MOST + 8 {
            let sql = format!("SELECT n + {number} AS x FROM zurich.trips");
            assert!(!is_found(&questions, &catalog, &sql, &any));
        }
        assert_eq!(questions.queries.use_counts().len(), MOST);
    }
}
