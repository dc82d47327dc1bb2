//! Tests: a briefing is read as written, and no part of it is ignored.

use super::{
    BriefedContract, QuestionBriefing, TaskDataset, TaskLimits, TaskRows, TeamMember, WorkerTicket,
    from_ticket, pb, to_ticket, to_wire,
};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::{ClauseId, ContractId, RequestId};
use prost::Message as _;
use std::time::Duration;

fn ground(dataset: &str) -> TaskDataset {
    TaskDataset {
        dataset: dataset.parse().unwrap(),
        contract: Some(BriefedContract {
            contract: ContractId(Digest::of(b"second")),
            first: ContractId(Digest::of(b"first")),
            envelope: "envelope".into(),
            active_prohibitions: vec![ClauseId(7), ClauseId(2)],
        }),
        snapshot: "2026-03-01.1".to_owned(),
        digest: Digest::of(b"rows"),
    }
}

fn member(name: &str) -> TeamMember {
    TeamMember {
        name: name.parse().unwrap(),
        address: format!("{name}.example:8815"),
    }
}

fn begin(briefing: QuestionBriefing) -> WorkerTicket {
    WorkerTicket::Begin(Box::new(briefing))
}

fn sample() -> QuestionBriefing {
    QuestionBriefing {
        version: "0.1.0".to_owned(),
        request: RequestId([7; 16]),
        asker: "hansa://tallinn.example".parse().unwrap(),
        tenant: Some("north".to_owned()),
        purpose: Some("dpv:ResearchAndDevelopment".parse().unwrap()),
        now: UtcTimestamp::from_micros(1_800_000_000_000_001).unwrap(),
        planned: UtcTimestamp::from_micros(-5).unwrap(),
        sql: "SELECT count(*) FROM trips".to_owned(),
        grounds: vec![ground("trips"), ground("stations")],
        house_grant: None,
        effects: Digest::of(b"effects"),
        plan: Digest::of(b"plan"),
        team: vec![member("north"), member("south")],
        worker: 1,
        limits: TaskLimits {
            memory: 1 << 40,
            spill: 0,
            time: Duration::from_millis(1500),
            batch_rows: 8192,
        },
    }
}

#[test]
fn a_briefing_survives_the_round_trip() {
    let mut bare = sample();
    bare.tenant = None;
    bare.purpose = None;
    bare.now = UtcTimestamp::EPOCH;
    bare.grounds.truncate(1);
    bare.grounds[0].contract = None;
    bare.house_grant = Some("grant".into());
    bare.team.truncate(1);
    bare.worker = 0;
    let mut nameless = sample();
    nameless.tenant = Some(String::new());
    let rows = WorkerTicket::Rows(TaskRows {
        request: RequestId([7; 16]),
        stage: 2,
        partition: 3,
    });
    for ticket in [begin(sample()), begin(bare), begin(nameless), rows] {
        assert_eq!(from_ticket(&to_ticket(&ticket)).unwrap(), ticket);
    }
}

#[track_caller]
fn refused(ticket: &[u8], code: &str, part: &str) {
    let refusal = from_ticket(ticket).unwrap_err();
    assert_eq!(refusal.code.as_str(), code, "{refusal}");
    assert!(refusal.sentence.contains(part), "{refusal}");
}

#[test]
fn nothing_in_a_ticket_goes_unread() {
    let good = to_ticket(&begin(sample())).to_vec();
    let mut unknown_field = good.clone();
    unknown_field.extend([0xf8, 0x01, 0x01]); // field 31 = 1
    refused(&unknown_field, "MESSAGE_MALFORMED", "does not know");
    refused(
        &good[..good.len() - 1],
        "MESSAGE_MALFORMED",
        "can't be read",
    );
    refused(b"", "MESSAGE_MALFORMED", "`ticket`");
    refused(&vec![0; (4 << 20) + 1], "MESSAGE_TOO_LARGE", "at most");
}

#[track_caller]
fn with(change: impl FnOnce(&mut pb::Briefing), part: &str) {
    let mut message = to_wire(&sample());
    change(&mut message);
    let message = pb::WorkerTicket {
        ticket: Some(pb::worker_ticket::Ticket::Begin(message)),
    };
    refused(&message.encode_to_vec(), "MESSAGE_MALFORMED", part);
}

#[test]
fn every_field_is_checked() {
    with(|m| m.version.clear(), "`version`");
    with(|m| m.version = "1\n".to_owned(), "control characters");
    with(|m| m.version = "1".repeat(201), "201 bytes");
    with(|m| m.request_id = vec![1].into(), "`request_id` holds 1");
    with(|m| m.asker.clear(), "a participant is");
    // Valid content, but not the canonical encoding.
    with(|m| m.asker = "tallinn.example".to_owned(), "does not know");
    with(|m| m.purpose = "no purpose".to_owned(), "a purpose is");
    with(|m| m.now_us = i64::MAX, "`now_us` is no instant");
    with(|m| m.planned_us = i64::MIN, "`planned_us` is no instant");
    with(|m| m.sql.clear(), "`sql`");
    with(|m| m.effects = vec![1; 31].into(), "`effects` holds 31");
    with(|m| m.plan.clear(), "`plan` holds 0");
    with(|m| m.worker = 2, "worker 2 of 2");
    with(|m| m.team.clear(), "0 workers");
    with(|m| m.team = vec![m.team[0].clone(); 65], "65 workers");
    with(|m| m.team[1] = m.team[0].clone(), "a worker twice");
    with(|m| m.team[0].name = "North".to_owned(), "a name starts");
    with(|m| m.team[0].address.clear(), "`address`");
    with(|m| m.limits = None, "`limits`");
}

#[test]
fn every_limit_is_checked() {
    let limits = |change: fn(&mut pb::Limits), part| {
        with(|m| change(m.limits.as_mut().unwrap()), part);
    };
    limits(|l| l.time_ms = 0, "`time_ms`");
    limits(|l| l.batch_rows = 0, "`batch_rows`");
}

#[test]
fn every_ground_is_checked() {
    with(|m| m.grounds.clear(), "0 datasets");
    with(|m| m.grounds = vec![m.grounds[0].clone(); 65], "65");
    with(|m| m.grounds[1] = m.grounds[0].clone(), "twice");
    with(|m| m.house_grant = "grant".into(), "not on both");
    with(
        |m| {
            m.grounds[1] = pb::Ground {
                contract_id: "".into(),
                first_id: "".into(),
                envelope: "".into(),
                held: Vec::new(),
                ..m.grounds[1].clone()
            }
        },
        "not on both",
    );
    let first = |change: fn(&mut pb::Ground), part| with(|m| change(&mut m.grounds[0]), part);
    first(|g| g.dataset = "Trips".to_owned(), "a name starts");
    first(|g| g.contract_id.clear(), "`contract_id` holds 0");
    first(|g| g.first_id = vec![1; 33].into(), "`first_id` holds 33");
    first(|g| g.envelope.clear(), "`envelope`");
    first(|g| g.held = vec![1, 2, 1], "a clause twice");
    first(|g| g.held = vec![0], "#c0");
    first(|g| g.held = vec![ClauseId(4).in_restriction().0], "#r4");
    first(|g| g.held = (1..=101).collect(), "101 clauses");
    first(|g| g.snapshot.clear(), "`snapshot`");
    first(|g| g.snapshot = "a\u{1b}".to_owned(), "control characters");
    first(|g| g.digest.clear(), "`digest` holds 0");

    let mut large = sample();
    let contract = large.grounds[0].contract.as_mut().unwrap();
    contract.envelope = vec![b' '; (1 << 20) + 1].into();
    refused(
        &to_ticket(&begin(large)),
        "MESSAGE_TOO_LARGE",
        "a contract of",
    );
}
