//! `hansa audit export`: records as a table, or as a bundle that can be checked anywhere.

mod papers;
mod table;

use crate::cli::verb::audit::AuditFilter;
use crate::desk::audit::{filter, head, tell_expired};
use crate::desk::out::Out;
use crate::desk::{Outcome, blocking};
use crate::node::Node;
use hansa_audit_log::note::SignedHead;
use hansa_audit_store::export;
use hansa_policy::refusal::{Code, Refusal};
use serde_json::json;
use std::ffi::OsStr;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Writes the records to `output`; its ending decides how.
pub(super) async fn write(
    node: &Arc<Node>,
    output: PathBuf,
    filter: AuditFilter,
    out: &Out,
) -> Outcome {
    tell_expired(node, out).await;
    let head = head(node).await?;
    let (inner, path) = (Arc::clone(node), output.clone());
    let count = blocking(move || write_records(&inner, &path, &filter, &head)).await?;
    let shown = output.display();
    let mut text = format!("{count} records written to {shown}");
    if Form::of(&output) == Form::Bundle {
        text.push_str(&format!(
            "\njudge them anywhere, without configuration: hansa-verify check {shown}"
        ));
    }
    out.object(json!({"file": output, "records": count}), text)
        .await?;
    Ok(0)
}

/// Writes the whole log as tiles into the folder `output`.
pub(super) async fn tiles(
    node: &Arc<Node>,
    output: PathBuf,
    filter: AuditFilter,
    out: &Out,
) -> Outcome {
    if filter != AuditFilter::default() {
        return Err(Refusal::new(
            Code::UsageWrong,
            "tiles hold the whole log, not a part of it",
        )
        .with_help("leave the filters away, or write a bundle")
        .into());
    }
    let head = head(node).await?;
    let (inner, path) = (Arc::clone(node), output.clone());
    let count = blocking(move || hansa_audit_store::tiles::write(&inner.log, &head, &path)).await?;
    let text = format!(
        "{count} records written to {} as tiles; `checkpoint` is the signed head, `key` the key",
        output.display()
    );
    out.object(json!({"file": output, "records": count}), text)
        .await?;
    Ok(0)
}

/// What an export is for.
#[derive(Debug, PartialEq, Eq)]
enum Form {
    Csv,
    Parquet,
    Bundle,
}

impl Form {
    fn of(path: &Path) -> Self {
        match path.extension().and_then(OsStr::to_str) {
            Some("csv") => Self::Csv,
            Some("parquet") => Self::Parquet,
            Some(_) | None => Self::Bundle,
        }
    }
}

fn write_records(
    node: &Node,
    path: &Path,
    filter: &AuditFilter,
    head: &SignedHead,
) -> Result<u64, Refusal> {
    if filter.last.is_some() {
        return Err(Refusal::new(
            Code::UsageWrong,
            "an export holds all records that the other filters let through",
        )
        .with_help("leave --last away, or choose with --from and --to"));
    }
    let choice = filter::choice(node, filter)?;
    let file = File::create(path).map_err(|fault| hansa_files::unwritable(path, &fault))?;
    let mut file = BufWriter::new(file);
    let mut chooser = choice.chooser();
    let records = node
        .log
        .read(0)
        .filter(|record| record.as_ref().map_or(true, |record| chooser.takes(record)));
    match Form::of(path) {
        Form::Csv => export::csv(records, &mut file),
        Form::Parquet => table::write(records, file, path),
        Form::Bundle => {
            let papers = papers::Kept::of(node)?;
            export::bundle(&node.log, head, &choice, &papers, &mut file)
        }
    }
}
