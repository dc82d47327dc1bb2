//! Identities of past questions. Each question is answered once.

use crate::participant::Connector;
use crate::process::blocking_work::run_waiting;
use hansa_policy::id::{ParticipantId, RequestId};
use hansa_policy::refusal::Refusal;
use hansa_store::state_index::StateIndex;

/// Most question identities kept in memory.
const MOST_ASKED: usize = 65_536;

impl Connector {
    /// Notes the identity of a question. Returns false if the question was asked before.
    ///
    /// # Errors
    /// If the index can't be read.
    pub(crate) fn first_time(
        &self,
        request: RequestId,
        peer: &ParticipantId,
    ) -> Result<bool, Refusal> {
        let mut asked = self.accounting.answered_requests.lock();
        if asked.len() >= MOST_ASKED {
            drop(asked);
            return run_waiting(|| self.note_request_after_clearing(request, peer));
        }
        if !asked.insert((request, peer.clone())) {
            return Ok(false);
        }
        drop(asked);
        let is_new = |state: &StateIndex| {
            let known = state.knows_request(&request.to_string(), peer.as_str())?;
            Ok(!known)
        };
        match self.records.state.try_lock() {
            // The lookup is shorter than moving the other work of this thread elsewhere.
            Some(state) => is_new(&state),
            None => run_waiting(|| is_new(&self.records.lock_index())),
        }
    }

    /// Notes the identity after clearing the full list in memory.
    fn note_request_after_clearing(
        &self,
        request: RequestId,
        peer: &ParticipantId,
    ) -> Result<bool, Refusal> {
        let mut asked = self.accounting.answered_requests.lock();
        if asked.len() >= MOST_ASKED {
            // Brings the index up to date with the identities that are cleared here.
            self.records.index(|_| Ok(()))?;
            asked.clear();
        }
        if !asked.insert((request, peer.clone())) {
            return Ok(false);
        }
        drop(asked);
        self.records
            .lock_index()
            .knows_request(&request.to_string(), peer.as_str())
            .map(|known| !known)
    }
}
