//! Term 33, second half: region of the asking participant's seat, as stated by an issuer that the trust bundle names.

use super::odrl::typed_literal;
use super::rule::{
    AdmissionCheck, AdmissionContext, ClauseSubject, DemandKind, EnforcementPoint, OdrlPosition,
    OdrlReader, OdrlWriter, TermRule, TermSpec,
};
use super::tightness_order::order_from_inclusion;
use crate::attribute::{ParticipantAttribute, SupportingCredential};
use crate::refusal::{ErrorCode, Refusal};
use crate::value::region::RegionCode;
use hansa_audit_log::json::Json;
use std::cmp::Ordering;

/// Term 33: only participants with a seat in this region.
pub(super) struct RegionTerm<'a>(pub(super) &'a RegionCode);

pub(super) static REGION: TermSpec = TermSpec {
    numbers: &[33],
    name: "region",
    position: OdrlPosition::Permission,
    operand: "spatial",
    operators: &["isPartOf"],
    executed: &[EnforcementPoint::Admission, EnforcementPoint::Answer],
    codes: &[ErrorCode::PlaceNotAllowed],
    nature: DemandKind::Use,
    hides_rows: false,
    remedy: "present a credential for the region: hansa credential add",
    test: "a_region_is_shown_by_a_credential_or_refused",
};

impl RegionTerm<'_> {
    fn covers_attribute(&self, attribute: &ParticipantAttribute) -> bool {
        match attribute {
            ParticipantAttribute::Region(shown) => self.0.covers(shown),
            ParticipantAttribute::Sector(_) => false,
        }
    }
}

impl TermRule for RegionTerm<'_> {
    fn spec(&self) -> &'static TermSpec {
        &REGION
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        Json::object([
            ("rightOperand", Json::from_display(self.0)),
            ("h:attested", typed_literal("xsd:boolean", true)),
        ])
    }

    fn to_canonical_json(&self) -> Json {
        Json::from_display(self.0)
    }

    fn decided_subject(&self) -> Option<ClauseSubject> {
        Some(ClauseSubject::Kind("region"))
    }

    fn admission_check(&self) -> Option<AdmissionCheck> {
        Some(AdmissionCheck::Delivery)
    }

    fn admit(&self, to: &AdmissionContext<'_>) -> Result<(), Refusal> {
        to.require_attribute(
            |attribute| self.covers_attribute(attribute),
            Refusal::new(
                ErrorCode::PlaceNotAllowed,
                "no credential shows that the asker sits in the region",
            )
            .with_help("present a credential for the region: hansa credential add"),
        )
    }

    fn supporting_credential(&self, to: &AdmissionContext<'_>) -> Option<SupportingCredential> {
        to.context
            .presented
            .supporting_credential(|attribute| self.covers_attribute(attribute))
    }
}

impl RegionTerm<'_> {
    /// Comparison with another region; less is tighter.
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        order_from_inclusion(other.0.covers(self.0), self.0.covers(other.0))
    }
}

/// Reads the ODRL form.
pub(super) fn read_region(form: &mut OdrlReader<'_>) -> Result<RegionCode, Refusal> {
    match form
        .read_typed_literal("h:attested", "xsd:boolean")?
        .as_str()
    {
        "true" => form.members.parse_text("rightOperand"),
        other => Err(form.unknown_refusal(format!(
            "`h:attested` is `{other}`: what nobody attests is not executed"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribute::PresentedAttributes;
    use crate::fixture::{attested_attribute, with_admission_context};
    use crate::term::contract_context::ContractContext;

    #[test]
    fn a_region_is_shown_by_a_credential_or_refused() {
        let met = |wanted: &str, shown: Option<&str>| {
            let shown = shown.map(|text| {
                attested_attribute(ParticipantAttribute::Region(text.parse().unwrap()))
            });
            let around = ContractContext {
                presented: PresentedAttributes {
                    attested: shown.into_iter().collect(),
                    ..PresentedAttributes::NOTHING
                },
                ..ContractContext::QUIET
            };
            let wanted: RegionCode = wanted.parse().unwrap();
            with_admission_context("2026-06-01T00:00:00Z", |admission| {
                RegionTerm(&wanted).admit(&AdmissionContext {
                    context: &around,
                    ..*admission
                })
            })
            .map_err(|refusal| refusal.code)
        };
        assert_eq!(met("EU", Some("EU")), Ok(()));
        assert_eq!(met("DE", Some("DEA33")), Ok(()));
        for (wanted, shown) in [
            ("EU", None),
            ("DE", Some("EU")),
            ("DE", Some("FR")),
            ("DEA3", Some("DEA")),
        ] {
            assert_eq!(met(wanted, shown), Err(ErrorCode::PlaceNotAllowed));
        }
    }

    #[test]
    fn a_member_state_lies_in_the_eu_and_no_other_country_does() {
        let region = |text: &str| -> RegionCode { text.parse().unwrap() };
        let eu = region("EU");
        let letters = || (b'A'..=b'Z').map(char::from);
        let within: Vec<String> = letters()
            .flat_map(|one| letters().map(move |other| format!("{one}{other}")))
            .filter(|country| eu.covers(&region(country)))
            .collect();
        // Greece has two codes, and the EU contains itself.
        assert_eq!(
            within.join(" "),
            "AT BE BG CY CZ DE DK EE EL ES EU FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
        );
        for (place, lies) in [
            ("DEA33", true),
            ("FR1", true),
            ("UKI", false),
            ("CH0", false),
        ] {
            assert_eq!(eu.covers(&region(place)), lies, "{place}");
        }
        // For a participant with a member state only, the EU is the tighter term.
        let tighter = RegionTerm(&region("DE")).compare(&RegionTerm(&eu));
        assert_eq!(tighter, Some(Ordering::Less));
        assert_eq!(RegionTerm(&eu).compare(&RegionTerm(&region("CH"))), None);
    }

    #[test]
    fn regions_and_what_is_none() {
        for bad in ["", "D", "de", "EU1", "DEA331", "D1", "DE-A", "ÄÖ"] {
            assert!(bad.parse::<RegionCode>().is_err(), "{bad}");
        }
    }
}
