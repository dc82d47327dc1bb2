//! Terms 26, 27, 28 and 31: quotas in each period, and the limit on the rows of one answer.

use super::odrl::{duration_literal, find_word, integer_literal, right_operand, with_members};
use super::rule::{
    DemandKind, EffectBinding, EnforcementPoint, OdrlPosition, OdrlReader, OdrlWriter, TermRule,
    TermSpec,
};
use crate::effect::EffectKind;
use crate::refusal::{ErrorCode, Refusal, contradiction_refusal};
use crate::value::time::{PeriodQuota, QuotaDays, QuotaPeriod};
use hansa_audit_log::json::Json;
use hansa_audit_log::time::UtcTimestamp;

/// Terms 26 to 28: quota of questions, rows or bytes.
pub(super) struct QuotaTerm<'a> {
    pub(super) spec: &'static TermSpec,
    pub(super) quota: &'a PeriodQuota,
}

pub(super) static QUERIES: TermSpec = TermSpec {
    numbers: &[26],
    name: "queries",
    position: OdrlPosition::Permission,
    operand: "count",
    operators: &["lteq"],
    executed: &[EnforcementPoint::Admission],
    codes: &[ErrorCode::QuotaQueries],
    nature: DemandKind::Technical,
    hides_rows: false,
    remedy: "wait for the next period, which the refusal names",
    test: "the_first_check_that_fails_decides_the_code",
};

pub(super) static ROWS: TermSpec = TermSpec {
    numbers: &[27],
    name: "row_quota",
    position: OdrlPosition::Permission,
    operand: "h:rows",
    operators: &["lteq"],
    executed: &[EnforcementPoint::Answer],
    codes: &[ErrorCode::QuotaRows],
    nature: DemandKind::Technical,
    hides_rows: false,
    remedy: "ask for fewer rows, or wait for the next period",
    test: "nothing_leaves_that_was_not_reserved",
};

pub(super) static BYTES: TermSpec = TermSpec {
    numbers: &[28],
    name: "byte_quota",
    position: OdrlPosition::Permission,
    operand: "absoluteSize",
    operators: &["lteq"],
    executed: &[EnforcementPoint::Answer],
    codes: &[ErrorCode::QuotaBytes],
    nature: DemandKind::Technical,
    hides_rows: false,
    remedy: "ask for less, or wait for the next period",
    test: "nothing_leaves_that_was_not_reserved",
};

impl TermRule for QuotaTerm<'_> {
    fn spec(&self) -> &'static TermSpec {
        self.spec
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        let per = &self.quota.per;
        let json = Json::object([
            ("rightOperand", integer_literal(self.quota.max)),
            ("h:per", duration_literal(find_word(&PERIODS, &per.days()))),
        ]);
        match per.zone() {
            Some(zone) => with_members(json, [("h:zone", Json::from_display(zone))]),
            None => json,
        }
    }

    // JSON numbers above 2^53 are not exact, so counts are text.
    fn to_canonical_json(&self) -> Json {
        let zone = self.quota.per.zone();
        let members = [
            ("max", Json::from_display(self.quota.max)),
            ("per", Json::from_display(self.quota.per.as_str())),
        ];
        Json::object(
            members
                .into_iter()
                .chain(zone.map(|zone| ("zone", Json::from_display(zone)))),
        )
    }

    fn subject(&self) -> String {
        self.quota.per.as_str().to_owned()
    }

    fn effect(&self, _for: &EffectBinding<'_>) -> Result<Option<EffectKind>, Refusal> {
        not_zero(self.quota.max).map(|()| None)
    }
}

/// Term 31: largest number of rows in one answer.
pub(super) struct ResultRowsTerm(pub(super) u64);

pub(super) static RESULT_ROWS: TermSpec = TermSpec {
    numbers: &[31],
    name: "result_rows",
    position: OdrlPosition::Permission,
    operand: "h:resultRows",
    operators: &["lteq"],
    executed: &[EnforcementPoint::Answer],
    codes: &[ErrorCode::ResultTooLarge],
    nature: DemandKind::Technical,
    hides_rows: false,
    remedy: "add LIMIT, or a filter",
    test: "what_the_ruling_carries",
};

impl TermRule for ResultRowsTerm {
    fn spec(&self) -> &'static TermSpec {
        &RESULT_ROWS
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        right_operand(integer_literal(self.0))
    }

    fn to_canonical_json(&self) -> Json {
        Json::from_display(self.0)
    }

    fn effect(&self, _for: &EffectBinding<'_>) -> Result<Option<EffectKind>, Refusal> {
        not_zero(self.0).map(|()| None)
    }
}

/// Periods as durations (XML Schema); an hour has no days.
pub(super) const PERIODS: [(&str, Option<QuotaDays>); 4] = [
    ("PT1H", None),
    ("P1D", Some(QuotaDays::One)),
    ("P7D", Some(QuotaDays::Seven)),
    ("P30D", Some(QuotaDays::Thirty)),
];

/// Reads the count and the period. Days name their zone; otherwise the parties could mean different days.
pub(super) fn read_quota(form: &mut OdrlReader<'_>) -> Result<PeriodQuota, Refusal> {
    let period = form.read_typed_literal("h:per", "xsd:duration")?;
    let per = match form.one_of(&PERIODS, &period, "period")? {
        None => QuotaPeriod::Hour,
        Some(count) => QuotaPeriod::Days {
            count,
            zone: form.read_zone("h:zone")?,
        },
    };
    Ok(PeriodQuota {
        max: form.read_number("rightOperand")?,
        per,
    })
}

/// Bounds of a slot, which is half open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotBounds {
    /// Start of the slot.
    pub begin: UtcTimestamp,
    /// Start of the next slot.
    pub end: UtcTimestamp,
}

/// Slot of `period` that contains `now`.
///
/// Slots are half open, so that none overlap. Hours are counted from `from`; a day is one of its zone, and periods of several days
/// are counted from the day of `from`.
#[must_use]
pub fn quota_slot(period: &QuotaPeriod, from: UtcTimestamp, now: UtcTimestamp) -> SlotBounds {
    match period {
        QuotaPeriod::Hour => hour_slot(from, now),
        QuotaPeriod::Days { count, zone } => {
            let (length, first) = (count.number(), zone.number_day(from));
            let past = zone.number_day(now).saturating_sub(first);
            let start = first.saturating_add(past.div_euclid(length).saturating_mul(length));
            let next = start.saturating_add(length);
            SlotBounds {
                begin: zone.begin_day(start),
                end: zone.begin_day(next),
            }
        }
    }
}

/// Hour that contains `now`, counted from `from`.
fn hour_slot(from: UtcTimestamp, now: UtcTimestamp) -> SlotBounds {
    let number = (i128::from(now.micros()) - i128::from(from.micros())).div_euclid(HOUR);
    let offset = |number: i128| {
        let micros = number.saturating_mul(HOUR);
        let micros = i64::try_from(micros).unwrap_or(if micros < 0 { i64::MIN } else { i64::MAX });
        from.plus_micros(micros)
    };
    SlotBounds {
        begin: offset(number),
        end: offset(number.saturating_add(1)),
    }
}

/// Microseconds in an hour.
const HOUR: i128 = 3_600_000_000;

pub(super) fn not_zero(most: u64) -> Result<(), Refusal> {
    if most == 0 {
        return Err(contradiction_refusal("a limit of 0 permits nothing"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
