//! Which rows a messenger asks for, and what came of each part.

use super::Messenger;
use hansa_audit_log::time::Time;
use hansa_policy::ask::Rows;
use hansa_policy::id::RequestId;
use hansa_query::federate::errand::Errand;
use std::collections::BTreeMap;
use std::sync::{MutexGuard, PoisonError};

/// What came of an errand, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Came {
    /// The request to which it was given.
    pub(crate) request: RequestId,
    /// Nothing is new since the one before.
    pub(crate) quiet: bool,
}

/// Which rows a question is about, part by part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum About {
    /// All.
    #[default]
    All,
    /// Those that came since the answer of each part, by the number of the errand; all of a part that is not named.
    Since(BTreeMap<usize, RequestId>),
    /// Those that were there at this instant.
    AsOf(Time),
}

impl Messenger {
    /// The same, asking for these rows alone.
    pub(crate) fn about(mut self, about: About) -> Self {
        self.about = about;
        self
    }

    /// What came of each errand that was answered.
    pub(crate) fn came(&self) -> BTreeMap<usize, Came> {
        self.held().clone()
    }

    pub(super) fn held(&self) -> MutexGuard<'_, BTreeMap<usize, Came>> {
        self.came.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn rows(&self, errand: &Errand) -> Rows {
        match &self.about {
            About::All => Rows::All,
            About::AsOf(at) => Rows::AsOf(*at),
            About::Since(parts) => match parts.get(&errand.number) {
                Some(request) => Rows::Since(*request),
                None => Rows::All,
            },
        }
    }
}
