//! How many connections to a database are open at once: a server allows so many, and others need some of them.

use super::PostgresEndpoint;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The connections that questions may have to each database: all together, and those of one participant.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConnectionLimits {
    semaphores: Arc<Mutex<ConnectionSemaphores>>,
    party: Option<ParticipantId>,
}

/// The places of each database, by whose they are.
type ConnectionSemaphores = BTreeMap<(PostgresEndpoint, ConnectionOwner), Arc<Semaphore>>;

/// Of whom places are counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum ConnectionOwner {
    Everybody,
    /// Our own people have no name here.
    Party(Option<ParticipantId>),
}

/// A place at a database; it is free again when this goes.
#[derive(Debug)]
pub(super) struct ConnectionPermit {
    _own: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

impl ConnectionLimits {
    /// The same, for the questions of a peer.
    pub(crate) fn of(&self, party: &ParticipantId) -> Self {
        Self {
            party: Some(party.clone()),
            ..self.clone()
        }
    }

    /// A place for a question that holds none anywhere: it waits for its turn, within its own time, and holds up nobody. One
    /// participant has three quarters of the places at most, so that none alone keeps others out.
    pub(super) async fn turn(
        &self,
        server: &PostgresEndpoint,
    ) -> Result<ConnectionPermit, Refusal> {
        let own = self.own(server).acquire_owned().await;
        let of_all = self.of_all(server).acquire_owned().await;
        match (own, of_all) {
            (Ok(_own), Ok(_of_all)) => Ok(ConnectionPermit { _own, _of_all }),
            _ => Err(too_many_questions_refusal()),
        }
    }

    /// A place for a question that holds another one: two that wait for each other would wait for ever.
    pub(super) fn another(&self, server: &PostgresEndpoint) -> Result<ConnectionPermit, Refusal> {
        let own = self.own(server).try_acquire_owned();
        let of_all = self.of_all(server).try_acquire_owned();
        match (own, of_all) {
            (Ok(_own), Ok(_of_all)) => Ok(ConnectionPermit { _own, _of_all }),
            _ => Err(too_many_questions_refusal()),
        }
    }

    fn own(&self, server: &PostgresEndpoint) -> Arc<Semaphore> {
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

/// A third of what a server allows unless it is told otherwise.
const MOST: usize = 32;

/// Three quarters of these.
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
            ["a.example", "b.example"].map(|id| databases.of(&id.parse().unwrap()));
        let mut held = Vec::new();
        while let Ok(permit) = first.another(&one) {
            held.push(permit);
        }
        // More is not for one alone: what is left is for others.
        assert_eq!(held.len(), 24);
        let refused = first.another(&one).unwrap_err();
        assert_eq!(refused.code, ErrorCode::ResourceLimit);
        assert!(first.another(&other).is_ok());
        while let Ok(permit) = second.another(&one) {
            held.push(permit);
        }
        assert_eq!(held.len(), MOST);
        assert!(second.another(&one).is_err());
        let again = second.clone();
        let mut waits = Box::pin(again.turn(&one));
        assert!(waits.as_mut().now_or_never().is_none());
        // What one of many gives back is for whoever waits, and a place of its own that it waits with is not lost.
        held.pop();
        assert!(waits.await.is_ok());
        held.clear();
        assert!(databases.another(&one).is_ok());
    }
}
