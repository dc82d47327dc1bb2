//! Term 46: the persons concerned have consented; recorded and shown.

use super::Term;
use super::odrl::duty;
use super::rule::{Decides, Nature, Place, Rule, Script, Spec, Stage};
use super::tongue::Tongue;
use hansa_audit_log::json::Json;
use std::cmp::Ordering;

/// Term 46: the consumer obtains the consent of the persons before it uses the data otherwise.
pub(super) struct Consent;

pub(super) static CONSENT: Spec = Spec {
    numbers: &[46],
    name: "obtain_consent",
    place: Place::Duty,
    operand: "obtainConsent",
    operators: &[],
    executed: &[Stage::Recorded],
    codes: &[],
    nature: Nature::Use,
    hides_rows: false,
    mend: "obtain consent; nothing checks it",
    test: "every_term_has_a_sentence_of_its_own",
    read: |form| form.when("h:always").map(|()| Term::ObtainConsent),
};

impl Rule for Consent {
    fn spec(&self) -> &'static Spec {
        &CONSENT
    }

    fn odrl(&self, _script: &mut Script<'_>) -> Json {
        duty("obtainConsent", "h:always")
    }

    fn say(&self, tongue: Tongue) -> String {
        tongue
            .pick(
                "the persons concerned have consented",
                "die betroffenen Personen haben eingewilligt",
                "as pessoas em causa deram o seu consentimento",
            )
            .to_owned()
    }

    fn normal(&self) -> Json {
        Json::Bool(true)
    }

    fn decides(&self) -> Option<Decides> {
        Some(Decides::Kind("obtain_consent"))
    }

    fn compare(&self, other: &Term) -> Option<Ordering> {
        matches!(other, Term::ObtainConsent).then_some(Ordering::Equal)
    }
}
