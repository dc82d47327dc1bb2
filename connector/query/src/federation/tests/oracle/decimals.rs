//! Decimals: every digit equals that of PostgreSQL, or the statement is refused.

use super::answerers::{Answerers, TextTable, text};

const TABLES: [TextTable; 3] = [
    TextTable {
        name: "costs",
        columns: &[
            "id:decimal(20,0)",
            "site:text",
            "price:decimal(12,2)?",
            "n:int",
            "x:float?",
        ],
        rows: "12345678901234567890,a,0.10,1,0.1\n12345678901234567891,a,0.20,2,0.2\n12345678901234567892,b,-2.50,3,2.5\n\
               4,b,,4,\n5,c,9999999999.99,5,1e300\n6,c,1.00,6,1\n7,a,0.30,-7,0.3",
    },
    TextTable {
        name: "rates",
        columns: &[
            "rate:decimal(5,4)",
            "amount:decimal(19,2)",
            "key:decimal(38,0)",
        ],
        rows: "0.1000,12345678901234567.89,12345678901234567890\n0.3000,0.30,99999999999999999999999999999999999999\n\
               2.5000,-0.01,4",
    },
    TextTable {
        name: "fine",
        columns: &["id:int", "f:decimal(38,20)"],
        rows: "1,0.00000000000000000001\n2,123456789012345678.5\n3,1",
    },
];

/// Statements with equal results here and in PostgreSQL.
const SAME: &[&str] = &[
    "SELECT id, lag(price, 1, 12345678901234567.89) OVER (ORDER BY id) AS l FROM costs ORDER BY id",
    "SELECT count(DISTINCT id) FROM costs",
    "SELECT sum(price) FROM costs WHERE price IN (0.1, 0.2)",
    "SELECT sum(price), sum(id), sum(DISTINCT price), min(price), max(id), count(price) FROM costs",
    "SELECT site, sum(price), avg(price) FROM costs GROUP BY site ORDER BY site",
    "SELECT avg(price), avg(DISTINCT price), avg(id) FROM costs",
    "SELECT avg(amount), sum(amount) FROM rates",
    "SELECT price FROM costs WHERE id = 12345678901234567890",
    "SELECT price FROM costs WHERE id = 12345678901234567890.0",
    "SELECT id FROM costs WHERE id > 12345678901234567890 ORDER BY id",
    "SELECT id FROM costs WHERE id IN (4, 12345678901234567891) ORDER BY id",
    "SELECT id FROM costs WHERE id = 4",
    "SELECT id FROM costs WHERE price = 0.1",
    "SELECT id FROM costs WHERE price = 0.1 + 0.2",
    "SELECT id FROM costs WHERE 0.3 = price",
    "SELECT id FROM costs WHERE price = 0.10000",
    "SELECT id FROM costs WHERE price = 0.105",
    "SELECT id FROM costs WHERE price < 0.105 ORDER BY id",
    "SELECT id FROM costs WHERE price > 0.0999999999999999999 AND price < 0.1000000000000000001 ORDER BY id",
    "SELECT id FROM costs WHERE price = '0.105' OR price = '0.1' ORDER BY id",
    "SELECT id FROM costs WHERE price < '0.105' AND price > ' -2.505 ' ORDER BY id",
    "SELECT id FROM costs WHERE price IN ('0.1', '0.205') ORDER BY id",
    "SELECT id FROM costs WHERE id = '12345678901234567891'",
    "SELECT id FROM costs WHERE price = 1",
    "SELECT id FROM costs WHERE price <> 1 ORDER BY id",
    "SELECT id FROM costs WHERE price <= -2.5 ORDER BY id",
    "SELECT id FROM costs WHERE price BETWEEN 0.1 AND 0.3 ORDER BY id",
    "SELECT id FROM costs WHERE price NOT BETWEEN 0.1 AND 1 ORDER BY id",
    "SELECT id FROM costs WHERE price NOT IN (0.1, 1) ORDER BY id",
    "SELECT id FROM costs WHERE price IN (0.1, 0.2, 0.25, 0.3, 4, 5, 6) ORDER BY id",
    "SELECT id FROM costs WHERE price < 1e300 ORDER BY id",
    "SELECT id FROM costs WHERE price > 1e-300 ORDER BY id",
    "SELECT id FROM costs WHERE price = x ORDER BY id",
    "SELECT id FROM costs WHERE price < x ORDER BY id",
    "SELECT id FROM costs WHERE price IS DISTINCT FROM 0.1 ORDER BY id",
    "SELECT id FROM costs WHERE price IS NOT DISTINCT FROM x ORDER BY id",
    "SELECT id FROM costs WHERE x = 0.1",
    "SELECT id FROM costs WHERE CAST(price AS DOUBLE PRECISION) = x ORDER BY id",
    "SELECT id FROM costs WHERE n = price ORDER BY id",
    "SELECT id FROM costs WHERE n < price ORDER BY id",
    "SELECT id, price + 1, price - 0.1, price * 1.19, -price, n + price, n * price FROM costs ORDER BY id",
    "SELECT id, price + id, price * price, price % 0.3 FROM costs WHERE id < 100 ORDER BY id",
    "SELECT price / 3, 1 / price, price / price, 1.0 / 3 * price FROM costs WHERE price <> 0 AND price < 1000 ORDER BY id",
    "SELECT round(price / 3, 10), round(2 / price, 8) FROM costs WHERE price < 1000 ORDER BY id",
    "SELECT price + x, price * x FROM costs WHERE x < 10 ORDER BY id",
    "SELECT sum(price * 1.19), sum(price) / count(*), sum(price) * 0.5 FROM costs",
    "SELECT sum(price) / sum(n), 100.0 * sum(price) / sum(id) FROM costs",
    "SELECT amount * rate, amount + rate, amount - rate FROM rates ORDER BY rate",
    "SELECT round(amount * rate, 2), round(amount, 1), round(amount), round(amount, -3), round(rate, 1) FROM rates ORDER BY rate",
    "SELECT round(price, 1), round(price), round(price, -1), round(-price * 0.5, 2) FROM costs ORDER BY id",
    "SELECT trunc(price), trunc(price, 1), trunc(amount), trunc(amount, -2) FROM costs, rates ORDER BY id, rate",
    "SELECT abs(price), floor(price), ceil(price) FROM costs WHERE price < 9999999999 ORDER BY id",
    "SELECT floor(amount), ceil(amount), abs(amount) FROM rates ORDER BY rate",
    "SELECT round(0.5 * price, 2), round(price, 2) FROM costs WHERE n > 0 AND n < 5 ORDER BY id",
    "SELECT CAST(price AS BIGINT) AS i, CAST(price AS TEXT) AS t FROM costs ORDER BY id",
    "SELECT CAST(amount AS BIGINT) AS i, CAST(amount AS TEXT) AS t, CAST(amount AS DOUBLE PRECISION) AS f FROM rates ORDER BY rate",
    "SELECT CAST(x AS DECIMAL(12, 2)) FROM costs WHERE x < 1e9 ORDER BY id",
    "SELECT CAST(1.005::float8 AS DECIMAL(12, 2)), CAST('1.005' AS DECIMAL(12, 2)), CAST(-2.675::float8 AS DECIMAL(12, 2))",
    "SELECT CAST(price AS DECIMAL(12, 1)) AS a, CAST(price AS DECIMAL(14, 4)) AS b, CAST(n AS DECIMAL(5, 2)) AS c FROM costs ORDER BY id",
    "SELECT CAST('-12345678901234567.89' AS DECIMAL(19, 2)), CAST(' 1.5 ' AS DECIMAL(5, 2))",
    "SELECT price FROM costs ORDER BY price NULLS LAST, id",
    "SELECT price FROM costs ORDER BY price DESC NULLS LAST, id LIMIT 3",
    "SELECT DISTINCT price FROM costs ORDER BY price",
    "SELECT price, count(*) FROM costs GROUP BY price ORDER BY price",
    "SELECT price * 2, count(*) FROM costs GROUP BY price * 2 ORDER BY 1",
    "SELECT id FROM costs JOIN rates ON costs.price = rates.rate ORDER BY id",
    "SELECT id FROM costs JOIN rates ON costs.price = rates.amount ORDER BY id",
    "SELECT n FROM costs JOIN rates ON costs.id = rates.key ORDER BY n",
    "SELECT n FROM costs JOIN rates ON costs.n = rates.key ORDER BY n",
    "SELECT costs.id FROM costs JOIN fine ON costs.n = fine.f ORDER BY 1",
    "SELECT rates.key FROM rates JOIN fine ON rates.key > fine.f WHERE fine.id = 2 ORDER BY 1",
    "SELECT f FROM fine WHERE f = 123456789012345678.5",
    "SELECT f FROM fine WHERE f < 0.00000000000000000002",
    "SELECT f FROM fine WHERE f <= id ORDER BY f",
    "SELECT n FROM costs WHERE id IN (SELECT key FROM rates) ORDER BY n",
    "SELECT n FROM costs WHERE price IN (SELECT rate FROM rates) ORDER BY n",
    "SELECT n FROM costs WHERE price NOT IN (SELECT rate FROM rates) ORDER BY n",
    "SELECT n FROM costs WHERE price = (SELECT max(price) FROM costs WHERE price < 0.3)",
    "SELECT n FROM costs WHERE price > (SELECT avg(price) FROM costs WHERE price < 10) ORDER BY n",
    "SELECT n FROM costs c WHERE EXISTS (SELECT 1 FROM rates r WHERE r.rate = c.price) ORDER BY n",
    "SELECT price FROM costs UNION SELECT rate FROM rates ORDER BY 1",
    "SELECT price FROM costs UNION ALL SELECT n FROM costs ORDER BY 1",
    "SELECT price FROM costs INTERSECT SELECT rate FROM rates ORDER BY 1",
    "SELECT price FROM costs EXCEPT SELECT rate FROM rates ORDER BY 1",
    "SELECT CASE WHEN n > 3 THEN price ELSE 0.5 END FROM costs ORDER BY id",
    "SELECT CASE WHEN n > 3 THEN price ELSE 0 END FROM costs ORDER BY id",
    "SELECT CASE price WHEN 0.1 THEN 'tenth' WHEN 1 THEN 'one' ELSE 'other' END FROM costs ORDER BY id",
    "SELECT CASE WHEN n > 3 THEN price ELSE x END FROM costs ORDER BY id",
    "SELECT coalesce(price, 0.0), coalesce(price, 0), nullif(price, 0.1), greatest(price, 0.15), least(price, n) FROM costs ORDER BY id",
    "SELECT coalesce(price, x) FROM costs ORDER BY id",
    "SELECT sum(coalesce(price, 0.005)) FROM costs",
    "SELECT sum(CASE WHEN site = 'a' THEN price ELSE 0.0 END) FROM costs",
    "SELECT sum(price) FILTER (WHERE price < 1) FROM costs",
    "SELECT id, sum(price) OVER (ORDER BY id), avg(price) OVER (PARTITION BY site) FROM costs WHERE price < 1000 ORDER BY id",
    "SELECT id, sum(price) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM costs ORDER BY id",
    "SELECT id, lag(price) OVER (ORDER BY id), lag(price, 1, 0.0) OVER (ORDER BY id), rank() OVER (ORDER BY price) FROM costs ORDER BY id",
    "SELECT id, first_value(price) OVER (ORDER BY id), max(price) OVER (ORDER BY id) FROM costs ORDER BY id",
    "SELECT site FROM costs GROUP BY site HAVING sum(price) = 0.6",
    "SELECT t.p FROM (SELECT price * 0.5 AS p FROM costs) t WHERE t.p = 0.05",
    "WITH t AS (SELECT site, sum(price) AS p FROM costs GROUP BY site) SELECT site, p * 0.1 FROM t WHERE p > 0.5 ORDER BY site",
    "SELECT c.n FROM costs c WHERE c.price * 0.5 = (SELECT min(d.price) * 0.5 FROM costs d WHERE d.site = c.site) ORDER BY n",
    "SELECT 12345678901234567890 + 1, 12345678901234567.89 * 2, 18446744073709551616",
    "SELECT stddev(price), var_pop(price), sqrt(price), power(price, 2) FROM costs WHERE price = 0.1 GROUP BY price",
    "SELECT sqrt(price), ln(price), exp(price) FROM costs WHERE price BETWEEN 0.1 AND 1 ORDER BY id",
    "SELECT stddev_pop(price), var_samp(price), corr(price, n) FROM costs WHERE price < 1000",
    "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY price) FROM costs",
    "SELECT sum(key) FROM rates WHERE rate < 0.2",
];

/// Statements that are refused here, with the error code.
const REFUSED: &[(&str, &str)] = &[
    ("SELECT sum(key) FROM rates", "SUM_OVERFLOW"),
    ("SELECT key + key FROM rates", "ARITHMETIC_OVERFLOW"),
    ("SELECT key * 10 FROM rates", "ARITHMETIC_OVERFLOW"),
    (
        "SELECT CAST(key AS BIGINT) FROM rates",
        "ARITHMETIC_OVERFLOW",
    ),
    (
        "SELECT CAST(x AS DECIMAL(12, 2)) FROM costs",
        "ARITHMETIC_OVERFLOW",
    ),
    (
        "SELECT CAST(amount AS DECIMAL(5, 2)) FROM rates",
        "EVALUATION_FAILED",
    ),
    ("SELECT price / 0 FROM costs", "EVALUATION_FAILED"),
    ("SELECT round(key, -37) FROM rates", "ARITHMETIC_OVERFLOW"),
    (
        "SELECT price FROM costs UNION SELECT x FROM costs",
        "CONSTRUCT_NOT_ALLOWED",
    ),
    (
        "SELECT n FROM costs WHERE price IN (SELECT x FROM costs)",
        "CONSTRUCT_NOT_ALLOWED",
    ),
    (
        "SELECT key FROM rates UNION SELECT f FROM fine",
        "CONSTRUCT_NOT_ALLOWED",
    ),
    (
        "SELECT coalesce(key, f) FROM rates, fine",
        "CONSTRUCT_NOT_ALLOWED",
    ),
    ("SELECT id FROM costs WHERE price = '0.1x'", "SQL_INVALID"),
    (
        "SELECT id FROM costs WHERE price = 1.2345678901234567e3",
        "CONSTRUCT_NOT_ALLOWED",
    ),
];

#[test]
fn decimals_are_those_of_postgresql_to_the_last_digit() {
    let all = Answerers::new(&TABLES);
    let mut faults = Vec::new();
    for sql in SAME {
        let ours = all.ask_here(sql);
        if let Err(fault) = all.same(&ours, sql) {
            let theirs = all.ask_postgresql(sql);
            faults.push(format!("{sql}\n  {fault}\n  PostgreSQL: {theirs:?}"));
        }
    }
    for (sql, code) in REFUSED {
        let fault = match all.ask_here(sql) {
            Ok(rows) => format!("gives {}", text(&rows)),
            Err(refusal) if refusal.code.to_string() != *code => refusal.to_string(),
            Err(_) => continue,
        };
        faults.push(format!("{sql}\n  {fault}"));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
