//! Step 2: the officer of Lisbon, and two contracts on data that is not open.

use crate::draft_review;
use crate::federation::{
    DemoFederation, FIRM, OPERATOR, member_integer, member_text, short_identity,
};
use crate::step_report::{
    DemoSpeaker, ExpectationError, StepReport, check_expectation, indented_table,
};
use serde_json::{Value, json};

/// Signs two contracts, shows their terms on a page, and checks that each consumer gets the data of its contract.
pub(super) fn run_officer_step(
    federation: &DemoFederation<'_>,
    step: &mut StepReport,
) -> Result<(), ExpectationError> {
    let firm = federation.make_contract(FIRM, "lisbon", "validations")?;
    let operator = federation.make_contract(OPERATOR, "lisbon", "validations")?;
    check_expectation(firm != operator, "there are two contracts", &firm)?;
    for (who, participant, id) in [
        (DemoSpeaker("Officer of Lisbon, to the firm"), FIRM, &firm),
        (
            DemoSpeaker("Officer of Lisbon, to the operator"),
            OPERATOR,
            &operator,
        ),
    ] {
        let page = read_contract_page(federation, id)?;
        step.print_spoken_line(who, &page);
        step.store_figure(&format!("contract_{participant}"), short_identity(id));
    }
    check_municipalities(federation, step, &firm)?;
    let held = federation.run_command(
        "lisbon",
        &["sql", "SELECT operator_id, count(*) AS n, sum(validations) AS v FROM lisbon.validations GROUP BY operator_id ORDER BY 1"],
    )?;
    let (held, _) = held.answer_rows()?;
    let own = federation.ask_question(
        OPERATOR,
        "SELECT count(*) AS n, sum(validations) AS v FROM lisbon.validations",
    )?;
    let (own, _) = own.answer_rows()?;
    let own = own.first().copied().unwrap_or(&Value::Null);
    let theirs = held
        .iter()
        .find(|row| member_text(row, "operator_id") == "42");
    let theirs = theirs.copied().unwrap_or(&Value::Null);
    check_expectation(
        member_integer(own, "n") > 0 && member_integer(own, "n") == member_integer(theirs, "n"),
        format!(
            "the operator sees its own {} rows",
            member_integer(theirs, "n")
        ),
        format!("it sees {}", member_integer(own, "n")),
    )?;
    check_expectation(
        member_integer(own, "v") == member_integer(theirs, "v"),
        format!("with {} validations", member_integer(theirs, "v")),
        format!("with {}", member_integer(own, "v")),
    )?;
    let all: i64 = held.iter().map(|row| member_integer(row, "n")).sum();
    let rows: Vec<Vec<String>> = held
        .iter()
        .map(|row| {
            let same = member_text(row, "operator_id") == "42";
            vec![
                member_text(row, "operator_id"),
                member_text(row, "n"),
                if same {
                    member_text(own, "n")
                } else {
                    "does not exist".to_owned()
                },
            ]
        })
        .collect();
    step.print_spoken_line(
        DemoSpeaker("Bus operator 42"),
        &format!(
            "the contract says \"own rows only\", and who I am is said by my certificate:\n{}",
            indented_table(&["OPERATOR", "ROWS AT LISBON", "ROWS FOR ME"], &rows)
        ),
    );
    step.store_figure("rows_held", all);
    step.store_figure("rows_of_operator", member_integer(own, "n"));
    step.store_figure("operators", json!(held.len()));
    draft_review::run_draft_review_step(federation, step, &firm)
}

/// Checks the firm's result: days of municipalities, without municipalities with few stops.
fn check_municipalities(
    federation: &DemoFederation<'_>,
    step: &mut StepReport,
    contract: &str,
) -> Result<(), ExpectationError> {
    let least = federation.read_group_threshold(FIRM, contract)?;
    let held = federation.run_command(
        "lisbon",
        &[
            "sql",
            "SELECT municipality, local_date, sum(validations) AS v, count(DISTINCT stop_id) AS stops \
             FROM lisbon.validations GROUP BY municipality, local_date ORDER BY 4, 1, 2",
        ],
    )?;
    let (held, _) = held.answer_rows()?;
    let got = federation.ask_question(
        FIRM,
        "SELECT municipality, local_date, sum(validations) AS v FROM lisbon.validations GROUP BY municipality, local_date",
    )?;
    let (got, _) = got.answer_rows()?;
    let mut lines = Vec::new();
    let mut absent = 0_usize;
    for row in &held {
        let day = |row: &Value| {
            (
                member_text(row, "municipality"),
                member_text(row, "local_date"),
            )
        };
        let seen = got.iter().find(|other| day(other) == day(row));
        let seen = seen.map(|row| member_integer(row, "v"));
        let small = member_integer(row, "stops") < least;
        check_expectation(
            seen == (!small).then(|| member_integer(row, "v")),
            format!(
                "{:?} of {} stops, least {least}",
                day(row),
                member_integer(row, "stops")
            ),
            format!("{seen:?}"),
        )?;
        absent += usize::from(small);
        if small || lines.len() == absent {
            lines.push(vec![
                member_text(row, "municipality"),
                member_text(row, "local_date"),
                member_text(row, "stops"),
                member_text(row, "v"),
                seen.map_or_else(|| "absent".to_owned(), |v| v.to_string()),
            ]);
        }
    }
    check_expectation(absent > 0, "some days have too few stops", "none has")?;
    check_expectation(
        got.len() + absent == held.len(),
        "nothing else is missing",
        got.len(),
    )?;
    step.print_spoken_line(
        DemoSpeaker("Officer of Lisbon"),
        &format!(
            "of {} days of municipalities the firm gets {}; those of fewer than {least} stops do not exist for it\n{}",
            held.len(),
            got.len(),
            indented_table(
                &["MUNICIPALITY", "DAY", "STOPS", "LISBON HOLDS", "THE FIRM GETS"],
                &lines
            )
        ),
    );
    step.store_figure("days_held", held.len());
    step.store_figure("days_received", got.len());
    Ok(())
}

/// Contract page of Lisbon, with both signatures verified.
fn read_contract_page(
    federation: &DemoFederation<'_>,
    id: &str,
) -> Result<String, ExpectationError> {
    let output = federation.run_command("lisbon", &["contract", "show", id])?;
    let shown = output.object_with_member("contract")?;
    let list = |member: &str| {
        let list = shown.get(member).and_then(Value::as_array);
        list.cloned().unwrap_or_default()
    };
    let signatures = list("signatures");
    let valid = signatures
        .iter()
        .filter(|signature| signature.get("valid") == Some(&Value::Bool(true)))
        .count();
    check_expectation(
        valid == 2 && signatures.len() == 2,
        "both signatures are valid",
        format!("{valid} of {}", signatures.len()),
    )?;
    let mut page = format!("contract {}", short_identity(id));
    for term in list("terms") {
        let kept = if term.get("enforced") == Some(&Value::Bool(true)) {
            "enforced"
        } else {
            "recorded"
        };
        page.push_str(&format!(
            "\n  {:<5} {kept}  {}",
            member_text(&term, "clause"),
            member_text(&term, "text")
        ));
    }
    for signature in &signatures {
        page.push_str(&format!(
            "\n  signed by the {} with {} key {}: valid",
            member_text(signature, "role"),
            member_text(signature, "algorithm"),
            short_identity(&member_text(signature, "key"))
        ));
    }
    Ok(page)
}
