//! Terms 23 to 25: columns and datasets for joins of the dataset at the provider, and the clause that its key columns are not
//! shown.
//!
//! Datasets are joined where an operator of the question has rows of them on different sides. Only an equality of plain columns is
//! a join that can be permitted. Every other way to relate rows of two datasets is refused.

use super::odrl::{iri_json, right_operand, sorted_list, text_list};
use super::rule::{
    ClauseSubject, DemandKind, EnforcementPoint, OdrlPosition, OdrlReader, OdrlWriter, TermRule,
    TermSpec,
};
use crate::id::{DatasetId, SqlIdentifier};
use crate::refusal::{ErrorCode, Refusal};
use hansa_audit_log::json::Json;

/// Term 23: columns of joins.
pub(super) struct JoinKeysTerm<'a>(pub(super) &'a [SqlIdentifier]);

pub(super) static KEYS: TermSpec = TermSpec {
    numbers: &[23],
    name: "join_keys",
    position: OdrlPosition::Action,
    operand: "h:joinKey",
    operators: &["isAnyOf"],
    executed: &[EnforcementPoint::Plan],
    codes: &[ErrorCode::JoinKeyNotAllowed],
    nature: DemandKind::Protection,
    hides_rows: false,
    remedy: "join over the columns of the clause, compared bare and as equal",
    test: "joins_are_over_the_keys_alone",
};

impl TermRule for JoinKeysTerm<'_> {
    fn spec(&self) -> &'static TermSpec {
        &KEYS
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        right_operand(text_list(self.0))
    }

    fn to_canonical_json(&self) -> Json {
        sorted_list(self.0)
    }

    fn columns(&self) -> Vec<SqlIdentifier> {
        self.0.to_vec()
    }

    fn decided_subject(&self) -> Option<ClauseSubject> {
        Some(ClauseSubject::Kind("join_keys"))
    }
}

/// Term 24: datasets of joins.
pub(super) struct JoinWithTerm<'a>(pub(super) &'a [DatasetId]);

pub(super) static WITH: TermSpec = TermSpec {
    numbers: &[24],
    name: "join_with",
    position: OdrlPosition::Action,
    operand: "h:joinWith",
    operators: &["isAnyOf", "eq"],
    executed: &[EnforcementPoint::Plan],
    codes: &[ErrorCode::JoinPartnerNotAllowed],
    nature: DemandKind::Protection,
    hides_rows: false,
    remedy: "ask for the datasets in separate questions",
    test: "partners_are_listed",
};

impl TermRule for JoinWithTerm<'_> {
    fn spec(&self) -> &'static TermSpec {
        &WITH
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        if self.0.is_empty() {
            Json::object([
                ("operator", Json::from_display("eq")),
                ("rightOperand", iri_json("h:none")),
            ])
        } else {
            right_operand(text_list(self.0))
        }
    }

    fn to_canonical_json(&self) -> Json {
        sorted_list(self.0)
    }

    fn decided_subject(&self) -> Option<ClauseSubject> {
        Some(ClauseSubject::Kind("join_with"))
    }
}

/// Reads the ODRL form of the datasets.
pub(super) fn read_with(form: &mut OdrlReader<'_>) -> Result<Vec<DatasetId>, Refusal> {
    if form.operator == "eq" {
        return match form.read_iri("rightOperand")?.as_str() {
            "h:none" => Ok(Vec::new()),
            other => Err(form.unknown_refusal(format!("the join partner `{other}` is not known"))),
        };
    }
    form.read_texts("rightOperand")
}

/// Term 25: key columns are not shown.
pub(super) struct KeysStayTerm;

pub(super) static STAY: TermSpec = TermSpec {
    numbers: &[25],
    name: "keys_stay",
    position: OdrlPosition::Action,
    operand: "h:keyMovement",
    operators: &["eq"],
    executed: &[EnforcementPoint::Plan],
    codes: &[ErrorCode::KeyMustStay],
    nature: DemandKind::Protection,
    hides_rows: false,
    remedy: "let this participant execute the join, and don't show the keys",
    test: "keys_stay_here",
};

impl TermRule for KeysStayTerm {
    fn spec(&self) -> &'static TermSpec {
        &STAY
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        right_operand(iri_json("h:providerSide"))
    }

    fn to_canonical_json(&self) -> Json {
        Json::Bool(true)
    }

    fn decided_subject(&self) -> Option<ClauseSubject> {
        Some(ClauseSubject::Kind("keys_stay"))
    }
}

/// Reads the ODRL form of the clause on key columns.
pub(super) fn read_stay(form: &mut OdrlReader<'_>) -> Result<(), Refusal> {
    match form.read_iri("rightOperand")?.as_str() {
        "h:providerSide" => Ok(()),
        other => Err(form.unknown_refusal(format!("the movement of keys `{other}` is not known"))),
    }
}

/// Site of the joins of a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinSite {
    /// Provider or consumer.
    Either,
    /// Consumer: the provider permits only certain keys or datasets for joins on its own site, and does not check joins elsewhere.
    Consumer,
    /// Provider: key columns stay there.
    Provider,
}
