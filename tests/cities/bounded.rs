//! What a file or a question makes a connector hold is bounded, whatever stands in them.

use harness::city::City;
use harness::league::League;
use harness::play::ALL;

/// A line of what the system says of a process's memory, in KiB.
fn memory(city: &City, what: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", city.pid().unwrap())).unwrap();
    let line = status.lines().find(|line| line.starts_with(what)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Bytes of an endless row: as many as made a connector hold almost ten times as much.
const ENDLESS: usize = 200_000_000;

#[test]
fn an_endless_row_is_refused_with_its_line() {
    let league = League::new(super::binary());
    let mut lindau = league.city("lindau");
    lindau.holds("lines", "site,bikes\nHafen,1\nInsel,2\n", "");
    lindau.holds("quotes", "site,bikes\nHafen,1\nInsel,2\n", "");
    lindau.holds("heads", "site,bikes\nHafen,1\nInsel,2\n", "");
    let feature = r#"{"type":"Feature","geometry":{"type":"Point","coordinates":[9,47]},"properties":{"site":"SITE"}}"#;
    let collection = |sites: &[&str]| {
        let features: Vec<String> = sites
            .iter()
            .map(|site| feature.replace("SITE", site))
            .collect();
        format!(
            "{{\"type\":\"FeatureCollection\",\"features\":[\n{}\n]}}",
            features.join(",\n")
        )
    };
    lindau.write("data/points.geojson", &collection(&["Hafen", "Insel"]));
    lindau
        .hansa(&[
            "dataset",
            "add",
            "data/points.geojson",
            "--name",
            "points",
            "--title",
            "P",
            "--licence",
            "proprietary",
        ])
        .must();
    lindau.publishes();
    lindau.serve();
    let endless = "x".repeat(ENDLESS);
    let before = memory(&lindau, "VmRSS:");
    for (name, file, text, line) in [
        (
            "lines",
            "data/lines.csv",
            format!("site,bikes\nHafen,1\n{endless},2\n"),
            3,
        ),
        // Each line is short, and all of them are one field.
        (
            "quotes",
            "data/quotes.csv",
            format!("site,bikes\n\"Hafen,1\n{}", "Insel,2\n".repeat(ENDLESS / 8)),
            2,
        ),
        (
            "heads",
            "data/heads.csv",
            format!("{endless},bikes\nHafen,1\n"),
            1,
        ),
        (
            "points",
            "data/points.geojson",
            collection(&["Hafen", &endless]),
            3,
        ),
    ] {
        lindau.write(file, &text);
        drop(text);
        let refused = lindau
            .hansa(&["dataset", "publish", name])
            .refused("SOURCE_UNREADABLE", 6);
        let place = format!("{file}:{line}");
        assert!(refused.err.contains(&place), "{place}: {}", refused.err);
        assert!(refused.err.contains("max_row_bytes"), "{}", refused.err);
    }
    let grown = memory(&lindau, "VmHWM:").saturating_sub(before) / 1024;
    println!("endless rows made it hold {grown} MiB more");
    assert!(grown < 150, "endless rows made it hold {grown} MiB more");
    // Whoever has such rows says so.
    lindau.write(
        "data/lines.csv",
        &format!("site,bikes\n{},2\n", &endless[..2_000_000]),
    );
    lindau
        .hansa(&["dataset", "publish", "lines"])
        .refused("SOURCE_UNREADABLE", 6);
    let file = lindau.folder().join("hansa.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let raised = text.replacen(
        "\"data/lines.csv\"",
        "\"data/lines.csv\"\nmax_row_bytes = 3_000_000",
        1,
    );
    assert_ne!(text, raised);
    std::fs::write(&file, raised).unwrap();
    lindau.hansa(&["reload"]).must();
    lindau.hansa(&["dataset", "publish", "lines"]).must();
}

#[test]
fn one_bad_dataset_keeps_no_other_back() {
    let league = League::new(super::binary());
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    for name in ["first", "second", "third"] {
        lindau.holds(name, "site,bikes\nHafen,1\n", "");
        lindau.offers(name, name, ALL, "\"league\"", "auto");
    }
    let serve = |lindau: &mut City| {
        lindau.serve();
        acme.knows(lindau);
    };
    let spoil = |lindau: &City, bikes: i64| {
        lindau.write("data/first.csv", "site,wrong\nHafen,1\n");
        lindau.write("data/second.csv", &format!("site,bikes\nHafen,{bikes}\n"));
        lindau.write("data/third.csv", "site,bikes\nHafen,many\n");
    };
    lindau.publishes();
    // By a process of its own, and by the connector that runs.
    spoil(&lindau, 2);
    let done = lindau
        .hansa(&["dataset", "publish"])
        .refused("SCHEMA_MISMATCH", 6);
    assert!(done.out.contains("second is published"), "{done:?}");
    assert!(done.err.contains("error[ROWS_UNREADABLE]"), "{}", done.err);
    for name in ["first", "third"] {
        assert!(
            done.err.contains(&format!("`{name}` is not published")),
            "{}",
            done.err
        );
    }
    serve(&mut lindau);
    let _ = acme.contract("lindau.second");
    spoil(&lindau, 3);
    let done = lindau
        .hansa(&["dataset", "publish"])
        .refused("SCHEMA_MISMATCH", 6);
    assert!(done.out.contains("second is published"), "{done:?}");
    let answer = acme.ask("SELECT sum(bikes) AS n FROM lindau.second").must();
    assert_eq!(harness::play::number(&answer.lines()[0], "n"), 3);
    // One that is asked for alone fails as ever.
    lindau
        .hansa(&["dataset", "publish", "third"])
        .refused("ROWS_UNREADABLE", 6);
    lindau.hansa(&["dataset", "publish", "second"]).must();
}
