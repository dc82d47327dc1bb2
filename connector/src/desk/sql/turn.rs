//! The turn from one contract to that which replaces it: a question that falls between two clocks is asked again.

use super::plan;
use crate::desk::Trouble;
use crate::node::Node;
use crate::walk::ask;
use crate::walk::cite::cite;
use crate::walk::messenger::Messenger;
use ::policy::refusal::{Code, Refusal};
use arrow_array::RecordBatch;
use engine::federate::question::{Answer, Wish};
use futures::StreamExt as _;
use std::sync::Arc;
use std::time::Duration;

/// So far the clocks of two participants may lie apart.
const APART: i64 = 5_000_000;

/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(250);

/// An answer as far as its first rows, if it has any.
///
/// By the clock of who asks one contract is in force, by that of who answers already, or still, the other. Such a question
/// was refused, so it is asked again, as a new one, until the clocks agree. Whoever names a contract gets that or none.
///
/// # Errors
/// Why there is no answer.
pub(super) async fn begun(
    node: &Arc<Node>,
    text: &str,
    wish: &Wish,
) -> Result<(Answer, Option<RecordBatch>), Trouble> {
    let mut left = 2 * APART / 250_000;
    loop {
        match once(node, text, wish).await {
            Err(Trouble::Refused(refusal))
                if left > 0 && wish.contracts.is_empty() && turns(node, &refusal) =>
            {
                left -= 1;
                tokio::time::sleep(PAUSE).await;
            }
            other => return other,
        }
    }
}

async fn once(
    node: &Arc<Node>,
    text: &str,
    wish: &Wish,
) -> Result<(Answer, Option<RecordBatch>), Trouble> {
    let question = plan(node, text, wish).await?;
    let messenger = Arc::new(Messenger::new(node)?);
    let mut answer = question
        .run(messenger, &node.room, &ask::bounds(node))
        .await
        .map_err(|refusal| cite(node, text, refusal))?;
    let first = answer.batches.next().await.transpose();
    let first = first.map_err(|refusal| cite(node, text, refusal))?;
    Ok((answer, first))
}

/// Whether a question was refused for the time alone, while one contract takes the place of another.
fn turns(node: &Node, refusal: &Refusal) -> bool {
    let of_time = matches!(
        refusal.code,
        Code::Superseded | Code::Expired | Code::NotYetValid
    );
    let (true, Some(refused)) = (of_time, refusal.contract) else {
        return false;
    };
    let now = node.now();
    node.book(|book| {
        book.all(now).any(|(id, newer, _)| {
            let part =
                newer.supersedes == Some(refused) || (id == refused && newer.supersedes.is_some());
            part && (now.micros() - newer.not_before.micros()).abs() <= APART
        })
    })
}
