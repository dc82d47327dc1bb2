//! What publishing a dataset came to.

use hansa_node::dataset::publication::PublicationOutcome;
use hansa_policy::refusal::Refusal;
use hansa_query::publication::report::PublicationReport;
use serde_json::{Value, json};

/// What publishing came to, as an object and for people, and what can't be offered since.
pub(super) fn publication_report(published: &PublicationOutcome) -> (Value, String, Vec<Refusal>) {
    match published {
        PublicationOutcome::Unchanged { entry, faults } => (
            json!({
                "dataset": entry.id.name.as_str(),
                "changed": false,
                "version": entry.version,
                "rows": entry.rows,
            }),
            format!(
                "{} is unchanged: version {}, {} rows",
                entry.id.name, entry.version, entry.rows
            ),
            faults.clone(),
        ),
        PublicationOutcome::New {
            entry,
            report,
            breaks,
            dry,
            mends,
            faults,
        } => {
            let broken: Vec<String> = breaks
                .iter()
                .map(|broken| broken.contract.to_string())
                .collect();
            let mut data = counted_json(report);
            if let Value::Object(map) = &mut data {
                map.insert("dataset".to_owned(), json!(entry.id.name.as_str()));
                map.insert("changed".to_owned(), json!(true));
                map.insert("dry_run".to_owned(), json!(dry));
                map.insert("version".to_owned(), json!(entry.version));
                map.insert("breaks".to_owned(), json!(broken));
                if let Some(damage) = mends {
                    map.insert("mends".to_owned(), json!(damage.sentence));
                }
            }
            let mut text = format!(
                "{} {}: version {}, {} rows of {} files ({} read anew)",
                entry.id.name,
                if *dry {
                    "would be published"
                } else {
                    "is published"
                },
                entry.version,
                report.rows,
                report.files,
                report.files_read
            );
            if let Some(arrived) = report.arrived {
                text.push_str(&format!(
                    "\n  came      {arrived} rows, the newest segment of the feed"
                ));
            }
            text.push_str(&counted_text(report));
            if let Some(damage) = mends {
                text.push_str(&format!("\n  mends     {}", damage.sentence));
                for help in damage.help.iter().filter(|help| help.contains("affected")) {
                    text.push_str(&format!("\n            {help}"));
                }
            }
            for change in &report.schema_changes {
                text.push_str(&format!("\n  schema    {change}"));
            }
            for contract in &broken {
                text.push_str(&format!(
                    "\n  breaks    contract {} was made for the schema before",
                    contract.chars().take(12).collect::<String>()
                ));
            }
            (data, text, faults.clone())
        }
    }
}

fn counted_json(report: &PublicationReport) -> Value {
    let bad: Vec<Value> = report
        .counts
        .bad
        .iter()
        .map(|(column, bad)| {
            json!({
                "column": column,
                "count": bad.count,
                "samples": bad.samples.iter().map(|sample| json!({
                    "file": sample.file, "line": sample.line, "text": sample.text, "why": sample.why,
                })).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({
        "files": report.files,
        "files_read": report.files_read,
        "source_rows": report.counts.rows,
        "rows": report.rows,
        "rows_before": report.rows_before,
        "arrived": report.arrived,
        "bad_rows": report.counts.bad_rows,
        "bad": bad,
        "met": report.counts.met,
        "ambiguous_times": report.counts.ambiguous.values().sum::<u64>(),
        "missing_times": report.counts.gaps.values().sum::<u64>(),
        "schema_changes": report.schema_changes,
    })
}

fn counted_text(report: &PublicationReport) -> String {
    let mut text = String::new();
    for (column, bad) in &report.counts.bad {
        text.push_str(&format!(
            "\n  unread    {} values of {column} could not be read",
            bad.count
        ));
        for sample in &bad.samples {
            text.push_str(&format!(
                "\n            {}:{}: `{}`: {}",
                sample.file, sample.line, sample.text, sample.why
            ));
        }
    }
    for (what, count) in &report.counts.met {
        text.push_str(&format!("\n  met       {count} times: {what}"));
    }
    for (column, count) in &report.counts.ambiguous {
        text.push_str(&format!(
            "\n  times     {count} local times of {column} occur twice"
        ));
    }
    for (column, count) in &report.counts.gaps {
        text.push_str(&format!(
            "\n  times     {count} local times of {column} do not exist"
        ));
    }
    text
}
