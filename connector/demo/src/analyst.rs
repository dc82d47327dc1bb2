//! Step 3: one question over two cities, and a comparison of their data with the firm's result.

use crate::federation::{DemoFederation, FIRM, member_integer, member_text, short_identity};
use crate::step_report::{
    DemoSpeaker, ExpectationError, StepReport, check_expectation, indented_table,
};
use serde_json::Value;
use std::collections::BTreeMap;

const CITIES: [&str; 2] = ["munster", "ottawa"];
const YEAR: &str = "local_date >= '2020-01-01' AND local_date < '2021-01-01'";

/// Key of a cell: city, site and month.
type CityCellKey = (String, String, String);

/// Shows that small cells are absent and that totals do not reveal them.
pub(super) fn run_analyst_step(
    federation: &DemoFederation<'_>,
    step: &mut StepReport,
) -> Result<(), ExpectationError> {
    let mut least = BTreeMap::new();
    for city in CITIES {
        let id = federation.make_contract(FIRM, city, "bike_counts")?;
        least.insert(
            format!("{city}.example"),
            federation.read_group_threshold(FIRM, &id)?,
        );
        step.store_figure(&format!("contract_{city}"), short_identity(&id));
    }
    let question = format!(
        "SELECT participant, site, date_trunc('month', local_date) AS month, sum(bikes) AS bikes, count(bikes) AS n \
         FROM model.bicycle_counts WHERE {YEAR} GROUP BY participant, site, date_trunc('month', local_date)"
    );
    let asked = federation.ask_question(FIRM, &question)?;
    let (rows, _) = asked.answer_rows()?;
    let got: BTreeMap<CityCellKey, i64> = rows
        .iter()
        .filter(|row| row.get("bikes").is_some_and(|bikes| !bikes.is_null()))
        .map(|row| {
            (
                cell_key(&member_text(row, "participant"), row),
                member_integer(row, "bikes"),
            )
        })
        .collect();
    let mut held: BTreeMap<CityCellKey, (i64, i64)> = BTreeMap::new();
    for city in CITIES {
        let own = format!(
            "SELECT site, date_trunc('month', local_date) AS month, sum(bikes) AS bikes, count(bikes) AS n \
             FROM {city}.bike_counts WHERE {YEAR} GROUP BY 1, 2"
        );
        let answer = federation.run_command(city, &["sql", &own])?;
        let (rows, _) = answer.answer_rows()?;
        for row in rows.iter().filter(|row| member_integer(row, "n") > 0) {
            let key = cell_key(&format!("{city}.example"), row);
            held.insert(
                key,
                (member_integer(row, "bikes"), member_integer(row, "n")),
            );
        }
    }
    let mut hidden = Vec::new();
    for (key, (bikes, n)) in &held {
        let small = *n < least.get(&key.0).copied().unwrap_or(0);
        let seen = got.get(key).copied();
        let right = if small { None } else { Some(*bikes) };
        check_expectation(
            seen == right,
            format!("{} {} {} is {right:?} for the firm", key.0, key.1, key.2),
            format!("{seen:?}"),
        )?;
        if small {
            hidden.push((key, *bikes, *n));
        }
    }
    check_expectation(!hidden.is_empty(), "some cells are small", "none is")?;
    check_expectation(
        got.keys().all(|key| held.contains_key(key)),
        "nothing is there that the cities do not hold",
        "something is",
    )?;
    step.print_spoken_line(
        DemoSpeaker("Analyst of Acme Mobility, bicycles by counter and month of 2020"),
        &render_comparison(&held, &got, &hidden),
    );
    step.store_figure("cells_held", held.len());
    step.store_figure("cells_received", got.len());
    step.store_figure("cells_absent", hidden.len());
    check_totals(federation, step, &held, &got)
}

/// Checks that the totals cover only the shown cells, so that subtracting these reveals nothing.
fn check_totals(
    federation: &DemoFederation<'_>,
    step: &mut StepReport,
    held: &BTreeMap<CityCellKey, (i64, i64)>,
    got: &BTreeMap<CityCellKey, i64>,
) -> Result<(), ExpectationError> {
    let asked = federation.ask_question(
        FIRM,
        &format!(
            "SELECT participant, sum(bikes) AS bikes FROM model.bicycle_counts WHERE {YEAR} GROUP BY participant ORDER BY 1"
        ),
    )?;
    let (rows, _) = asked.answer_rows()?;
    check_expectation(rows.len() == 2, "both cities answer", rows.len())?;
    let mut lines = Vec::new();
    let mut apart = false;
    for row in rows {
        let city = member_text(row, "participant");
        let reported = member_integer(row, "bikes");
        let shown: i64 = got
            .iter()
            .filter(|((of, ..), _)| *of == city)
            .map(|(_, bikes)| bikes)
            .sum();
        let there: i64 = held
            .iter()
            .filter(|((of, ..), _)| *of == city)
            .map(|(_, (bikes, _))| bikes)
            .sum();
        check_expectation(
            reported == shown,
            format!("the total of {city} is that of the cells shown, {shown}"),
            reported,
        )?;
        apart |= reported != there;
        step.store_figure(&format!("total_held_{city}"), there);
        step.store_figure(&format!("total_received_{city}"), reported);
        lines.push(vec![
            city,
            there.to_string(),
            reported.to_string(),
            shown.to_string(),
            (reported - shown).to_string(),
        ]);
    }
    check_expectation(
        apart,
        "a total that the firm gets lacks the small cells",
        "all totals are those of all cells",
    )?;
    step.print_spoken_line(
        DemoSpeaker("Analyst of Acme Mobility"),
        &format!(
            "I ask for the totals too and take the cells away from them: nothing is left to learn.\n{}",
            indented_table(
                &["CITY", "TOTAL IT HOLDS", "TOTAL I GET", "SUM OF MY CELLS", "LEFT"],
                &lines
            )
        ),
    );
    Ok(())
}

fn cell_key(participant: &str, row: &Value) -> CityCellKey {
    let month = member_text(row, "month").chars().take(7).collect();
    (participant.to_owned(), member_text(row, "site"), month)
}

fn render_comparison(
    held: &BTreeMap<CityCellKey, (i64, i64)>,
    got: &BTreeMap<CityCellKey, i64>,
    hidden: &[(&CityCellKey, i64, i64)],
) -> String {
    let mut rows = Vec::new();
    for city in CITIES {
        let id = format!("{city}.example");
        let first = held
            .iter()
            .find(|(key, _)| key.0 == id && got.contains_key(*key));
        let cells = first
            .into_iter()
            .map(|(key, (bikes, n))| (key, *bikes, *n))
            .chain(hidden.iter().filter(|(key, ..)| key.0 == id).copied());
        for (key, bikes, n) in cells {
            rows.push(vec![
                city.to_owned(),
                key.1.clone(),
                key.2.clone(),
                n.to_string(),
                bikes.to_string(),
                got.get(key)
                    .map_or_else(|| "absent".to_owned(), ToString::to_string),
            ]);
        }
    }
    format!(
        "the cities hold {} cells, I get {}; here the first of each city, and all that are absent\n{}",
        held.len(),
        got.len(),
        indented_table(
            &[
                "CITY",
                "SITE",
                "MONTH",
                "MEASURED",
                "THE CITY HOLDS",
                "THE FIRM GETS"
            ],
            &rows
        )
    )
}
