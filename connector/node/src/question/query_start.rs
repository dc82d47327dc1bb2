//! Start of a question, until its first rows. The question is repeated if its author can't notice: at the succession of a contract,
//! and after the replacement of a connector.

use crate::contract::clause_citation::cite_clause;
use crate::participant::Connector;
use crate::question::answer_report;
use crate::question::continuation;
use crate::question::continuation::{ContinuationFooter, RequestedRowScope};
use crate::question::continuation_token;
use crate::question::contract_succession::{came_late, turns_soon};
use crate::question::peer_query_client::PeerQueryClient;
use crate::question::peer_query_client::contract_succession::{APART, PAUSE};
use crate::question::plan_query;
use crate::question::query_author::QueryAuthor;
use crate::question::reachable_tables;
use arrow_array::RecordBatch;
use futures::StreamExt as _;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_query::federation::federated_answer::FederatedAnswer;
use hansa_query::federation::options::QueryOptions;
use hansa_query::federation::remote_query::RemoteQueryStatus;
use hansa_query::sql::query_text::QueryText;
use std::collections::HashMap;
use std::sync::Arc;

/// Started answer.
pub struct StartedQuery {
    /// The answer; `None` if no rows came since the earlier answer.
    pub answer: Option<FederatedAnswer>,
    /// First rows, if any.
    pub first: Option<RecordBatch>,
    /// Footer with the continuation token.
    pub continuation: ContinuationFooter,
    /// Datasets that the question reads, as metadata of its rows.
    pub reads: HashMap<String, String>,
}

crate::debug_by_name!(StartedQuery);

/// Starts a question and returns the answer with its first rows, if any.
///
/// Shortly before a contract replaces another one, the new one may already be in force by the provider's clock, so the question
/// waits for the succession before any part is sent. Shortly afterwards, the provider's clock may be late; the refused part is then
/// repeated alone. A question that names a contract uses only that contract.
///
/// A question that takes longer arrives after the succession, under a replaced contract. It is asked again under the newer
/// contract, unless a part of the answer was already returned.
///
/// The question is also repeated, once, if an answer broke off after its first rows because the participant's connector was
/// replaced or failed.
///
/// # Errors
/// The reason why there is no answer.
pub async fn start_query(
    connector: &Arc<Connector>,
    text: &QueryText,
    options: &QueryOptions,
    scope: &RequestedRowScope,
    author: &QueryAuthor,
) -> Result<StartedQuery, Refusal> {
    let mut is_repeated = false;
    for _ in 0..AGAIN {
        match try_start(connector, text, options, scope, author).await {
            Err(refusal) if options.contracts.is_empty() && came_late(connector, &refusal) => {
                tokio::time::sleep(PAUSE).await;
            }
            Err(refusal)
                if matches!(refusal.code, ErrorCode::StreamCut | ErrorCode::Moved)
                    && !is_repeated =>
            {
                is_repeated = true;
            }
            begun => return begun,
        }
    }
    try_start(connector, text, options, scope, author).await
}

/// Most repetitions of a question after a succession.
const AGAIN: u8 = 4;

async fn try_start(
    connector: &Arc<Connector>,
    text: &QueryText,
    options: &QueryOptions,
    scope: &RequestedRowScope,
    author: &QueryAuthor,
) -> Result<StartedQuery, Refusal> {
    let mut question = plan_query(connector, text, options, author).await?;
    let mut left = 2 * APART / 250_000;
    while left > 0 && options.contracts.is_empty() && turns_soon(connector, &question) {
        left -= 1;
        tokio::time::sleep(PAUSE).await;
        question = plan_query(connector, text, options, author).await?;
    }
    let query_client =
        PeerQueryClient::new(connector, author)?.with_row_scope(scope.fragment_scope(&question));
    let query_client = Arc::new(query_client);
    let asked = continuation_token::QueryFingerprint::new(text.sql(), options);
    scope.is_of(asked)?;
    let footer = ContinuationFooter::new(asked, &question, scope, Arc::clone(&query_client));
    if matches!(scope, RequestedRowScope::Since(_)) && !question.is_additive() {
        // Such an answer is not combined from parts: either no part has new rows, or the whole question is asked again.
        continuation::all_quiet(&question, scope, &query_client)
            .await
            .map_err(|refusal| cite_clause(connector, text.tables(), author, refusal))?;
        return Ok(StartedQuery {
            answer: None,
            first: None,
            continuation: footer,
            reads: HashMap::new(),
        });
    }
    let reads = answer_report::reads_ahead(&question);
    let mut answer = question
        .run(
            Arc::<PeerQueryClient>::clone(&query_client),
            &connector.queries.query_runtime,
            &reachable_tables::query_limits(connector),
        )
        .await
        .map_err(|refusal| cite_clause(connector, text.tables(), author, refusal))?;
    if matches!(scope, RequestedRowScope::Since(_)) {
        // Also for participants that may be missing: a part that can't continue now never can.
        let outcomes = answer.report.outcomes().into_iter();
        let mut refused = outcomes.filter_map(|went| match went.status {
            RemoteQueryStatus::Failed(why) if why.code == ErrorCode::NotContinued => Some(*why),
            _ => None,
        });
        if let Some(why) = refused.next() {
            return Err(cite_clause(connector, text.tables(), author, why));
        }
    }
    let first = answer.batches.next().await.transpose();
    let first = first.map_err(|refusal| cite_clause(connector, text.tables(), author, refusal))?;
    let nothing = first.is_none() && footer.nothing_came();
    Ok(StartedQuery {
        answer: (!nothing).then_some(answer),
        first,
        continuation: footer,
        reads,
    })
}
