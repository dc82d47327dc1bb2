//! Tests: the index has the content of the log.

use crate::state_index::StateIndex;
use crate::state_index::row::{
    IncidentRow, OpenedAnswer, PasskeyRow, PeerHead, PeerMessageRow, QuotaSpending, ReceiptRow,
};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_store::retention::RetainedContracts;
use hansa_policy::id::{ContractId, DatasetId, ParticipantId};
use hansa_policy::refusal::ErrorCode;

fn peer() -> ParticipantId {
    "munster.example".parse().unwrap()
}

fn message_row(id: &str, record: u64) -> PeerMessageRow {
    PeerMessageRow {
        peer: peer(),
        incoming: false,
        id: id.to_owned(),
        kind: "offer".to_owned(),
        negotiation: Some("n-1".to_owned()),
        digest: Digest::of(id.as_bytes()).to_string(),
        record,
        at: UtcTimestamp::from_micros(0).unwrap(),
    }
}

#[test]
fn an_index_ahead_of_its_log_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.db");
    let mut state = StateIndex::open(&file, 0).unwrap();
    state.apply_changes(7, |_| Ok(())).unwrap();
    drop(state);
    assert_eq!(StateIndex::open(&file, 7).unwrap().position(), 7);
    assert_eq!(
        StateIndex::open(&file, 6).unwrap_err().code,
        ErrorCode::LedgerRollback
    );
}

#[test]
fn a_refused_change_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut state = StateIndex::open(&folder.path().join("state.db"), 0).unwrap();
    let refused = state.apply_changes(1, |change| {
        change.add_outgoing_message(&message_row("a", 0), false)?;
        Err::<(), _>(hansa_policy::refusal::Refusal::new(
            ErrorCode::Internal,
            "stop",
        ))
    });
    assert!(refused.is_err());
    assert_eq!(state.position(), 0);
    assert!(state.outbox(&peer(), 0).unwrap().is_empty());
}

#[test]
fn messages_are_numbered_without_gaps_and_kept_until_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let mut state = StateIndex::open(&folder.path().join("state.db"), 0).unwrap();
    for (position, id) in [(1, "a"), (2, "b"), (3, "c")] {
        state
            .apply_changes(position, |change| {
                change.add_outgoing_message(&message_row(id, position - 1), false)
            })
            .unwrap();
    }
    let numbers = |state: &StateIndex| -> Vec<u64> {
        let outbox = state.outbox(&peer(), 0).unwrap();
        outbox.into_iter().map(|row| row.number).collect()
    };
    assert_eq!(numbers(&state), [1, 2, 3]);
    state
        .apply_changes(4, |change| change.acknowledge_messages(&peer(), 2, false))
        .unwrap();
    assert_eq!(numbers(&state), [3]);
    state
        .apply_changes(5, |change| {
            change.add_outgoing_message(&message_row("d", 4), false)
        })
        .unwrap();
    assert_eq!(numbers(&state), [3, 4]);
    let (all, behind) = (
        state.outboxes_after(None, 10).unwrap(),
        state.outboxes_after(Some((&peer(), 3)), 10).unwrap(),
    );
    assert_eq!((all.len(), behind.len()), (2, 1));
    assert_eq!(behind[0].1.number, 4);
    assert_eq!(state.outboxes_after(None, 1).unwrap(), all[..1]);
    assert_eq!(state.count_waiting_messages().unwrap(), [(peer(), 2)]);
    assert!(state.sent_at(&peer(), "d").unwrap().is_some());
    assert_eq!(state.sent_at(&peer(), "e").unwrap(), None);
    assert_eq!(state.newest_for(&peer()).unwrap(), Some(4));
    state
        .apply_changes(6, |change| change.acknowledge_messages(&peer(), 4, false))
        .unwrap();
    assert_eq!(state.newest_for(&peer()).unwrap(), None);
}

#[test]
fn numbers_go_on_from_the_time_so_that_an_older_copy_gives_none_twice() {
    let folder = tempfile::tempdir().unwrap();
    let mut state = StateIndex::open(&folder.path().join("state.db"), 0).unwrap();
    let written = |id, record, micros| PeerMessageRow {
        at: UtcTimestamp::from_micros(micros).unwrap(),
        ..message_row(id, record)
    };
    // The third record has the time of the second, which is permitted.
    let all = [("a", 0, false), ("b", 500, true), ("c", 500, true)];
    for (position, (id, micros, by_time)) in (1..).zip(all) {
        let row = written(id, position - 1, micros);
        state
            .apply_changes(position, |change| {
                change.add_outgoing_message(&row, by_time)
            })
            .unwrap();
    }
    let outbox = state.outbox(&peer(), 0).unwrap();
    let numbers: Vec<u64> = outbox.into_iter().map(|row| row.number).collect();
    assert_eq!(numbers, [1, 500, 501]);
    assert_eq!(state.numbered_up_to(&peer()).unwrap(), 501);
    assert_eq!(state.oldest_for(&peer()).unwrap(), Some(1));
}

#[test]
fn a_withdrawal_that_was_fetched_is_there_for_whoever_goes_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut state = StateIndex::open(&folder.path().join("state.db"), 0).unwrap();
    for (position, (id, kind)) in (1..).zip([("a", "offer"), ("b", "withdrawal"), ("c", "offer")]) {
        let row = PeerMessageRow {
            kind: kind.to_owned(),
            digest: Digest::of(id.as_bytes()).to_string(),
            ..message_row(id, position - 1)
        };
        state
            .apply_changes(position, |change| change.add_outgoing_message(&row, false))
            .unwrap();
    }
    state
        .apply_changes(4, |change| change.acknowledge_messages(&peer(), 3, false))
        .unwrap();
    let after = |number| state.next_after(&peer(), number).unwrap();
    assert_eq!(after(0).map(|row| row.number), Some(2));
    assert_eq!(after(2), None);
    // The message no longer waits in the outbox.
    assert_eq!(state.newest_for(&peer()).unwrap(), None);
    assert_eq!(state.oldest_for(&peer()).unwrap(), None);
    assert!(state.outbox(&peer(), 0).unwrap().is_empty());
}

#[test]
fn what_is_given_back_can_be_spent_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut state = StateIndex::open(&folder.path().join("state.db"), 0).unwrap();
    let at = UtcTimestamp::from_micros(0).unwrap();
    let dataset: DatasetId = "hansa://munster.example/d/trips".parse().unwrap();
    let rows = |amount| QuotaSpending {
        dataset: dataset.clone(),
        counts: "rows".to_owned(),
        at,
        amount,
    };
    let used = |by: &str, amount| {
        let counts = "rows".to_owned();
        (asker(by), dataset.clone(), counts, at, amount)
    };
    const OTHER: &str = "hansa://other.example";
    state
        .apply_changes(1, |change| {
            change.open_answer(&opened(0, "q", "c", at))?;
            change.add_spending(&rows(100), ASKER, Some(0))?;
            change.add_spending(&rows(7), OTHER, None)?;
            change.add_spending(&rows(50), ASKER, Some(0))
        })
        .unwrap();
    let all = [used(ASKER, 150), used(OTHER, 7)];
    assert_eq!(state.quota_usages(at).unwrap(), all);
    assert_eq!(state.open_answers().unwrap().len(), 1);
    let closed = state
        .apply_changes(2, |change| {
            assert_eq!(change.list_reservations(0)?, [rows(150)]);
            assert_eq!(change.asker(0)?, Some((ASKER.to_owned(), at)));
            change.give_back(&rows(40), ASKER)?;
            change.close_answer(0, 1)
        })
        .unwrap();
    assert_eq!(closed.unwrap()[0], "q");
    assert!(state.open_answers().unwrap().is_empty());
    let all = [used(ASKER, 110), used(OTHER, 7)];
    assert_eq!(state.quota_usages(at).unwrap(), all);
    assert!(state.quota_usages(at.plus_micros(1)).unwrap().is_empty());
}

const ASKER: &str = "hansa://acme.example";

fn asker(id: &str) -> ParticipantId {
    id.parse().unwrap()
}

/// Three contracts with a question on each of three days. Of the first two days the decisions without dependants are removed.
#[test]
fn what_expires_leaves_the_first_use_and_what_is_to_be_countersigned() {
    let day = |number: i64| UtcTimestamp::from_micros(number * 86_400_000_000).unwrap();
    let asked = || (1..=3).flat_map(|on| ["lasting", "countersigned", "plain"].map(|of| (on, of)));
    let left = |of: &RetainedContracts| -> (Vec<String>, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let mut state = StateIndex::open(&folder.path().join("state.db"), 0).unwrap();
        for (record, (on, contract)) in (1_u64..).zip(asked()) {
            let request = format!("{contract} {on}");
            // The receipts of the first day are not countersigned.
            let word = if on == 1 { "issued" } else { "acknowledged" };
            let receipt = ReceiptRow {
                request: request.clone(),
                peer: asker(ASKER),
                role: "provider".to_owned(),
                contract: contract.to_owned(),
                rows: 1,
                bytes: 1,
                digest: String::new(),
                outcome: "complete".to_owned(),
                state: word.to_owned(),
                at: day(on),
                file: None,
            };
            let change = state.apply_changes(record, |change| {
                change.open_answer(&opened(record, &request, contract, day(on)))?;
                // One answer has not ended.
                if request != "plain 2" {
                    change.close_answer(record, record)?;
                }
                change.write_receipt(&receipt)
            });
            change.unwrap();
        }
        state
            .apply_changes(10, |change| change.expire_decisions(day(3), of))
            .unwrap();
        let all = |table: &str| {
            let sql = format!("SELECT request FROM {table} ORDER BY request");
            let mut found = state.connection.prepare(&sql).unwrap();
            let rows = found.query_map([], |row| row.get(0)).unwrap();
            rows.map(Result::unwrap).collect()
        };
        (all("answer"), all("receipt"))
    };
    let with = |more: &[&str]| {
        let mut all = [&["countersigned 3", "lasting 3", "plain 3"], more].concat();
        all.sort_unstable();
        all.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let only = |of: &str| vec![of.to_owned()];
    let none = RetainedContracts::default();
    assert_eq!(left(&none), (with(&["plain 2"]), with(&[])));
    let of = RetainedContracts {
        first_use: only("lasting"),
        ..RetainedContracts::default()
    };
    assert_eq!(left(&of), (with(&["plain 2", "lasting 1"]), with(&[])));
    let of = RetainedContracts {
        receipts: only("countersigned"),
        ..RetainedContracts::default()
    };
    let kept = "countersigned 1";
    assert_eq!(left(&of), (with(&["plain 2", kept]), with(&[kept])));
}

/// Answer to one participant that a receipt follows.
const fn opened<'a>(
    record: u64,
    request: &'a str,
    contracts: &'a str,
    at: UtcTimestamp,
) -> OpenedAnswer<'a> {
    OpenedAnswer {
        record,
        request,
        peer: ASKER,
        contracts,
        receipt: "issued",
        at,
    }
}

/// Of several contracts under one question each has its first answer, also after earlier ones have expired.
#[test]
fn first_answers_are_known_by_contract() {
    let day = |number: i64| UtcTimestamp::from_micros(number * 86_400_000_000).unwrap();
    let id = |of: &str| ContractId(Digest::of(of.as_bytes()));
    let (a, b) = (id("a"), id("b"));
    let folder = tempfile::tempdir().unwrap();
    let mut state = StateIndex::open(&folder.path().join("state.db"), 0).unwrap();
    let asked = [
        (0, "one", a.to_string()),
        (1, "two", format!("{b} {a}")),
        (2, "three", String::new()),
        (3, "four", b.to_string()),
    ];
    for (record, request, contracts) in &asked {
        let on = day(i64::try_from(*record).unwrap());
        let made = state.apply_changes(record + 1, |change| {
            change.open_answer(&opened(*record, request, contracts, on))?;
            change.close_answer(*record, *record).map(|_| ())
        });
        made.unwrap();
    }
    let known = |state: &StateIndex, of: ContractId| {
        let first = state.first_question(&of.to_string()).unwrap();
        (state.activation_and_first_use(of).unwrap().1, first)
    };
    let first = |on: i64, request: &str| (Some(day(on)), Some(request.to_owned()));
    assert_eq!(known(&state, a), first(0, "one"));
    assert_eq!(known(&state, b), first(1, "two"));
    assert_eq!(known(&state, id("c")), (None, None));
    // The first answer of one contract is kept; the other one gets its next.
    let of = RetainedContracts {
        first_use: vec![a.to_string()],
        ..RetainedContracts::default()
    };
    state
        .apply_changes(5, |change| change.expire_decisions(day(2), &of))
        .unwrap();
    assert_eq!(known(&state, a), first(0, "one"));
    assert_eq!(known(&state, b), first(3, "four"));
    state
        .apply_changes(6, |change| {
            change.expire_decisions(day(9), &RetainedContracts::default())
        })
        .unwrap();
    assert_eq!(known(&state, a), (None, None));
    assert_eq!(known(&state, b), (None, None));
}

#[test]
fn a_statement_closes_no_head_beyond_those_that_can_be_known() {
    let folder = tempfile::tempdir().unwrap();
    let mut state = StateIndex::open(&folder.path().join("state.db"), 0).unwrap();
    let note = |size: u64| format!("munster.example/hansa/evidence\n{size}\nroot {size}\n");
    let row = |record: u64, upto: u64| IncidentRow {
        record,
        peer: peer(),
        cause: "unknown".to_owned(),
        statement: format!("statement {record}"),
        at: UtcTimestamp::from_micros(0).unwrap(),
        fork: Some((0, upto)),
        late: 0,
    };
    state
        .apply_changes(1, |change| {
            change.add_recorded_head(PeerHead {
                peer: &peer(),
                via: &peer(),
                size: 40,
                note: &note(40),
                proven: false,
            })?;
            change.add_stated_incident(&row(0, 1 << 60), Some((30, &note(30))))
        })
        .unwrap();
    // The statement removed the head over 40 records, so the one over 50 is the largest.
    state
        .apply_changes(2, |change| {
            change.add_stated_incident(&row(1, 1 << 60), Some((50, &note(50))))
        })
        .unwrap();
    state
        .apply_changes(3, |change| {
            change.add_stated_incident(&row(2, 20), Some((60, &note(60))))
        })
        .unwrap();
    // Of the own log nothing is stored here; stated and found incidents agree.
    state
        .apply_changes(4, |change| change.add_stated_incident(&row(3, 70), None))
        .unwrap();
    let ranges: Vec<_> = state
        .incidents()
        .unwrap()
        .into_iter()
        .map(|row| row.fork)
        .collect();
    let expected = [40_u64, 50, 20, 70].map(|upto| Some((0_u64, upto)));
    assert_eq!(ranges, expected);
}

#[test]
fn a_passkey_is_there_until_it_is_removed_and_its_counter_stays() {
    let folder = tempfile::tempdir().unwrap();
    let mut state = StateIndex::open(&folder.path().join("state.db"), 0).unwrap();
    let at = |second: i64| UtcTimestamp::from_micros(second * 1_000_000).unwrap();
    let passkey = |key: &str, counter, added| PasskeyRow {
        key: key.to_owned(),
        actor: "maria".to_owned(),
        public_key: "spki".to_owned(),
        credential: "id".to_owned(),
        party: "munster.localhost".to_owned(),
        counter,
        added,
    };
    state
        .apply_changes(3, |change| {
            change.add_passkey(&passkey("a", 1, at(1)))?;
            change.add_passkey(&passkey("b", 0, at(2)))?;
            change.set_passkey_counter("a", 7)?;
            // The passkey of an act that no record added.
            change.set_passkey_counter("c", 7)
        })
        .unwrap();
    let both = [passkey("a", 7, at(1)), passkey("b", 0, at(2))];
    assert_eq!(state.passkeys().unwrap(), both);
    state
        .apply_changes(4, |change| change.end_passkey("a", at(3)))
        .unwrap();
    assert_eq!(state.passkeys().unwrap(), [passkey("b", 0, at(2))]);
    // A key that comes back may not count from the beginning.
    state
        .apply_changes(5, |change| change.add_passkey(&passkey("a", 2, at(4))))
        .unwrap();
    let both = [passkey("b", 0, at(2)), passkey("a", 7, at(4))];
    assert_eq!(state.passkeys().unwrap(), both);
}
