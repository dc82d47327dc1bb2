//! What changes in what is open is kept in order, and portals are told of it: each inbox of the configuration is brought up to date, and what it was told is kept
//! over restarts. What fails is tried again, each time after four times as long, up to an hour.

use crate::log::audit_event::{AuditEvent, maybe};
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

/// In microseconds.
const SECOND: i64 = 1_000_000;

/// The longest time between two tries.
const LONGEST: i64 = 3_600 * SECOND;

/// Bytes of each file, of which neither comes near.
const BYTES: u64 = 16 * 1024 * 1024;

const LINKED_DATA: &str = "application/ld+json";

/// The file with the changes.
const CHANGES: &str = "portal-changes.json";

/// Changes that are kept.
const EVENTS: usize = 20_000;

/// A change as it is kept: when, the dataset, what happened, and the label of the snapshot.
type KeptEvent = (String, String, String, Option<String>);

/// The changes, and what they lead to.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptChanges {
    /// How many gave way.
    before: usize,
    /// What is open behind the last one.
    known: BTreeMap<String, ReportedVersion>,
    events: Vec<KeptEvent>,
}

/// What each inbox was told, by its address and the name of the dataset.
type ReportedInboxes = BTreeMap<String, InboxState>;

/// What an inbox was told.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct InboxState {
    /// How often it was told something.
    count: u64,
    /// What of each dataset, by its name.
    datasets: BTreeMap<String, ReportedVersion>,
}

/// Tells the inboxes.
pub struct PortalNotifier {
    connector: Arc<Connector>,
    file: PathBuf,
    told: ReportedInboxes,
    /// What the changes that are kept lead to.
    known: BTreeMap<String, ReportedVersion>,
    /// For what an inbox did not take, by its address and the dataset: from when on it is tried again, and how long that was.
    waits: BTreeMap<(String, String), (i64, i64)>,
}

crate::debug_by_name!(PortalNotifier);

impl PortalNotifier {
    /// With what was told before.
    ///
    /// # Errors
    /// When the file of it can't be read.
    pub fn new(connector: Arc<Connector>) -> Result<Self, Refusal> {
        let file = connector.file("portal-notices.json");
        let told = match file.exists() {
            false => ReportedInboxes::new(),
            true => {
                let bytes = hansa_files::read(&file, BYTES)?;
                serde_json::from_slice(&bytes).map_err(|cause| {
                    let sentence = format!("`{}` can't be read", file.display());
                    Refusal::new(ErrorCode::StateBroken, sentence)
                        .with_help("take it away: each inbox is then told of all that is open")
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

    /// Tells each inbox what it was not told yet.
    ///
    /// # Errors
    /// When nothing can be recorded, or what was told can't be kept.
    pub async fn round(&mut self) -> Result<(), Refusal> {
        let config = self.connector.config();
        let inboxes = config.portal.as_ref().map(|portal| portal.inboxes.clone());
        let inboxes = inboxes.unwrap_or_default();
        let known = self.told.len();
        self.told.retain(|inbox, _| inboxes.contains(inbox));
        if self.told.len() < known {
            self.keep()?;
        }
        let Some(catalog) = portal_entries::catalog(&self.connector) else {
            return Ok(());
        };
        self.keep_changes(&catalog)?;
        for inbox in &inboxes {
            self.bring_up_to_date(inbox, &catalog).await?;
        }
        Ok(())
    }

    /// Keeps what has changed since the last look.
    fn keep_changes(&mut self, catalog: &PortalCatalog) -> Result<(), Refusal> {
        let changes = hansa_portal::changes(&self.known, catalog);
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
        let bytes = serde_json::to_vec(&kept).map_err(unwritten)?;
        let file = self.connector.file(CHANGES);
        hansa_files::replace(&file, &bytes, FileVisibility::Owner)?;
        self.known = kept.known;
        Ok(())
    }

    /// Tells an inbox what it can be told now. What it does not take waits, and holds up nothing else; behind a failure it is asked no
    /// more in this round, since it may be out of reach.
    async fn bring_up_to_date(
        &mut self,
        inbox: &str,
        catalog: &PortalCatalog,
    ) -> Result<(), Refusal> {
        let state = self.told.get(inbox).cloned().unwrap_or_default();
        let mut number = state.count;
        for change in hansa_portal::changes(&state.datasets, catalog) {
            let key = (inbox.to_owned(), change.dataset.clone());
            let ticks = self.connector.ticks();
            if self.waits.get(&key).is_some_and(|(from, _)| *from > ticks) {
                continue;
            }
            if let Err(refusal) = self.tell(inbox, catalog, &change, number).await? {
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
            self.keep()?;
        }
        Ok(())
    }

    /// Records what is told, and tells it. The outer error is one of our own, the inner one of the inbox.
    async fn tell(
        &self,
        inbox: &str,
        catalog: &PortalCatalog,
        change: &PortalChange,
        number: u64,
    ) -> Result<Result<(), Refusal>, Refusal> {
        let connector = &self.connector;
        let now = connector.now();
        let (identity, activity) = hansa_portal::notification(catalog, change, number, now);
        let version = change.version.as_ref();
        let record = AuditEvent::from(PortalNoticeRecord {
            inbox: inbox.to_string(),
            dataset: change.dataset.to_string(),
            event: change.kind.as_str().to_owned(),
            snapshot: maybe(version.map(|(snapshot, _)| snapshot)),
            contract: maybe(version.map(|(_, contract)| contract)),
        });
        let _durable = connector.record(record).await?;
        let body = activity.to_string().into_bytes();
        Ok(notice_delivery::post(inbox, &identity, LINKED_DATA, body).await)
    }

    fn keep(&self) -> Result<(), Refusal> {
        let bytes = serde_json::to_vec_pretty(&self.told).map_err(unwritten)?;
        hansa_files::replace(&self.file, &bytes, FileVisibility::Owner)
    }
}

/// What changed in what is open, in order.
///
/// # Errors
/// When the file of it can't be read.
pub fn events(connector: &Connector) -> Result<PortalEvents, Refusal> {
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
        events: events.ok_or_else(|| unread(connector))?,
    })
}

fn read_kept_changes(connector: &Connector) -> Result<KeptChanges, Refusal> {
    let file = connector.file(CHANGES);
    if !file.exists() {
        return Ok(KeptChanges::default());
    }
    let bytes = hansa_files::read(&file, BYTES)?;
    serde_json::from_slice(&bytes).map_err(|cause| unread(connector).caused_by(cause))
}

fn unread(connector: &Connector) -> Refusal {
    let sentence = format!("`{}` can't be read", connector.file(CHANGES).display());
    Refusal::new(ErrorCode::StateBroken, sentence).with_help("take it away: the changes begin anew")
}

fn unwritten(cause: serde_json::Error) -> Refusal {
    Refusal::new(
        ErrorCode::Internal,
        "what portals were told can't be written",
    )
    .caused_by(cause)
}
