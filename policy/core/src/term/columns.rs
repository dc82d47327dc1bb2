//! Term 10: only the listed columns exist.

use super::odrl::{right_operand, sorted_list, text_list};
use super::rule::{
    ClauseSubject, DemandKind, EffectBinding, EnforcementPoint, OdrlPosition, OdrlReader,
    OdrlWriter, TermRule, TermSpec,
};
use crate::effect::EffectKind;
use crate::id::SqlIdentifier;
use crate::refusal::{ErrorCode, Refusal, contradiction_refusal};
use hansa_audit_log::json::Json;

/// List of columns as a term.
pub(super) struct ColumnsTerm<'a>(pub(super) &'a [SqlIdentifier]);

pub(super) static ONLY: TermSpec = TermSpec {
    numbers: &[10],
    name: "columns",
    position: OdrlPosition::Target,
    operand: "h:columns",
    operators: &["isAnyOf"],
    executed: &[EnforcementPoint::Plan],
    codes: &[ErrorCode::ColumnUnknown],
    nature: DemandKind::Protection,
    hides_rows: false,
    remedy: "use one of the visible columns, which the refusal lists",
    test: "tells_hidden_and_absent_alike",
};

impl TermRule for ColumnsTerm<'_> {
    fn spec(&self) -> &'static TermSpec {
        &ONLY
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        right_operand(text_list(self.0))
    }

    fn to_canonical_json(&self) -> Json {
        sorted_list(self.0)
    }

    fn decided_subject(&self) -> Option<ClauseSubject> {
        Some(ClauseSubject::Kind("columns"))
    }

    fn effect(&self, _for: &EffectBinding<'_>) -> Result<Option<EffectKind>, Refusal> {
        check_column_list(self.0).map(|()| Some(EffectKind::ShowColumns(self.0.to_vec())))
    }

    fn columns(&self) -> Vec<SqlIdentifier> {
        self.0.to_vec()
    }
}

/// Reads the ODRL form.
pub(super) fn read_columns(form: &mut OdrlReader<'_>) -> Result<Vec<SqlIdentifier>, Refusal> {
    form.read_texts("rightOperand")
}

/// Checks that a list of columns is not empty and has no duplicates.
pub(super) fn check_column_list(list: &[SqlIdentifier]) -> Result<(), Refusal> {
    if list.is_empty() {
        return Err(contradiction_refusal("the list of columns is empty"));
    }
    if let Some(twice) = find_duplicate(list) {
        return Err(contradiction_refusal(format!(
            "the column `{twice}` is listed twice"
        )));
    }
    Ok(())
}

/// First name that occurs a second time.
pub(super) fn find_duplicate(list: &[SqlIdentifier]) -> Option<&SqlIdentifier> {
    list.iter()
        .enumerate()
        .find(|(index, name)| list.iter().take(*index).any(|earlier| earlier == *name))
        .map(|(_, name)| name)
}
