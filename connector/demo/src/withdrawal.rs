//! Step 5: a withdrawal cuts a running answer.

use crate::federation::{
    DemoFederation, OPERATOR, PURPOSE, member_integer, member_text, short_identity,
};
use crate::runner::DemoCommandOutput;
use crate::step_report::{DemoSpeaker, ExpectationError, StepReport, check_expectation};
use hansa_audit_log::time::UtcTimestamp;
use serde_json::Value;
use std::io::BufRead as _;

/// Measures the milliseconds until the cut and the rows after it, and checks the receipt of the delivered part.
pub(super) fn run_withdrawal_step(
    federation: &DemoFederation<'_>,
    step: &mut StepReport,
) -> Result<(), ExpectationError> {
    let contract = federation.make_contract(OPERATOR, "munster", "bike_channels")?;
    let published = federation.run_command("munster", &["dataset", "show", "bike_channels"])?;
    let all = published
        .lines
        .first()
        .map_or(0, |line| member_integer(line, "rows"));
    let err = federation.file_path("stream.err");
    let args = ["get", "munster.bike_channels", "--purpose", PURPOSE];
    let (mut out, id) = federation.stage.start(OPERATOR, &args, Some(&err))?;
    // A slow reader: it reads some lines and stops. The answer is running and can't end by itself.
    let mut read: i64 = 0;
    let mut line = String::new();
    while read < 1000 {
        line.clear();
        match out.read_line(&mut line) {
            Ok(0) | Err(_) => break,
            Ok(_) => read += 1,
        }
    }
    check_expectation(read == 1000, "the stream runs", format!("{read} rows came"))?;
    let ended = federation.run_command(
        "munster",
        &[
            "--yes",
            "contract",
            "withdraw",
            &contract,
            "--reason",
            "the pilot is over",
        ],
    )?;
    let running = member_integer(ended.object_with_member("withdrawn")?, "streams_before");
    check_expectation(running == 1, "one stream is running", running)?;
    // The rest is read only now, until the cut.
    let mut came = read;
    loop {
        line.clear();
        match out.read_line(&mut line) {
            Ok(0) | Err(_) => break,
            // A complete answer has an object below its rows; a cut one has none.
            Ok(_) if line.starts_with("{\"hansa\"") => {}
            Ok(_) => came += 1,
        }
    }
    let status = federation.stage.wait_for_command(id);
    let output = DemoCommandOutput {
        command: format!("hansa --config {OPERATOR} {}", args.join(" ")),
        status: status.unwrap_or(-1),
        lines: Vec::new(),
        err: std::fs::read_to_string(&err).unwrap_or_default(),
    }
    .expect_status(3)?;
    check_expectation(
        member_text(&output.reported_error(), "code") == "WITHDRAWN",
        "the consumer is told that the contract was withdrawn",
        output.reported_error(),
    )?;
    check_receipts(federation, step, &contract, came, all)?;
    let again = federation
        .stage
        .run(Some(OPERATOR), &args)?
        .expect_status(3)?;
    check_expectation(
        again.lines.is_empty(),
        "no row comes any more",
        again.lines.len(),
    )?;
    step.store_figure(
        "refused_after",
        member_text(&again.reported_error(), "code"),
    );
    Ok(())
}

/// Records of both parties.
fn check_receipts(
    federation: &DemoFederation<'_>,
    step: &mut StepReport,
    contract: &str,
    came: i64,
    all: i64,
) -> Result<(), ExpectationError> {
    let log = federation.run_command("munster", &["audit", "list", "--last", "1000"])?;
    let withdrawn = log.lines.iter().find(|record| {
        member_text(record, "type") == "withdraw"
            && member_text(record_body(record), "contract") == contract
    });
    let closed = log.lines.iter().rev().find(|record| {
        member_text(record, "type") == "close"
            && member_text(record_body(record), "code") == "WITHDRAWN"
    });
    let (Some(withdrawn), Some(closed)) = (withdrawn, closed) else {
        return Err(ExpectationError {
            expected: "the withdrawal and the cut are in the log of Münster".to_owned(),
            came: record_types(&log.lines),
        });
    };
    let sent = member_integer(record_body(closed), "rows");
    check_expectation(
        sent == came && sent < all,
        format!("what was sent before the withdrawal came, and no row after it: {sent} of {all}"),
        came,
    )?;
    let micros = record_micros(closed)?.saturating_sub(record_micros(withdrawn)?);
    check_expectation(
        (0..1_000_000).contains(&micros),
        "the stream ends within one second",
        format!("{micros} microseconds"),
    )?;
    let request = member_text(record_body(closed), "request_id");
    let received = federation.run_command(OPERATOR, &["audit", "list", "--last", "1000"])?;
    let received = received.lines.iter().find(|record| {
        member_text(record_body(record), "request_id") == request
            && member_text(record_body(record), "outcome").starts_with("cut")
    });
    let received = received.map(record_body).ok_or_else(|| ExpectationError {
        expected: "the receipt for the part delivered is in the consumer's log".to_owned(),
        came: "it is not".to_owned(),
    })?;
    for member in ["rows", "bytes", "result_digest"] {
        check_expectation(
            member_text(received, member) == member_text(record_body(closed), member),
            format!("both sides hold the same {member}"),
            member_text(received, member),
        )?;
    }
    let millis = f64::from(u32::try_from(micros).unwrap_or(u32::MAX)) / 1000.0;
    step.print_spoken_line(
        DemoSpeaker("Officer of Münster"),
        &format!(
            "Bus operator 42 is fetching {all} rows; I withdraw contract {} in the middle of it.\n\
             From the record of the withdrawal to the end of the stream: {millis:.1} ms; rows after it: 0",
            short_identity(contract)
        ),
    );
    step.print_spoken_line(
        DemoSpeaker("Bus operator 42"),
        &format!(
            "{came} rows had left and came; both logs hold the receipt {} for exactly these:\n\
             {} bytes, digest {}",
            short_identity(&member_text(received, "receipt")),
            member_text(received, "bytes"),
            member_text(received, "result_digest")
                .chars()
                .take(23)
                .collect::<String>()
        ),
    );
    step.store_figure("rows_held", all);
    step.store_figure("rows_received", came);
    step.store_figure("rows_after", came - sent);
    step.store_figure("milliseconds", millis);
    step.store_figure("bytes", member_integer(received, "bytes"));
    step.store_figure("receipt", member_text(received, "receipt"));
    Ok(())
}

fn record_body(record: &Value) -> &Value {
    record.get("body").unwrap_or(&Value::Null)
}

fn record_micros(record: &Value) -> Result<i64, ExpectationError> {
    let at = member_text(record, "t");
    at.parse::<UtcTimestamp>()
        .map(UtcTimestamp::micros)
        .map_err(|_| ExpectationError {
            expected: "a record has its time".to_owned(),
            came: at,
        })
}

fn record_types(records: &[Value]) -> String {
    let kinds: Vec<String> = records
        .iter()
        .map(|record| member_text(record, "type"))
        .collect();
    kinds.join(", ")
}
