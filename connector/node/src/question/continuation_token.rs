//! Continuation token of an answer. It names the state after which the next answer begins, so that each row comes once.
//!
//! The token contains the question's fingerprint and, for each part, the request that a participant answered. The participant knows
//! the details from its own log, so the token reveals nothing beyond the answer and is useless to others.

use hansa_audit_log::digest::Digest;
use hansa_policy::id::RequestId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_query::federation::options::QueryOptions;
use hansa_query::federation::remote_query::RemoteQuery;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// Continuation token of an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContinuationToken {
    question: QueryFingerprint,
    parts: BTreeMap<TokenPart, RequestId>,
}

/// Fingerprint of a question: its text, purpose, and contracts if named.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct QueryFingerprint([u8; PART]);

/// Part of a question: the participant and datasets, with a number if several parts have equal ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TokenPart([u8; PART]);

const PART: usize = 8;
const REQUEST: usize = 16;
const CHECK: usize = 4;

impl TokenPart {
    /// Parts of these remote queries, in order.
    pub(crate) fn from_queries<'e>(
        remote_queries: impl IntoIterator<Item = &'e RemoteQuery>,
    ) -> Vec<Self> {
        let mut seen: BTreeMap<String, u64> = BTreeMap::new();
        let named = |remote_query: &RemoteQuery| {
            let mut text = format!("{}\n", remote_query.participant);
            for reading in &remote_query.reads {
                text.push_str(&format!("{}\n", reading.dataset));
            }
            text
        };
        let part = |remote_query| {
            let text = named(remote_query);
            let before = seen.entry(text.clone()).or_default();
            let digest = Digest::of(format!("part/1\n{text}{before}").as_bytes());
            *before = before.saturating_add(1);
            Self(first_bytes(digest))
        };
        remote_queries.into_iter().map(part).collect()
    }
}

impl QueryFingerprint {
    /// Returns the fingerprint of a question.
    pub(crate) fn new(text: &str, options: &QueryOptions) -> Self {
        let QueryOptions {
            purpose,
            contracts,
            // With equal contracts, the datasets are equal.
            among_several: _,
            kinds,
            // A missing participant is asked later for all its new rows.
            partial: _,
            // The distribution of remote queries does not change the question.
            settled: _,
        } = options;
        let digest = Digest::of(text.as_bytes());
        let mut rest = format!("question/1\n{digest}\n{purpose:?}\n{contracts:?}");
        if !kinds.is_empty() {
            rest.push_str(&format!("\n{kinds:?}"));
        }
        Self(first_bytes(Digest::of(rest.as_bytes())))
    }
}

impl ContinuationToken {
    /// Makes a token of a question without answers.
    pub(crate) const fn of_question(question: QueryFingerprint) -> Self {
        Self {
            question,
            parts: BTreeMap::new(),
        }
    }

    /// Checks that the token belongs to a question.
    pub(crate) fn is_of(&self, question: QueryFingerprint) -> bool {
        self.question == question
    }

    /// Request from which a part continues.
    pub(crate) fn part_request(&self, part: TokenPart) -> Option<RequestId> {
        self.parts.get(&part).copied()
    }

    /// Sets the request from which a part continues.
    pub(crate) fn set(&mut self, part: TokenPart, request: RequestId) {
        self.parts.insert(part, request);
    }

    /// Number of parts in the token that are not in `parts`.
    pub(crate) fn count_other_parts(&self, parts: &[TokenPart]) -> usize {
        let all = self.parts.keys();
        all.filter(|part| !parts.contains(part)).count()
    }

    fn to_bytes(&self) -> Vec<u8> {
        let pairs = self.parts.iter();
        let pairs = pairs.flat_map(|(part, request)| part.0.into_iter().chain(request.0));
        self.question.0.into_iter().chain(pairs).collect()
    }
}

impl fmt::Display for ContinuationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.to_bytes();
        let check = token_checksum(&bytes);
        bytes.extend(check);
        write!(f, "{VERSION}{}", hansa_proto::base64url::encode(&bytes))
    }
}

impl FromStr for ContinuationToken {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let unread = || {
            let sentence = "the token is cut off, or none of an answer";
            Refusal::new(ErrorCode::UsageWrong, sentence)
                .with_help("copy it whole, as it stands below the answer")
        };
        let encoded = text.trim().strip_prefix(VERSION).ok_or_else(unread)?;
        let bytes = hansa_proto::base64url::decode(encoded).ok_or_else(unread)?;
        let (named, found) = bytes.split_last_chunk::<CHECK>().ok_or_else(unread)?;
        if token_checksum(named) != *found {
            return Err(unread());
        }
        let (question, mut rest) = named.split_first_chunk::<PART>().ok_or_else(unread)?;
        let mut token = Self::of_question(QueryFingerprint(*question));
        while let Some((part, after)) = rest.split_first_chunk::<PART>() {
            let (request, after) = after.split_first_chunk::<REQUEST>().ok_or_else(unread)?;
            token.set(TokenPart(*part), RequestId(*request));
            rest = after;
        }
        if rest.is_empty() && token.to_bytes() == named {
            Ok(token)
        } else {
            Err(unread())
        }
    }
}

fn first_bytes(digest: Digest) -> [u8; PART] {
    *digest.as_bytes().first_chunk().unwrap_or(&[0; PART])
}

fn token_checksum(named: &[u8]) -> [u8; CHECK] {
    let digest = Digest::of_parts(&[b"token/1\n", named]);
    *digest.as_bytes().first_chunk().unwrap_or(&[0; CHECK])
}

const VERSION: &str = "t1.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_it_was_written_or_not_at_all() {
        let question = |text: &str| QueryFingerprint::new(text, &QueryOptions::default());
        assert_ne!(question("SELECT 1"), question("SELECT 2"));
        let mut token = ContinuationToken::of_question(question("SELECT 1"));
        assert_eq!(
            token.to_string().parse::<ContinuationToken>().unwrap(),
            token
        );
        for number in 0..3_u8 {
            token.set(
                TokenPart([number; PART]),
                RequestId([number + 100; REQUEST]),
            );
        }
        let text = token.to_string();
        assert_eq!(text.parse::<ContinuationToken>().unwrap(), token);
        for cut in 0..text.len() {
            assert!(text[..cut].parse::<ContinuationToken>().is_err(), "{cut}");
        }
        for other in [
            format!("{text}AAAA"),
            text.replace("t1.", "t2."),
            text.to_lowercase(),
        ] {
            assert!(other.parse::<ContinuationToken>().is_err(), "{other}");
        }
    }
}
