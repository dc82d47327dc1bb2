//! Step 2, second part: the officer loosens a draft and sees what it would permit before anyone signs.

use crate::federation::{DemoFederation, FIRM, PURPOSE, member_integer, member_text};
use crate::step_report::{DemoSpeaker, ExpectationError, StepReport, check_expectation};
use serde_json::Value;

const DAYS: &str = "SELECT municipality, local_date, sum(validations) AS v FROM validations \
                    GROUP BY municipality, local_date";

/// Lowers the threshold: the change is marked as looser, and the draft is compared with the policy in force.
pub(super) fn run_draft_review_step(
    federation: &DemoFederation<'_>,
    step: &mut StepReport,
    contract: &str,
) -> Result<(), ExpectationError> {
    let least = federation.read_group_threshold(FIRM, contract)?;
    let draft = federation.file_path("lisbon/policies/wider.toml");
    write_loosened_policy(federation, &draft, least)?;
    let path = draft.display().to_string();
    let compared = federation.run_command(
        "lisbon",
        &[
            "policy",
            "diff",
            "municipalities",
            &path,
            "--dataset",
            "validations",
        ],
    )?;
    let compared = compared.object_with_member("verdict")?;
    check_expectation(
        member_text(compared, "verdict") == "looser",
        "the draft is looser",
        member_text(compared, "verdict"),
    )?;
    let mut lines = vec!["the draft lowers the least group: > LOOSER".to_owned()];
    let changes = compared.get("changes").and_then(Value::as_array);
    for change in changes.into_iter().flatten() {
        lines.push(format!(
            "  {} {}\n     -> {}",
            member_text(change, "clause"),
            member_text(change, "old"),
            member_text(change, "new")
        ));
    }
    let who = format!("hansa://{FIRM}.example");
    let simulate = |more: &[&str]| -> Result<i64, ExpectationError> {
        let args = ["simulate", "--as", &who, "--purpose", PURPOSE];
        let seen = federation.run_command("lisbon", &[&args[..], more, &[DAYS]].concat())?;
        Ok(member_integer(
            seen.object_with_member("total_rows")?,
            "total_rows",
        ))
    };
    let records = |federation: &DemoFederation<'_>| -> Result<usize, ExpectationError> {
        let log = federation.run_command("lisbon", &["audit", "list", "--last", "10000"])?;
        Ok(log.lines.len())
    };
    let before = records(federation)?;
    let now = simulate(&["--contract", contract])?;
    let then = simulate(&["--policy", &path, "--dataset", "validations"])?;
    check_expectation(
        then > now,
        format!("it would let out more than {now} groups"),
        then,
    )?;
    check_expectation(
        records(federation)? == before,
        "nothing is recorded, since nothing left",
        "something was",
    )?;
    lines.push(format!(
        "simulated as the firm: today it gets {now} days of municipalities, under the draft it would get {then};\n\
         nothing left the house, nothing was spent, nobody has signed"
    ));
    step.print_spoken_line(DemoSpeaker("Officer of Lisbon"), &lines.join("\n"));
    step.store_figure("groups_today", now);
    step.store_figure("groups_under_the_draft", then);
    step.store_figure("draft", member_text(compared, "verdict"));
    Ok(())
}

/// Writes the policy in force with a tenth of its threshold.
fn write_loosened_policy(
    federation: &DemoFederation<'_>,
    draft: &std::path::Path,
    least: i64,
) -> Result<(), ExpectationError> {
    let unwritten = |why: String| ExpectationError {
        expected: "the draft is written".to_owned(),
        came: why,
    };
    let policy = federation.file_path("lisbon/policies/municipalities.toml");
    let text = hansa_node::process::named_file::read_named_file(&policy)
        .map_err(|refusal| unwritten(refusal.to_string()))?;
    let text = String::from_utf8_lossy(&text).replace(
        &format!("min_contributors = {least}"),
        &format!("min_contributors = {}", (least / 10).max(1)),
    );
    hansa_node::process::named_file::write_named_file(draft, text.as_bytes())
        .map_err(|refusal| unwritten(refusal.to_string()))
}
