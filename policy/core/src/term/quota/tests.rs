//! Tests of quota periods: their starts and ends, over changes of civil time.

use super::*;
use crate::term::Term;
use hansa_audit_log::time::civil_time;
use std::collections::BTreeMap;

fn days(count: QuotaDays, zone: &str) -> QuotaPeriod {
    let zone = zone.parse().unwrap();
    QuotaPeriod::Days { count, zone }
}

fn day(zone: &str) -> QuotaPeriod {
    days(QuotaDays::One, zone)
}

#[track_caller]
fn check(period: &QuotaPeriod, from: &str, now: &str, expect: (&str, &str)) {
    let SlotBounds { begin, end } = quota_slot(period, from.parse().unwrap(), now.parse().unwrap());
    assert_eq!(
        (begin.to_string(), end.to_string()),
        (expect.0.to_owned(), expect.1.to_owned())
    );
}

struct RandomNumber(u64);

impl RandomNumber {
    fn draw(&mut self) -> i64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 16).unwrap()
    }

    /// Random instant of the years 1976 to 2036.
    fn draw_instant(&mut self) -> UtcTimestamp {
        const SIX_YEARS: i64 = 6 * 366 * 24 * 3_600_000_000;
        UtcTimestamp::from_micros(SIX_YEARS + self.draw().rem_euclid(10 * SIX_YEARS)).unwrap()
    }
}

const ZONES: [&str; 8] = [
    "UTC",
    "Europe/Berlin",
    "Europe/Lisbon",
    "America/Toronto",
    "America/St_Johns",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
];

#[test]
fn hours_are_counted_from_the_first_instant() {
    let from = "2026-03-28T10:30:00Z";
    for (now, expect) in [
        (from, (from, "2026-03-28T11:30:00Z")),
        (
            "2026-03-28T12:00:00Z",
            ("2026-03-28T11:30:00Z", "2026-03-28T12:30:00Z"),
        ),
        ("2026-03-28T10:00:00Z", ("2026-03-28T09:30:00Z", from)),
    ] {
        check(&QuotaPeriod::Hour, from, now, expect);
    }
}

/// On 29 March 2026 the clock of Berlin goes from two to three: the day has 23 hours, and weeks still begin at midnight.
#[test]
fn days_are_those_of_the_zone() {
    let from = "2026-03-26T10:30:00Z";
    let berlin = day("Europe/Berlin");
    let short = ("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z");
    for (now, expect) in [
        (
            "2026-03-28T22:59:59.999999Z",
            ("2026-03-27T23:00:00Z", "2026-03-28T23:00:00Z"),
        ),
        ("2026-03-28T23:00:00Z", short),
        ("2026-03-29T00:59:59Z", short),
        ("2026-03-29T01:00:00Z", short),
        ("2026-03-29T21:59:59.999999Z", short),
        (
            "2026-03-29T22:00:00Z",
            ("2026-03-29T22:00:00Z", "2026-03-30T22:00:00Z"),
        ),
        // A day of 25 hours.
        (
            "2026-10-25T22:30:00Z",
            ("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),
        ),
        // Instants before the start of the contract lie in a day, too.
        (
            "2026-03-26T10:00:00Z",
            ("2026-03-25T23:00:00Z", "2026-03-26T23:00:00Z"),
        ),
    ] {
        check(&berlin, from, now, expect);
    }
    let now = "2026-03-29T01:00:00Z";
    check(
        &day("UTC"),
        from,
        now,
        ("2026-03-29T00:00:00Z", "2026-03-30T00:00:00Z"),
    );
    // Several days are counted from the day of the first instant, in the zone.
    check(
        &days(QuotaDays::Seven, "Europe/Berlin"),
        from,
        now,
        ("2026-03-25T23:00:00Z", "2026-04-01T22:00:00Z"),
    );
    check(
        &days(QuotaDays::Thirty, "Europe/Berlin"),
        from,
        "2026-04-28T00:00:00Z",
        ("2026-04-24T22:00:00Z", "2026-05-24T22:00:00Z"),
    );
}

#[test]
fn slots_never_overlap_and_leave_no_gap() {
    let mut random = RandomNumber(7);
    for zone in ZONES {
        for _ in 0..500 {
            let (from, now) = (random.draw_instant(), random.draw_instant());
            for period in &QuotaPeriod::list_periods(&zone.parse().unwrap()) {
                let found = quota_slot(period, from, now);
                let SlotBounds { begin, end } = found;
                assert!(begin <= now && now < end, "{period} at {now}");
                assert_eq!(quota_slot(period, from, begin), found, "{period} at {now}");
                assert_eq!(
                    quota_slot(period, from, end).begin,
                    end,
                    "{period} at {now}"
                );
                let last = end.plus_micros(-1);
                assert_eq!(quota_slot(period, from, last), found, "{period} at {now}");
            }
        }
    }
}

/// No day of the zone gets more than its quota, even with 23 or 25 hours, and the next day has a full one.
#[test]
fn no_day_of_the_zone_gets_more_than_its_quota() {
    const MAX: u64 = 5;
    const QUARTER: i64 = 15 * 60_000_000;
    let mut random = RandomNumber(41);
    // Two weeks around each clock change in 2026, and around the turn of the year.
    for zone in ZONES {
        let period = day(zone);
        for begin in [
            "2026-03-01T00:00:00Z",
            "2026-03-22T00:00:00Z",
            "2026-10-18T00:00:00Z",
            "2026-10-25T00:00:00Z",
            "2026-12-24T00:00:00Z",
        ] {
            let begin: UtcTimestamp = begin.parse().unwrap();
            let mut instants: Vec<UtcTimestamp> = (0..400)
                .map(|_| begin.plus_micros(random.draw().rem_euclid(14 * 96) * QUARTER))
                .collect();
            // The last moment of a quarter hour, beside the first of the next.
            instants.extend(instants.clone().iter().map(|at| at.plus_micros(-1)));
            instants.sort();
            let from = random.draw_instant();
            // Provider's count: by the slot of its clause.
            let mut counted: BTreeMap<UtcTimestamp, u64> = BTreeMap::new();
            // Count of a person: from zero whenever the wall clock shows another day.
            let mut by_date: Vec<u64> = Vec::new();
            let mut weekday = None;
            for at in instants {
                let wanted = u64::try_from(random.draw().rem_euclid(3)).unwrap();
                let used = counted
                    .entry(quota_slot(&period, from, at).begin)
                    .or_default();
                let permitted = wanted.min(MAX - *used);
                *used += permitted;
                let shown = civil_time(at, zone).unwrap().weekday;
                if weekday.replace(shown) != Some(shown) {
                    by_date.push(0);
                }
                *by_date.last_mut().unwrap() += permitted;
            }
            assert!((14..=16).contains(&by_date.len()), "{zone}: {by_date:?}");
            assert!(
                by_date.iter().all(|permitted| *permitted <= MAX),
                "{zone}: {by_date:?}"
            );
            // A quota that is used all day long is used up each day, whatever its length.
            assert!(
                by_date[1..13].iter().all(|permitted| *permitted == MAX),
                "{zone}: {by_date:?}"
            );
        }
    }
}

#[test]
fn edges_of_time_do_not_panic() {
    for from in [UtcTimestamp::EARLIEST, UtcTimestamp::LATEST] {
        for now in [UtcTimestamp::EARLIEST, UtcTimestamp::LATEST] {
            for zone in ZONES {
                for period in &QuotaPeriod::list_periods(&zone.parse().unwrap()) {
                    let SlotBounds { begin, end } = quota_slot(period, from, now);
                    assert!(begin <= end);
                }
            }
        }
    }
}

#[test]
fn sentences() {
    let quota = |max, per| PeriodQuota { max, per };
    let each_day = |max| quota(max, day("Europe/Berlin"));
    for (term, sentence) in [
        (
            Term::RowQuota(each_day(10_000)),
            "at most 10,000 rows on each day (Berlin time)",
        ),
        (
            Term::ByteQuota(each_day(5_000_000)),
            "at most 5 MB on each day (Berlin time)",
        ),
        (
            Term::Queries(quota(7, QuotaPeriod::Hour)),
            "at most 7 queries in each period of one hour",
        ),
        (
            Term::Queries(quota(7, days(QuotaDays::Seven, "UTC"))),
            "at most 7 queries in each period of 7 days (UTC)",
        ),
    ] {
        assert_eq!(term.to_english(), sentence);
    }
    assert_eq!(
        Term::ByteQuota(each_day(1_234)).render(crate::term::language::Language::De),
        "höchstens 1.234 Byte an jedem Tag (Ortszeit Berlin)"
    );
}
