//! Samples of prohibitions, for the tests that no term is forgotten.

use super::{ProhibitedAction, ProhibitedPart, ProhibitionCondition, ProhibitionTerm};
use crate::term::Term;

/// One sample of each kind of prohibition.
pub(in crate::term) fn prohibition_samples() -> Vec<Term> {
    let parsed = |text: &str| crate::row_filter::parse_row_filter(text).ok();
    let (from, until) = ("2026-08-01T00:00:00Z", "2026-09-01T00:00:00Z");
    let all = [
        ProhibitionTerm {
            action: ProhibitedAction::Use,
            part: None,
            condition: ProhibitionCondition {
                purpose: "dpv:Marketing".parse().ok().map(|one| vec![one]),
                from: from.parse().ok(),
                until: until.parse().ok(),
                hours: "Mo-Fr 06:00-20:00 Europe/Berlin".parse().ok(),
                networks: "10.20.0.0/16".parse().ok().map(|one| vec![one]),
            },
        },
        ProhibitionTerm {
            action: ProhibitedAction::Use,
            part: parsed("site = 'C'").map(ProhibitedPart::Rows),
            condition: ProhibitionCondition::ALWAYS,
        },
        ProhibitionTerm {
            action: ProhibitedAction::Query,
            part: Some(ProhibitedPart::Columns(
                vec!["device_id", "note"]
                    .into_iter()
                    .filter_map(|name| name.parse().ok())
                    .collect(),
            )),
            condition: ProhibitionCondition::ALWAYS,
        },
        ProhibitionTerm {
            action: ProhibitedAction::Aggregate,
            part: None,
            condition: ProhibitionCondition {
                until: until.parse().ok(),
                ..ProhibitionCondition::ALWAYS
            },
        },
    ];
    all.map(Term::from).into()
}
