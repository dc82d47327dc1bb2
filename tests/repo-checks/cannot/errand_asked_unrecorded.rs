//! error: E0308
//! A question leaves when it is on the books, not before.

use hansa_transport::peer::client::{QueryRecord, PeerClient};

pub async fn hasten<T: QueryRecord>(client: &PeerClient, errand: &T) {
    let _ = client.ask(errand).await;
}
