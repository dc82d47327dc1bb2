//! Answer: identify, contract, plan, decide, record, enforce, execute, seal; the order is held by the types.

mod attested;
mod brief;
mod decide;
mod decision;
mod deliver;
mod known;
mod meter;
pub(super) mod open;
pub(crate) mod rehearse;
mod rows;

use crate::node::Node;
use crate::walk::answer::deliver::deliver;
use crate::walk::answer::open::open;
use crate::walk::whole::whole;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::ledger::Recorded;
use hansa_policy::contract::{Asker, Standing};
use hansa_policy::peer::VerifiedPeer;
use hansa_policy::refusal::{Code, Refusal};
use hansa_policy::ruling::since::Quiet;
use hansa_policy::ruling::{Asked, Declined};
use hansa_proto::peer::ask::Asking;
use hansa_query::execute::Unanswered;
use hansa_transport::front::{NoAnswer, RowsFrame};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Who asks, before any contract was looked at.
#[derive(Debug, Clone)]
pub(crate) enum Caller {
    /// A peer, recognised at this request.
    Peer(VerifiedPeer),
    /// Our own people.
    House,
}

/// An answer under way.
pub(crate) struct Delivery {
    /// First the schema, then rows, then the receipt, which is empty for the house.
    pub(crate) frames: mpsc::Receiver<Result<RowsFrame, Refusal>>,
}

/// Answers a question. A refusal is on the books when this returns. Whoever asks and goes away in between leaves no opened
/// entry behind.
///
/// # Errors
/// The recorded refusal, or that nothing can be recorded.
pub(crate) async fn answer(
    node: &Arc<Node>,
    caller: Caller,
    asking: Asking,
) -> Result<Delivery, NoAnswer> {
    let inner = Arc::clone(node);
    let who = match &caller {
        Caller::Peer(peer) => peer.id().clone(),
        Caller::House => node.id(),
    };
    match whole(async move { to_the_end(&inner, caller, asking).await }).await {
        Ok(answered) => answered,
        Err(_) => {
            let refusal = Refusal::new(Code::Internal, "the answer ended unexpectedly");
            Err(node
                .decline(Some(&who), Declined::unopened(refusal, None))
                .await)
        }
    }
}

async fn to_the_end(
    node: &Arc<Node>,
    caller: Caller,
    asking: Asking,
) -> Result<Delivery, NoAnswer> {
    let posed = Posed::by(node, caller, asking);
    let fell = match open(node, &posed).await {
        Ok(opened) => {
            node.keep_text(posed.salt, &posed.asking.ask.sql);
            return Ok(deliver(node, posed.caller, opened));
        }
        Err(fell) => fell,
    };
    let asked = Some(posed.asked());
    let declined = match fell {
        Fell::Refused(refusal) => Declined::unopened(refusal, asked),
        Fell::Declined(declined) => *declined,
        Fell::Unanswered(Unanswered {
            refusal, opened, ..
        }) => Declined::closing(opened, refusal, asked),
        Fell::Quiet(quiet) => return Err(NoAnswer::Quiet(*quiet)),
        Fell::Overtaken => Declined::unopened(overtaken(), asked),
        Fell::Closed => return Err(node.unheard(Some(posed.asker.id())).await),
    };
    let told = node.decline(Some(posed.asker.id()), declined).await;
    // A text stands only beside a record of its own, and somebody without a contract leaves nothing on our disk.
    if matches!(told, NoAnswer::Declined(_)) && posed.is_under_contract(node) {
        node.keep_text(posed.salt, &posed.asking.ask.sql);
    }
    Err(told)
}

/// The refusal of a question that was decided again and again, since each time something was stopped meanwhile.
fn overtaken() -> Refusal {
    Refusal::new(
        Code::StreamCut,
        "contracts, guards or members were changed again and again while the question was decided",
    )
    .with_help("ask again")
}

/// A question as it was put.
struct Posed {
    caller: Caller,
    asker: Asker,
    asking: Asking,
    /// Commits to the SQL text under a salt: the log holds the commitment, not the text.
    commit: Digest,
    salt: [u8; 16],
}

impl Posed {
    fn by(node: &Node, caller: Caller, asking: Asking) -> Self {
        let asker = match &caller {
            Caller::Peer(peer) => Asker::Peer(peer.clone()),
            Caller::House => Asker::House(node.id()),
        };
        let salt: [u8; 16] = crate::node::fresh();
        let commit = Digest::of_parts(&[&salt, asking.ask.sql.as_bytes()]);
        Self {
            caller,
            asker,
            asking,
            commit,
            salt,
        }
    }

    /// Whether whoever asks holds a contract with us that is in force.
    fn is_under_contract(&self, node: &Node) -> bool {
        let (now, asker) = (node.now(), self.asker.id());
        node.book(|book| {
            let mut taken = book.taken_by(asker, now);
            taken.any(|(_, _, standing)| standing == Standing::InForce)
        })
    }

    /// What a refusal says of it.
    fn asked(&self) -> Asked {
        let ask = &self.asking.ask;
        Asked::by(
            &self.asker,
            ask.request,
            ask.contracts.clone(),
            ask.purpose.clone(),
            self.commit,
        )
    }
}

/// Where an answer fell.
enum Fell {
    Refused(Refusal),
    Declined(Box<Declined>),
    Unanswered(Unanswered),
    /// Nothing came since the answer that it goes on from.
    Quiet(Box<Recorded<Quiet>>),
    /// What it stands on was changed before its permit was recorded.
    Overtaken,
    Closed,
}

impl From<Refusal> for Fell {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
