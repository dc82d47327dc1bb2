//! Term 46: consent of the data subjects; recorded and shown.

use super::rule::{
    ClauseSubject, DemandKind, EnforcementPoint, OdrlPosition, OdrlWriter, TermRule, TermSpec,
};
use hansa_audit_log::json::Json;

/// Term 46: the consumer obtains the data subjects' consent before further use of the data.
pub(super) struct ConsentTerm;

pub(super) static CONSENT: TermSpec = TermSpec {
    numbers: &[46],
    name: "obtain_consent",
    position: OdrlPosition::Duty,
    operand: "obtainConsent",
    operators: &[],
    executed: &[EnforcementPoint::Recorded],
    codes: &[],
    nature: DemandKind::Use,
    hides_rows: false,
    remedy: "obtain consent; nothing checks it",
    test: "every_term_has_a_sentence_of_its_own",
};

impl TermRule for ConsentTerm {
    fn spec(&self) -> &'static TermSpec {
        &CONSENT
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        Json::object([("h:when", Json::from_display("h:always"))])
    }

    fn to_canonical_json(&self) -> Json {
        Json::Bool(true)
    }

    fn decided_subject(&self) -> Option<ClauseSubject> {
        Some(ClauseSubject::Kind("obtain_consent"))
    }
}
