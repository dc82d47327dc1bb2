//! `hansa dataset sample`: the first rows of a source, before any type.

use crate::admin::CommandResult;
use crate::admin::dataset::{configured, unconfigured};
use crate::admin::event_sink::EventSink;
use crate::cli::output::table;
use crate::participant::Connector;
use crate::process::blocking_work::blocking;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_query::in_place_data::discovery::sample as in_place;
use hansa_query::ingest::{schema_inference, source_files};
use serde_json::{Map, Value, json};
use std::sync::Arc;

pub(super) async fn sample(
    connector: &Arc<Connector>,
    name: &str,
    rows: usize,
    out: &EventSink,
) -> CommandResult {
    let configs = configured(connector)?;
    let config = configs
        .into_iter()
        .find(|config| config.name.as_str() == name)
        .ok_or_else(|| unconfigured(name))?;
    let limits = connector.query_limits();
    let (shown, sample) = blocking(move || {
        if let Some(in_place_config) = &config.source.in_place {
            return in_place::sample(&config, in_place_config, rows, &limits);
        }
        let files = source_files::list(&config.source, &config.folder)?;
        let first = files
            .into_iter()
            .next()
            .ok_or_else(|| Refusal::new(ErrorCode::SourceUnreadable, "the source has no files"))?;
        let sample = schema_inference::sample(&first, &config.source, rows)?;
        Ok((first.display_name, sample))
    })
    .await?;
    let mut cells = Vec::new();
    for (line, fields) in &sample.rows {
        let named: Map<String, Value> = sample
            .names
            .iter()
            .cloned()
            .zip(fields.iter().map(|field| json!(field)))
            .collect();
        out.object(json!({"file": shown, "line": line, "fields": named}), "")
            .await?;
        let mut row = vec![line.to_string()];
        row.extend(fields.iter().map(|field| field.clone().unwrap_or_default()));
        cells.push(row);
    }
    let mut unread = String::new();
    if let Some((file, line, why)) = &sample.unread.first {
        let rows = sample.unread.rows;
        out.object(
            json!({"file": file, "line": line, "unread": rows, "why": why}),
            "",
        )
        .await?;
        unread = format!("\n{}", sample.unread);
    }
    let mut header = vec!["LINE"];
    header.extend(sample.names.iter().map(String::as_str));
    out.text(format!("{shown}\n{}{unread}", table(&header, &cells)))
        .await?;
    Ok(0)
}
