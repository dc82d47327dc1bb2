//! Pages of the own datasets.

use crate::cli::connector_command::ConnectorCommand;
use crate::cli::shell_word::quote_word;
use crate::console::guarded_look::{issue_look_key, use_look};
use crate::console::person_visit::{PermittedPerson, PersonVisit, read_object};
use crate::dataset::arguments::{DatasetCommand, DatasetListArgs};
use hansa_console::{
    DatasetListView, DatasetLook, DatasetLooks, DatasetReport, DatasetRow, DatasetSample,
    DatasetView, ROWS_PER_PAGE, StatedFault, render_dataset, render_datasets,
};
use hansa_node::config::person::Role;
use hansa_node::console::look::GuardedContent;
use hansa_node::process::blocking_work::run_blocking;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_transport::ConsoleResponse;

/// Roles that read the own datasets.
const READERS: &[Role] = &[Role::Officer];

/// Word of these pages in records.
const PAGE: &str = "datasets";

/// Rows of a sample.
const SAMPLE_ROWS: usize = 10;

/// List of the own datasets.
pub(super) async fn show_datasets(visit: &PersonVisit<'_>) -> Result<ConsoleResponse, Refusal> {
    let permitted = visit.permit(READERS, PAGE).await?;
    let args = DatasetListArgs {
        text: visit.given_parameter("text"),
        after: visit.given_parameter("after"),
        // One more shows whether another page follows.
        limit: Some(ROWS_PER_PAGE + 1),
    };
    let shown = list_command(&args);
    let command = ConnectorCommand::Dataset(DatasetCommand::List(args));
    let mut rows: Vec<DatasetRow> = permitted.read_rows(command).await?;
    let has_more = rows.len() > ROWS_PER_PAGE;
    rows.truncate(ROWS_PER_PAGE);
    let after = rows.last().filter(|_| has_more);
    let view = DatasetListView {
        after: after.map(|row| row.dataset.clone()),
        rows,
        text: visit.parameter("text").to_owned(),
    };
    Ok(visit.show_page(shown, |frame| render_datasets(frame, &view)))
}

/// One own dataset.
pub(super) async fn show_dataset(
    visit: &PersonVisit<'_>,
    name: &str,
) -> Result<ConsoleResponse, Refusal> {
    let permitted = visit.permit(READERS, PAGE).await?;
    check_name(name)?;
    let report = read_report(visit, &permitted, name).await?;
    show_with_looks(visit, &permitted, name, report, None).await
}

/// Shows rows or values of a dataset about persons, after the look at them is recorded.
pub(super) async fn submit_dataset_look(
    visit: &PersonVisit<'_>,
    name: &str,
) -> Result<ConsoleResponse, Refusal> {
    let permitted = visit.permit(READERS, PAGE).await?;
    check_name(name)?;
    let content = match visit.form_value("content") {
        DatasetLook::SAMPLE => GuardedContent::Sample,
        DatasetLook::PROFILE => GuardedContent::Profile,
        _ => {
            let sentence = "the form shows no content of a dataset";
            return Err(Refusal::new(ErrorCode::UsageWrong, sentence));
        }
    };
    let report = read_report(visit, &permitted, name).await?;
    let recorded = use_look(visit, content, name, name).await?;
    let look = match content {
        GuardedContent::Profile => DatasetLook::Profile(recorded.record()),
        _ => DatasetLook::Sample(recorded.record()),
    };
    show_with_looks(visit, &permitted, name, report, Some(look)).await
}

async fn read_report(
    visit: &PersonVisit<'_>,
    permitted: &PermittedPerson<'_>,
    name: &str,
) -> Result<DatasetReport, Refusal> {
    let command = ConnectorCommand::Dataset(DatasetCommand::Show {
        name: name.to_owned(),
        language: Some(visit.language().tag().to_owned()),
    });
    permitted.read_one(command).await.map_err(to_missing_page)
}

async fn show_with_looks(
    visit: &PersonVisit<'_>,
    permitted: &PermittedPerson<'_>,
    name: &str,
    report: DatasetReport,
    look: Option<DatasetLook>,
) -> Result<ConsoleResponse, Refusal> {
    let sample = read_sample(permitted, name, &report, look).await;
    let language = visit.language().tag();
    let mut shown = format!("hansa dataset show {name} --language {language}");
    shown.push_str(&match look {
        Some(DatasetLook::Sample(_)) => {
            format!("\nhansa dataset sample {name} --rows {SAMPLE_ROWS}")
        }
        Some(DatasetLook::Profile(_)) | None => {
            format!("\nhansa dataset sample {name} --rows {SAMPLE_ROWS} --unless-personal")
        }
    });
    let looks = report.is_about_persons().then(|| {
        let issue_key = |content| issue_look_key(visit, content, name);
        DatasetLooks {
            sample_key: issue_key(GuardedContent::Sample),
            profile_key: issue_key(GuardedContent::Profile),
            shown: look,
        }
    });
    let lists = visit.connector.reloadable.published_lists();
    let (report, outlines) = run_blocking(move || {
        let outlines = report.find_outlines(&lists);
        Ok((report, outlines))
    })
    .await?;
    let view = DatasetView {
        name: name.to_owned(),
        report,
        sample,
        looks,
        outlines,
    };
    Ok(visit.show_page(shown, |frame| render_dataset(frame, &view)))
}

/// First rows of the source. A source that can't be read takes nothing from the rest of the page.
async fn read_sample(
    permitted: &PermittedPerson<'_>,
    name: &str,
    report: &DatasetReport,
    look: Option<DatasetLook>,
) -> DatasetSample {
    if !report.in_place.is_empty() {
        return DatasetSample::InPlace;
    }
    let is_recorded = matches!(look, Some(DatasetLook::Sample(_)));
    if report.is_about_persons() && !is_recorded {
        return DatasetSample::Personal;
    }
    let command = ConnectorCommand::Dataset(DatasetCommand::Sample {
        name: name.to_owned(),
        rows: SAMPLE_ROWS,
        unless_personal: !is_recorded,
    });
    let read = permitted.read_objects(command).await;
    let rows = read.and_then(|objects| objects.into_iter().map(read_object).collect());
    match rows {
        Ok(rows) => DatasetSample::Rows(rows),
        Err(refusal) => DatasetSample::Fault(StatedFault {
            code: refusal.code.to_string(),
            sentence: refusal.sentence,
        }),
    }
}

/// Checks that a segment of the address can be the name of a dataset.
pub(super) fn check_name(name: &str) -> Result<(), Refusal> {
    let named: Result<SqlIdentifier, _> = name.parse();
    named.map(|_| ()).map_err(|fault| {
        let sentence = "this is no name of a dataset";
        Refusal::new(ErrorCode::DatasetUnknown, sentence).caused_by(fault)
    })
}

/// Refusal of a page about a dataset that is not published: such a dataset has no page.
pub(super) fn to_missing_page(refusal: Refusal) -> Refusal {
    match refusal.code {
        ErrorCode::DatasetNotPublished => Refusal::new(ErrorCode::DatasetUnknown, refusal.sentence),
        _ => refusal,
    }
}

/// Command line of a page of the list.
fn list_command(args: &DatasetListArgs) -> String {
    let mut line = format!("hansa dataset list --limit {ROWS_PER_PAGE}");
    for (option, value) in [("--text", &args.text), ("--after", &args.after)] {
        if let Some(value) = value {
            line.push_str(&format!(" {option} {}", quote_word(value)));
        }
    }
    line
}
