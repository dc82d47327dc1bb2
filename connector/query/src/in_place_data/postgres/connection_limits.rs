//! Limits on open connections to a database. A server permits a certain number, of which other programs need some.

use super::PostgresEndpoint;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connection limits of questions for each database: in total, and for one participant.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConnectionLimits {
    semaphores: Arc<Mutex<ConnectionSemaphores>>,
    party: Option<ParticipantId>,
}

/// Semaphores by database and owner.
type ConnectionSemaphores = BTreeMap<(PostgresEndpoint, ConnectionOwner), Arc<Semaphore>>;

/// Owner of a connection.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum ConnectionOwner {
    Everybody,
    /// Participant; `None` for the own participant.
    Party(Option<ParticipantId>),
}

/// Permit for one connection, released on drop.
#[derive(Debug)]
pub(super) struct ConnectionPermit {
    _own: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

impl ConnectionLimits {
    /// Limits for the questions of a peer.
    pub(crate) fn for_participant(&self, party: &ParticipantId) -> Self {
        Self {
            party: Some(party.clone()),
            ..self.clone()
        }
    }

    /// Waits for a connection of a question that holds no other one. The wait counts against the question's own time. One
    /// participant may use at most three quarters of the connections, so that it can't exclude others.
    pub(super) async fn wait_for_connection(
        &self,
        server: &PostgresEndpoint,
    ) -> Result<ConnectionPermit, Refusal> {
        let own = self.party_semaphore(server).acquire_owned().await;
        let of_all = self.of_all(server).acquire_owned().await;
        match (own, of_all) {
            (Ok(_own), Ok(_of_all)) => Ok(ConnectionPermit { _own, _of_all }),
            _ => Err(too_many_questions_refusal()),
        }
    }

    /// Takes a further connection of a question without a wait, since two waiting questions could deadlock.
    pub(super) fn take_connection(
        &self,
        server: &PostgresEndpoint,
    ) -> Result<ConnectionPermit, Refusal> {
        let own = self.party_semaphore(server).try_acquire_owned();
        let of_all = self.of_all(server).try_acquire_owned();
        match (own, of_all) {
            (Ok(_own), Ok(_of_all)) => Ok(ConnectionPermit { _own, _of_all }),
            _ => Err(too_many_questions_refusal()),
        }
    }

    fn party_semaphore(&self, server: &PostgresEndpoint) -> Arc<Semaphore> {
        self.semaphore(
            server,
            ConnectionOwner::Party(self.party.clone()),
            MOST_OF_ONE,
        )
    }

    fn of_all(&self, server: &PostgresEndpoint) -> Arc<Semaphore> {
        self.semaphore(server, ConnectionOwner::Everybody, MOST)
    }

    fn semaphore(
        &self,
        server: &PostgresEndpoint,
        whose: ConnectionOwner,
        most: usize,
    ) -> Arc<Semaphore> {
        let mut all = self.semaphores.lock();
        let places = all.entry((server.clone(), whose));
        Arc::clone(places.or_insert_with(|| Arc::new(Semaphore::new(most))))
    }
}

fn too_many_questions_refusal() -> Refusal {
    Refusal::new(
        ErrorCode::ResourceLimit,
        "too many questions read a dataset in place at this time",
    )
    .with_help("ask again when one has ended")
}

/// A third of a server's default limit.
const MOST: usize = 32;

/// Three quarters of the maximum.
const MOST_OF_ONE: usize = 24;

#[cfg(test)]
mod tests {
    use super::{ConnectionLimits, MOST, PostgresEndpoint};
    use futures::FutureExt as _;
    use hansa_policy::refusal::ErrorCode;

    fn server(name: &str) -> PostgresEndpoint {
        PostgresEndpoint {
            database: format!("host=localhost user=u dbname={name}"),
            password: None,
            root_certificate: None,
        }
    }

    #[tokio::test]
    async fn who_holds_nothing_waits_and_who_holds_something_is_refused() {
        let (databases, one, other) = (ConnectionLimits::default(), server("one"), server("other"));
        let [first, second] =
            ["a.example", "b.example"].map(|id| databases.for_participant(&id.parse().unwrap()));
        let mut held = Vec::new();
        while let Ok(permit) = first.take_connection(&one) {
            held.push(permit);
        }
        // One participant gets no more; the rest is reserved for others.
        assert_eq!(held.len(), 24);
        let refused = first.take_connection(&one).unwrap_err();
        assert_eq!(refused.code, ErrorCode::ResourceLimit);
        assert!(first.take_connection(&other).is_ok());
        while let Ok(permit) = second.take_connection(&one) {
            held.push(permit);
        }
        assert_eq!(held.len(), MOST);
        assert!(second.take_connection(&one).is_err());
        let again = second.clone();
        let mut waits = Box::pin(again.wait_for_connection(&one));
        assert!(waits.as_mut().now_or_never().is_none());
        // A released connection goes to a waiting question, and the participant's own permit is not lost.
        held.pop();
        assert!(waits.await.is_ok());
        held.clear();
        assert!(databases.take_connection(&one).is_ok());
    }
}
