//! Term 48: validity of the contract after a change of the dataset's schema.
//!
//! A contract names the schema that it was signed for. `h:exact`, also the default, demands exactly this schema. `h:compatible`
//! accepts an extended schema: the columns of the signed one come first, with equal names, types, order and nullability, and others
//! follow. Later columns stay invisible, so that such a contract must list its columns, or permit aggregates, which name theirs.

use super::odrl::{find_word, iri_json, right_operand};
use super::rule::{
    AdmissionCheck, ClauseSubject, DemandKind, EnforcementPoint, OdrlPosition, OdrlReader,
    OdrlWriter, TermRule, TermSpec,
};
use crate::refusal::{ErrorCode, Refusal};
use hansa_audit_log::json::Json;
use std::cmp::Ordering;

/// Schemas for which a contract is valid. Less is tighter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SchemaCompatibility {
    /// Signed schema only.
    Exact,
    /// Signed schema, and schemas that append columns to it.
    Compatible,
}

const SCHEMAS: [(&str, SchemaCompatibility); 2] = [
    ("h:exact", SchemaCompatibility::Exact),
    ("h:compatible", SchemaCompatibility::Compatible),
];

impl SchemaCompatibility {
    /// All variants.
    pub const ALL: [Self; 2] = [Self::Exact, Self::Compatible];

    /// Word in a policy file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Compatible => "compatible",
        }
    }
}

/// Term 48: schemas for which the contract is valid.
pub(super) struct SchemaTerm(pub(super) SchemaCompatibility);

pub(super) static VERSION: TermSpec = TermSpec {
    numbers: &[48],
    name: "version",
    position: OdrlPosition::Target,
    operand: "version",
    operators: &["eq"],
    executed: &[EnforcementPoint::Admission],
    codes: &[ErrorCode::SchemaChanged],
    nature: DemandKind::Technical,
    hides_rows: false,
    remedy: "request an amendment for the schema of now",
    test: "a_schema_that_has_only_grown",
};

/// Reads the ODRL form.
pub(super) fn read_schema_version(
    form: &mut OdrlReader<'_>,
) -> Result<SchemaCompatibility, Refusal> {
    form.read_word("rightOperand", &SCHEMAS, "treatment of versions")
}

impl TermRule for SchemaTerm {
    fn spec(&self) -> &'static TermSpec {
        &VERSION
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        right_operand(iri_json(find_word(&SCHEMAS, &self.0)))
    }

    fn to_canonical_json(&self) -> Json {
        Json::from_display(self.0.as_str())
    }

    fn decided_subject(&self) -> Option<ClauseSubject> {
        Some(ClauseSubject::Kind("version"))
    }

    // `decision::check` checks it together with the schemas.
    fn admission_check(&self) -> Option<AdmissionCheck> {
        None
    }

    fn presence(&self) -> Ordering {
        self.0.cmp(&SchemaCompatibility::Exact)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{number_clauses, parse_names};
    use crate::term::Term;
    use crate::term::clause_effects::of_clauses;
    use crate::term::rule::EffectBinding;

    #[test]
    fn a_contract_for_later_schemas_lists_its_columns() {
        let asker = crate::fixture::parse_participant(crate::fixture::CONSUMER);
        let met = |terms: Vec<Term>| {
            of_clauses(&number_clauses(terms), &EffectBinding::of(&asker))
                .map_err(|refusal| refusal.code)
        };
        let columns = || Term::Columns(parse_names(&["site"]));
        assert!(
            met(vec![
                Term::Version(SchemaCompatibility::Compatible),
                columns()
            ])
            .is_ok()
        );
        assert!(met(vec![Term::Version(SchemaCompatibility::Exact)]).is_ok());
        assert_eq!(
            met(vec![Term::Version(SchemaCompatibility::Compatible)]),
            Err(ErrorCode::PolicyContradiction)
        );
    }

    #[test]
    fn compatible_is_looser_than_exact_and_than_silence() {
        let terms = SchemaCompatibility::ALL.map(Term::Version);
        assert_eq!(terms[0].compare(&terms[1]), Some(Ordering::Less));
        let presence = |term: &Term| term.with_rule(|rule| rule.presence());
        assert_eq!(presence(&terms[0]), Ordering::Equal);
        assert_eq!(presence(&terms[1]), Ordering::Greater);
    }
}
