//! Step 6: recall of a faulty snapshot. The log names the answers that used it.

use crate::federation::{DemoFederation, FIRM, member_integer, member_text, short_identity};
use crate::step_report::{
    DemoSpeaker, ExpectationError, StepReport, check_expectation, indented_table,
};
use serde_json::Value;

const FILE: &str = "lisbon/data/service/demand_date-line-stop_20230103.csv";
/// Duplicated rows in the faulty file.
const DOUBLED: usize = 2_000;
const TOTAL: &str = "SELECT municipality, local_date, sum(validations) AS v FROM lisbon.validations \
                     WHERE local_date = DATE '2023-01-03' GROUP BY municipality, local_date";

/// Duplicates rows, asks for them and repairs them. The recall must name exactly the wrong answer.
pub(super) fn run_recall_step(
    federation: &DemoFederation<'_>,
    step: &mut StepReport,
) -> Result<(), ExpectationError> {
    let file = federation.file_path(FILE);
    let fault = |why: String| ExpectationError {
        expected: "the file of Lisbon is read and written".to_owned(),
        came: why,
    };
    let read = || {
        hansa_node::process::named_file::read_named_file(&file)
            .map_err(|refusal| fault(refusal.to_string()))
    };
    let write = |bytes: &[u8]| {
        hansa_node::process::named_file::write_named_file(&file, bytes)
            .map_err(|refusal| fault(refusal.to_string()))
    };
    let right = read()?;
    let before = read_daily_total(federation)?;
    let mut faulty = right.clone();
    for line in right
        .split_inclusive(|byte| *byte == b'\n')
        .skip(1)
        .take(DOUBLED)
    {
        faulty.extend_from_slice(line);
    }
    write(&faulty)?;
    let bad = publish_current_file(federation)?;
    let wrong = read_daily_total(federation)?;
    check_expectation(wrong > before, "doubled rows make a greater total", wrong)?;
    write(&right)?;
    let republished = publish_current_file(federation)?;
    let after = read_daily_total(federation)?;
    check_expectation(
        after == before,
        format!("the corrected total is {before}"),
        after,
    )?;
    let found = federation.run_command(
        "lisbon",
        &["audit", "affected", &format!("validations@{bad}")],
    )?;
    let rows: Vec<&Value> = found
        .lines
        .iter()
        .filter(|line| !member_text(line, "to").is_empty())
        .collect();
    let firm = format!("hansa://{FIRM}.example");
    check_expectation(
        rows.len() == 1 && rows.iter().all(|row| member_text(row, "to") == firm),
        "one answer to the firm is affected, and no other",
        format!("{} answers", rows.len()),
    )?;
    let lines: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            vec![
                member_text(row, "to"),
                short_identity(&member_text(row, "contracts")),
                member_text(row, "rows"),
                member_text(row, "acknowledged"),
            ]
        })
        .collect();
    step.print_spoken_line(
        DemoSpeaker("Officer of Lisbon"),
        &format!(
            "for the show, {DOUBLED} rows of 3 January stood twice in snapshot {bad}: the firm was told {wrong} validations\n\
             instead of {before}. Published again as {republished}; the log says whom to tell:\n{}",
            indented_table(&["TO", "CONTRACT", "ROWS", "ACKNOWLEDGED"], &lines)
        ),
    );
    step.store_figure("total", before);
    step.store_figure("faulty_total", wrong);
    step.store_figure("answers_affected", rows.len());
    step.store_figure("faulty_snapshot", bad);
    Ok(())
}

/// Publishes the current file. Returns the version of the snapshot.
fn publish_current_file(federation: &DemoFederation<'_>) -> Result<String, ExpectationError> {
    federation.run_command("lisbon", &["dataset", "publish", "validations"])?;
    let output = federation.run_command("lisbon", &["dataset", "show", "validations"])?;
    Ok(member_text(
        output.object_with_member("version")?,
        "version",
    ))
}

/// Total of the day for the firm, over its visible groups.
fn read_daily_total(federation: &DemoFederation<'_>) -> Result<i64, ExpectationError> {
    let got = federation.ask_question(FIRM, TOTAL)?;
    let (rows, _) = got.answer_rows()?;
    Ok(rows.iter().map(|row| member_integer(row, "v")).sum())
}
