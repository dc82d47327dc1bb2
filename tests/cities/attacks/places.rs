//! Attacks on what lies under a cell.

use crate::attacks::Attack;
use crate::attacks::row::rows;
use crate::attacks::sql::Expect::{Code, Nothing, View};
use crate::attacks::world::World;

pub(crate) const ATTACKS: [Attack<World>; 2] = [
    Attack {
        number: 101,
        setup: "R",
        name: "names, filters, orders and joins by the coordinates under a cell",
        expected: "COLUMN_UNKNOWN: they do not exist",
        does: |world| {
            rows(
                world,
                &[
                    ("SELECT lon FROM {t}", Code("COLUMN_UNKNOWN")),
                    ("SELECT \"lat\" FROM {t}", Code("COLUMN_UNKNOWN")),
                    ("SELECT t.lon FROM {t} AS t", Code("COLUMN_UNKNOWN")),
                    (
                        "SELECT trip_id FROM {t} WHERE lon > 13.39999",
                        Code("COLUMN_UNKNOWN"),
                    ),
                    (
                        "SELECT trip_id FROM {t} WHERE lat IS NULL",
                        Code("COLUMN_UNKNOWN"),
                    ),
                    (
                        "SELECT trip_id FROM {t} WHERE lat = CAST('NaN' AS DOUBLE)",
                        Code("COLUMN_UNKNOWN"),
                    ),
                    (
                        "SELECT trip_id FROM {t} ORDER BY lon, lat LIMIT 1",
                        Code("COLUMN_UNKNOWN"),
                    ),
                    (
                        "SELECT count(*) FROM {t} GROUP BY cell HAVING min(lon) < 13.4",
                        Code("COLUMN_UNKNOWN"),
                    ),
                    (
                        "SELECT count(*) FROM {t} a JOIN {t} b USING (lon)",
                        Code("COLUMN_UNKNOWN"),
                    ),
                    (
                        "SELECT (SELECT max(i.lat) FROM {t} i WHERE i.cell = o.cell) FROM {t} o",
                        Code("COLUMN_UNKNOWN"),
                    ),
                ],
            )
        },
        lacks: "",
    },
    Attack {
        number: 102,
        setup: "R",
        name: "probes the edge of a cell, and what lies in none",
        expected: "= V: the same wherever in the cell a place is, and however it is none",
        does: |world| {
            rows(
                world,
                &[
                    ("SELECT trip_id, cell FROM {t} ORDER BY cell, trip_id", View),
                    (
                        "SELECT count(*) FROM {t} WHERE cell = '881f1d4895fffff'",
                        View,
                    ),
                    (
                        "SELECT trip_id FROM {t} WHERE cell IN ('881f1d4895fffff', '881f1d4d29fffff')",
                        View,
                    ),
                    (
                        "SELECT trip_id FROM {t} WHERE cell > '881f1d4895ffffe' AND cell < '881f1d4896'",
                        View,
                    ),
                    ("SELECT trip_id FROM {t} WHERE cell LIKE '89%'", Nothing),
                    ("SELECT trip_id FROM {t} WHERE cell IS NULL", View),
                    (
                        "SELECT count(*), count(cell), min(cell), max(cell), max(length(cell)) FROM {t}",
                        View,
                    ),
                    (
                        "SELECT cell, count(*) FROM {t} GROUP BY cell HAVING count(*) > 1",
                        View,
                    ),
                    (
                        "SELECT trip_id FROM {t} WHERE 10 / length(coalesce(cell, 'x')) >= 0",
                        View,
                    ),
                    (
                        "SELECT CAST(cell AS DOUBLE) FROM {t}",
                        Code("EVALUATION_FAILED"),
                    ),
                    ("SELECT DISTINCT cell FROM {t} LIMIT 100", View),
                ],
            )
        },
        lacks: "",
    },
];
