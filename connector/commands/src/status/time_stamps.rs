//! How the time stamps of the own heads stand, for people and programs.

use hansa_node::log::time_stamp_progress::TimeStampProgress;
use serde_json::{Value, json};

/// The newest head that has one.
pub(super) fn newest(progress: &TimeStampProgress) -> Option<String> {
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
pub(super) fn failing(progress: &TimeStampProgress) -> Option<String> {
    let fault = progress.fault.as_ref()?;
    let newest = newest(progress).unwrap_or_default();
    Some(format!(
        "{}: {}; {newest}; it is asked again, and questions are answered meanwhile",
        fault.code, fault.sentence
    ))
}

/// The same for programs; null where no authority is configured.
pub(super) fn object(progress: &TimeStampProgress) -> Value {
    if progress.config.is_none() {
        return Value::Null;
    }
    let newest = progress.newest.as_ref();
    let stamp = newest.and_then(|newest| newest.stamp.as_ref());
    json!({
        "size": newest.map(|newest| newest.size),
        "existed_before": stamp.map(|stamp| stamp.existed_before.to_string()),
        "authority": stamp.map(|stamp| stamp.authority.as_str()),
        "code": progress.fault.as_ref().map(|fault| fault.code.as_str()),
        "fault": progress.fault.as_ref().map(|fault| fault.sentence.as_str()),
    })
}
