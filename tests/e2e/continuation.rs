//! Feeds: what came since, followed; what was there at an instant; and that nothing comes is told, too.

mod missing_participant;

use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::{CommandOutput, TestParticipant};
use hansa_test_support::workflow::{ALL, PURPOSE, number, text};
use serde_json::Value;
use std::fmt::Write as _;

/// A feed of readings, a file for each publication.
const READINGS: &str = r#"
[[dataset]]
name = "readings"
title = "Readings"
licence = "CC0-1.0"
zone = "UTC"
feed = true
[dataset.source]
kind = "text"
path = "readings"
[[dataset.column]]
name = "at"
type = "instant"
required = true
[[dataset.column]]
name = "site"
[[dataset.column]]
name = "value"
type = "int"
"#;

/// Terms that show readings row by row, without a site and with its names cut.
const SOME: &str = "rows = \"site <> 'cellar'\"";

const GET: &str = "SELECT at, site, value FROM lindau.readings";

/// Brings a file with a reading of each of these values, one of the cellar among them.
fn bring(city: &TestParticipant, file: u32, values: std::ops::Range<i64>) {
    let mut csv = "at,site,value\n".to_owned();
    for value in values {
        let (day, hour) = (1 + value / 24, value % 24);
        let site = ["roof", "yard", "cellar"][usize::try_from(value % 3).unwrap()];
        writeln!(csv, "2026-01-{day:02}T{hour:02}:00:00Z,{site},{value}").unwrap();
    }
    city.write(&format!("readings/{file:04}.csv"), &csv);
    city.publishes();
}

/// The values that are to be seen of a range.
fn seen(values: std::ops::Range<i64>) -> Vec<i64> {
    values.filter(|value| value % 3 != 2).collect()
}

/// An answer: its values, in order, and what stands below it.
fn answer(outcome: CommandOutput) -> (Vec<i64>, Value) {
    let mut lines = outcome.must().lines();
    let below = lines.pop().unwrap();
    let mut values: Vec<i64> = lines.iter().map(|row| number(row, "value")).collect();
    values.sort_unstable();
    (values, below["hansa"].clone())
}

fn token(below: &Value) -> String {
    below["token"].as_str().unwrap().to_owned()
}

fn get(firm: &TestParticipant, more: &[&str]) -> CommandOutput {
    let ask = ["--json", "get", "lindau.readings", "--purpose", PURPOSE];
    firm.hansa(&[&ask, more].concat())
}

fn sql(firm: &TestParticipant, sql: &str, more: &[&str]) -> CommandOutput {
    firm.hansa(&[&["--json", "sql", sql, "--purpose", PURPOSE], more].concat())
}

/// Lindau with its first 24 readings, and two firms with a contract.
fn lindau(league: &TestLeague) -> (TestParticipant, TestParticipant, TestParticipant) {
    let mut lindau = league.city("lindau");
    let (acme, other) = (league.firm("acme"), league.firm("other"));
    league.hand_bundle_to("lindau");
    lindau.configure(READINGS);
    bring(&lindau, 1, 0..24);
    let terms = format!("{ALL}\n{SOME}");
    lindau.offers("readings", "some", &terms, "\"league\"", "auto");
    lindau.serve();
    for firm in [&acme, &other] {
        firm.knows(&lindau);
        let _ = firm.contract("lindau.readings");
    }
    (lindau, acme, other)
}

#[test]
fn what_came_since_and_nothing_else() {
    let league = TestLeague::new(binary());
    let (lindau, acme, other) = lindau(&league);
    let (values, below) = answer(get(&acme, &[]));
    assert_eq!(values, seen(0..24));
    let first = token(&below);
    // Nothing came: no rows, no permit, one small record that names the permit of the answer before.
    let permits = lindau.records("permit");
    let (values, below) = answer(get(&acme, &["--since", &first]));
    assert!(values.is_empty());
    assert_eq!(below["nothing_new"], true);
    assert_eq!(token(&below), first);
    let quiet = lindau.records("no_new_data").pop().unwrap();
    assert_eq!(lindau.records("permit").len(), permits.len());
    let permit = permits.last().unwrap();
    assert_eq!(number(&quiet, "follows"), number(permit, "seq"));
    // What came is told, by itself, and in the log as what it is.
    bring(&lindau, 2, 24..48);
    let (values, below) = answer(get(&acme, &["--since", &first]));
    assert_eq!(values, seen(24..48));
    assert_eq!(below["nothing_new"], false);
    let second = token(&below);
    assert_ne!(first, second);
    let follows = lindau.records("permit").pop().unwrap();
    assert_eq!(number(&follows, "follows"), number(permit, "seq"));
    let labels = |record: &Value, name: &str| {
        let body = record.get("body").unwrap_or(record);
        body["datasets"][0][name]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(labels(&follows, "after"), labels(permit, "snapshot"));
    let (values, _) = answer(get(&acme, &["--since", &second]));
    assert!(values.is_empty());
    // A token stays good, and is good for who got it and for the same question alone.
    bring(&lindau, 3, 48..50);
    assert_eq!(answer(get(&acme, &["--since", &first])).0, seen(24..50));
    assert_eq!(answer(get(&acme, &["--since", &second])).0, seen(48..50));
    get(&other, &["--since", &first]).refused("NOT_CONTINUED", 3);
    sql(
        &acme,
        "SELECT value FROM lindau.readings",
        &["--since", &first],
    )
    .refused("NOT_CONTINUED", 3);
    sql(&acme, GET, &["--since", "t1.AAAA"]).refused("USAGE", 2);
    // A feed that begins again is told, and not taken for one that went on.
    lindau
        .hansa(&["dataset", "publish", "readings", "--anew"])
        .must();
    get(&acme, &["--since", &second]).refused("NOT_CONTINUED", 3);
    assert_eq!(answer(get(&acme, &[])).0, seen(0..50));
    lindau.verifies();
    acme.verifies();
}

/// However a feed grows and whoever asks when, what an asker got together is what is there.
#[test]
fn deliveries_together_are_the_whole_answer() {
    let league = TestLeague::new(binary());
    let (lindau, acme, other) = lindau(&league);
    let questions = [
        GET,
        "SELECT value, value * 2 AS twice FROM lindau.readings WHERE value % 7 <> 3",
        "SELECT value FROM lindau.readings WHERE value < 0",
        "SELECT value FROM (SELECT value, site FROM lindau.readings) r WHERE site = 'roof' OR value > 40",
        "SELECT value FROM lindau.readings UNION ALL SELECT value FROM lindau.readings WHERE value < 60",
    ];
    // Who asks in which round, by question.
    let rounds = [
        [1, 1, 1, 1, 1],
        [0, 1, 1, 0, 1],
        [1, 0, 1, 0, 1],
        [0, 0, 0, 0, 0],
        [1, 1, 1, 1, 1],
    ];
    let mut got: Vec<(Vec<i64>, Option<String>)> = vec![(Vec::new(), None); questions.len()];
    let mut end = 24;
    for (round, asks) in (2_u32..).zip(rounds) {
        for ((question, asks), (values, token)) in questions.iter().zip(asks).zip(&mut got) {
            if asks == 0 {
                continue;
            }
            let since: Vec<&str> = token.iter().flat_map(|token| ["--since", token]).collect();
            let (new, below) = answer(sql(&acme, question, &since));
            values.extend(new);
            values.sort_unstable();
            *token = Some(self::token(&below));
            let whole = answer(sql(&other, question, &[])).0;
            assert_eq!(*values, whole, "round {round}: {question}");
        }
        let rows = i64::from(round % 3) * 5;
        bring(&lindau, round, end..end + rows);
        end += rows;
    }
}

#[test]
fn what_puts_rows_together_is_asked_anew_when_something_came() {
    let league = TestLeague::new(binary());
    let (lindau, acme, _other) = lindau(&league);
    let questions = [
        "SELECT count(*) AS value FROM lindau.readings",
        "SELECT DISTINCT site, 1 AS value FROM lindau.readings",
        "SELECT value FROM lindau.readings ORDER BY value LIMIT 3",
        "SELECT value FROM lindau.readings WHERE value > (SELECT avg(value) FROM lindau.readings)",
        "SELECT median(value) AS value FROM lindau.readings",
    ];
    let tokens = questions.map(|question| token(&answer(sql(&acme, question, &[])).1));
    for (question, token) in questions.iter().zip(&tokens) {
        let (_, below) = answer(sql(&acme, question, &["--since", token]));
        assert_eq!(below["nothing_new"], true, "{question}");
    }
    bring(&lindau, 2, 24..30);
    for (question, token) in questions.iter().zip(&tokens) {
        sql(&acme, question, &["--since", token]).refused("NOT_CONTINUED", 3);
    }
    // What depends on the moment is another answer at every time, wherever the moment is looked at; no token is given.
    let moments = [
        "SELECT value FROM lindau.readings WHERE at < now()",
        "SELECT value, at < now() AS past FROM lindau.readings",
        "SELECT site, 1 AS value, max(at) < now() AS silent FROM lindau.readings GROUP BY site",
    ];
    for moment in moments {
        let (_, below) = answer(sql(&acme, moment, &[]));
        assert!(below.get("token").is_none(), "{moment}");
    }
    // Nor does one question go on from the answer to another that its participant can't tell from it.
    let twice = "SELECT at, site, value * 2 AS value FROM lindau.readings";
    let token = token(&answer(sql(&acme, GET, &[])).1);
    sql(&acme, twice, &["--since", &token]).refused("NOT_CONTINUED", 3);
    sql(&acme, questions[0], &["--since", &tokens[1]]).refused("NOT_CONTINUED", 3);
}

#[test]
fn a_contract_that_gives_figures_alone_gives_none_of_a_part() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    let grid = "[dataset.grid]\ndimensions = [\"site\"]\n";
    lindau.configure(&format!("{READINGS}{grid}"));
    bring(&lindau, 1, 0..24);
    let terms = "valid = { from = 2026-01-01, until = 2029-12-31 }\n\
                 aggregate = { by = [\"site\"], measures = [\"value\"], functions = [\"count\", \"sum\"], min_rows = 2 }";
    lindau.offers("readings", "figures", terms, "\"league\"", "auto");
    lindau.serve();
    acme.knows(&lindau);
    let _ = acme.contract("lindau.readings");
    let question = "SELECT site, sum(value) AS value FROM lindau.readings GROUP BY site";
    let first = token(&answer(sql(&acme, question, &[])).1);
    let (_, below) = answer(sql(&acme, question, &["--since", &first]));
    assert_eq!(below["nothing_new"], true);
    bring(&lindau, 2, 24..25);
    sql(&acme, question, &["--since", &first]).refused("NOT_CONTINUED", 3);
    let before = text(&lindau.records("publish")[0], "published_at");
    sql(&acme, question, &["--as-of", &before]).refused("AS_OF_UNAVAILABLE", 3);
    let now = text(&lindau.records("publish")[1], "published_at");
    assert_eq!(answer(sql(&acme, question, &["--as-of", &now])).0.len(), 3);
}

#[test]
fn as_of_an_instant_all_answer_of_the_same_or_say_who_can_not() {
    let league = TestLeague::new(binary());
    let (lindau, acme, _other) = lindau(&league);
    let mut bregenz = league.city("bregenz");
    league.hand_bundle_to("bregenz");
    league.hand_bundle_to("acme");
    bregenz.holds("plain", "value\n1\n2\n", "");
    bregenz.publishes();
    bregenz.offers("plain", "all", ALL, "\"league\"", "auto");
    bregenz.serve();
    acme.knows(&bregenz);
    let _ = acme.contract("bregenz.plain");
    let then = text(&bregenz.records("publish")[0], "published_at");
    bring(&lindau, 2, 24..30);
    let both = "SELECT value FROM lindau.readings UNION ALL SELECT value FROM bregenz.plain";
    let plain = |mut values: Vec<i64>| {
        values.extend([1, 2]);
        values.sort_unstable();
        values
    };
    assert_eq!(answer(sql(&acme, both, &[])).0, plain(seen(0..30)));
    let as_of = |at: &str| sql(&acme, both, &["--as-of", at]);
    assert_eq!(answer(as_of(&then)).0, plain(seen(0..24)));
    let sums = "SELECT sum(value) AS value FROM lindau.readings";
    let sum = answer(sql(&acme, sums, &["--as-of", &then])).0;
    assert_eq!(sum, [seen(0..24).iter().sum::<i64>()]);
    let permit = lindau.records("permit").pop().unwrap();
    assert_eq!(text(&permit, "as_of"), then);
    // Before it was published nobody can say what there was; the one who can't is named.
    let early = text(&lindau.records("publish")[0], "published_at");
    let refused = as_of(&early).refused("AS_OF_UNAVAILABLE", 3);
    assert!(refused.err.contains("bregenz"), "{}", refused.err);
    // What comes to one of both is put to the rest, but nothing is that is put together here.
    let middle = format!("SELECT median(value) AS value FROM ({both}) b");
    let asked = [both, &middle].map(|question| token(&answer(sql(&acme, question, &[])).1));
    let (_, below) = answer(sql(&acme, &middle, &["--since", &asked[1]]));
    assert_eq!(below["nothing_new"], true);
    bring(&lindau, 3, 30..36);
    assert_eq!(
        answer(sql(&acme, both, &["--since", &asked[0]])).0,
        seen(30..36)
    );
    sql(&acme, &middle, &["--since", &asked[1]]).refused("NOT_CONTINUED", 3);
    bregenz.write("data/plain.csv", "value\n3\n");
    bregenz.publishes();
    as_of(&then).refused("AS_OF_UNAVAILABLE", 3);
    sql(&acme, both, &["--as-of", "yesterday"]).refused("USAGE", 2);
    as_of("2099-01-01T00:00:00Z").refused("AS_OF_UNAVAILABLE", 3);
    lindau.verifies();
}

#[test]
fn a_question_is_followed_until_its_contract_is_withdrawn() {
    let league = TestLeague::new(binary());
    let (lindau, acme, other) = lindau(&league);
    let id = text(&lindau.records("contract")[0], "contract");
    let ask = [
        "--json",
        "sql",
        GET,
        "--purpose",
        PURPOSE,
        "--follow",
        "--every",
        "1",
    ];
    let mut following = acme.start(&ask);
    let mut rows = |count: usize| {
        let mut values = Vec::new();
        while values.len() < count {
            let line: Value = serde_json::from_str(&following.first_line()).unwrap();
            if line.get("hansa").is_none() {
                values.push(number(&line, "value"));
            }
        }
        values.sort_unstable();
        values
    };
    assert_eq!(rows(seen(0..24).len()), seen(0..24));
    bring(&lindau, 2, 24..48);
    assert_eq!(rows(seen(24..48).len()), seen(24..48));
    bring(&lindau, 3, 48..50);
    assert_eq!(rows(seen(48..50).len()), seen(48..50));
    lindau
        .hansa(&["contract", "withdraw", &id, "--reason", "over", "--yes"])
        .must();
    let end = following.end();
    assert_eq!(end.status, Some(3), "{}", end.err);
    // The other contract goes on; what is another as a whole comes as a whole, and is said to.
    let count = "SELECT count(*) AS value FROM lindau.readings";
    let ask = [
        "sql",
        count,
        "--purpose",
        PURPOSE,
        "--format",
        "json",
        "--follow",
        "--every",
        "1",
    ];
    let mut following = other.start(&ask);
    let mut next = || -> Value { serde_json::from_str(&following.first_line()).unwrap() };
    let all = |end: i64| i64::try_from(seen(0..end).len()).unwrap();
    assert_eq!(number(&next(), "value"), all(50));
    assert_eq!(next()["hansa"]["complete"], true);
    bring(&lindau, 4, 50..60);
    assert_eq!(next()["hansa"]["anew"], true);
    assert_eq!(number(&next(), "value"), all(60));
    following.kill();
    assert_eq!(answer(get(&other, &[])).0, seen(0..60));
}
