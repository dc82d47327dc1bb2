//! The start of a question, as far as its first rows. It is asked again where that can't be noticed: at the turn of a contract, and
//! where a connector was replaced.

use crate::contract::clause_citation::cite;
use crate::participant::Connector;
use crate::question::answer_report;
use crate::question::continuation;
use crate::question::continuation::{ContinuationFooter, RequestedRowScope};
use crate::question::continuation_token;
use crate::question::contract_succession::{came_late, turns_soon};
use crate::question::peer_query_client::PeerQueryClient;
use crate::question::peer_query_client::contract_succession::{APART, PAUSE};
use crate::question::plan;
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

/// An answer that has begun.
pub struct StartedQuery {
    /// The answer; none where nothing came since the one before.
    pub answer: Option<FederatedAnswer>,
    /// Its first rows, if it has any.
    pub first: Option<RecordBatch>,
    /// The footer that tells where it goes on.
    pub continuation: ContinuationFooter,
    /// The datasets that it reads, as metadata of its rows.
    pub reads: HashMap<String, String>,
}

crate::debug_by_name!(StartedQuery);

/// An answer as far as its first rows, if it has any.
///
/// Shortly before one contract takes the place of another, the other may be in force already by the clock of who answers:
/// the question waits for the turn, before anything of it was asked. Just after it, who answers may not be there yet, and
/// the part that he refuses is asked again by itself; what others have answered is not. Whoever names a contract gets that
/// or none.
///
/// A question that was on its way for longer than that comes after the turn, under a contract that was replaced meanwhile:
/// it is asked anew under the newer one, as long as nothing of an answer was given to anybody.
///
/// So it is, once, where the answer of a participant broke off whose first rows had come: its connector was replaced, or fell.
///
/// # Errors
/// Why there is no answer.
pub async fn start_query(
    connector: &Arc<Connector>,
    text: &QueryText,
    (options, scope): (&QueryOptions, &RequestedRowScope),
    author: &QueryAuthor,
) -> Result<StartedQuery, Refusal> {
    let mut is_repeated = false;
    for _ in 0..AGAIN {
        match once(connector, text, (options, scope), author).await {
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
    once(connector, text, (options, scope), author).await
}

/// So often a question is asked anew that came after the turn.
const AGAIN: u8 = 4;

async fn once(
    connector: &Arc<Connector>,
    text: &QueryText,
    (options, scope): (&QueryOptions, &RequestedRowScope),
    author: &QueryAuthor,
) -> Result<StartedQuery, Refusal> {
    let mut question = plan(connector, text, options, author).await?;
    let mut left = 2 * APART / 250_000;
    while left > 0 && options.contracts.is_empty() && turns_soon(connector, &question) {
        left -= 1;
        tokio::time::sleep(PAUSE).await;
        question = plan(connector, text, options, author).await?;
    }
    let query_client = PeerQueryClient::new(connector, author)?.about(scope.about(&question));
    let query_client = Arc::new(query_client);
    let asked = continuation_token::QueryFingerprint::of(text.sql(), options);
    scope.is_of(asked)?;
    let footer = ContinuationFooter::of((asked, &question), scope, Arc::clone(&query_client));
    if matches!(scope, RequestedRowScope::Since(_)) && !question.is_additive() {
        // Nothing of it is put together from parts: either nothing came to any of them, or all is asked anew.
        continuation::all_quiet(&question, scope, &query_client)
            .await
            .map_err(|refusal| cite(connector, text.tables(), author, refusal))?;
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
            &reachable_tables::bounds(connector),
        )
        .await
        .map_err(|refusal| cite(connector, text.tables(), author, refusal))?;
    if matches!(scope, RequestedRowScope::Since(_)) {
        // Also who may be lacking: what can't go on there would never come.
        let outcomes = answer.report.outcomes().into_iter();
        let mut refused = outcomes.filter_map(|went| match went.status {
            RemoteQueryStatus::Failed(why) if why.code == ErrorCode::NotContinued => Some(*why),
            _ => None,
        });
        if let Some(why) = refused.next() {
            return Err(cite(connector, text.tables(), author, why));
        }
    }
    let first = answer.batches.next().await.transpose();
    let first = first.map_err(|refusal| cite(connector, text.tables(), author, refusal))?;
    let nothing = first.is_none() && footer.nothing_came();
    Ok(StartedQuery {
        answer: (!nothing).then_some(answer),
        first,
        continuation: footer,
        reads,
    })
}
