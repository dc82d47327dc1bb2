//! Term 45: legal basis of the processing of personal data (Article 6(1) of Regulation (EU) 2016/679).

use super::odrl::{find_word, iri_json, right_operand};
use super::rule::{
    ClauseSubject, DemandKind, EnforcementPoint, OdrlPosition, OdrlReader, OdrlWriter, TermRule,
    TermSpec,
};
use crate::refusal::{ErrorCode, Refusal};
use hansa_audit_log::json::Json;
use std::cmp::Ordering;

/// Term 45: legal basis of the processing of personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LegalBasis {
    /// Consent.
    Consent,
    /// Contract with the data subject.
    Contract,
    /// Legal obligation.
    Obligation,
    /// Vital interests.
    Vital,
    /// Task in the public interest.
    PublicTask,
    /// Legitimate interests.
    Interests,
}

/// Legal bases with the names of their points in Article 6(1) of Regulation (EU) 2016/679, as in the vocabulary.
const BASES: [(&str, LegalBasis); 6] = [
    ("eu-gdpr:A6-1-a", LegalBasis::Consent),
    ("eu-gdpr:A6-1-b", LegalBasis::Contract),
    ("eu-gdpr:A6-1-c", LegalBasis::Obligation),
    ("eu-gdpr:A6-1-d", LegalBasis::Vital),
    ("eu-gdpr:A6-1-e", LegalBasis::PublicTask),
    ("eu-gdpr:A6-1-f", LegalBasis::Interests),
];

impl LegalBasis {
    /// All legal bases.
    pub const ALL: [Self; 6] = [
        Self::Consent,
        Self::Contract,
        Self::Obligation,
        Self::Vital,
        Self::PublicTask,
        Self::Interests,
    ];

    /// Name in the vocabulary.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        find_word(&BASES, &self)
    }
}

/// Legal basis as a term.
pub(super) struct LegalBasisTerm(pub(super) LegalBasis);

pub(super) static BASIS: TermSpec = TermSpec {
    numbers: &[45],
    name: "legal_basis",
    position: OdrlPosition::Permission,
    operand: "h:legalBasis",
    operators: &["eq"],
    executed: &[EnforcementPoint::Signing],
    codes: &[ErrorCode::LegalBasisMissing],
    nature: DemandKind::Technical,
    hides_rows: false,
    remedy: "the provider names the legal basis",
    test: "personal_columns_need_a_legal_basis",
};

/// Reads the ODRL form.
pub(super) fn read_legal_basis(form: &mut OdrlReader<'_>) -> Result<LegalBasis, Refusal> {
    form.read_word("rightOperand", &BASES, "legal basis")
}

impl TermRule for LegalBasisTerm {
    fn spec(&self) -> &'static TermSpec {
        &BASIS
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        right_operand(iri_json(self.0.as_str()))
    }

    fn to_canonical_json(&self) -> Json {
        Json::from_display(self.0.as_str())
    }

    fn decided_subject(&self) -> Option<ClauseSubject> {
        Some(ClauseSubject::Kind("legal_basis"))
    }

    // The legal basis does not change the disclosed data.
    fn presence(&self) -> Ordering {
        Ordering::Equal
    }
}
