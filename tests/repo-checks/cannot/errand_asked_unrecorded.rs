//! error: E0308
//! A question leaves when it is in the log, not before.

use hansa_transport::peer::client::{QueryRecord, PeerClient};

pub async fn hasten<T: QueryRecord>(client: &PeerClient, remote_query: &T) {
    let _ = client.ask_query(remote_query).await;
}
