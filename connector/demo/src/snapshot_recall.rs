//! Step 6: recall of a faulty snapshot. The log names the answers that used it.

use crate::federation::{DemoFederation, FIRM, short, text, whole};
use crate::step_report::{DemoSpeaker, ExpectationError, StepReport, must, table};
use serde_json::Value;

const FILE: &str = "lisbon/data/service/demand_date-line-stop_20230103.csv";
/// Duplicated rows in the faulty file.
const DOUBLED: usize = 2_000;
const TOTAL: &str = "SELECT municipality, local_date, sum(validations) AS v FROM lisbon.validations \
                     WHERE local_date = DATE '2023-01-03' GROUP BY municipality, local_date";

/// Duplicates rows, asks for them and repairs them. The recall must name exactly the wrong answer.
pub(super) fn play(
    federation: &DemoFederation<'_>,
    step: &mut StepReport,
) -> Result<(), ExpectationError> {
    let file = federation.file(FILE);
    let fault = |why: String| ExpectationError {
        expected: "the file of Lisbon is read and written".to_owned(),
        came: why,
    };
    let read = || {
        hansa_node::process::named_file::read(&file).map_err(|refusal| fault(refusal.to_string()))
    };
    let write = |bytes: &[u8]| {
        hansa_node::process::named_file::write(&file, bytes)
            .map_err(|refusal| fault(refusal.to_string()))
    };
    let right = read()?;
    let before = total(federation)?;
    let mut faulty = right.clone();
    for line in right
        .split_inclusive(|byte| *byte == b'\n')
        .skip(1)
        .take(DOUBLED)
    {
        faulty.extend_from_slice(line);
    }
    write(&faulty)?;
    let bad = publish(federation)?;
    let wrong = total(federation)?;
    must(wrong > before, "doubled rows make a greater total", wrong)?;
    write(&right)?;
    let mended = publish(federation)?;
    let after = total(federation)?;
    must(
        after == before,
        format!("the mended total is {before}"),
        after,
    )?;
    let found = federation.does(
        "lisbon",
        &["audit", "affected", &format!("validations@{bad}")],
    )?;
    let rows: Vec<&Value> = found
        .lines
        .iter()
        .filter(|line| !text(line, "to").is_empty())
        .collect();
    let firm = format!("hansa://{FIRM}.example");
    must(
        rows.len() == 1 && rows.iter().all(|row| text(row, "to") == firm),
        "one answer to the firm is affected, and no other",
        format!("{} answers", rows.len()),
    )?;
    let lines: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            vec![
                text(row, "to"),
                short(&text(row, "contracts")),
                text(row, "rows"),
                text(row, "acknowledged"),
            ]
        })
        .collect();
    step.say(
        DemoSpeaker("Officer of Lisbon"),
        &format!(
            "for the show, {DOUBLED} rows of 3 January stood twice in snapshot {bad}: the firm was told {wrong} validations\n\
             instead of {before}. Published again as {mended}; the log says whom to tell:\n{}",
            table(&["TO", "CONTRACT", "ROWS", "ACKNOWLEDGED"], &lines)
        ),
    );
    step.figure("total", before);
    step.figure("faulty_total", wrong);
    step.figure("answers_affected", rows.len());
    step.figure("faulty_snapshot", bad);
    Ok(())
}

/// Publishes the current file. Returns the version of the snapshot.
fn publish(federation: &DemoFederation<'_>) -> Result<String, ExpectationError> {
    federation.does("lisbon", &["dataset", "publish", "validations"])?;
    let output = federation.does("lisbon", &["dataset", "show", "validations"])?;
    Ok(text(output.with("version")?, "version"))
}

/// Total of the day for the firm, over its visible groups.
fn total(federation: &DemoFederation<'_>) -> Result<i64, ExpectationError> {
    let got = federation.asks(FIRM, TOTAL)?;
    let (rows, _) = got.rows()?;
    Ok(rows.iter().map(|row| whole(row, "v")).sum())
}
