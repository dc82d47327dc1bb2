//! Start of a participant: its state is opened, messages are repaired, offers are activated and cells are released, in this order.

use crate::config::ConnectorConfig;
use crate::negotiation::unreadable_message;
use crate::offer::offer_renewal;
use crate::participant::Connector;
use crate::participant::startup::StartupFindings;
use crate::participant::walk_observer::{NoObserver, WalkObserver};
use crate::release;
use hansa_audit_log::time::Clock;
use hansa_policy::refusal::Refusal;
use std::sync::Arc;

/// Opens a participant. Blocks while the log is checked.
///
/// # Errors
/// The reason why the participant can't run.
pub fn open_connector(
    config: ConnectorConfig,
    clock: Clock,
) -> Result<(Arc<Connector>, StartupFindings), Refusal> {
    open_with_observer(config, clock, Arc::new(NoObserver))
}

/// As [`open_connector`], with an observer of the walks.
///
/// # Errors
/// As [`open_connector`].
pub(crate) fn open_with_observer(
    config: ConnectorConfig,
    clock: Clock,
    observer: Arc<dyn WalkObserver>,
) -> Result<(Arc<Connector>, StartupFindings), Refusal> {
    let (connector, mut found) = Connector::open(config, clock, observer)?;
    found.faults.extend(connector.state_remarks());
    connector.note_bundle()?;
    found
        .faults
        .extend(unreadable_message::repair_outboxes(&connector)?);
    found.unfit.extend(offer_renewal::renew_offers(&connector)?);
    found.unfit.extend(connector.unexecutable_refusals());
    found.unfit.extend(release::release_all_cells(&connector));
    Ok((connector, found))
}
