//! `[audit] time_stamp`: the authority outside the league that time-stamps log heads.

use crate::config::reader::ConfigSection;
use crate::config::unit::parse_duration;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// `[audit] time_stamp`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeStampConfig {
    /// Address of the authority.
    pub(crate) url: String,
    /// Files with the trusted certificates above the authority's certificate.
    pub trust: Vec<PathBuf>,
    /// Interval between time stamps. An unchanged head is not stamped again.
    pub(crate) every: Duration,
}

/// Reads the section. Returns `None` if no authority is configured.
pub(super) fn read_time_stamp_config(
    section: ConfigSection<'_>,
    folder: &Path,
) -> Option<TimeStampConfig> {
    let url = match section.is_present() {
        true => section.required_text("url"),
        false => section.text("url"),
    };
    let trust = section.texts("trust");
    let every = section
        .parse_with("every", parse_duration, "a time such as 1h")
        .unwrap_or(Duration::from_secs(3600));
    if let Some(url) = &url
        && !url.starts_with("http://")
        && !url.starts_with("https://")
    {
        section.report_problem(
            "url",
            "the address of the authority begins with http:// or https://",
        );
    }
    if url.is_some() && trust.as_ref().is_none_or(Vec::is_empty) {
        section.report_problem(
            "trust",
            "a token counts by the certificate above its authority: name the file",
        );
    }
    if every.is_zero() {
        section.report_problem("every", "the time between two time stamps is 1s at least");
    }
    section.finish();
    Some(TimeStampConfig {
        url: url?,
        trust: trust?.into_iter().map(|file| folder.join(file)).collect(),
        every,
    })
}
