//! Term 45: on what law the processing of personal data rests (Article 6(1) of Regulation (EU) 2016/679).

use super::odrl::{iri, right_operand, word};
use super::rule::{
    ClauseSubject, DemandKind, EnforcementPoint, OdrlPosition, OdrlReader, OdrlWriter, TermRule,
    TermSpec,
};
use crate::refusal::{ErrorCode, Refusal};
use hansa_audit_log::json::Json;
use std::cmp::Ordering;

/// Term 45: on what law the processing of personal data rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LegalBasis {
    /// Consent.
    Consent,
    /// A contract with the person.
    Contract,
    /// A legal obligation.
    Obligation,
    /// Vital interests.
    Vital,
    /// A task in the public interest.
    PublicTask,
    /// Legitimate interests.
    Interests,
}

/// Article 6(1) of Regulation (EU) 2016/679, as the vocabulary names its points.
const BASES: [(&str, LegalBasis); 6] = [
    ("eu-gdpr:A6-1-a", LegalBasis::Consent),
    ("eu-gdpr:A6-1-b", LegalBasis::Contract),
    ("eu-gdpr:A6-1-c", LegalBasis::Obligation),
    ("eu-gdpr:A6-1-d", LegalBasis::Vital),
    ("eu-gdpr:A6-1-e", LegalBasis::PublicTask),
    ("eu-gdpr:A6-1-f", LegalBasis::Interests),
];

impl LegalBasis {
    /// Every basis.
    pub const ALL: [Self; 6] = [
        Self::Consent,
        Self::Contract,
        Self::Obligation,
        Self::Vital,
        Self::PublicTask,
        Self::Interests,
    ];

    /// Its name in the vocabulary.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        word(&BASES, &self)
    }
}

/// The clause about it.
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

/// Reads its form.
pub(super) fn read(form: &mut OdrlReader<'_>) -> Result<LegalBasis, Refusal> {
    form.word("rightOperand", &BASES, "legal basis")
}

impl TermRule for LegalBasisTerm {
    fn spec(&self) -> &'static TermSpec {
        &BASIS
    }

    fn odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        right_operand(iri(self.0.as_str()))
    }

    fn canonical(&self) -> Json {
        Json::text(self.0.as_str())
    }

    fn decides(&self) -> Option<ClauseSubject> {
        Some(ClauseSubject::Kind("legal_basis"))
    }

    // The basis on which data may be shared lets out nothing more or less.
    fn presence(&self) -> Ordering {
        Ordering::Equal
    }
}
