//! A contract that is named binds its dataset, or refuses with its own reason; none is dropped for another one in force.

use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{PURPOSE, number};

const CSV: &str = "site,bikes\nHafen,310\nInsel,77\nBahnhof,12\n";
const TWICE: &str = "SELECT * FROM lindau.twice ORDER BY 1";
const BIKES: &str = "SELECT count(*) AS n FROM lindau.bikes";

/// A city and a firm with contracts on two of its datasets.
struct NamedContractFixture {
    _league: TestLeague,
    lindau: TestParticipant,
    acme: TestParticipant,
    /// All of `twice`.
    whole: String,
    /// Its sites alone.
    sites: String,
    /// All of it, withdrawn.
    gone: String,
    /// All of it, from 2029 on.
    later: String,
    /// The other dataset.
    bikes: String,
}

fn held() -> NamedContractFixture {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    for name in ["twice", "bikes"] {
        lindau.holds(name, CSV, "");
    }
    lindau.publishes();
    for (policy, more) in [
        ("whole", ""),
        ("sites", "columns = [\"site\"]"),
        ("gone", "rows_per_day = 1000\nbytes_per_day = \"1 MB\""),
        ("later", "valid = { from = 2029-01-01, until = 2029-12-31 }"),
    ] {
        let terms = format!("purpose = [\"{PURPOSE}\"]\n{more}");
        lindau.offers("twice", policy, &terms, "\"league\"", "auto");
    }
    let purpose = format!("purpose = [\"{PURPOSE}\"]");
    lindau.offers("bikes", "bikes", &purpose, "\"league\"", "auto");
    lindau.serve();
    acme.knows(&lindau);
    let on = |policy| acme.contract_on("lindau.twice", policy);
    let held = NamedContractFixture {
        whole: on("whole"),
        sites: on("sites"),
        gone: on("gone"),
        later: on("later"),
        bikes: acme.contract("lindau.bikes"),
        lindau,
        acme,
        _league: league,
    };
    withdraw(&held.lindau, &held.gone);
    held
}

fn withdraw(lindau: &TestParticipant, contract: &str) {
    let args = [
        "--yes", "contract", "withdraw", contract, "--reason", "over",
    ];
    lindau.hansa(&args).must();
}

impl NamedContractFixture {
    /// A question for the usual purpose under these contracts.
    fn under(
        &self,
        verb: &[&str],
        contracts: &[&String],
    ) -> hansa_test_support::participant::CommandOutput {
        let mut args = [&["--json"], verb, &["--purpose", PURPOSE]].concat();
        for contract in contracts {
            args.extend(["--contract", contract.as_str()]);
        }
        self.acme.hansa(&args)
    }
}

#[test]
fn a_contract_that_is_named_binds_or_refuses_with_its_own_reason() {
    let held = held();
    held.acme.ask(TWICE).refused("CONTRACT_AMBIGUOUS", 2);
    let verbs: [&[&str]; 3] = [
        &["sql", TWICE],
        &["explain", TWICE],
        &["get", "lindau.twice"],
    ];
    let refused = |contract: &String, code: &str, status: i32| {
        for verb in verbs {
            let output = held.under(verb, &[contract]).refused(code, status);
            assert!(output.out.is_empty(), "{}: {}", output.command, output.out);
            assert!(output.err.contains(contract), "{}", output.err);
        }
        let partial = ["sql", TWICE, "--partial"];
        held.under(&partial, &[contract]).refused(code, status);
        held.under(&["sql", "SELECT 1"], &[contract])
            .refused(code, status);
    };
    refused(&held.gone, "WITHDRAWN", 3);
    refused(&held.later, "NOT_YET_VALID", 3);
    refused(&held.bikes, "CONTRACT_UNUSED", 2);
    let both = [&held.whole, &held.gone];
    held.under(verbs[0], &both).refused("WITHDRAWN", 3);
    let unused = [&held.whole, &held.bikes];
    held.under(verbs[0], &unused).refused("CONTRACT_UNUSED", 2);
    let two = [&held.whole, &held.sites];
    held.under(verbs[0], &two).refused("CONTRACT_AMBIGUOUS", 2);

    let rows = held.under(verbs[0], &[&held.whole]).must().lines();
    assert_eq!(number(&rows[0], "bikes"), 12, "{rows:?}");
    let rows = held.under(verbs[0], &[&held.sites]).must().lines();
    assert!(rows[0].get("bikes").is_none(), "{rows:?}");
    let joined = "SELECT count(*) AS n FROM lindau.twice t JOIN lindau.bikes b ON t.site = b.site";
    let rows = held
        .under(&["sql", joined], &[&held.bikes, &held.sites])
        .must();
    assert_eq!(number(&rows.lines()[0], "n"), 3);

    // Where one contract alone is in force, too: it is not the one that was named.
    withdraw(&held.lindau, &held.sites);
    held.acme.ask(TWICE).must();
    refused(&held.gone, "WITHDRAWN", 3);
    refused(&held.later, "NOT_YET_VALID", 3);

    // What was asked under it goes on under no other.
    let before = held.under(verbs[0], &[&held.whole]).must().lines();
    let token = before.last().unwrap()["hansa"]["token"].as_str().unwrap();
    withdraw(&held.lindau, &held.whole);
    let other = held.acme.contract_on("lindau.twice", "whole");
    held.acme.ask(TWICE).must();
    let since = ["sql", TWICE, "--since", token];
    held.under(&since, &[&held.whole]).refused("WITHDRAWN", 3);
    held.under(&["sql", TWICE, "--follow"], &[&held.whole])
        .refused("WITHDRAWN", 3);

    // The owner's own look at it says the same.
    let looks = |contract: &String, sql: &str| {
        let simulate = ["--json", "simulate", sql, "--as", "hansa://acme.example"];
        let named = ["--purpose", PURPOSE, "--contract", contract];
        held.lindau.hansa(&[&simulate[..], &named[..]].concat())
    };
    looks(&held.whole, "SELECT * FROM twice").refused("WITHDRAWN", 3);
    looks(&held.later, "SELECT * FROM twice").refused("NOT_YET_VALID", 3);
    looks(&other, "SELECT * FROM twice").must();
    let elsewhere = looks(&held.bikes, "SELECT * FROM twice").ends(2);
    assert!(
        elsewhere.out.contains("CONTRACT_UNUSED"),
        "{}",
        elsewhere.out
    );
}

#[test]
fn contracts_that_are_named_for_several_statements_bind_those_of_their_dataset() {
    let held = held();
    let mut session = held.acme.session(&[
        "--purpose",
        PURPOSE,
        "--contract",
        &held.sites,
        "--contract",
        &held.bikes,
    ]);
    let rows = session.ask(TWICE);
    assert!(rows[0].get("bikes").is_none(), "{rows:?}");
    let rows = session.ask(BIKES);
    assert_eq!(number(&rows[0], "n"), 3);
    withdraw(&held.lindau, &held.sites);
    let rows = session.ask(TWICE);
    assert_eq!(rows[0]["hansa"]["complete"], false, "{rows:?}");
    session.end().refused("WITHDRAWN", 3);
}

#[test]
fn an_alias_of_the_configuration_takes_nobody_elses() {
    let mut held = held();
    held.acme.serve();
    let file = held.acme.folder().join("hansa.toml");
    let before = std::fs::read_to_string(&file).unwrap();
    // By its first label, and as it is written.
    for peer in [
        "[[peer]]\nid = \"lindau.test\"\naddress = \"127.0.0.1:1\"",
        "[[peer]]\nid = \"bern.example\"\naddress = \"127.0.0.1:1\"\nalias = \"lindau\"",
    ] {
        held.acme.configure(peer);
        for verb in [&["reload"][..], &["check"]] {
            let output = held.acme.hansa(verb).refused("ALIAS_CLASH", 2);
            assert!(output.err.contains("peer.alias"), "{}", output.err);
        }
        // What runs goes on as it was.
        let rows = held.under(&["sql", BIKES], &[]).must().lines();
        assert_eq!(number(&rows[0], "n"), 3);
        held.acme.stop();
        held.acme.ask(BIKES).refused("ALIAS_CLASH", 2);
        held.acme.hansa(&["check"]).refused("ALIAS_CLASH", 2);
        std::fs::write(&file, &before).unwrap();
        held.acme.hansa(&["check"]).must();
        held.acme.serve();
    }
    held.acme
        .configure("[[peer]]\nid = \"lindau.test\"\naddress = \"127.0.0.1:1\"\nalias = \"other\"");
    held.acme.hansa(&["reload"]).must();
    let add = ["peer", "add", "127.0.0.1:1", "--id"];
    let added = |more: &[&str]| held.acme.hansa(&[&add[..], more].concat());
    added(&["lindau.test"]).refused("USAGE", 2);
    added(&["bern.example", "--alias", "other"]).refused("ALIAS_CLASH", 2);
    added(&["bern.example", "--alias", "lindau"]).refused("ALIAS_CLASH", 2);
}
