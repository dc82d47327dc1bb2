//! `[notice]`: how the own people are told that a contract ends.

use crate::config::reader::ConfigSection;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::path::{Path, PathBuf};

/// `[notice]`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct NoticeConfig {
    /// A folder for one file a notice.
    pub(crate) folder: Option<PathBuf>,
    /// An address that takes JSON.
    pub(crate) webhook: Option<String>,
    /// A command that sends the letter on its standard input.
    pub(crate) mail: Option<Vec<String>>,
}

/// Reads it.
pub(super) fn read(
    mut section: ConfigSection<'_, '_>,
    folder: &Path,
    faults: &mut Vec<Refusal>,
) -> NoticeConfig {
    let files = section.text("folder", faults);
    let webhook = section.text_at("webhook", faults);
    if let Some((url, line)) = &webhook
        && !url.starts_with("https://")
        && !url.starts_with("http://")
    {
        faults.push(section.problem(
            ErrorCode::ConfigInvalid,
            "`notice.webhook` is an address that begins with https:// or http://".to_owned(),
            *line,
            "webhook",
        ));
    }
    let mail = section.texts("mail", faults);
    section.finish(faults);
    NoticeConfig {
        folder: files.map(|files| folder.join(files)),
        webhook: webhook.map(|(url, _)| url),
        mail: mail.filter(|command| !command.is_empty()),
    }
}
