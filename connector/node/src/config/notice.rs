//! `[notice]`: channels that tell own users about the end of a contract.

use crate::config::reader::ConfigSection;
use hansa_policy::refusal::ErrorCode;
use std::path::{Path, PathBuf};

/// `[notice]`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NoticeConfig {
    /// Folder for one file per notice.
    pub folder: Option<PathBuf>,
    /// Address that receives notices as JSON.
    pub webhook: Option<String>,
    /// Mail command that reads a notice from standard input.
    pub mail: Option<Vec<String>>,
}

/// Reads the section.
pub(super) fn read_notice_config(section: ConfigSection<'_>, folder: &Path) -> NoticeConfig {
    let files = section.text("folder");
    let webhook = section.value("webhook").and_then(|value| {
        let url = value.text()?;
        if !url.starts_with("https://") && !url.starts_with("http://") {
            value.add_problem(
                ErrorCode::ConfigInvalid,
                "`notice.webhook` is an address that begins with https:// or http://",
            );
        }
        Some(url)
    });
    let mail = section.texts("mail");
    section.finish();
    NoticeConfig {
        folder: files.map(|files| folder.join(files)),
        webhook,
        mail: mail.filter(|command| !command.is_empty()),
    }
}
