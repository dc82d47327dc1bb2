//! Term 3: what whoever asks works in, as an issuer that the trust bundle names has stated it.
//!
//! A sector is a code of NACE, the statistical classification of economic activities in the European Union, with its
//! section: `nace:H49.31` is of Rev. 2 (Regulation (EC) No 1893/2006), `nace2.1:H49.31` of Rev. 2.1 (Delegated Regulation
//! (EU) 2023/137). A code covers itself and whatever lies below it in the same revision: its section is the same, and its
//! digits are the first digits of the other's, level by level (division two, group three, class four). No code covers one of
//! the other revision, in which the same letter may stand for something else.

use super::Term;
use super::language::Language;
use super::odrl::{iris, says, set};
use super::rule::{
    AdmissionCheck, AdmissionContext, ClauseSubject, DemandKind, EnforcementPoint, OdrlPosition,
    OdrlReader, OdrlWriter, TermRule, TermSpec,
};
use super::tightness_order::both;
use crate::attribute::{ParticipantAttribute, SupportingCredential};
use crate::refusal::{ErrorCode, Refusal};
use hansa_audit_log::json::Json;
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// A code of NACE.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SectorCode {
    revision: NaceRevision,
    /// `A` to `V`.
    section: char,
    /// None for a section, two for a division, three for a group, four for a class.
    digits: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum NaceRevision {
    /// Rev. 2.
    Two,
    /// Rev. 2.1.
    TwoOne,
}

impl NaceRevision {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Two => "nace",
            Self::TwoOne => "nace2.1",
        }
    }

    /// Each section with its first and last division.
    const fn sections(self) -> &'static [(char, u8, u8)] {
        match self {
            Self::Two => &[
                ('A', 1, 3),
                ('B', 5, 9),
                ('C', 10, 33),
                ('D', 35, 35),
                ('E', 36, 39),
                ('F', 41, 43),
                ('G', 45, 47),
                ('H', 49, 53),
                ('I', 55, 56),
                ('J', 58, 63),
                ('K', 64, 66),
                ('L', 68, 68),
                ('M', 69, 75),
                ('N', 77, 82),
                ('O', 84, 84),
                ('P', 85, 85),
                ('Q', 86, 88),
                ('R', 90, 93),
                ('S', 94, 96),
                ('T', 97, 98),
                ('U', 99, 99),
            ],
            Self::TwoOne => &[
                ('A', 1, 3),
                ('B', 5, 9),
                ('C', 10, 33),
                ('D', 35, 35),
                ('E', 36, 39),
                ('F', 41, 43),
                ('G', 46, 47),
                ('H', 49, 53),
                ('I', 55, 56),
                ('J', 58, 60),
                ('K', 61, 63),
                ('L', 64, 66),
                ('M', 68, 68),
                ('N', 69, 75),
                ('O', 77, 82),
                ('P', 84, 84),
                ('Q', 85, 85),
                ('R', 86, 88),
                ('S', 90, 93),
                ('T', 94, 96),
                ('U', 97, 98),
                ('V', 99, 99),
            ],
        }
    }
}

impl SectorCode {
    /// Whether `other` is this one or lies below it.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.revision == other.revision
            && self.section == other.section
            && other.digits.starts_with(&self.digits)
    }
}

impl fmt::Display for SectorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.revision.prefix(), self.section)?;
        match self.digits.split_at_checked(2) {
            Some((division, below)) if !below.is_empty() => write!(f, "{division}.{below}"),
            Some(_) | None => f.write_str(&self.digits),
        }
    }
}

/// The text is no code of NACE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a sector is a code of NACE with its section, such as nace:H49.31 (Rev. 2) or nace2.1:H49.31 (Rev. 2.1)"
)]
pub struct SectorCodeError;

impl FromStr for SectorCode {
    type Err = SectorCodeError;

    fn from_str(text: &str) -> Result<Self, SectorCodeError> {
        let (prefix, code) = text.split_once(':').ok_or(SectorCodeError)?;
        let revision = [NaceRevision::Two, NaceRevision::TwoOne]
            .into_iter()
            .find(|revision| revision.prefix() == prefix)
            .ok_or(SectorCodeError)?;
        let mut chars = code.chars();
        let section = chars.next().ok_or(SectorCodeError)?;
        let digits: String = chars.filter(|c| *c != '.').collect();
        let (_, first, last) = revision
            .sections()
            .iter()
            .find(|(known, _, _)| *known == section)
            .ok_or(SectorCodeError)?;
        let numbers = digits.bytes().all(|b| b.is_ascii_digit());
        let level = match digits.split_at_checked(2) {
            None => digits.is_empty(),
            Some((division, below)) => {
                below.len() <= 2
                    && division
                        .parse::<u8>()
                        .is_ok_and(|division| (*first..=*last).contains(&division))
            }
        };
        let sector = Self {
            revision,
            section,
            digits,
        };
        if numbers && level && sector.to_string() == text {
            Ok(sector)
        } else {
            Err(SectorCodeError)
        }
    }
}

/// Term 3: only whoever works in one of these.
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
    read,
};

impl SectorTerm<'_> {
    fn holds(&self, attribute: &ParticipantAttribute) -> bool {
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

    fn odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        let list: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        says("industry", "isAnyOf", iris(list.iter().map(String::as_str)))
    }

    fn render(&self, tongue: Language) -> String {
        let list = tongue.one_of(self.0);
        tongue.pick(
            format!("only for the sector {list}, attested by a recognised issuer"),
            format!(
                "nur für den Wirtschaftszweig {list}, bescheinigt von einem anerkannten Aussteller"
            ),
            format!("só para o setor {list}, atestado por um emissor reconhecido"),
        )
    }

    fn canonical(&self) -> Json {
        set(self.0)
    }

    fn decides(&self) -> Option<ClauseSubject> {
        Some(ClauseSubject::Kind("sector"))
    }

    fn check(&self) -> Option<AdmissionCheck> {
        Some(AdmissionCheck::Party)
    }

    fn admit(&self, to: &AdmissionContext<'_>) -> Result<(), Refusal> {
        to.attested(
            |attribute| self.holds(attribute),
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
            .supporting_credential(|attribute| self.holds(attribute))
    }

    fn compare(&self, other: &Term) -> Option<Ordering> {
        let inside = |one: &[SectorCode], other: &[SectorCode]| {
            one.iter()
                .all(|one| other.iter().any(|other| other.covers(one)))
        };
        match other {
            Term::Sector(other) => both(inside(self.0, other), inside(other, self.0)),
            _ => None,
        }
    }
}

fn read(form: &mut OdrlReader<'_>) -> Result<Term, Refusal> {
    let list = form.iris("rightOperand")?;
    let list = list.iter().map(|one| {
        one.parse()
            .map_err(|fault| form.wrong(format!("`{one}`: {fault}")))
    });
    Ok(Term::Sector(list.collect::<Result<_, _>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribute::PresentedAttributes;
    use crate::fixture::{admitting, attested};
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
                        .map(|text| attested(ParticipantAttribute::Sector(sector(text))))
                        .collect(),
                    supposed: vec![ParticipantAttribute::Sector(sector("nace:H49"))],
                    ..PresentedAttributes::NOTHING
                },
                ..ContractContext::QUIET
            };
            let wanted = [sector("nace:H49"), sector("nace:O84")];
            admitting("2026-06-01T00:00:00Z", |admission| {
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
        // What our own people suppose lets nobody in.
        assert_eq!(met(&[], true), Ok(()));
    }
}
