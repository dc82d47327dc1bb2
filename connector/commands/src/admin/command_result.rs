//! The outcome of a verb.

use crate::admin::event_sink::ClientDisconnected;
use hansa_policy::refusal::{ErrorCode, Refusal};

/// The outcome of a verb: an exit status, or a refusal.
pub(crate) type CommandResult = Result<u8, CommandError>;

/// Why a verb stopped.
#[derive(Debug)]
pub(crate) enum CommandError {
    /// It was refused or failed.
    Refused(Box<Refusal>),
    /// Nobody reads any more.
    Gone,
}

impl From<Refusal> for CommandError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl From<ClientDisconnected> for CommandError {
    fn from(_: ClientDisconnected) -> Self {
        Self::Gone
    }
}

/// Several problems as one: the first, with the others and where they are as its help.
pub(crate) fn combined_refusal(problems: Vec<Refusal>) -> Refusal {
    let mut problems = problems.into_iter();
    let first = problems
        .next()
        .unwrap_or_else(|| Refusal::new(ErrorCode::Internal, "nothing says what is wrong"));
    problems.fold(first, |first, other| {
        let place = other
            .location
            .as_ref()
            .map_or_else(String::new, |location| {
                let line = location
                    .line
                    .map(|line| format!(":{line}"))
                    .unwrap_or_default();
                format!("{}{line}: ", location.file)
            });
        first.with_help(format!("also {place}{other}"))
    })
}
