//! Words about datasets and offers: periods, sizes, recipients, signatures.

use crate::frame::PageFrame;
use crate::message::message;
use crate::part::text::reveal_controls;
use crate::part::time::render_instant_text;
use hansa_policy::term::language::Language;
use maud::{Markup, html};
use serde::Deserialize;

/// First and last day of a dataset, or its first and last instant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct CoveredPeriod {
    /// First day or instant.
    pub first: String,
    /// Last day or instant.
    pub last: String,
}

/// Reason why a part of a page can't be used, as the connector says it in English.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct StatedFault {
    /// Code of the error.
    pub code: String,
    /// Sentence of the error.
    pub sentence: String,
}

/// Period from its first to its last day or instant.
pub(crate) fn render_period(frame: &PageFrame<'_>, period: &CoveredPeriod) -> Markup {
    html! {
        (render_instant_text(frame, &period.first)) " – " (render_instant_text(frame, &period.last))
    }
}

/// Fault with its code.
pub(crate) fn render_stated_fault(fault: &StatedFault) -> Markup {
    html! {
        strong.fault { (reveal_controls(&fault.code)) }
        " " span lang="en" { (reveal_controls(&fault.sentence)) }
    }
}

/// Size in bytes, rounded up to the unit.
pub(crate) fn describe_size(language: Language, bytes: u64) -> String {
    const KILO: u64 = 1_000;
    const MEGA: u64 = 1_000_000;
    if bytes < 10 * KILO {
        let number = language.format_number(bytes);
        message!(language, "size-bytes", number)
    } else if bytes < 10 * MEGA {
        let number = language.format_number(bytes.div_ceil(KILO));
        message!(language, "size-kilobytes", number)
    } else {
        let number = language.format_number(bytes.div_ceil(MEGA));
        message!(language, "size-megabytes", number)
    }
}

/// Recipients of an offer. A list of participants is shown as it is.
pub(crate) fn audience_word(language: Language, to: &str) -> String {
    match to {
        "league" => message!(language, "audience-league"),
        "public" => message!(language, "audience-public"),
        other => reveal_controls(other).into_owned(),
    }
}

/// Side that signs for the provider. A word that this crate does not know is shown as it is.
pub(crate) fn signing_word(language: Language, sign: &str) -> String {
    match sign {
        "officer" => message!(language, "signing-officer"),
        "auto" => message!(language, "signing-auto"),
        other => reveal_controls(other).into_owned(),
    }
}

/// Origin of the values. A kind that this crate does not know is shown as it is.
pub(crate) fn origin_word(language: Language, kind: &str) -> String {
    match kind {
        "measured" => message!(language, "origin-measured"),
        "forecast" => message!(language, "origin-forecast"),
        "modelled" => message!(language, "origin-modelled"),
        "estimated" => message!(language, "origin-estimated"),
        other => reveal_controls(other).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_up_to_their_unit() {
        let size = |bytes| describe_size(Language::En, bytes);
        assert_eq!(size(9_999), "9,999 bytes");
        assert_eq!(size(10_001), "11 kB");
        assert_eq!(size(10_000_001), "11 MB");
    }
}
