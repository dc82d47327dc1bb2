//! Missing participants of a question over a model. They are determined before the first remote query, and always reported.

use crate::engine_error;
use crate::federation::column_usage::{remaining_probes, used_columns};
use crate::federation::query_catalog::resolved_table::ModelMember;
use crate::federation::time_precision::TimePrecision;
use crate::model::Model;
use crate::session;
use crate::sql::cube_rewrite::format_dimension;
use crate::sql::sound_forms::use_sound_forms;
use datafusion::execution::SessionState;
use datafusion::logical_expr::LogicalPlan;
use hansa_catalog::dataset::ColumnType;
use hansa_policy::effect::CubeDimension;
use hansa_policy::id::{ClauseId, ParticipantId, SqlIdentifier};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::value::time::TimeBucketWidth;
use std::collections::{BTreeMap, BTreeSet};

/// Member of a model, at one place of a question.
#[derive(Clone)]
pub(super) struct QueriedModelMember {
    /// Model of the member.
    pub(super) model: &'static Model,
    /// Dataset of the model.
    pub(super) part: ModelMember,
}

impl QueriedModelMember {
    /// Key of the member, equal at all places of the question.
    pub(super) fn key(&self) -> ModelMemberKey {
        (self.model.name, self.part.key())
    }
}

/// Key of a member: the model's name, the participant and the dataset.
pub(super) type ModelMemberKey = (&'static str, (ParticipantId, Option<SqlIdentifier>));

/// Members that can't be asked, and members that the question needs.
pub(super) struct MissingParticipants {
    /// Refusals of members that can't be asked, by member number.
    why: BTreeMap<usize, Refusal>,
    /// Members that no condition on `participant` or `dataset` excludes.
    needed: BTreeSet<usize>,
}

/// Determines missing members from a plan over probes. A member can't be asked if the catalog says so, if the question uses a
/// column that its contract hides, or if the question needs a finer time than its contract shows. Its rows would otherwise be
/// silently missing from a figure or counted in a wrong one.
pub(super) fn missing_participants(
    plan: &LogicalPlan,
    parts: &[QueriedModelMember],
    state: &SessionState,
) -> Result<MissingParticipants, Refusal> {
    let used = used_columns(plan).map_err(|error| engine_error::planning_refusal(&error))?;
    let mut why = BTreeMap::new();
    for (number, placed) in parts.iter().enumerate() {
        let hidden: Vec<&str> = placed
            .model
            .columns
            .iter()
            .map(|column| column.name)
            .filter(|column| {
                placed.part.hides(column) && used.contains_key(&(number, (*column).to_owned()))
            })
            .collect();
        let finer = placed.model.columns.iter().find_map(|column| {
            let looks = used.get(&(number, column.name.to_owned()))?;
            let (clause, shown) = placed.part.column_bucket(column.name)?;
            let whole = |look: &TimePrecision| look.sees_buckets_alone(shown, column.kind);
            let too_fine = !looks.iter().all(whole);
            too_fine.then_some((*clause, shown, column.kind))
        });
        if let Some(refusal) = &placed.part.why {
            why.insert(number, refusal.clone());
        } else if !hidden.is_empty() {
            why.insert(number, hidden_columns_refusal(&placed.part, &hidden));
        } else if let Some((clause, shown, kind)) = finer {
            why.insert(
                number,
                coarse_time_refusal(&placed.part, clause, shown, kind),
            );
        }
    }
    let needed = if why.is_empty() {
        BTreeSet::new()
    } else {
        find_needed_probes(plan, state).map_err(|error| engine_error::planning_refusal(&error))?
    };
    Ok(MissingParticipants { why, needed })
}

fn find_needed_probes(
    plan: &LogicalPlan,
    state: &SessionState,
) -> datafusion::common::Result<BTreeSet<usize>> {
    let plan = session::protect_plan(use_sound_forms(plan.clone())?)?;
    remaining_probes(&state.optimizer().optimize(plan, state, |_, _| {})?)
}

impl MissingParticipants {
    /// Participants that the answer lacks.
    ///
    /// # Errors
    /// The first refusal if the answer may not lack participants. Otherwise a refusal if a model has no remaining member.
    pub(super) fn report(
        &self,
        parts: &[QueriedModelMember],
        partial: bool,
    ) -> Result<Vec<(ParticipantId, Refusal)>, Refusal> {
        let unasked = self.unasked_members(parts);
        let needed: Vec<&QueriedModelMember> = self
            .needed
            .iter()
            .filter_map(|number| parts.get(*number))
            .collect();
        let mut reported = Vec::new();
        // INVARIANT: lacks-a-city. A needed member that is not asked fails the question, or is reported.
        for placed in &needed {
            let Some(why) = unasked.get(&placed.key()) else {
                continue;
            };
            if !partial {
                return Err(why
                    .clone()
                    .with_help("--partial accepts an answer that lacks it, and says so"));
            }
            let left = needed
                .iter()
                .any(|other| other.model == placed.model && !unasked.contains_key(&other.key()));
            if !left {
                return Err(why.clone());
            }
            let entry = (placed.part.participant.clone(), why.clone());
            if !reported.contains(&entry) {
                reported.push(entry);
            }
        }
        Ok(reported)
    }

    /// Members that are not asked, needed or not. A model that occurs twice in a question has the same members at both places.
    pub(super) fn unasked_members(
        &self,
        parts: &[QueriedModelMember],
    ) -> BTreeMap<ModelMemberKey, Refusal> {
        self.why
            .iter()
            .filter_map(|(number, why)| Some((parts.get(*number)?.key(), why.clone())))
            .collect()
    }
}

fn hidden_columns_refusal(part: &ModelMember, hidden: &[&str]) -> Refusal {
    let columns = hidden
        .iter()
        .map(|column| format!("`{column}`"))
        .collect::<Vec<_>>()
        .join(" and ");
    let named = format_member_name(part);
    let refusal = Refusal::new(
        ErrorCode::AnswerIncomplete,
        format!("the question needs {columns}, which `{named}` does not show"),
    );
    with_member_help(refusal, part, &named)
}

/// Refusal for a column of which the rows show time buckets alone.
fn coarse_time_refusal(
    part: &ModelMember,
    clause: ClauseId,
    shown: &CubeDimension,
    kind: ColumnType,
) -> Refusal {
    let named = format_member_name(part);
    let column = &shown.column;
    let bucket = shown.bucket.map_or("", TimeBucketWidth::as_str);
    let zone = shown.zone.as_deref().unwrap_or("UTC");
    let refusal = Refusal::new(
        ErrorCode::AnswerIncomplete,
        format!("the question needs finer values of `{column}` than `{named}` shows"),
    )
    .with_clause(clause, format!("{column} by {bucket} ({zone})"))
    .with_help(format!(
        "write {} or coarser, or compare {column} by >= and < with the start of a period",
        format_dimension(shown, kind == ColumnType::Date)
    ));
    with_member_help(refusal, part, &named)
}

fn format_member_name(part: &ModelMember) -> String {
    part.table.as_ref().map_or_else(
        || part.participant.domain().to_owned(),
        |table| format!("{}.{}", table.alias, table.dataset.name),
    )
}

fn with_member_help(refusal: Refusal, part: &ModelMember, named: &str) -> Refusal {
    let refusal = refusal
        .with_participant(part.participant.clone())
        .with_help(format!(
            "leave it out by name: participant <> '{}'",
            part.participant.domain()
        ))
        .with_help(format!(
            "or request an amendment: hansa contract request {named}"
        ));
    match part.table.as_ref().and_then(|table| table.contract) {
        Some(contract) => refusal.with_contract(contract),
        None => refusal,
    }
}
