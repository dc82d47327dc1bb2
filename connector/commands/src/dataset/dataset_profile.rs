//! `hansa dataset profile`: counts, extremes and frequent values of the columns of a published snapshot, for its owner.

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::cli::command_report::CommandReport;
use crate::cli::output::render_table;
use crate::dataset::dataset_lookup::find_published_dataset;
use hansa_node::participant::Connector;
use hansa_node::process::blocking_work::run_blocking;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::safe_text::to_printable;
use hansa_query::snapshot_profile::{
    SnapshotProfile, ValueProfile, profile_snapshot, read_profile,
};
use serde::Serialize;
use std::sync::Arc;
use tokio::sync::Mutex;

/// Turn of those who make profiles.
static PROFILING: Mutex<()> = Mutex::const_new(());

pub(super) async fn show_profile(
    connector: &Arc<Connector>,
    name: &str,
    as_kept: bool,
    out: &EventSink,
) -> CommandResult {
    let dataset = find_published_dataset(connector, name)?;
    let holdings = connector.datasets.snapshots.holdings();
    let limits = connector.query_limits();
    let id = dataset.id.clone();
    let work = move || {
        let snapshot = holdings.get(&id).ok_or_else(|| {
            let sentence = "the files of the published snapshot can't be read";
            Refusal::new(ErrorCode::SnapshotDamaged, sentence)
        })?;
        if !as_kept {
            return profile_snapshot(snapshot, &limits);
        }
        read_profile(snapshot).ok_or_else(|| {
            let sentence = "no profile of the published snapshot is kept";
            let help = format!("hansa dataset profile {} makes one", id.name);
            Refusal::new(ErrorCode::UsageWrong, sentence).with_help(help)
        })
    };
    // One at a time: each takes the memory of a question, and two would write one file.
    let _turn = match as_kept {
        true => None,
        false => Some(PROFILING.lock().await),
    };
    let profile = run_blocking(work).await?;
    out.send_report(&ProfileReport {
        dataset: dataset.id.name,
        profile,
    })
    .await?;
    Ok(0)
}

/// Profile of a dataset.
#[derive(Debug, Serialize)]
struct ProfileReport {
    dataset: SqlIdentifier,
    #[serde(flatten)]
    profile: SnapshotProfile,
}

impl CommandReport for ProfileReport {
    fn to_text(&self) -> String {
        let SnapshotProfile {
            version,
            rows,
            duplicates,
            gaps,
            area,
            columns,
            ..
        } = &self.profile;
        let mut text = format!("{} {version}: {rows} rows\n", self.dataset);
        if let Some(duplicates) = duplicates {
            text.push_str(&format!("{duplicates} rows repeat another row\n"));
        }
        if let Some(gaps) = gaps {
            text.push_str(&format!(
                "{} gaps in {}, in which a value usually follows after {} seconds\n",
                gaps.gaps, gaps.column, gaps.usual_seconds
            ));
            if let (Some(from), Some(to)) = (&gaps.longest_from, &gaps.longest_to) {
                text.push_str(&format!("the longest gap is from {from} to {to}\n"));
            }
        }
        if let Some([west, south, east, north]) = area {
            text.push_str(&format!("area {west},{south} to {east},{north}\n"));
        }
        let rows: Vec<Vec<String>> = columns.iter().map(column_cells).collect();
        let header = ["COLUMN", "MISSING", "DISTINCT", "LEAST", "MOST", "FREQUENT"];
        text.push_str(&render_table(&header, &rows));
        text
    }
}

fn column_cells(column: &ValueProfile) -> Vec<String> {
    let printable = |text: &Option<String>| {
        let text = text.as_deref().unwrap_or_default();
        to_printable(text)
    };
    let frequent = column.frequent.iter();
    let frequent: Vec<String> = frequent
        .map(|value| format!("{} ({})", to_printable(&value.value), value.rows))
        .collect();
    vec![
        column.name.clone(),
        column.missing.to_string(),
        format!("about {}", column.distinct),
        printable(&column.least),
        printable(&column.most),
        frequent.join(", "),
    ]
}
