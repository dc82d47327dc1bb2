//! The ruling: what is known goes in, and it is on the books when it comes out.

use crate::node::Node;
use crate::walk::answer::known::{Known, extends, purse, schemas, spent};
use crate::walk::answer::rows::{About, Rows};
use crate::walk::answer::{Caller, Fell, Posed};
use hansa_audit_log::ledger::{Recorded, Unwritable};
use hansa_audit_log::time::Time;
use hansa_audit_store::epoch::{Epoch, Validity};
use hansa_enforcement::bind::Bound;
use hansa_policy::contract::InForce;
use hansa_policy::guard::Guards;
use hansa_policy::refusal::{Code, Refusal};
use hansa_policy::ruling::{self, Counted, Facts, Ruled};
use hansa_policy::term::Term;
use hansa_policy::term::purpose::Taxonomy;

/// Window and purpose come before names, so that a refusal does not tell what there is.
pub(super) fn admissible(
    node: &Node,
    standing: &InForce,
    posed: &Posed,
    known: &Known,
) -> Result<(), Refusal> {
    let taxonomy = node.taxonomy();
    ruling::admissible(standing, &facts(posed, known, &taxonomy, node.now()))
}

/// Decides and records, in the epoch in which `standing` and what is known were looked up; in one piece where uses are counted.
pub(super) async fn decide(
    node: &Node,
    posed: &Posed,
    (epoch, standing): (Epoch, InForce),
    known: &mut Known,
    (bound, rows): (Bound, &mut Rows<'_>),
) -> Result<Recorded<Ruled<Bound>>, Fell> {
    let lock = if counts_questions(&standing, &known.guards, node.now())? {
        Some(node.counting.lock().await)
    } else {
        None
    };
    let asker = posed.asker.id();
    let now = node.now();
    known.schemas = schemas(node, &standing);
    known.extends = extends(node, &standing);
    known.spent = spent(node, &standing, asker, (&known.guards, now))?;
    for grant in standing.grants().values() {
        let around = grant.contract().and_then(|id| known.around.get_mut(&id));
        if let Some(around) = around {
            around.purse = purse(node, grant, now)?;
        }
    }
    let taxonomy = node.taxonomy();
    let ruled = ruling::decide(standing, &facts(posed, known, &taxonomy, now), bound)?;
    let validity = Validity {
        epoch,
        until: ruled.ends(),
    };
    let about = rows.of(ruled)?;
    #[cfg(test)]
    node.pauses.decided.pass().await;
    let ruled = match about {
        About::These(ruled) => *ruled,
        About::None(quiet) => {
            let quiet = node.log.record_while_valid(*quiet, validity, false).await;
            return Err(Fell::Quiet(Box::new(quiet.map_err(unrecorded)?)));
        }
    };
    // The receipt names a head over this record; it is signed while the rows are computed.
    let headed = matches!(posed.caller, Caller::Peer(_));
    let recorded = node.log.record_while_valid(ruled, validity, headed).await;
    let recorded = recorded.map_err(unrecorded)?;
    node.budgets
        .count_query(recorded.budgets(), asker, recorded.receipt().at());
    node.purses.charge(recorded.fares());
    drop(lock);
    Ok(recorded)
}

/// Where there is no room for new entries, that much can still be recorded and told.
fn unrecorded(why: Unwritable) -> Fell {
    match why {
        Unwritable::LowSpace { .. } => Fell::Refused(
            Refusal::new(
                Code::EvidenceUnavailable,
                "there is no room to record an answer, so nothing is answered",
            )
            .with_help("ask again later"),
        ),
        Unwritable::Overtaken => Fell::Overtaken,
        _ => Fell::Closed,
    }
}

fn facts<'a>(posed: &'a Posed, known: &'a Known, taxonomy: &'a Taxonomy, now: Time) -> Facts<'a> {
    Facts {
        now,
        request: posed.asking.ask.request,
        sql_commit: posed.commit,
        purpose: posed.asking.ask.purpose.as_ref(),
        taxonomy,
        schemas: &known.schemas,
        extends: &known.extends,
        snapshots: &known.snapshots,
        spent: &known.spent,
        around: &known.around,
        guards: &known.guards,
        tenant: known.tenant.as_deref(),
        node_version: env!("CARGO_PKG_VERSION"),
    }
}

fn counts_questions(standing: &InForce, guards: &Guards, now: Time) -> Result<bool, Refusal> {
    let budgets = ruling::budgets(standing, guards, now)?;
    let prepaid = |term: &Term| matches!(term, Term::Price(price) if price.prepaid.is_some());
    let mut grants = standing.grants().values();
    Ok(budgets
        .iter()
        .any(|budget| budget.counts == Counted::Queries)
        || grants.any(|grant| grant.clause_where(prepaid).is_some()))
}
