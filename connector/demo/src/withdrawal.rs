//! Step 5: a withdrawal cuts a running answer.

use crate::federation::{DemoFederation, OPERATOR, PURPOSE, short, text, whole};
use crate::runner::DemoCommandOutput;
use crate::step_report::{DemoSpeaker, ExpectationError, StepReport, must};
use hansa_audit_log::time::UtcTimestamp;
use serde_json::Value;
use std::io::BufRead as _;

/// Measures the milliseconds until the cut and the rows after it, and checks the receipt of the delivered part.
pub(super) fn play(
    federation: &DemoFederation<'_>,
    step: &mut StepReport,
) -> Result<(), ExpectationError> {
    let contract = federation.agree(OPERATOR, "munster", "bike_channels")?;
    let published = federation.does("munster", &["dataset", "show", "bike_channels"])?;
    let all = published
        .lines
        .first()
        .map_or(0, |line| whole(line, "rows"));
    let err = federation.file("stream.err");
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
    must(read == 1000, "the stream runs", format!("{read} rows came"))?;
    let ended = federation.does(
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
    let running = whole(ended.with("withdrawn")?, "streams_before");
    must(running == 1, "one stream is running", running)?;
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
    let status = federation.stage.wait(id);
    let output = DemoCommandOutput {
        command: format!("hansa --config {OPERATOR} {}", args.join(" ")),
        status: status.unwrap_or(-1),
        lines: Vec::new(),
        err: std::fs::read_to_string(&err).unwrap_or_default(),
    }
    .ends(3)?;
    must(
        text(&output.error(), "code") == "WITHDRAWN",
        "the consumer is told that the contract was withdrawn",
        output.error(),
    )?;
    receipt(federation, step, &contract, came, all)?;
    let again = federation.stage.run(Some(OPERATOR), &args)?.ends(3)?;
    must(
        again.lines.is_empty(),
        "no row comes any more",
        again.lines.len(),
    )?;
    step.figure("refused_after", text(&again.error(), "code"));
    Ok(())
}

/// Records of both parties.
fn receipt(
    federation: &DemoFederation<'_>,
    step: &mut StepReport,
    contract: &str,
    came: i64,
    all: i64,
) -> Result<(), ExpectationError> {
    let log = federation.does("munster", &["audit", "list", "--last", "1000"])?;
    let withdrawn = log.lines.iter().find(|record| {
        text(record, "type") == "withdraw" && text(body(record), "contract") == contract
    });
    let closed = log.lines.iter().rev().find(|record| {
        text(record, "type") == "close" && text(body(record), "code") == "WITHDRAWN"
    });
    let (Some(withdrawn), Some(closed)) = (withdrawn, closed) else {
        return Err(ExpectationError {
            expected: "the withdrawal and the cut are in the log of Münster".to_owned(),
            came: kinds(&log.lines),
        });
    };
    let sent = whole(body(closed), "rows");
    must(
        sent == came && sent < all,
        format!("what was sent before the withdrawal came, and no row after it: {sent} of {all}"),
        came,
    )?;
    let micros = instant(closed)?.saturating_sub(instant(withdrawn)?);
    must(
        (0..1_000_000).contains(&micros),
        "the stream ends within one second",
        format!("{micros} microseconds"),
    )?;
    let request = text(body(closed), "request_id");
    let received = federation.does(OPERATOR, &["audit", "list", "--last", "1000"])?;
    let received = received.lines.iter().find(|record| {
        text(body(record), "request_id") == request
            && text(body(record), "outcome").starts_with("cut")
    });
    let received = received.map(body).ok_or_else(|| ExpectationError {
        expected: "the receipt for the part delivered is in the consumer's log".to_owned(),
        came: "it is not".to_owned(),
    })?;
    for member in ["rows", "bytes", "result_digest"] {
        must(
            text(received, member) == text(body(closed), member),
            format!("both sides hold the same {member}"),
            text(received, member),
        )?;
    }
    let millis = f64::from(u32::try_from(micros).unwrap_or(u32::MAX)) / 1000.0;
    step.say(
        DemoSpeaker("Officer of Münster"),
        &format!(
            "Bus operator 42 is fetching {all} rows; I withdraw contract {} in the middle of it.\n\
             From the record of the withdrawal to the end of the stream: {millis:.1} ms; rows after it: 0",
            short(contract)
        ),
    );
    step.say(
        DemoSpeaker("Bus operator 42"),
        &format!(
            "{came} rows had left and came; both logs hold the receipt {} for exactly these:\n\
             {} bytes, digest {}",
            short(&text(received, "receipt")),
            text(received, "bytes"),
            text(received, "result_digest")
                .chars()
                .take(23)
                .collect::<String>()
        ),
    );
    step.figure("rows_held", all);
    step.figure("rows_received", came);
    step.figure("rows_after", came - sent);
    step.figure("milliseconds", millis);
    step.figure("bytes", whole(received, "bytes"));
    step.figure("receipt", text(received, "receipt"));
    Ok(())
}

fn body(record: &Value) -> &Value {
    record.get("body").unwrap_or(&Value::Null)
}

fn instant(record: &Value) -> Result<i64, ExpectationError> {
    let at = text(record, "t");
    at.parse::<UtcTimestamp>()
        .map(UtcTimestamp::micros)
        .map_err(|_| ExpectationError {
            expected: "a record has its time".to_owned(),
            came: at,
        })
}

fn kinds(records: &[Value]) -> String {
    let kinds: Vec<String> = records.iter().map(|record| text(record, "type")).collect();
    kinds.join(", ")
}
