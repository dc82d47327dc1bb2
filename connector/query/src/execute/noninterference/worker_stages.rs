//! Noninterference with workers: the distribution of stored rows, including hidden ones, must not affect an answer.

use super::dataset_pair::DatasetPair;
use super::{RandomQuery, differing_text, is_same_answer, observe_answer};
use hansa_test_support::property_cases::{number, seed};
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::sync::atomic::Ordering;

/// Two datasets with one view, and the view alone, give equal answers with each number of workers, and without workers.
#[test]
fn however_rows_are_dealt_an_answer_is_a_function_of_the_view() {
    let (cases, seed) = (
        number("HANSA_PROPERTY_CASES", 60).div_ceil(3),
        seed("HANSA_PROPERTY_SEED"),
    );
    let mut exchanged = 0;
    for seed in (0..cases).map(|case| seed.wrapping_add(case)) {
        exchanged += run_case(seed).unwrap_or_else(|what| panic!("seed {seed}: {what}"));
    }
    eprintln!("{exchanged} messages exchanged");
    assert!(
        u64::try_from(exchanged).unwrap() >= cases,
        "only {exchanged} messages were exchanged"
    );
}

fn run_case(seed: u64) -> Result<usize, String> {
    let mut random = StdRng::seed_from_u64(seed);
    let pair = DatasetPair::generate(&mut random).with_workers(3);
    let (one, other) = (pair.city(false), pair.city(true));
    let mut alone = pair.city(false);
    alone.workers = Some(0);
    let mut bare = pair.view_city();
    bare.workers = Some(2);
    // The choice of the larger dataset must not be visible either.
    let mut small = pair.city(true);
    small.at_least = u64::MAX;
    let shown = pair.shown_columns();
    let mut questions: Vec<String> = (0..3)
        .map(|_| {
            RandomQuery::generate(&mut random, &shown, true, false)
                .text()
                .to_owned()
        })
        .collect();
    questions.push(format_grouped_query(&shown, seed));
    for text in [
        "SELECT a.g, count(*), sum(b.k) FROM d a JOIN d b ON a.k = b.k GROUP BY a.g",
        "SELECT DISTINCT g FROM d LIMIT 2",
        "SELECT g, max(k) m FROM d GROUP BY g ORDER BY m DESC LIMIT 1",
    ] {
        questions.push(text.to_owned());
    }
    for sql in questions {
        let first = observe_answer(&one, &sql);
        for (who, city) in [
            ("D′", &other),
            ("alone", &alone),
            ("view", &bare),
            ("small", &small),
        ] {
            let seen = observe_answer(city, &sql);
            // The arms of a union run in parallel.
            let ordered = !sql.contains(" UNION ");
            if !is_same_answer(&first, &seen, ordered) {
                let (first, seen) = (differing_text(&first, &seen), differing_text(&seen, &first));
                return Err(format!("{pair:?}\n{sql}\n D: {first}\n {who}: {seen}"));
            }
        }
    }
    Ok([one, other, bare]
        .iter()
        .map(|city| city.exchanged.load(Ordering::Relaxed))
        .sum())
}

/// Question with every aggregate that workers can merge, over all shown columns, with a grouping key of another type for each seed.
fn format_grouped_query(shown: &[&str], seed: u64) -> String {
    let keys = ["g", "s", "b", "v", "k", "f"];
    let key = keys[usize::try_from(seed).unwrap() % keys.len()];
    let has = |column: &str| shown.contains(&column);
    let mut values = vec!["count(*)".to_owned()];
    for column in ["k", "v", "m"].into_iter().filter(|column| has(column)) {
        values.push(format!(
            "count({column}), min({column}), max({column}), avg({column})"
        ));
    }
    if has("f") {
        values.push("sum(f), avg(f), sum(f) FILTER (WHERE f > 0)".to_owned());
    }
    if has("b") {
        values.push("bool_and(b), bool_or(b)".to_owned());
    }
    let values = values.join(", ");
    if has(key) {
        format!("SELECT {key}, {values} FROM d GROUP BY {key}")
    } else {
        format!("SELECT {values} FROM d")
    }
}
