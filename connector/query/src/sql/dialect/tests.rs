//! Comparison of every pair of operators with PostgreSQL's precedence table.

use super::StatementDialect;
use datafusion::sql::sqlparser::ast::Expr;
use datafusion::sql::sqlparser::parser::Parser;

/// Permitted operators of PostgreSQL 17, table 4.2. A higher number is a higher precedence.
const INFIX: [(&str, u8); 26] = [
    ("*", 9),
    ("/", 9),
    ("%", 9),
    ("+", 8),
    ("-", 8),
    ("||", 7),
    ("|", 7),
    ("&", 7),
    ("~", 7),
    ("~*", 7),
    ("!~", 7),
    ("!~*", 7),
    ("LIKE", 6),
    ("NOT LIKE", 6),
    ("ILIKE", 6),
    ("NOT ILIKE", 6),
    ("=", 5),
    ("<>", 5),
    ("<", 5),
    ("<=", 5),
    (">", 5),
    (">=", 5),
    ("IS DISTINCT FROM", 4),
    ("IS NOT DISTINCT FROM", 4),
    ("AND", 2),
    ("OR", 1),
];

const POSTFIX: [(&str, u8); 12] = [
    ("::int", 14),
    ("AT TIME ZONE 'UTC'", 11),
    ("BETWEEN 1 AND 2", 6),
    ("NOT BETWEEN 1 AND 2", 6),
    ("IN (1, 2)", 6),
    ("NOT IN (1, 2)", 6),
    ("IS NULL", 4),
    ("IS NOT NULL", 4),
    ("IS TRUE", 4),
    ("IS NOT FALSE", 4),
    ("IS UNKNOWN", 4),
    ("IS NOT UNKNOWN", 4),
];

const NOT: u8 = 3;

fn parse_expression(text: &str) -> Expr {
    Parser::new(&StatementDialect)
        .try_with_sql(text)
        .unwrap()
        .parse_expr()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Text of the expression with parentheses by PostgreSQL's table, without those of the syntax tree.
fn bare(expr: Expr) -> String {
    use datafusion::sql::sqlparser::ast::{VisitMut, VisitorMut};
    use std::ops::ControlFlow;
    struct Unwrapping;
    impl VisitorMut for Unwrapping {
        type Break = ();
        fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
            while let Expr::Nested(inner) = expr {
                let inner = std::mem::replace(inner.as_mut(), Expr::Identifier("taken".into()));
                *expr = inner;
            }
            ControlFlow::Continue(())
        }
    }
    let mut expr = expr;
    let _done = expr.visit(&mut Unwrapping);
    let places = regex::Regex::new(r"Span\([^)]*\)\.\.Location\([^)]*\)\)").unwrap();
    places.replace_all(&format!("{expr:?}"), "").into_owned()
}

fn check(text: &str, with_parentheses: &str) {
    assert_eq!(
        bare(parse_expression(text)),
        bare(parse_expression(with_parentheses)),
        "`{text}` is not read as `{with_parentheses}`"
    );
}

#[test]
fn pairs_of_infix_operators_bind_as_in_postgresql() {
    for (first, high) in INFIX {
        for (second, low) in INFIX {
            // Comparisons and IS are not associative in PostgreSQL.
            if high == low && (4..=6).contains(&high) {
                continue;
            }
            let text = format!("a {first} b {second} c");
            if high >= low {
                check(&text, &format!("(a {first} b) {second} c"));
            } else {
                check(&text, &format!("a {first} (b {second} c)"));
            }
        }
    }
}

#[test]
fn postfix_operators_bind_as_in_postgresql() {
    for (infix, of_infix) in INFIX {
        for (postfix, of_postfix) in POSTFIX {
            if of_infix == of_postfix && (4..=6).contains(&of_infix) {
                continue;
            }
            let text = format!("a {infix} b {postfix}");
            if of_infix >= of_postfix {
                check(&text, &format!("(a {infix} b) {postfix}"));
            } else {
                check(&text, &format!("a {infix} (b {postfix})"));
            }
            // The upper bound of BETWEEN continues with the next operator.
            if postfix.contains("BETWEEN") && of_infix > of_postfix {
                continue;
            }
            check(
                &format!("a {postfix} {infix} b"),
                &format!("(a {postfix}) {infix} b"),
            );
        }
    }
}

#[test]
fn not_and_signs_bind_as_in_postgresql() {
    for (infix, of_infix) in INFIX {
        let text = format!("NOT a {infix} b");
        if of_infix > NOT {
            check(&text, &format!("NOT (a {infix} b)"));
        } else {
            check(&text, &format!("(NOT a) {infix} b"));
        }
        check(&format!("- a {infix} b"), &format!("(- a) {infix} b"));
    }
    for (postfix, of_postfix) in POSTFIX {
        if of_postfix > NOT {
            check(&format!("NOT a {postfix}"), &format!("NOT (a {postfix})"));
        }
    }
    check("- a::int", "- (a::int)");
    check(
        "a BETWEEN b + 1 AND c || d AND e",
        "(a BETWEEN (b + 1) AND (c || d)) AND e",
    );
    check(
        "b IS NOT DISTINCT FROM true AND n > 0",
        "(b IS NOT DISTINCT FROM true) AND (n > 0)",
    );
    check(
        "NOT b IS DISTINCT FROM c OR d",
        "(NOT (b IS DISTINCT FROM c)) OR d",
    );
}
