//! When statements and contracts count from.

use super::*;

/// A withdrawal with a key that was stolen and revoked: the log of who would have signed it says that it was signed before.
#[test]
fn a_withdrawal_is_not_dated_back_by_its_signer() {
    let league = TestLeague::new(binary());
    let (mut lindau, acme, _contract) = played(&league);
    let export_folder = tempfile::tempdir().unwrap();
    let bundle = export(&lindau, export_folder.path(), &[]);
    export(&acme, export_folder.path(), &[]);
    lindau.stop();
    let (copied, mut records) = read(&bundle);
    let name = text(&records[last_of(&records, "withdraw")]["body"], "statement");
    let statement = copied.of_kind(DocumentKind::Withdrawal)[&name].clone();
    let kid = hansa_proto::envelope::parse_withdrawal(statement.as_bytes()).unwrap();
    let kid = kid.signature.kid;
    let revoke = ["--yes", "league", "key", "--end", &kid, "--revoked"];
    let revoke = [&revoke[..], &["--of", "acme.example", "--dir", "league"]].concat();
    league.hansa(&revoke).must();
    let late = ["league", "export", "--dir", "league", "--output", "late"];
    league.hansa(&late).must();
    let late = league.folder().join("late").display().to_string();
    // The city got it two days later.
    let from = last_of(&records, "withdraw");
    for record in &mut records[from..] {
        let at: UtcTimestamp = text(record, "t").parse().unwrap();
        record["t"] = json!(at.plus_micros(2 * DAY).to_string());
    }
    forge(
        &lindau,
        &records,
        &copied,
        &export_folder.path().join("forged"),
    );
    for files in [&["forged"][..], &["forged", "acme.example.bundle"]] {
        let judge = [&["check", "--trust", &late][..], files].concat();
        let (report, status) = verify(export_folder.path(), &judge);
        let texts = findings(&report, "broken");
        let of_key = texts.iter().filter(|one| one.starts_with("KEY_REVOKED"));
        assert_eq!(of_key.count(), files.len(), "{texts:#?}");
        assert_eq!(status, 7);
    }
}

/// A contract whose key was revoked after it was signed: it counts from when it was first in the log of a party.
#[test]
fn a_contract_counts_from_the_first_log_of_a_party_that_has_it() {
    let league = TestLeague::new(binary());
    let (mut lindau, acme, contract) = played(&league);
    let beta = league.city("beta");
    let export_folder = tempfile::tempdir().unwrap();
    let bundle = export(&lindau, export_folder.path(), &[]);
    export(&acme, export_folder.path(), &[]);
    lindau.stop();
    let (copied, records) = read(&bundle);
    let signed =
        envelope::parse_contract(copied.of_kind(DocumentKind::Contract)[&contract].as_bytes());
    let signed = signed.unwrap().signatures;
    let kid = &signed
        .iter()
        .find(|one| one.role == SignatoryRole::Consumer)
        .unwrap()
        .kid;
    let revoke = ["--yes", "league", "key", "--end", kid, "--revoked"];
    let revoke = [&revoke[..], &["--of", "acme.example", "--dir", "league"]].concat();
    league.hansa(&revoke).must();
    let late = ["league", "export", "--dir", "league", "--output", "late"];
    league.hansa(&late).must();
    let late = league.folder().join("late").display().to_string();
    let revoked = |files: &[&str]| {
        let judge = [&["check", "--trust", &late][..], files].concat();
        let (report, _) = verify(export_folder.path(), &judge);
        let said = report["findings"].as_array().unwrap().clone();
        said.iter().any(|one| {
            text(one, "file").starts_with("contract ") && text(one, "what").contains("KEY_REVOKED")
        })
    };
    // The city wrote it down two days later than the firm; a third says that it had it before both.
    let mut later = records.clone();
    for record in &mut later {
        let at: UtcTimestamp = text(record, "t").parse().unwrap();
        record["t"] = json!(at.plus_micros(2 * DAY).to_string());
    }
    forge(
        &lindau,
        &later,
        &copied,
        &export_folder.path().join("later"),
    );
    forge(
        &beta,
        &records,
        &copied,
        &export_folder.path().join("theirs"),
    );
    assert!(revoked(&["later"]));
    assert!(!revoked(&["later", "acme.example.bundle"]));
    assert!(!revoked(&["acme.example.bundle", "later"]));
    assert!(revoked(&["later", "theirs"]));
}
