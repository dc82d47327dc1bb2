//! Term 21, second half: cells are released once in each period and never change.

use super::odrl::{duration_literal, find_word, iri_json};
use super::rule::{
    ClauseSubject, DemandKind, EnforcementPoint, OdrlPosition, OdrlReader, OdrlWriter, TermRule,
    TermSpec,
};
use super::tightness_order;
use crate::id::SqlIdentifier;
use crate::refusal::{ErrorCode, Refusal};
use crate::value::cube::{LateDataPolicy, ReleaseTerm};
use crate::value::time::WIDTHS;
use hansa_audit_log::json::Json;
use std::cmp::Ordering;

pub(super) static RELEASE: TermSpec = TermSpec {
    numbers: &[21],
    name: "release",
    position: OdrlPosition::Action,
    operand: "h:release",
    operators: &["eq"],
    executed: &[EnforcementPoint::Signing, EnforcementPoint::Plan],
    codes: &[ErrorCode::GridConflict],
    nature: DemandKind::Protection,
    hides_rows: true,
    remedy: "cells come when their period is over and the provider has published after it",
    test: "what_was_released_stays_as_it_is",
};

const LATE: [(&str, LateDataPolicy); 3] = [
    ("h:never", LateDataPolicy::Never),
    ("h:wait", LateDataPolicy::Wait),
    ("h:correct", LateDataPolicy::Correct),
];

impl TermRule for ReleaseTerm {
    fn spec(&self) -> &'static TermSpec {
        &RELEASE
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        let every = duration_literal(find_word(&WIDTHS, &self.every));
        Json::object([
            ("rightOperand", every),
            ("h:column", Json::from_display(&self.column)),
            ("h:late", iri_json(find_word(&LATE, &self.late))),
        ])
    }

    fn to_canonical_json(&self) -> Json {
        Json::object([
            ("column", Json::from_display(&self.column)),
            ("every", Json::from_display(self.every.as_str())),
            (
                "late",
                Json::from_display(find_word(&LateDataPolicy::ALL, &self.late)),
            ),
        ])
    }

    fn columns(&self) -> Vec<SqlIdentifier> {
        vec![self.column.clone()]
    }

    fn decided_subject(&self) -> Option<ClauseSubject> {
        Some(ClauseSubject::Kind("release"))
    }
}

impl ReleaseTerm {
    /// Comparison with another release; less is tighter.
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        if self.column != other.column {
            return None;
        }
        // With a longer period, equal cells are released later.
        let every = tightness_order::order_from_inclusion(
            self.every.is_made_of(other.every),
            other.every.is_made_of(self.every),
        )?;
        let late = self.late.cmp(&other.late);
        tightness_order::order_from_inclusion(
            every.is_le() && late.is_le(),
            every.is_ge() && late.is_ge(),
        )
    }
}

/// Reads the ODRL form.
pub(super) fn read_release(form: &mut OdrlReader<'_>) -> Result<ReleaseTerm, Refusal> {
    let every = form.read_typed_literal("rightOperand", "xsd:duration")?;
    let late = form.read_iri("h:late")?;
    Ok(ReleaseTerm {
        every: form.one_of(&WIDTHS, &every, "period")?,
        column: form.read_column("h:column")?,
        late: form.one_of(&LATE, &late, "treatment of late rows")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::time::TimeBucketWidth;

    #[test]
    fn later_and_less_often_is_tighter() {
        let release = |every, late| ReleaseTerm {
            column: "at".parse().unwrap(),
            every,
            late,
        };
        let check = |one: ReleaseTerm, other: ReleaseTerm, expect| {
            assert_eq!(one.compare(&other), expect);
        };
        let day = || release(TimeBucketWidth::Day, LateDataPolicy::Wait);
        check(day(), day(), Some(Ordering::Equal));
        check(
            release(TimeBucketWidth::Week, LateDataPolicy::Never),
            day(),
            Some(Ordering::Less),
        );
        check(
            day(),
            release(TimeBucketWidth::Day, LateDataPolicy::Correct),
            Some(Ordering::Less),
        );
        check(
            release(TimeBucketWidth::Week, LateDataPolicy::Correct),
            day(),
            None,
        );
        check(
            release(TimeBucketWidth::Week, LateDataPolicy::Wait),
            release(TimeBucketWidth::Month, LateDataPolicy::Wait),
            None,
        );
    }
}
