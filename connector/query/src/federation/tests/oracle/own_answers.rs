//! Comparisons of answers without a second engine.

use super::OracleWorld;
use super::comparison::{Answer, Verdict, compare};

/// Compares the answer of a plan without optimisation. Some plans can't run without it.
pub(super) fn compare_unoptimized(
    world: &OracleWorld,
    sql: &str,
    theirs: &Answer,
    is_ordered: bool,
) -> Verdict {
    let ours = world.ask_unoptimized_pool(sql);
    match &ours {
        Answer::Refused(refusal) => Verdict::RefusedHere(refusal.code.to_string()),
        _ => compare(&ours, theirs, is_ordered),
    }
}

/// Checks that each row is in exactly one of three parts: the condition is true, false, or NULL. Returns `None` if one of the four
/// counts is refused.
pub(super) fn part_rows(
    world: &OracleWorld,
    relations: &str,
    condition: &str,
) -> Option<Result<(), String>> {
    let count = |filter: &str| {
        let sql = format!("SELECT count(*) FROM {relations}{filter}");
        let [of_two, of_one] = [world.ask(&sql), world.ask_pool(&sql)];
        Some((count_of(&of_two)?, count_of(&of_one)?))
    };
    let all = count("")?;
    let holds = count(&format!(" WHERE {condition}"))?;
    let fails = count(&format!(" WHERE NOT ({condition})"))?;
    let unknown = count(&format!(" WHERE ({condition}) IS NULL"))?;
    let are_parts = holds.0 + fails.0 + unknown.0 == all.0;
    let are_same = [all, holds, fails, unknown]
        .iter()
        .all(|(of_two, of_one)| of_two == of_one);
    Some(match are_parts && are_same {
        true => Ok(()),
        false => Err(format!(
            "rows of two cities and of one participant: {all:?}, where it holds {holds:?}, where it fails {fails:?}, \
             where it is unknown {unknown:?}"
        )),
    })
}

fn count_of(answer: &Answer) -> Option<i64> {
    match answer {
        Answer::Rows(rows) => rows.first()?.first()?.whole(),
        Answer::Refused(_) | Answer::Failed { .. } => None,
    }
}
