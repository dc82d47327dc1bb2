//! From the first row to the receipt, whatever happens in between.

use crate::answer::answer_start::RunningAnswer;
use crate::answer::incoming_query::QueryCaller;
use crate::monitoring::connector_metrics::{QueryOrigin, QueryOutcome};
use crate::participant::Connector;
use crate::receipt::issuance::ReceiptDraft;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_query::execute::stages::workers::QueryPlacement;
use hansa_transport::peer_handler::AnswerStreamFrame;
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::mpsc;
use tracing::Instrument as _;

/// Room in the channel: two messages of rows on their way, a receipt and an error. Nothing is computed that has no place.
const ROOM: usize = 4;
const ROOM_FOR_ROWS: usize = 3;

type FrameSender = mpsc::Sender<Result<AnswerStreamFrame, Refusal>>;

/// An answer under way.
pub struct AnswerDelivery {
    /// First the schema, then rows, then the receipt, which is empty for the house.
    pub frames: mpsc::Receiver<Result<AnswerStreamFrame, Refusal>>,
    /// Where it is computed, where there are workers; for our own people alone.
    pub(crate) placement: Option<QueryPlacement>,
}

crate::debug_by_name!(AnswerDelivery);

/// Sends the answer on its way; the task ends with the receipt, whatever happens.
pub(super) fn deliver(
    connector: &Arc<Connector>,
    caller: QueryCaller,
    mut opened: RunningAnswer,
) -> AnswerDelivery {
    let (send, frames) = mpsc::channel(ROOM);
    let connector = Arc::clone(connector);
    // INVARIANT: dealt-alike. A peer is told nothing of it.
    let placement = opened.placement.take();
    let placement = placement.filter(|_| matches!(caller, QueryCaller::House));
    let delivered = async move {
        let origin = match caller {
            QueryCaller::Peer(_) => QueryOrigin::Peer,
            QueryCaller::House | QueryCaller::Web => QueryOrigin::Own,
        };
        let failure = rows(&connector, origin, &mut opened, &send).await;
        let closed = finish(&connector, &caller, opened, failure, &send);
        closed.instrument(tracing::info_span!("close")).await;
    };
    let span = tracing::info_span!("deliver");
    let _task = tokio::runtime::Handle::current().spawn(delivered.instrument(span));
    AnswerDelivery { frames, placement }
}

/// Sends the rows until there are no more, or nobody takes them; gives what cut them, if something did.
async fn rows(
    connector: &Connector,
    origin: QueryOrigin,
    opened: &mut RunningAnswer,
    send: &FrameSender,
) -> Option<Refusal> {
    let RunningAnswer {
        frames,
        place,
        watch,
        end,
        time,
        begun,
        ..
    } = opened;
    // The first message is the schema.
    let mut messages = 0_u32;
    // What takes long to compute must not outlive the contract. The watch then tells why; this itself never ends.
    let over = async {
        place.stop(end.wait(connector).await);
        std::future::pending::<Infallible>().await
    };
    tokio::pin!(over);
    // The engine ends what takes too long to compute; a reader that stands still must not keep the slot for longer either.
    let late = async {
        tokio::time::sleep(*time).await;
        place.stop(Refusal::new(
            ErrorCode::ResourceLimit,
            format!("the answer was not read within {} seconds", time.as_secs()),
        ));
        std::future::pending::<Infallible>().await
    };
    tokio::pin!(late);
    loop {
        let permit = tokio::select! {
            biased;
            why = watch.wait() => {
                frames.end_early(&why);
                return Some(why);
            }
            never = &mut over => match never {},
            never = &mut late => match never {},
            room = send.reserve_many(ROOM_FOR_ROWS) => room,
        };
        let mut permit = permit.ok()?;
        let frame = tokio::select! {
            biased;
            never = &mut over => match never {},
            () = send.closed() => return None,
            frame = frames.next() => frame,
        };
        match frame? {
            Ok(frame) => {
                messages = messages.saturating_add(1);
                if messages == 2 {
                    let after = connector.ticks().saturating_sub(*begun);
                    connector.metrics.first_row(origin, after);
                }
                if let Some(connection_permit) = permit.next() {
                    connection_permit.send(Ok(AnswerStreamFrame::Data {
                        header: frame.header,
                        body: frame.body,
                    }));
                }
            }
            Err(why) => return Some(why),
        }
    }
}

/// Closes the entry, gives back what was not used, and sends the receipt.
async fn finish(
    connector: &Arc<Connector>,
    caller: &QueryCaller,
    opened: RunningAnswer,
    failure: Option<Refusal>,
    send: &FrameSender,
) {
    let RunningAnswer {
        frames,
        place,
        facts,
        permit: _permit,
        begun,
        ..
    } = opened;
    drop(place);
    let Some((sealed, meter)) = frames.seal() else {
        return;
    };
    let draft = match caller {
        QueryCaller::Peer(peer) => {
            let one_sided = peer.program().is_some();
            Some(ReceiptDraft::of(&sealed, facts, one_sided))
        }
        QueryCaller::House | QueryCaller::Web => None,
    };
    let signed = |at| async move {
        match draft {
            Some(draft) => draft.sign(connector, at).await.map(Some),
            // Nobody asks oneself for a proof; the message still says that all rows are there.
            None => Ok(None),
        }
    };
    let program = match caller {
        QueryCaller::Peer(peer) => peer.program().is_some(),
        QueryCaller::House | QueryCaller::Web => false,
    };
    let (recorded, signed) = match connector.records.log.record_while(sealed, signed).await {
        Ok(recorded) => recorded,
        Err(unwritable) => {
            let refusal = hansa_audit_store::refusal(&unwritable);
            let _ = send.try_send(Err(Refusal::new(
                refusal.code,
                "nothing can be recorded here",
            )));
            return;
        }
    };
    let sent = recorded.delivered_totals();
    let (origin, peer) = match caller {
        QueryCaller::Peer(peer) => (QueryOrigin::Peer, Some(peer.id().domain())),
        QueryCaller::House | QueryCaller::Web => (QueryOrigin::Own, None),
    };
    let outcome = match failure {
        None => QueryOutcome::Done,
        Some(_) => QueryOutcome::Cut,
    };
    let after = connector.ticks().saturating_sub(begun);
    connector.metrics.count_answer_end(origin, outcome, after);
    connector
        .metrics
        .handed_on(origin, peer, sent.rows, sent.bytes);
    connector
        .accounting
        .budgets
        .give_back(&meter.reserve, sent.rows, sent.bytes);
    connector.accounting.prepaid_balances.give_back(
        &meter.charges,
        &meter.draft,
        sent.rows,
        sent.bytes,
    );
    let issued = match signed {
        Ok(Some(signed)) if program => signed.issue_one_sided(connector, &recorded).await,
        Ok(signed) => Ok(signed
            .map(|signed| signed.issue(connector, &recorded))
            .unwrap_or_default()),
        Err(refusal) => Err(refusal),
    };
    match issued {
        Ok(receipt) => {
            let _ = send.try_send(Ok(AnswerStreamFrame::Receipt(receipt)));
        }
        Err(refusal) => {
            let _ = send.try_send(Err(refusal));
            return;
        }
    }
    if let Some(why) = failure {
        let _ = send.try_send(Err(why));
    }
}
