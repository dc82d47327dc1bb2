//! Step 2: the officer of Lisbon, and two contracts on data that is not open.

use crate::draft_review;
use crate::federation::{DemoFederation, FIRM, OPERATOR, short, text, whole};
use crate::step_report::{DemoSpeaker, ExpectationError, StepReport, must, table};
use serde_json::{Value, json};

/// Signs two contracts, shows their terms on a page, and checks that each consumer gets the data of its contract.
pub(super) fn play(
    federation: &DemoFederation<'_>,
    step: &mut StepReport,
) -> Result<(), ExpectationError> {
    let firm = federation.agree(FIRM, "lisbon", "validations")?;
    let operator = federation.agree(OPERATOR, "lisbon", "validations")?;
    must(firm != operator, "there are two contracts", &firm)?;
    for (who, participant, id) in [
        (DemoSpeaker("Officer of Lisbon, to the firm"), FIRM, &firm),
        (
            DemoSpeaker("Officer of Lisbon, to the operator"),
            OPERATOR,
            &operator,
        ),
    ] {
        let page = page(federation, id)?;
        step.say(who, &page);
        step.figure(&format!("contract_{participant}"), short(id));
    }
    municipalities(federation, step, &firm)?;
    let held = federation.does(
        "lisbon",
        &["sql", "SELECT operator_id, count(*) AS n, sum(validations) AS v FROM lisbon.validations GROUP BY operator_id ORDER BY 1"],
    )?;
    let (held, _) = held.rows()?;
    let own = federation.asks(
        OPERATOR,
        "SELECT count(*) AS n, sum(validations) AS v FROM lisbon.validations",
    )?;
    let (own, _) = own.rows()?;
    let own = own.first().copied().unwrap_or(&Value::Null);
    let theirs = held.iter().find(|row| text(row, "operator_id") == "42");
    let theirs = theirs.copied().unwrap_or(&Value::Null);
    must(
        whole(own, "n") > 0 && whole(own, "n") == whole(theirs, "n"),
        format!("the operator sees its own {} rows", whole(theirs, "n")),
        format!("it sees {}", whole(own, "n")),
    )?;
    must(
        whole(own, "v") == whole(theirs, "v"),
        format!("with {} validations", whole(theirs, "v")),
        format!("with {}", whole(own, "v")),
    )?;
    let all: i64 = held.iter().map(|row| whole(row, "n")).sum();
    let rows: Vec<Vec<String>> = held
        .iter()
        .map(|row| {
            let same = text(row, "operator_id") == "42";
            vec![
                text(row, "operator_id"),
                text(row, "n"),
                if same {
                    text(own, "n")
                } else {
                    "does not exist".to_owned()
                },
            ]
        })
        .collect();
    step.say(
        DemoSpeaker("Bus operator 42"),
        &format!(
            "the contract says \"own rows only\", and who I am is said by my certificate:\n{}",
            table(&["OPERATOR", "ROWS AT LISBON", "ROWS FOR ME"], &rows)
        ),
    );
    step.figure("rows_held", all);
    step.figure("rows_of_operator", whole(own, "n"));
    step.figure("operators", json!(held.len()));
    draft_review::play(federation, step, &firm)
}

/// Checks the firm's result: days of municipalities, without municipalities with few stops.
fn municipalities(
    federation: &DemoFederation<'_>,
    step: &mut StepReport,
    contract: &str,
) -> Result<(), ExpectationError> {
    let least = federation.threshold(FIRM, contract)?;
    let held = federation.does(
        "lisbon",
        &[
            "sql",
            "SELECT municipality, local_date, sum(validations) AS v, count(DISTINCT stop_id) AS stops \
             FROM lisbon.validations GROUP BY municipality, local_date ORDER BY 4, 1, 2",
        ],
    )?;
    let (held, _) = held.rows()?;
    let got = federation.asks(
        FIRM,
        "SELECT municipality, local_date, sum(validations) AS v FROM lisbon.validations GROUP BY municipality, local_date",
    )?;
    let (got, _) = got.rows()?;
    let mut lines = Vec::new();
    let mut absent = 0_usize;
    for row in &held {
        let day = |row: &Value| (text(row, "municipality"), text(row, "local_date"));
        let seen = got.iter().find(|other| day(other) == day(row));
        let seen = seen.map(|row| whole(row, "v"));
        let small = whole(row, "stops") < least;
        must(
            seen == (!small).then(|| whole(row, "v")),
            format!(
                "{:?} of {} stops, least {least}",
                day(row),
                whole(row, "stops")
            ),
            format!("{seen:?}"),
        )?;
        absent += usize::from(small);
        if small || lines.len() == absent {
            lines.push(vec![
                text(row, "municipality"),
                text(row, "local_date"),
                text(row, "stops"),
                text(row, "v"),
                seen.map_or_else(|| "absent".to_owned(), |v| v.to_string()),
            ]);
        }
    }
    must(absent > 0, "some days have too few stops", "none has")?;
    must(
        got.len() + absent == held.len(),
        "nothing else is missing",
        got.len(),
    )?;
    step.say(
        DemoSpeaker("Officer of Lisbon"),
        &format!(
            "of {} days of municipalities the firm gets {}; those of fewer than {least} stops do not exist for it\n{}",
            held.len(),
            got.len(),
            table(
                &["MUNICIPALITY", "DAY", "STOPS", "LISBON HOLDS", "THE FIRM GETS"],
                &lines
            )
        ),
    );
    step.figure("days_held", held.len());
    step.figure("days_received", got.len());
    Ok(())
}

/// Contract page of Lisbon, with both signatures verified.
fn page(federation: &DemoFederation<'_>, id: &str) -> Result<String, ExpectationError> {
    let output = federation.does("lisbon", &["contract", "show", id])?;
    let shown = output.with("contract")?;
    let list = |member: &str| {
        let list = shown.get(member).and_then(Value::as_array);
        list.cloned().unwrap_or_default()
    };
    let signatures = list("signatures");
    let valid = signatures
        .iter()
        .filter(|signature| signature.get("valid") == Some(&Value::Bool(true)))
        .count();
    must(
        valid == 2 && signatures.len() == 2,
        "both signatures are valid",
        format!("{valid} of {}", signatures.len()),
    )?;
    let mut page = format!("contract {}", short(id));
    for term in list("terms") {
        let kept = if term.get("enforced") == Some(&Value::Bool(true)) {
            "enforced"
        } else {
            "recorded"
        };
        page.push_str(&format!(
            "\n  {:<5} {kept}  {}",
            text(&term, "clause"),
            text(&term, "text")
        ));
    }
    for signature in &signatures {
        page.push_str(&format!(
            "\n  signed by the {} with {} key {}: valid",
            text(signature, "role"),
            text(signature, "algorithm"),
            short(&text(signature, "key"))
        ));
    }
    Ok(page)
}
