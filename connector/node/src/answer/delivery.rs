//! Delivery of an answer, from the first row to the receipt. The receipt step runs even when the answer is cut.

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

/// Capacity of the channel: two messages of rows, a receipt and an error. Without room in it, nothing is computed.
const ROOM: usize = 4;
const ROOM_FOR_ROWS: usize = 3;

type FrameSender = mpsc::Sender<Result<AnswerStreamFrame, Refusal>>;

/// Answer that is being delivered.
pub struct AnswerDelivery {
    /// Frames in order: the schema, the rows, the receipt. The receipt is empty for own users.
    pub frames: mpsc::Receiver<Result<AnswerStreamFrame, Refusal>>,
    /// Place of execution, if workers are configured. Only the participant's own users see it.
    pub(crate) placement: Option<QueryPlacement>,
}

crate::debug_by_name!(AnswerDelivery);

/// Starts the delivery. Its task always ends with the receipt step.
pub(super) fn deliver_answer(
    connector: &Arc<Connector>,
    caller: QueryCaller,
    mut opened: RunningAnswer,
) -> AnswerDelivery {
    let (send, frames) = mpsc::channel(ROOM);
    let connector = Arc::clone(connector);
    // INVARIANT: dealt-alike. Peers do not see the placement.
    let placement = opened.placement.take();
    let placement = placement.filter(|_| matches!(caller, QueryCaller::House));
    let delivered = async move {
        let origin = match caller {
            QueryCaller::Peer(_) => QueryOrigin::Peer,
            QueryCaller::House | QueryCaller::Web => QueryOrigin::Own,
        };
        let failure = send_rows(&connector, origin, &mut opened, &send).await;
        let closed = finish_delivery(&connector, &caller, opened, failure, &send);
        closed.instrument(tracing::info_span!("close")).await;
    };
    let span = tracing::info_span!("deliver");
    let _task = tokio::runtime::Handle::current().spawn(delivered.instrument(span));
    AnswerDelivery { frames, placement }
}

/// Sends rows until the answer ends or its reader stops reading. Returns the reason if the answer was cut.
async fn send_rows(
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
    // A long computation must not outlive the contract. The cancellation signal carries the reason; this future never completes.
    let over = async {
        place.stop(end.wait(connector).await);
        std::future::pending::<Infallible>().await
    };
    tokio::pin!(over);
    // The engine stops slow computations. This timeout also stops slow readers, so that they do not keep the slot.
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

/// Closes the log entry, returns unused reservations, and sends the receipt.
async fn finish_delivery(
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
            Some(ReceiptDraft::new(&sealed, facts, one_sided))
        }
        QueryCaller::House | QueryCaller::Web => None,
    };
    let signed = |at| async move {
        match draft {
            Some(draft) => draft.sign(connector, at).await.map(Some),
            // Own users get no receipt. The message still confirms that all rows were sent.
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
            let refusal = hansa_audit_store::unwritable_log_refusal(&unwritable);
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
        .count_sent_rows(origin, peer, sent.rows, sent.bytes);
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
