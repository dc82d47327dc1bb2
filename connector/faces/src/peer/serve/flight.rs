//! Rows: Arrow Flight with `DoGet` alone.

use crate::front::{Rows, RowsFrame};
use crate::peer::serve::admit::{Admission, status};
use arrow_flight::flight_service_server::FlightService;
use arrow_flight::{
    Action, ActionType, Criteria, Empty, FlightData, FlightDescriptor, FlightInfo,
    HandshakeRequest, HandshakeResponse, PollInfo, PutResult, SchemaResult, Ticket,
};
use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use policy::refusal::{Code, Refusal};
use proto::peer::{ask, refusal};
use tonic::{Request, Response, Status, Streaming};

/// The Flight service.
pub(super) struct Service {
    admission: Admission,
}

impl Service {
    pub(super) const fn new(admission: Admission) -> Self {
        Self { admission }
    }
}

/// The messages of an answer. The connection pulls them; there is no queue between it and the connector.
fn messages(rows: Rows) -> BoxStream<'static, Result<FlightData, Status>> {
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

fn absent<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("rows travel by DoGet alone"))
}

#[async_trait]
impl FlightService for Service {
    type HandshakeStream = BoxStream<'static, Result<HandshakeResponse, Status>>;
    type ListFlightsStream = BoxStream<'static, Result<FlightInfo, Status>>;
    type DoGetStream = BoxStream<'static, Result<FlightData, Status>>;
    type DoPutStream = BoxStream<'static, Result<PutResult, Status>>;
    type DoExchangeStream = BoxStream<'static, Result<FlightData, Status>>;
    type DoActionStream = BoxStream<'static, Result<arrow_flight::Result, Status>>;
    type ListActionsStream = BoxStream<'static, Result<ActionType, Status>>;

    async fn do_get(
        &self,
        request: Request<Ticket>,
    ) -> Result<Response<Self::DoGetStream>, Status> {
        let (caller, Ticket { ticket }) = self.admission.admit(request).await?;
        let asking = match ask::from_ticket(&ticket) {
            Ok(asking) => asking,
            Err(refusal) => return Err(self.admission.refused(&caller.presented, refusal).await),
        };
        let rows = self
            .admission
            .front()
            .answer(&caller.peer, asking)
            .await
            .map_err(|no| status(&no))?;
        Ok(Response::new(messages(rows)))
    }

    async fn handshake(
        &self,
        _: Request<Streaming<HandshakeRequest>>,
    ) -> Result<Response<Self::HandshakeStream>, Status> {
        absent()
    }

    async fn list_flights(
        &self,
        _: Request<Criteria>,
    ) -> Result<Response<Self::ListFlightsStream>, Status> {
        absent()
    }

    async fn get_flight_info(
        &self,
        _: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        absent()
    }

    async fn poll_flight_info(
        &self,
        _: Request<FlightDescriptor>,
    ) -> Result<Response<PollInfo>, Status> {
        absent()
    }

    async fn get_schema(
        &self,
        _: Request<FlightDescriptor>,
    ) -> Result<Response<SchemaResult>, Status> {
        absent()
    }

    async fn do_put(
        &self,
        _: Request<Streaming<FlightData>>,
    ) -> Result<Response<Self::DoPutStream>, Status> {
        absent()
    }

    async fn do_exchange(
        &self,
        _: Request<Streaming<FlightData>>,
    ) -> Result<Response<Self::DoExchangeStream>, Status> {
        absent()
    }

    async fn do_action(
        &self,
        _: Request<Action>,
    ) -> Result<Response<Self::DoActionStream>, Status> {
        absent()
    }

    async fn list_actions(
        &self,
        _: Request<Empty>,
    ) -> Result<Response<Self::ListActionsStream>, Status> {
        absent()
    }
}
