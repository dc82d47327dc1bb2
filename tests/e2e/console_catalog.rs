//! Pages of datasets, policies and the catalogue, and the commands behind them.

use crate::binary;
use crate::console::browser::{Browser, console};
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, text, wait_for};
use serde_json::Value;
use std::time::Duration;

/// Browser of a person who has signed in.
fn sign_in(city: &TestParticipant) -> Browser {
    let (mut browser, code) = Browser::of(city);
    assert_eq!(browser.enters(&code).status, 303);
    browser
}

#[test]
fn an_officer_reads_datasets_and_policies() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    lindau.configure(&console("\"officer\""));
    // The last column of an entry takes the line.
    lindau.holds("walkers", "site,name\nHafen,Erika\n", "personal = true");
    lindau.holds("drafts", "site,trees\nHafen,3\n", "");
    lindau.offers_bikes("open", ALL, "officer");
    lindau.serve();
    let mut browser = sign_in(&lindau);

    let list = browser.get("/datasets");
    assert_eq!(list.status, 200, "{}", list.body);
    for part in ["/datasets/bikes", "/datasets/walkers", "/policies"] {
        assert!(
            list.body.contains(&format!("href=\"{part}\"")),
            "{part}: {}",
            list.body
        );
    }
    let found = browser.get("/datasets?text=BIKE").body;
    assert!(
        found.contains("/datasets/bikes") && !found.contains("/datasets/walkers"),
        "{found}"
    );

    let bikes = browser.get("/datasets/bikes");
    assert_eq!(bikes.status, 200, "{}", bikes.body);
    for part in [
        "Hafen",
        "310",
        "/policies/open?dataset=bikes",
        "/evidence/received?dataset=bikes",
    ] {
        assert!(bikes.body.contains(part), "{part}: {}", bikes.body);
    }
    let walkers = browser.get("/datasets/walkers").body;
    assert!(walkers.contains("shown only on request"), "{walkers}");
    assert!(!walkers.contains("Erika"), "{walkers}");
    for missing in ["/datasets/nothing", "/datasets/..%2f..", "/datasets/a%20b"] {
        assert_eq!(browser.get(missing).status, 404, "{missing}");
    }

    assert!(
        browser
            .get("/policies")
            .body
            .contains("/policies/open?dataset=bikes")
    );
    let policy = browser.get("/policies/open?dataset=bikes&lang=de");
    assert_eq!(policy.status, 200, "{}", policy.body);
    for part in [
        "technisch durchgesetzt",
        "title = ",
        "dpv:ResearchAndDevelopment",
    ] {
        assert!(policy.body.contains(part), "{part}: {}", policy.body);
    }
    assert_eq!(browser.get("/policies/nothing").status, 404);
    assert_eq!(browser.get("/policies/open?dataset=walkers").status, 404);

    // The commands behind the pages.
    let lines = |args: &[&str]| -> Vec<Value> {
        lindau
            .hansa(&[&["--json"][..], args].concat())
            .must()
            .lines()
    };
    let listed = lines(&["dataset", "list"]);
    let names: Vec<String> = listed.iter().map(|one| text(one, "dataset")).collect();
    assert_eq!(names, ["bikes", "drafts", "walkers"]);
    assert_eq!(listed[0]["offers"], 1, "{listed:?}");
    assert_eq!(listed[0]["contracts"], 0, "{listed:?}");
    let next = lines(&["dataset", "list", "--after", "bikes", "--limit", "1"]);
    assert_eq!(text(&next[0], "dataset"), "drafts");
    assert_eq!(next.len(), 1);
    let shown = &lines(&["dataset", "show", "bikes"])[0];
    assert_eq!(text(&shown["offers"][0], "policy"), "open", "{shown}");
    assert_eq!(shown["contracts"]["all"], 0, "{shown}");
    let sample = ["dataset", "sample", "walkers", "--unless-personal"];
    assert!(lines(&sample).is_empty());
    assert!(!lindau.hansa(&sample).must().out.contains("Erika"));
    assert!(lindau.hansa(&sample[..3]).must().out.contains("Erika"));
    let policy = &lines(&["policy", "show", "open", "--language", "pt"])[0];
    assert_eq!(policy["terms"][0]["enforced"], true, "{policy}");
    assert_eq!(text(&policy["offers"][0], "dataset"), "bikes", "{policy}");
    lindau.verifies();
}

#[test]
fn a_profile_is_kept_with_its_snapshot() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    lindau.configure(&console("\"officer\""));
    let walkers =
        "site,at,name\nHafen,2026-01-01,Erika\nHafen,2026-01-02,Max\nInsel,2026-01-05,Max\n";
    lindau.holds("walkers", walkers, "personal = true");
    lindau.offers_bikes("open", ALL, "officer");
    lindau.serve();
    let mut browser = sign_in(&lindau);
    let page = browser.get("/datasets/bikes").body;
    assert!(page.contains("hansa dataset profile bikes"), "{page}");
    let kept = ["--json", "dataset", "profile", "bikes", "--as-kept"];
    lindau.hansa(&kept).refused("USAGE", 2);

    let made = lindau.hansa(&kept[..4]).must().json();
    assert_eq!(made["rows"], 2, "{made}");
    assert_eq!(made["duplicates"], 0, "{made}");
    let bikes = &made["columns"][1];
    assert_eq!(text(bikes, "least"), "77", "{made}");
    assert_eq!(text(bikes, "most"), "310", "{made}");
    assert_eq!(bikes["frequent"].as_array().unwrap().len(), 2, "{made}");
    let counted: u64 = bikes["spread"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part["rows"].as_u64().unwrap())
        .sum();
    assert_eq!(counted, 2, "{made}");
    assert_eq!(lindau.hansa(&kept).must().json(), made);
    let page = browser.get("/datasets/bikes").body;
    assert!(
        page.contains("77") && !page.contains("hansa dataset profile"),
        "{page}"
    );

    // Of a dataset about persons a profile has numbers alone.
    let made = lindau.hansa(&["--json", "dataset", "profile", "walkers"]);
    let made = made.must().json();
    let names = &made["columns"][2];
    assert_eq!(names["distinct"], 2, "{made}");
    assert!(
        names["least"].is_null()
            && !made.to_string().contains("Erika")
            && !made.to_string().contains("Hafen"),
        "{made}"
    );
    assert_eq!(made["gaps"]["usual_seconds"], 86_400, "{made}");
    assert_eq!(made["gaps"]["gaps"], 1, "{made}");
    assert!(made["gaps"]["longest_from"].is_null(), "{made}");
    assert!(!made.to_string().contains("2026-01-02"), "{made}");

    // Another publication has no profile yet.
    lindau.write("data/bikes.csv", "site,bikes\nHafen,1\n");
    lindau.publishes();
    lindau.hansa(&kept).refused("USAGE", 2);
    lindau.verifies();
}

#[test]
fn an_analyst_reads_the_catalogue_without_asking_a_peer() {
    let league = TestLeague::new(binary());
    let (mut lindau, mut acme) = league.bikes("open", ALL, "auto");
    lindau.holds("trees", "site,trees\nHafen,3\n", "");
    lindau.publishes();
    lindau.offers("trees", "all_trees", ALL, "\"league\"", "officer");
    lindau.hansa(&["reload"]).must();
    acme.configure(&console("\"analyst\""));
    acme.serve();
    let mut browser = sign_in(&acme);
    let list = wait_for("the catalogue is read", Duration::from_secs(60), || {
        let page = browser.get("/catalog").body;
        page.contains("/catalog/lindau/bikes").then_some(page)
    });
    assert!(list.contains("/catalog/lindau/trees"), "{list}");
    let found = browser.get("/catalog?text=trees").body;
    assert!(!found.contains("/catalog/lindau/bikes"), "{found}");
    let found = browser.get("/catalog?with=nobody").body;
    assert!(!found.contains("/catalog/lindau"), "{found}");

    let page = browser.get("/catalog/lindau/bikes");
    assert_eq!(page.status, 200, "{}", page.body);
    for part in [
        "lindau.example writes:",
        "A test table",
        "technically enforced",
    ] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    assert_eq!(browser.get("/catalog/lindau/nothing").status, 404);
    // Own datasets are for officers.
    for path in [
        "/datasets",
        "/datasets/bikes",
        "/policies",
        "/policies/open",
    ] {
        assert_eq!(browser.get(path).status, 403, "{path}");
    }

    // A catalogue stays known while its peer is away.
    lindau.kill();
    assert!(
        browser
            .get("/catalog")
            .body
            .contains("/catalog/lindau/bikes")
    );
    assert_eq!(browser.get("/catalog/lindau/bikes").status, 200);
    let lines = |more: &[&str]| -> Vec<Value> {
        let args = [&["--json", "catalog", "list", "--as-known"][..], more].concat();
        acme.hansa(&args).must().lines()
    };
    let all = lines(&[]);
    assert_eq!(all.len(), 2, "{all:?}");
    assert!(
        all[0]["read_at"].is_string() && all[0]["entry"].is_object(),
        "{all:?}"
    );
    let brief = lines(&["--brief", "--limit", "1"]);
    assert_eq!(brief.len(), 1);
    assert_eq!(text(&brief[0], "name"), "lindau.bikes");
    assert!(brief[0]["entry"].is_null(), "{brief:?}");
    let next = lines(&["--brief", "--after", "lindau.bikes"]);
    assert_eq!(text(&next[0], "name"), "lindau.trees");
    assert!(lines(&["--text", "no such words"]).is_empty());
    let shown = ["--json", "catalog", "show", "lindau.bikes", "--as-known"];
    let shown = acme.hansa(&shown).must().json();
    assert!(shown["read_at"].is_string(), "{shown}");
    acme.hansa(&["catalog", "list", "--after", "bikes"])
        .refused("USAGE", 2);
}
