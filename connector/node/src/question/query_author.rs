//! For whom a question is asked.

use crate::participant::pseudonyms::Person;
use hansa_policy::id::ParticipantId;
use hansa_policy::peer::VerifiedPeer;

/// For whom a question is asked, and what that may reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueryAuthor {
    /// Somebody of this house.
    House {
        /// The person; nobody in particular inside a command's own process.
        person: Option<Person>,
        /// The id of the access token that was presented, where one was.
        access_token: Option<String>,
    },
    /// A program of a participant that has no connector in between: it reaches what we give to that participant.
    Program(VerifiedPeer),
}

impl QueryAuthor {
    /// A Unix user at the local socket, as the kernel names it.
    pub fn local(user: Option<u32>) -> Self {
        Self::House {
            person: user.map(Person::User),
            access_token: None,
        }
    }

    /// Whether the participant's own datasets are asked, too. Access tokens are for what others have given under contracts.
    pub(crate) const fn reaches_own_datasets(&self) -> bool {
        matches!(
            self,
            Self::House {
                access_token: None,
                ..
            }
        )
    }

    /// The program that asks, where no connector of the consumer does.
    pub const fn program(&self) -> Option<&VerifiedPeer> {
        match self {
            Self::House { .. } => None,
            Self::Program(program) => Some(program),
        }
    }

    /// The consumer of the contracts under which is asked, where `own` asks by itself.
    pub fn consumer(&self, own: ParticipantId) -> ParticipantId {
        match self {
            Self::House { .. } => own,
            Self::Program(program) => program.id().clone(),
        }
    }
}
