//! From clauses to a file and back.

use super::*;
use crate::samples;
use crate::samples::random_policy::{SplitMixRandom, random_clauses};
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};

#[test]
fn clauses_survive_the_way_to_text_and_back() {
    let whole = r#"title = "All of it, \"quoted\" and \\"
purpose = ["mobility-research", "dpv:PublicBenefit"]
valid = { from = 2026-01-01, until = 2027-12-31 }
columns = ["site", "at", "bikes", "lon", "lat", "local_date"]
rows = "site IN ('A', 'it''s') AND NOT (bikes IS NULL)"
area = { box = [7.5, 51.90, 7.75, 52] }
mask = { lon = "null", lat = { constant = 0.50 } }
coarsen = { seen_at = { to = "quarter-hour", zone = "UTC" } }
aggregate = { by = ["site", "at"], functions = ["count", "sum"], measures = ["bikes"], min_contributors = 5, bucket = "month" }
queries_per_hour = 1
queries_per_day = 2
queries_per_week = { max = 9, zone = "UTC" }
rows_per_week = 3
bytes_per_30_days = "64 KiB"
bytes_per_day = 17
result_rows = 100
duties = ["attribution", { attribution = "Another \n text" }, "delete-after 1 day"]
prohibit = ["distribute", { purpose = ["dpv:Marketing"], networks = "10.20.0.0/16", rows = "site = 'C'" }, "sell", "derive", { columns = ["bikes"] }]
"#;
    let draft = read(whole);
    assert!(draft.clauses.len() > 20);
    let written = to_text(&draft.title, &draft.clauses);
    assert_eq!(written.unsupported, []);
    let again = read(&written.text);
    assert_eq!(again.clauses, draft.clauses, "{}", written.text);
    assert_eq!(again.title, draft.title);
    assert_eq!(
        (again.not_before, again.not_after),
        (draft.not_before, draft.not_after)
    );
}

#[test]
fn what_the_format_cannot_say_is_named() {
    let clauses = samples::sample_clauses();
    let written = to_text("All samples", &clauses);
    let left: Vec<&Term> = clauses
        .iter()
        .filter(|clause| written.unsupported.contains(&clause.id))
        .map(|clause| &clause.term)
        .collect();
    // What the format says once, for the second time.
    for term in &left {
        let said = clauses.iter().any(|clause| {
            !written.unsupported.contains(&clause.id)
                && clause.term.spec().operand == term.spec().operand
        });
        assert!(said, "{term:?}");
    }
    assert_eq!(left.len(), 25);
    for id in &written.unsupported {
        let comment = format!("# can't be said in this format: {id} ");
        assert!(written.text.contains(&comment));
    }
}

/// Policies of fresh seeds: what a file says is read as it was, and written again as the same bytes.
#[test]
fn random_policies_survive_the_way_to_text_and_back() {
    let fresh = RandomState::new().build_hasher().finish() >> 32;
    let first = std::env::var("HANSA_PROPERTY_SEED").map_or(fresh, |seed| seed.parse().unwrap());
    let mut whole = 0;
    for seed in first..first + 1000 {
        let clauses = random_clauses(&mut SplitMixRandom(seed));
        let written = to_text("Random", &clauses);
        let context = format!("again with HANSA_PROPERTY_SEED={seed}\n{}", written.text);
        let said: Vec<&Term> = clauses
            .iter()
            .filter(|clause| !written.unsupported.contains(&clause.id))
            .map(|clause| &clause.term)
            .collect();
        let draft = parse_policy(&written.text, FILE, &sample_dataset());
        let draft = draft.unwrap_or_else(|problems| panic!("{context}{problems:?}"));
        let mut read: Vec<&Term> = draft.clauses.iter().map(|clause| &clause.term).collect();
        for term in said {
            let index = read.iter().position(|other| *other == term);
            read.remove(index.unwrap_or_else(|| panic!("{term:?} is lost, {context}")));
        }
        assert_eq!(read, Vec::<&Term>::new(), "{context}");
        let again = to_text(&draft.title, &draft.clauses);
        assert_eq!(again.unsupported, [], "{context}");
        let without_comments = written.text.split("# can't be said").next();
        assert_eq!(without_comments, Some(again.text.as_str()), "{context}");
        whole += usize::from(written.unsupported.is_empty());
    }
    assert!(whole > 900, "only {whole} of 1000 could be said whole");
}
