//! `hansa audit export`: records as a table, or as a bundle that can be checked anywhere.

use crate::cli::verb::audit::AuditFilter;
use crate::desk::audit::{filter, head};
use crate::desk::contract::find;
use crate::desk::out::Out;
use crate::desk::{Outcome, blocking};
use crate::node::Node;
use ::policy::refusal::{Code, Refusal};
use evidence::note::SignedHead;
use keep::audit::export;
use serde_json::json;
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
    let head = head(node).await?;
    let (inner, path) = (Arc::clone(node), output.clone());
    let count = blocking(move || write_records(&inner, &path, filter, &head)).await?;
    let shown = output.display();
    out.object(
        json!({"file": output, "records": count}),
        format!(
            "{count} records written to {shown}\ncheck them anywhere, without configuration: hansa audit verify {shown}"
        ),
    )
    .await?;
    Ok(0)
}

fn write_records(
    node: &Node,
    path: &Path,
    filter: AuditFilter,
    head: &SignedHead,
) -> Result<u64, Refusal> {
    let open = || -> Result<BufWriter<File>, Refusal> {
        let file = File::create(path).map_err(|fault| keep::files::unwritable(path, &fault))?;
        Ok(BufWriter::new(file))
    };
    if path.extension().is_some_and(|ending| ending == "csv") {
        let all = AuditFilter {
            last: usize::MAX,
            ..filter
        };
        let records = filter::chosen(node, &all)?;
        return export::csv(records.into_iter().map(Ok), &mut open()?);
    }
    let AuditFilter {
        participant: None,
        dataset: None,
        from: None,
        to: None,
        outcome: None,
        contract,
        last: _,
    } = &filter
    else {
        return Err(Refusal::new(
            Code::UsageWrong,
            "a bundle holds the whole log or what concerns one contract",
        )
        .with_help("name a file that ends in .csv, or no filter but --contract"));
    };
    let contract = match contract {
        None => None,
        Some(named) => Some(find::held(node, named)?.to_string()),
    };
    export::bundle(&node.log, head, contract.as_deref(), &mut open()?)
}
