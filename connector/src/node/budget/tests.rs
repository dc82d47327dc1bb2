//! No quota is exceeded, whoever asks in parallel, and nobody uses up what another one may have.

use super::*;
use evidence::digest::Digest;
use policy::term::{Period, Quota};

fn budget(counts: Counted, max: u64) -> Budget {
    Budget {
        contract: ContractId(Digest::of(b"a public view")),
        clause: ClauseId(3),
        counts,
        quota: Quota {
            max,
            per: Period::Day,
        },
        slot: Time::EARLIEST,
        slot_end: Time::LATEST,
    }
}

fn asker(id: &str) -> ParticipantId {
    id.parse().unwrap()
}

fn reserve(
    budgets: &Budgets,
    budget: &Budget,
    reserve: &mut Reserve,
    rows: u64,
) -> Result<bool, Refusal> {
    budgets
        .reserve(
            std::slice::from_ref(budget),
            reserve,
            (RequestId([0; 16]), 0),
            (rows, rows),
        )
        .map(|record| record.is_some())
}

#[test]
fn each_asker_of_a_public_view_has_its_own_quota() {
    let rows = budget(Counted::Rows, 100);
    let budgets = Budgets::default();
    let (acme, other) = (
        asker("hansa://acme.example"),
        asker("hansa://other.example"),
    );
    let mut first = Reserve::of(acme.clone());
    assert!(reserve(&budgets, &rows, &mut first, 100).unwrap());
    let mut more = Reserve::of(acme.clone());
    let refusal = reserve(&budgets, &rows, &mut more, 1).unwrap_err();
    assert_eq!(refusal.code, Code::QuotaRows);
    let mut theirs = Reserve::of(other.clone());
    assert!(reserve(&budgets, &rows, &mut theirs, 60).unwrap());
    budgets.give_back(std::slice::from_ref(&rows), &theirs, 60, 0);
    let spent = |who: &ParticipantId| budgets.spent(rows.contract, rows.clause, rows.slot, who);
    assert_eq!((spent(&acme), spent(&other)), (100, 60));
    assert_eq!(
        budgets.most_spent(rows.contract, rows.clause, rows.slot),
        100
    );
    let questions = budget(Counted::Queries, 1);
    budgets.count_query(std::slice::from_ref(&questions), &other);
    assert_eq!((spent(&acme), spent(&other)), (100, 61));
}

#[test]
fn parallel_answers_to_one_asker_share_its_quota() {
    let rows = budget(Counted::Rows, 20_000);
    let budgets = std::sync::Arc::new(Budgets::default());
    let handed: u64 = std::thread::scope(|scope| {
        let answers: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut own = Reserve::of(asker("hansa://acme.example"));
                    let mut handed = 0_u64;
                    while handed < 5_000 && reserve(&budgets, &rows, &mut own, 100).is_ok() {
                        handed += 100;
                    }
                    budgets.give_back(std::slice::from_ref(&rows), &own, handed, 0);
                    handed
                })
            })
            .collect();
        answers.into_iter().map(|one| one.join().unwrap()).sum()
    });
    let asker = asker("hansa://acme.example");
    let spent = budgets.spent(rows.contract, rows.clause, rows.slot, &asker);
    assert!(handed <= 20_000, "{handed}");
    assert_eq!(spent, handed);
}
