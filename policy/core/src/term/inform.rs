//! Term 41: events that the parties report to each other. If the clause names recipients, the provider's connector reports the
//! events; otherwise the clause is recorded and shown.

use super::odrl::{find_word, iri_list, sorted_list, with_members};
use super::rule::{
    ClauseSubject, DemandKind, EnforcementPoint, OdrlPosition, OdrlReader, OdrlWriter, TermRule,
    TermSpec,
};
use super::tightness_order::compare_lists;
use crate::refusal::{ErrorCode, Refusal};
use hansa_audit_log::json::Json;
use std::cmp::Ordering;

/// Term 41, recorded: events that one party reports to the other.
pub(super) struct InformTerm<'a>(pub(super) &'a [InformEvent]);

/// Event that one party reports to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum InformEvent {
    /// First question under the contract.
    FirstUse,
    /// Refusal of a question.
    Refusal,
    /// Change of the dataset's schema.
    SchemaChange,
}

impl InformEvent {
    /// All events.
    pub const ALL: [Self; 3] = [Self::FirstUse, Self::Refusal, Self::SchemaChange];

    /// Word of the event.
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

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        let events = self.0.iter().map(|event| find_word(&EVENTS, event));
        Json::object([
            ("h:when", Json::from_display("h:always")),
            ("h:event", iri_list(events)),
        ])
    }

    fn to_canonical_json(&self) -> Json {
        let names: Vec<&str> = self.0.iter().map(|event| event.as_str()).collect();
        sorted_list(&names)
    }

    fn decided_subject(&self) -> Option<ClauseSubject> {
        Some(ClauseSubject::Kind("inform"))
    }
}

/// Term 41, executed: events that the provider's connector reports, with the recipients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationTerm {
    /// Reported events.
    pub events: Vec<InformEvent>,
    /// Recipients of the reports.
    pub recipients: Vec<Recipient>,
}

/// Party that gets a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Recipient {
    /// Provider of the dataset.
    Provider,
    /// Consumer of the dataset.
    Consumer,
}

impl Recipient {
    /// All recipients.
    pub const ALL: [Self; 2] = [Self::Provider, Self::Consumer];

    /// Word of the recipient.
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

    fn to_odrl(&self, script: &mut OdrlWriter<'_>) -> Json {
        let whom = self.recipients.iter().map(|side| find_word(&SIDES, side));
        with_members(
            InformTerm(&self.events).to_odrl(script),
            [("informedParty", iri_list(whom))],
        )
    }

    fn to_canonical_json(&self) -> Json {
        let whom: Vec<&str> = self.recipients.iter().map(|side| side.as_str()).collect();
        Json::object([
            ("of", InformTerm(&self.events).to_canonical_json()),
            ("whom", sorted_list(&whom)),
        ])
    }

    fn decided_subject(&self) -> Option<ClauseSubject> {
        Some(ClauseSubject::Kind("notify"))
    }
}

impl NotificationTerm {
    /// Comparison with another clause; less is tighter.
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        // Reports do not change the disclosed data, so that different clauses are not comparable.
        let same = compare_lists(&self.events, &other.events) == Some(Ordering::Equal)
            && compare_lists(&self.recipients, &other.recipients) == Some(Ordering::Equal);
        same.then_some(Ordering::Equal)
    }
}

/// Reads the events, and the recipients where the form has them.
pub(super) fn read_inform_events(
    form: &mut OdrlReader<'_>,
) -> Result<(Vec<InformEvent>, Option<Vec<Recipient>>), Refusal> {
    form.check_duty_moment("h:always")?;
    let whom = if form.members.has_member("informedParty") {
        let list = form.read_iris("informedParty")?;
        let list = list.iter().map(|one| form.one_of(&SIDES, one, "party"));
        Some(list.collect::<Result<Vec<_>, _>>()?)
    } else {
        None
    };
    let list = form.read_iris("h:event")?;
    let list = list.iter().map(|one| form.one_of(&EVENTS, one, "event"));
    Ok((list.collect::<Result<_, _>>()?, whom))
}
