//! How the time stamps of the own heads stand, for people and programs.

use hansa_node::log::time_stamp_progress::TimeStampProgress;
use serde::Serialize;

/// The newest head that has one.
pub(super) fn newest_stamped_head(progress: &TimeStampProgress) -> Option<String> {
    progress.config.as_ref()?;
    let Some(newest) = &progress.newest else {
        return Some("no head has one yet".to_owned());
    };
    let size = newest.size;
    Some(match &newest.stamp {
        Some(stamp) => format!(
            "the head over {size} records existed before {}, according to {}",
            stamp.existed_before, stamp.authority
        ),
        None => format!("the newest is of the head over {size} records"),
    })
}

/// What waits for a person: the authority gives none.
pub(super) fn stamp_failure_notice(progress: &TimeStampProgress) -> Option<String> {
    let fault = progress.fault.as_ref()?;
    let newest = newest_stamped_head(progress).unwrap_or_default();
    Some(format!(
        "{}: {}; {newest}; it is asked again, and questions are answered meanwhile",
        fault.code, fault.sentence
    ))
}

/// Newest time stamp, and what stands in the way of the next one.
#[derive(Debug, Serialize)]
pub(crate) struct TimeStampReport {
    /// Records that its head covers.
    size: Option<u64>,
    existed_before: Option<String>,
    authority: Option<String>,
    code: Option<&'static str>,
    fault: Option<String>,
}

impl TimeStampReport {
    /// The report of a progress. Without a configured authority there is none.
    pub(crate) fn of(progress: &TimeStampProgress) -> Option<Self> {
        progress.config.as_ref()?;
        let newest = progress.newest.as_ref();
        let stamp = newest.and_then(|newest| newest.stamp.as_ref());
        let fault = progress.fault.as_ref();
        Some(Self {
            size: newest.map(|newest| newest.size),
            existed_before: stamp.map(|stamp| stamp.existed_before.to_string()),
            authority: stamp.map(|stamp| stamp.authority.to_string()),
            code: fault.map(|fault| fault.code.as_str()),
            fault: fault.map(|fault| fault.sentence.clone()),
        })
    }
}
