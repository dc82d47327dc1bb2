//! An errand on the books before it goes.

use crate::walk::fact::maybe;
use evidence::json::Json;
use evidence::ledger::{Entry, Evidence};
use faces::peer::call::HasAsk;
use policy::id::ParticipantId;
use proto::peer::ask::Asking;

/// An errand about to be sent: its record.
#[derive(Debug)]
pub(super) struct Sending {
    pub(super) asking: Asking,
    pub(super) participant: ParticipantId,
    pub(super) datasets: Vec<String>,
    /// Values of others that go along.
    pub(super) keys: Option<Json>,
    /// For whom, under a pseudonym; nobody in particular inside a command's own process.
    pub(super) actor: Option<String>,
}

impl HasAsk for Sending {
    fn asking(&self) -> &Asking {
        &self.asking
    }
}

impl Evidence for Sending {
    fn entry(&self) -> Entry {
        let ask = &self.asking.ask;
        let salt: [u8; 16] = crate::node::fresh();
        let keys = self.keys.clone().map(|keys| ("keys", keys));
        let body = [
            ("request_id", Json::text(ask.request)),
            ("peer", Json::text(&self.participant)),
            (
                "datasets",
                Json::List(
                    self.datasets
                        .iter()
                        .map(|dataset| Json::object([("id", Json::text(dataset))]))
                        .collect(),
                ),
            ),
            (
                "contracts",
                Json::List(ask.contracts.iter().map(Json::text).collect()),
            ),
            ("purpose", maybe(ask.purpose.as_ref())),
            ("actor", maybe(self.actor.as_ref())),
            (
                "sql_commit",
                Json::text(evidence::digest::Digest::of_parts(&[
                    &salt,
                    ask.sql.as_bytes(),
                ])),
            ),
        ];
        Entry {
            kind: "errand",
            body: Json::object(body.into_iter().chain(keys)),
        }
    }
}
