//! Comparison of federated answers with an unmodified engine over one pool, except for rounding. The pool of the other tests uses
//! the product's own functions, which are tested here.

use super::{FederationFixture, run, text};

/// Checks that two rows are equal. Numbers may differ in their last digits.
fn alike(one: &str, other: &str) -> bool {
    let near = |(one, other): (&str, &str)| match (one.parse::<f64>(), other.parse::<f64>()) {
        (Ok(one), Ok(other)) => (one - other).abs() <= 1e-9 * (1.0 + other.abs()),
        _ => one == other,
    };
    let (ones, others) = (one.split('|'), other.split('|'));
    ones.clone().count() == others.clone().count() && ones.zip(others).all(near)
}

#[test]
fn aggregates_are_those_of_an_unmodified_engine() {
    let fixture = FederationFixture::new();
    for sql in [
        "SELECT place, count(*), sum(n), min(n), max(n), count(DISTINCT n) FROM model.trips GROUP BY place ORDER BY place NULLS LAST",
        "SELECT open, sum(x), avg(x), min(x), max(x), avg(n), mean(x) FROM model.trips GROUP BY open ORDER BY open NULLS LAST",
        "SELECT open, var(x), var_pop(n), stddev(x), stddev_pop(n) FROM model.trips GROUP BY open ORDER BY open NULLS LAST",
        "SELECT open, covar_samp(x, n), covar_pop(n, x), corr(x, n) FROM model.trips GROUP BY open ORDER BY open NULLS LAST",
        "SELECT sum(x) FILTER (WHERE open), avg(n) FILTER (WHERE n > 0), var(x) FILTER (WHERE n < 0), \
         max(x) FILTER (WHERE n > 100000), corr(x, n) FILTER (WHERE open) FROM model.trips",
        "SELECT sum(DISTINCT n), avg(DISTINCT x), min(DISTINCT x), max(DISTINCT n), count(DISTINCT place) FROM model.trips",
        "SELECT open, sum(DISTINCT x), avg(DISTINCT n) FROM model.trips GROUP BY open ORDER BY open NULLS LAST",
        "SELECT count(x), sum(x), sum(n), avg(n), min(x), max(n), var(x), stddev_pop(n), corr(x, n) FROM model.trips WHERE n > 100000",
        "SELECT count(x), sum(x), avg(x), min(x), max(x), var_pop(x), stddev(x), covar_pop(x, n) FROM model.trips WHERE x IS NULL",
        "SELECT id, sum(x) OVER (ORDER BY id ROWS BETWEEN 3 PRECEDING AND 1 FOLLOWING) AS s, \
         avg(n) OVER (PARTITION BY place ORDER BY id) AS a, \
         max(x) OVER (PARTITION BY open ORDER BY id ROWS BETWEEN 5 PRECEDING AND CURRENT ROW) AS m, \
         var(x) OVER (ORDER BY id ROWS BETWEEN 4 PRECEDING AND 4 FOLLOWING) AS d FROM model.trips ORDER BY id",
    ] {
        run(async {
            let (federated, _) = fixture
                .ask(sql)
                .await
                .unwrap_or_else(|why| panic!("{sql}: {why}"));
            let pooled = fixture.pooled_unmodified(sql).await;
            let pooled = pooled.unwrap_or_else(|why| panic!("{sql}: {why}"));
            let (federated, pooled) = (text(&federated), text(&pooled));
            assert_eq!(federated.len(), pooled.len(), "{sql}");
            for (one, other) in federated.iter().zip(&pooled) {
                assert!(alike(one, other), "{sql}\n here: {one}\n pool: {other}");
            }
        });
    }
}

#[test]
fn numbers_are_alike_but_for_their_last_digits() {
    assert!(alike("north|0.30000000000000004|NULL", "north|0.3|NULL"));
    assert!(alike("1|2.0", "1|2"));
    for (one, other) in [
        ("1|2", "1|2.001"),
        ("a|1", "b|1"),
        ("1|NULL", "1|0"),
        ("1", "1|1"),
    ] {
        assert!(!alike(one, other), "{one} {other}");
    }
}
