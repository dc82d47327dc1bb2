//! Attacks on a contract that shows rows (R), on one that shows everybody their own (T), and with any statement.

mod names;
mod shapes;
mod statements;

use crate::attacks::row::names::NAMES;
use crate::attacks::row::shapes::SHAPES;
use crate::attacks::row::statements::STATEMENTS;
use crate::attacks::sql::ExpectedResult::{Code, Nothing, OneOf, View, ViewOr};
use crate::attacks::sql::{ROWS, SqlCase, alike, all, one};
use crate::attacks::world::SqlAttackFederation;
use crate::attacks::{AttackCase, AttackVerdict};

/// All of them.
pub(crate) fn attacks() -> Vec<AttackCase<SqlAttackFederation>> {
    let mut attacks = Vec::from(ATTACKS);
    attacks.extend(SHAPES);
    attacks.extend(NAMES);
    attacks.extend(STATEMENTS);
    attacks
}

pub(super) fn rows(federation: &SqlAttackFederation, cases: &[SqlCase]) -> AttackVerdict {
    all(federation, &ROWS, cases)
}

const ATTACKS: [AttackCase<SqlAttackFederation>; 8] = [
    AttackCase {
        number: 1,
        setup: "R",
        name: "asks for everything",
        expected: "= V; no notes, no district B",
        does: |federation| {
            rows(
                federation,
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
    AttackCase {
        number: 2,
        setup: "R",
        name: "compares a hidden column with an absent one",
        expected: "both COLUMN_UNKNOWN, same text",
        does: |federation| {
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
                    let answer = alike(federation, &ROWS, &shape.replace("NAME", name))?;
                    Ok::<_, String>((answer.code(), answer.message().replace(name, "NAME")))
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
    AttackCase {
        number: 3,
        setup: "R",
        name: "divides by zero where a row is hidden",
        expected: "= V, no error",
        does: |federation| {
            rows(
                federation,
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
    AttackCase {
        number: 4,
        setup: "R",
        name: "divides by a value that only hidden rows have",
        expected: "= V, no error",
        does: |federation| {
            rows(
                federation,
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
    AttackCase {
        number: 5,
        setup: "R",
        name: "casts a text that only hidden rows can't",
        expected: "= V, no error, no hidden text in a message or log",
        does: |federation| {
            let text = rows(
                federation,
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
            let log = federation
                .lindau
                .hansa(&["--json", "audit", "list", "--last", "100000"])
                .must()
                .out;
            match log.contains(crate::attacks::trips::SECRET) {
                true => Err("a hidden text stands in the log".to_owned()),
                false => Ok(text),
            }
        },
        lacks: "",
    },
    AttackCase {
        number: 6,
        setup: "R",
        name: "casts everywhere else in a statement",
        expected: "= V",
        does: |federation| {
            rows(
                federation,
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
    AttackCase {
        number: 7,
        setup: "R",
        name: "matches what takes for ever, or a huge pattern",
        expected: "= V or RESOURCE_LIMIT, the same whatever is hidden",
        does: |federation| {
            rows(
                federation,
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
                federation,
                &ROWS,
                &huge,
                OneOf(&["RESOURCE_LIMIT", "EVALUATION_FAILED", "SQL_TOO_LARGE"]),
            )
        },
        lacks: "",
    },
    AttackCase {
        number: 30,
        setup: "R",
        name: "joins naturally on a hidden column",
        expected: "joins on V's columns only",
        does: |federation| {
            rows(
                federation,
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
