//! Tests: each event under a contract is reported once here and to the other party, and undelivered notices are shown.

use crate::contract::notice;
use crate::contract::notice::contract_event;
use crate::participant::Connector;
use crate::participant::testing::{
    DAY, TERMS, TestFederation, ask_for_bikes, close_participant, exchange_messages, make_contract,
    participant_id, record_text, records_of_kind, verified_caller,
};
use hansa_policy::refusal::ErrorCode;
use hansa_store::document_folder::StoredDocumentKind;
use std::path::PathBuf;
use std::sync::Arc;

fn notes(federation: &TestFederation, alias: &str) -> Vec<String> {
    let folder: PathBuf = federation.home(alias).join("notes");
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names
        .map(|name| name.split_once('-').unwrap().1.to_owned())
        .collect();
    names.sort();
    names
}

async fn rounds(one: &Arc<Connector>, other: &Arc<Connector>) {
    for _ in 0..2 {
        notice::deliver_due_notices(one).await.unwrap();
        exchange_messages(one, other).await;
        notice::deliver_due_notices(other).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_is_reported_once_on_both_sides() {
    let mut federation = TestFederation::new();
    let terms = "queries_per_day = 1\n\
        notify = { of = [\"first-use\", \"refusal\"], whom = [\"provider\", \"consumer\"] }\n";
    for (alias, terms) in [
        ("lindau", format!("{TERMS}{terms}")),
        ("acme", TERMS.to_owned()),
    ] {
        federation.set_up_participant(alias, &terms);
        let file = federation.home(alias).join("hansa.toml");
        let config = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, format!("{config}\n[notice]\nfolder = \"notes\"\n")).unwrap();
    }
    std::fs::write(
        federation.home("lindau").join("bundle.json"),
        federation.bundle(),
    )
    .unwrap();
    let (provider, consumer) = (federation.open("lindau"), federation.open("acme"));
    let contract = make_contract(&provider, &consumer).await;
    rounds(&provider, &consumer).await;
    let ended = |all: Vec<String>| -> Vec<String> {
        all.into_iter()
            .filter(|name| !name.starts_with(char::is_numeric))
            .collect()
    };
    assert!(ended(notes(&federation, "lindau")).is_empty());

    let who = verified_caller(&provider, "acme");
    assert_eq!(
        ask_for_bikes(&provider, who.clone(), &[contract]).await,
        Ok(2)
    );
    for _ in 0..3 {
        let refused = ask_for_bikes(&provider, who.clone(), &[contract]).await;
        assert_eq!(refused, Err(ErrorCode::QuotaQueries));
    }
    rounds(&provider, &consumer).await;
    let day = "refusal-2026-06-01.txt";
    for alias in ["lindau", "acme"] {
        assert_eq!(
            ended(notes(&federation, alias)),
            ["first-use.txt", day],
            "{alias}"
        );
    }
    // Once, also after a restart, and again on another day.
    let reported = records_of_kind(&provider, "notice").len();
    rounds(&provider, &consumer).await;
    close_participant(provider).await;
    let provider = federation.open("lindau");
    rounds(&provider, &consumer).await;
    assert_eq!(records_of_kind(&provider, "notice").len(), reported);
    assert_eq!(records_of_kind(&consumer, "notice_received").len(), 2);
    federation.advance_time(DAY);
    let who = verified_caller(&provider, "acme");
    for expect in [Ok(2), Err(ErrorCode::QuotaQueries)] {
        assert_eq!(
            ask_for_bikes(&provider, who.clone(), &[contract]).await,
            expect
        );
    }
    rounds(&provider, &consumer).await;
    let next = "refusal-2026-06-02.txt";
    assert_eq!(
        ended(notes(&federation, "acme")),
        ["first-use.txt", day, next]
    );

    // A message from another sender, or a changed one, is no notice.
    let file = record_text(
        &records_of_kind(&consumer, "notice_received")[0],
        "statement",
    );
    let bytes = consumer
        .records
        .documents
        .read_document(StoredDocumentKind::Statement, file.parse().unwrap());
    let mut bytes = bytes.unwrap();
    let other = contract_event::take_in(&consumer, &participant_id("third"), &bytes).await;
    assert_eq!(other.unwrap_err().code, ErrorCode::ContractUnknown);
    let at = bytes.len() - 12;
    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    let forged = contract_event::take_in(&consumer, &participant_id("lindau"), &bytes).await;
    assert_eq!(forged.unwrap_err().code, ErrorCode::SignatureInvalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_delivered_is_shown() {
    let mut federation = TestFederation::new();
    let terms = "notify = { of = [\"first-use\"], whom = [\"provider\"] }\n";
    federation.set_up_participant("lindau", &format!("{TERMS}{terms}"));
    federation.set_up_participant("acme", TERMS);
    let file = federation.home("lindau").join("hansa.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    let mail = "mail = [\"/no/such/program\"]";
    std::fs::write(&file, format!("{config}\n[notice]\n{mail}\n")).unwrap();
    std::fs::write(
        federation.home("lindau").join("bundle.json"),
        federation.bundle(),
    )
    .unwrap();
    let (provider, consumer) = (federation.open("lindau"), federation.open("acme"));
    let contract = make_contract(&provider, &consumer).await;
    let who = verified_caller(&provider, "acme");
    assert_eq!(
        ask_for_bikes(&provider, who.clone(), &[contract]).await,
        Ok(2)
    );
    notice::deliver_due_notices(&provider).await.unwrap();
    let shown = notice::list_undelivered_notices(&provider).unwrap();
    let about: Vec<&String> = shown
        .iter()
        .map(|notice| &notice.text)
        .filter(|line| line.starts_with("NOTICE_UNDELIVERABLE") && line.contains("first-use"))
        .collect();
    assert_eq!(about.len(), 1, "{shown:?}");
    // The undelivered notice stops nothing.
    assert_eq!(ask_for_bikes(&provider, who, &[contract]).await, Ok(2));
}
