//! Puts a ruling into its plan: each named table becomes a governed one, made of the ruling's effects and nothing else.

use crate::bind::{Bound, Origin};
use crate::cube::{self, Tools};
use crate::gate;
use crate::release;
use crate::replace::Secret;
use crate::source::{Governed, Named, Part};
use datafusion_common::tree_node::Transformed;
use datafusion_expr::LogicalPlan;
use hansa_audit_log::ledger::{Receipt, Recorded};
use hansa_audit_log::time::Time;
use hansa_policy::contract::{Asker, Grant};
use hansa_policy::effect::{Effect, What};
use hansa_policy::id::{DatasetId, RequestId};
use hansa_policy::published::Published;
use hansa_policy::refusal::{Code, Refusal};
use hansa_policy::ruling::{Asked, Declined, RowLimit, Ruled};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A plan that may be executed: recorded, and every table of it governed. Made by [`apply`] alone.
#[derive(Debug)]
pub struct Permitted {
    parts: Parts,
}

/// What becomes of a [`Permitted`] when it is executed.
#[derive(Debug)]
pub struct Parts {
    /// The plan over governed tables.
    pub plan: LogicalPlan,
    /// The same plan as it was asked, for `EXPLAIN`.
    pub named: LogicalPlan,
    /// Whether the plan itself is asked for.
    pub explain: bool,
    /// The duty to close the entry.
    pub opened: Receipt,
    /// The question's identity.
    pub request: RequestId,
    /// The least limit on its rows.
    pub row_limit: Option<RowLimit>,
    /// The instant at which it is cut.
    pub ends: Time,
    /// The datasets that it reads.
    pub datasets: BTreeSet<DatasetId>,
    /// All that the plan is made of, where the question is one that is kept.
    pub basis: Option<Basis>,
}

/// All that a plan over governed tables is made of: with the same basis it is the same plan, to the last filter and mask.
#[derive(Debug, Clone)]
pub struct Basis {
    origin: Origin,
    effects: BTreeMap<DatasetId, Vec<Effect>>,
    secret: Secret,
    published: Arc<Published>,
}

impl Basis {
    /// The datasets that the plan reads.
    pub fn datasets(&self) -> impl Iterator<Item = &DatasetId> {
        self.effects.keys()
    }
}

impl PartialEq for Basis {
    fn eq(&self, other: &Self) -> bool {
        self.origin == other.origin
            && self.effects == other.effects
            && self.secret == other.secret
            // Lists that are held anew are others, whatever they say.
            && Arc::ptr_eq(&self.published, &other.published)
    }
}

impl Eq for Basis {}

/// The one maker of [`Permitted`].
///
/// # Errors
/// A refusal that closes the opened entry, when the effects do not give exactly what the question was planned against.
pub fn apply(ruled: Recorded<Ruled<Bound>>, tools: &Tools) -> Result<Permitted, Declined> {
    let (ruled, opened) = ruled.into_parts();
    let effects = ruled.effects().clone();
    let (request, row_limit, ends) = (ruled.request(), ruled.row_limit(), ruled.ends());
    let asked = asked(&ruled);
    let (named, explain, origin) = ruled.into_question().into_parts();
    match governed(named.clone(), &effects, tools) {
        Ok(plan) => Ok(Permitted {
            parts: Parts {
                plan,
                named,
                explain,
                opened,
                request,
                row_limit,
                ends,
                datasets: effects.keys().cloned().collect(),
                basis: origin.map(|origin| Basis {
                    origin,
                    effects,
                    secret: tools.secret,
                    published: Arc::clone(&tools.published),
                }),
            },
        }),
        Err(refusal) => Err(Declined::closing(opened, refusal, Some(asked))),
    }
}

impl Permitted {
    /// The question's identity.
    #[must_use]
    pub const fn request(&self) -> RequestId {
        self.parts.request
    }

    /// The instant at which the first of the contracts ends; the answer is cut there.
    #[must_use]
    pub const fn ends(&self) -> Time {
        self.parts.ends
    }

    /// Takes it apart, to execute it.
    #[must_use]
    pub fn into_parts(self) -> Parts {
        self.parts
    }
}

fn asked(ruled: &Ruled<Bound>) -> Asked {
    let standing = ruled.standing();
    Asked {
        request: ruled.request(),
        peer: standing.asker().id().clone(),
        certificate: match standing.asker() {
            Asker::Peer(peer) => Some(peer.certificate()),
            Asker::House(_) | Asker::Supposed(_) => None,
        },
        contracts: standing
            .grants()
            .values()
            .filter_map(Grant::contract)
            .collect(),
        purpose: ruled.purpose().cloned(),
        sql_commit: ruled.sql_commit(),
    }
}

pub(crate) fn governed(
    plan: LogicalPlan,
    effects: &BTreeMap<DatasetId, Vec<Effect>>,
    tools: &Tools,
) -> Result<LogicalPlan, Refusal> {
    let mut refusal = None;
    let replaced = plan.transform_up_with_subqueries(|node| {
        let LogicalPlan::TableScan(mut scan) = node else {
            return Ok(Transformed::no(node));
        };
        match source(&scan.source, effects, tools) {
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
        .map_err(|_| Refusal::new(Code::Internal, "the ruling can't be put into the plan"))?
        .data;
    crate::still_gated::still_gated(&plan)?;
    Ok(plan)
}

fn source(
    named: &Arc<dyn datafusion_expr::TableSource>,
    effects: &BTreeMap<DatasetId, Vec<Effect>>,
    tools: &Tools,
) -> Result<Governed, Refusal> {
    let named = named.downcast_ref::<Named>().ok_or_else(|| {
        Refusal::new(
            Code::DatasetUnknown,
            "the statement reads something that is not a dataset",
        )
    })?;
    let effects = effects.get(&named.dataset).ok_or_else(|| {
        Refusal::new(
            Code::Internal,
            "the ruling does not name a dataset of the plan",
        )
    })?;
    let cube = effects.iter().find_map(|effect| match &effect.what {
        What::AggregateOnly(cube) => Some(cube),
        What::KeepRows(_)
        | What::KeepInside { .. }
        | What::KeepWithin(_)
        | What::LookUp(_)
        | What::KeepBefore { .. }
        | What::ShowColumns(_)
        | What::HideColumns(_)
        | What::MaskColumn { .. }
        | What::Pseudonymise { .. }
        | What::Shorten { .. }
        | What::Band { .. }
        | What::CoarsenTime { .. }
        | What::CoarsenPlace { .. } => None,
    });
    let rows = match (&named.part, cube) {
        (Part::Rows, None) => {
            gate::rows(&named.dataset, &named.stored, &named.shown, effects, tools)?
        }
        (Part::Cells(asked), Some(ruled)) if **asked == *ruled && ruled.release.is_some() => {
            release::cells(&named.dataset, &named.stored, &named.shown, effects, ruled)?
        }
        (Part::Cells(asked), Some(ruled)) if **asked == *ruled => cube::cells(
            &named.dataset,
            &named.stored,
            &named.shown,
            effects,
            ruled,
            tools,
        )?,
        (Part::Base(_), _) => {
            return Err(Refusal::new(
                Code::AggregateOnly,
                format!("rows of `{}` never leave", named.dataset.name),
            ));
        }
        (Part::Rows | Part::Cells(_), _) => return Err(gate::changed()),
    };
    Ok(Governed::new(
        named.dataset.clone(),
        Arc::clone(&named.shown),
        rows.plan,
        rows.clear,
        rows.hides_rows,
    ))
}

#[cfg(test)]
mod tests {
    use super::Basis;
    use crate::bind::bind;
    use crate::replace::Secret;
    use datafusion_expr::LogicalPlan;
    use hansa_policy::effect::{Effect, What};
    use hansa_policy::id::{ClauseId, DatasetId};
    use hansa_policy::published::Published;
    use std::collections::BTreeMap;
    use std::sync::Arc;

    #[test]
    fn a_basis_is_another_where_anything_of_it_is() {
        let kept = || {
            let bound = bind(LogicalPlan::default(), false).unwrap().kept();
            bound.into_parts().2.unwrap()
        };
        let dataset: DatasetId = "hansa://north.example/d/t".parse().unwrap();
        let hides = |column: &str| {
            let what = What::HideColumns(vec![column.parse().unwrap()]);
            let effect = Effect {
                clause: ClauseId(1),
                what,
            };
            BTreeMap::from([(dataset.clone(), vec![effect])])
        };
        let one = Basis {
            origin: kept(),
            effects: hides("a"),
            secret: Secret::new([7; 32]),
            published: Arc::new(Published::default()),
        };
        assert_eq!(one, one.clone());
        let others = [
            Basis {
                origin: kept(),
                ..one.clone()
            },
            Basis {
                effects: hides("b"),
                ..one.clone()
            },
            Basis {
                secret: Secret::new([8; 32]),
                ..one.clone()
            },
            Basis {
                published: Arc::new(Published::default()),
                ..one.clone()
            },
        ];
        for other in others {
            assert_ne!(one, other);
        }
    }
}
