//! The questions over contracts that show aggregates of orders and their lines alone: what these allow is answered as by one
//! process that sees the cells which are shown, and nothing else is answered.

use super::data;
use super::pool::{self, PooledSession};
use super::world::{CITIES, CellTerms, QueryAnswer, TpchFederation};
use serde_json::Value;

/// A group of fewer lines is not shown: at this scale all groups of some cities, and not of others.
const LEAST: usize = 118;

/// Cells of orders and lines; of everything else the rows.
fn cells(table: &str) -> Option<CellTerms> {
    let (by, measures): (&[_], &[_]) = match table {
        "orders" => (&["o_orderpriority"], &["o_totalprice"]),
        "lineitem" => (
            &["l_returnflag", "l_linestatus"],
            &["l_quantity", "l_extendedprice", "l_discount"],
        ),
        _ => return None,
    };
    Some(CellTerms {
        by,
        measures,
        least: LEAST,
    })
}

/// Of the first and of the fourth question, what is asked of a group.
pub(super) const ALLOWED: [(&str, &str, &str); 2] = [
    (
        "lineitem",
        "l_returnflag, l_linestatus",
        "sum(l_quantity) AS sum_qty, sum(l_extendedprice) AS sum_base_price, avg(l_quantity) AS avg_qty, \
         avg(l_extendedprice) AS avg_price, avg(l_discount) AS avg_disc, count(*) AS count_order",
    ),
    (
        "orders",
        "o_orderpriority",
        "count(*) AS order_count, sum(o_totalprice) AS total",
    ),
];

#[test]
fn all_22_questions_over_cells() {
    let federation = TpchFederation::under(cells, TpchFederation::holdings(0.01), None);
    let pool = PooledSession::new(&federation.files());
    let mut answered = Vec::new();
    for number in 1..=22 {
        let sql = data::question(number, &CITIES);
        let tried = federation.tries(&sql);
        if data::SHARED
            .iter()
            .any(|table| sql.contains(&format!(".{table}")))
        {
            // Each of them names columns that no cell has, or filters, joins or computes by single rows.
            let codes = [
                "AGGREGATE_ONLY",
                "QUERY_SHAPE",
                "DIMENSION_NOT_ALLOWED",
                "COLUMN_UNKNOWN",
            ];
            let said = codes
                .iter()
                .find(|code| tried.err.contains(&format!("\"code\":\"{code}\"")));
            println!("{number:>2}: {said:?}");
            assert!(said.is_some(), "{number}: {}", tried.err);
            assert!(tried.out.is_empty(), "{number}: {}", tried.out);
        } else {
            let lines = tried.must().lines();
            let report = &lines.last().expect("it is told who answered")["hansa"]["participants"];
            assert_eq!(report[0]["reads"][0]["groups_alone"], false, "{report}");
            let rows = QueryAnswer::of(lines).rows;
            pool::same(number, &rows, &pool.ask(&sql));
            answered.push(number);
        }
    }
    assert_eq!(answered, [2, 11, 16]);
    for (table, by, what) in ALLOWED {
        let over = |parts: Vec<String>| {
            let parts = parts.join(" UNION ALL ");
            format!("WITH t AS ({parts}) SELECT {by}, {what} FROM t GROUP BY {by} ORDER BY {by}")
        };
        let asked = over(
            CITIES
                .map(|city| format!("SELECT * FROM {city}.{table}"))
                .into(),
        );
        let lines = federation.tries(&asked).must().lines();
        // Whoever reads the totals is told that groups may be missing in them.
        let report = &lines.last().expect("it is told who answered")["hansa"]["participants"];
        for participant in report.as_array().expect("a list") {
            assert_eq!(
                participant["reads"][0]["groups_alone"], true,
                "{participant}"
            );
        }
        let rows = QueryAnswer::of(lines).rows;
        // The rows of the groups that each city shows.
        let shown = |city: &str| {
            format!(
                "SELECT * FROM (SELECT *, count(*) OVER (PARTITION BY {by}) AS lines FROM {city}.{table}) \
                 WHERE lines >= {LEAST}"
            )
        };
        let all = |sql: &str| pool.ask(sql);
        pool::same(table, &rows, &all(&over(CITIES.map(shown).into())));
        // Groups were left out somewhere: else nothing would be compared but sums of everything.
        let whole: Vec<Value> = all(&asked);
        println!("{table}: {rows:?} of {whole:?}");
        if table == "lineitem" {
            assert_ne!(rows, whole);
        }
    }
}
