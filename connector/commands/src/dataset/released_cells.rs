//! What was released of a dataset, for its owner.

use crate::cli::output::render_table;
use hansa_query::snapshot::released_cells::ReleaseOutcome;
use serde::Serialize;

/// Release of a dataset.
#[derive(Debug, Serialize)]
pub(crate) struct ReleaseReport<'a> {
    at: &'a str,
    snapshot: &'a str,
    /// Cube of its cells.
    cells: &'a str,
    by: &'a str,
    correction: bool,
    until: &'a str,
    published: u64,
    withheld: u64,
    rows: u64,
    rows_withheld: u64,
    digest: &'a str,
    epsilon: Option<&'a str>,
    unit: Option<&'a str>,
}

impl<'a> ReleaseReport<'a> {
    /// The report of an outcome.
    pub(crate) fn of(fact: &'a ReleaseOutcome) -> Self {
        Self {
            at: &fact.at,
            snapshot: &fact.snapshot,
            cells: &fact.shape,
            by: &fact.by,
            correction: fact.correction,
            until: &fact.until,
            published: fact.cells,
            withheld: fact.withheld,
            rows: fact.rows,
            rows_withheld: fact.rows_withheld,
            digest: &fact.digest,
            epsilon: fact.epsilon.as_deref(),
            unit: fact.unit.as_deref(),
        }
    }
}

/// The releases for people, the newest first; nothing where there are none.
pub(crate) fn releases_text(facts: &[ReleaseOutcome]) -> String {
    if facts.is_empty() {
        return String::new();
    }
    let rows: Vec<Vec<String>> = facts
        .iter()
        .rev()
        .take(MOST)
        .map(|fact| {
            vec![
                fact.at.chars().take(19).collect(),
                fact.snapshot.clone(),
                if fact.correction {
                    "corrected"
                } else {
                    "released"
                }
                .to_owned(),
                fact.until.clone(),
                fact.by.clone(),
                fact.cells.to_string(),
                fact.withheld.to_string(),
                format_share(fact.rows_withheld, fact.rows),
                match (&fact.epsilon, &fact.unit) {
                    (Some(epsilon), Some(unit)) => format!("{epsilon} of {unit}"),
                    _ => String::new(),
                },
            ]
        })
        .collect();
    let header = [
        "AT",
        "SNAPSHOT",
        "WHAT",
        "UNTIL",
        "BY",
        "CELLS",
        "WITHHELD",
        "ROWS WITHHELD",
        "EPSILON SPENT",
    ];
    let mut text = format!(
        "\nreleases (seen by you alone)\n{}",
        render_table(&header, &rows)
    );
    if facts.len() > MOST {
        text.push_str(&format!(
            "and {} earlier; --json shows all\n",
            facts.len().saturating_sub(MOST)
        ));
    }
    text
}

/// A share in per cent with one decimal, rounded up: a little that is withheld is not told as nothing.
fn format_share(part: u64, of: u64) -> String {
    let mills = u128::from(part)
        .saturating_mul(1000)
        .div_ceil(u128::from(of.max(1)));
    format!("{}.{} %", mills / 10, mills % 10)
}

const MOST: usize = 20;

#[cfg(test)]
mod tests {
    use crate::dataset::released_cells::format_share;

    #[test]
    fn shares() {
        assert_eq!(format_share(0, 0), "0.0 %");
        assert_eq!(format_share(1, 100_000), "0.1 %");
        assert_eq!(format_share(1, 8), "12.5 %");
        assert_eq!(format_share(8, 8), "100.0 %");
    }
}
