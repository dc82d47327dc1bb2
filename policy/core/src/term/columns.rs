//! Term 10: only the listed columns exist.

use super::odrl::{right_operand, set, texts};
use super::rule::{
    ClauseSubject, DemandKind, EffectBinding, EnforcementPoint, OdrlPosition, OdrlReader,
    OdrlWriter, TermRule, TermSpec,
};
use crate::effect::EffectKind;
use crate::id::SqlIdentifier;
use crate::refusal::{ErrorCode, Refusal, contradiction};
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

    fn odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        right_operand(texts(self.0))
    }

    fn canonical(&self) -> Json {
        set(self.0)
    }

    fn decides(&self) -> Option<ClauseSubject> {
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
pub(super) fn read(form: &mut OdrlReader<'_>) -> Result<Vec<SqlIdentifier>, Refusal> {
    form.texts("rightOperand")
}

/// Checks that a list of columns is not empty and has no duplicates.
pub(super) fn check_column_list(list: &[SqlIdentifier]) -> Result<(), Refusal> {
    if list.is_empty() {
        return Err(contradiction("the list of columns is empty"));
    }
    if let Some(twice) = twice(list) {
        return Err(contradiction(format!(
            "the column `{twice}` is listed twice"
        )));
    }
    Ok(())
}

/// First name that occurs a second time.
pub(super) fn twice(list: &[SqlIdentifier]) -> Option<&SqlIdentifier> {
    list.iter()
        .enumerate()
        .find(|(index, name)| list.iter().take(*index).any(|earlier| earlier == *name))
        .map(|(_, name)| name)
}
