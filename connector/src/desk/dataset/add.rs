//! `hansa dataset add`: an entry of the configuration for a file that nobody has described yet.

use crate::desk::config::reload_quietly;
use crate::desk::out::Out;
use crate::desk::{Manner, Outcome, blocking};
use crate::node::Node;
use ::policy::refusal::{Code, Refusal};
use engine::source::look::{self, About};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Looks at the file and writes what was seen and assumed to the end of the configuration.
pub(super) async fn add(
    node: &Arc<Node>,
    file: PathBuf,
    about: About,
    manner: Manner,
    out: &Out,
) -> Outcome {
    let config = node.config();
    let folder = std::path::absolute(config.folder()).unwrap_or_default();
    let path = file.clone();
    let roots = config.source_roots();
    let entry = blocking(move || {
        let shown = path.strip_prefix(&folder).unwrap_or(&path);
        // What could not be published afterwards is not written down.
        roots.admit(&path, &shown.display().to_string())?;
        look::entry(&path, &shown.display().to_string(), &about)
    })
    .await?;
    if !manner.dry_run {
        let (file, text) = (config.file.clone(), entry.text.clone());
        blocking(move || append(&file, &text)).await?;
        reload_quietly(node)?;
    }
    let name = &entry.name;
    out.object(
        json!({
            "dataset": name.as_str(),
            "file": file,
            "config": config.file,
            "entry": entry.text,
            "written": !manner.dry_run,
        }),
        format!(
            "{}\n{} {}; look at it, correct what was assumed, then: hansa dataset publish {name}",
            entry.text.trim_end(),
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

/// Appends an entry to the configuration as it stands on disk, where people may have edited it since it was read.
fn append(file: &Path, entry: &str) -> Result<(), Refusal> {
    let bytes = crate::local::read(file)?;
    let mut text = String::from_utf8(bytes).map_err(|_| {
        Refusal::new(Code::ConfigInvalid, "the configuration is not in UTF-8").with_place(
            file.display().to_string(),
            None,
            None,
        )
    })?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text.push('\n');
    text.push_str(entry);
    keep::files::replace_keeping_readers(file, text.as_bytes())
}
