//! Each question is answered once: the identities of those that were asked.

use crate::participant::Connector;
use crate::process::blocking_work::waiting;
use hansa_policy::id::{ParticipantId, RequestId};
use hansa_policy::refusal::Refusal;
use hansa_store::state_index::StateIndex;

/// The most identities of questions that are kept in memory.
const MOST_ASKED: usize = 65_536;

impl Connector {
    /// Notes a question's identity; false when it was asked before.
    ///
    /// # Errors
    /// When the index can't be read.
    pub(crate) fn first_time(
        &self,
        request: RequestId,
        peer: &ParticipantId,
    ) -> Result<bool, Refusal> {
        let mut asked = self.accounting.answered_requests.lock();
        if asked.len() >= MOST_ASKED {
            drop(asked);
            return waiting(|| self.note_request_after_clearing(request, peer));
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
            // To look one question up takes less time than to hand on what else this thread does.
            Some(state) => is_new(&state),
            None => waiting(|| is_new(&self.records.lock_index())),
        }
    }

    /// The same where what was asked is to be forgotten first.
    fn note_request_after_clearing(
        &self,
        request: RequestId,
        peer: &ParticipantId,
    ) -> Result<bool, Refusal> {
        let mut asked = self.accounting.answered_requests.lock();
        if asked.len() >= MOST_ASKED {
            // The index knows what is forgotten here.
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
