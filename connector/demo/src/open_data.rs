//! Step 1: open data of three publishers, without a contract, in one model.

use crate::federation::{
    DemoFederation, FIRM, member_integer, member_number, member_text, to_megabytes,
};
use crate::step_report::{
    DemoSpeaker, ExpectationError, StepReport, check_expectation, indented_table,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Placeholder of the first day in the question.
const BEFORE: &str = "2020-03-09";
const WEEK: &str = "2020-03-16";
const AFTER: &str = "2020-03-23";
/// Instant of UTC before which the last day ends in Central Europe.
const LAST_DAY: &str = "2020-03-22";

/// Asks one question over three publishers: did the air quality improve?
pub(super) fn run_open_data_step(
    federation: &DemoFederation<'_>,
    step: &mut StepReport,
) -> Result<(), ExpectationError> {
    let question = format!(
        "SELECT participant, town, CASE WHEN local_date < '{WEEK}' THEN 'before' ELSE 'after' END AS week, \
         avg(value) AS no2, count(value) AS n, count(*) AS slots, \
         max(CASE WHEN value IS NOT NULL THEN observed_at END) AS last \
         FROM model.air_quality_observed \
         WHERE pollutant = 'NO2' AND local_date >= '{BEFORE}' AND local_date < '{AFTER}' \
         GROUP BY participant, town, CASE WHEN local_date < '{WEEK}' THEN 'before' ELSE 'after' END \
         ORDER BY participant, town"
    );
    let asked = federation.run_command(FIRM, &["sql", &question])?;
    let (rows, below) = asked.answer_rows()?;
    let cities = demo_cities(&rows);
    let british = cities.iter().filter(|(key, _)| key.0 == "uk.example");
    check_expectation(
        british.count() > 10,
        "there are British towns",
        cities.len(),
    )?;
    print_weekly_figures(step, &cities)?;
    check_units(federation, step, &cities)?;
    explain_question(federation, step, &question, below)
}

#[derive(Default)]
struct DemoCity {
    before: Value,
    after: Value,
}

type DemoCities = BTreeMap<(String, String), DemoCity>;

fn demo_cities(rows: &[&Value]) -> DemoCities {
    let mut cities = DemoCities::new();
    for row in rows {
        let city = cities
            .entry((member_text(row, "participant"), member_text(row, "town")))
            .or_default();
        if member_text(row, "week") == "before" {
            city.before = (*row).clone();
        } else {
            city.after = (*row).clone();
        }
    }
    cities
}

/// Prints the figures of each city with their number of values, and the city whose series ends early.
fn print_weekly_figures(
    step: &mut StepReport,
    cities: &DemoCities,
) -> Result<(), ExpectationError> {
    let mut lines = Vec::new();
    let mut figures = Vec::new();
    let mut early = Vec::new();
    for ((participant, name), city) in shown_cities(cities) {
        let last = member_text(&city.after, "last");
        let ends_early = last.as_str() < LAST_DAY;
        if ends_early {
            early.push(format!("{name} ({last})"));
        }
        lines.push(vec![
            name.clone(),
            participant.trim_end_matches(".example").to_owned(),
            format!("{:.1}", member_number(&city.before, "no2")),
            format!("{:.1}", member_number(&city.after, "no2")),
            change_word(city),
            completeness_text(&city.before),
            completeness_text(&city.after),
            last.clone(),
        ]);
        figures.push(json!({
            "town": name,
            "before": member_number(&city.before, "no2"),
            "after": member_number(&city.after, "no2"),
            "measured_before": member_integer(&city.before, "n"),
            "measured_after": member_integer(&city.after, "n"),
            "slots_after": member_integer(&city.after, "slots"),
            "last": last,
            "ends_early": ends_early,
        }));
    }
    check_expectation(!early.is_empty(), "one series ends early", "none does")?;
    let british: Vec<&DemoCity> = cities
        .iter()
        .filter(|(key, _)| key.0 == "uk.example")
        .map(|(_, city)| city)
        .collect();
    let better = british.iter().filter(|city| has_lower_value(city)).count();
    step.print_spoken_line(
        DemoSpeaker("Analyst of Acme Mobility, NO2 in µg/m³, week of 9 March before and of 16 March after"),
        &format!(
            "{}\nof all {} British towns {better} had less; this is weather too, not only what people did\n\
             NOT TO THE END: {} measured nothing later; their week is not a week",
            indented_table(
                &["TOWN", "FROM", "BEFORE", "AFTER", "", "MEASURED", "MEASURED", "LAST VALUE (UTC)"],
                &lines
            ),
            british.len(),
            early.join(", ")
        ),
    );
    step.store_figure("towns", figures);
    step.store_figure("british_towns", british.len());
    step.store_figure("british_towns_better", better);
    step.store_figure("ends_early", early);
    Ok(())
}

/// Cities to show: all towns of two publishers, and three of the many British ones.
fn shown_cities(cities: &DemoCities) -> impl Iterator<Item = (&(String, String), &DemoCity)> {
    cities.iter().filter(|(key, _)| {
        key.0 != "uk.example" || matches!(key.1.as_str(), "London" | "Glasgow" | "Bristol")
    })
}

fn has_lower_value(city: &DemoCity) -> bool {
    member_number(&city.after, "no2") < member_number(&city.before, "no2")
}

fn change_word(city: &DemoCity) -> String {
    if has_lower_value(city) {
        "less"
    } else {
        "more"
    }
    .to_owned()
}

fn completeness_text(week: &Value) -> String {
    let (n, slots) = (member_integer(week, "n"), member_integer(week, "slots"));
    format!(
        "{n} of {slots}, {} %",
        (n * 100).checked_div(slots).unwrap_or(0)
    )
}

/// Checks the units. Zürich publishes ppb: read as µg/m³, its air would be the best; in a common unit, it is not.
fn check_units(
    federation: &DemoFederation<'_>,
    step: &mut StepReport,
    cities: &DemoCities,
) -> Result<(), ExpectationError> {
    let entry = federation.run_command(FIRM, &["catalog", "show", "zurich.air_quality"])?;
    let conversion =
        value_conversion(entry.object_with_member("entry")?).ok_or_else(|| ExpectationError {
            expected: "the catalogue of Zürich tells how its values were converted".to_owned(),
            came: "it does not".to_owned(),
        })?;
    let factor: f64 = conversion
        .split_whitespace()
        .nth(3)
        .and_then(|word| word.parse().ok())
        .ok_or_else(|| ExpectationError {
            expected: "the conversion names its factor".to_owned(),
            came: conversion.clone(),
        })?;
    let zurich = cities
        .get(&("zurich.example".to_owned(), "Zürich".to_owned()))
        .map_or(f64::NAN, |city| member_number(&city.before, "no2"));
    let wrong = zurich / factor;
    let british: Vec<f64> = cities
        .iter()
        .filter(|(key, _)| key.0 == "uk.example")
        .map(|(_, city)| member_number(&city.before, "no2"))
        .collect();
    let above = |than: f64| british.iter().filter(|no2| **no2 > than).count();
    let (before, after, all) = (above(wrong), above(zurich), british.len());
    let table: Vec<f64> = shown_cities(cities)
        .filter(|(key, _)| key.0 == "uk.example")
        .map(|(_, city)| member_number(&city.before, "no2"))
        .collect();
    check_expectation(
        !table.is_empty() && table.iter().all(|no2| *no2 > wrong),
        "with ppb read as µg/m³, Zürich is cleaner than every British town shown",
        format!("{wrong:.1} beside {table:.1?}"),
    )?;
    let among = table.iter().filter(|no2| **no2 > zurich).count();
    check_expectation(
        among < table.len() && after < before,
        "in one unit it is not",
        format!("{zurich:.1} beside {table:.1?}"),
    )?;
    step.print_spoken_line(
        DemoSpeaker("Analyst of Acme Mobility"),
        &format!(
            "Zürich publishes ppb, the others µg/m³. Its {wrong:.1} read as µg/m³ would make Zürich cleaner than every British \
             town\nshown here, and than {before} of all {all}. In one unit it is {zurich:.1} µg/m³: cleaner than \
             {among} of the {} shown, and {after} of {all}.\nThe catalogue tells the factor and its source: {conversion}",
            table.len()
        ),
    );
    step.store_figure("conversion", conversion);
    step.store_figure("zurich_as_published", wrong);
    step.store_figure("zurich", zurich);
    step.store_figure("cleaner_than_if_misread", before);
    step.store_figure("cleaner_than", after);
    Ok(())
}

fn value_conversion(entry: &Value) -> Option<String> {
    let columns = entry.get("entry")?.get("columns")?.as_array()?;
    columns
        .iter()
        .find(|column| member_text(column, "name") == "value")?
        .get("conversion")?
        .as_str()
        .map(str::to_owned)
}

/// Bytes of a participant's last answer, from its receipt.
fn received_bytes(log: &[Value], id: &str) -> Result<u64, ExpectationError> {
    let peer = format!("hansa://{id}");
    let received = log.iter().rev().filter_map(|record| record.get("body"));
    received
        .filter(|body| member_text(body, "peer") == peer && body.get("receipt").is_some())
        .find_map(|body| body.get("bytes")?.as_u64())
        .ok_or_else(|| ExpectationError {
            expected: format!("the receipt of {id} tells its bytes"),
            came: "there is none".to_owned(),
        })
}

/// Explains the remote queries of the question and the bytes that were sent.
fn explain_question(
    federation: &DemoFederation<'_>,
    step: &mut StepReport,
    question: &str,
    below: &Value,
) -> Result<(), ExpectationError> {
    let explained = federation.run_command(FIRM, &["explain", question])?;
    let remote_queries = explained
        .object_with_member("remote_queries")?
        .get("remote_queries")
        .cloned();
    let remote_queries: Vec<Value> = remote_queries
        .as_ref()
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    check_expectation(
        remote_queries.len() == 3,
        "three participants are asked",
        remote_queries.len(),
    )?;
    let mut message =
        String::from("hansa explain says what goes to whom, and the answer what came back:");
    let (mut came, mut held) = (0_u64, 0_u64);
    let log = federation.run_command(FIRM, &["audit", "list", "--last", "100"])?;
    let answers = below.get("participants").and_then(Value::as_array);
    for answer in answers.into_iter().flatten() {
        let id = member_text(answer, "participant");
        let city = id.trim_end_matches(".example");
        let remote_query = remote_queries
            .iter()
            .find(|remote_query| member_text(remote_query, "participant") == id);
        let sql = remote_query
            .map(|remote_query| member_text(remote_query, "sql"))
            .unwrap_or_default();
        check_expectation(
            !sql.is_empty() && sql == member_text(answer, "sql"),
            format!("{city} got the SQL that was explained"),
            member_text(answer, "sql"),
        )?;
        let bytes = received_bytes(&log.lines, &id)?;
        let file = federation.files.iter().find(|(name, _)| *name == city);
        let file = file.map_or(0, |(_, bytes)| *bytes);
        came = came.saturating_add(bytes);
        held = held.saturating_add(file);
        message.push_str(&format!(
            "\n{city}: {} rows, {bytes} bytes came; its files have {:.1} MB\n  {sql}",
            member_text(answer, "rows"),
            to_megabytes(file)
        ));
    }
    check_expectation(
        came > 0 && came < held / 100,
        "less than a hundredth of the files travels",
        format!("{came} of {held} bytes"),
    )?;
    message.push_str(&format!(
        "\ntogether {came} bytes travelled instead of {:.1} MB",
        to_megabytes(held)
    ));
    step.print_spoken_line(DemoSpeaker("Analyst of Acme Mobility"), &message);
    step.store_figure("bytes_received", came);
    step.store_figure("bytes_of_files", held);
    step.store_figure(
        "sql",
        remote_queries
            .iter()
            .map(|remote_query| json!({"participant": member_text(remote_query, "participant"), "sql": member_text(remote_query, "sql")}))
            .collect::<Vec<_>>(),
    );
    Ok(())
}
