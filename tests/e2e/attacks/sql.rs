//! Statements as data: each is asked of both versions of a dataset, which look alike, and of a table that holds what is
//! shown and nothing else.

use crate::attacks::AttackVerdict;
use crate::attacks::trips::SECRET;
use crate::attacks::world::SqlAttackFederation;
use hansa_test_support::malicious_peer::CollectedAnswer;

/// What must come of a statement.
#[derive(Clone, Copy)]
pub(crate) enum ExpectedResult {
    /// The rows that the same statement gives over the plain table of what is shown; at least one.
    View,
    /// The rows of this statement over the plain table; at least one.
    As(&'static str),
    /// No rows.
    Nothing,
    /// A refusal with this code.
    Code(&'static str),
    /// A refusal with one of these codes.
    OneOf(&'static [&'static str]),
    /// The view, or a refusal with this code.
    ViewOr(&'static str),
}

/// A statement; `{t}` stands for the dataset.
pub(crate) type SqlCase = (&'static str, ExpectedResult);

/// The names of one dataset: both versions, and the plain table. They are equally long, so that places in messages agree.
pub(crate) struct DatasetNames {
    pub(crate) one: &'static str,
    pub(crate) other: &'static str,
    pub(crate) plain: &'static str,
}

pub(crate) const ROWS: DatasetNames = DatasetNames {
    one: "trips_a",
    other: "trips_b",
    plain: "trips_v",
};

pub(crate) const CELLS: DatasetNames = DatasetNames {
    one: "cells_a",
    other: "cells_b",
    plain: "cells_v",
};

/// Fares of which one operator has nearly all in one district.
pub(crate) const FARES: DatasetNames = DatasetNames {
    one: "fares_a",
    other: "fares_b",
    plain: "",
};

/// Asks all of them.
pub(crate) fn all(
    federation: &SqlAttackFederation,
    names: &DatasetNames,
    cases: &[SqlCase],
) -> AttackVerdict {
    let mut met = std::collections::BTreeSet::new();
    for (sql, expect) in cases {
        met.insert(one(federation, names, sql, *expect).map_err(|why| format!("{sql}: {why}"))?);
    }
    let met: Vec<_> = met.into_iter().collect();
    Ok(format!("{} statements: {}", cases.len(), met.join(", ")))
}

/// Asks one.
pub(crate) fn one(
    federation: &SqlAttackFederation,
    names: &DatasetNames,
    sql: &str,
    expect: ExpectedResult,
) -> AttackVerdict {
    let answer = alike(federation, names, sql)?;
    let code = answer.code();
    let plain = |sql: &str| federation.ask(names.plain, &sql.replace("{t}", names.plain));
    match expect {
        ExpectedResult::Code(wanted) if code == wanted => Ok(wanted.to_owned()),
        ExpectedResult::OneOf(wanted) if wanted.contains(&code) => Ok(code.to_owned()),
        ExpectedResult::ViewOr(wanted) if code == wanted => Ok(wanted.to_owned()),
        ExpectedResult::Nothing if code.is_empty() && answer.rows.is_empty() => {
            Ok("no rows".to_owned())
        }
        ExpectedResult::View | ExpectedResult::ViewOr(_) if code.is_empty() => {
            same_rows(&answer, &plain(sql))
        }
        ExpectedResult::As(other) if code.is_empty() => same_rows(&answer, &plain(other)),
        _ => Err(format!("{} rows, {}", answer.rows.len(), answer.message())),
    }
}

/// The answer over both versions, which must be the same to the last byte and word.
pub(crate) fn alike(
    federation: &SqlAttackFederation,
    names: &DatasetNames,
    sql: &str,
) -> Result<CollectedAnswer, String> {
    let one = federation.ask(names.one, &sql.replace("{t}", names.one));
    let other = federation.ask(names.other, &sql.replace("{t}", names.other));
    let named = |answer: &CollectedAnswer, name: &str| answer.message().replace(name, "{t}");
    if named(&one, names.one) != named(&other, names.other) {
        return Err(format!(
            "the refusal depends on what is hidden: {} | {}",
            one.message(),
            other.message()
        ));
    }
    // Columns without an alias are named after the expression, and so after the dataset.
    let schema = |answer: &CollectedAnswer, name: &str| answer.schema.replace(name, "{t}");
    let rows = |answer: &CollectedAnswer, name: &str| answer.rows.join("\n").replace(name, "{t}");
    if rows(&one, names.one) != rows(&other, names.other)
        || schema(&one, names.one) != schema(&other, names.other)
        || renamed(&one.bytes, names.one, names.other) != other.bytes
    {
        return Err("the answer depends on what is hidden".to_owned());
    }
    for answer in [&one, &other] {
        if answer.tells(SECRET) {
            return Err(format!("a hidden value leaves: {}", answer.message()));
        }
    }
    Ok(one)
}

fn renamed(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let mut at = 0;
    while at + from.len() <= bytes.len() {
        if bytes[at..].starts_with(from.as_bytes()) {
            bytes[at..at + from.len()].copy_from_slice(to.as_bytes());
        }
        at += 1;
    }
    bytes
}

fn same_rows(answer: &CollectedAnswer, plain: &CollectedAnswer) -> AttackVerdict {
    if plain.refusal.is_some() {
        return Err(format!("the plain table refuses: {}", plain.message()));
    }
    let sorted = |answer: &CollectedAnswer| {
        let mut rows = answer.rows.clone();
        rows.sort_unstable();
        rows
    };
    let (got, wanted) = (sorted(answer), sorted(plain));
    if wanted.is_empty() {
        return Err("the test shows nothing: no rows".to_owned());
    }
    if got != wanted {
        let got: Vec<_> = got.iter().take(3).collect();
        let wanted: Vec<_> = wanted.iter().take(3).collect();
        return Err(format!("not the view: {got:?} instead of {wanted:?}"));
    }
    Ok("= V".to_owned())
}
