//! The turn from one contract to that which replaces it: a question that falls between two clocks is asked again.

use super::footer;
use super::plan;
use super::rows::{self, Told, Wanted};
use crate::desk::Trouble;
use crate::node::Node;
use crate::walk::ask;
use crate::walk::cite::cite;
use crate::walk::messenger::Messenger;
use crate::walk::messenger::turn::{APART, PAUSE};
use crate::walk::token;
use arrow_array::RecordBatch;
use futures::StreamExt as _;
use hansa_policy::refusal::{Code, Refusal};
use hansa_query::federate::errand::Status;
use hansa_query::federate::question::{Answer, Question, Wish};
use std::collections::HashMap;
use std::sync::Arc;

/// An answer that has begun.
pub(super) struct Begun {
    /// The answer; none where nothing came since the one before.
    pub(super) answer: Option<Answer>,
    /// Its first rows, if it has any.
    pub(super) first: Option<RecordBatch>,
    /// What is told of where it goes on.
    pub(super) told: Told,
    /// What it reads, as metadata of its rows.
    pub(super) reads: HashMap<String, String>,
}

/// An answer as far as its first rows, if it has any.
///
/// Shortly before one contract takes the place of another, the other may be in force already by the clock of who answers:
/// the question waits for the turn, before anything of it was asked. Just after it, who answers may not be there yet, and
/// the part that he refuses is asked again by itself; what others have answered is not. Whoever names a contract gets that
/// or none.
///
/// A question that was on its way for longer than that comes after the turn, under a contract that was replaced meanwhile:
/// it is asked anew under the newer one, as long as nothing of an answer was given to anybody.
///
/// # Errors
/// Why there is no answer.
pub(super) async fn begun(
    node: &Arc<Node>,
    text: &str,
    (wish, wanted): (&Wish, &Wanted),
    user: Option<u32>,
) -> Result<Begun, Trouble> {
    for _ in 0..AGAIN {
        match once(node, text, (wish, wanted), user).await {
            Err(Trouble::Refused(refusal))
                if wish.contracts.is_empty() && came_late(node, &refusal) =>
            {
                tokio::time::sleep(PAUSE).await;
            }
            begun => return begun,
        }
    }
    once(node, text, (wish, wanted), user).await
}

/// So often a question is asked anew that came after the turn.
const AGAIN: u8 = 4;

async fn once(
    node: &Arc<Node>,
    text: &str,
    (wish, wanted): (&Wish, &Wanted),
    user: Option<u32>,
) -> Result<Begun, Trouble> {
    let mut question = plan(node, text, wish).await?;
    let mut left = 2 * APART / 250_000;
    while left > 0 && wish.contracts.is_empty() && turns_soon(node, &question) {
        left -= 1;
        tokio::time::sleep(PAUSE).await;
        question = plan(node, text, wish).await?;
    }
    let messenger = Messenger::new(node, user)?.about(wanted.about(&question));
    let messenger = Arc::new(messenger);
    let asked = token::Question::of(text, wish);
    wanted.is_of(asked)?;
    let told = Told::of((asked, &question), wanted, Arc::clone(&messenger));
    if matches!(wanted, Wanted::Since(_)) && !question.is_additive() {
        // Nothing of it is put together from parts: either nothing came to any of them, or all is asked anew.
        rows::all_quiet(&question, wanted, &messenger)
            .await
            .map_err(|refusal| cite(node, text, refusal))?;
        return Ok(Begun {
            answer: None,
            first: None,
            told,
            reads: HashMap::new(),
        });
    }
    let reads = footer::reads_ahead(&question);
    let mut answer = question
        .run(
            Arc::<Messenger>::clone(&messenger),
            &node.room,
            &ask::bounds(node),
        )
        .await
        .map_err(|refusal| cite(node, text, refusal))?;
    if matches!(wanted, Wanted::Since(_)) {
        // Also who may be lacking: what can't go on there would never come.
        let outcomes = answer.report.outcomes().into_iter();
        let mut refused = outcomes.filter_map(|went| match went.status {
            Status::Failed(why) if why.code == Code::NotContinued => Some(*why),
            _ => None,
        });
        if let Some(why) = refused.next() {
            return Err(cite(node, text, why).into());
        }
    }
    let first = answer.batches.next().await.transpose();
    let first = first.map_err(|refusal| cite(node, text, refusal))?;
    let nothing = first.is_none() && told.nothing_came();
    Ok(Begun {
        answer: (!nothing).then_some(answer),
        first,
        told,
        reads,
    })
}

/// Whether a question was refused since its contract was replaced, and the newer one is here and in force, or will be as soon
/// as clocks agree.
fn came_late(node: &Node, refusal: &Refusal) -> bool {
    let (Code::Superseded, Some(old)) = (refusal.code, refusal.contract) else {
        return false;
    };
    let soon = node.now().plus_micros(APART);
    node.book(|book| {
        book.replacing(old, node.now())
            .any(|(_, newer, _)| newer.not_before <= soon)
    })
}

/// Whether another contract is about to take the place of one that the question would be asked under.
fn turns_soon(node: &Node, question: &Question) -> bool {
    let explained = question.explain();
    let mut used = explained
        .errands
        .iter()
        .flat_map(|errand| errand.contracts());
    let now = node.now().micros();
    used.any(|used| {
        node.book(|book| {
            book.replacing(used, node.now()).any(|(_, newer, _)| {
                let ahead = newer.not_before.micros().saturating_sub(now);
                ahead > 0 && ahead <= APART
            })
        })
    })
}
