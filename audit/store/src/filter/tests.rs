//! Tests: the subject of a record may be in an earlier record.

use super::{ContractSubject, RecordFilter, RecordOrigins};
use crate::tests::complete::complete;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::Json;
use hansa_audit_log::json::serialized::{from_json, to_json};
use hansa_audit_log::record::body::RecordBody;
use hansa_audit_log::record::{Record, RecordSalt};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::refusal::Refusal;

const ACME: &str = "hansa://acme.example";
const OTHER: &str = "hansa://other.example";

fn log() -> Vec<Record> {
    let contract = Digest::of(b"contract");
    let bodies = [
        (
            "contract",
            format!(
                r#"{{"contract":"{contract}","consumer":"{ACME}","dataset":"hansa://city.example/d/bikes","provider":"hansa://city.example"}}"#
            ),
        ),
        (
            "permit",
            format!(
                r#"{{"contracts":["{contract}"],"datasets":[{{"id":"hansa://city.example/d/bikes"}}],"peer":"{ACME}","request_id":"a"}}"#
            ),
        ),
        (
            "permit",
            format!(
                r#"{{"datasets":[{{"id":"hansa://city.example/d/bikes_old"}}],"peer":"{OTHER}","request_id":"b"}}"#
            ),
        ),
        (
            "close",
            r#"{"opened":2,"outcome":"done","request_id":"b"}"#.to_owned(),
        ),
        (
            "close",
            r#"{"opened":1,"outcome":"cut","request_id":"a"}"#.to_owned(),
        ),
        (
            "withdraw",
            format!(r#"{{"contract":"{contract}","party":"hansa://city.example"}}"#),
        ),
        (
            "message",
            format!(r#"{{"peer":"{OTHER}","title":"about {ACME}"}}"#),
        ),
    ];
    bodies
        .into_iter()
        .zip(0_u64..)
        .map(|((kind, body), seq)| Record {
            log: "city.example/hansa/evidence".to_owned(),
            seq,
            at: UtcTimestamp::from_micros(i64::try_from(seq).unwrap() * 1_000_000).unwrap(),
            boot: "boot".to_owned(),
            mono: seq,
            salt: RecordSalt([0; 16]),
            kind: kind.to_owned(),
            prev: Digest::of(b""),
            body: complete(kind, &body).to_json(),
        })
        .collect()
}

fn chosen(choice: &RecordFilter) -> Vec<u64> {
    let mut chooser = choice.selector();
    log()
        .iter()
        .filter(|record| chooser.selects_record(record, &record.read_body().unwrap()))
        .map(|record| record.seq)
        .collect()
}

/// Origins in the log of the tests, as a reader from its end finds them.
struct TestOrigins(Vec<Record>);

impl RecordOrigins for TestOrigins {
    fn find_question(
        &mut self,
        _record: &Record,
        body: &RecordBody,
    ) -> Result<Option<RecordBody>, Refusal> {
        let permit = body.permit_index().map(|permit| permit as usize);
        Ok(permit.map(|permit| self.0[permit].read_body().unwrap()))
    }

    fn find_contract(&mut self, contract: &str) -> Result<Option<ContractSubject>, Refusal> {
        let is_known = contract == Digest::of(b"contract").to_string();
        Ok(is_known.then(|| ContractSubject {
            parties: vec![
                "hansa://city.example".parse().unwrap(),
                ACME.parse().unwrap(),
            ],
            dataset: "hansa://city.example/d/bikes".to_owned(),
        }))
    }
}

fn chosen_from_the_end(choice: &RecordFilter) -> Vec<u64> {
    let mut origins = TestOrigins(log());
    let mut chosen: Vec<u64> = log()
        .iter()
        .rev()
        .filter(|record| choice.selects_with_origins(record, &mut origins).unwrap())
        .map(|record| record.seq)
        .collect();
    chosen.reverse();
    chosen
}

#[test]
fn each_condition_holds_for_the_whole_question() {
    let all = RecordFilter::default();
    let with = |set: fn(&mut RecordFilter)| {
        let mut choice = all.clone();
        set(&mut choice);
        choice
    };
    for (choice, expected) in [
        (all.clone(), vec![0, 1, 2, 3, 4, 5, 6]),
        (
            with(|c| c.participant = ACME.parse().ok()),
            vec![0, 1, 4, 5],
        ),
        (with(|c| c.participant = OTHER.parse().ok()), vec![2, 3, 6]),
        (
            with(|c| c.dataset = Some("/d/bikes".to_owned())),
            vec![0, 1, 4, 5],
        ),
        (
            with(|c| c.contract = Digest::of(b"contract").to_string().parse().ok()),
            vec![0, 1, 4, 5],
        ),
        (with(|c| c.outcome = Some("cut".to_owned())), vec![4]),
        (with(|c| c.outcome = Some("permit".to_owned())), vec![1, 2]),
        (
            with(|c| {
                c.participant = ACME.parse().ok();
                c.outcome = Some("done".to_owned());
            }),
            vec![],
        ),
        (
            with(|c| {
                c.participant = ACME.parse().ok();
                c.from = UtcTimestamp::from_micros(2_000_000).ok();
                c.to = UtcTimestamp::from_micros(5_000_000).ok();
            }),
            vec![4],
        ),
    ] {
        assert_eq!(chosen(&choice), expected, "{choice:?}");
        assert_eq!(chosen_from_the_end(&choice), expected, "{choice:?}");
        assert_eq!(from_json(&to_json(&choice)), Ok(choice));
    }
    assert!(from_json::<RecordFilter>(&Json::object([])).is_err());
}
