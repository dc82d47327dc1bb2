//! What a question over a model can't use is told: no city is left out of a figure without a word.

use crate::bicycle_counts::{BicycleCounts, MODEL};
use crate::binary;
use hansa_identity::keys::SignatureAlgorithm;
use hansa_identity::participant_identity::admission_request::Applicant;
use hansa_identity::participant_identity::{self, IdentityFiles};
use hansa_identity::signature::FileSigner;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{number, text};

const TOTAL: &str = "SELECT sum(bikes) AS total FROM model.bicycle_counts";

const OPEN: &str = "valid = { from = 2026-01-01, until = 2029-12-31 }";

/// A city with counts; `more` goes into the entry of the dataset.
fn city(
    league: &TestLeague,
    counts: &BicycleCounts,
    more: &str,
    terms: &str,
    to: &str,
) -> TestParticipant {
    let mut city = league.city(counts.city);
    city.write("data/counts.csv", &counts.csv());
    city.configure(&format!("{MODEL}{more}"));
    city.publishes();
    city.offers("counts", "terms", terms, to, "auto");
    league.hand_bundle_to(counts.city);
    city.serve();
    city
}

fn sum(counts: &[&BicycleCounts]) -> i64 {
    counts.iter().flat_map(|counts| counts.values()).sum()
}

/// The figure of all is there, and nothing is missing.
#[track_caller]
fn whole(acme: &TestParticipant, sql: &str, total: i64) {
    let answer = acme.hansa(&["--json", "sql", sql]).must().lines();
    assert_eq!(number(&answer[0], "total"), total, "{answer:?}");
    assert_eq!(answer[1]["hansa"]["complete"], true, "{answer:?}");
}

/// Without this city there is no figure but with `--partial`, which names it.
#[track_caller]
fn lacks(acme: &TestParticipant, sql: &str, city: &str, says: &str, rest: i64) {
    let failed = acme.hansa(&["sql", sql]).refused("ANSWER_INCOMPLETE", 5);
    for part in [city, says, "--partial"] {
        assert!(failed.err.contains(part), "`{part}` in {}", failed.err);
    }
    assert!(failed.out.is_empty(), "{}", failed.out);
    let answer = acme
        .hansa(&["--json", "sql", sql, "--partial"])
        .must()
        .lines();
    assert_eq!(number(&answer[0], "total"), rest, "{answer:?}");
    let report = &answer[1]["hansa"];
    assert_eq!(report["complete"], false, "{report}");
    assert_eq!(text(&report["missing"][0], "participant"), city, "{report}");
    let shown = acme.hansa(&["--json", "explain", sql]).must().json();
    assert_eq!(text(&shown["missing"][0], "participant"), city, "{shown}");
    let others = format!("{sql} {} participant <> '{city}'", joint(sql));
    whole(acme, &others, rest);
}

fn joint(sql: &str) -> &'static str {
    if sql.contains("WHERE") {
        "AND"
    } else {
        "WHERE"
    }
}

/// A new key that signs for the participant, admitted by the league and not yet in use.
fn new_key(league: &TestLeague, city: &TestParticipant) {
    let keys = city.folder().join("keys");
    let files = IdentityFiles {
        signing_key: keys.join("next.key"),
        note_key: keys.join("note.key"),
        tls_key: keys.join("tls.key"),
        tls_cert: keys.join("tls.crt"),
        bundle: city.folder().join("trust/bundle.json"),
    };
    FileSigner::create(&files.signing_key, SignatureAlgorithm::EdDsa).unwrap();
    let applicant = Applicant {
        id: city.domain().parse().unwrap(),
        name: "Test lindau".to_owned(),
        address: Some("127.0.0.1:0".to_owned()),
    };
    let request = participant_identity::write_request(&files, &applicant).unwrap();
    std::fs::write(city.folder().join("next.request"), request).unwrap();
    let admit = [
        "admit",
        "lindau/next.request",
        "--output",
        "lindau/next.join",
    ];
    league
        .hansa(&[&["league"], &admit[..], &["--dir", "league"]].concat())
        .must();
}

#[test]
fn a_public_view_by_a_key_that_is_over_is_missed_until_it_is_signed_again() {
    let league = TestLeague::new(binary());
    let counts = [
        BicycleCounts::of("lindau", 2, 3, 5),
        BicycleCounts::of("speyer", 3, 2, 9),
    ];
    let acme = league.firm("acme");
    let mut lindau = city(&league, &counts[0], "", OPEN, "\"public\"");
    let speyer = city(&league, &counts[1], "", OPEN, "\"league\"");
    league.hand_bundle_to("acme");
    acme.knows(&lindau);
    acme.knows(&speyer);
    let _ = acme.contract("speyer.counts");
    let all = sum(&[&counts[0], &counts[1]]);
    whole(&acme, TOTAL, all);

    new_key(&league, &lindau);
    league.hand_bundle_to("acme");
    let rest = sum(&[&counts[1]]);
    lacks(&acme, TOTAL, "lindau.example", "was not valid", rest);

    lindau.stop();
    let keys = lindau.folder().join("keys");
    std::fs::rename(keys.join("next.key"), keys.join("signing.key")).unwrap();
    league
        .hansa(&["--config", "lindau/hansa.toml", "join", "lindau/next.join"])
        .must();
    lindau.serve();
    acme.knows(&lindau);
    whole(&acme, TOTAL, all);
}

#[test]
fn a_contract_that_can_not_be_used_is_missed() {
    let league = TestLeague::new(binary());
    let counts = [
        BicycleCounts::of("lindau", 2, 3, 5),
        BicycleCounts::of("speyer", 3, 2, 9),
    ];
    let acme = league.firm("acme");
    let lindau = city(&league, &counts[0], "", OPEN, "\"league\"");
    let more = "\n[[dataset.column]]\nname = \"counter\"\nfrom = \"site\"\n";
    let terms = format!(
        "columns = [\"observed_at\", \"interval\", \"local_date\", \"site\", \"bikes\", \"counter\"]\n{OPEN}"
    );
    let speyer = city(&league, &counts[1], more, &terms, "\"league\"");
    league.hand_bundle_to("acme");
    acme.knows(&lindau);
    acme.knows(&speyer);
    let _ = acme.contract("lindau.counts");
    let contract = acme.contract("speyer.counts");
    let all = sum(&[&counts[0], &counts[1]]);
    let rest = sum(&[&counts[0]]);
    let who = "speyer.example";
    whole(&acme, TOTAL, all);

    // It does not show the column that the question filters by, and would drop out of the figure.
    let by_name = format!("{TOTAL} WHERE site_name <> 'nowhere'");
    lacks(&acme, &by_name, who, "`site_name`", rest);

    // The dataset is withdrawn, and published again under no model.
    speyer
        .hansa(&["dataset", "withdraw", "counts", "--yes"])
        .must();
    lacks(&acme, TOTAL, who, "no longer shows the dataset", rest);
    let file = speyer.folder().join("hansa.toml");
    let toml = std::fs::read_to_string(&file).unwrap();
    let plain = toml.replace("model = \"bicycle_counts\"", "");
    assert_ne!(plain, toml);
    std::fs::write(&file, plain).unwrap();
    speyer.hansa(&["reload"]).must();
    speyer.publishes();
    lacks(&acme, TOTAL, who, "no longer publishes the dataset", rest);
    std::fs::write(&file, &toml).unwrap();
    speyer.hansa(&["reload"]).must();
    speyer.publishes();
    whole(&acme, TOTAL, all);

    // A column that the contract names is gone.
    std::fs::write(&file, toml.replace(more, "")).unwrap();
    let _ = speyer.hansa(&["reload"]);
    let _ = speyer.hansa(&["dataset", "publish"]);
    lacks(&acme, TOTAL, who, "`counter`", rest);
    std::fs::write(&file, &toml).unwrap();
    let _ = speyer.hansa(&["reload"]);
    speyer.publishes();
    whole(&acme, TOTAL, all);

    // The firm's own copy of the contract is damaged, and then lost.
    let files = acme.folder().join("state/contracts");
    let file = std::fs::read_dir(&files)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.to_string_lossy().contains(&contract))
        .unwrap();
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    lacks(&acme, TOTAL, who, "its file can't be used", rest);
    std::fs::remove_file(&file).unwrap();
    lacks(&acme, TOTAL, who, "its file can't be used", rest);
    std::fs::write(&file, &bytes).unwrap();
    whole(&acme, TOTAL, all);

    // Nobody knows where it is any more.
    acme.hansa(&["peer", "remove", "speyer"]).must();
    lacks(&acme, TOTAL, who, "no longer a peer here", rest);
}
