//! Attacks by totals that stand beside each other, and by what is withheld.

use super::*;
use crate::attacks::aggregate::grid::{beside, shifted, split};

pub(super) const TOTALS: [AttackCase<SqlAttackFederation>; 7] = [
    AttackCase {
        number: 22,
        setup: "G",
        name: "a cell in which one contributor has nearly all",
        expected: "its sum is absent, and no total gives it back",
        does: |federation| {
            let cells = alike(
                federation,
                &FARES,
                "SELECT district, n, sum_fare FROM {t}.cube ORDER BY district",
            )?;
            let total = alike(federation, &FARES, "SELECT sum(fare) AS total FROM {t}")?;
            let met = format!("{:?} {:?}", cells.rows, total.rows);
            if cells.rows.len() == 2 && total.rows == ["1000"] && !met.contains("10000") {
                Ok(met)
            } else {
                Err(met)
            }
        },
        lacks: "",
    },
    AttackCase {
        number: 24,
        setup: "G",
        name: "a second contract on a shifted grid",
        expected: "GRID_CONFLICT",
        does: |federation| shifted(federation),
        lacks: "",
    },
    AttackCase {
        number: 160,
        setup: "G",
        name: "a second contract whose groups or rows subtract from those of the first",
        expected: "COMBINED_DISCLOSURE",
        does: |federation| beside(federation),
        lacks: "",
    },
    AttackCase {
        number: 25,
        setup: "G",
        name: "an average over two cities, one of which has three devices",
        expected: "the first city's cell is absent",
        does: |federation| split(federation),
        lacks: "",
    },
    AttackCase {
        number: 26,
        setup: "G",
        name: "unites, subtracts, joins and filters cells",
        expected: "= V",
        does: |federation| {
            cells(
                federation,
                &[
                    (
                        "SELECT sum(x) FROM (SELECT sum(fare) AS x FROM {t} UNION ALL SELECT -sum(fare) FROM {t} WHERE district = 'A')",
                        As("SELECT sum(sum_fare) FROM cells_v WHERE district <> 'A'"),
                    ),
                    (
                        "SELECT a.district, a.n - b.n FROM {t}.cube a JOIN {t}.cube b ON a.started_at = b.started_at",
                        As(
                            "SELECT a.district, a.n - b.n FROM cells_v a JOIN cells_v b ON a.started_at = b.started_at",
                        ),
                    ),
                    (
                        "SELECT district, started_at FROM {t}.cube WHERE n > 11",
                        As("SELECT district, started_at FROM cells_v WHERE n > 11"),
                    ),
                    (
                        "SELECT district, count(*) FROM {t} GROUP BY district HAVING count(*) > 12",
                        As(
                            "SELECT district, sum(n) FROM cells_v GROUP BY district HAVING sum(n) > 12",
                        ),
                    ),
                    (
                        "SELECT max(sum_fare), min(n) FROM {t}.cube",
                        As("SELECT max(sum_fare), min(n) FROM cells_v"),
                    ),
                    (
                        "SELECT * FROM {t}.cube EXCEPT SELECT * FROM {t}.cube WHERE district = 'A'",
                        As("SELECT * FROM cells_v WHERE district <> 'A'"),
                    ),
                ],
            )
        },
        lacks: "",
    },
    AttackCase {
        number: 27,
        setup: "G",
        name: "nothing there, or nothing shown",
        expected: "the same: no group, and totals that are not told",
        does: |federation| {
            for absent in [
                "district = 'B' AND started_at < TIMESTAMP '2026-05-04 11:00:00'",
                "district = 'Q'",
                "false",
            ] {
                let grouped = format!(
                    "SELECT district, count(*) FROM {{t}} WHERE {absent} GROUP BY district"
                );
                one(federation, &CELLS, &grouped, Nothing)?;
                let sql = format!("SELECT count(*), sum(fare) FROM {{t}} WHERE {absent}");
                let answer = alike(federation, &CELLS, &sql)?;
                // SQL has one row for the totals of nothing; it is the same one whatever was withheld, and no count of 0.
                if answer.rows != ["NULL,NULL"] || answer.refusal.is_some() {
                    return Err(format!("{absent}: {:?} {}", answer.rows, answer.message()));
                }
            }
            Ok("suppressed, empty and false are alike".to_owned())
        },
        lacks: "",
    },
    AttackCase {
        number: 76,
        setup: "G",
        name: "ten units, one of them with a fare",
        expected: "the fare is absent and its count is no 0, n is shown",
        does: |federation| {
            let of = " FROM {t}.cube WHERE district = 'B'";
            let answer = alike(
                federation,
                &CELLS,
                &format!("SELECT n, cnt_fare, sum_fare, cnt_duration_s{of}"),
            )?;
            if answer.rows != ["11,NULL,NULL,11"] {
                return Err(format!("{:?} {}", answer.rows, answer.message()));
            }
            cells(
                federation,
                &[(
                    "SELECT district, sum(fare), avg(fare), count(fare) FROM {t} GROUP BY district",
                    As(
                        "SELECT district, sum(sum_fare), sum(sum_fare) * 1.0 / sum(cnt_fare), sum(cnt_fare) FROM cells_v GROUP BY district",
                    ),
                )],
            )
        },
        lacks: "",
    },
];
