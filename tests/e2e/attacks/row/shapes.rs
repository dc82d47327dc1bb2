//! Attacks by the shape of a statement: subqueries, orders, limits, windows, joins of a view with itself.

use super::*;

pub(super) const SHAPES: [AttackCase<SqlAttackFederation>; 7] = [
    AttackCase {
        number: 8,
        setup: "R",
        name: "correlates with hidden rows",
        expected: "always false",
        does: |federation| {
            rows(
                federation,
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
    AttackCase {
        number: 9,
        setup: "R",
        name: "scalar subqueries, NOT IN over hidden NULLs",
        expected: "= V",
        does: |federation| {
            rows(
                federation,
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
    AttackCase {
        number: 10,
        setup: "R",
        name: "orders by a masked and by a hidden column",
        expected: "order of the mask; COLUMN_UNKNOWN",
        does: |federation| {
            rows(
                federation,
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
    AttackCase {
        number: 11,
        setup: "R",
        name: "looks for gaps with LIMIT and OFFSET",
        expected: "a part of V, the same whatever is hidden",
        does: |federation| {
            let whole = alike(federation, &ROWS, "SELECT trip_id FROM {t}")?;
            let mut found = std::collections::BTreeSet::new();
            for offset in (0..64).chain([77, 100, 115, 1000, 9_223_372_036_854_775_807_u64]) {
                let sql = format!("SELECT trip_id FROM {{t}} LIMIT 1 OFFSET {offset}");
                let answer = alike(federation, &ROWS, &sql)?;
                let beyond = usize::try_from(offset).unwrap() >= whole.rows.len();
                if answer.refusal.is_some() || answer.rows.is_empty() != beyond {
                    return Err(format!("{offset}: {:?} {}", answer.rows, answer.message()));
                }
                found.extend(answer.rows);
            }
            let all: std::collections::BTreeSet<String> = whole.rows.into_iter().collect();
            if found != all {
                return Err(format!("{} of {} rows", found.len(), all.len()));
            }
            rows(
                federation,
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
    AttackCase {
        number: 12,
        setup: "R",
        name: "windows over more than the view",
        expected: "over V only; no exact place",
        does: |federation| {
            rows(
                federation,
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
    AttackCase {
        number: 13,
        setup: "R",
        name: "re-identifies by a self-join on the device, or the edge of a cell",
        expected: "cell ids only",
        does: pseudonyms,
        lacks: "",
    },
    AttackCase {
        number: 14,
        setup: "R",
        name: "gathers a hidden column",
        expected: "COLUMN_UNKNOWN or FUNCTION_UNKNOWN / = V",
        does: |federation| {
            rows(
                federation,
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
];

/// A device is a keyed hash: one for each asker, and never what it stands for.
fn pseudonyms(federation: &mut SqlAttackFederation) -> AttackVerdict {
    rows(
        federation,
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
    let first = federation.ask("trips_h", sql);
    let again = federation.ask("trips_h", sql);
    // Somebody else's devices are others, also where both put together what they have.
    let second = federation.stranger.ask(&[federation.strangers], sql);
    if first.rows.len() != 17 || again.rows != first.rows || second.rows.len() != 17 {
        return Err(format!(
            "{:?} {:?} {}",
            first.rows,
            second.rows,
            second.message()
        ));
    }
    let shared = first
        .rows
        .iter()
        .filter(|id| second.rows.contains(id))
        .count();
    let plain = federation.ask(
        "trips_h",
        "SELECT count(*) FROM trips_h WHERE device_id LIKE '%dev%'",
    );
    if shared > 0 || first.tells(crate::attacks::trips::SECRET) || plain.rows != ["0"] {
        return Err(format!("{shared} of {:?}; {:?}", first.rows, plain.rows));
    }
    // The order of the hashes is not that of the devices, nor a join over them one with anything known.
    match federation
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
