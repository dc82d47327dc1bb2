//! `hansa dataset add`: an entry of the configuration for a file that nobody has described yet.

use crate::desk::config::reload_quietly;
use crate::desk::out::Out;
use crate::desk::{Manner, Outcome, blocking};
use crate::node::Node;
use engine::source::look::{self, About};
use serde_json::json;
use std::path::PathBuf;
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
    let entry = blocking(move || {
        let shown = path.strip_prefix(&folder).unwrap_or(&path);
        look::entry(&path, &shown.display().to_string(), &about)
    })
    .await?;
    let text = if config.text.ends_with('\n') {
        format!("{}\n{}", config.text, entry.text)
    } else {
        format!("{}\n\n{}", config.text, entry.text)
    };
    if !manner.dry_run {
        let file = config.file.clone();
        blocking(move || crate::local::write(&file, text.as_bytes())).await?;
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
