//! Attacks on cells that are released once: somebody keeps what he was shown, and asks again after each publication; and two
//! firms put together what each of them may see.

use crate::attacks::{AttackCase, AttackReportLine, AttackVerdict, tried};
use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::ALL;
use serde_json::Value;
use std::fmt::Write as _;

struct ReleaseFixture {
    lindau: TestParticipant,
    /// Sees hours.
    acme: TestParticipant,
    /// Sees days.
    globex: TestParticipant,
    _league: TestLeague,
}

/// Attacks all of it.
pub(crate) fn attacked() -> Vec<AttackReportLine> {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let (acme, globex) = (league.firm("acme"), league.firm("globex"));
    league.hand_bundle_to("lindau");
    lindau.configure(&persons_at_sites("stays", "bikes", "correct", ""));
    // A correction reads all that was released; the machine may be busy.
    let file = lindau.folder().join("hansa.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    let patient = config.replace("timeout    = \"120s\"", "timeout    = \"900s\"");
    assert_ne!(config, patient);
    std::fs::write(&file, patient).unwrap();
    publish(&lindau, &quiet());
    for (firm, bucket) in [("acme", "hour"), ("globex", "day")] {
        let terms = format!(
            "{ALL}\naggregate = {{ by = [\"site\", \"at\"], functions = [\"count\", \"sum\"], measures = [\"bikes\"], \
             bucket = \"{bucket}\", zone = \"UTC\", min_contributors = 5 }}"
        );
        lindau.offers(
            "stays",
            bucket,
            &terms,
            &format!("[\"hansa://{firm}.example\"]"),
            "auto",
        );
    }
    lindau.serve();
    for firm in [&acme, &globex] {
        firm.knows(&lindau);
    }
    let _ = acme.contract("lindau.stays");
    let _ = globex.contract("lindau.stays");
    let mut fixture = ReleaseFixture {
        lindau,
        acme,
        globex,
        _league: league,
    };
    tried(&mut fixture, &ATTACKS)
}

/// A person at a site in an hour of 4 May.
type SiteVisit = (&'static str, u32, u32);

/// Ten persons at eight, seven at nine, two at ten, who are withheld; and twelve elsewhere.
fn quiet() -> Vec<SiteVisit> {
    let at =
        |site, hour, persons: std::ops::Range<u32>| persons.map(move |person| (site, hour, person));
    at("Hafen", 8, 0..10)
        .chain(at("Hafen", 9, 20..27))
        .chain(at("Hafen", 10, 30..32))
        .chain(at("Insel", 8, 40..52))
        .collect()
}

fn publish(lindau: &TestParticipant, seen: &[SiteVisit]) {
    let mut csv = String::from("at,site,person,bikes\n");
    for (site, hour, person) in seen {
        writeln!(csv, "2026-05-04T{hour:02}:10:00Z,{site},p{person},1").unwrap();
    }
    lindau.write("data/stays.csv", &csv);
    lindau.publishes();
}

/// All cells that a firm is shown, a line each.
fn cells(firm: &TestParticipant) -> Vec<String> {
    let sql = "SELECT site, at, n, sum_bikes FROM lindau.stays.cube ORDER BY site, at";
    let mut lines = firm.ask(sql).must().lines();
    lines.pop();
    lines.iter().map(Value::to_string).collect()
}

/// The number of rows at a site, over all cells that a firm is shown.
fn total(firm: &TestParticipant, site: &str) -> i64 {
    let sql = format!("SELECT sum(n) AS n FROM lindau.stays.cube WHERE site = '{site}'");
    let lines = firm.ask(&sql).must().lines();
    lines
        .first()
        .and_then(|line| line["n"].as_i64())
        .unwrap_or(0)
}

/// Publishes the rows and compares what acme sees before and after.
fn kept(fixture: &ReleaseFixture, seen: &[SiteVisit]) -> AttackVerdict {
    let before = (cells(&fixture.acme), cells(&fixture.globex));
    publish(&fixture.lindau, seen);
    let after = (cells(&fixture.acme), cells(&fixture.globex));
    match before == after {
        true if before.0.is_empty() => Err("there are no cells at all".to_owned()),
        true => Ok(format!(
            "{} cells, the same",
            before.0.len() + before.1.len()
        )),
        false => Err(format!("{before:?} became {after:?}")),
    }
}

fn with(late: &[SiteVisit]) -> Vec<SiteVisit> {
    [quiet().as_slice(), late].concat()
}

const SIX: [SiteVisit; 6] = [
    ("Insel", 8, 60),
    ("Insel", 8, 61),
    ("Insel", 8, 62),
    ("Insel", 8, 63),
    ("Insel", 8, 64),
    ("Insel", 8, 65),
];

const ATTACKS: [AttackCase<ReleaseFixture>; 6] = [
    AttackCase {
        number: 23,
        setup: "G",
        name: "the same question before and after a late row",
        expected: "the same answer: cells are frozen",
        does: |fixture| kept(fixture, &with(&[("Hafen", 8, 90)])),
        lacks: "",
    },
    AttackCase {
        number: 77,
        setup: "G",
        name: "subtracts two snapshots that differ by one late person",
        expected: "nothing, or the row waits for the next release",
        does: |fixture| {
            let before = total(&fixture.globex, "Insel");
            publish(
                &fixture.lindau,
                &with(&[("Insel", 8, 90), ("Insel", 8, 90)]),
            );
            match total(&fixture.globex, "Insel") - before {
                0 => Ok("difference 0".to_owned()),
                other => Err(format!("difference {other}")),
            }
        },
        lacks: "",
    },
    AttackCase {
        number: 111,
        setup: "G",
        name: "takes the hours of one firm from the days of another",
        expected: "what is left is no small group",
        does: |fixture| {
            let hours = cells(&fixture.acme);
            let reported = hours.iter().filter(|line| line.contains("Hafen"));
            if reported.count() != 2 || hours.iter().any(|line| line.contains("T10:")) {
                return Err(format!("{hours:?}"));
            }
            // The hours were released first: a day that would tell of the third is not there.
            let days = cells(&fixture.globex);
            match total(&fixture.globex, "Hafen") - total(&fixture.acme, "Hafen") {
                0 | 5.. => Ok("what is left is of nobody or of many".to_owned()),
                _ if days.iter().all(|line| !line.contains("Hafen")) => {
                    Ok("the day is withheld".to_owned())
                }
                left => Err(format!("{left} are left of {days:?}")),
            }
        },
        lacks: "",
    },
    AttackCase {
        number: 112,
        setup: "G",
        name: "waits for a correction by a large group",
        expected: "it comes, and on the books",
        does: |fixture| {
            let before = total(&fixture.acme, "Insel");
            publish(&fixture.lindau, &with(&SIX));
            let came = total(&fixture.acme, "Insel") - before;
            let booked = fixture.lindau.records("release");
            let corrected = booked
                .iter()
                .any(|record| record["body"]["correction"] == true);
            match (came, corrected) {
                (6, true) => Ok(format!("6 came; {} releases on the books", booked.len())),
                _ => Err(format!("{came} came, corrected: {corrected}, {booked:?}")),
            }
        },
        lacks: "",
    },
    AttackCase {
        number: 113,
        setup: "G",
        name: "has five of six late persons taken away again",
        expected: "it stays: the first release and the third differ by one",
        does: |fixture| kept(fixture, &with(&SIX[..1])),
        lacks: "",
    },
    AttackCase {
        number: 114,
        setup: "G",
        name: "asks how much is withheld",
        expected: "the owner alone is told",
        does: |fixture| {
            let output = fixture
                .lindau
                .hansa(&["--json", "dataset", "show", "stays"])
                .must();
            let releases = output.json()["releases"].as_array().map_or(0, Vec::len);
            let theirs = fixture
                .acme
                .hansa(&["--json", "catalog", "show", "lindau.stays"])
                .must();
            match releases > 0 && !theirs.out.contains("withheld") {
                true => Ok(format!("{releases} releases, told at home")),
                false => Err(theirs.out),
            }
        },
        lacks: "",
    },
];

/// A dataset of persons seen at sites with a measure of each, in cells by hour that are released by the day.
pub(crate) fn persons_at_sites(name: &str, measure: &str, late: &str, more: &str) -> String {
    format!(
        r#"
[[dataset]]
name = "{name}"
title = "Persons seen at sites"
licence = "proprietary"
unit_column = "person"
{more}

[dataset.source]
kind = "text"
path = "data/{name}.csv"

[[dataset.column]]
name = "at"
type = "instant"
format = "%Y-%m-%dT%H:%M:%SZ"
zone = "UTC"
required = true

[[dataset.column]]
name = "site"
required = true

[[dataset.column]]
name = "person"
required = true

[[dataset.column]]
name = "{measure}"
type = "int"

[dataset.grid]
dimensions = ["site", "at"]
bucket = "hour"
zone = "UTC"
release = "day"
late = "{late}"
"#
    )
}
