//! Tests: concurrent answers exceed no quota, and no caller uses up the quota of another one.

use super::*;
use hansa_audit_log::day_zone::DayZone;
use hansa_audit_log::digest::Digest;
use hansa_policy::id::{ClauseId, ContractId};
use hansa_policy::value::time::{PeriodQuota, QuotaDays, QuotaPeriod};

fn under(contract: &[u8], counts: QuotaKind, max: u64) -> QuotaBudget {
    QuotaBudget {
        dataset: "hansa://munster.example/d/trips".parse().unwrap(),
        contract: ContractId(Digest::of(contract)),
        clause: ClauseId(3),
        counts,
        quota: PeriodQuota {
            max,
            per: QuotaPeriod::Days {
                count: QuotaDays::One,
                zone: DayZone::utc(),
            },
        },
        slot: at(0),
        slot_end: at(24 * 60),
    }
}

fn budget(counts: QuotaKind, max: u64) -> QuotaBudget {
    under(b"a public view", counts, max)
}

/// Instant `minutes` after the start of the period.
fn at(minutes: i64) -> UtcTimestamp {
    let start: UtcTimestamp = "2026-11-20T00:00:00Z".parse().unwrap();
    start.plus_micros(minutes * 60_000_000)
}

fn asker(id: &str) -> ParticipantId {
    id.parse().unwrap()
}

fn acme() -> ParticipantId {
    asker("hansa://acme.example")
}

fn spent(budgets: &BudgetCounters, of: &QuotaBudget, who: &ParticipantId) -> u64 {
    budgets.spent_amount(&of.dataset, of.counts, of.slot_bounds(), who)
}

fn take(
    budgets: &BudgetCounters,
    clauses: &[QuotaBudget],
    reserve: &mut BudgetReservation,
    rows: u64,
) -> Result<bool, Refusal> {
    budgets
        .reserve(clauses, reserve, FrameSize { rows, bytes: rows })
        .map(|reservations| !reservations.is_empty())
}

fn reserve(
    budgets: &BudgetCounters,
    budget: &QuotaBudget,
    reserve: &mut BudgetReservation,
    rows: u64,
) -> Result<bool, Refusal> {
    take(budgets, std::slice::from_ref(budget), reserve, rows)
}

#[test]
fn each_asker_of_a_public_view_has_its_own_quota() {
    let rows = budget(QuotaKind::Rows, 100);
    let budgets = BudgetCounters::default();
    let other = asker("hansa://other.example");
    let mut first = BudgetReservation::new(acme(), at(5));
    assert!(reserve(&budgets, &rows, &mut first, 100).unwrap());
    let mut more = BudgetReservation::new(acme(), at(6));
    let refusal = reserve(&budgets, &rows, &mut more, 1).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::QuotaRows);
    let mut theirs = BudgetReservation::new(other.clone(), at(7));
    assert!(reserve(&budgets, &rows, &mut theirs, 60).unwrap());
    budgets.give_back(&theirs, 60, 0);
    assert_eq!(spent(&budgets, &rows, &acme()), 100);
    assert_eq!(spent(&budgets, &rows, &other), 60);
    let most = budgets.most_spent(&rows.dataset, rows.counts, rows.slot_bounds());
    assert_eq!(most, 100);
    let questions = budget(QuotaKind::Queries, 1);
    budgets.count_query(std::slice::from_ref(&questions), &other, at(8));
    assert_eq!(spent(&budgets, &questions, &other), 1);
    assert_eq!(spent(&budgets, &rows, &other), 60);
}

#[test]
fn a_second_contract_on_the_dataset_brings_no_fresh_quota() {
    let budgets = BudgetCounters::default();
    let first = under(b"first", QuotaKind::Rows, 100);
    let second = under(b"second", QuotaKind::Rows, 100);
    let wider = under(b"wider", QuotaKind::Rows, 130);
    let mut whole = BudgetReservation::new(acme(), at(0));
    assert!(reserve(&budgets, &first, &mut whole, 70).unwrap());
    budgets.give_back(&whole, 70, 0);
    // The unused reservation is free for all answers again.
    let mut cut = BudgetReservation::new(acme(), at(20));
    assert!(reserve(&budgets, &second, &mut cut, 10).unwrap());
    budgets.give_back(&cut, 10, 0);
    let refused = reserve(
        &budgets,
        &second,
        &mut BudgetReservation::new(acme(), at(40)),
        21,
    );
    assert_eq!(refused.unwrap_err().code, ErrorCode::QuotaRows);
    // Each clause compares its own limit.
    assert!(
        reserve(
            &budgets,
            &wider,
            &mut BudgetReservation::new(acme(), at(60)),
            21
        )
        .unwrap()
    );
    let questions = [b"first", b"other"].map(|name| under(name, QuotaKind::Queries, 2));
    for question in &questions {
        budgets.count_query(std::slice::from_ref(question), &acme(), at(61));
    }
    assert_eq!(spent(&budgets, &questions[0], &acme()), 2);
}

#[test]
fn contracts_with_other_periods_count_the_same_uses() {
    let budgets = BudgetCounters::default();
    let day = under(b"day", QuotaKind::Rows, 100);
    let slot = |hour: i64| QuotaBudget {
        slot: at(hour * 60),
        slot_end: at(hour * 60 + 60),
        ..under(b"hour", QuotaKind::Rows, 50)
    };
    let mut own = BudgetReservation::new(acme(), at(59));
    assert!(reserve(&budgets, &day, &mut own, 45).unwrap());
    budgets.give_back(&own, 45, 0);
    assert_eq!(spent(&budgets, &slot(0), &acme()), 45);
    assert_eq!(spent(&budgets, &slot(1), &acme()), 0);
    assert!(
        reserve(
            &budgets,
            &slot(0),
            &mut BudgetReservation::new(acme(), at(59)),
            6
        )
        .is_err()
    );
    let tomorrow = QuotaBudget {
        slot: day.slot_end,
        slot_end: at(48 * 60),
        ..day
    };
    assert_eq!(spent(&budgets, &tomorrow, &acme()), 0);
}

#[test]
fn two_clauses_that_count_the_same_count_it_once() {
    let budgets = BudgetCounters::default();
    let day = under(b"one", QuotaKind::Rows, 100);
    let hour = QuotaBudget {
        clause: ClauseId(4),
        slot: at(60),
        slot_end: at(120),
        ..under(b"one", QuotaKind::Rows, 30)
    };
    let both = [day.clone(), hour.clone()];
    let mut own = BudgetReservation::new(acme(), at(70));
    assert!(take(&budgets, &both, &mut own, 25).unwrap());
    budgets.give_back(&own, 25, 0);
    assert_eq!(spent(&budgets, &day, &acme()), 25);
    assert_eq!(spent(&budgets, &hour, &acme()), 25);
    let mut more = BudgetReservation::new(acme(), at(75));
    let refusal = take(&budgets, &both, &mut more, 6).unwrap_err();
    assert_eq!(refusal.clause, Some(ClauseId(4)));
    assert_eq!(spent(&budgets, &day, &acme()), 25);
}

#[test]
fn a_slot_that_begins_within_a_quarter_counts_all_of_it() {
    let budgets = BudgetCounters::default();
    let odd = QuotaBudget {
        slot: at(7),
        slot_end: at(7 + 60),
        ..under(b"odd", QuotaKind::Rows, 10)
    };
    assert!(
        reserve(
            &budgets,
            &odd,
            &mut BudgetReservation::new(acme(), at(66)),
            10
        )
        .unwrap()
    );
    let next = QuotaBudget {
        slot: odd.slot_end,
        slot_end: at(7 + 120),
        ..odd.clone()
    };
    // The count is too high for a quarter of an hour at most.
    assert_eq!(spent(&budgets, &next, &acme()), 10);
    let after = QuotaBudget {
        slot: at(75),
        slot_end: at(135),
        ..odd
    };
    assert_eq!(spent(&budgets, &after, &acme()), 0);
}

/// Hourly periods of a contract without a first day begin one second before a quarter of an hour.
#[test]
fn slots_of_a_contract_without_a_first_day_are_told_apart() {
    let now = at(200);
    let SlotBounds {
        begin: slot,
        end: slot_end,
    } = hansa_policy::term::quota::quota_slot(&QuotaPeriod::Hour, UtcTimestamp::EARLIEST, now);
    let hour = QuotaBudget {
        slot,
        slot_end,
        ..under(b"always", QuotaKind::Rows, 10)
    };
    let budgets = BudgetCounters::default();
    for (seconds, before, after) in [(-1, 1, 0), (0, 1, 1), (1, 1, 2)] {
        let mut own = BudgetReservation::new(acme(), slot.plus_micros(seconds * 1_000_000));
        assert!(reserve(&budgets, &budget(QuotaKind::Rows, 10), &mut own, 1).is_ok());
        budgets.give_back(&own, 1, 0);
        let earlier = SlotBounds {
            begin: slot.plus_micros(-3_600_000_000),
            end: slot,
        };
        let had = budgets.spent_amount(&hour.dataset, hour.counts, earlier, &acme());
        assert_eq!((had, spent(&budgets, &hour, &acme())), (before, after));
    }
}

/// Midnights of a time zone begin a piece of time. On days of 23 and 25 hours, too, no amount counts for two days.
#[test]
fn days_of_a_zone_are_told_apart_to_the_second() {
    for zone in ["Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe"] {
        let zone: DayZone = zone.parse().unwrap();
        for around in [
            "2026-03-29T12:00:00Z",
            "2026-04-05T12:00:00Z",
            "2026-10-25T12:00:00Z",
        ] {
            let number = zone.number_day(around.parse().unwrap());
            let [slot, slot_end, after] =
                [number, number + 1, number + 2].map(|number| zone.begin_day(number));
            let today = QuotaBudget {
                slot,
                slot_end,
                ..budget(QuotaKind::Rows, 10)
            };
            let tomorrow = QuotaBudget {
                slot: slot_end,
                slot_end: after,
                ..today.clone()
            };
            let budgets = BudgetCounters::default();
            for (of, at) in [
                (&today, slot),
                (&today, slot_end.plus_micros(-1)),
                (&tomorrow, slot_end),
            ] {
                let mut own = BudgetReservation::new(acme(), at);
                assert!(reserve(&budgets, of, &mut own, 5).is_ok(), "{zone:?} {at}");
                budgets.give_back(&own, 5, 0);
            }
            let had = [&today, &tomorrow].map(|of| spent(&budgets, of, &acme()));
            assert_eq!(had, [10, 5], "{zone:?} {around}");
            let mut more = BudgetReservation::new(acme(), slot_end.plus_micros(-1));
            assert!(reserve(&budgets, &today, &mut more, 1).is_err());
        }
    }
}

#[test]
fn parallel_answers_to_one_asker_share_its_quota() {
    let rows = budget(QuotaKind::Rows, 20_000);
    let budgets = std::sync::Arc::new(BudgetCounters::default());
    let handed: u64 = std::thread::scope(|scope| {
        let answers: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut own = BudgetReservation::new(acme(), at(3));
                    let mut handed = 0_u64;
                    while handed < 5_000 && reserve(&budgets, &rows, &mut own, 100).is_ok() {
                        handed += 100;
                    }
                    budgets.give_back(&own, handed, 0);
                    handed
                })
            })
            .collect();
        answers.into_iter().map(|one| one.join().unwrap()).sum()
    });
    assert!(handed <= 20_000, "{handed}");
    assert_eq!(spent(&budgets, &rows, &acme()), handed);
}
