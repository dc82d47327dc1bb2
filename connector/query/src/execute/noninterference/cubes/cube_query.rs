//! Random questions over cells.

use super::*;

pub(super) fn random_question(random: &mut StdRng, cubes: &CubeCase) -> String {
    let hours = cubes.hours;
    let unit = if hours == 1 {
        *["hour", "day", "week", "month", "year"]
            .choose(random)
            .unwrap()
    } else {
        *["day", "week", "month", "quarter"].choose(random).unwrap()
    };
    let group = match random.random_range(0..4) {
        0 => "district".to_owned(),
        1 => format!("date_trunc('{unit}', at)"),
        2 => format!("district, date_trunc('{unit}', at)"),
        _ => String::new(),
    };
    let aggregate = |random: &mut StdRng| {
        if matches!(cubes.made, CellDerivation::Rounded(_)) {
            return "count(*)".to_owned();
        }
        if cubes.can_permit_variance() && random.random_bool(0.3) {
            return (*SPREADS.choose(random).unwrap()).to_owned();
        }
        (*[
            "count(*)",
            "count(fare)",
            "sum(fare)",
            "avg(fare)",
            "sum(duration)",
            "avg(duration)",
            "count(duration)",
        ]
        .choose(random)
        .unwrap())
        .to_owned()
    };
    let (a, b) = (aggregate(random), aggregate(random));
    let edge = START + random.random_range(0..72) / hours * hours * HOUR;
    let edge = edge.div_euclid(hours * HOUR) * hours * HOUR;
    let edge = hansa_audit_log::time::UtcTimestamp::from_micros(edge).unwrap();
    let filter = match random.random_range(0..8) {
        0 => " WHERE district = 'A'".to_owned(),
        1 => " WHERE district IN ('A', 'B', 'Z')".to_owned(),
        2 => format!(" WHERE at >= TIMESTAMP '{edge}'"),
        3 => format!(" WHERE at < '{edge}' AND district <> 'C'"),
        4 => format!(" WHERE date_trunc('{unit}', at) >= TIMESTAMP '{edge}'"),
        5 => " WHERE NOT (district = 'A' OR district = 'B')".to_owned(),
        _ => String::new(),
    };
    let alias = if random.random_bool(0.3) { " t" } else { "" };
    let block = if group.is_empty() {
        format!("SELECT {a} a, {b} b FROM trips{alias}{filter}")
    } else {
        format!("SELECT {group}, {a} a, {b} b FROM trips{alias}{filter} GROUP BY {group}")
    };
    match random.random_range(0..6) {
        0 if !group.is_empty() => format!("{block} HAVING count(*) > 2"),
        1 => format!("SELECT sum(a), max(b) FROM ({block}) x"),
        2 => format!("{block} UNION ALL {block}"),
        3 => format!("SELECT x.a, y.b FROM ({block}) x JOIN ({block}) y ON x.a = y.a"),
        _ => block,
    }
}

/// Converts a question over cells to one over rows with the visible values. Where squares are visible another column holds the
/// values; a value that no cell shows is not counted as 0.
pub(super) fn over_rows(sql: &str) -> String {
    let sql = SPREADS.into_iter().fold(sql.to_owned(), |sql, spread| {
        let apart = spread.replace(')', "_apart)");
        sql.replace(spread, &apart)
    });
    COUNTS.into_iter().fold(sql, |sql, count| {
        sql.replace(count, &format!("nullif({count}, 0)"))
    })
}

const SPREADS: [&str; 3] = ["var(fare)", "stddev(duration)", "var_pop(duration)"];

const COUNTS: [&str; 3] = ["count(*)", "count(fare)", "count(duration)"];
