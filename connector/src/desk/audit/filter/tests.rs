//! Who and what a filter names is found whole, and so is what belongs to it.

use super::*;
use evidence::digest::Digest;
use evidence::record::Salt;

fn record(seq: u64, kind: &str, body: Json) -> Record {
    Record {
        log: "lindau.example/log".to_owned(),
        seq,
        at: "2026-12-01T00:00:00Z".parse().unwrap(),
        boot: "boot".to_owned(),
        mono: 0,
        salt: Salt([0; 16]),
        kind: kind.to_owned(),
        prev: Digest::of(b""),
        body,
    }
}

fn permit(seq: u64, request: &str, peer: &str, dataset: &str) -> Record {
    let read = Json::object([("id", Json::text(dataset))]);
    record(
        seq,
        "permit",
        Json::object([
            ("request_id", Json::text(request)),
            ("peer", Json::text(peer)),
            ("datasets", Json::List(vec![read])),
        ]),
    )
}

fn close(seq: u64, request: &str, opened: u64) -> Record {
    record(
        seq,
        "close",
        Json::object([
            ("request_id", Json::text(request)),
            ("opened", Json::count(opened)),
            ("outcome", Json::text("done")),
        ]),
    )
}

/// Four records: an answer to acme about bikes, and one to potsacme about bikes_2.
fn log() -> [Record; 4] {
    [
        permit(
            0,
            "one",
            "hansa://acme.example",
            "hansa://lindau.example/d/bikes",
        ),
        permit(
            1,
            "two",
            "hansa://potsacme.example",
            "hansa://lindau.example/d/bikes_2",
        ),
        close(2, "two", 1),
        close(3, "one", 0),
    ]
}

#[track_caller]
fn check(mut wanted: Wanted, expected: &[u64]) {
    let taken: Vec<u64> = log()
        .iter()
        .filter(|record| wanted.takes(record))
        .map(|record| record.seq)
        .collect();
    assert_eq!(taken, expected);
}

fn named(name: Name) -> Wanted {
    Wanted {
        names: vec![name],
        ..Wanted::default()
    }
}

#[test]
fn a_participant_is_not_found_in_the_name_of_another() {
    check(
        named(Name::Participant("hansa://acme.example".to_owned())),
        &[0, 3],
    );
    check(
        named(Name::Participant("hansa://lindau.example".to_owned())),
        &[0, 1, 2, 3],
    );
}

#[test]
fn a_dataset_is_not_found_in_the_name_of_another() {
    check(named(Name::Dataset("/d/bikes".to_owned())), &[0, 3]);
    check(
        named(Name::Dataset("hansa://ulm.example/d/bikes".to_owned())),
        &[],
    );
}

#[test]
fn what_closes_an_answer_belongs_to_who_asked() {
    let wanted = Wanted {
        outcome: Some("done".to_owned()),
        ..named(Name::Participant("hansa://potsacme.example".to_owned()))
    };
    check(wanted, &[2]);
}
