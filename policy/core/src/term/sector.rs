//! Term 3: economic sector of the asking participant, as stated by an issuer that the trust bundle names.

use super::odrl::{iri_list, right_operand, sorted_list};
use super::rule::{
    AdmissionCheck, AdmissionContext, ClauseSubject, DemandKind, EnforcementPoint, OdrlPosition,
    OdrlReader, OdrlWriter, TermRule, TermSpec,
};
use super::tightness_order::order_from_inclusion;
use crate::attribute::{ParticipantAttribute, SupportingCredential};
use crate::refusal::{ErrorCode, Refusal};
use crate::value::sector::SectorCode;
use hansa_audit_log::json::Json;
use std::cmp::Ordering;

/// Term 3: only participants in one of these sectors.
pub(super) struct SectorTerm<'a>(pub(super) &'a [SectorCode]);

pub(super) static SECTOR: TermSpec = TermSpec {
    numbers: &[3],
    name: "sector",
    position: OdrlPosition::Permission,
    operand: "industry",
    operators: &["isAnyOf"],
    executed: &[EnforcementPoint::Admission, EnforcementPoint::Answer],
    codes: &[ErrorCode::SectorNotAttested],
    nature: DemandKind::Use,
    hides_rows: false,
    remedy: "present a credential for one of the listed codes: hansa credential add",
    test: "a_sector_is_shown_by_a_credential_or_refused",
};

impl SectorTerm<'_> {
    fn covers_attribute(&self, attribute: &ParticipantAttribute) -> bool {
        match attribute {
            ParticipantAttribute::Sector(shown) => self.0.iter().any(|wanted| wanted.covers(shown)),
            ParticipantAttribute::Region(_) => false,
        }
    }
}

impl TermRule for SectorTerm<'_> {
    fn spec(&self) -> &'static TermSpec {
        &SECTOR
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        let list: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        right_operand(iri_list(list.iter().map(String::as_str)))
    }

    fn to_canonical_json(&self) -> Json {
        sorted_list(self.0)
    }

    fn decided_subject(&self) -> Option<ClauseSubject> {
        Some(ClauseSubject::Kind("sector"))
    }

    fn admission_check(&self) -> Option<AdmissionCheck> {
        Some(AdmissionCheck::Party)
    }

    fn admit(&self, to: &AdmissionContext<'_>) -> Result<(), Refusal> {
        to.require_attribute(
            |attribute| self.covers_attribute(attribute),
            Refusal::new(
                ErrorCode::SectorNotAttested,
                "no credential shows that the asker works in one of the sectors",
            )
            .with_help("present a credential for one of the listed codes: hansa credential add"),
        )
    }

    fn supporting_credential(&self, to: &AdmissionContext<'_>) -> Option<SupportingCredential> {
        to.context
            .presented
            .supporting_credential(|attribute| self.covers_attribute(attribute))
    }
}

impl SectorTerm<'_> {
    /// Comparison with other sectors; less is tighter.
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        let inside = |one: &[SectorCode], other: &[SectorCode]| {
            one.iter()
                .all(|one| other.iter().any(|other| other.covers(one)))
        };
        order_from_inclusion(inside(self.0, other.0), inside(other.0, self.0))
    }
}

/// Reads the ODRL form.
pub(super) fn read_sectors(form: &mut OdrlReader<'_>) -> Result<Vec<SectorCode>, Refusal> {
    let list = form.read_iris("rightOperand")?;
    let list = list.iter().map(|one| {
        one.parse()
            .map_err(|fault| form.malformed_refusal(format!("`{one}`: {fault}")))
    });
    list.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribute::PresentedAttributes;
    use crate::fixture::{attested_attribute, with_admission_context};
    use crate::term::contract_context::ContractContext;

    fn sector(text: &str) -> SectorCode {
        text.parse().unwrap()
    }

    #[test]
    fn codes_of_nace_and_what_is_none() {
        for good in [
            "nace:H",
            "nace:H49",
            "nace:H49.3",
            "nace:H49.31",
            "nace:O84",
            "nace2.1:P84",
            "nace2.1:V99.00",
            "nace:A01.1",
        ] {
            assert_eq!(sector(good).to_string(), good);
        }
        for bad in [
            "",
            "nace",
            "nace:",
            "H49",
            "nace:h49",
            "nace:H4",
            "nace:H493",
            "nace:H49.",
            "nace:H49.310",
            "nace:H4.9",
            "nace:49",
            "nace:A49",
            "nace:H48",
            "nace2.1:O84",
            "nace:V99",
            "nace3:H49",
            "nace:H49 ",
            "nace:H٤٩",
            "nace:H49..3",
        ] {
            assert!(bad.parse::<SectorCode>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_code_covers_what_lies_below_it() {
        for (wide, narrow, covers) in [
            ("nace:H", "nace:H49.31", true),
            ("nace:H49", "nace:H49", true),
            ("nace:H49", "nace:H49.3", true),
            ("nace:H49.3", "nace:H49.31", true),
            ("nace:H49.3", "nace:H49", false),
            ("nace:H49.3", "nace:H49.41", false),
            ("nace:H49", "nace:H50", false),
            ("nace:L", "nace2.1:L64", false),
            ("nace2.1:L", "nace2.1:L64", true),
        ] {
            assert_eq!(
                sector(wide).covers(&sector(narrow)),
                covers,
                "{wide} {narrow}"
            );
        }
    }

    #[test]
    fn a_sector_is_shown_by_a_credential_or_refused() {
        let met = |shown: &[&str], supposing| {
            let around = ContractContext {
                presented: PresentedAttributes {
                    attested: shown
                        .iter()
                        .map(|text| attested_attribute(ParticipantAttribute::Sector(sector(text))))
                        .collect(),
                    supposed: vec![ParticipantAttribute::Sector(sector("nace:H49"))],
                    ..PresentedAttributes::NOTHING
                },
                ..ContractContext::QUIET
            };
            let wanted = [sector("nace:H49"), sector("nace:O84")];
            with_admission_context("2026-06-01T00:00:00Z", |admission| {
                let admission = AdmissionContext {
                    context: &around,
                    supposing,
                    ..*admission
                };
                let term = SectorTerm(&wanted);
                assert_eq!(
                    term.supporting_credential(&admission).is_some(),
                    term.admit(&admission).is_ok() && !supposing
                );
                term.admit(&admission).map_err(|refusal| refusal.code)
            })
        };
        assert_eq!(met(&["nace:H49.31"], false), Ok(()));
        assert_eq!(met(&["nace:C10", "nace:O84"], false), Ok(()));
        for bad in [&[][..], &["nace:H"], &["nace:H50"], &["nace2.1:H49"]] {
            assert_eq!(met(bad, false), Err(ErrorCode::SectorNotAttested));
        }
        // Assumed attributes admit no real question.
        assert_eq!(met(&[], true), Ok(()));
    }
}
