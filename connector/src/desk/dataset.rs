//! `hansa dataset`: the own datasets.

use crate::cli::show::table;
use crate::cli::verb::dataset::DatasetVerb;
use crate::desk::out::Out;
use crate::desk::{Manner, Outcome, blocking};
use crate::node::Node;
use crate::walk::publish::{self, Published};
use ::catalog::dataset::Dataset;
use ::policy::id::Name;
use ::policy::refusal::{Code, Refusal};
use engine::publish::Report;
use engine::source::config::DatasetConfig;
use engine::source::{files, look};
use serde_json::{Value, json};
use std::sync::Arc;

/// Carries out one of the verbs.
pub(crate) async fn run(node: &Arc<Node>, verb: DatasetVerb, manner: Manner, out: &Out) -> Outcome {
    match verb {
        DatasetVerb::List => list(node, out).await,
        DatasetVerb::Show { name } => show(node, &name, out).await,
        DatasetVerb::Sample { name, rows } => sample(node, &name, rows, out).await,
        DatasetVerb::Add {
            file,
            name,
            title,
            licence,
        } => {
            let about = About {
                name,
                title,
                licence,
            };
            add(node, &file, about, manner, out).await
        }
        DatasetVerb::Publish { names } => publish_all(node, names, manner, out).await,
        DatasetVerb::Withdraw { name, snapshot } => {
            withdraw(node, &name, snapshot.as_deref(), out).await
        }
    }
}

fn first(problems: Vec<Refusal>) -> Refusal {
    let mut problems = problems.into_iter();
    let first = problems
        .next()
        .unwrap_or_else(|| Refusal::new(Code::ConfigInvalid, "the configuration is wrong"));
    problems.fold(first, |first, other| {
        let place = other.place.as_ref().map_or_else(String::new, |place| {
            let line = place
                .line
                .map(|line| format!(":{line}"))
                .unwrap_or_default();
            format!("{}{line}: ", place.file)
        });
        first.with_help(format!("also {place}{other}"))
    })
}

fn configured(node: &Node) -> Result<Vec<DatasetConfig>, Refusal> {
    publish::configured(node).map_err(first)
}

async fn list(node: &Arc<Node>, out: &Out) -> Outcome {
    let mut rows = Vec::new();
    let configs = configured(node)?;
    let published: Vec<Dataset> = node.catalog(|catalog| catalog.datasets().cloned().collect());
    for config in &configs {
        let entry = published.iter().find(|entry| entry.id.name == config.name);
        out.object(
            json!({
                "dataset": config.name.as_str(),
                "title": config.title,
                "published": entry.is_some(),
                "version": entry.map(|entry| entry.version.clone()),
                "rows": entry.map(|entry| entry.rows),
                "licence": entry.map(|entry| entry.licence.clone()),
                "model": entry.and_then(|entry| entry.model.clone()),
            }),
            "",
        )
        .await?;
        rows.push(vec![
            config.name.to_string(),
            entry.map_or_else(|| "not published".to_owned(), |entry| entry.version.clone()),
            entry.map_or_else(String::new, |entry| entry.rows.to_string()),
            config.title.clone(),
        ]);
    }
    let text = table(&["DATASET", "VERSION", "ROWS", "TITLE"], &rows);
    out.text(text).await?;
    Ok(0)
}

fn known(node: &Node, name: &str) -> Result<Dataset, Refusal> {
    let unknown = || {
        Refusal::new(
            Code::DatasetNotPublished,
            format!("no dataset `{name}` is published here"),
        )
    };
    let name: Name = name.parse().map_err(|_| unknown())?;
    node.catalog(|catalog| catalog.dataset(&name).cloned())
        .ok_or_else(unknown)
}

async fn show(node: &Arc<Node>, name: &str, out: &Out) -> Outcome {
    let dataset = known(node, name)?;
    out.object(entry_json(&dataset), entry_text(&dataset))
        .await?;
    Ok(0)
}

/// A catalogue entry as an object.
pub(crate) fn entry_json(dataset: &Dataset) -> Value {
    let bytes = proto::dataset::to_bytes(dataset);
    serde_json::from_slice(&bytes).unwrap_or(Value::Null)
}

/// A catalogue entry as text.
pub(crate) fn entry_text(dataset: &Dataset) -> String {
    let mut text = format!("{}\n  dataset   {}\n", dataset.title, dataset.id);
    let mut fact = |name: &str, value: String| {
        if !value.is_empty() {
            text.push_str(&format!("  {name:<9} {value}\n"));
        }
    };
    fact(
        "version",
        format!("{} ({})", dataset.version, dataset.published_at),
    );
    fact("licence", dataset.licence.clone());
    fact("source", dataset.attribution.clone().unwrap_or_default());
    fact("model", dataset.model.clone().unwrap_or_default());
    fact(
        "rows",
        match dataset.rows {
            0 => String::new(),
            rows => rows.to_string(),
        },
    );
    fact(
        "time",
        dataset
            .time_span
            .map(|(from, to)| format!("{from} to {to}"))
            .unwrap_or_default(),
    );
    fact(
        "area",
        dataset
            .area
            .map(|[west, south, east, north]| format!("{west},{south} to {east},{north}"))
            .unwrap_or_default(),
    );
    fact("zone", dataset.zone.clone());
    fact(
        "grid",
        dataset
            .grid
            .as_ref()
            .map(|grid| grid.id.clone())
            .unwrap_or_default(),
    );
    let rows: Vec<Vec<String>> = dataset
        .columns
        .iter()
        .map(|column| {
            vec![
                column.name.to_string(),
                column.kind.as_str().to_owned(),
                column.unit.clone().unwrap_or_default(),
                [
                    column.meaning.clone(),
                    column.conversion.clone(),
                    column.crs.clone(),
                ]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join("; "),
            ]
        })
        .collect();
    text.push_str(&table(&["COLUMN", "TYPE", "UNIT", "MEANING"], &rows));
    text
}

async fn sample(node: &Arc<Node>, name: &str, rows: usize, out: &Out) -> Outcome {
    let configs = configured(node)?;
    let config = configs
        .into_iter()
        .find(|config| config.name.as_str() == name)
        .ok_or_else(|| unconfigured(name))?;
    let (shown, sample) = blocking(move || {
        let files = files::list(&config.source, &config.folder)?;
        let first = files
            .into_iter()
            .next()
            .ok_or_else(|| Refusal::new(Code::SourceUnreadable, "the source has no files"))?;
        let sample = look::sample(&first.path, &first.shown, &config.source, rows)?;
        Ok((first.shown, sample))
    })
    .await?;
    let mut cells = Vec::new();
    for (line, fields) in &sample.rows {
        let named: serde_json::Map<String, Value> = sample
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
    let mut header = vec!["LINE"];
    header.extend(sample.names.iter().map(String::as_str));
    out.text(format!("{shown}\n{}", table(&header, &cells)))
        .await?;
    Ok(0)
}

async fn add(
    node: &Arc<Node>,
    file: &std::path::Path,
    about: About,
    manner: Manner,
    out: &Out,
) -> Outcome {
    let config = node.config();
    let folder = std::path::absolute(config.folder()).unwrap_or_default();
    let path = file.to_path_buf();
    let shown = path
        .strip_prefix(&folder)
        .unwrap_or(&path)
        .display()
        .to_string();
    let mut entry = blocking(move || look::entry(&path, &shown)).await?;
    let guessed = quoted_after(&entry, "name        = ").unwrap_or_default();
    let name = about.name.unwrap_or_else(|| guessed.clone());
    if let Err(fault) = name.parse::<Name>() {
        return Err(Refusal::new(Code::UsageWrong, format!("`{name}`: {fault}")).into());
    }
    entry = entry.replacen(
        &format!("name        = \"{guessed}\""),
        &format!("name        = \"{name}\""),
        1,
    );
    entry = entry.replacen(
        "title       = \"\"",
        &format!(
            "title       = {}",
            quoted(about.title.as_deref().unwrap_or(&name))
        ),
        1,
    );
    if let Some(licence) = &about.licence {
        entry = entry.replacen(
            "licence     = \"\"",
            &format!("licence     = {}", quoted(licence)),
            1,
        );
    }
    let mut text = config.text.clone();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text.push('\n');
    text.push_str(&entry);
    if !manner.dry_run {
        let file = config.file.clone();
        let bytes = text.into_bytes();
        blocking(move || crate::local::write(&file, &bytes)).await?;
        crate::desk::config::reload_quietly(node)?;
    }
    out.object(
        json!({
            "dataset": name,
            "file": file,
            "config": config.file,
            "entry": entry,
            "written": !manner.dry_run,
        }),
        format!(
            "{}\n{} {}; look at it, correct what was assumed, then: hansa dataset publish {name}",
            entry.trim_end(),
            if manner.dry_run {
                "would be added to"
            } else {
                "added to"
            },
            config.file.display(),
        ),
    )
    .await?;
    Ok(0)
}

/// What a person says of a new dataset.
struct About {
    name: Option<String>,
    title: Option<String>,
    licence: Option<String>,
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// The quoted value that follows a text.
fn quoted_after(text: &str, before: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("{before}\""))?;
    rest.split('"').next().map(str::to_owned)
}

fn unconfigured(name: &str) -> Refusal {
    Refusal::new(
        Code::DatasetNotPublished,
        format!("no dataset `{name}` is configured"),
    )
    .with_help("hansa dataset list shows them; hansa dataset add FILE adds one")
}

async fn publish_all(node: &Arc<Node>, names: Vec<String>, manner: Manner, out: &Out) -> Outcome {
    let configs = configured(node)?;
    for name in &names {
        if !configs.iter().any(|config| config.name.as_str() == name) {
            return Err(unconfigured(name).into());
        }
    }
    let wanted: Vec<DatasetConfig> = configs
        .into_iter()
        .filter(|config| names.is_empty() || names.iter().any(|name| config.name.as_str() == name))
        .collect();
    if wanted.is_empty() {
        return Err(
            Refusal::new(Code::DatasetNotPublished, "no dataset is configured")
                .with_help("hansa dataset add FILE")
                .into(),
        );
    }
    let mut status = 0;
    for config in wanted {
        let (inner, progress, dry) = (Arc::clone(node), out.clone(), manner.dry_run);
        let published = blocking(move || publish::one(&inner, &config, dry, &progress)).await?;
        let (data, text, faults) = told(&published);
        out.object(data, text).await?;
        for fault in faults {
            status = fault.code.kind().exit_code();
            out.notice(crate::cli::show::refusal_text(&fault)).await;
        }
    }
    Ok(status)
}

fn told(published: &Published) -> (Value, String, Vec<Refusal>) {
    match published {
        Published::Unchanged(entry) => (
            json!({
                "dataset": entry.id.name.as_str(),
                "changed": false,
                "version": entry.version,
                "rows": entry.rows,
            }),
            format!(
                "{} is unchanged: version {}, {} rows",
                entry.id.name, entry.version, entry.rows
            ),
            Vec::new(),
        ),
        Published::New {
            entry,
            report,
            breaks,
            dry,
            faults,
        } => {
            let broken: Vec<String> = breaks
                .iter()
                .map(|broken| broken.contract.to_string())
                .collect();
            let mut data = report_json(report);
            if let Value::Object(map) = &mut data {
                map.insert("dataset".to_owned(), json!(entry.id.name.as_str()));
                map.insert("changed".to_owned(), json!(true));
                map.insert("dry_run".to_owned(), json!(dry));
                map.insert("version".to_owned(), json!(entry.version));
                map.insert("breaks".to_owned(), json!(broken));
            }
            let mut text = format!(
                "{} {}: version {}, {} rows of {} files ({} read anew)",
                entry.id.name,
                if *dry {
                    "would be published"
                } else {
                    "is published"
                },
                entry.version,
                report.rows,
                report.files,
                report.files_read
            );
            text.push_str(&counts_text(report));
            for change in &report.schema_changes {
                text.push_str(&format!("\n  schema    {change}"));
            }
            for contract in &broken {
                text.push_str(&format!(
                    "\n  breaks    contract {} was made for the schema before",
                    contract.chars().take(12).collect::<String>()
                ));
            }
            (data, text, faults.clone())
        }
    }
}

fn report_json(report: &Report) -> Value {
    let bad: Vec<Value> = report
        .counts
        .bad
        .iter()
        .map(|(column, bad)| {
            json!({
                "column": column,
                "count": bad.count,
                "samples": bad.samples.iter().map(|sample| json!({
                    "file": sample.file, "line": sample.line, "text": sample.text, "why": sample.why,
                })).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({
        "files": report.files,
        "files_read": report.files_read,
        "source_rows": report.counts.rows,
        "rows": report.rows,
        "rows_before": report.rows_before,
        "bad_rows": report.counts.bad_rows,
        "bad": bad,
        "ambiguous_times": report.counts.ambiguous.values().sum::<u64>(),
        "missing_times": report.counts.gaps.values().sum::<u64>(),
        "schema_changes": report.schema_changes,
    })
}

fn counts_text(report: &Report) -> String {
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

async fn withdraw(node: &Arc<Node>, name: &str, snapshot: Option<&str>, out: &Out) -> Outcome {
    let parsed: Name = name
        .parse()
        .map_err(|fault| Refusal::new(Code::UsageWrong, format!("`{name}`: {fault}")))?;
    let (inner, version) = (Arc::clone(node), snapshot.map(str::to_owned));
    let dataset = blocking(move || publish::withdraw(&inner, &parsed, version.as_deref())).await?;
    out.object(
        json!({"dataset": name, "version": dataset.version, "withdrawn": true}),
        format!(
            "{name} is withdrawn: snapshot {} goes from disk with its last reader, and the log says so",
            dataset.version
        ),
    )
    .await?;
    Ok(0)
}
