//! Terms 23 to 25: over which columns, and with which datasets, the dataset meets others in one question here, and whether
//! those columns stay here.
//!
//! A question meets where one of its operators has rows of the dataset and rows of another on different sides. Only an equal
//! comparison of bare columns is a join that can be permitted; everything else by which rows of two datasets could be told
//! to belong together is refused.

use super::odrl::{iri, right_operand, set, texts};
use super::rule::{
    ClauseSubject, DemandKind, EnforcementPoint, OdrlPosition, OdrlReader, OdrlWriter, TermRule,
    TermSpec,
};
use crate::id::{DatasetId, SqlIdentifier};
use crate::refusal::{ErrorCode, Refusal};
use hansa_audit_log::json::Json;

/// Term 23.
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

    fn odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        right_operand(texts(self.0))
    }

    fn canonical(&self) -> Json {
        set(self.0)
    }

    fn columns(&self) -> Vec<SqlIdentifier> {
        self.0.to_vec()
    }

    fn decides(&self) -> Option<ClauseSubject> {
        Some(ClauseSubject::Kind("join_keys"))
    }
}

/// Term 24.
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
    remedy: "ask for the datasets in questions of their own",
    test: "partners_are_listed",
};

impl TermRule for JoinWithTerm<'_> {
    fn spec(&self) -> &'static TermSpec {
        &WITH
    }

    fn odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        if self.0.is_empty() {
            Json::object([
                ("operator", Json::text("eq")),
                ("rightOperand", iri("h:none")),
            ])
        } else {
            right_operand(texts(self.0))
        }
    }

    fn canonical(&self) -> Json {
        set(self.0)
    }

    fn decides(&self) -> Option<ClauseSubject> {
        Some(ClauseSubject::Kind("join_with"))
    }
}

/// Reads the datasets that it may be joined with.
pub(super) fn read_with(form: &mut OdrlReader<'_>) -> Result<Vec<DatasetId>, Refusal> {
    if form.operator == "eq" {
        return match form.iri("rightOperand")?.as_str() {
            "h:none" => Ok(Vec::new()),
            other => Err(form.unknown(format!("the join partner `{other}` is not known"))),
        };
    }
    form.texts("rightOperand")
}

/// Term 25.
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

    fn odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        right_operand(iri("h:providerSide"))
    }

    fn canonical(&self) -> Json {
        Json::Bool(true)
    }

    fn decides(&self) -> Option<ClauseSubject> {
        Some(ClauseSubject::Kind("keys_stay"))
    }
}

/// Reads that keys stay.
pub(super) fn read_stay(form: &mut OdrlReader<'_>) -> Result<(), Refusal> {
    match form.iri("rightOperand")?.as_str() {
        "h:providerSide" => Ok(()),
        other => Err(form.unknown(format!("the movement of keys `{other}` is not known"))),
    }
}

/// On which side a dataset is put together with others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinSite {
    /// On either.
    Either,
    /// At the consumer: the provider permits certain keys or partners alone, and what happens elsewhere is not its to judge.
    Consumer,
    /// At the provider: keys stay there.
    Provider,
}
