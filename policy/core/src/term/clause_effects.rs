//! Effects of the clauses of a policy on their dataset.

use super::rule::EffectBinding;
use super::{Clause, Term, aggregate, cite_clause, clause_consistency};
use crate::effect::{Cube, Effect, EffectKind};
use crate::refusal::Refusal;

/// Effects of clauses on their dataset, bound to the asking participant. Only terms about rows, columns and form have an effect;
/// [`crate::decision::decide_question`] checks period, purpose and quotas.
///
/// # Errors
/// An error in any term refuses the whole policy: `POLICY_CONTRADICTION`, `TERM_ILL_TYPED`, `TERM_UNKNOWN`, `GRID_CONFLICT`,
/// `TENANT_UNBOUND`.
pub fn of_clauses(clauses: &[Clause], to: &EffectBinding<'_>) -> Result<Vec<Effect>, Refusal> {
    clause_consistency::check_clauses(clauses)?;
    let cube = aggregate::build_cube(clauses)?;
    let mut effects = Vec::new();
    for clause in clauses {
        let effect = clause
            .term
            .with_rule(|rule| rule.effect(to))
            .map_err(|refusal| cite_clause(refusal, clause))?;
        let effect = match (&clause.term, &cube) {
            (Term::Prohibition(_), _) if !to.is_prohibited(clause.id) => None,
            (Term::Functions(_), Some(cube)) => Some(EffectKind::AggregateOnly(cube.clone())),
            // In the aggregate form the cube alone defines the columns; `aggregate::build_cube` has checked that the clauses agree with
            // it.
            (Term::Columns(_) | Term::TimeBucket { .. }, Some(_)) => None,
            _ => effect,
        };
        effects.extend(effect.map(|what| Effect {
            clause: clause.id,
            kind: what,
        }));
    }
    Ok(effects)
}

/// Cube that the clauses define; none when they permit rows.
///
/// # Errors
/// As [`of_clauses`], for the clauses of the aggregate form.
pub fn cube_of(clauses: &[Clause]) -> Result<Option<Cube>, Refusal> {
    aggregate::build_cube(clauses)
}
