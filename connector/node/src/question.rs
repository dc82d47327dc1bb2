//! Workflow of a question that is asked here: gather its tables, plan it, query the participants, and report the result. Every
//! interface uses these functions: commands, Flight SQL, HTTP and partners.

pub mod answer_report;
pub mod continuation;
pub(crate) mod continuation_token;
mod contract_succession;
pub mod peer_query_client;
pub mod plain_columns;
pub(crate) mod prepared_tables;
pub mod query_author;
pub mod query_start;
pub mod reachable_tables;
mod snapshot_age;
pub mod unavailable_dataset;

use crate::contract::clause_citation::cite_clause;
use crate::contract::contract_state::ContractState;
use crate::participant::Connector;
use crate::process::blocking_work::run_blocking;
use crate::question::prepared_tables::PreparedStatement;
use crate::question::query_author::QueryAuthor;
use hansa_policy::id::ContractId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_query::federation::federated_query::FederatedQuery;
use hansa_query::federation::options::QueryOptions;
use hansa_query::federation::query_cache::PlanningSettings;
use hansa_query::federation::query_catalog::QueryCatalog;
use hansa_query::limits::SqlStatementLimits;
use hansa_query::sql::query_text::QueryText;
use std::sync::Arc;

/// The text of a question with the tables that it names, for the steps that follow.
///
/// # Errors
/// Why it is no question; those of [`QueryText::parse`].
pub async fn parse_query(connector: &Connector, sql: &str) -> Result<QueryText, Refusal> {
    let questions = &connector.queries.questions;
    questions.parse(sql, &SqlStatementLimits::default()).await
}

/// Plans a question over what its author may reach; nothing is asked.
///
/// # Errors
/// The reason why it can't be planned.
pub async fn plan_query(
    connector: &Arc<Connector>,
    text: &QueryText,
    options: &QueryOptions,
    author: &QueryAuthor,
) -> Result<FederatedQuery, Refusal> {
    let statement = PreparedStatement {
        sql: text.sql().to_owned(),
        options: options.clone(),
        author: author.clone(),
    };
    let prepared = &connector.queries.prepared_tables;
    let catalog = match prepared.take_catalog(&statement, connector.ticks()) {
        Some(catalog) => catalog,
        None => reachable_tables::gather_tables(connector, text.tables(), options, author).await?,
    };
    plan_or_explain(connector, &catalog, text, options, author).await
}

/// Plans a question that follows at once and uses the planned tables.
///
/// # Errors
/// The reason why it can't be planned.
pub async fn plan_ahead(
    connector: &Arc<Connector>,
    text: &QueryText,
    options: &QueryOptions,
    author: &QueryAuthor,
) -> Result<FederatedQuery, Refusal> {
    let now = connector.ticks();
    let catalog =
        reachable_tables::gather_tables(connector, text.tables(), options, author).await?;
    let question = plan_or_explain(connector, &catalog, text, options, author).await?;
    // For a program of a peer nothing is fetched: all that it may reach is here.
    if author.program().is_none() {
        let statement = PreparedStatement {
            sql: text.sql().to_owned(),
            options: options.clone(),
            author: author.clone(),
        };
        let prepared = &connector.queries.prepared_tables;
        prepared.store_catalog(statement, catalog, now);
    }
    Ok(question)
}

/// Plans a question over gathered tables. For a missing name, the refusal says why the table is not available now.
async fn plan_or_explain(
    connector: &Arc<Connector>,
    catalog: &QueryCatalog,
    text: &QueryText,
    options: &QueryOptions,
    author: &QueryAuthor,
) -> Result<FederatedQuery, Refusal> {
    let mut planned = plan_over(connector, catalog, text, options).await;
    // A contract that came into force after that look explains no name that the look missed.
    if planned.as_ref().is_err_and(is_unknown_name)
        && reachable_tables::is_outdated(connector, text.tables(), author, catalog)?
    {
        let newer =
            reachable_tables::gather_tables(connector, text.tables(), options, author).await?;
        planned = plan_over(connector, &newer, text, options).await;
    }
    let refusal = match planned {
        Ok(question) => return Ok(question),
        Err(refusal) => refusal,
    };
    let named = text.tables();
    // A name that was had until a contract ended is not an unknown name.
    let lapsed = if is_unknown_name(&refusal) {
        let damaged = author
            .reaches_own_datasets()
            .then(|| unavailable_dataset::damaged_dataset_refusal(connector, named));
        match damaged.flatten() {
            Some(damaged) => Some(damaged),
            None => match unavailable_dataset::lapsed_contract_refusal(connector, named, author)? {
                Some(lapsed) => Some(lapsed),
                None if author.program().is_some() => None,
                None => {
                    match unavailable_dataset::missing_contract_refusal(connector, named).await? {
                        Some(missing) => Some(missing),
                        None => reachable_tables::not_shown(connector, named)?,
                    }
                }
            },
        }
    } else {
        None
    };
    Err(match lapsed {
        Some(why) => why,
        None => cite_clause(connector, named, author, refusal),
    })
}

/// Plans a question over one set of gathered tables.
async fn plan_over(
    connector: &Arc<Connector>,
    catalog: &QueryCatalog,
    text: &QueryText,
    options: &QueryOptions,
) -> Result<FederatedQuery, Refusal> {
    let limits = SqlStatementLimits::default();
    let settings = PlanningSettings {
        options,
        limits: &limits,
    };
    let questions = &connector.queries.questions;
    if let Some(question) = questions.find_query(catalog, text.sql(), settings) {
        return Ok(question);
    }
    let (text, wanted, inner) = (text.clone(), options.clone(), Arc::clone(connector));
    let catalog = catalog.clone();
    run_blocking(move || {
        let settings = PlanningSettings {
            options: &wanted,
            limits: &limits,
        };
        let questions = &inner.queries.questions;
        questions.plan(catalog, text.sql(), settings, inner.now())
    })
    .await
}

/// Checks that a name of the question is unknown here, and that no participant has reported it.
fn is_unknown_name(refusal: &Refusal) -> bool {
    refusal.code == ErrorCode::DatasetUnknown && refusal.participant.is_none()
}

/// Returns the clauses of a contract or public view in plain language.
pub fn clause_texts(
    contracts: &ContractState,
    contract: ContractId,
) -> Option<Vec<(String, String)>> {
    contracts.with_registry(|registry| {
        registry.agreement(contract).map(|agreement| {
            agreement
                .clauses
                .iter()
                .map(|clause| (clause.id.to_string(), clause.term.to_english()))
                .collect()
        })
    })
}

/// Refusal of a reader that stops: unread rows would keep a slot that other questions wait for.
pub fn unread_rows_refusal(connector: &Connector) -> Refusal {
    Refusal::new(
        ErrorCode::ResourceLimit,
        format!(
            "no row was read for {} seconds",
            connector.query_limits().time.as_secs()
        ),
    )
}
