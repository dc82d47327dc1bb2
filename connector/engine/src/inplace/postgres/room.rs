//! How many connections to a database are open at once: a server allows so many, and others need some of them.

use super::Server;
use policy::refusal::{Code, Refusal};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The connections that all questions together may have to each database.
#[derive(Debug, Clone, Default)]
pub(crate) struct Databases(Arc<Mutex<BTreeMap<Server, Arc<Semaphore>>>>);

impl Databases {
    /// A place for a question that holds none anywhere: it waits for its turn, within its own time, and holds up nobody.
    pub(super) async fn turn(&self, server: &Server) -> Result<OwnedSemaphorePermit, Refusal> {
        let places = self.places(server).acquire_owned().await;
        places.map_err(|_| crowded())
    }

    /// A place for a question that holds another one: two that wait for each other would wait for ever.
    pub(super) fn another(&self, server: &Server) -> Result<OwnedSemaphorePermit, Refusal> {
        let places = self.places(server).try_acquire_owned();
        places.map_err(|_| crowded())
    }

    fn places(&self, server: &Server) -> Arc<Semaphore> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let places = all.entry(server.clone());
        Arc::clone(places.or_insert_with(|| Arc::new(Semaphore::new(MOST))))
    }
}

fn crowded() -> Refusal {
    Refusal::new(
        Code::ResourceLimit,
        "too many questions read a dataset in place at this time",
    )
    .with_help("ask again when one has ended")
}

/// A third of what a server allows unless it is told otherwise.
const MOST: usize = 32;

#[cfg(test)]
mod tests {
    use super::{Databases, MOST, Server};
    use futures::FutureExt as _;
    use policy::refusal::Code;

    fn server(name: &str) -> Server {
        Server {
            database: format!("host=localhost user=u dbname={name}"),
            password: None,
            root_certificate: None,
        }
    }

    #[tokio::test]
    async fn who_holds_nothing_waits_and_who_holds_something_is_refused() {
        let (databases, one, other) = (Databases::default(), server("one"), server("other"));
        let mut held = Vec::new();
        for _ in 0..MOST {
            held.push(databases.another(&one).unwrap());
        }
        let refused = databases.another(&one).unwrap_err();
        assert_eq!(refused.code, Code::ResourceLimit);
        assert!(databases.another(&other).is_ok());
        let again = databases.clone();
        let mut waits = Box::pin(again.turn(&one));
        assert!(waits.as_mut().now_or_never().is_none());
        held.pop();
        assert!(waits.await.is_ok());
    }
}
