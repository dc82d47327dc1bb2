//! What a file or a question makes a connector hold is bounded, whatever stands in them.

use super::resources::MOST_FOR_A_QUESTION;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::ALL;

/// A line of what the system says of a process's memory, in KiB.
fn memory(city: &TestParticipant, what: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", city.pid().unwrap())).unwrap();
    let line = status.lines().find(|line| line.starts_with(what)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Bytes of an endless row: as many as made a connector hold almost ten times as much.
const ENDLESS: usize = 200_000_000;

#[test]
fn an_endless_row_is_refused_with_its_line() {
    let league = TestLeague::new(super::binary());
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
    let league = TestLeague::new(super::binary());
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    for name in ["first", "second", "third"] {
        lindau.holds(name, "site,bikes\nHafen,1\n", "");
        lindau.offers(name, name, ALL, "\"league\"", "auto");
    }
    let serve = |lindau: &mut TestParticipant| {
        lindau.serve();
        acme.knows(lindau);
    };
    let spoil = |lindau: &TestParticipant, bikes: i64| {
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
            done.err
                .contains(&format!("`{name}` keeps its published version")),
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
    assert_eq!(
        hansa_test_support::workflow::number(&answer.lines()[0], "n"),
        3
    );
    // One that is asked for alone fails as ever.
    lindau
        .hansa(&["dataset", "publish", "third"])
        .refused("ROWS_UNREADABLE", 6);
    lindau.hansa(&["dataset", "publish", "second"]).must();
}

/// Resets the most that a process has held (proc(5), `clear_refs`).
fn forget_peak(city: &TestParticipant) {
    std::fs::write(format!("/proc/{}/clear_refs", city.pid().unwrap()), "5").unwrap();
}

/// Questions whose joins, sorts and groups hold more than a question may, by themselves or by what they lead to.
const HUNGRY: [&str; 14] = [
    "SELECT count(*) n FROM (SELECT a.id x, b.id y FROM lindau.long a, lindau.long b) t, lindau.long c WHERE t.x + t.y + c.id = -1",
    "SELECT count(*) n FROM (SELECT a.note x, b.note y FROM lindau.long a, lindau.long b) t JOIN lindau.long c ON t.x || t.y = c.note",
    "SELECT count(*) n FROM (SELECT a.id x, b.id y FROM lindau.long a, lindau.long b) t JOIN lindau.long c ON t.x = c.id",
    "SELECT x, y, count(*) n FROM (SELECT a.id x, b.id y FROM lindau.long a, lindau.long b) t GROUP BY x, y ORDER BY x, y LIMIT 1",
    "SELECT count(DISTINCT x) n FROM (SELECT a.note || b.note x FROM lindau.long a, lindau.long b) t",
    "SELECT count(*) n FROM (SELECT DISTINCT a.note x, b.note y FROM lindau.long a, lindau.long b) t",
    "SELECT median(x) n FROM (SELECT a.id + b.id x FROM lindau.long a, lindau.long b) t",
    "SELECT x FROM (SELECT a.note || b.note x FROM lindau.long a, lindau.long b) t ORDER BY x LIMIT 1",
    "SELECT x FROM (SELECT a.note x, b.note y FROM lindau.long a, lindau.long b) t ORDER BY y, x LIMIT 1 OFFSET 1000000",
    "SELECT sum(n) n FROM (SELECT rank() OVER (ORDER BY a.id + b.id) n FROM lindau.long a, lindau.long b) t",
    "SELECT count(*) n FROM (SELECT a.note x, b.note y, c.note z FROM lindau.long a, lindau.long b, lindau.long c LIMIT 5000000) t, lindau.long d WHERE t.x || d.note = t.y",
    "SELECT count(*) n FROM lindau.long a, lindau.long b, lindau.long c, lindau.long d WHERE a.id + b.id + c.id + d.id < 0",
    "SELECT count(*) n FROM lindau.long a LEFT JOIN (SELECT c.id x, d.note y FROM lindau.long c, lindau.long d) t ON a.id + t.x < 0 AND a.note > t.y",
    "SELECT count(*) n FROM lindau.long a FULL JOIN (SELECT c.id x, d.note y FROM lindau.long c, lindau.long d) t ON a.id + t.x < 0 AND a.note > t.y",
];

#[test]
#[ignore = "a quarter of an hour; the engine's own tests hold the limit over every kind of operator"]
fn hungry_questions_stay_within_their_limit() {
    let league = TestLeague::new(super::binary());
    let (lindau, mut acme) = league.long_table(20_000, ALL);
    acme.serve();
    let _ = acme.contract("lindau.long");
    let (mut worst, mut wrong) = (0, Vec::new());
    for sql in HUNGRY {
        let before = [&lindau, &acme].map(|city| {
            forget_peak(city);
            memory(city, "VmRSS:") / 1024
        });
        let done = acme.ask(sql);
        let peaks = [&lindau, &acme].map(|city| memory(city, "VmHWM:") / 1024);
        let answer: String = done.err.lines().chain(done.out.lines()).take(1).collect();
        println!(
            "{before:?} to {peaks:?} MiB, {:?}: {sql}: {answer}",
            done.status
        );
        let grown = peaks.into_iter().zip(before);
        worst = grown.fold(worst, |worst, (peak, before)| {
            worst.max(peak.saturating_sub(before))
        });
        if answer.contains("INTERNAL") {
            wrong.push(sql);
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(worst < MOST_FOR_A_QUESTION / 1024, "{worst} MiB");
}

/// Questions at once: all that a connector answers, as it is configured.
const AT_ONCE: usize = 16;

/// Most that all questions together may hold, in KiB: four times `[limits] memory`.
const MOST_FOR_ALL: u64 = 4 * 512 * 1024;

#[test]
#[ignore = "minutes; the engine's own tests hold the limit of all questions together"]
fn sixteen_hungry_questions_stay_within_the_memory_of_all() {
    let league = TestLeague::new(super::binary());
    let (lindau, mut acme) = league.long_table(20_000, ALL);
    acme.serve();
    let _ = acme.contract("lindau.long");
    acme.ask("SELECT count(*) AS n FROM lindau.long").must();
    let before = [&lindau, &acme].map(|city| {
        forget_peak(city);
        memory(city, "VmRSS:")
    });
    std::thread::scope(|scope| {
        for sql in HUNGRY.iter().cycle().take(AT_ONCE) {
            let acme = &acme;
            scope.spawn(move || {
                let done = acme.ask(sql);
                println!("{:?}: {sql}: {}", done.status, done.err);
                assert!(!done.err.contains("INTERNAL"), "{sql}: {}", done.err);
            });
        }
    });
    for (city, before) in [&lindau, &acme].into_iter().zip(before) {
        let grown = memory(city, "VmHWM:").saturating_sub(before);
        println!("{} MiB more", grown / 1024);
        assert!(grown < MOST_FOR_ALL, "it held {grown} KiB more");
    }
}
