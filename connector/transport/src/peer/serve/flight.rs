//! Rows for peers: each question as it was asked, its answer with the receipt at the end.

use crate::flight::{DoGet, Messages};
use crate::front::{Rows, RowsFrame};
use crate::peer::serve::admit::{Admission, status};
use crate::peer::small::Packer;
use arrow_flight::{FlightData, Ticket};
use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use hansa_policy::refusal::{Code, Refusal};
use hansa_proto::peer::{ask, refusal};
use tonic::{Request, Status};

/// Answers the questions of peers.
pub(super) struct Questions {
    admission: Admission,
}

impl Questions {
    pub(super) const fn new(admission: Admission) -> Self {
        Self { admission }
    }
}

#[async_trait]
impl DoGet for Questions {
    async fn rows(&self, request: Request<Ticket>) -> Result<Messages, Status> {
        let (caller, Ticket { ticket }) = self.admission.admit(request).await?;
        let asking = match ask::from_ticket(&ticket) {
            Ok(asking) => asking,
            Err(refusal) => return Err(self.admission.refused(&caller.presented, refusal).await),
        };
        let small = asking.small;
        let rows = self
            .admission
            .front()
            .answer(&caller.peer, asking)
            .await
            .map_err(|no| status(&no))?;
        let messages = messages(rows);
        if !small {
            return Ok(messages);
        }
        let mut packer = Packer::default();
        let packed = messages.map(move |message| message.map(|message| packer.pack(message)));
        Ok(packed.boxed())
    }
}

/// The messages of an answer.
fn messages(rows: Rows) -> Messages {
    let Rows { frames } = rows;
    stream::unfold(Stage::Rows(frames), |stage| async move {
        match stage {
            Stage::Rows(mut frames) => match frames.next().await {
                Some(Ok(RowsFrame::Data { header, body })) => Some((
                    Ok(FlightData {
                        flight_descriptor: None,
                        data_header: header,
                        app_metadata: bytes::Bytes::new(),
                        data_body: body,
                    }),
                    Stage::Rows(frames),
                )),
                Some(Ok(RowsFrame::Receipt(receipt))) => Some((
                    Ok(FlightData {
                        flight_descriptor: None,
                        data_header: bytes::Bytes::new(),
                        app_metadata: receipt,
                        data_body: bytes::Bytes::new(),
                    }),
                    Stage::Receipt(frames),
                )),
                Some(Err(cut)) => Some((Err(refusal::cut(&cut)), Stage::Over)),
                None => Some((Err(refusal::cut(&no_receipt())), Stage::Over)),
            },
            // INVARIANT: receipt-last. After the receipt nothing follows but the reason for which the answer was cut.
            Stage::Receipt(mut frames) => match frames.next().await {
                Some(Err(cut)) => Some((Err(refusal::cut(&cut)), Stage::Over)),
                Some(Ok(_)) => Some((Err(refusal::cut(&no_receipt())), Stage::Over)),
                None => None,
            },
            Stage::Over => None,
        }
    })
    .boxed()
}

enum Stage {
    Rows(BoxStream<'static, Result<RowsFrame, Refusal>>),
    Receipt(BoxStream<'static, Result<RowsFrame, Refusal>>),
    Over,
}

fn no_receipt() -> Refusal {
    Refusal::new(Code::Internal, "the answer did not end with its receipt")
}
