//! Translation of the engine's planning errors into the words of this product.
//!
//! The engine's sentences contain its type names, function signatures and optimizer terms. An unknown error gets one general
//! sentence, and the engine's text becomes the cause in the trace of this machine.

use crate::sql::refused_construct::not_allowed;
use hansa_policy::refusal::{ErrorCode, Refusal};
use regex::{Captures, Regex};
use std::sync::LazyLock;

/// Refusal for a statement that can't be planned.
pub(super) fn refusal_of(text: &str) -> Refusal {
    let known = KNOWN.iter().find_map(|known| {
        let found = known.pattern.as_ref()?.captures(text)?;
        Some((known.refusal)(&found))
    });
    known
        .unwrap_or_else(|| {
            Refusal::new(
                ErrorCode::SqlInvalid,
                "the statement can be read but not planned",
            )
            .with_help("docs/sql.md lists what statements can use")
        })
        .caused_by(text.to_owned())
}

/// A sentence of the engine and its replacement.
struct KnownSentence {
    pattern: Option<Regex>,
    refusal: fn(&Captures<'_>) -> Refusal,
}

fn known_sentence(pattern: &str, refusal: fn(&Captures<'_>) -> Refusal) -> KnownSentence {
    KnownSentence {
        pattern: Regex::new(pattern).ok(),
        refusal,
    }
}

fn invalid_sql_refusal(sentence: impl Into<String>) -> Refusal {
    Refusal::new(ErrorCode::SqlInvalid, sentence)
}

fn captured_text<'c>(found: &'c Captures<'_>, name: &str) -> &'c str {
    found.name(name).map_or("", |part| part.as_str())
}

static KNOWN: LazyLock<Vec<KnownSentence>> = LazyLock::new(|| {
    vec![
        known_sentence(
            r"common argument type for comparison operation (?<left>.+) (?<op>=|!=|<|<=|>|>=|IS DISTINCT FROM|IS NOT DISTINCT FROM) (?<right>.+)$",
            |found| {
                let [left, right] =
                    ["left", "right"].map(|side| type_name(captured_text(found, side)));
                invalid_sql_refusal(format!("{left} can't be compared with {right}"))
                    .with_help("write CAST(… AS …) around one of them")
            },
        ),
        known_sentence(
            r"common argument type for logical boolean operation (?<left>.+) (?<op>AND|OR) (?<right>.+)$",
            |found| {
                let op = captured_text(found, "op");
                let [left, right] =
                    ["left", "right"].map(|side| type_name(captured_text(found, side)));
                invalid_sql_refusal(format!("{op} takes truth values, not {left} and {right}"))
            },
        ),
        known_sentence(
            r"Cannot coerce arithmetic expression (?<left>.+) (?<op>[-+*/%]) (?<right>.+) to valid types",
            |found| {
                let [left, right] =
                    ["left", "right"].map(|side| type_name(captured_text(found, side)));
                invalid_sql_refusal(format!(
                    "{left} {} {right} can't be computed",
                    captured_text(found, "op")
                ))
                .with_help("write CAST(… AS …) around one of them")
            },
        ),
        known_sentence(
            r"common type to coerce (?<left>.+) and (?<right>.+) in LIKE",
            |found| {
                let [left, right] =
                    ["left", "right"].map(|side| type_name(captured_text(found, side)));
                invalid_sql_refusal(format!("LIKE takes texts, not {left} and {right}"))
            },
        ),
        known_sentence(
            r"filter with non-boolean predicate .* returning (?<kind>.+)$",
            |found| {
                invalid_sql_refusal(format!(
                    "a condition is true or false, not {}",
                    type_name(captured_text(found, "kind"))
                ))
            },
        ),
        known_sentence(
            r"Unary operator '(?<op>.+)' requires a boolean expression, got (?<kind>.+)$",
            |found| {
                let kind = type_name(captured_text(found, "kind"));
                invalid_sql_refusal(format!(
                    "{} takes a truth value, not {kind}",
                    captured_text(found, "op")
                ))
            },
        ),
        known_sentence(r"Unary operator '(?<op>.)' only supports", |found| {
            not_allowed(&format!(
                "the sign {} before this value",
                captured_text(found, "op")
            ))
            .with_help(
                "it takes a number; of a rank or the number of a row write CAST(… AS BIGINT)",
            )
        }),
        known_sentence(
            r"(?s)No function matches the given name and argument types '(?<name>\w+)\((?<kinds>.*?)\)'",
            |found| {
                let name = captured_text(found, "name");
                let kinds = captured_text(found, "kinds");
                let kinds: Vec<String> = split_types(kinds)
                    .iter()
                    .map(|kind| type_name(kind))
                    .collect();
                match kinds.is_empty() {
                    true => {
                        invalid_sql_refusal(format!("`{name}` can't be called without arguments"))
                    }
                    false => {
                        invalid_sql_refusal(format!("`{name}` can't take {}", kinds.join(", ")))
                    }
                }
            },
        ),
        known_sentence(
            r"(?<name>\w+)\(?.* (?:should|must) only be called with a column reference|'(?<other>\w+)' (?:function )?requires",
            |_| invalid_sql_refusal("a function can't take these arguments"),
        ),
        known_sentence(
            r"(?:clause|list) references:? *(?<what>.*?) must appear in the GROUP BY clause|Column in (?<clause>[A-Z ]+) must be in GROUP BY or an aggregate function: While expanding wildcard, column .(?<column>.+). must appear|Expression (?<expr>.+) could not be resolved from available columns",
            |_| {
                invalid_sql_refusal(
                    "a column or expression is neither in GROUP BY nor in an aggregate",
                )
                .with_help("name it in GROUP BY, or put it into an aggregate")
            },
        ),
        known_sentence(
            r"must appear in the GROUP BY clause or be used in an aggregate function|must be in GROUP BY or an aggregate",
            |_| {
                invalid_sql_refusal(
                    "a column or expression is neither in GROUP BY nor in an aggregate",
                )
                .with_help("name it in GROUP BY, or put it into an aggregate")
            },
        ),
        known_sentence(
            r"(?<what>Projections|Windows|Aggregations) require unique expression names",
            |_| {
                invalid_sql_refusal("two columns of one list have the same name")
                    .with_help("name one of them with AS")
            },
        ),
        known_sentence(
            r"(?<op>UNION|INTERSECT|EXCEPT).* (?:different number of columns|same number of columns)",
            |found| {
                invalid_sql_refusal(format!(
                    "the queries of {} show different numbers of columns",
                    captured_text(found, "op")
                ))
            },
        ),
        known_sentence(r"(?<word>LIMIT|OFFSET)", |found| {
            invalid_sql_refusal(format!(
                "{} takes a whole number that is not negative",
                captured_text(found, "word")
            ))
        }),
        known_sentence(
            r"(?:subquery should only return one column|Too many columns)",
            |_| invalid_sql_refusal("a subquery in this place shows one column"),
        ),
        known_sentence(
            r"physical plan does not support logical expression \w*(?:Subquery|Exists|SetComparison)",
            |_| {
                not_allowed("a subquery in this place").with_help(
                    "compute it in a WITH query and join that, or write its condition into WHERE",
                )
            },
        ),
        known_sentence(r"sliding accumulator|Aggregate can not be used", |_| {
            not_allowed("this aggregate over a window whose first row moves")
                .with_help("let the window begin with UNBOUNDED PRECEDING")
        }),
        known_sentence(
            r"column out of bounds|Cannot find column with position",
            |_| {
                invalid_sql_refusal(
                    "GROUP BY or ORDER BY names a place that the list of columns does not have",
                )
            },
        ),
        known_sentence(
            r"SELECT DISTINCT, ORDER BY expressions? .* must appear in (?:the )?select list",
            |_| {
                invalid_sql_refusal("with DISTINCT, rows are ordered by columns that are shown")
                    .with_help("show it, or group instead")
            },
        ),
        known_sentence(
            r"SELECT DISTINCT ON expressions must match initial ORDER BY",
            |_| invalid_sql_refusal("ORDER BY begins with what DISTINCT ON names"),
        ),
        known_sentence(r"The window `?(?<name>[^`]+?)`? is not defined", |found| {
            invalid_sql_refusal(format!(
                "no window is called `{}`",
                captured_text(found, "name")
            ))
        }),
        known_sentence(
            r"[Nn]ested aggregate|[Aa]ggregate functions? (?:calls )?(?:cannot be nested|are not allowed)",
            |_| {
                invalid_sql_refusal(
                    "an aggregate can't stand in an aggregate, in WHERE or in GROUP BY",
                )
            },
        ),
        known_sentence(
            r"could not parse compound identifier from (?<names>.+)$",
            |found| {
                let names: Vec<&str> = captured_text(found, "names")
                    .split(|letter: char| !letter.is_alphanumeric() && letter != '_')
                    .filter(|name| !name.is_empty())
                    .collect();
                invalid_sql_refusal(format!("`{}` can't be named in this place", names.join(".")))
                    .with_help("give the table an alias that no column has")
                    .with_help("a subquery in the condition of a join names no column of the joined tables: write the condition into WHERE")
            },
        ),
        known_sentence(r"Invalid qualifier (?<name>.+)$", |found| {
            invalid_sql_refusal(format!(
                "no table is called `{}` here",
                captured_text(found, "name")
            ))
        }),
        known_sentence(
            r"contains (?<all>\d+) columns but only (?<named>\d+) names given|names given as column alias",
            |_| invalid_sql_refusal("an alias names as many columns as its table has"),
        ),
        known_sentence(
            r#"WITH query name "(?<name>.+)" specified more than once"#,
            |found| {
                invalid_sql_refusal(format!(
                    "WITH names `{}` twice",
                    captured_text(found, "name")
                ))
            },
        ),
        known_sentence(r"Inconsistent data length across values list", |_| {
            invalid_sql_refusal("the rows of VALUES have different numbers of values")
        }),
        known_sentence(r"to grouping function is not in grouping columns", |_| {
            invalid_sql_refusal("`grouping` takes what GROUP BY names")
        }),
        known_sentence(r"argument of nth_value|argument for nth_value", |_| {
            invalid_sql_refusal("`nth_value` takes a value and a whole number")
        }),
        known_sentence(r"Percentile value must be between", |_| {
            invalid_sql_refusal("a percentile lies between 0 and 1")
        }),
        known_sentence(r"COUNT DISTINCT with multiple arguments", |_| {
            not_allowed("count(DISTINCT …) of several values")
                .with_help("count the rows of SELECT DISTINCT … in a subquery")
        }),
        known_sentence(
            r"Unsupported CAST from (?<from>.+) to (?<to>.+)$",
            |found| {
                let [from, to] = ["from", "to"].map(|side| type_name(captured_text(found, side)));
                invalid_sql_refusal(format!("{from} can't be cast to {to}"))
            },
        ),
        known_sentence(
            r"does not support logical expression WindowFunction|window functions? (?:is|are) not allowed",
            |_| {
                invalid_sql_refusal(
                    "a window function stands in the SELECT list, in ORDER BY or in QUALIFY alone",
                )
                .with_help("compute it in a subquery, and filter that")
            },
        ),
        known_sentence(
            r"does not satisfy (?:order|distribution) requirements",
            |_| {
                not_allowed(
                    "a window or a copy of rows by a column that a condition makes constant",
                )
                .with_help("put the condition into a query around that of the window")
            },
        ),
        known_sentence(r"No functions registered with this context", |_| {
            invalid_sql_refusal("a window function stands without OVER")
                .with_help("write OVER (…) behind it")
        }),
        known_sentence(
            r"Window frame|RANGE is not implemented|window frame|Invalid window",
            |_| invalid_sql_refusal("the frame of a window is not valid: see docs/sql.md"),
        ),
        known_sentence(
            r"Invalid timezone|Unsupported timezone|failed to parse timezone|Cannot parse time ?zone",
            |_| {
                invalid_sql_refusal("there is no such time zone")
                    .with_help("name it as in Europe/Berlin")
            },
        ),
    ]
});

/// Splits a list of types. A type may contain commas.
fn split_types(text: &str) -> Vec<String> {
    let (mut all, mut depth, mut one) = (Vec::new(), 0_usize, String::new());
    for letter in text.chars() {
        match letter {
            '(' => depth = depth.saturating_add(1),
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                all.push(std::mem::take(&mut one).trim().to_owned());
                continue;
            }
            _ => {}
        }
        one.push(letter);
    }
    if !one.trim().is_empty() {
        all.push(one.trim().to_owned());
    }
    all
}

/// Product name of an engine type.
fn type_name(kind: &str) -> String {
    let kind = kind.trim();
    let name = match kind {
        "Int8" | "Int16" | "Int32" | "Int64" | "UInt8" | "UInt16" | "UInt32" | "UInt64" => {
            "a whole number"
        }
        "Float16" | "Float32" | "Float64" => "a floating-point number",
        "Utf8" | "Utf8View" | "LargeUtf8" => "a text",
        "Boolean" => "a truth value",
        "Date32" | "Date64" => "a day",
        "Null" => "NULL",
        _ if kind.starts_with("Timestamp") => "an instant",
        _ if kind.starts_with("Time") => "a time of day",
        _ if kind.starts_with("Interval") || kind.starts_with("Duration") => "a span of time",
        _ if kind.starts_with("Decimal") => "a decimal",
        _ => "a value of another type",
    };
    name.to_owned()
}

#[cfg(test)]
mod tests;
