//! Change list of open datasets, and its delivery to the configured portal inboxes. The delivered state survives restarts. Failed
//! deliveries are retried with a pause that grows fourfold, up to an hour.

use crate::log::audit_event::{AuditEvent, optional_text};
use crate::offer::portal_entries;
use crate::participant::Connector;
use hansa_audit_log::record::messages::PortalNoticeRecord;
use hansa_files::FileVisibility;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_portal::{
    PortalCatalog, PortalChange, PortalChangeKind, PortalEvent, PortalEvents, ReportedVersion,
};
use hansa_transport::notice_delivery;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// One second in microseconds.
const SECOND: i64 = 1_000_000;

/// Longest pause between two attempts, in microseconds.
const LONGEST: i64 = 3_600 * SECOND;

/// Size limit of each file, far above its usual size.
const BYTES: u64 = 16 * 1024 * 1024;

const LINKED_DATA: &str = "application/ld+json";

/// Name of the file with the changes.
const CHANGES: &str = "portal-changes.json";

/// Most stored changes.
const EVENTS: usize = 20_000;

/// Stored change: time, dataset, event, and label of the snapshot.
type KeptEvent = (String, String, String, Option<String>);

/// Stored changes, and the resulting state.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptChanges {
    /// Number of dropped older changes.
    before: usize,
    /// Open datasets after the last change.
    known: BTreeMap<String, ReportedVersion>,
    events: Vec<KeptEvent>,
}

/// Delivered state of each inbox, by its address.
type ReportedInboxes = BTreeMap<String, InboxState>;

/// Delivered state of one inbox.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct InboxState {
    /// Number of deliveries.
    count: u64,
    /// Delivered version of each dataset, by name.
    datasets: BTreeMap<String, ReportedVersion>,
}

/// Notifier of portal inboxes.
pub struct PortalNotifier {
    connector: Arc<Connector>,
    file: PathBuf,
    told: ReportedInboxes,
    /// Open datasets after the stored changes.
    known: BTreeMap<String, ReportedVersion>,
    /// Failed deliveries by address and dataset: the next attempt and the length of the pause.
    waits: BTreeMap<(String, String), (i64, i64)>,
}

crate::debug_by_name!(PortalNotifier);

impl PortalNotifier {
    /// Reads the delivered state.
    ///
    /// # Errors
    /// If its file can't be read.
    pub fn new(connector: Arc<Connector>) -> Result<Self, Refusal> {
        let file = connector.state_file("portal-notices.json");
        let told = match file.exists() {
            false => ReportedInboxes::new(),
            true => {
                let bytes = hansa_files::read_file(&file, BYTES)?;
                serde_json::from_slice(&bytes).map_err(|cause| {
                    let sentence = format!("`{}` can't be read", file.display());
                    Refusal::new(ErrorCode::StateBroken, sentence)
                        .with_help("delete it: each inbox is then told of all open datasets")
                        .caused_by(cause)
                })?
            }
        };
        let known = read_kept_changes(&connector)?.known;
        Ok(Self {
            connector,
            file,
            told,
            known,
            waits: BTreeMap::new(),
        })
    }

    /// Delivers to each inbox the changes that it lacks.
    ///
    /// # Errors
    /// If nothing can be recorded, or the delivered state can't be stored.
    pub async fn deliver_changes(&mut self) -> Result<(), Refusal> {
        let config = self.connector.config();
        let inboxes = config.portal.as_ref().map(|portal| portal.inboxes.clone());
        let inboxes = inboxes.unwrap_or_default();
        let known = self.told.len();
        self.told.retain(|inbox, _| inboxes.contains(inbox));
        if self.told.len() < known {
            self.store_delivered_state()?;
        }
        let Some(catalog) = portal_entries::portal_catalog(&self.connector) else {
            return Ok(());
        };
        self.keep_changes(&catalog)?;
        for inbox in &inboxes {
            self.bring_up_to_date(inbox, &catalog).await?;
        }
        Ok(())
    }

    /// Stores the changes since the last look.
    fn keep_changes(&mut self, catalog: &PortalCatalog) -> Result<(), Refusal> {
        let changes = hansa_portal::pending_changes(&self.known, catalog);
        if changes.is_empty() {
            return Ok(());
        }
        let now = self.connector.now().to_string();
        let mut kept = read_kept_changes(&self.connector)?;
        for change in changes {
            let label = change.version.as_ref().map(|(label, _)| label.clone());
            let kind = change.kind.as_str().to_owned();
            kept.events
                .push((now.clone(), change.dataset.clone(), kind, label));
            change.apply(&mut kept.known);
        }
        let over = PortalEvents::giving_way(kept.events.len(), EVENTS);
        kept.events.drain(..over.min(kept.events.len()));
        kept.before = kept.before.saturating_add(over);
        let bytes = serde_json::to_vec(&kept).map_err(unwritten_changes_refusal)?;
        let file = self.connector.state_file(CHANGES);
        hansa_files::replace_file(&file, &bytes, FileVisibility::Owner)?;
        self.known = kept.known;
        Ok(())
    }

    /// Delivers to one inbox. A rejected change waits and blocks no other one. After a failed connection, the inbox is skipped for
    /// the rest of the round.
    async fn bring_up_to_date(
        &mut self,
        inbox: &str,
        catalog: &PortalCatalog,
    ) -> Result<(), Refusal> {
        let state = self.told.get(inbox).cloned().unwrap_or_default();
        let mut number = state.count;
        for change in hansa_portal::pending_changes(&state.datasets, catalog) {
            let key = (inbox.to_owned(), change.dataset.clone());
            let ticks = self.connector.ticks();
            if self.waits.get(&key).is_some_and(|(from, _)| *from > ticks) {
                continue;
            }
            if let Err(refusal) = self.send_change(inbox, catalog, &change, number).await? {
                let before = self.waits.get(&key).map_or(0, |(_, wait)| *wait);
                let wait = before.saturating_mul(4).clamp(SECOND, LONGEST);
                let from = self.connector.ticks().saturating_add(wait);
                self.waits.insert(key, (from, wait));
                tracing::warn!(%refusal, "portal.not_told");
                return Ok(());
            }
            self.waits.remove(&key);
            number = number.saturating_add(1);
            let state = self.told.entry(inbox.to_owned()).or_default();
            state.count = number;
            change.apply(&mut state.datasets);
            self.store_delivered_state()?;
        }
        Ok(())
    }

    /// Records and sends a change. The outer error is local, the inner one is of the inbox.
    async fn send_change(
        &self,
        inbox: &str,
        catalog: &PortalCatalog,
        change: &PortalChange,
        number: u64,
    ) -> Result<Result<(), Refusal>, Refusal> {
        let connector = &self.connector;
        let now = connector.now();
        let (identity, activity) = hansa_portal::build_notification(catalog, change, number, now);
        let version = change.version.as_ref();
        let record = AuditEvent::from(PortalNoticeRecord {
            inbox: inbox.to_string(),
            dataset: change.dataset.to_string(),
            event: change.kind.as_str().to_owned(),
            snapshot: optional_text(version.map(|(snapshot, _)| snapshot)),
            contract: optional_text(version.map(|(_, contract)| contract)),
        });
        let _durable = connector.record(record).await?;
        let body = activity.to_string().into_bytes();
        Ok(notice_delivery::post_notice(inbox, &identity, LINKED_DATA, body).await)
    }

    fn store_delivered_state(&self) -> Result<(), Refusal> {
        let bytes = serde_json::to_vec_pretty(&self.told).map_err(unwritten_changes_refusal)?;
        hansa_files::replace_file(&self.file, &bytes, FileVisibility::Owner)
    }
}

/// Returns the changes of open datasets in order.
///
/// # Errors
/// If the file of changes can't be read.
pub fn portal_events(connector: &Connector) -> Result<PortalEvents, Refusal> {
    let kept = read_kept_changes(connector)?;
    let events = kept.events.into_iter().map(|(at, dataset, kind, version)| {
        Some(PortalEvent {
            at: at.parse().ok()?,
            dataset,
            kind: PortalChangeKind::of(&kind)?,
            version,
        })
    });
    let events = events.collect::<Option<Vec<_>>>();
    Ok(PortalEvents {
        before: kept.before,
        events: events.ok_or_else(|| unreadable_changes_refusal(connector))?,
    })
}

fn read_kept_changes(connector: &Connector) -> Result<KeptChanges, Refusal> {
    let file = connector.state_file(CHANGES);
    if !file.exists() {
        return Ok(KeptChanges::default());
    }
    let bytes = hansa_files::read_file(&file, BYTES)?;
    serde_json::from_slice(&bytes)
        .map_err(|cause| unreadable_changes_refusal(connector).caused_by(cause))
}

fn unreadable_changes_refusal(connector: &Connector) -> Refusal {
    let sentence = format!(
        "`{}` can't be read",
        connector.state_file(CHANGES).display()
    );
    Refusal::new(ErrorCode::StateBroken, sentence)
        .with_help("delete it: the list of changes then begins anew")
}

fn unwritten_changes_refusal(cause: serde_json::Error) -> Refusal {
    Refusal::new(
        ErrorCode::Internal,
        "what portals were told can't be written",
    )
    .caused_by(cause)
}
