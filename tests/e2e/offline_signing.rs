//! A contract is read and signed on a machine that runs no connector, and the signature is brought back.

mod stolen_key;

use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::{TestParticipant, run};
use hansa_test_support::workflow::text;
use std::path::Path;

const TERMS: &str = "purpose = [\"dpv:ResearchAndDevelopment\"]\ncolumns = [\"site\", \"bikes\"]\n\
    duties = [\"delete-after 30 days\"]\nvalid = { from = 2026-01-01, until = 2029-12-31 }";

fn pair(league: &TestLeague) -> (TestParticipant, TestParticipant) {
    league.bikes("planning", TERMS, "officer")
}

/// A machine of an officer: a folder with a draft and a key, and nothing else.
fn carried(city: &TestParticipant, draft: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let copy = |from: &Path, to: &str| std::fs::copy(from, folder.path().join(to)).unwrap();
    copy(&city.folder().join(draft), "draft");
    copy(&city.folder().join("keys/signing.key"), "my.key");
    folder
}

const SIGN: [&str; 6] = ["contract", "sign", "--offline", "draft", "--key", "my.key"];

#[test]
fn both_sides_sign_without_their_connectors() {
    let league = TestLeague::new(super::binary());
    let (lindau, acme) = pair(&league);
    acme.hansa(&["contract", "request", "lindau.bikes", "--language", "de"])
        .must();
    let name = lindau.listed("negotiation").pop().unwrap();
    let page = lindau
        .hansa(&["--json", "contract", "show", &name])
        .must()
        .json();
    lindau
        .hansa(&["contract", "export", &name, "--output", "n.draft"])
        .must();

    let offline_folder = carried(&lindau, "n.draft");
    let hansa = |args: &[&str]| run(super::binary(), offline_folder.path(), args);
    // The page comes first, and without a yes nothing is signed.
    let asked = hansa(&SIGN).refused("CONFIRMATION_NEEDED", 2);
    assert!(asked.err.contains(&text(&page, "page")), "{}", asked.err);
    let dry = hansa(&[&["--dry-run"], &SIGN[..]].concat()).must();
    assert!(
        dry.err.contains("Vereinbart, technisch nicht durchgesetzt"),
        "{}",
        dry.err
    );
    assert!(!offline_folder.path().join("draft.signed").exists());
    let signed = hansa(&[&["--json", "--yes"], &SIGN[..]].concat())
        .must()
        .json();
    assert_eq!(signed["shown"], page["shown"]);
    assert_eq!(text(&signed, "role"), "provider");

    // Signed, and then another draft is on the table: the signature is for that one no more.
    std::fs::copy(
        offline_folder.path().join("draft.signed"),
        lindau.folder().join("back"),
    )
    .unwrap();
    let signature = std::fs::read_to_string(lindau.folder().join("back")).unwrap();
    lindau.write(
        "cut",
        &signature.replacen("\"signature\":\"", "\"signature\":\"A", 1),
    );
    let cut = lindau.hansa(&["contract", "attach", &name, "cut"]);
    assert_eq!(cut.status, Some(6), "{}", cut.err);
    lindau.hansa(&["contract", "attach", &name, "back"]).must();
    lindau
        .hansa(&["contract", "attach", &name, "back"])
        .refused("NEGOTIATION_STATE", 3);

    // The other side alike.
    acme.hansa(&["contract", "export", &name, "--output", "n.draft"])
        .must();
    let offline_folder = carried(&acme, "n.draft");
    run(
        super::binary(),
        offline_folder.path(),
        &[&["--yes"], &SIGN[..]].concat(),
    )
    .must();
    std::fs::copy(
        offline_folder.path().join("draft.signed"),
        acme.folder().join("back"),
    )
    .unwrap();
    acme.hansa(&["contract", "attach", &name, "back"]).must();
    let contract = acme.listed("contract").pop().unwrap();
    assert_eq!(contract, text(&page, "would_become"));
    for side in [&acme, &lindau] {
        let shown = side
            .hansa(&["--json", "contract", "show", &contract])
            .must()
            .json();
        assert!(
            shown["signatures"]
                .as_array()
                .unwrap()
                .iter()
                .all(|one| one["valid"] == true)
        );
        assert_eq!(shown["page"], page["page"]);
    }
    acme.ask("SELECT count(*) FROM lindau.bikes").must();
}

#[test]
fn what_is_not_the_draft_or_not_the_key_is_not_signed() {
    let league = TestLeague::new(super::binary());
    let (lindau, acme) = pair(&league);
    acme.hansa(&["contract", "request", "lindau.bikes"]).must();
    let name = lindau.listed("negotiation").pop().unwrap();
    // Nothing of ours is due at the firm.
    acme.hansa(&["contract", "export", &name])
        .refused("NEGOTIATION_STATE", 3);
    lindau
        .hansa(&["contract", "export", &name, "--output", "n.draft"])
        .must();
    let offline_folder = carried(&lindau, "n.draft");
    let hansa = |args: &[&str]| run(super::binary(), offline_folder.path(), args);
    let whole = std::fs::read_to_string(offline_folder.path().join("draft")).unwrap();
    assert!(whole.contains("Insel") || whole.contains("site"), "{whole}");
    std::fs::write(
        offline_folder.path().join("edited"),
        whole.replacen("\"version\":1", "\"version\":2", 1),
    )
    .unwrap();
    let edited = [
        "--yes",
        "contract",
        "sign",
        "--offline",
        "edited",
        "--key",
        "my.key",
    ];
    hansa(&edited).refused("RENDERING_DIFFERS", 6);
    // With the firm's key the city's signature can't be made.
    std::fs::copy(
        acme.folder().join("keys/signing.key"),
        offline_folder.path().join("my.key"),
    )
    .unwrap();
    hansa(&[&["--yes"], &SIGN[..]].concat()).refused("SIGNER_NOT_PARTY", 6);
    assert!(!offline_folder.path().join("draft.signed").exists());
    // A draft alone is no order to the running connector.
    hansa(&["contract", "sign", "--offline", "draft"]).ends(2);

    // What was signed before the terms changed does not fit what is on the table.
    std::fs::copy(
        lindau.folder().join("keys/signing.key"),
        offline_folder.path().join("my.key"),
    )
    .unwrap();
    hansa(&[&["--yes"], &SIGN[..]].concat()).must();
    std::fs::copy(
        offline_folder.path().join("draft.signed"),
        lindau.folder().join("back"),
    )
    .unwrap();
    lindau.write(
        "counter.toml",
        &format!("title = \"counter\"\nrows_per_day = 5\nbytes_per_day = \"1 MB\"\n{TERMS}\n"),
    );
    lindau
        .hansa(&["contract", "counter", &name, "--policy", "counter.toml"])
        .must();
    acme.hansa(&["contract", "sign", &name]).must();
    let late = lindau
        .hansa(&["contract", "attach", &name, "back"])
        .refused("NEGOTIATION_STATE", 3);
    assert!(late.err.contains("export the draft again"), "{}", late.err);
}

/// A key for the contracts of lindau, which the league registers and the connector never has.
fn officer(league: &TestLeague, name: &str) -> String {
    let made = league
        .hansa(&["--json", "key", "add", name, "--id", "lindau.example"])
        .must()
        .json();
    let public = format!("{name}.public");
    league
        .hansa(&["league", "key", &public, "--dir", "league"])
        .must();
    text(&made, "key")
}

#[test]
fn a_key_that_never_lies_at_the_connector_concludes_and_ends_its_contracts() {
    let league = TestLeague::new(super::binary());
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    let kid = officer(&league, "officer.key");
    for alias in ["lindau", "acme"] {
        league.hand_bundle_to(alias);
    }
    lindau.offers_bikes("planning", TERMS, "auto");
    lindau.holds("weather", "site,rain\nHafen,3\n", "");
    lindau.offers(
        "weather",
        "all",
        &format!("{TERMS}\n").replace("\"bikes\"", "\"rain\""),
        "\"public\"",
        "auto",
    );
    lindau.publishes();
    lindau.serve();
    acme.knows(&lindau);

    // What the connector would sign by itself waits now for the key, and the connector's own signs no contract.
    acme.hansa(&["contract", "request", "lindau.bikes"]).must();
    let name = lindau.listed("negotiation").pop().unwrap();
    let no = lindau
        .hansa(&["contract", "sign", &name])
        .refused("SIGNER_NOT_PARTY", 6);
    assert!(no.err.contains("--offline"), "{}", no.err);
    lindau
        .hansa(&["contract", "export", &name, "--output", "n.draft"])
        .must();
    let offline_folder = carried(&lindau, "n.draft");
    let hansa = |args: &[&str]| run(super::binary(), offline_folder.path(), args);
    hansa(&[&["--yes"], &SIGN[..]].concat()).refused("SIGNER_NOT_PARTY", 6);
    let key = |name: &str| league.folder().join(name).display().to_string();
    let with = |key: &str| {
        hansa(&[
            "--yes",
            "contract",
            "sign",
            "--offline",
            "draft",
            "--key",
            key,
        ])
    };
    with(&key("officer.key")).must();
    let attach = |lindau: &TestParticipant| {
        std::fs::copy(
            offline_folder.path().join("draft.signed"),
            lindau.folder().join("back"),
        )
        .unwrap();
        lindau.hansa(&["contract", "attach", &name, "back"])
    };
    attach(&lindau).must();
    acme.hansa(&["contract", "sign", &name]).must();
    let contract = acme.listed("contract").pop().unwrap();
    // Receipts are the connector's business, and so are public views.
    acme.ask("SELECT count(*) FROM lindau.bikes").must();
    acme.ask("SELECT count(*) FROM lindau.weather").must();
    acme.hansa(&["audit", "reconcile", "lindau"]).must();
    acme.hansa(&["contract", "export", &contract, "--output", "contract.json"])
        .must();
    let report = lindau
        .hansa(&["--json", "contract", "show", &contract])
        .must()
        .json();
    assert_eq!(text(&report["signatures"][0], "key"), kid);

    // Another key: what the first one signed stays good, and it signs nothing more.
    acme.hansa(&["contract", "request", "lindau.bikes"]).must();
    let name = lindau.listed("negotiation").pop().unwrap();
    lindau
        .hansa(&["contract", "export", &name, "--output", "n.draft"])
        .must();
    std::fs::copy(
        lindau.folder().join("n.draft"),
        offline_folder.path().join("draft"),
    )
    .unwrap();
    with(&key("officer.key")).must();
    let second = officer(&league, "second.key");
    lindau.stop();
    for alias in ["lindau", "acme"] {
        league.hand_bundle_to(alias);
    }
    lindau.serve();
    acme.knows(&lindau);
    let late = |lindau: &TestParticipant| {
        std::fs::copy(
            offline_folder.path().join("draft.signed"),
            lindau.folder().join("back"),
        )
        .unwrap();
        lindau.hansa(&["contract", "attach", &name, "back"])
    };
    // The draft names the key that is over.
    late(&lindau).refused("CONTRACT_MALFORMED", 6);
    let keys = acme.hansa(&["key", "list", "lindau.example"]).must();
    assert!(
        keys.out.contains(&kid) && keys.out.contains(&second),
        "{}",
        keys.out
    );
    acme.ask("SELECT count(*) FROM lindau.bikes").must();

    // The new key ends what the old one concluded.
    std::fs::copy(
        acme.folder().join("contract.json"),
        offline_folder.path().join("contract.json"),
    )
    .unwrap();
    let end = |key: &str, more: &[&str]| {
        let args = [
            "--yes",
            "contract",
            "withdraw",
            "--offline",
            "contract.json",
            "--key",
            key,
            "--reason",
            "over",
        ];
        hansa(&[&args[..], more].concat())
    };
    end(&key("second.key"), &[]).refused("SIGNER_NOT_PARTY", 6);
    end(&key("second.key"), &["--role", "provider"]).must();
    let back = offline_folder.path().join("contract.json.withdrawal");
    let statement = std::fs::read_to_string(&back).unwrap();
    lindau.write(
        "cut",
        &statement.replacen("\"signature\":\"", "\"signature\":\"A", 1),
    );
    let cut = lindau.hansa(&["contract", "attach", &contract, "cut"]);
    assert_eq!(cut.status, Some(6), "{}", cut.err);
    acme.ask("SELECT count(*) FROM lindau.bikes").must();
    lindau.write("end", &statement);
    lindau
        .hansa(&["contract", "attach", &contract, "end"])
        .must();
    acme.ask("SELECT count(*) FROM lindau.bikes")
        .refused("WITHDRAWN", 3);
}
