//! Contracts of one consumer on one dataset beside each other: none gives back a group that the other withholds.

use crate::binary;
use crate::withheld_groups::{groups, rows};
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, PURPOSE};
use serde_json::Value;

fn lindau<const N: usize>(
    league: &TestLeague,
    firms: [&str; N],
) -> (TestParticipant, [TestParticipant; N]) {
    let by = "\"site\", \"at\"";
    let policies = [
        ("days", groups(by, "day")),
        ("months", groups(by, "month")),
        ("all-days", groups("\"at\"", "day")),
        ("rows", ALL.to_owned()),
        ("many", format!("rows = \"bikes > 5\"\n{ALL}")),
    ];
    crate::withheld_groups::lindau(league, &policies, firms)
}

/// Requests a contract, which is refused beside that one.
#[track_caller]
fn refused(firm: &TestParticipant, offer: &str, beside: &str) -> String {
    let request = ["contract", "request", "lindau.counts", "--sign", "--offer"];
    let done = firm
        .hansa(&[&request[..], &[offer]].concat())
        .refused("COMBINED_DISCLOSURE", 3);
    assert!(done.err.contains(&beside[..12]), "{}", done.err);
    done.err
}

fn ends(firm: &TestParticipant, contract: &str) {
    firm.hansa(&[
        "contract", "withdraw", contract, "--reason", "over", "--yes",
    ])
    .must();
}

#[test]
fn two_contracts_give_back_no_group_that_one_withholds() {
    let league = TestLeague::new(binary());
    let (lindau, [acme, other, third]) = lindau(&league, ["acme", "other", "third"]);

    // What is offered is looked at before anybody signs.
    let checked = lindau.hansa(&["check"]).must();
    let text = format!("{}{}", checked.out, checked.err);
    assert!(text.contains("warning[COMBINED_DISCLOSURE]"), "{text}");
    let checked = lindau.hansa(&["policy", "check", "months"]).must();
    assert!(
        checked
            .out
            .contains("together with `days` it shows what neither shows alone"),
        "{}",
        checked.out
    );

    // One consumer gets no second contract whose groups subtract, nor rows that do.
    let days = acme.contract_on("lindau.counts", "days");
    let reported = refused(&acme, "months", &days);
    assert!(reported.contains("ask for coarser totals"), "{reported}");
    refused(&acme, "all-days", &days);
    refused(&acme, "many", &days);

    // The coarser totals are made of the groups that are shown.
    let month = "SELECT site, date_trunc('month', at) AS m, count(*) AS n, sum(bikes) AS s FROM lindau.counts \
                 WHERE site = 'bridge' GROUP BY 1, 2";
    let month = rows(&acme, month);
    let by_day = rows(
        &acme,
        "SELECT date_trunc('day', at) AS d, count(*) AS n, sum(bikes) AS s FROM lindau.counts WHERE site = 'bridge' GROUP BY 1",
    );
    assert_eq!(by_day.len(), 2);
    for number in ["n", "s"] {
        let of = |rows: &[Value]| {
            rows.iter()
                .map(|row| row[number].as_i64().unwrap())
                .sum::<i64>()
        };
        assert_eq!(of(&month), of(&by_day));
    }
    assert_eq!(month[0]["n"], 40);

    // What was answered stays known when the contract is over.
    ends(&acme, &days);
    let reported = refused(&acme, "months", &days);
    assert!(reported.contains("it has ended"), "{reported}");
    let again = acme.contract_on("lindau.counts", "days");
    assert_ne!(again, days);

    // Nothing was answered: then the other one can take its place.
    let unused = third.contract_on("lindau.counts", "days");
    ends(&third, &unused);
    let _ = third.contract_on("lindau.counts", "months");

    // Another consumer may have the other one: that is said to whoever offers, and not refused.
    let _ = other.contract_on("lindau.counts", "months");
    lindau.hansa(&["doctor"]).must();
}

#[test]
fn groups_are_refused_when_the_rows_beside_them_are_over() {
    let league = TestLeague::new(binary());
    let (lindau, [acme]) = lindau(&league, ["acme"]);
    // Who has all rows is told nothing by their groups.
    let all = acme.contract_on("lindau.counts", "rows");
    let days = acme.contract_on("lindau.counts", "days");
    let under = |contract: &str, sql: &str| {
        acme.hansa(&[
            "--json",
            "sql",
            sql,
            "--contract",
            contract,
            "--purpose",
            PURPOSE,
        ])
    };
    under(&all, "SELECT bikes FROM lindau.counts").must();
    let sql = "SELECT site, sum(bikes) AS s FROM lindau.counts GROUP BY site";
    under(&days, sql).must();
    let hops = lindau.hansa(&["--json", "doctor"]).must().out;
    assert!(!hops.contains("COMBINED_DISCLOSURE"), "{hops}");
    // Of further rows the groups would tell what is left of them.
    ends(&lindau, &all);
    let output = under(&days, sql).refused("COMBINED_DISCLOSURE", 3);
    assert!(output.err.contains(&all[..12]), "{}", output.err);
    let doctor = lindau.hansa(&["--json", "doctor"]).ends(3).out;
    assert!(
        doctor.contains("COMBINED_DISCLOSURE") && doctor.contains(&days[..12]),
        "{doctor}"
    );
    let again = acme.contract_on("lindau.counts", "rows");
    assert_ne!(again, all);
    under(&days, sql).must();
}
