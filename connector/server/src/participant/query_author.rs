//! For whom a question is asked.

use crate::participant::pseudonyms::Person;

/// For whom a question is asked, and what that may reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct QueryAuthor {
    /// The person; nobody in particular inside a command's own process.
    pub(crate) person: Option<Person>,
    /// The id of the access token that was presented, where one was.
    pub(crate) access_token: Option<String>,
}

impl QueryAuthor {
    /// A Unix user at the local socket, as the kernel names it.
    pub(crate) fn local(user: Option<u32>) -> Self {
        Self {
            person: user.map(Person::User),
            access_token: None,
        }
    }

    /// Whether the participant's own datasets are asked, too. Access tokens are for what others have given under contracts.
    pub(crate) const fn reaches_own_datasets(&self) -> bool {
        self.access_token.is_none()
    }
}
