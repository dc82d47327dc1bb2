//! VALUES clauses of a question, alone and joined with rows of a dataset.

use super::answers;

#[test]
fn a_question_may_write_rows_of_its_own() {
    for (sql, expect) in [
        (
            "SELECT * FROM (VALUES (1, 'a'), (2, 'b')) t ORDER BY 1",
            &["1|a", "2|b"][..],
        ),
        ("VALUES (1, NULL), (2, 'x')", &["1|NULL", "2|x"][..]),
        (
            "WITH v(x) AS (VALUES (1), (2)) SELECT sum(x) FROM v",
            &["3"][..],
        ),
        (
            "WITH v(x) AS (VALUES (1), (2)) SELECT count(*) FROM v a CROSS JOIN v b",
            &["4"][..],
        ),
        (
            "SELECT (SELECT max(column1) FROM (VALUES (3), (4)) t) AS most",
            &["4"][..],
        ),
    ] {
        answers(sql, expect);
    }
}

/// A hidden row matches no row of a VALUES clause.
#[test]
fn rows_of_a_question_are_put_beside_those_that_are_shown() {
    for (sql, expect) in [
        (
            "SELECT v.label, count(*) FROM trips JOIN (VALUES (100, 'first'), (101, 'second'), (77, 'hidden')) AS v(d, label) \
             ON trips.duration = v.d GROUP BY v.label ORDER BY v.label",
            &["first|1", "second|1"][..],
        ),
        (
            "SELECT district, label FROM trips JOIN (VALUES ('A', 'old town'), ('B', 'port')) AS v(d, label) \
             ON district = v.d ORDER BY trip_id LIMIT 1",
            &["A|old town"][..],
        ),
        (
            "SELECT count(*) FROM trips WHERE duration IN (SELECT column1 FROM (VALUES (100), (101), (77)) t)",
            &["2"][..],
        ),
        (
            "SELECT duration FROM trips WHERE duration > 107 UNION ALL SELECT column1 FROM (VALUES (5), (6)) t ORDER BY 1",
            &["5", "6", "108", "109"][..],
        ),
        (
            "SELECT count(*) FROM trips t CROSS JOIN (VALUES (1), (2), (3)) v(n) WHERE t.duration - 100 < v.n",
            &["6"][..],
        ),
    ] {
        answers(sql, expect);
    }
}
