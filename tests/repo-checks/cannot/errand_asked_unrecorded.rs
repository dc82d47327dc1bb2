//! error: E0308
//! A question leaves when it is on the books, not before.

use hansa_transport::peer::call::{HasAsk, PeerClient};

pub async fn hasten<T: HasAsk>(client: &PeerClient, errand: &T) {
    let _ = client.ask(errand).await;
}
