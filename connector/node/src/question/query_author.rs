//! Author of a question.

use crate::participant::caller::Caller;
use crate::participant::pseudonyms::Person;
use hansa_policy::id::ParticipantId;
use hansa_policy::peer::VerifiedPeer;

/// Author of a question, which decides on the reachable datasets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueryAuthor {
    /// User of this participant.
    House {
        /// Person; `None` within a command's own process.
        person: Option<Person>,
        /// ID of the presented access token, if any.
        access_token: Option<String>,
    },
    /// Program of a participant without a connector. It reaches the datasets under that participant's contracts with this one.
    Program(VerifiedPeer),
}

impl QueryAuthor {
    /// Returns the author for whoever gives a command.
    pub fn from_caller(caller: &Caller) -> Self {
        Self::House {
            person: caller.person(),
            access_token: None,
        }
    }

    /// True if own datasets are reachable. Access tokens reach only datasets of others under contracts.
    pub(crate) const fn reaches_own_datasets(&self) -> bool {
        matches!(
            self,
            Self::House {
                access_token: None,
                ..
            }
        )
    }

    /// Program that asks instead of the consumer's connector, if any.
    pub const fn program(&self) -> Option<&VerifiedPeer> {
        match self {
            Self::House { .. } => None,
            Self::Program(program) => Some(program),
        }
    }

    /// Consumer of the contracts of the question; `own` if this participant asks.
    pub fn consumer(&self, own: ParticipantId) -> ParticipantId {
        match self {
            Self::House { .. } => own,
            Self::Program(program) => program.id().clone(),
        }
    }
}
