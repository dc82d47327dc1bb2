//! Terms 35 to 37: recorded and shown, not technically enforced.

use crate::term::Forbidden;

pub(super) fn plain_delete(days: u32) -> String {
    match days {
        1 => "what was received is deleted after one day".to_owned(),
        _ => format!("what was received is deleted after {days} days"),
    }
}

pub(super) fn plain_attribution(text: &str) -> String {
    format!("the source is named as \"{text}\"")
}

pub(super) fn plain_prohibit(what: Forbidden) -> String {
    match what {
        Forbidden::Distribute => "it is not passed on",
        Forbidden::Sell => "it is not sold",
        Forbidden::Derive => "no other works are derived from it",
    }
    .to_owned()
}

impl Forbidden {
    /// What is forbidden, in one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Distribute => "distribute",
            Self::Sell => "sell",
            Self::Derive => "derive",
        }
    }
}
