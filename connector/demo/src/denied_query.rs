//! Step 4: four refused questions.

use crate::federation::{DemoFederation, FIRM, PURPOSE, member_text, short_identity};
use crate::step_report::{DemoSpeaker, ExpectationError, StepReport, check_expectation};
use serde_json::{Value, json};

/// Question that is refused.
struct DeniedQuery {
    what: &'static str,
    sql: &'static str,
    purpose: &'static str,
    code: &'static str,
    status: i32,
}

const NOES: [DeniedQuery; 4] = [
    DeniedQuery {
        what: "raw rows under an aggregate-only contract",
        sql: "SELECT * FROM lisbon.validations",
        purpose: PURPOSE,
        code: "AGGREGATE_ONLY",
        status: 3,
    },
    DeniedQuery {
        what: "a purpose that was not agreed",
        sql: "SELECT municipality, sum(validations) FROM lisbon.validations GROUP BY municipality",
        purpose: "dpv:Marketing",
        code: "PURPOSE_NOT_COVERED",
        status: 3,
    },
    DeniedQuery {
        what: "a column that may not be seen, even in a WHERE: for the firm it is no column at all",
        sql: "SELECT sum(validations) FROM lisbon.validations WHERE stop_id = '060001'",
        purpose: PURPOSE,
        code: "COLUMN_UNKNOWN",
        status: 2,
    },
    DeniedQuery {
        what: "a filter finer than the grid",
        sql: "SELECT sum(bikes) FROM munster.bike_counts WHERE local_date >= '2020-03-16'",
        purpose: PURPOSE,
        code: "FILTER_NOT_ON_GRID",
        status: 3,
    },
];

/// Checks the code, the clause and the remedy of each refusal.
pub(super) fn run_denied_query_step(
    federation: &DemoFederation<'_>,
    step: &mut StepReport,
) -> Result<(), ExpectationError> {
    let mut reports = Vec::new();
    for no in &NOES {
        let error = expect_refusal(federation, no)?;
        let help: Vec<String> = help_lines(&error);
        check_expectation(
            member_text(&error, "clause").starts_with("#c")
                && !member_text(&error, "contract").is_empty(),
            format!("the refusal of {} names its clause", no.what),
            &error,
        )?;
        check_expectation(!help.is_empty(), "and the remedy", &error)?;
        let mut message = format!(
            "{}\n  {}\nerror[{}]: {}\n  contract  {} clause {}: {}",
            no.what,
            no.sql,
            no.code,
            member_text(&error, "sentence"),
            short_identity(&member_text(&error, "contract")),
            member_text(&error, "clause"),
            member_text(&error, "allowed"),
        );
        for help in &help {
            message.push_str(&format!("\n  help      {help}"));
        }
        step.print_spoken_line(DemoSpeaker("Analyst of Acme Mobility asks for"), &message);
        reports.push(json!({
            "code": no.code,
            "clause": member_text(&error, "clause"),
            "status": no.status,
            "help": help,
        }));
    }
    let hidden = NOES.iter().find(|no| no.code == "COLUMN_UNKNOWN");
    if let Some(hidden) = hidden {
        same_as_never(federation, step, hidden)?;
    }
    step.store_figure("refusals", reports);
    Ok(())
}

/// Checks that a hidden column and a nonexistent one get equal refusals, word for word.
fn same_as_never(
    federation: &DemoFederation<'_>,
    step: &mut StepReport,
    hidden: &DeniedQuery,
) -> Result<(), ExpectationError> {
    let there = expect_refusal(federation, hidden)?.to_string();
    let sql = hidden.sql.replace("stop_id", "moonphase");
    let never = expect_sql_refusal(federation, hidden, &sql)?.to_string();
    check_expectation(
        never.replace("moonphase", "stop_id") == there,
        "a hidden column is told like one that never was",
        &never,
    )?;
    step.print_spoken_line(
        DemoSpeaker("Analyst of Acme Mobility"),
        "and a column that never was, `moonphase`, gets the same answer word for word: nobody learns what is hidden",
    );
    step.store_figure("hidden_like_unknown", true);
    Ok(())
}

fn expect_refusal(
    federation: &DemoFederation<'_>,
    no: &DeniedQuery,
) -> Result<Value, ExpectationError> {
    expect_sql_refusal(federation, no, no.sql)
}

fn expect_sql_refusal(
    federation: &DemoFederation<'_>,
    no: &DeniedQuery,
    sql: &str,
) -> Result<Value, ExpectationError> {
    let args = ["sql", sql, "--purpose", no.purpose];
    let done = federation
        .stage
        .run(Some(FIRM), &args)?
        .expect_status(no.status)?;
    let error = done.reported_error();
    check_expectation(
        member_text(&error, "code") == no.code,
        format!("`{sql}` is refused as {}", no.code),
        &error,
    )?;
    check_expectation(done.lines.is_empty(), "nothing is given", done.lines.len())?;
    Ok(error)
}

fn help_lines(error: &Value) -> Vec<String> {
    let help = error.get("help").and_then(Value::as_array);
    help.into_iter()
        .flatten()
        .filter_map(|help| help.as_str().map(str::to_owned))
        .collect()
}
