//! What people are told of records that are past their retention.

use crate::admin::event_sink::EventSink;
use hansa_node::participant::Connector;

/// Says that single questions of long ago are not in the log any more, so that nobody takes what is told for all of it.
pub(super) async fn tell_expired(connector: &Connector, out: &EventSink) {
    let end = connector.records.log.expired_before();
    if end > 0 {
        out.send_notice(format!(
            "of the records before {end} those of single questions are past their retention; what was erased when: hansa audit list --outcome expire"
        ))
        .await;
    }
}
