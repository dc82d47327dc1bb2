//! Terms 26, 27, 28 and 31: counts in each period, and rows of one answer.

use super::language::Language;
use super::odrl::{duration, integer, says, with, word};
use super::rule::{
    DemandKind, EffectBinding, EnforcementPoint, OdrlPosition, OdrlReader, OdrlWriter, TermRule,
    TermSpec,
};
use crate::effect::EffectKind;
use crate::message::message;
use crate::refusal::{ErrorCode, Refusal, contradiction};
use crate::value::time::{PeriodQuota, QuotaPeriod};
use hansa_audit_log::json::Json;
use hansa_audit_log::time::UtcTimestamp;

/// Terms 26 to 28, by what they count.
pub(super) struct QuotaTerm {
    pub(super) spec: &'static TermSpec,
    pub(super) quota: PeriodQuota,
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

impl TermRule for QuotaTerm {
    fn spec(&self) -> &'static TermSpec {
        self.spec
    }

    fn odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        with(
            says(self.spec.operand, "lteq", integer(self.quota.max)),
            [("h:per", duration(word(&PERIODS, &self.quota.per)))],
        )
    }

    fn render(&self, language: Language) -> String {
        let PeriodQuota { max, per } = self.quota;
        let number = language.number(max);
        let each = per.sentence(language);
        let what = match self.spec.name {
            "queries" => message!(language, "quota-questions"),
            "row_quota" => message!(language, "quota-rows"),
            _ => return bytes(language, max, &each),
        };
        message!(language, "quota", number, what, each)
    }

    // Counts above 2^53 have no exact JSON number, so counts are text.
    fn canonical(&self) -> Json {
        Json::object([
            ("max", Json::text(self.quota.max)),
            ("per", Json::text(self.quota.per.as_str())),
        ])
    }

    fn subject(&self) -> String {
        self.quota.per.as_str().to_owned()
    }

    fn effect(&self, _for: &EffectBinding<'_>) -> Result<Option<EffectKind>, Refusal> {
        not_zero(self.quota.max).map(|()| None)
    }
}

/// Term 31.
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

    fn odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        says("h:resultRows", "lteq", integer(self.0))
    }

    fn render(&self, language: Language) -> String {
        let number = language.number(self.0);
        message!(language, "result-rows", number)
    }

    fn canonical(&self) -> Json {
        Json::text(self.0)
    }

    fn effect(&self, _for: &EffectBinding<'_>) -> Result<Option<EffectKind>, Refusal> {
        not_zero(self.0).map(|()| None)
    }
}

/// The periods, as durations (XML Schema).
pub(super) const PERIODS: [(&str, QuotaPeriod); 4] = [
    ("PT1H", QuotaPeriod::Hour),
    ("P1D", QuotaPeriod::Day),
    ("P7D", QuotaPeriod::Week),
    ("P30D", QuotaPeriod::ThirtyDays),
];

/// Reads how many, and in which period.
pub(super) fn read(form: &mut OdrlReader<'_>) -> Result<PeriodQuota, Refusal> {
    let period = form.typed("h:per", "xsd:duration")?;
    Ok(PeriodQuota {
        max: form.number("rightOperand")?,
        per: form.one_of(&PERIODS, &period, "period")?,
    })
}

/// The slot of `period` in which `now` lies, counted from `from` in UTC: its start, and the start of the next.
///
/// Slots are half open and of fixed length, so that no two overlap and none is reopened by a change of civil time.
#[must_use]
pub fn slot(
    period: QuotaPeriod,
    from: UtcTimestamp,
    now: UtcTimestamp,
) -> (UtcTimestamp, UtcTimestamp) {
    let length = i128::from(period.micros());
    let number = (i128::from(now.micros()) - i128::from(from.micros())).div_euclid(length);
    let offset = |number: i128| {
        let micros = number.saturating_mul(length);
        let micros = i64::try_from(micros).unwrap_or(if micros < 0 { i64::MIN } else { i64::MAX });
        from.plus_micros(micros)
    };
    (offset(number), offset(number.saturating_add(1)))
}

pub(super) fn not_zero(most: u64) -> Result<(), Refusal> {
    if most == 0 {
        return Err(contradiction("a limit of 0 permits nothing"));
    }
    Ok(())
}

fn bytes(language: Language, max: u64, each: &str) -> String {
    let size = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")]
        .into_iter()
        .find(|(unit, _)| max >= *unit && max.is_multiple_of(*unit))
        .map_or_else(
            || {
                let bytes = message!(language, "quota-bytes");
                format!("{} {bytes}", language.number(max))
            },
            |(unit, name)| format!("{} {name}", language.number(max / unit)),
        );
    message!(language, "quota-size", size, each)
}

impl QuotaPeriod {
    pub(super) fn sentence(self, language: Language) -> String {
        match self {
            Self::Hour => message!(language, "quota-each-hour"),
            Self::Day => message!(language, "quota-each-day"),
            Self::Week => message!(language, "quota-each-week"),
            Self::ThirtyDays => message!(language, "quota-each-30-days"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::Term;

    #[track_caller]
    fn check(period: QuotaPeriod, from: &str, now: &str, expect: (&str, &str)) {
        let (start, end) = slot(period, from.parse().unwrap(), now.parse().unwrap());
        assert_eq!(
            (start.to_string(), end.to_string()),
            (expect.0.to_owned(), expect.1.to_owned())
        );
    }

    #[test]
    fn slots_are_counted_from_the_first_instant() {
        let from = "2026-03-28T10:30:00Z";
        check(
            QuotaPeriod::Day,
            from,
            "2026-03-28T10:30:00Z",
            (from, "2026-03-29T10:30:00Z"),
        );
        check(
            QuotaPeriod::Day,
            from,
            "2026-03-29T10:29:59.999999Z",
            (from, "2026-03-29T10:30:00Z"),
        );
        check(
            QuotaPeriod::Day,
            from,
            "2026-03-29T10:30:00Z",
            ("2026-03-29T10:30:00Z", "2026-03-30T10:30:00Z"),
        );
        check(
            QuotaPeriod::Hour,
            from,
            "2026-03-28T12:00:00Z",
            ("2026-03-28T11:30:00Z", "2026-03-28T12:30:00Z"),
        );
        check(
            QuotaPeriod::ThirtyDays,
            from,
            "2026-04-28T00:00:00Z",
            ("2026-04-27T10:30:00Z", "2026-05-27T10:30:00Z"),
        );
        check(
            QuotaPeriod::Day,
            from,
            "2026-03-28T10:00:00Z",
            ("2026-03-27T10:30:00Z", from),
        );
    }

    #[test]
    fn slots_never_overlap_and_leave_no_gap() {
        let mut seed = 7_u64;
        let mut next = || {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            i64::try_from(seed >> 16).unwrap()
        };
        for _ in 0..2_000 {
            let from = UtcTimestamp::from_micros(next()).unwrap();
            let now = UtcTimestamp::from_micros(next()).unwrap();
            for period in QuotaPeriod::ALL {
                let (start, end) = slot(period, from, now);
                assert!(start <= now && now < end);
                assert_eq!(end.micros() - start.micros(), period.micros());
                assert_eq!(slot(period, from, start), (start, end));
                assert_eq!(slot(period, from, end).0, end);
            }
        }
    }

    #[test]
    fn edges_of_time_do_not_panic() {
        for from in [UtcTimestamp::EARLIEST, UtcTimestamp::LATEST] {
            for now in [UtcTimestamp::EARLIEST, UtcTimestamp::LATEST] {
                for period in QuotaPeriod::ALL {
                    let (start, end) = slot(period, from, now);
                    assert!(start <= end);
                }
            }
        }
    }

    #[test]
    fn sentences() {
        let day = |max| PeriodQuota {
            max,
            per: QuotaPeriod::Day,
        };
        assert_eq!(
            Term::RowQuota(day(10_000)).plain(),
            "at most 10,000 rows each day"
        );
        assert_eq!(
            Term::ByteQuota(day(5_000_000)).plain(),
            "at most 5 MB each day"
        );
        assert_eq!(
            Term::ByteQuota(day(1_234)).render(Language::De),
            "höchstens 1.234 Byte je Tag"
        );
    }
}
