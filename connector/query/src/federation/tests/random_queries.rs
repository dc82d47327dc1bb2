//! Random questions whose federated answers must equal the pooled ones.

use super::FederationFixture;
use hansa_test_support::property_cases::{number, seed};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

#[test]
fn equal_to_the_pool() {
    let fixture = FederationFixture::new();
    let mut chance = StdRng::seed_from_u64(seed("HANSA_PROPERTY_SEED"));
    for _ in 0..number("HANSA_PROPERTY_CASES", 120) {
        fixture.same(&question(&mut chance));
    }
}

fn pick<'a>(chance: &mut StdRng, list: &[&'a str]) -> &'a str {
    list[chance.random_range(0..list.len())]
}

fn table(chance: &mut StdRng) -> &'static str {
    pick(
        chance,
        &[
            "munster.trips",
            "ottawa.trips",
            "ottawa.empty",
            "model.trips",
            "model.trips",
            "(SELECT * FROM munster.trips WHERE n > 0 UNION ALL SELECT * FROM zurich.trips)",
            "(SELECT id, place, n + 1 AS n, x, open, day, ts FROM model.trips WHERE participant <> 'munster.example')",
        ],
    )
}

fn condition(chance: &mut StdRng) -> String {
    let one = pick(
        chance,
        &[
            "n > 10",
            "n % 4 = 1",
            "x < 12.25",
            "open",
            "NOT open",
            "open IS NULL",
            "place LIKE '%o%'",
            "place IN ('north', 'east', '')",
            "place NOT IN ('south', 'west', 'a', 'b', 'c', 'd')",
            "place IS NOT NULL",
            "day = '2023-12-25'",
            "ts >= '2024-01-03T06:00:00Z'",
            "ts < '2024-01-03T06:30:00Z'",
            "date_trunc('week', ts) < '2024-01-15T00:00:00Z'",
            "coalesce(n, 0) + id > 150",
            "character_length(place) = 5",
            "(n IS DISTINCT FROM 7)",
            "CASE WHEN open THEN n ELSE id END > 20",
        ],
    );
    match chance.random_range(0..4) {
        0 => format!("{one} AND {}", condition(chance)),
        1 => format!("({one} OR {})", condition(chance)),
        _ => one.to_owned(),
    }
}

pub(super) fn question(chance: &mut StdRng) -> String {
    let from = format!("{} AS t", table(chance));
    let filter = match chance.random_range(0..3) {
        0 => String::new(),
        _ => format!(" WHERE {}", condition(chance)),
    };
    let key = pick(
        chance,
        &[
            "place",
            "open",
            "n % 3",
            "date_trunc('day', ts)",
            "upper(place)",
            "day",
        ],
    );
    let calls = [
        "count(*)",
        "count(n)",
        "sum(n)",
        "avg(n)",
        "sum(x)",
        "avg(x)",
        "min(place)",
        "max(ts)",
        "count(DISTINCT place)",
        "sum(n) FILTER (WHERE open)",
        "max(n + id)",
        "median(x)",
        "approx_distinct(n)",
        "approx_distinct(place) FILTER (WHERE n <> 3)",
        // The last digit depends on the order of rows, also in the pool.
        "round(stddev(x), 6)",
        "round(var_pop(n + 1), 6)",
        "round(corr(x, n) FILTER (WHERE n <> 3), 6)",
        "round(covar_samp(n, x), 6)",
    ];
    let first = pick(chance, &calls);
    let second = pick(chance, &calls);
    match chance.random_range(0..7) {
        0 => format!("SELECT id, place, x * 2 FROM {from}{filter}"),
        1 => format!("SELECT {first} AS a, {second} AS b FROM {from}{filter}"),
        2 | 3 => format!(
            "SELECT {key} AS k, {first} AS a, {second} AS b FROM {from}{filter} GROUP BY {key}"
        ),
        4 => format!(
            "SELECT {key} AS k, {first} AS a FROM {from}{filter} GROUP BY {key} HAVING count(*) > 3"
        ),
        5 => format!(
            "SELECT id, {key} AS k FROM {from}{filter} ORDER BY k DESC NULLS LAST, id LIMIT {}",
            chance.random_range(1..30)
        ),
        _ => format!(
            "SELECT s.level, {first} AS a FROM {from} \
             JOIN (SELECT level, place AS whither FROM zurich.sites) s ON t.place = s.whither{filter} \
             GROUP BY s.level"
        ),
    }
}
