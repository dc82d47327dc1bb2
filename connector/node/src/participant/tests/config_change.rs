//! Tests: a change of the configuration is recorded before its file is replaced, and is made from the newest file alone.

use crate::participant::Connector;
use crate::participant::approval::Approval;
use crate::participant::caller::Caller;
use crate::participant::config_change::{ConfigChange, approve_addition, write_change};
use crate::participant::testing::{TestFederation, record_text, records_of_kind};
use hansa_audit_log::digest::Digest;
use hansa_files::PreparedFile;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const SECOND: u32 = 61_234;

fn make_change(file: &Path, text: &str) -> ConfigChange {
    let old = Digest::of(&std::fs::read(file).unwrap());
    ConfigChange {
        change: "policy put",
        subject: Some("all".to_owned()),
        file: file.to_path_buf(),
        old: Some(old),
        new: Digest::of(text.as_bytes()),
        prepared: PreparedFile::write_beside(file, text.as_bytes()).unwrap(),
    }
}

fn policy_of(connector: &Connector) -> PathBuf {
    connector.config().folder().join("policies/all.toml")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_record_comes_before_the_file() {
    let federation = TestFederation::of_two();
    let connector = federation.open("lindau");
    let file = policy_of(&connector);
    let before = std::fs::read(&file).unwrap();
    let number = write_change(&connector, make_change(&file, "one"), &Caller::User(7))
        .await
        .unwrap();
    assert_eq!(std::fs::read(&file).unwrap(), b"one");
    let records = records_of_kind(&connector, "config_changed");
    let [record] = records.as_slice() else {
        panic!("{records:?}");
    };
    assert_eq!(record.seq, number);
    for (name, value) in [
        ("change", "policy put".to_owned()),
        ("subject", "all".to_owned()),
        ("path", "policies/all.toml".to_owned()),
        ("old", Digest::of(&before).to_string()),
        ("new", Digest::of(b"one").to_string()),
    ] {
        assert_eq!(record_text(record, name), value, "{name}");
    }
    assert_eq!(record_text(record, "actor").len(), 16);
    // Where the file can't be replaced, the record is there already.
    let change = make_change(&file, "two");
    std::fs::remove_file(change.prepared.path()).unwrap();
    let refusal = write_change(&connector, change, &Caller::Process)
        .await
        .unwrap_err();
    assert_eq!(refusal.code, ErrorCode::StateBroken, "{refusal:?}");
    assert_eq!(std::fs::read(&file).unwrap(), b"one");
    let records = records_of_kind(&connector, "config_changed");
    assert_eq!(records.len(), 2);
    assert!(record_text(&records[1], "actor").is_empty());
    // Without a log nothing changes, and nothing is left beside the file.
    connector.records.log.close();
    let change = make_change(&file, "three");
    let beside = change.prepared.path().to_path_buf();
    let refusal = write_change(&connector, change, &Caller::Process)
        .await
        .unwrap_err();
    assert_eq!(refusal.code, ErrorCode::EvidenceUnavailable, "{refusal:?}");
    assert_eq!(std::fs::read(&file).unwrap(), b"one");
    assert!(!beside.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_from_an_older_file_is_refused() {
    let federation = TestFederation::of_two();
    let connector = federation.open("lindau");
    let file = policy_of(&connector);
    let change = make_change(&file, "mine");
    std::fs::write(&file, "theirs").unwrap();
    let refusal = write_change(&connector, change, &Caller::Process)
        .await
        .unwrap_err();
    assert_eq!(refusal.code, ErrorCode::ConfigChanged, "{refusal:?}");
    assert_eq!(std::fs::read(&file).unwrap(), b"theirs");
    assert!(records_of_kind(&connector, "config_changed").is_empty());
    // A new file takes nobody's place.
    let new = file.with_file_name("new.toml");
    let change = ConfigChange {
        change: "policy put",
        subject: None,
        file: new.clone(),
        old: None,
        new: Digest::of(b"mine"),
        prepared: PreparedFile::write_new(&new, b"mine").unwrap(),
    };
    std::fs::write(&new, "theirs").unwrap();
    let refusal = write_change(&connector, change, &Caller::Process)
        .await
        .unwrap_err();
    assert_eq!(refusal.code, ErrorCode::ConfigChanged, "{refusal:?}");
    assert_eq!(std::fs::read(&new).unwrap(), b"theirs");
}

/// A participant with these operators beside the Unix user of this test.
fn open_with_operators(federation: &TestFederation, operators: &[u32]) -> Arc<Connector> {
    let file = federation.home("lindau").join("hansa.toml");
    let mut text = std::fs::read_to_string(&file).unwrap();
    for user in operators {
        text.push_str(&format!(
            "\n[person.p{user}]\nname = \"P\"\nroles = [\"operator\"]\nunix = \"{user}\"\n"
        ));
    }
    std::fs::write(&file, text).unwrap();
    federation.open("lindau")
}

/// Approval of a Unix user, or of nobody who is known.
async fn add_as(
    connector: &Arc<Connector>,
    user: Option<u32>,
    command: &str,
) -> Result<Approval, Refusal> {
    let caller = Caller::from_local_user(&connector.config(), user);
    approve_addition(connector, &caller, command).await
}

fn code_of(taken: Result<Approval, Refusal>) -> ErrorCode {
    taken.unwrap_err().code
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gives_a_role_alone_where_another_one_can_approve() {
    let federation = TestFederation::of_two();
    let connector = open_with_operators(&federation, &[SECOND, SECOND + 1]);
    let add = |user: Option<u32>, command: &'static str| add_as(&connector, user, command);
    let one = "person add a --name A --role officer --unix 5";
    assert_eq!(code_of(add(Some(9), one).await), ErrorCode::RoleMissing);
    assert_eq!(
        code_of(add(None, one).await),
        ErrorCode::SecondOfficerNeeded,
        "nobody is recognised without a connector"
    );
    assert_eq!(add(Some(SECOND), one).await, Ok(Approval::Waits));
    assert_eq!(
        code_of(add(Some(SECOND), one).await),
        ErrorCode::SecondOfficerNeeded
    );
    // Another role is another addition.
    let other = "person add a --name A --role signer --unix 5";
    assert_eq!(add(Some(SECOND + 1), other).await, Ok(Approval::Waits));
    let enough = add(Some(SECOND + 1), one).await.unwrap();
    assert!(matches!(enough, Approval::Enough(_)), "{enough:?}");
    // After a change of the people the approvals are of the past.
    let file = connector.config().file.clone();
    let text = format!("{}# changed\n", std::fs::read_to_string(&file).unwrap());
    let change = ConfigChange {
        change: "person end",
        ..make_change(&file, &text)
    };
    write_change(&connector, change, &Caller::User(SECOND))
        .await
        .unwrap();
    assert_eq!(add(Some(SECOND), one).await, Ok(Approval::Waits));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_and_the_owner_of_the_files_are_two() {
    let federation = TestFederation::of_two();
    let connector = open_with_operators(&federation, &[SECOND]);
    for (first, second, command) in [(SECOND, 0, "person add a"), (0, SECOND, "person add b")] {
        let add = |user: u32| add_as(&connector, Some(user), command);
        assert_eq!(add(first).await, Ok(Approval::Waits), "{command}");
        let enough = add(second).await.unwrap();
        assert!(matches!(enough, Approval::Enough(_)), "{enough:?}");
    }
    // Who has no operator beside him adds people alone.
    let federation = TestFederation::of_two();
    let connector = open_with_operators(&federation, &[]);
    let alone = add_as(&connector, Some(0), "person add a").await;
    assert_eq!(alone, Ok(Approval::Enough(None)));
    let federation = TestFederation::of_two();
    let connector = open_with_operators(&federation, &[0]);
    let alone = add_as(&connector, Some(0), "person add a").await;
    assert_eq!(alone, Ok(Approval::Enough(None)));
}
