//! Row scope of a question (`--since` and `--as-of`), and the token from which the next question continues.

use crate::question::continuation_token;
use crate::question::continuation_token::{ContinuationToken, TokenPart};
use crate::question::peer_query_client::PeerQueryClient;
use crate::question::peer_query_client::fragment_scope::FragmentRowScope;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_query::federation::federated_answer::ParticipantReport;
use hansa_query::federation::federated_query::FederatedQuery;
use hansa_query::federation::remote_query::{RemoteExecutor as _, RemoteQuery, RemoteQueryStatus};
use serde::Serialize;
use std::fmt;
use std::sync::Arc;

/// Requested rows of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestedRowScope {
    /// All rows.
    All,
    /// Rows that came after an answer.
    Since(ContinuationToken),
    /// Rows at an instant.
    AsOf(UtcTimestamp),
}

impl RequestedRowScope {
    /// Reads the two options.
    ///
    /// # Errors
    /// `USAGE_WRONG`.
    pub fn from_options(since: Option<&str>, as_of: Option<&str>) -> Result<Self, Refusal> {
        match (since, as_of) {
            (None, None) => Ok(Self::All),
            (Some(token), None) => token.parse().map(Self::Since),
            (None, Some(at)) => at.parse().map(Self::AsOf).map_err(|cause| {
                Refusal::new(ErrorCode::UsageWrong, format!("`{at}` is no instant"))
                    .with_help("write it in UTC: 2026-11-20T12:00:00Z")
                    .caused_by(cause)
            }),
            (Some(_), Some(_)) => Err(Refusal::new(
                ErrorCode::UsageWrong,
                "--since and --as-of exclude each other",
            )),
        }
    }

    /// Refuses a token of another question, because the new rows would be combined with rows of another meaning.
    ///
    /// # Errors
    /// `NOT_CONTINUED`.
    pub(crate) fn is_of(&self, asked: continuation_token::QueryFingerprint) -> Result<(), Refusal> {
        match self {
            Self::Since(token) if !token.is_of(asked) => Err(Refusal::new(
                ErrorCode::NotContinued,
                "the token belongs to another question, purpose or contract",
            )),
            _ => Ok(()),
        }
    }

    /// Returns the row scope of each part of a question.
    pub(crate) fn fragment_scope(&self, question: &FederatedQuery) -> FragmentRowScope {
        match self {
            Self::All => FragmentRowScope::All,
            Self::AsOf(at) => FragmentRowScope::AsOf(*at),
            Self::Since(token) => {
                let parts = token_parts(question)
                    .into_iter()
                    .zip(question.remote_queries());
                let parts = parts.filter_map(|(part, remote_query)| {
                    Some((remote_query.number, token.part_request(part)?))
                });
                FragmentRowScope::Since(parts.collect())
            }
        }
    }
}

/// Footer with the continuation token of an answer.
pub struct ContinuationFooter {
    parts: Vec<(TokenPart, Arc<RemoteQuery>)>,
    asked: continuation_token::QueryFingerprint,
    before: Option<ContinuationToken>,
    continues: bool,
    left_out: Vec<(ParticipantId, Refusal)>,
    query_client: Arc<PeerQueryClient>,
}

crate::debug_by_name!(ContinuationFooter);

impl ContinuationFooter {
    /// Query client of the question's parts.
    pub fn query_client(&self) -> Arc<PeerQueryClient> {
        Arc::clone(&self.query_client)
    }

    /// Makes the footer of a question that is about to be asked.
    pub(crate) fn new(
        asked: continuation_token::QueryFingerprint,
        question: &FederatedQuery,
        scope: &RequestedRowScope,
        query_client: Arc<PeerQueryClient>,
    ) -> Self {
        let remote_queries = question.remote_queries().iter().cloned();
        Self {
            parts: token_parts(question)
                .into_iter()
                .zip(remote_queries)
                .collect(),
            before: match scope {
                RequestedRowScope::Since(token) => Some(token.clone()),
                RequestedRowScope::All | RequestedRowScope::AsOf(_) => None,
            },
            asked,
            // A text that contains values of others would differ at the next time.
            continues: !matches!(scope, RequestedRowScope::AsOf(_))
                && question.has_stable_answer()
                && !question.waits_for_keys(),
            left_out: question.left_out().to_vec(),
            query_client,
        }
    }

    /// True if every earlier participant has reported no new rows. A missing participant makes an incomplete answer instead.
    pub(crate) fn nothing_came(&self) -> bool {
        let parts: Vec<TokenPart> = self.parts.iter().map(|(part, _)| *part).collect();
        let gone = self
            .before
            .as_ref()
            .map_or(0, |before| before.count_other_parts(&parts));
        if gone > 0 || !self.left_out.is_empty() {
            return false;
        }
        let came = self.query_client.answered_results();
        let quiet = |remote_query: &RemoteQuery| {
            came.get(&remote_query.number)
                .is_some_and(|came| came.quiet)
        };
        !self.parts.is_empty()
            && self
                .parts
                .iter()
                .all(|(_, remote_query)| quiet(remote_query))
    }

    /// The report where nothing came; the token stays good.
    pub fn quiet_report(&self) -> QuietReport {
        QuietReport {
            complete: true,
            rows: 0,
            nothing_new: true,
            token: self.before.as_ref().map(ToString::to_string),
        }
    }

    /// The report of where the next question goes on; none of an answer that nothing goes on from.
    pub fn continuation_report(&self, report: &ParticipantReport) -> Option<ContinuationReport> {
        let token = self.token(report)?;
        let continued = self.before.as_ref().map(|before| {
            let parts: Vec<TokenPart> = self.parts.iter().map(|(part, _)| *part).collect();
            let anew = self
                .parts
                .iter()
                .filter(|(part, _)| before.part_request(*part).is_none());
            ContinuedAnswer {
                nothing_new: false,
                from_the_beginning: anew.map(|(_, query)| query.format_relations()).collect(),
                left_out: before.count_other_parts(&parts),
            }
        });
        Some(ContinuationReport {
            token: token.to_string(),
            continued,
        })
    }

    /// Continuation token; `None` for an answer at an instant, or one that was not read to its end.
    fn token(&self, report: &ParticipantReport) -> Option<ContinuationToken> {
        if !self.continues || self.parts.is_empty() {
            return None;
        }
        let came = self.query_client.answered_results();
        let new = || ContinuationToken::of_question(self.asked);
        let mut token = self.before.clone().unwrap_or_else(new);
        let outcomes = report.outcomes();
        for (part, remote_query) in &self.parts {
            let outcome = outcomes
                .iter()
                .find(|one| one.remote_query.number == remote_query.number);
            match (
                outcome.map(|one| &one.status),
                came.get(&remote_query.number),
            ) {
                (Some(RemoteQueryStatus::Answered), Some(came)) if came.quiet => {}
                (Some(RemoteQueryStatus::Answered), Some(came)) => token.set(*part, came.request),
                // With `--partial`, a part may have failed; it continues from its earlier answer.
                (Some(RemoteQueryStatus::Failed(_)), _) => {}
                _ => return None,
            }
        }
        Some(token)
    }
}

/// The report of a continued question to which nothing came.
#[derive(Debug, Serialize)]
pub struct QuietReport {
    complete: bool,
    rows: u64,
    nothing_new: bool,
    token: Option<String>,
}

impl fmt::Display for QuietReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing came since\n")
    }
}

/// Where the next question goes on, below an answer.
#[derive(Debug, Serialize)]
pub struct ContinuationReport {
    token: String,
    #[serde(flatten)]
    continued: Option<ContinuedAnswer>,
}

/// An answer that continues an earlier one.
#[derive(Debug, Serialize)]
struct ContinuedAnswer {
    nothing_new: bool,
    /// The relations that were not in the earlier answer.
    from_the_beginning: Vec<String>,
    /// The number of datasets of the earlier answer that are not in this one.
    left_out: usize,
}

impl ContinuationReport {
    /// The token of the answer.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Warnings about datasets that came or went since the earlier answer.
    pub(crate) fn notices(&self) -> Vec<String> {
        let Some(continued) = &self.continued else {
            return Vec::new();
        };
        let anew = continued.from_the_beginning.iter().map(|relations| {
            format!("{relations} was not in the answer before: all of its rows are new")
        });
        let gone = (continued.left_out > 0).then(|| {
            let gone = continued.left_out;
            format!("{gone} of the datasets of the answer before are not in this one")
        });
        anew.chain(gone).collect()
    }
}

/// Asks every part whether something came, of a question that is another as a whole where something did.
///
/// # Errors
/// `NOT_CONTINUED` if rows came or the parts are unknown, and refusals of participants.
pub(crate) async fn all_quiet(
    question: &FederatedQuery,
    scope: &RequestedRowScope,
    query_client: &PeerQueryClient,
) -> Result<(), Refusal> {
    let anew = |what: &str| Err(Refusal::new(ErrorCode::NotContinued, what));
    if !question.has_stable_answer() {
        return anew("the question names the moment, so that its answer is another at every time");
    }
    let RequestedRowScope::Since(token) = scope else {
        return anew("nothing is named that it could go on from");
    };
    let parts = token_parts(question);
    let known = parts.iter().all(|part| token.part_request(*part).is_some());
    if !known || token.count_other_parts(&parts) > 0 || !question.left_out().is_empty() {
        return anew("the answer before was over other datasets");
    }
    for remote_query in question.remote_queries() {
        // If rows came, the first ones may be on their way; they are discarded.
        drop(query_client.fetch(RemoteQuery::clone(remote_query)).await?);
        let came = query_client.answered_results();
        if !came
            .get(&remote_query.number)
            .is_some_and(|came| came.quiet)
        {
            return anew(
                "something came, and the question puts rows together: the whole answer is another",
            );
        }
    }
    Ok(())
}

fn token_parts(question: &FederatedQuery) -> Vec<TokenPart> {
    TokenPart::from_queries(question.remote_queries().iter().map(AsRef::as_ref))
}
