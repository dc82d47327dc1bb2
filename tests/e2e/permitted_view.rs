//! What one contract shows is all that can be learned: nothing of hidden rows, columns, datasets and small groups.

use crate::bicycle_counts::{BicycleCounts, city};
use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, number, text};
use serde_json::Value;
use std::collections::BTreeMap;

#[test]
fn a_public_view_needs_no_contract() {
    let league = TestLeague::new(binary());
    let counts = BicycleCounts::of("lindau", 2, 3, 5);
    let terms =
        "columns = [\"site\", \"bikes\"]\nvalid = { from = 2026-01-01, until = 2029-12-31 }";
    let mut lindau = city(&league, &counts, terms, "\"public\"");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.serve();
    acme.knows(&lindau);
    let answer = acme
        .hansa(&[
            "--json",
            "sql",
            "SELECT sum(bikes) AS total FROM lindau.counts",
        ])
        .must()
        .lines();
    assert_eq!(number(&answer[0], "total"), counts.values().sum::<i64>());
    assert!(
        acme.hansa(&["--json", "contract", "list"])
            .must()
            .out
            .is_empty()
    );
    acme.ask("SELECT count(local_date) FROM lindau.counts")
        .refused("COLUMN_UNKNOWN", 2);
}

#[test]
fn small_groups_are_absent_and_totals_do_not_give_them_back() {
    let league = TestLeague::new(binary());
    let mut counts = BicycleCounts::of("lindau", 3, 5, 21);
    // A day with one row at one site: below the threshold of two.
    counts.rows.push(("lindau0".to_owned(), 20, 6, Some(777)));
    let terms = "purpose = [\"dpv:ResearchAndDevelopment\"]\ncolumns = [\"site\", \"local_date\", \"bikes\"]\n\
        aggregate = { by = [\"site\", \"local_date\"], functions = [\"sum\", \"count\"], min_rows = 2 }\n\
        valid = { from = 2026-01-01, until = 2029-12-31 }";
    let mut lindau = city(&league, &counts, terms, "\"league\"");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.serve();
    acme.knows(&lindau);
    let _ = acme.contract("lindau.counts");

    let mut cells: BTreeMap<(String, u32), Vec<i64>> = BTreeMap::new();
    for (site, day, _, bikes) in &counts.rows {
        cells.entry((site.clone(), *day)).or_default().extend(bikes);
    }
    // A measure of a cell is published if at least two rows carry it.
    cells.retain(|_, bikes| bikes.len() >= 2);
    let answer = acme
        .ask("SELECT site, local_date, sum(bikes) AS total FROM lindau.counts GROUP BY site, local_date")
        .must()
        .lines();
    let got: BTreeMap<(String, u32), i64> = answer[..answer.len() - 1]
        .iter()
        .filter(|row| !row["total"].is_null())
        .map(|row| {
            let day = text(row, "local_date")[8..10].parse().unwrap();
            ((text(row, "site"), day), number(row, "total"))
        })
        .collect();
    let expected: BTreeMap<(String, u32), i64> = cells
        .iter()
        .map(|(cell, bikes)| (cell.clone(), bikes.iter().sum()))
        .collect();
    assert_eq!(got, expected);
    let rows = &answer[..answer.len() - 1];
    assert!(
        !rows
            .iter()
            .any(|row| row.to_string().contains("2026-05-20")),
        "{rows:?}"
    );

    let answer = acme
        .ask("SELECT sum(bikes) AS total FROM lindau.counts")
        .must()
        .lines();
    let published: i64 = expected.values().sum();
    assert_eq!(number(&answer[0], "total"), published);
    assert_ne!(
        published,
        counts.values().sum::<i64>(),
        "the test shows nothing"
    );
    acme.ask("SELECT site, bikes FROM lindau.counts").ends(3);
}

#[test]
fn what_is_not_permitted_can_not_be_told_from_what_is_not_there() {
    let league = TestLeague::new(binary());
    let counts = BicycleCounts::of("lindau", 2, 2, 3);
    let terms = "purpose = [\"dpv:ResearchAndDevelopment\"]\ncolumns = [\"site\", \"bikes\"]\nvalid = { from = 2026-01-01, until = 2029-12-31 }";
    let mut lindau = city(&league, &counts, terms, "\"league\"");
    lindau.holds("salaries", "who,pay\nkarl,3\n", "");
    lindau.publishes();
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.serve();
    acme.knows(&lindau);
    let _ = acme.contract("lindau.counts");
    for hidden in ["local_date", "site_name", "observed_at"] {
        for sql in [
            "SELECT NAME FROM lindau.counts",
            "SELECT count(*) FROM lindau.counts WHERE NAME IS NULL",
            "SELECT site FROM lindau.counts ORDER BY NAME",
        ] {
            let hidden = refusal(&acme, &sql.replace("NAME", hidden), hidden);
            let absent = refusal(&acme, &sql.replace("NAME", "nonesuch"), "nonesuch");
            assert_eq!(hidden, absent, "{sql}");
        }
    }
    let secret = refusal(&acme, "SELECT count(*) FROM lindau.salaries", "salaries");
    let absent = refusal(&acme, "SELECT count(*) FROM lindau.holidays", "holidays");
    assert_eq!(secret, absent);
    let output = acme.hansa(&["--json", "catalog", "list"]).must();
    assert!(!output.out.contains("salaries"), "{}", output.out);
    for verb in [["catalog", "show"], ["contract", "request"]] {
        let said = |name: &str| {
            let done = acme.hansa(&[verb[0], verb[1], &format!("lindau.{name}")]);
            (done.status, done.out, done.err.replace(name, "NAME"))
        };
        assert_eq!(said("salaries"), said("holidays"));
    }
}

/// The refusal's text without names that the asker typed.
fn refusal(acme: &TestParticipant, sql: &str, typed: &str) -> Value {
    let refused = acme.ask(sql);
    assert_ne!(refused.status, Some(0), "{}", refused.out);
    assert!(refused.out.is_empty(), "{}", refused.out);
    serde_json::from_str(&refused.err.replace(typed, "NAME")).unwrap()
}

#[test]
fn hidden_rows_change_no_answer() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    let seen = "Hafen,310,6\nHafen,502,5\nBahnhof,1204,4\n";
    let table = |hidden: &str| format!("site,bikes,text\n{seen}{hidden}");
    lindau.holds("bikes", &table("Insel,77,9\n"), "");
    let file = lindau.folder().join("hansa.toml");
    let toml = std::fs::read_to_string(&file).unwrap();
    let as_text = "name   = \"text\"\ntype   = \"text\"";
    std::fs::write(
        &file,
        toml.replace("name   = \"text\"\ntype   = \"int\"", as_text),
    )
    .unwrap();
    lindau.publishes();
    lindau.offers(
        "bikes",
        "all",
        &format!("rows = \"site <> 'Insel'\"\n{ALL}"),
        "\"league\"",
        "auto",
    );
    lindau.serve();
    acme.knows(&lindau);
    let _ = acme.contract("lindau.bikes");
    let questions = [
        "SELECT * FROM lindau.bikes ORDER BY bikes",
        "SELECT count(*) AS n, min(bikes) AS a, max(bikes) AS b, avg(bikes) AS c FROM lindau.bikes",
        "SELECT sum(1000 / (bikes - 77)) AS x FROM lindau.bikes",
        "SELECT sum(CAST(text AS BIGINT)) AS x FROM lindau.bikes",
        "SELECT count(*) AS n FROM lindau.bikes WHERE site = 'Insel' OR bikes = 77",
        "SELECT site, count(*) AS n FROM lindau.bikes GROUP BY site HAVING count(*) > 0 ORDER BY site",
        "SELECT count(*) AS n FROM lindau.bikes WHERE 1 / (bikes - 310) > 5",
        "SELECT (SELECT bikes FROM lindau.bikes) AS one",
        "SELECT bikes FROM lindau.bikes ORDER BY bikes LIMIT 1",
    ];
    let ask = || {
        questions.map(|sql| {
            let done = acme.ask(sql);
            let rows: Vec<&str> = done
                .out
                .lines()
                .filter(|line| !line.starts_with("{\"hansa\""))
                .collect();
            let error = done.err.lines().next().unwrap_or_default();
            // The one thing in a refusal that differs from time to time is the question's own number.
            (done.status, rows.join("\n"), error.to_owned())
        })
    };
    let before = ask();
    assert_eq!(
        number(&serde_json::from_str(&before[1].1).unwrap(), "n"),
        3,
        "{before:?}"
    );
    assert!(
        before[2].0 == Some(0) && before[3].0 == Some(0),
        "{before:?}"
    );
    for hidden in [
        "",
        "Insel,0,none\nInsel,-5,1\nInsel,310,x\n",
        "Insel,9223372036854775807,\nInsel,,\n",
    ] {
        lindau.write("data/bikes.csv", &table(hidden));
        lindau.publishes();
        let after = ask();
        for ((question, before), after) in questions.iter().zip(&before).zip(&after) {
            assert_eq!(before, after, "{question} with `{hidden}`");
        }
    }
}
