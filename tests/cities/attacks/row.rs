//! Attacks on a contract that shows rows (R), on one that shows everybody their own (T), and with any statement.

mod names;
mod statements;

use crate::attacks::row::names::NAMES;
use crate::attacks::row::statements::STATEMENTS;
use crate::attacks::sql::Expect::{Code, Nothing, OneOf, View, ViewOr};
use crate::attacks::sql::{Case, ROWS, alike, all, one};
use crate::attacks::world::World;
use crate::attacks::{Attack, Verdict};

/// All of them.
pub(crate) fn attacks() -> Vec<Attack<World>> {
    let mut attacks = Vec::from(ATTACKS);
    attacks.extend(NAMES);
    attacks.extend(STATEMENTS);
    attacks
}

pub(super) fn rows(world: &World, cases: &[Case]) -> Verdict {
    all(world, &ROWS, cases)
}

const ATTACKS: [Attack<World>; 15] = [
    Attack {
        number: 1,
        setup: "R",
        name: "asks for everything",
        expected: "= V; no notes, no district B",
        does: |world| {
            rows(
                world,
                &[
                    ("SELECT * FROM {t}", View),
                    ("TABLE {t}", ViewOr("SQL_SYNTAX")),
                    ("FROM {t}", View),
                    ("SELECT t.* FROM {t} AS t", View),
                    ("SELECT count(*) FROM {t}", View),
                    (
                        "SELECT count(*), count(fare), min(fare), max(fare), sum(fare), avg(fare) FROM {t}",
                        View,
                    ),
                    ("SELECT DISTINCT district FROM {t}", View),
                    (
                        "SELECT * FROM {t} WHERE district = 'B' OR district IS NULL",
                        Nothing,
                    ),
                    (
                        "SELECT * FROM {t} WHERE district <> 'A' OR NOT (district = 'A')",
                        Nothing,
                    ),
                    (
                        "WITH x AS (SELECT * FROM {t}) SELECT * FROM x UNION ALL SELECT * FROM x",
                        View,
                    ),
                    (
                        "SELECT * FROM {t} EXCEPT SELECT * FROM {t} WHERE district = 'A'",
                        Nothing,
                    ),
                ],
            )
        },
        lacks: "",
    },
    Attack {
        number: 2,
        setup: "R",
        name: "compares a hidden column with an absent one",
        expected: "both COLUMN_UNKNOWN, same text",
        does: |world| {
            let shapes = [
                "SELECT NAME FROM {t}",
                "SELECT count(*) FROM {t} WHERE NAME IS NULL",
                "SELECT trip_id FROM {t} ORDER BY NAME",
                "SELECT count(*) FROM {t} GROUP BY NAME",
                "SELECT t.NAME FROM {t} t",
                "SELECT count(NAME) FROM {t}",
                "SELECT count(*) FROM {t} a JOIN {t} b ON a.NAME = b.NAME",
                "SELECT (SELECT max(t.NAME) FROM {t} t2) FROM {t} t",
            ];
            for shape in shapes {
                let said = |name: &str| {
                    let told = alike(world, &ROWS, &shape.replace("NAME", name))?;
                    Ok::<_, String>((told.code(), told.said().replace(name, "NAME")))
                };
                let (hidden, absent) = (said("notes")?, said("nopes")?);
                if hidden.0 != "COLUMN_UNKNOWN" || hidden != absent {
                    return Err(format!("{shape}: {hidden:?} is not {absent:?}"));
                }
            }
            Ok(format!("{} statements: COLUMN_UNKNOWN", shapes.len()))
        },
        lacks: "",
    },
    Attack {
        number: 3,
        setup: "R",
        name: "divides by zero where a row is hidden",
        expected: "= V, no error",
        does: |world| {
            rows(
                world,
                &[
                    (
                        "SELECT * FROM {t} WHERE CASE WHEN district = 'B' THEN 1/0 ELSE 1 END = 1",
                        View,
                    ),
                    (
                        "SELECT * FROM {t} WHERE 1 / CASE WHEN district IS NULL THEN 0 ELSE 1 END = 1",
                        View,
                    ),
                    (
                        "SELECT * FROM {t} WHERE 1 / CASE WHEN district = 'A' THEN 1 ELSE 0 END = 1",
                        View,
                    ),
                    (
                        "SELECT * FROM {t} WHERE 1 / CASE WHEN trip_id LIKE 'Z%' THEN 0 ELSE 1 END = 1",
                        View,
                    ),
                    (
                        "SELECT sum(1 / CASE WHEN operator LIKE 'op%' THEN 1 ELSE 0 END) FROM {t}",
                        View,
                    ),
                ],
            )
        },
        lacks: "",
    },
    Attack {
        number: 4,
        setup: "R",
        name: "divides by a value that only hidden rows have",
        expected: "= V, no error",
        does: |world| {
            rows(
                world,
                &[
                    ("SELECT * FROM {t} WHERE 10 / (duration_s - 77) > -11", View),
                    ("SELECT * FROM {t} WHERE 10 / duration_s > -1", View),
                    ("SELECT 10 / (duration_s - 77) FROM {t}", View),
                    ("SELECT sum(duration_s % (duration_s - 77)) FROM {t}", View),
                    (
                        "SELECT * FROM {t} WHERE fare + 9223372036854700000 > 0",
                        View,
                    ),
                    ("SELECT * FROM {t} WHERE sqrt(fare) >= 0", View),
                    (
                        "SELECT 1 / (duration_s - 100) FROM {t}",
                        Code("EVALUATION_FAILED"),
                    ),
                ],
            )
        },
        lacks: "",
    },
    Attack {
        number: 5,
        setup: "R",
        name: "casts a text that only hidden rows can't",
        expected: "= V, no error, no hidden text in a message or log",
        does: |world| {
            let said = rows(
                world,
                &[
                    ("SELECT * FROM {t} WHERE CAST(trip_id AS INT) > 0", View),
                    ("SELECT * FROM {t} WHERE trip_id::BIGINT > 0", View),
                    ("SELECT * FROM {t} WHERE CAST(trip_id AS DOUBLE) > 0", View),
                    ("SELECT to_timestamp(trip_id::BIGINT) FROM {t}", View),
                    (
                        "SELECT CAST(operator AS INT) FROM {t}",
                        Code("EVALUATION_FAILED"),
                    ),
                ],
            )?;
            let log = world
                .lindau
                .hansa(&["--json", "audit", "list", "--last", "100000"])
                .must()
                .out;
            match log.contains(crate::attacks::trips::SECRET) {
                true => Err("a hidden text stands in the log".to_owned()),
                false => Ok(said),
            }
        },
        lacks: "",
    },
    Attack {
        number: 6,
        setup: "R",
        name: "casts everywhere else in a statement",
        expected: "= V",
        does: |world| {
            rows(
                world,
                &[
                    ("SELECT CAST(trip_id AS INT) FROM {t}", View),
                    (
                        "SELECT a.trip_id FROM {t} a JOIN {t} b ON CAST(a.trip_id AS INT) = CAST(b.trip_id AS INT)",
                        View,
                    ),
                    (
                        "SELECT a.trip_id FROM {t} a LEFT JOIN {t} b ON CAST(a.trip_id AS INT) = CAST(b.trip_id AS INT) + 1",
                        View,
                    ),
                    (
                        "SELECT operator FROM {t} GROUP BY operator HAVING min(CAST(trip_id AS INT)) > 0",
                        View,
                    ),
                    (
                        "SELECT trip_id FROM {t} ORDER BY CAST(trip_id AS INT) DESC",
                        View,
                    ),
                    (
                        "SELECT sum(fare) FILTER (WHERE CAST(trip_id AS INT) > 1030) FROM {t}",
                        View,
                    ),
                    (
                        "SELECT sum(duration_s) OVER (ORDER BY CAST(trip_id AS INT) ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM {t}",
                        View,
                    ),
                    (
                        "SELECT CAST(trip_id AS INT) % 7 AS m, count(*) FROM {t} GROUP BY 1",
                        View,
                    ),
                    ("SELECT count(DISTINCT CAST(trip_id AS INT)) FROM {t}", View),
                    (
                        "SELECT max(CASE WHEN duration_s = 77 THEN CAST(trip_id AS INT) ELSE 1 END) FROM {t}",
                        View,
                    ),
                    (
                        "SELECT trip_id FROM {t} WHERE trip_id IN (SELECT CAST(CAST(trip_id AS INT) AS VARCHAR) FROM {t})",
                        View,
                    ),
                ],
            )
        },
        lacks: "",
    },
    Attack {
        number: 7,
        setup: "R",
        name: "matches what takes for ever, or a huge pattern",
        expected: "= V or RESOURCE_LIMIT, the same whatever is hidden",
        does: |world| {
            rows(
                world,
                &[
                    (
                        "SELECT trip_id FROM {t} WHERE NOT regexp_like(trip_id, '(Za?)+(a+)+$')",
                        ViewOr("RESOURCE_LIMIT"),
                    ),
                    (
                        "SELECT trip_id FROM {t} WHERE trip_id NOT SIMILAR TO '(Z|Q|X)+(a|b)*'",
                        ViewOr("CONSTRUCT_NOT_ALLOWED"),
                    ),
                    (
                        "SELECT trip_id FROM {t} WHERE regexp_like(trip_id, '(')",
                        Code("EVALUATION_FAILED"),
                    ),
                    (
                        "SELECT regexp_replace(trip_id, '[', 'x') FROM {t}",
                        Code("EVALUATION_FAILED"),
                    ),
                    (
                        "SELECT regexp_count(trip_id, operator) + regexp_instr(trip_id, '*') FROM {t}",
                        Code("EVALUATION_FAILED"),
                    ),
                    (
                        "SELECT regexp_replace(trip_id, '(0+)+', 'x') FROM {t}",
                        ViewOr("RESOURCE_LIMIT"),
                    ),
                    ("SELECT trip_id FROM {t} WHERE trip_id ~ '^[0-9]+$'", View),
                ],
            )?;
            let huge = format!(
                "SELECT trip_id FROM {{t}} WHERE regexp_like(trip_id, '{}')",
                "(a{1,200}){1,200}".repeat(50)
            );
            one(
                world,
                &ROWS,
                &huge,
                OneOf(&["RESOURCE_LIMIT", "EVALUATION_FAILED", "SQL_TOO_LARGE"]),
            )
        },
        lacks: "",
    },
    Attack {
        number: 8,
        setup: "R",
        name: "correlates with hidden rows",
        expected: "always false",
        does: |world| {
            rows(
                world,
                &[
                    (
                        "SELECT trip_id FROM {t} t WHERE EXISTS (SELECT 1 FROM {t} t2 WHERE t2.district = 'B' AND t2.trip_id = t.trip_id)",
                        Nothing,
                    ),
                    (
                        "SELECT trip_id FROM {t} t WHERE EXISTS (SELECT 1 FROM {t} t2 WHERE t2.duration_s = 77)",
                        Nothing,
                    ),
                    (
                        "SELECT trip_id FROM {t} t WHERE t.trip_id IN (SELECT t2.trip_id FROM {t} t2 WHERE t2.district IS NULL)",
                        Nothing,
                    ),
                    (
                        "SELECT trip_id FROM {t} t WHERE NOT EXISTS (SELECT 1 FROM {t} t2 WHERE t2.district <> 'A')",
                        View,
                    ),
                ],
            )
        },
        lacks: "",
    },
    Attack {
        number: 9,
        setup: "R",
        name: "scalar subqueries, NOT IN over hidden NULLs",
        expected: "= V",
        does: |world| {
            rows(
                world,
                &[
                    ("SELECT (SELECT max(started_at) FROM {t}) FROM {t}", View),
                    (
                        "SELECT (SELECT count(*) FROM {t}) - count(*) FROM {t}",
                        View,
                    ),
                    (
                        "SELECT trip_id FROM {t} WHERE 'Q' NOT IN (SELECT district FROM {t})",
                        View,
                    ),
                    (
                        "SELECT trip_id FROM {t} WHERE fare NOT IN (SELECT fare FROM {t} WHERE fare IS NOT NULL)",
                        Nothing,
                    ),
                    (
                        "SELECT (SELECT trip_id FROM {t})",
                        Code("EVALUATION_FAILED"),
                    ),
                    (
                        "SELECT trip_id FROM {t} WHERE duration_s = (SELECT min(duration_s) FROM {t})",
                        View,
                    ),
                ],
            )
        },
        lacks: "",
    },
    Attack {
        number: 10,
        setup: "R",
        name: "orders by a masked and by a hidden column",
        expected: "order of the mask; COLUMN_UNKNOWN",
        does: |world| {
            rows(
                world,
                &[
                    ("SELECT device_id FROM {t} ORDER BY device_id", View),
                    (
                        "SELECT trip_id FROM {t} ORDER BY device_id, cell, trip_id",
                        View,
                    ),
                    (
                        "SELECT started_at FROM {t} ORDER BY started_at, trip_id",
                        View,
                    ),
                    (
                        "SELECT trip_id FROM {t} ORDER BY notes",
                        Code("COLUMN_UNKNOWN"),
                    ),
                    (
                        "SELECT trip_id, row_number() OVER (ORDER BY notes) FROM {t}",
                        Code("COLUMN_UNKNOWN"),
                    ),
                ],
            )
        },
        lacks: "",
    },
    Attack {
        number: 11,
        setup: "R",
        name: "looks for gaps with LIMIT and OFFSET",
        expected: "a part of V, the same whatever is hidden",
        does: |world| {
            let whole = alike(world, &ROWS, "SELECT trip_id FROM {t}")?;
            let mut found = std::collections::BTreeSet::new();
            for offset in (0..64).chain([77, 100, 115, 1000, 9_223_372_036_854_775_807_u64]) {
                let sql = format!("SELECT trip_id FROM {{t}} LIMIT 1 OFFSET {offset}");
                let told = alike(world, &ROWS, &sql)?;
                let beyond = usize::try_from(offset).unwrap() >= whole.rows.len();
                if told.refusal.is_some() || told.rows.is_empty() != beyond {
                    return Err(format!("{offset}: {:?} {}", told.rows, told.said()));
                }
                found.extend(told.rows);
            }
            let all: std::collections::BTreeSet<String> = whole.rows.into_iter().collect();
            if found != all {
                return Err(format!("{} of {} rows", found.len(), all.len()));
            }
            rows(
                world,
                &[
                    ("SELECT count(*) FROM (SELECT * FROM {t} LIMIT 30)", View),
                    ("SELECT count(*) FROM (SELECT * FROM {t} LIMIT 1000)", View),
                    (
                        "SELECT trip_id FROM {t} ORDER BY trip_id LIMIT 5 OFFSET 58",
                        View,
                    ),
                    (
                        "SELECT * FROM {t} TABLESAMPLE BERNOULLI (10)",
                        Code("CONSTRUCT_NOT_ALLOWED"),
                    ),
                ],
            )?;
            Ok(format!(
                "69 offsets: each row of V once, {} rows",
                all.len()
            ))
        },
        lacks: "",
    },
    Attack {
        number: 12,
        setup: "R",
        name: "windows over more than the view",
        expected: "over V only; no exact place",
        does: |world| {
            rows(
                world,
                &[
                    ("SELECT row_number() OVER (ORDER BY cell) FROM {t}", View),
                    (
                        "SELECT row_number() OVER (ORDER BY lat) FROM {t}",
                        Code("COLUMN_UNKNOWN"),
                    ),
                    (
                        "SELECT trip_id, lag(duration_s) OVER (ORDER BY trip_id), lead(duration_s) OVER (ORDER BY trip_id) FROM {t}",
                        View,
                    ),
                    (
                        "SELECT trip_id, ntile(7) OVER (ORDER BY trip_id), count(*) OVER () FROM {t}",
                        View,
                    ),
                    (
                        "SELECT trip_id, rank() OVER (ORDER BY cell), percent_rank() OVER (ORDER BY trip_id) FROM {t}",
                        View,
                    ),
                    (
                        "SELECT max(cell), min(cell), count(cell), count(DISTINCT cell) FROM {t}",
                        View,
                    ),
                    (
                        "SELECT trip_id FROM {t} WHERE lat IS NOT NULL OR lon BETWEEN 0 AND 1",
                        Code("COLUMN_UNKNOWN"),
                    ),
                    (
                        "SELECT trip_id FROM {t} WHERE date_part('minute', started_at) <> 0",
                        Nothing,
                    ),
                ],
            )
        },
        lacks: "",
    },
    Attack {
        number: 13,
        setup: "R",
        name: "re-identifies by a self-join on the device, or the edge of a cell",
        expected: "cell ids only",
        does: pseudonyms,
        lacks: "",
    },
    Attack {
        number: 14,
        setup: "R",
        name: "gathers a hidden column",
        expected: "COLUMN_UNKNOWN or FUNCTION_UNKNOWN / = V",
        does: |world| {
            rows(
                world,
                &[
                    (
                        "SELECT array_agg(notes) FROM {t}",
                        OneOf(&["COLUMN_UNKNOWN", "FUNCTION_UNKNOWN"]),
                    ),
                    (
                        "SELECT string_agg(notes, ',') FROM {t}",
                        OneOf(&["COLUMN_UNKNOWN", "FUNCTION_UNKNOWN"]),
                    ),
                    ("SELECT min(notes) FROM {t}", Code("COLUMN_UNKNOWN")),
                    (
                        "SELECT first_value(notes) IGNORE NULLS OVER (ORDER BY trip_id) FROM {t}",
                        Code("COLUMN_UNKNOWN"),
                    ),
                    (
                        "SELECT first_value(fare) IGNORE NULLS OVER (ORDER BY trip_id) FROM {t}",
                        View,
                    ),
                    (
                        "SELECT first_value(device_id ORDER BY trip_id) FROM {t}",
                        View,
                    ),
                ],
            )
        },
        lacks: "",
    },
    Attack {
        number: 30,
        setup: "R",
        name: "joins naturally on a hidden column",
        expected: "joins on V's columns only",
        does: |world| {
            rows(
                world,
                &[
                    (
                        "SELECT count(*) FROM {t} a JOIN {t} b USING (notes)",
                        Code("COLUMN_UNKNOWN"),
                    ),
                    (
                        "SELECT count(*) FROM {t} NATURAL JOIN (SELECT 'x' AS notes, 'A' AS district) AS x",
                        OneOf(&["", "CONSTRUCT_NOT_ALLOWED"]),
                    ),
                    (
                        "SELECT count(*) FROM {t} JOIN (SELECT 'A' AS district) AS x USING (district)",
                        View,
                    ),
                    (
                        "SELECT trip_id FROM {t} JOIN (SELECT 'B' AS district) AS x USING (district)",
                        Nothing,
                    ),
                ],
            )
        },
        lacks: "",
    },
];

/// A device is a keyed hash: one for each asker, and never what it stands for.
fn pseudonyms(world: &mut World) -> Verdict {
    rows(
        world,
        &[
            (
                "SELECT a.trip_id FROM {t} a JOIN {t} b ON a.device_id = b.device_id",
                Nothing,
            ),
            (
                "SELECT cell, min(lon), max(lat) FROM {t} GROUP BY cell",
                Code("COLUMN_UNKNOWN"),
            ),
            (
                "SELECT district, min(cell), max(cell), count(DISTINCT cell) FROM {t} GROUP BY district",
                View,
            ),
            (
                "SELECT a.trip_id, b.trip_id FROM {t} a JOIN {t} b ON a.cell = b.cell",
                View,
            ),
        ],
    )?;
    let sql = "SELECT DISTINCT device_id FROM trips_h ORDER BY device_id";
    let first = world.ask("trips_h", sql);
    let again = world.ask("trips_h", sql);
    // Somebody else's devices are others, also where both put together what they have.
    let second = world.stranger.ask(&[world.strangers], sql);
    if first.rows.len() != 17 || again.rows != first.rows || second.rows.len() != 17 {
        return Err(format!(
            "{:?} {:?} {}",
            first.rows,
            second.rows,
            second.said()
        ));
    }
    let shared = first
        .rows
        .iter()
        .filter(|id| second.rows.contains(id))
        .count();
    let plain = world.ask(
        "trips_h",
        "SELECT count(*) FROM trips_h WHERE device_id LIKE '%dev%'",
    );
    if shared > 0 || first.tells(crate::attacks::trips::SECRET) || plain.rows != ["0"] {
        return Err(format!("{shared} of {:?}; {:?}", first.rows, plain.rows));
    }
    // The order of the hashes is not that of the devices, nor a join over them one with anything known.
    match world
        .ask(
            "trips_h",
            "SELECT count(*) FROM trips_h a JOIN trips_h b ON a.device_id = b.device_id",
        )
        .rows
        .as_slice()
    {
        [count] if count != "0" => Ok("17 hashes, none the same for somebody else".to_owned()),
        other => Err(format!("{other:?}")),
    }
}
