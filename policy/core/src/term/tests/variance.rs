//! Tests of variances and of numbers of units.

use super::*;
use crate::refusal::ErrorCode;
use crate::term::clause_effects::of_clauses;
use crate::term::rule::EffectBinding;
use crate::value::cube::{DominanceRule, LateDataPolicy};

/// Disclosure by a variance beside a sum, and by numbers of distinct units beside each other.
#[test]
fn a_variance_or_a_number_of_units_that_tells_too_much_is_not_signed() {
    let with = |function: CubeFunction, more: Vec<Term>| -> Vec<Term> {
        let all = cube(more).into_iter();
        all.map(|term| match term {
            Term::Functions(_) => Term::Functions(vec![CubeFunction::Count, function]),
            other => other,
        })
        .collect()
    };
    let group = |at_least, unit| Term::MinGroup { at_least, unit };
    let devices = |at_least| group(at_least, CountingUnit::Column(parse_name("device")));
    let dominance = || {
        Term::Dominance(DominanceTerm {
            measure: parse_name("bikes"),
            unit: parse_name("device"),
            rule: DominanceRule::P(15),
        })
    };
    let spread = |more| with(CubeFunction::Variance, more);
    check(spread(vec![]), Ok(&["aggregate"]));
    for at_least in [2, 3, 4] {
        check(spread(vec![devices(at_least)]), CONTRADICTS);
        check(
            spread(vec![group(at_least, CountingUnit::Rows)]),
            CONTRADICTS,
        );
    }
    check(spread(vec![devices(5)]), Ok(&["aggregate"]));
    check(spread(vec![devices(5), dominance()]), CONTRADICTS);
    let released = |late| spread(vec![release(late), devices(5), Term::SuppressComplement]);
    check(released(LateDataPolicy::Never), Ok(&["aggregate"]));
    for late in [LateDataPolicy::Wait, LateDataPolicy::Correct] {
        check(released(late), Err(ErrorCode::GridConflict));
    }
    check(
        spread(vec![release(LateDataPolicy::Never), budget(|_| {})]),
        CONTRADICTS,
    );
    let units = |more| with(CubeFunction::Units, more);
    let kept = || release(LateDataPolicy::Never);
    check(units(vec![kept(), devices(5)]), Ok(&["aggregate"]));
    check(
        units(vec![kept(), devices(5), dominance()]),
        Ok(&["aggregate"]),
    );
    check(units(vec![devices(5)]), Err(ErrorCode::GridConflict));
    for late in [LateDataPolicy::Wait, LateDataPolicy::Correct] {
        let changing = vec![release(late), devices(5)];
        check(units(changing), Err(ErrorCode::GridConflict));
    }
    for group in [devices(1), group(5, CountingUnit::Rows)] {
        check(units(vec![kept(), group]), Err(ErrorCode::GroupWithoutUnit));
    }
    check(units(vec![kept()]), Err(ErrorCode::GroupWithoutUnit));
    for secondary in [Term::SuppressComplement, Term::CellKey(5)] {
        check(units(vec![kept(), devices(5), secondary]), CONTRADICTS);
    }
    check(units(vec![kept(), budget(|_| {})]), CONTRADICTS);
}

/// Each of these refusals has its own text: another one would name a wrong reason and a wrong remedy.
#[test]
fn a_variance_or_a_number_of_units_is_refused_by_its_own_clause_and_reason() {
    fn sentences_of(function: CubeFunction, more: Vec<Term>) -> String {
        // Counts alone, since sums have refusals of their own beside rounded counts.
        let all = cube(more).into_iter();
        let counted = function != CubeFunction::Variance;
        let terms: Vec<Term> = all
            .filter(|term| !(counted && matches!(term, Term::Measures(_))))
            .map(|term| match term {
                Term::Functions(_) => Term::Functions(vec![CubeFunction::Count, function]),
                other => other,
            })
            .collect();
        let asker = parse_participant("hansa://firm.example");
        let refusal = of_clauses(&number_clauses(terms), &EffectBinding::of(&asker)).unwrap_err();
        let clause = refusal.clause.map(|clause| clause.to_string());
        assert_eq!(clause.as_deref(), Some("#c1"), "{refusal}");
        refusal.sentence
    }
    let device = || CountingUnit::Column(parse_name("device"));
    let group = |at_least, unit| Term::MinGroup { at_least, unit };
    let dominance = Term::Dominance(DominanceTerm {
        measure: parse_name("bikes"),
        unit: parse_name("device"),
        rule: DominanceRule::P(15),
    });
    let kept = || release(LateDataPolicy::Never);
    let (variance, units) = (CubeFunction::Variance, CubeFunction::Units);
    for (function, more, word) in [
        (variance, vec![group(4, device())], "tell its single values"),
        (
            variance,
            vec![group(5, device()), dominance],
            "the rule of dominance",
        ),
        (
            units,
            vec![kept(), group(5, CountingUnit::Rows)],
            "where a group needs so many",
        ),
        (
            units,
            vec![kept(), group(1, device())],
            "where a group needs so many",
        ),
        (units, vec![group(5, device())], "computed for each"),
        (
            units,
            vec![release(LateDataPolicy::Wait), group(5, device())],
            "before and after a correction",
        ),
        (
            units,
            vec![release(LateDataPolicy::Correct), group(5, device())],
            "before and after a correction",
        ),
        (
            units,
            vec![kept(), group(5, device()), Term::CellKey(5)],
            "exactly what the counts hide",
        ),
        (
            units,
            vec![kept(), group(5, device()), Term::SuppressComplement],
            "how many are in several",
        ),
    ] {
        let sentence = sentences_of(function, more);
        assert!(sentence.contains(word), "{word}: {sentence}");
    }
}
