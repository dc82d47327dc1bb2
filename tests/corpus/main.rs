//! The readers of foreign bytes take what is in their folders, and thousands of cases that are almost that: none panics,
//! none takes long, and what one takes it writes back as the same bytes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::as_conversions,
    reason = "tests"
)]

mod messages;
mod targets;

use arrow_flight::FlightData;
use arrow_ipc::CompressionType;
use hansa_policy::contract::mandate::Mandate;
use hansa_policy::id::ContractId;
use hansa_proto::credential::CredentialStatement;
use hansa_proto::deletion::DeletionStatement;
use hansa_proto::dispute::DisputeStatement;
use hansa_proto::group::GroupStatement;
use hansa_proto::notice::NoticeStatement;
use hansa_proto::rulebook_acceptance::RulebookAcceptanceStatement;
use hansa_proto::statement;
use hansa_proto::usage::UsageStatement;
use hansa_test_support::mutation::{XorshiftRandom, case};
use hansa_test_support::{malicious_peer, property_cases as told};
use hansa_transport::peer::message_packer::MessagePacker;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, Instant};
use targets::{FuzzTarget, TARGETS};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../corpus")
        .join(name)
}

/// The files of a target, and what is made here.
fn seeds(name: &str) -> Vec<Vec<u8>> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder(name))
        .map(|entries| entries.map(|entry| entry.unwrap().path()).collect())
        .unwrap_or_default();
    files.sort();
    let mut seeds: Vec<Vec<u8>> = files
        .iter()
        .map(|file| std::fs::read(file).unwrap())
        .collect();
    match name {
        "flight" => {
            for compression in [
                None,
                Some(CompressionType::LZ4_FRAME),
                Some(CompressionType::ZSTD),
            ] {
                let [schema, rows] = messages::answer(compression);
                seeds.push(messages::framed(0, &schema));
                seeds.push(messages::framed(1, &rows));
            }
        }
        "small" => {
            let receipts = self::seeds("receipt").into_iter();
            let receipts = receipts.map(|statement| FlightData {
                app_metadata: statement.into(),
                ..FlightData::default()
            });
            let mut packer = MessagePacker::default();
            for message in messages::answer(None).into_iter().chain(receipts) {
                let packed = packer.pack_message(message.clone());
                if packed != message {
                    seeds.push(packed.app_metadata.to_vec());
                }
            }
            assert!(seeds.len() > 3, "rows and receipts are packed");
        }
        "ticket" => {
            let contract = ContractId(hansa_audit_log::digest::Digest::of(b"contract"));
            for purpose in [None, "dpv:ResearchAndDevelopment".parse().ok()] {
                seeds.push(malicious_peer::ticket(
                    &[contract],
                    "SELECT * FROM trips",
                    purpose,
                ));
            }
        }
        _ => {}
    }
    seeds
}

/// So many cases of each target: 2000, or `HANSA_CASES`.
fn cases() -> usize {
    usize::try_from(told::number("HANSA_CASES", 2000)).unwrap()
}

/// Cases that are drawn from this seed: a fresh one, or `HANSA_SEED`.
fn seed() -> u64 {
    static SEED: LazyLock<u64> = LazyLock::new(|| told::seed("HANSA_SEED"));
    *SEED
}

/// No case may take longer; what is read here is at most a megabyte.
const LONGEST: Duration = Duration::from_secs(10);

fn tried((name, read): &FuzzTarget, bytes: &[u8], what: &str) {
    let started = Instant::now();
    let done = catch_unwind(AssertUnwindSafe(|| read(bytes)));
    let why = match done {
        Ok(Ok(())) if started.elapsed() < LONGEST => return,
        Ok(Ok(())) => format!("it took {:?}", started.elapsed()),
        Ok(Err(why)) => why,
        Err(_) => "it panicked".to_owned(),
    };
    let file = std::env::temp_dir().join(format!("{name}.case"));
    std::fs::write(&file, bytes).unwrap();
    panic!("{name}, {what}: {why}; the bytes are in {}", file.display());
}

/// The most memory that this process had, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn readers_of_foreign_bytes_bear_everything() {
    // What the reader of rows catches, it catches in silence.
    std::panic::set_hook(Box::new(|_| {}));
    let result = catch_unwind(|| {
        for target in &TARGETS {
            let seeds = seeds(target.0);
            assert!(!seeds.is_empty(), "{} has no seeds", target.0);
            for (number, bytes) in seeds.iter().enumerate() {
                tried(target, bytes, &format!("file {number}"));
            }
            let mut chance = XorshiftRandom::new(seed());
            for number in 0..cases() {
                let bytes = case(&seeds, &mut chance);
                tried(target, &bytes, &format!("case {number} of seed {}", seed()));
            }
        }
    });
    let _ = std::panic::take_hook();
    if let Err(panic) = result {
        std::panic::resume_unwind(panic);
    }
    assert!(peak() < 1024 * 1024, "{} KiB", peak());
}

/// Cases that nothing is taken of would show nothing.
#[test]
fn the_files_are_what_their_readers_take() {
    let taken = |name: &str, bytes: &[u8]| match name {
        "contract" => {
            hansa_proto::envelope::parse_contract(bytes).is_ok()
                || hansa_proto::envelope::parse_offer(bytes).is_ok()
                || hansa_proto::contract::from_bytes(bytes).is_ok()
        }
        "json" => {
            hansa_audit_log::json::parse_json(bytes, hansa_audit_log::json::JsonLimits::default())
                .is_ok()
        }
        "odrl" => {
            hansa_audit_log::json::parse_json(bytes, hansa_audit_log::json::JsonLimits::default())
                .is_ok_and(|json| hansa_proto::odrl::from_json(json).is_ok())
        }
        "bundle" => hansa_identity::bundle::TrustBundle::read(bytes).is_ok(),
        "receipt" => hansa_proto::envelope::parse_receipt(bytes).is_ok(),
        "statement" => {
            hansa_proto::envelope::parse_withdrawal(bytes).is_ok()
                || statement::from_envelope::<DisputeStatement>(bytes).is_ok()
        }
        "record" => hansa_audit_log::record::Record::from_bytes(bytes)
            .is_ok_and(|record| record.read_body().is_ok()),
        "head" => std::str::from_utf8(bytes).is_ok_and(|text| {
            hansa_audit_log::note::read_all(text).is_ok_and(|heads| !heads.is_empty())
        }),
        "ticket" => hansa_proto::peer::query_request::from_ticket(bytes).is_ok(),
        "stored_message" => hansa_proto::stored_message::from_bytes(bytes).is_ok(),
        "entry" => {
            hansa_proto::dataset::from_bytes(bytes).is_ok()
                || hansa_proto::offer::from_bytes(bytes).is_ok()
        }
        "group" => {
            hansa_proto::group::from_envelope(bytes).is_ok()
                || statement::from_bytes::<GroupStatement>(bytes).is_ok()
        }
        "deletion" => {
            statement::from_envelope::<DeletionStatement>(bytes).is_ok()
                || statement::from_bytes::<DeletionStatement>(bytes).is_ok()
        }
        "usage" => {
            statement::from_envelope::<UsageStatement>(bytes).is_ok()
                || statement::from_bytes::<UsageStatement>(bytes).is_ok()
        }
        "notice" => {
            statement::from_envelope::<NoticeStatement>(bytes).is_ok()
                || statement::from_bytes::<NoticeStatement>(bytes).is_ok()
        }
        "mandate" => {
            hansa_proto::mandate::from_envelope(bytes).is_ok()
                || statement::from_bytes::<Mandate>(bytes).is_ok()
        }
        "credential" => {
            hansa_proto::credential::from_envelope(bytes).is_ok()
                || statement::from_bytes::<CredentialStatement>(bytes).is_ok()
        }
        "acceptance" => {
            hansa_proto::rulebook_acceptance::from_envelope(bytes).is_ok()
                || statement::from_bytes::<RulebookAcceptanceStatement>(bytes).is_ok()
        }
        _ => true,
    };
    for (name, _) in &TARGETS {
        let seeds = seeds(name);
        let good = seeds.iter().filter(|bytes| taken(name, bytes)).count();
        let written_here = [
            "group",
            "deletion",
            "usage",
            "notice",
            "mandate",
            "credential",
            "acceptance",
        ];
        let all = written_here.contains(name);
        assert!(
            good == seeds.len() || (!all && good * 2 >= seeds.len()),
            "{name}: {good} of {} are taken",
            seeds.len()
        );
    }
}
