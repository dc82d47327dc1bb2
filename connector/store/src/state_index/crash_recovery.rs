//! Index after a crash: from any state at that moment, applying the rest of the log gives an equal index.

use super::StateIndex;
use super::index_transaction::IndexTransaction;
use super::row::{ActivatedContract, NegotiationRow, PeerMessageRow};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use std::path::{Path, PathBuf};

/// Content of a record, as far as the index needs it.
#[derive(Debug, Clone)]
enum ReplayedRecord {
    Message {
        peer: u8,
        incoming: bool,
        id: u8,
        numbered: bool,
    },
    Fetched {
        peer: u8,
        number: u64,
    },
    Taken {
        peer: u8,
        number: u64,
    },
    Negotiation {
        id: u8,
        state: u8,
    },
    Activated(u8),
    Withdrawn(u8),
    Address(u8, u8),
    Forgotten(u8),
    Head(u8, u64),
    Bundle(u64),
}

fn numbered_peer(number: u8) -> ParticipantId {
    format!("city{number}.example").parse().unwrap()
}

fn numbered_contract(number: u8) -> ContractId {
    ContractId(Digest::of(&[number]))
}

fn record_time(record: u64) -> UtcTimestamp {
    UtcTimestamp::from_micros(i64::try_from(record).unwrap()).unwrap()
}

fn random_history(random: &mut StdRng, length: u64) -> Vec<ReplayedRecord> {
    (0..length)
        .map(|_| {
            let peer = random.random_range(0..3);
            let number = random.random_range(0..8);
            match random.random_range(0..10) {
                0 | 1 => ReplayedRecord::Message {
                    peer,
                    incoming: random.random(),
                    id: random.random(),
                    numbered: random.random(),
                },
                2 => ReplayedRecord::Fetched { peer, number },
                3 => ReplayedRecord::Taken { peer, number },
                4 => ReplayedRecord::Negotiation {
                    id: random.random_range(0..4),
                    state: random.random_range(0..4),
                },
                5 => ReplayedRecord::Activated(peer),
                6 => ReplayedRecord::Withdrawn(peer),
                7 => ReplayedRecord::Address(peer, random.random()),
                8 => ReplayedRecord::Forgotten(peer),
                _ if random.random() => ReplayedRecord::Head(peer, number),
                _ => ReplayedRecord::Bundle(number),
            }
        })
        .collect()
}

fn take_in(
    change: &IndexTransaction<'_>,
    record: u64,
    said: &ReplayedRecord,
) -> Result<(), Refusal> {
    match said {
        ReplayedRecord::Message {
            peer: who,
            incoming,
            id,
            numbered,
        } => {
            let row = PeerMessageRow {
                peer: numbered_peer(*who),
                incoming: *incoming,
                id: format!("l-{id}-{record}"),
                kind: "offer".to_owned(),
                negotiation: Some(format!("n-{who}")),
                digest: Digest::of(&[*id]).to_string(),
                record,
                at: record_time(record),
            };
            match *numbered && !*incoming {
                true => change.add_outgoing_message(&row, *id > 127),
                false => change.add_peer_message(&row),
            }
        }
        ReplayedRecord::Fetched { peer: who, number } => {
            change.acknowledge_messages(&numbered_peer(*who), *number, *number > 3)
        }
        ReplayedRecord::Taken { peer: who, number } => {
            change.set_last_processed_message(&numbered_peer(*who), *number)
        }
        ReplayedRecord::Negotiation { id, state } => change.write_negotiation(&NegotiationRow {
            id: format!("n-{id}"),
            peer: numbered_peer(*id % 3),
            role: "provider".to_owned(),
            dataset: "hansa://city0.example/d/bikes".to_owned(),
            state: format!("STATE{state}"),
            contract: (*state > 1).then(|| numbered_contract(*id)),
            beforehand: None,
            reason: None,
            updated: record_time(record),
            title: None,
        }),
        ReplayedRecord::Activated(id) => change.activate_contract(
            ActivatedContract {
                contract: numbered_contract(*id),
                dataset: &"hansa://munster.example/d/trips".parse().unwrap(),
                begins: UtcTimestamp::EARLIEST,
                ends: UtcTimestamp::LATEST,
            },
            record_time(record),
        ),
        ReplayedRecord::Withdrawn(id) => change.add_withdrawal(
            numbered_contract(*id),
            &numbered_peer(*id),
            record_time(record),
        ),
        ReplayedRecord::Address(who, port) => change.set_peer(
            &numbered_peer(*who),
            &format!("h:{port}"),
            &format!("city{who}"),
        ),
        ReplayedRecord::Forgotten(who) => change.forget_peer(&numbered_peer(*who)),
        ReplayedRecord::Head(who, size) => change.set_peer_head(
            &numbered_peer(*who),
            *size,
            &format!("note {size}"),
            size % 2 == 0,
        ),
        ReplayedRecord::Bundle(number) => change.store_highest_number("bundle", *number),
    }
}

/// Complete content of the index.
fn dump_index(state: &StateIndex) -> String {
    let mut all = format!(
        "{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n",
        state.position(),
        state.negotiations().unwrap(),
        state.peers().unwrap(),
        state.contracts().unwrap(),
        state.stored_number("bundle").unwrap()
    );
    for number in 0..3 {
        let who = numbered_peer(number);
        all += &format!(
            "{:?}\n{:?}\n{:?}\n{:?}\n",
            state.outbox(&who, 0).unwrap(),
            state.last_processed_message(&who).unwrap(),
            state.head_of(&who).unwrap(),
            state.messages_of(&format!("n-{number}")).unwrap()
        );
    }
    all
}

/// Applies the remaining records, several at a time.
fn catch_up(state: &mut StateIndex, log: &[ReplayedRecord], random: &mut StdRng) {
    loop {
        let from = state.position();
        let left = u64::try_from(log.len()).unwrap() - from;
        if left == 0 {
            return;
        }
        let to = from + random.random_range(1..=left.min(20));
        state
            .apply_changes(to, |change| replay_records(change, log, from, to))
            .unwrap();
    }
}

fn replay_records(
    change: &IndexTransaction<'_>,
    log: &[ReplayedRecord],
    from: u64,
    to: u64,
) -> Result<(), Refusal> {
    (from..to).try_for_each(|record| {
        let index = usize::try_from(record).unwrap();
        take_in(change, record, &log[index])
    })
}

/// Copy of the files at this moment, as a crash would leave them.
fn copy_index_files(file: &Path, to: &Path) -> PathBuf {
    std::fs::create_dir_all(to).unwrap();
    for end in ["", "-wal"] {
        let name = format!("state.db{end}");
        let from = file.with_file_name(&name);
        if from.exists() {
            std::fs::copy(from, to.join(name)).unwrap();
        }
    }
    to.join("state.db")
}

#[test]
fn an_index_after_a_crash_becomes_what_it_would_have_been() {
    for seed in 0..4 {
        let mut random = StdRng::seed_from_u64(seed);
        let log = random_history(&mut random, 40);
        let length = u64::try_from(log.len()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("whole/state.db");
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();

        let mut state = StateIndex::open(&file, 0).unwrap();
        let mut images = Vec::new();
        while state.position() < length {
            let from = state.position();
            let to = (from + random.random_range(1..8)).min(length);
            state
                .apply_changes(to, |change| {
                    replay_records(change, &log, from, to)?;
                    let there = folder.path().join(format!("within{from}"));
                    images.push((from, copy_index_files(&file, &there)));
                    Ok(())
                })
                .unwrap();
            let there = folder.path().join(format!("after{to}"));
            images.push((to, copy_index_files(&file, &there)));
        }
        let expected = dump_index(&state);
        for (position, copy) in &images {
            // A power cut may remove the unsynced end.
            let cut = folder.path().join("cut");
            let cut = copy_index_files(copy, &cut);
            let wal = cut.with_file_name("state.db-wal");
            if let Ok(written) = std::fs::metadata(&wal).map(|found| found.len()) {
                let kept = random.random_range(0..=written);
                let file = std::fs::File::options().write(true).open(&wal).unwrap();
                file.set_len(kept).unwrap();
            }
            let mut again = StateIndex::open(&cut, length).unwrap();
            assert!(again.position() <= *position);
            catch_up(&mut again, &log, &mut random);
            assert_eq!(dump_index(&again), expected, "{}, cut", copy.display());
            drop(again);
            std::fs::remove_dir_all(folder.path().join("cut")).unwrap();
        }
        for (position, copy) in images {
            let mut again = StateIndex::open(&copy, length).unwrap();
            assert_eq!(again.position(), position, "{}", copy.display());
            catch_up(&mut again, &log, &mut random);
            assert_eq!(dump_index(&again), expected, "{}", copy.display());
        }
        let mut lost = StateIndex::open(&folder.path().join("lost.db"), length).unwrap();
        catch_up(&mut lost, &log, &mut random);
        assert_eq!(dump_index(&lost), expected);
        let copy = folder.path().join("copy.db");
        state.copy_to(&copy).unwrap();
        assert_eq!(
            dump_index(&StateIndex::open(&copy, length).unwrap()),
            expected
        );
    }
}

#[test]
fn a_damaged_index_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.db");
    std::fs::write(&file, [7; 5000]).unwrap();
    let refusal = StateIndex::open(&file, 0).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::StateBroken);
    assert_eq!(
        refusal.help,
        [format!(
            "move `{}` away: it is made again from the log",
            file.display()
        )]
    );
}

#[test]
fn an_index_of_another_version_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.db");
    let mut state = StateIndex::open(&file, 0).unwrap();
    state
        .apply_changes(3, |change| change.store_highest_number("bundle", 9))
        .unwrap();
    drop(state);
    assert_eq!(StateIndex::open(&file, 3).unwrap().position(), 3);
    let other = rusqlite::Connection::open(&file).unwrap();
    other
        .execute_batch("DROP TABLE message; CREATE TABLE message (x); PRAGMA user_version = 1;")
        .unwrap();
    drop(other);
    let back = StateIndex::open(&file, 2).unwrap_err();
    assert_eq!(back.code, ErrorCode::LedgerRollback);
    let again = StateIndex::open(&file, 3).unwrap();
    assert_eq!(again.position(), 0);
    assert_eq!(again.stored_number("bundle").unwrap(), 0);
    assert!(again.messages_of("n-1").unwrap().is_empty());
}
