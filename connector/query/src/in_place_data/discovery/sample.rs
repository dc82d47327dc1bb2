//! Sample of rows in place for the configuration of a dataset.

use super::{find_in, row_scan};
use crate::dedicated_thread::run_on_dedicated_thread;
use crate::ingest::config::{DatasetConfig, InPlaceConfig};
use crate::ingest::schema_inference::{SourceSample, UnreadableRows};
use crate::limits::QueryResourceLimits;
use arrow_schema::{Field, Schema};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use futures::StreamExt as _;
use hansa_policy::refusal::{ErrorCode, Refusal};

/// Name of the source, and its first `most` rows with the columns that its dataset would have.
///
/// # Errors
/// As [`super::discover_rows`].
pub fn sample_in_place_rows(
    config: &DatasetConfig,
    in_place: &InPlaceConfig,
    most: usize,
    limits: &QueryResourceLimits,
) -> Result<(String, SourceSample), Refusal> {
    run_on_dedicated_thread("looking at a source", limits.time, async || {
        let here = find_in(config, in_place).await?;
        let fields = here
            .columns
            .iter()
            .map(|column| Field::new(column.name.as_str(), column.kind.to_arrow(), true));
        let schema = Schema::new(fields.collect::<Vec<_>>());
        let mut sample = SourceSample {
            names: here
                .columns
                .iter()
                .map(|column| column.name.to_string())
                .collect(),
            rows: Vec::new(),
            unread: UnreadableRows::default(),
        };
        let mut stream = row_scan::scan_rows(&here.location, &schema, limits, Some(most))?;
        while let Some(batch) = stream.next().await {
            let batch = batch.map_err(|error| row_scan::scan_refusal(&error))?;
            let options = FormatOptions::new();
            let columns: Result<Vec<_>, _> = batch
                .columns()
                .iter()
                .map(|column| {
                    ArrayFormatter::try_new(column.as_ref(), &options).map(|text| (column, text))
                })
                .collect();
            let columns = columns
                .map_err(|error| Refusal::new(ErrorCode::SourceUnreadable, error.to_string()))?;
            for row in 0..batch.num_rows() {
                if sample.rows.len() >= most {
                    break;
                }
                let line = u64::try_from(sample.rows.len()).unwrap_or(u64::MAX);
                let fields = columns.iter().map(|(column, text)| {
                    (!column.is_null(row)).then(|| text.value(row).to_string())
                });
                sample.rows.push((line.saturating_add(1), fields.collect()));
            }
            if sample.rows.len() >= most {
                break;
            }
        }
        let shown = here.location.locations().into_iter().next();
        Ok((shown.unwrap_or_default(), sample))
    })
}
