//! Application of a decision to its plan: each named table becomes a governed one, made from the effects of the decision alone.

use crate::bound_plan::{BoundPlan, PlanOrigin};
use crate::cube_plan::{self, PrivatePlanContext};
use crate::masking::MaskingSecret;
use crate::released_cells;
use crate::row_plan;
use crate::table_source::{GovernedTable, NamedTable, RelationPart};
use datafusion_common::tree_node::Transformed;
use datafusion_expr::LogicalPlan;
use hansa_audit_log::ledger::{RecordReceipt, Recorded};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::DatasetGrant;
use hansa_policy::decision::quota_budget::RowLimit;
use hansa_policy::decision::{PendingRefusal, PermitDecision, RefusedQuery};
use hansa_policy::effect::{Effect, EffectKind};
use hansa_policy::id::{DatasetId, RequestId};
use hansa_policy::published_list::PublishedLists;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Plan that may be executed: its decision is recorded, and every table of it is governed. Made by [`apply`] alone.
#[derive(Debug)]
pub struct PermittedPlan {
    parts: PermittedPlanParts,
}

/// Parts of a [`PermittedPlan`], for its execution.
#[derive(Debug)]
pub struct PermittedPlanParts {
    /// Plan over governed tables.
    pub plan: LogicalPlan,
    /// Plan over the named tables, for `EXPLAIN`.
    pub named: LogicalPlan,
    /// True if the question asks for the plan itself.
    pub explain: bool,
    /// Receipt of the open log entry, which must be closed.
    pub opened: RecordReceipt,
    /// Identity of the question.
    pub request: RequestId,
    /// Lowest limit on the rows of the answer.
    pub row_limit: Option<RowLimit>,
    /// Instant at which the answer is cut.
    pub ends: UtcTimestamp,
    /// Datasets that the plan reads.
    pub datasets: BTreeSet<DatasetId>,
    /// Basis of the plan, where the plan may be cached.
    pub basis: Option<PlanBasis>,
}

/// Everything that determines a plan over governed tables. Plans with equal bases are equal, with all filters and masks.
#[derive(Debug, Clone)]
pub struct PlanBasis {
    origin: PlanOrigin,
    effects: BTreeMap<DatasetId, Vec<Effect>>,
    secret: MaskingSecret,
    published: Arc<PublishedLists>,
}

impl PlanBasis {
    /// Datasets that the plan reads.
    pub fn datasets(&self) -> impl Iterator<Item = &DatasetId> {
        self.effects.keys()
    }
}

impl PartialEq for PlanBasis {
    fn eq(&self, other: &Self) -> bool {
        self.origin == other.origin
            && self.effects == other.effects
            && self.secret == other.secret
            // Compared by identity: reloaded lists count as different, whatever their content.
            && Arc::ptr_eq(&self.published, &other.published)
    }
}

impl Eq for PlanBasis {}

/// Makes the permitted plan of a recorded decision. This is the only constructor of [`PermittedPlan`].
///
/// # Errors
/// A refusal that closes the open log entry, when the effects don't give exactly the view that the question was planned against.
pub fn apply(
    ruled: Recorded<PermitDecision<BoundPlan>>,
    tools: &PrivatePlanContext,
) -> Result<PermittedPlan, PendingRefusal> {
    let (ruled, opened) = ruled.into_parts();
    let effects = ruled.effects().clone();
    let (request, row_limit, ends) = (ruled.request(), ruled.row_limit(), ruled.end_instant());
    let asked = to_refused_query(&ruled);
    let (named, explain, origin) = ruled.into_question().into_parts();
    match govern_plan(named.clone(), &effects, tools) {
        Ok(plan) => Ok(PermittedPlan {
            parts: PermittedPlanParts {
                plan,
                named,
                explain,
                opened,
                request,
                row_limit,
                ends,
                datasets: effects.keys().cloned().collect(),
                basis: origin.map(|origin| PlanBasis {
                    origin,
                    effects,
                    secret: tools.secret,
                    published: Arc::clone(&tools.published),
                }),
            },
        }),
        Err(refusal) => Err(PendingRefusal::for_open_entry(opened, refusal, Some(asked))),
    }
}

impl PermittedPlan {
    /// Identity of the question.
    #[must_use]
    pub const fn request(&self) -> RequestId {
        self.parts.request
    }

    /// Instant at which the answer is cut: the first end of a contract.
    #[must_use]
    pub const fn end_instant(&self) -> UtcTimestamp {
        self.parts.ends
    }

    /// Parts of the plan, for its execution.
    #[must_use]
    pub fn into_parts(self) -> PermittedPlanParts {
        self.parts
    }
}

fn to_refused_query(ruled: &PermitDecision<BoundPlan>) -> RefusedQuery {
    let active = ruled.active_contracts();
    let contracts = active.grants().values();
    RefusedQuery::new(
        active.asker(),
        ruled.request(),
        contracts.filter_map(DatasetGrant::contract).collect(),
        ruled.purpose().cloned(),
        ruled.sql_commit(),
    )
}

pub(crate) fn govern_plan(
    plan: LogicalPlan,
    effects: &BTreeMap<DatasetId, Vec<Effect>>,
    tools: &PrivatePlanContext,
) -> Result<LogicalPlan, Refusal> {
    let mut refusal = None;
    let replaced = plan.transform_up_with_subqueries(|node| {
        let LogicalPlan::TableScan(mut scan) = node else {
            return Ok(Transformed::no(node));
        };
        match make_governed_table(&scan.source, effects, tools) {
            Ok(source) if scan.filters.is_empty() => {
                scan.source = Arc::new(source);
                Ok(Transformed::yes(LogicalPlan::TableScan(scan)))
            }
            Ok(_) => datafusion_common::internal_err!("a scan with filters before it is governed"),
            Err(found) => {
                refusal = Some(found);
                datafusion_common::internal_err!("refused")
            }
        }
    });
    if let Some(refusal) = refusal {
        return Err(refusal);
    }
    let plan = replaced
        .map_err(|cause| {
            Refusal::new(ErrorCode::Internal, "the ruling can't be put into the plan")
                .caused_by(cause)
        })?
        .data;
    crate::governance_check::still_gated(&plan)?;
    Ok(plan)
}

fn make_governed_table(
    named: &Arc<dyn datafusion_expr::TableSource>,
    effects: &BTreeMap<DatasetId, Vec<Effect>>,
    tools: &PrivatePlanContext,
) -> Result<GovernedTable, Refusal> {
    let named = named.downcast_ref::<NamedTable>().ok_or_else(|| {
        Refusal::new(
            ErrorCode::DatasetUnknown,
            "the statement reads something that is not a dataset",
        )
    })?;
    let effects = effects.get(&named.dataset).ok_or_else(|| {
        Refusal::new(
            ErrorCode::Internal,
            "the ruling does not name a dataset of the plan",
        )
    })?;
    let cube = effects.iter().find_map(|effect| match &effect.kind {
        EffectKind::AggregateOnly(cube) => Some(cube),
        EffectKind::KeepRows(_)
        | EffectKind::KeepInside { .. }
        | EffectKind::KeepWithin(_)
        | EffectKind::LookUp(_)
        | EffectKind::KeepBefore { .. }
        | EffectKind::ShowColumns(_)
        | EffectKind::HideColumns(_)
        | EffectKind::MaskColumn { .. }
        | EffectKind::Pseudonymise { .. }
        | EffectKind::Shorten { .. }
        | EffectKind::Band { .. }
        | EffectKind::CoarsenTime { .. }
        | EffectKind::CoarsenPlace { .. } => None,
    });
    let rows = match (&named.part, cube) {
        (RelationPart::Rows, None) => {
            row_plan::plan_rows(&named.dataset, &named.stored, &named.shown, effects, tools)?
        }
        (RelationPart::Cells(asked), Some(ruled))
            if **asked == *ruled && ruled.release.is_some() =>
        {
            released_cells::plan_released_cells(
                &named.dataset,
                &named.stored,
                &named.shown,
                effects,
                ruled,
            )?
        }
        (RelationPart::Cells(asked), Some(ruled)) if **asked == *ruled => cube_plan::plan_cells(
            &named.dataset,
            &named.stored,
            &named.shown,
            effects,
            ruled,
            tools,
        )?,
        (RelationPart::Base(_), _) => {
            return Err(Refusal::new(
                ErrorCode::AggregateOnly,
                format!("rows of `{}` never leave", named.dataset.name),
            ));
        }
        (RelationPart::Rows | RelationPart::Cells(_), _) => {
            return Err(row_plan::changed_view_refusal());
        }
    };
    Ok(GovernedTable::new(
        named.dataset.clone(),
        Arc::clone(&named.shown),
        rows.plan,
        rows.clear,
        rows.hides_rows,
    ))
}

#[cfg(test)]
mod tests {
    use super::PlanBasis;
    use crate::bound_plan::bind;
    use crate::masking::MaskingSecret;
    use datafusion_expr::LogicalPlan;
    use hansa_policy::effect::{Effect, EffectKind};
    use hansa_policy::id::{ClauseId, DatasetId};
    use hansa_policy::published_list::PublishedLists;
    use std::collections::BTreeMap;
    use std::sync::Arc;

    #[test]
    fn a_basis_is_another_where_anything_of_it_is() {
        let kept = || {
            let bound = bind(LogicalPlan::default(), false).unwrap().with_origin();
            bound.into_parts().2.unwrap()
        };
        let dataset: DatasetId = "hansa://north.example/d/t".parse().unwrap();
        let hides = |column: &str| {
            let what = EffectKind::HideColumns(vec![column.parse().unwrap()]);
            let effect = Effect {
                clause: ClauseId(1),
                kind: what,
            };
            BTreeMap::from([(dataset.clone(), vec![effect])])
        };
        let one = PlanBasis {
            origin: kept(),
            effects: hides("a"),
            secret: MaskingSecret::new([7; 32]),
            published: Arc::new(PublishedLists::default()),
        };
        assert_eq!(one, one.clone());
        let others = [
            PlanBasis {
                origin: kept(),
                ..one.clone()
            },
            PlanBasis {
                effects: hides("b"),
                ..one.clone()
            },
            PlanBasis {
                secret: MaskingSecret::new([8; 32]),
                ..one.clone()
            },
            PlanBasis {
                published: Arc::new(PublishedLists::default()),
                ..one.clone()
            },
        ];
        for other in others {
            assert_ne!(one, other);
        }
    }
}
