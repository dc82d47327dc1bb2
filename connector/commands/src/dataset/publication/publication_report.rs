//! Dataset after its publication, with what was read and what could not be.

use crate::cli::command_report::CommandReport;
use hansa_catalog::dataset::Dataset;
use hansa_node::dataset::publication::PublicationOutcome;
use hansa_policy::id::{ContractId, SqlIdentifier};
use hansa_policy::refusal::Refusal;
use hansa_query::ingest::ingest_counts::UnreadableValues;
use hansa_query::publication::report::PublicationReport;
use serde::Serialize;
use std::collections::BTreeMap;

/// Dataset that was published, or would be.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum PublishedDataset<'a> {
    /// Its version is the one before.
    Unchanged(UnchangedDataset<'a>),
    /// It has a new version.
    New(NewDatasetVersion<'a>),
}

/// Dataset whose version is the one before.
#[derive(Debug, Serialize)]
pub(super) struct UnchangedDataset<'a> {
    dataset: &'a SqlIdentifier,
    changed: bool,
    version: &'a str,
    rows: u64,
}

/// New version of a dataset.
#[derive(Debug, Serialize)]
pub(super) struct NewDatasetVersion<'a> {
    #[serde(flatten)]
    counts: SourceCounts<'a>,
    dataset: &'a SqlIdentifier,
    changed: bool,
    dry_run: bool,
    version: &'a str,
    /// Contracts that the new schema breaks.
    breaks: Vec<ContractId>,
    /// Damage of the snapshot before.
    #[serde(skip_serializing_if = "Option::is_none")]
    repairs: Option<&'a str>,
    #[serde(skip)]
    report: &'a PublicationReport,
    #[serde(skip)]
    damage: Option<&'a Refusal>,
}

/// Numbers of files, of rows, and of values that could not be read.
#[derive(Debug, Serialize)]
struct SourceCounts<'a> {
    files: usize,
    files_read: usize,
    source_rows: u64,
    rows: u64,
    rows_before: Option<u64>,
    /// Rows of the newest segment of a feed.
    arrived: Option<u64>,
    bad_rows: u64,
    bad: Vec<UnreadableColumn<'a>>,
    met: &'a BTreeMap<String, u64>,
    ambiguous_times: u64,
    missing_times: u64,
    schema_changes: &'a [String],
}

/// Column with the values that could not be read.
#[derive(Debug, Serialize)]
struct UnreadableColumn<'a> {
    column: &'a str,
    #[serde(flatten)]
    values: &'a UnreadableValues,
}

impl<'a> PublishedDataset<'a> {
    /// The report of a publication.
    pub(super) fn of(published: &'a PublicationOutcome) -> Self {
        match published {
            PublicationOutcome::Unchanged { entry, .. } => {
                Self::Unchanged(UnchangedDataset::of(entry))
            }
            PublicationOutcome::New {
                entry,
                report,
                breaks,
                dry,
                repairs,
                ..
            } => Self::New(NewDatasetVersion {
                counts: SourceCounts::of(report),
                dataset: &entry.id.name,
                changed: true,
                dry_run: *dry,
                version: &entry.version,
                breaks: breaks.iter().map(|broken| broken.contract).collect(),
                repairs: repairs.as_ref().map(|damage| damage.sentence.as_str()),
                report,
                damage: repairs.as_deref(),
            }),
        }
    }
}

impl<'a> UnchangedDataset<'a> {
    fn of(entry: &'a Dataset) -> Self {
        Self {
            dataset: &entry.id.name,
            changed: false,
            version: &entry.version,
            rows: entry.rows,
        }
    }
}

impl<'a> SourceCounts<'a> {
    fn of(report: &'a PublicationReport) -> Self {
        let counts = &report.counts;
        let bad = counts.bad.iter();
        Self {
            files: report.files,
            files_read: report.files_read,
            source_rows: counts.rows,
            rows: report.rows,
            rows_before: report.rows_before,
            arrived: report.arrived,
            bad_rows: counts.bad_rows,
            bad: bad
                .map(|(column, values)| UnreadableColumn { column, values })
                .collect(),
            met: &counts.met,
            ambiguous_times: counts.ambiguous.values().sum(),
            missing_times: counts.gaps.values().sum(),
            schema_changes: &report.schema_changes,
        }
    }
}

impl CommandReport for PublishedDataset<'_> {
    fn to_text(&self) -> String {
        match self {
            Self::Unchanged(unchanged) => unchanged.to_text(),
            Self::New(new) => new.to_text(),
        }
    }
}

impl CommandReport for UnchangedDataset<'_> {
    fn to_text(&self) -> String {
        format!(
            "{} is unchanged: version {}, {} rows",
            self.dataset, self.version, self.rows
        )
    }
}

impl CommandReport for NewDatasetVersion<'_> {
    fn to_text(&self) -> String {
        let report = self.report;
        let mut text = format!(
            "{} {}: version {}, {} rows of {} files ({} read anew)",
            self.dataset,
            if self.dry_run {
                "would be published"
            } else {
                "is published"
            },
            self.version,
            report.rows,
            report.files,
            report.files_read
        );
        if let Some(arrived) = report.arrived {
            text.push_str(&format!(
                "\n  came      {arrived} rows, the newest segment of the feed"
            ));
        }
        text.push_str(&counted_text(report));
        if let Some(damage) = self.damage {
            text.push_str(&format!("\n  repairs   {}", damage.sentence));
            for help in damage.help.iter().filter(|help| help.contains("affected")) {
                text.push_str(&format!("\n            {help}"));
            }
        }
        for change in &report.schema_changes {
            text.push_str(&format!("\n  schema    {change}"));
        }
        for contract in &self.breaks {
            text.push_str(&format!(
                "\n  breaks    contract {} was made for the schema before",
                contract.to_short_text()
            ));
        }
        text
    }
}

fn counted_text(report: &PublicationReport) -> String {
    let mut text = String::new();
    for (column, bad) in &report.counts.bad {
        text.push_str(&format!(
            "\n  unread    {} values of {column} could not be read",
            bad.count
        ));
        for sample in &bad.samples {
            text.push_str(&format!(
                "\n            {}:{}: `{}`: {}",
                sample.file, sample.line, sample.text, sample.why
            ));
        }
    }
    for (what, count) in &report.counts.met {
        text.push_str(&format!("\n  met       {count} times: {what}"));
    }
    for (column, count) in &report.counts.ambiguous {
        text.push_str(&format!(
            "\n  times     {count} local times of {column} occur twice"
        ));
    }
    for (column, count) in &report.counts.gaps {
        text.push_str(&format!(
            "\n  times     {count} local times of {column} do not exist"
        ));
    }
    text
}
