//! Comparison of counts of absent values with the engine's counts.

use super::*;

/// Numbers and texts, grouped and ungrouped, filtered and distinct.
#[test]
fn rows_have_a_value_or_it_is_absent() {
    let Expr::AggregateFunction(absent) =
        hansa_enforcement::null_count::null_count(datafusion_expr::col("x"))
    else {
        panic!("an aggregate");
    };
    let mut reported = 0;
    for seed in 0..20 {
        let context = context(&TypedNumbers::random(seed));
        context.register_udaf(absent.func.as_ref().clone());
        for (of, by) in [
            ("SELECT k,", "FROM r GROUP BY k"),
            ("SELECT 0 AS k,", "FROM r"),
            ("SELECT k,", "FROM r WHERE k < 3 GROUP BY k"),
            ("SELECT 0 AS k,", "FROM r WHERE k > 1000"),
        ] {
            for only in ["", "FILTER (WHERE k > 1)"] {
                for column in [
                    "i",
                    "CAST(i AS VARCHAR)",
                    "CASE WHEN i > 0 THEN k END",
                    "NULL",
                ] {
                    let asked =
                        |total: String| asked(&context, &format!("{of} {total} {by}")).unwrap();
                    let rest = asked(format!("absent({column}) {only}"));
                    let less = format!("count(*) {only} - count({column}) {only}");
                    assert_eq!(rest, asked(less), "{seed} {column} {by} {only}");
                    reported += rest
                        .values()
                        .filter(|rest| **rest != Some(i256::ZERO))
                        .count();
                }
            }
        }
    }
    assert!(reported > 0);
}
