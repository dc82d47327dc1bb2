//! Pages of the own datasets.

use crate::cli::connector_command::ConnectorCommand;
use crate::console::person_visit::{PermittedPerson, PersonVisit, quote_word, read_object};
use crate::dataset::arguments::{DatasetCommand, DatasetListArgs};
use hansa_console::{
    DatasetListView, DatasetReport, DatasetRow, DatasetSample, DatasetView, ROWS_PER_PAGE,
    StatedFault, render_dataset, render_datasets,
};
use hansa_node::config::person::Role;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_transport::ConsoleResponse;

/// Roles that read the own datasets.
const READERS: &[Role] = &[Role::Officer];

/// Rows of a sample.
const SAMPLE_ROWS: usize = 10;

/// List of the own datasets.
pub(super) async fn show_datasets(visit: &PersonVisit<'_>) -> Result<ConsoleResponse, Refusal> {
    let permitted = visit.permit(READERS, "datasets").await?;
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
    let permitted = visit.permit(READERS, "datasets").await?;
    check_name(name)?;
    let language = visit.language().tag();
    let command = ConnectorCommand::Dataset(DatasetCommand::Show {
        name: name.to_owned(),
        language: Some(language.to_owned()),
    });
    let report: DatasetReport = permitted.read_one(command).await.map_err(to_missing_page)?;
    let sample = read_sample(&permitted, name, &report).await;
    let view = DatasetView {
        name: name.to_owned(),
        report,
        sample,
    };
    let shown = format!(
        "hansa dataset show {name} --language {language}\nhansa dataset sample {name} --rows {SAMPLE_ROWS} --unless-personal"
    );
    Ok(visit.show_page(shown, |frame| render_dataset(frame, &view)))
}

/// First rows of the source. A source that can't be read takes nothing from the rest of the page.
async fn read_sample(
    permitted: &PermittedPerson<'_>,
    name: &str,
    report: &DatasetReport,
) -> DatasetSample {
    if report.is_about_persons() {
        return DatasetSample::Personal;
    }
    if !report.in_place.is_empty() {
        return DatasetSample::InPlace;
    }
    let command = ConnectorCommand::Dataset(DatasetCommand::Sample {
        name: name.to_owned(),
        rows: SAMPLE_ROWS,
        unless_personal: true,
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
