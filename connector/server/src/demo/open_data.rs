//! Step 1: open data of three publishers, without a contract, in one model.

use crate::demo::federation::{DemoFederation, FIRM, mega, number, text, whole};
use crate::demo::step_report::{DemoSpeaker, ExpectationError, StepReport, must, table};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Stands where the question has its days.
const BEFORE: &str = "2020-03-09";
const WEEK: &str = "2020-03-16";
const AFTER: &str = "2020-03-23";
/// A day of Central Europe ends before this instant of UTC.
const LAST_DAY: &str = "2020-03-22";

/// One question over three publishers: did the air get better?
pub(super) fn play(
    cast: &DemoFederation<'_>,
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
    let asked = cast.does(FIRM, &["sql", &question])?;
    let (rows, below) = asked.rows()?;
    let towns = towns(&rows);
    let british = towns.iter().filter(|(key, _)| key.0 == "uk.example");
    must(british.count() > 10, "there are British towns", towns.len())?;
    weeks(step, &towns)?;
    units(cast, step, &towns)?;
    explained(cast, step, &question, below)
}

#[derive(Default)]
struct DemoCity {
    before: Value,
    after: Value,
}

type DemoCities = BTreeMap<(String, String), DemoCity>;

fn towns(rows: &[&Value]) -> DemoCities {
    let mut towns = DemoCities::new();
    for row in rows {
        let town = towns
            .entry((text(row, "participant"), text(row, "town")))
            .or_default();
        if text(row, "week") == "before" {
            town.before = (*row).clone();
        } else {
            town.after = (*row).clone();
        }
    }
    towns
}

/// The figures of each city, with what they stand on; and whose series ends early.
fn weeks(step: &mut StepReport, towns: &DemoCities) -> Result<(), ExpectationError> {
    let mut lines = Vec::new();
    let mut figures = Vec::new();
    let mut early = Vec::new();
    for ((participant, name), town) in shown(towns) {
        let last = text(&town.after, "last");
        let ends_early = last.as_str() < LAST_DAY;
        if ends_early {
            early.push(format!("{name} ({last})"));
        }
        lines.push(vec![
            name.clone(),
            participant.trim_end_matches(".example").to_owned(),
            format!("{:.1}", number(&town.before, "no2")),
            format!("{:.1}", number(&town.after, "no2")),
            change(town),
            complete(&town.before),
            complete(&town.after),
            last.clone(),
        ]);
        figures.push(json!({
            "town": name,
            "before": number(&town.before, "no2"),
            "after": number(&town.after, "no2"),
            "measured_before": whole(&town.before, "n"),
            "measured_after": whole(&town.after, "n"),
            "slots_after": whole(&town.after, "slots"),
            "last": last,
            "ends_early": ends_early,
        }));
    }
    must(!early.is_empty(), "one series ends early", "none does")?;
    let british: Vec<&DemoCity> = towns
        .iter()
        .filter(|(key, _)| key.0 == "uk.example")
        .map(|(_, town)| town)
        .collect();
    let better = british.iter().filter(|town| lower(town)).count();
    step.say(
        DemoSpeaker("Analyst of Acme Mobility, NO2 in µg/m³, week of 9 March before and of 16 March after"),
        &format!(
            "{}\nof all {} British towns {better} had less; this is weather too, not only what people did\n\
             NOT TO THE END: {} measured nothing later; their week is not a week",
            table(
                &["TOWN", "FROM", "BEFORE", "AFTER", "", "MEASURED", "MEASURED", "LAST VALUE (UTC)"],
                &lines
            ),
            british.len(),
            early.join(", ")
        ),
    );
    step.figure("towns", figures);
    step.figure("british_towns", british.len());
    step.figure("british_towns_better", better);
    step.figure("ends_early", early);
    Ok(())
}

/// All towns of two publishers, and three of the many British ones.
fn shown(towns: &DemoCities) -> impl Iterator<Item = (&(String, String), &DemoCity)> {
    towns.iter().filter(|(key, _)| {
        key.0 != "uk.example" || matches!(key.1.as_str(), "London" | "Glasgow" | "Bristol")
    })
}

fn lower(town: &DemoCity) -> bool {
    number(&town.after, "no2") < number(&town.before, "no2")
}

fn change(town: &DemoCity) -> String {
    if lower(town) { "less" } else { "more" }.to_owned()
}

fn complete(week: &Value) -> String {
    let (n, slots) = (whole(week, "n"), whole(week, "slots"));
    format!(
        "{n} of {slots}, {} %",
        (n * 100).checked_div(slots).unwrap_or(0)
    )
}

/// Zürich publishes ppb. Read as µg/m³ it would be the cleanest; in one unit it is not.
fn units(
    cast: &DemoFederation<'_>,
    step: &mut StepReport,
    towns: &DemoCities,
) -> Result<(), ExpectationError> {
    let entry = cast.does(FIRM, &["catalog", "show", "zurich.air_quality"])?;
    let conversion = conversion(entry.with("entry")?).ok_or_else(|| ExpectationError {
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
    let zurich = towns
        .get(&("zurich.example".to_owned(), "Zürich".to_owned()))
        .map_or(f64::NAN, |town| number(&town.before, "no2"));
    let wrong = zurich / factor;
    let british: Vec<f64> = towns
        .iter()
        .filter(|(key, _)| key.0 == "uk.example")
        .map(|(_, town)| number(&town.before, "no2"))
        .collect();
    let above = |than: f64| british.iter().filter(|no2| **no2 > than).count();
    let (before, after, all) = (above(wrong), above(zurich), british.len());
    let table: Vec<f64> = shown(towns)
        .filter(|(key, _)| key.0 == "uk.example")
        .map(|(_, town)| number(&town.before, "no2"))
        .collect();
    must(
        !table.is_empty() && table.iter().all(|no2| *no2 > wrong),
        "with ppb read as µg/m³, Zürich is cleaner than every British town shown",
        format!("{wrong:.1} beside {table:.1?}"),
    )?;
    let among = table.iter().filter(|no2| **no2 > zurich).count();
    must(
        among < table.len() && after < before,
        "in one unit it is not",
        format!("{zurich:.1} beside {table:.1?}"),
    )?;
    step.say(
        DemoSpeaker("Analyst of Acme Mobility"),
        &format!(
            "Zürich publishes ppb, the others µg/m³. Its {wrong:.1} read as µg/m³ would make Zürich cleaner than every British \
             town\nshown here, and than {before} of all {all}. In one unit it is {zurich:.1} µg/m³: cleaner than \
             {among} of the {} shown, and {after} of {all}.\nThe catalogue tells the factor and its source: {conversion}",
            table.len()
        ),
    );
    step.figure("conversion", conversion);
    step.figure("zurich_as_published", wrong);
    step.figure("zurich", zurich);
    step.figure("cleaner_than_if_misread", before);
    step.figure("cleaner_than", after);
    Ok(())
}

fn conversion(entry: &Value) -> Option<String> {
    let columns = entry.get("entry")?.get("columns")?.as_array()?;
    columns
        .iter()
        .find(|column| text(column, "name") == "value")?
        .get("conversion")?
        .as_str()
        .map(str::to_owned)
}

/// The bytes of the last answer of a participant, as the receipt says them.
fn travelled(log: &[Value], id: &str) -> Result<u64, ExpectationError> {
    let peer = format!("hansa://{id}");
    let received = log.iter().rev().filter_map(|record| record.get("body"));
    received
        .filter(|body| text(body, "peer") == peer && body.get("receipt").is_some())
        .find_map(|body| body.get("bytes")?.as_u64())
        .ok_or_else(|| ExpectationError {
            expected: format!("the receipt of {id} tells its bytes"),
            came: "there is none".to_owned(),
        })
}

/// What goes to whom, and what travelled.
fn explained(
    cast: &DemoFederation<'_>,
    step: &mut StepReport,
    question: &str,
    below: &Value,
) -> Result<(), ExpectationError> {
    let explained = cast.does(FIRM, &["explain", question])?;
    let errands = explained.with("errands")?.get("errands").cloned();
    let errands: Vec<Value> = errands
        .as_ref()
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    must(
        errands.len() == 3,
        "three participants are asked",
        errands.len(),
    )?;
    let mut said =
        String::from("hansa explain says what goes to whom, and the answer what came back:");
    let (mut came, mut held) = (0_u64, 0_u64);
    let log = cast.does(FIRM, &["audit", "list", "--last", "100"])?;
    let answers = below.get("participants").and_then(Value::as_array);
    for answer in answers.into_iter().flatten() {
        let id = text(answer, "participant");
        let city = id.trim_end_matches(".example");
        let errand = errands
            .iter()
            .find(|errand| text(errand, "participant") == id);
        let sql = errand.map(|errand| text(errand, "sql")).unwrap_or_default();
        must(
            !sql.is_empty() && sql == text(answer, "sql"),
            format!("{city} got the SQL that was explained"),
            text(answer, "sql"),
        )?;
        let bytes = travelled(&log.lines, &id)?;
        let file = cast.files.iter().find(|(name, _)| *name == city);
        let file = file.map_or(0, |(_, bytes)| *bytes);
        came = came.saturating_add(bytes);
        held = held.saturating_add(file);
        said.push_str(&format!(
            "\n{city}: {} rows, {bytes} bytes came; its files have {:.1} MB\n  {sql}",
            text(answer, "rows"),
            mega(file)
        ));
    }
    must(
        came > 0 && came < held / 100,
        "less than a hundredth of the files travels",
        format!("{came} of {held} bytes"),
    )?;
    said.push_str(&format!(
        "\ntogether {came} bytes travelled instead of {:.1} MB",
        mega(held)
    ));
    step.say(DemoSpeaker("Analyst of Acme Mobility"), &said);
    step.figure("bytes_received", came);
    step.figure("bytes_of_files", held);
    step.figure(
        "sql",
        errands
            .iter()
            .map(|errand| json!({"participant": text(errand, "participant"), "sql": text(errand, "sql")}))
            .collect::<Vec<_>>(),
    );
    Ok(())
}
