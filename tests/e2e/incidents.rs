//! A faulty dataset, a stolen key, a person who asks: the log says who is concerned.

use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, PURPOSE, text};
use serde_json::Value;

const SUM: &str = "SELECT sum(bikes) AS n FROM lindau.bikes";

/// lindau publishes counts, asked for by two firms; then it finds that rows were doubled and publishes them again, and one
/// of the firms asks anew.
fn played(league: &TestLeague) -> (TestParticipant, [TestParticipant; 2], [String; 2]) {
    let mut lindau = league.city("lindau");
    let firms = [league.firm("acme"), league.firm("other")];
    for firm in &firms {
        firm.configure("[notice]\nfolder = \"notices\"\n");
    }
    league.hand_bundle_to("lindau");
    lindau.holds("bikes", "site,bikes\nHafen,310\nHafen,310\nInsel,77\n", "");
    lindau.publishes();
    let terms = format!("{ALL}\nduties = [\"delete-after 30 days\"]");
    lindau.offers("bikes", "all", &terms, "\"league\"", "auto");
    lindau.serve();
    for firm in &firms {
        firm.knows(&lindau);
        let _ = firm.contract("lindau.bikes");
        firm.ask(SUM).must();
    }
    let first = version(&lindau);
    lindau.write("data/bikes.csv", "site,bikes\nHafen,310\nInsel,77\n");
    lindau.publishes();
    let second = version(&lindau);
    assert_ne!(first, second);
    firms[0].ask(SUM).must();
    for firm in &firms {
        // Comparing the logs carries the word on receipts that is still on its way.
        firm.hansa(&["audit", "reconcile", "lindau"]).must();
    }
    (lindau, firms, [first, second])
}

fn version(city: &TestParticipant) -> String {
    text(&city.records("publish").pop().unwrap(), "version")
}

fn rows(city: &TestParticipant, args: &[&str]) -> Vec<Value> {
    let args = [&["--json", "audit"][..], args].concat();
    city.hansa(&args).must().lines()
}

#[test]
fn the_log_says_who_is_concerned() {
    let league = TestLeague::new(binary());
    let (lindau, firms, [first, second]) = played(&league);
    let recipient = |row: &Value| text(row, "to");

    // The recall: exactly the answers of the doubled rows, and both firms are to be told.
    let faulty = format!("bikes@{first}");
    let found = rows(&lindau, &["affected", &faulty]);
    let mut reported: Vec<String> = found.iter().map(recipient).collect();
    reported.sort();
    assert_eq!(reported, ["hansa://acme.example", "hansa://other.example"]);
    assert!(
        found
            .iter()
            .all(|row| row["rows"] == 1 && row["acknowledged"] == "yes"),
        "{found:?}"
    );
    let page = lindau.hansa(&["audit", "affected", &faulty]).must().out;
    assert!(
        page.contains("to be told: hansa://acme.example, hansa://other.example"),
        "{page}"
    );
    let fresh = rows(&lindau, &["affected", &format!("bikes@{second}")]);
    assert_eq!(
        fresh.iter().map(recipient).collect::<Vec<_>>(),
        ["hansa://acme.example"]
    );
    // They are told, once each, and the table says so; their own people hear of it without a clause.
    let tells = || {
        lindau
            .hansa(&["audit", "affected", &faulty, "--notify"])
            .must()
    };
    let mails = |name: &str| {
        let mut all = lindau.records("notice");
        all.retain(|one| text(&one["body"], "topic") == format!("affected:{first}"));
        assert!(all.len() <= 2, "{name}: {all:#?}");
        all.len()
    };
    lindau
        .hansa(&["--dry-run", "audit", "affected", &faulty, "--notify"])
        .refused("USAGE", 2);
    assert_eq!(mails("not yet"), 0);
    let page = tells();
    assert!(
        page.out.contains("whom they went to was told"),
        "{}",
        page.out
    );
    assert_eq!(mails("both"), 2);
    let _ = tells();
    assert_eq!(mails("once"), 2);
    let found = rows(&lindau, &["affected", &faulty]);
    assert!(
        found.iter().all(|row| text(row, "told") != "no"),
        "{found:?}"
    );
    let other = rows(&lindau, &["affected", &format!("bikes@{second}")]);
    assert!(
        other.iter().all(|row| text(row, "told") == "no"),
        "{other:?}"
    );
    for firm in &firms {
        firm.hansa(&["audit", "reconcile", "lindau"]).must();
        let noticed = firm.records("notice_received");
        assert_eq!(noticed.len(), 1, "{noticed:#?}");
        assert_eq!(text(&noticed[0]["body"], "detail"), faulty);
        let reports = firm.records("notice");
        let of_recall = |one: &&Value| text(&one["body"], "channel") == "folder";
        assert_eq!(reports.iter().filter(of_recall).count(), 1, "{reports:#?}");
    }
    lindau
        .hansa(&["audit", "affected", "bikes@never"])
        .refused("DATASET_NOT_PUBLISHED", 6);
    lindau
        .hansa(&["audit", "affected", "bikes"])
        .refused("USAGE", 2);

    // Who received what under which clauses, over all datasets, with the sum at the end.
    let received = rows(&lindau, &["received"]);
    let counted: Vec<_> = received
        .iter()
        .map(|row| (text(row, "recipient"), row["answers"].as_i64().unwrap()))
        .collect();
    let lines = [
        ("hansa://acme.example", 2),
        ("hansa://other.example", 1),
        ("all", 3),
    ];
    assert_eq!(counted, lines.map(|(name, count)| (name.to_owned(), count)));
    let sum = |name: &str| {
        let all = received.iter().map(|row| row[name].as_u64().unwrap());
        let (last, before) = (
            received[2][name].as_u64().unwrap(),
            all.take(2).sum::<u64>(),
        );
        assert_eq!(before, last, "{name}: {received:?}");
        last
    };
    assert_eq!(sum("rows"), 3);
    assert!(sum("bytes") > 0);
    let dataset = "hansa://lindau.example/d/bikes";
    for row in &received[..2] {
        assert_eq!(text(row, "dataset"), dataset, "{row}");
        assert!(text(row, "clauses").contains("#c2"), "{row}");
        let show = ["contract", "show", &text(row, "contract")];
        assert!(lindau.hansa(&show).must().out.contains("#c2"), "{row}");
    }
    let acme = rows(&lindau, &["received", "--participant", "acme.example"]);
    assert_eq!(acme.len(), 2, "{acme:?}");
    assert_eq!(rows(&lindau, &["received", "--dataset", "trees"]).len(), 0);
    assert_eq!(rows(&lindau, &["received", "--to", "2026-01-01"]).len(), 0);

    // Who has it: both, with the number of answers of each.
    let found = rows(&lindau, &["recipients", "bikes"]);
    let answers: Vec<_> = found
        .iter()
        .map(|row| (text(row, "recipient"), row["answers"].as_i64().unwrap()))
        .collect();
    let named = |name: &str, count: i64| (format!("hansa://{name}.example"), count);
    assert_eq!(answers, [named("acme", 2), named("other", 1)]);
    assert!(
        found.iter().all(|row| text(row, "purposes") == PURPOSE),
        "{found:?}"
    );

    // A breach: under acme's contract, over acme's connection, under acme's signing key; and in a time without any answer.
    let permits = lindau.records("permit");
    let permit = permits
        .iter()
        .find(|permit| text(permit, "peer") == "hansa://acme.example");
    let permit = permit.unwrap();
    let contract = permit["body"]["contracts"][0].as_str().unwrap();
    let certificate = text(permit, "peer_cert_sha256");
    let signed = firms[0]
        .hansa(&["--json", "contract", "list"])
        .must()
        .lines();
    assert!(!signed.is_empty());
    for args in [["--contract", contract], ["--key", &certificate]] {
        let found = rows(&lindau, &[&["breach"][..], &args].concat());
        assert_eq!(found.len(), 2, "{args:?}: {found:?}");
        assert!(
            found
                .iter()
                .all(|row| recipient(row) == "hansa://acme.example")
        );
    }
    let key = signing_key(&lindau, contract);
    let found = rows(&lindau, &["breach", "--key", &key]);
    assert_eq!(found.len(), 2, "{found:?}");
    let early = ["breach", "--contract", contract, "--to", "2026-01-01"];
    assert!(rows(&lindau, &early).is_empty());
    lindau
        .hansa(&["audit", "breach", "--key", "-nobody's"])
        .refused("USAGE", 2);
    lindau.hansa(&["audit", "breach"]).ends(2);

    // The record of processing, as a table for others.
    let output = lindau
        .hansa(&["audit", "processing", "-o", "processing.csv"])
        .must();
    assert!(
        output.out.contains("deleted after 30 days"),
        "{}",
        output.out
    );
    let csv = std::fs::read_to_string(lindau.folder().join("processing.csv")).unwrap();
    let lines: Vec<&str> = csv.lines().collect();
    assert!(
        lines[0].starts_with("contract,state,our_role,provider,recipient,"),
        "{csv}"
    );
    assert_eq!(lines.len(), 3, "{csv}");
    assert!(
        lines[1..].iter().all(|line| line.contains(PURPOSE)),
        "{csv}"
    );

    // Nobody's question is anybody's own: the owner asking itself is no recipient.
    lindau
        .hansa(&["sql", "SELECT count(*) FROM lindau.bikes"])
        .must();
    assert_eq!(rows(&lindau, &["recipients", "bikes"]).len(), 2);

    // The whole log as tiles, which hold as many records as the head says.
    let said = lindau
        .hansa(&["--json", "audit", "export", "--tiles", "-o", "tiles"])
        .must()
        .json();
    let head = std::fs::read_to_string(lindau.folder().join("tiles/checkpoint")).unwrap();
    assert_eq!(head.lines().nth(1).unwrap(), said["records"].to_string());
    let refused = [
        "audit",
        "export",
        "--tiles",
        "-o",
        "more",
        "--outcome",
        "done",
    ];
    lindau.hansa(&refused).refused("USAGE", 2);
    lindau
        .hansa(&["audit", "export", "--tiles", "-o", "tiles"])
        .refused("FILE_EXISTS", 6);
}

/// The thumbprint of the key with which acme signed, as the contract's file says it.
fn signing_key(city: &TestParticipant, contract: &str) -> String {
    let file = city
        .folder()
        .join(format!("state/contracts/{contract}.json"));
    let envelope: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let payload = hansa_proto::base64url::decode(envelope["payload"].as_str().unwrap()).unwrap();
    let payload: Value = serde_json::from_slice(&payload).unwrap();
    payload["consumer"]["signingKey"]
        .as_str()
        .unwrap()
        .to_owned()
}
