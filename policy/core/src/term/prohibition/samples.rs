//! Samples of prohibitions, for the checks that no term is forgotten.

use super::{Act, Part, Prohibition, When};
use crate::term::Term;

/// One of each kind of prohibition.
pub(in crate::term) fn samples() -> Vec<Term> {
    let parsed = |text: &str| crate::row_filter::parse(text).ok();
    let (from, until) = ("2026-08-01T00:00:00Z", "2026-09-01T00:00:00Z");
    let all = [
        Prohibition {
            act: Act::Use,
            part: None,
            when: When {
                purpose: "dpv:Marketing".parse().ok().map(|one| vec![one]),
                from: from.parse().ok(),
                until: until.parse().ok(),
                hours: "Mo-Fr 06:00-20:00 Europe/Berlin".parse().ok(),
                networks: "10.20.0.0/16".parse().ok().map(|one| vec![one]),
            },
        },
        Prohibition {
            act: Act::Use,
            part: parsed("site = 'C'").map(Part::Rows),
            when: When::ALWAYS,
        },
        Prohibition {
            act: Act::Query,
            part: Some(Part::Columns(
                vec!["device_id", "note"]
                    .into_iter()
                    .filter_map(|name| name.parse().ok())
                    .collect(),
            )),
            when: When::ALWAYS,
        },
        Prohibition {
            act: Act::Aggregate,
            part: None,
            when: When {
                until: until.parse().ok(),
                ..When::ALWAYS
            },
        },
    ];
    all.map(Term::from).into()
}
