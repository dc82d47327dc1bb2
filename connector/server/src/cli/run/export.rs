//! `hansa contract export --output`, `hansa policy clone`: what comes back as a file goes where the person said.

use crate::cli::Global;
use crate::cli::run::connector::Connector;
use crate::cli::show::Show;
use crate::cli::verb::DeskVerb;
use crate::desk::out::Event;
use crate::local;
use hansa_policy::refusal::Refusal;
use serde_json::Value;
use std::path::Path;

/// Takes the file out of the answer and writes it.
pub(super) async fn save(
    connector: &Connector,
    verb: DeskVerb,
    file: &Path,
    global: &Global,
    show: Show,
) -> Result<u8, Refusal> {
    let (mut events, _work) = connector.begin(verb, global);
    while let Some(event) = events.recv().await {
        match event {
            Event::Object { data, .. } | Event::Document { data, .. } => {
                if let Some(text) = data.get("file").and_then(Value::as_str) {
                    local::write(file, text.as_bytes())?;
                    show.note(&format!("written to {}", file.display()));
                }
            }
            Event::Failed(refusal) => return Err(refusal),
            Event::Done(status) => return Ok(status),
            _ => {}
        }
    }
    Ok(1)
}
