//! One side signs with ES256 and the other with EdDSA: signed, verified, used and withdrawn, whoever provides.

use super::settled;
use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::{TestParticipant, run};
use hansa_test_support::workflow::{ALL, number, text, wait_for};
use std::time::Duration;

/// A city that offers bikes and signs in this way.
fn city(league: &TestLeague, alias: &str, algorithm: &str) -> TestParticipant {
    let city = league.city_with(alias, &["--algorithm", algorithm]);
    city.offers_bikes("all", ALL, "auto");
    city
}

/// The algorithms of the two signatures, the provider's first, each checked by this city.
fn signed_with(city: &TestParticipant, contract: &str) -> [String; 2] {
    let output = city.hansa(&["--json", "contract", "show", contract]);
    let shown = output.must().json();
    let signatures = shown["signatures"].as_array().unwrap();
    assert!(signatures.iter().all(|one| one["valid"] == true), "{shown}");
    ["provider", "consumer"].map(|role| {
        let mut by = signatures.iter().filter(|one| text(one, "role") == role);
        text(by.next().unwrap(), "algorithm")
    })
}

/// A contract from the first message to the receipt.
fn uses(consumer: &TestParticipant, provider: &TestParticipant, algorithms: [&str; 2]) -> String {
    let alias = provider.domain().split('.').next().unwrap();
    consumer.knows(provider);
    let contract = consumer.contract(&format!("{alias}.bikes"));
    for side in [provider, consumer] {
        assert_eq!(signed_with(side, &contract), algorithms);
    }
    let file = format!("{alias}.json");
    consumer
        .hansa(&["contract", "export", &contract, "--output", &file])
        .must();
    consumer.hansa(&["contract", "verify", &file]).must();
    let sum = format!("SELECT sum(bikes) AS n FROM {alias}.bikes");
    let answer = consumer.ask(&sum).must().lines();
    assert_eq!(number(&answer[0], "n"), 387);
    // Both sides signed the receipt, each in its own way.
    let acknowledged = || provider.records("receipt_ack").pop();
    wait_for(
        "the countersigned receipt",
        Duration::from_secs(10),
        acknowledged,
    );
    contract
}

#[test]
fn each_side_signs_in_its_own_way() {
    let league = TestLeague::new(binary());
    let mut lindau = city(&league, "lindau", "ES256");
    let mut speyer = city(&league, "speyer", "eddsa");
    for (city, alias) in [(&mut lindau, "lindau"), (&mut speyer, "speyer")] {
        league.hand_bundle_to(alias);
        city.serve();
    }
    let bundle = std::fs::read_to_string(league.folder().join("league/trust-bundle.json")).unwrap();
    let keys = |alg: &str| bundle.matches(&format!("\"alg\":\"{alg}\"")).count();
    assert_eq!((keys("ES256"), keys("EdDSA")), (1, 1), "{bundle}");

    let of_lindau = uses(&speyer, &lindau, ["ES256", "EdDSA"]);
    let of_speyer = uses(&lindau, &speyer, ["EdDSA", "ES256"]);
    // Each is ended by the side that signs with ES256, once as provider and once as consumer.
    for contract in [&of_lindau, &of_speyer] {
        lindau
            .hansa(&[
                "--yes", "contract", "withdraw", contract, "--reason", "over",
            ])
            .must();
    }
    for (consumer, dataset) in [(&speyer, "lindau.bikes"), (&lindau, "speyer.bikes")] {
        let sql = format!("SELECT count(*) FROM {dataset}");
        wait_for("the end", Duration::from_secs(10), || {
            consumer.ask(&sql).err.contains("WITHDRAWN").then_some(())
        });
    }
    settled(&lindau, &speyer);
    settled(&speyer, &lindau);
}

#[test]
fn nobody_signs_in_a_third_way() {
    let folder = tempfile::tempdir().unwrap();
    let mut args = vec!["init", "lindau", "--id", "lindau.example", "--name", "L"];
    args.extend(["--algorithm", "RS256"]);
    let done = run(binary(), folder.path(), &args).ends(2);
    assert!(done.err.contains("eddsa, es256"), "{}", done.err);
    assert!(!folder.path().join("lindau").exists());
}
