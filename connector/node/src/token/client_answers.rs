//! Answers that client programs read, by access token. Revoking a token ends its answers.

use hansa_policy::refusal::{ErrorCode, Refusal};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Running answers by access token.
#[derive(Debug, Default)]
pub struct ClientAnswers {
    running: Mutex<RunningAnswers>,
}

#[derive(Debug, Default)]
struct RunningAnswers {
    next: u64,
    by_token: BTreeMap<String, BTreeMap<u64, CancellationToken>>,
}

/// Running answer. Dropping it ends the count.
#[derive(Debug)]
pub struct ClientAnswerGuard {
    all: Arc<ClientAnswers>,
    token: String,
    number: u64,
    /// Token that is cancelled when the access token is revoked.
    pub ended: CancellationToken,
}

/// Most concurrent answers of one access token.
const EACH: usize = 8;

impl ClientAnswers {
    /// Adds an answer that begins.
    ///
    /// # Errors
    /// `TOO_MANY_STREAMS` if the access token has its most answers, or all together have `most`.
    pub fn begin_answer(
        self: &Arc<Self>,
        token: &str,
        most: usize,
    ) -> Result<ClientAnswerGuard, Refusal> {
        let mut running = self.running.lock();
        let all: usize = running.by_token.values().map(BTreeMap::len).sum();
        if all >= most {
            return Err(Refusal::new(
                ErrorCode::TooManyStreams,
                format!("{most} questions of programs run already"),
            )
            .with_help("ask again in a moment"));
        }
        let number = running.next;
        running.next = number.wrapping_add(1);
        let of_it = running.by_token.entry(token.to_owned()).or_default();
        if of_it.len() >= EACH {
            return Err(Refusal::new(
                ErrorCode::TooManyStreams,
                format!("{EACH} questions of this access token run already"),
            )
            .with_help("wait for one to end, or close it"));
        }
        let ended = CancellationToken::new();
        of_it.insert(number, ended.clone());
        Ok(ClientAnswerGuard {
            all: Arc::clone(self),
            token: token.to_owned(),
            number,
            ended,
        })
    }

    /// Ends the answers of an access token and returns their number.
    pub fn cut_token_answers(&self, token: &str) -> usize {
        let running = self.running.lock();
        let of_it = running.by_token.get(token);
        let of_it = of_it.map(|of_it| of_it.values().map(CancellationToken::cancel).count());
        of_it.unwrap_or(0)
    }
}

impl Drop for ClientAnswerGuard {
    fn drop(&mut self) {
        let mut running = self.all.running.lock();
        if let Some(of_it) = running.by_token.get_mut(&self.token) {
            of_it.remove(&self.number);
            if of_it.is_empty() {
                running.by_token.remove(&self.token);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_token_has_places_and_a_revoked_one_loses_its_answers() {
        let all = Arc::new(ClientAnswers::default());
        let mut held: Vec<_> = (0..EACH)
            .map(|_| all.begin_answer("a", 16).unwrap())
            .collect();
        let full = all.begin_answer("a", 16).unwrap_err();
        assert_eq!(full.code, ErrorCode::TooManyStreams);
        let other = all.begin_answer("b", 16).unwrap();
        assert!(all.begin_answer("c", EACH + 1).is_err());
        assert_eq!(all.cut_token_answers("a"), EACH);
        assert!(held.iter().all(|one| one.ended.is_cancelled()));
        assert!(!other.ended.is_cancelled());
        held.clear();
        assert_eq!(all.cut_token_answers("a"), 0);
        assert!(all.begin_answer("a", 16).is_ok());
    }
}
