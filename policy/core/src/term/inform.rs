//! Term 41: of what the parties tell each other. Where the clause says who is told, the provider's connector does it;
//! without that it is recorded and shown.

use super::odrl::{iris, set, with, word};
use super::rule::{
    ClauseSubject, DemandKind, EnforcementPoint, OdrlPosition, OdrlReader, OdrlWriter, TermRule,
    TermSpec,
};
use super::tightness_order::subset;
use crate::refusal::{ErrorCode, Refusal};
use hansa_audit_log::json::Json;
use std::cmp::Ordering;

/// Term 41: of what one party tells the other.
pub(super) struct InformTerm<'a>(pub(super) &'a [InformEvent]);

/// Of what one party tells the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum InformEvent {
    /// The first question under the contract.
    FirstUse,
    /// A question was refused.
    Refusal,
    /// The dataset's schema changes.
    SchemaChange,
}

impl InformEvent {
    /// Every event.
    pub const ALL: [Self; 3] = [Self::FirstUse, Self::Refusal, Self::SchemaChange];

    /// Of what, in one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FirstUse => "first-use",
            Self::Refusal => "refusal",
            Self::SchemaChange => "schema-change",
        }
    }
}

const EVENTS: [(&str, InformEvent); 3] = [
    ("h:firstUse", InformEvent::FirstUse),
    ("h:refusal", InformEvent::Refusal),
    ("h:schemaChange", InformEvent::SchemaChange),
];

pub(super) static TELL: TermSpec = TermSpec {
    numbers: &[41],
    name: "inform",
    position: OdrlPosition::Duty,
    operand: "inform",
    operators: &[],
    executed: &[EnforcementPoint::Recorded],
    codes: &[],
    nature: DemandKind::Technical,
    hides_rows: false,
    remedy: "tell the other party; nothing is sent by itself",
    test: "every_term_has_a_sentence_of_its_own",
};

impl TermRule for InformTerm<'_> {
    fn spec(&self) -> &'static TermSpec {
        &TELL
    }

    fn odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        let events = self.0.iter().map(|event| word(&EVENTS, event));
        Json::object([
            ("h:when", Json::text("h:always")),
            ("h:event", iris(events)),
        ])
    }

    fn canonical(&self) -> Json {
        let names: Vec<&str> = self.0.iter().map(|event| event.as_str()).collect();
        set(&names)
    }

    fn decides(&self) -> Option<ClauseSubject> {
        Some(ClauseSubject::Kind("inform"))
    }
}

/// Term 41, executed: of what the provider's connector tells whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationTerm {
    /// Of what.
    pub events: Vec<InformEvent>,
    /// Whom.
    pub recipients: Vec<Recipient>,
}

/// A party that is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Recipient {
    /// Who gives.
    Provider,
    /// Who receives.
    Consumer,
}

impl Recipient {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Provider, Self::Consumer];

    /// Which, in one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Consumer => "consumer",
        }
    }
}

const SIDES: [(&str, Recipient); 2] = [
    ("h:assigner", Recipient::Provider),
    ("h:assignee", Recipient::Consumer),
];

pub(super) static NOTIFY: TermSpec = TermSpec {
    numbers: &[41],
    name: "notify",
    position: OdrlPosition::Duty,
    operand: "inform",
    operators: &[],
    executed: &[EnforcementPoint::Ledger],
    codes: &[ErrorCode::NoticeUndeliverable],
    nature: DemandKind::Technical,
    hides_rows: false,
    remedy: "people are told as [notice] says; what can't be delivered is shown by hansa status",
    test: "what_happens_is_reported_once_on_both_sides",
};

impl TermRule for NotificationTerm {
    fn spec(&self) -> &'static TermSpec {
        &NOTIFY
    }

    fn odrl(&self, script: &mut OdrlWriter<'_>) -> Json {
        let whom = self.recipients.iter().map(|side| word(&SIDES, side));
        with(
            InformTerm(&self.events).odrl(script),
            [("informedParty", iris(whom))],
        )
    }

    fn canonical(&self) -> Json {
        let whom: Vec<&str> = self.recipients.iter().map(|side| side.as_str()).collect();
        Json::object([
            ("of", InformTerm(&self.events).canonical()),
            ("whom", set(&whom)),
        ])
    }

    fn decides(&self) -> Option<ClauseSubject> {
        Some(ClauseSubject::Kind("notify"))
    }
}

impl NotificationTerm {
    /// How it compares with another: less is tighter.
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        // Who is told of more lets out nothing less; it is only another clause.
        let same = subset(&self.events, &other.events) == Some(Ordering::Equal)
            && subset(&self.recipients, &other.recipients) == Some(Ordering::Equal);
        same.then_some(Ordering::Equal)
    }
}

/// Reads of what somebody is told, and who where the form says so.
pub(super) fn read(
    form: &mut OdrlReader<'_>,
) -> Result<(Vec<InformEvent>, Option<Vec<Recipient>>), Refusal> {
    form.when("h:always")?;
    let whom = if form.members.has("informedParty") {
        let list = form.iris("informedParty")?;
        let list = list.iter().map(|one| form.one_of(&SIDES, one, "party"));
        Some(list.collect::<Result<Vec<_>, _>>()?)
    } else {
        None
    };
    let list = form.iris("h:event")?;
    let list = list.iter().map(|one| form.one_of(&EVENTS, one, "event"));
    Ok((list.collect::<Result<_, _>>()?, whom))
}
