//! Step 6: the auditor verifies the exported evidence alone.

use crate::federation::{
    DemoFederation, FIRM, OPERATOR, member_integer, member_text, short_identity,
};
use crate::step_report::{
    DemoSpeaker, ExpectationError, StepReport, check_expectation, indented_table,
};
use serde_json::Value;
use std::path::{Path, PathBuf};

const PROVIDERS: [&str; 3] = ["lisbon", "munster", "ottawa"];

/// Prints one table, detects two forgeries, compares both parties and keeps the evidence.
pub(super) fn run_auditor_step(
    federation: &DemoFederation<'_>,
    step: &mut StepReport,
) -> Result<(), ExpectationError> {
    report_received_data(federation, step)?;
    detect_forged_logs(federation, step)?;
    let mut matched = 0;
    for (participant, city) in [
        (FIRM, "lisbon"),
        (FIRM, "munster"),
        (FIRM, "ottawa"),
        (OPERATOR, "lisbon"),
        (OPERATOR, "munster"),
    ] {
        let compared = federation.run_command(participant, &["audit", "reconcile", city])?;
        check_expectation(
            !compared.lines.is_empty(),
            format!("{participant} and {city} have answers to compare"),
            "none",
        )?;
        for line in &compared.lines {
            check_expectation(
                member_text(line, "finding") == "matched",
                "both sides agree",
                line,
            )?;
            matched += 1;
        }
    }
    step.print_spoken_line(
        DemoSpeaker("Auditor"),
        &format!("both sides' receipts, compared answer by answer: {matched} of {matched} agree"),
    );
    step.store_figure("answers_matched", matched);
    write_evidence(federation, step)
}

/// Reports recipients, data and clauses from the providers' logs.
fn report_received_data(
    federation: &DemoFederation<'_>,
    step: &mut StepReport,
) -> Result<(), ExpectationError> {
    let mut rows = Vec::new();
    let mut refused = 0;
    for city in PROVIDERS {
        let log = federation.run_command(city, &["audit", "list", "--last", "10000"])?;
        for record in &log.lines {
            let body = record_body(record);
            refused += i64::from(member_text(record, "type") == "refuse");
            let peer = member_text(body, "peer");
            let (true, false) = (member_text(record, "type") == "permit", peer.is_empty()) else {
                continue;
            };
            let request = member_text(body, "request_id");
            let closed = log.lines.iter().find(|other| {
                member_text(other, "type") == "close"
                    && member_text(self::record_body(other), "request_id") == request
            });
            let closed = closed.map_or(&Value::Null, self::record_body);
            for grant in body
                .get("grants")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter(|grant| !member_text(grant, "contract").is_empty())
            {
                rows.push(vec![
                    city.to_owned(),
                    participant_domain(&peer),
                    last_segment(&member_text(grant, "dataset")),
                    short_identity(&member_text(grant, "contract")),
                    clause_range(grant),
                    member_text(closed, "rows"),
                    member_text(closed, "outcome"),
                ]);
            }
        }
    }
    check_expectation(!rows.is_empty(), "somebody received something", "nobody")?;
    step.print_spoken_line(
        DemoSpeaker("Auditor"),
        &format!(
            "who received what, under which clauses, from the logs of the three cities; questions that they refused: {refused}\n{}",
            indented_table(
                &["FROM", "TO", "DATASET", "CONTRACT", "CLAUSES", "ROWS", "OUTCOME"],
                &rows
            )
        ),
    );
    step.store_figure("answers", rows.len());
    step.store_figure("refusals_at_providers", refused);
    Ok(())
}

/// Forges two copies of a log: one with a changed byte, one without a record.
fn detect_forged_logs(
    federation: &DemoFederation<'_>,
    step: &mut StepReport,
) -> Result<(), ExpectationError> {
    let good = verify_log(federation, "munster/state/log", 0)?;
    let records = member_integer(&good, "records");
    check_expectation(records > 2, "the log has records", records)?;
    let mut message = format!("the log as it is: {records} records, the chain is unbroken");
    step.store_figure("records", records);
    let forgeries: [(&str, FileTampering); 2] = [
        ("one byte changed", |bytes| change_digit(bytes)),
        ("one record removed", remove_line),
    ];
    for (name, forge) in forgeries {
        let copy = federation.file_path(&format!("log-with-{}", name.replace(' ', "-")));
        let done = copy_folder(&federation.file_path("munster/state/log"), &copy)
            .and_then(|()| {
                let file = records_of(&copy)?;
                let mut bytes = std::fs::read(&file)?;
                let forged = forge(&mut bytes);
                std::fs::write(&file, bytes)?;
                Ok(forged)
            })
            .map_err(|fault| ExpectationError {
                expected: format!("a copy with {name}"),
                came: fault.to_string(),
            })?;
        check_expectation(done, format!("a copy with {name}"), "it is as it was")?;
        let found = verify_log(federation, &copy.display().to_string(), 7)?;
        let fault = member_text(&found, "fault");
        check_expectation(
            found.get("good") == Some(&Value::Bool(false)) && !fault.is_empty(),
            format!("{name} is found"),
            &found,
        )?;
        message.push_str(&format!("\na copy with {name}: found, {fault}"));
        step.store_figure(&name.replace(' ', "_"), fault);
    }
    step.print_spoken_line(
        DemoSpeaker("Auditor, with a copy of Münster's log and no connector"),
        &message,
    );
    Ok(())
}

fn verify_log(
    federation: &DemoFederation<'_>,
    log: &str,
    status: i32,
) -> Result<Value, ExpectationError> {
    let done = federation
        .stage
        .run(None, &["audit", "verify", log])?
        .expect_status(status)?;
    done.object_with_member("records").cloned()
}

/// Writes the evidence that stays after the demo.
fn write_evidence(
    federation: &DemoFederation<'_>,
    step: &mut StepReport,
) -> Result<(), ExpectationError> {
    let file = federation.file_path("evidence-of-munster");
    let name = file.display().to_string();
    federation.run_command("munster", &["audit", "export", "--output", &name])?;
    let found = verify_log(federation, &name, 0)?;
    let records = member_integer(&found, "records");
    check_expectation(
        found.get("good") == Some(&Value::Bool(true)) && records > 0,
        "the evidence verifies",
        &found,
    )?;
    let stays = if federation.stage.is_folder_kept() {
        "stays behind"
    } else {
        "goes with this folder; --dir DIR keeps it"
    };
    step.print_spoken_line(
        DemoSpeaker("Auditor"),
        &format!(
            "the evidence of Münster, {records} records under its signed head, {stays}; check it anywhere:\n\
             hansa audit verify {name}"
        ),
    );
    step.store_figure("evidence", name);
    step.store_figure("evidence_records", records);
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        std::fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

fn records_of(log: &Path) -> std::io::Result<PathBuf> {
    for entry in std::fs::read_dir(log)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "jsonl") {
            return Ok(path);
        }
    }
    Err(std::io::ErrorKind::NotFound.into())
}

/// Change of a file's bytes; returns true if it was possible.
type FileTampering = fn(&mut Vec<u8>) -> bool;

/// Changes the last digit in the middle of the file.
fn change_digit(bytes: &mut [u8]) -> bool {
    let middle = bytes.len() / 2;
    let digit = bytes
        .iter_mut()
        .skip(middle)
        .find(|byte| byte.is_ascii_digit());
    match digit {
        Some(digit) => {
            *digit = if *digit == b'9' { b'8' } else { b'9' };
            true
        }
        None => false,
    }
}

/// Removes a line in the middle of the file.
fn remove_line(bytes: &mut Vec<u8>) -> bool {
    let mut lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    if lines.len() < 3 {
        return false;
    }
    lines.remove(lines.len() / 2);
    let rest = lines.concat();
    *bytes = rest;
    true
}

fn record_body(record: &Value) -> &Value {
    record.get("body").unwrap_or(&Value::Null)
}

fn clause_range(grant: &Value) -> String {
    let applied = grant.get("clauses_applied").and_then(Value::as_array);
    let list: Vec<i64> = applied
        .into_iter()
        .flatten()
        .filter_map(Value::as_i64)
        .collect();
    match (list.first(), list.last()) {
        (Some(first), Some(last)) if first != last => format!("#c{first} to #c{last}"),
        (Some(only), _) => format!("#c{only}"),
        (None, _) => String::new(),
    }
}

fn participant_domain(id: &str) -> String {
    id.trim_start_matches("hansa://").to_owned()
}

fn last_segment(id: &str) -> String {
    id.rsplit('/').next().unwrap_or(id).to_owned()
}
