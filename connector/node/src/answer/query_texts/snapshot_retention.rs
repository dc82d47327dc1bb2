//! Retention of old dataset snapshots for the configured time.

use crate::log::audit_event::AuditEvent;
use crate::participant::Connector;
use hansa_audit_log::record::upkeep::ErasureRecord;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::Refusal;
use hansa_query::ingest::config::parser::retention::parse_retention;

impl Connector {
    /// Removes snapshots whose retention is over, first in the log and then on disk, and returns their number. Blocks.
    ///
    /// Published snapshots and snapshots with released cells always stay. A snapshot that an answer reads stays until the answer
    /// ends.
    ///
    /// # Errors
    /// If the removal can't be recorded (nothing is removed then), or a folder can't be removed.
    pub fn expire_snapshots(&self) -> Result<usize, Refusal> {
        // One run at a time, so that no run looks for snapshots that another one has removed.
        let _one = self.records.archive_lock.lock();
        let (keeps, now) = (parse_retention(&self.config().text), self.now());
        let holdings = self.datasets.snapshots.holdings();
        let is_published = |name: &SqlIdentifier, version: &str| {
            let mut all = holdings.values();
            all.any(|one| one.dataset.id.name == *name && one.dataset.version == version)
        };
        let mut gone = 0;
        for name in self.datasets.snapshots.names() {
            let keep = keeps.get(&name).copied().unwrap_or_default();
            let before = now.plus_micros(keep.0.saturating_neg());
            let kept = self
                .datasets
                .snapshots
                .retained_snapshots(&name)
                .into_iter();
            let due = kept.filter(|old| old.since <= before && !is_published(&name, &old.version));
            let due: Vec<String> = due.map(|old| old.version).collect();
            if due.is_empty() {
                continue;
            }
            let objects = due.iter().map(|version| {
                let id = self.id();
                format!("{id}/d/{name}@{version}")
            });
            let _durable = self.record_now(AuditEvent::from(ErasureRecord {
                class: "snapshot".to_owned(),
                ground: "retention".to_owned(),
                before: Some(before),
                objects: objects.collect(),
            }))?;
            for version in &due {
                self.datasets.snapshots.forget(&name, version)?;
                gone += 1;
            }
        }
        Ok(gone)
    }
}

#[cfg(test)]
mod tests {
    use crate::participant::Connector;
    use crate::participant::testing::{
        DAY, TERMS, TestFederation, close_participant, publish_configured_datasets, records_of_kind,
    };
    use hansa_audit_log::json::Json;
    use std::sync::Arc;

    fn versions(connector: &Connector) -> Vec<String> {
        let kept = connector
            .datasets
            .snapshots
            .retained_snapshots(&"bikes".parse().unwrap())
            .into_iter();
        kept.map(|old| old.version).collect()
    }

    fn publish(federation: &TestFederation, connector: &Arc<Connector>, bikes: u64) {
        let file = federation.home("lindau").join("data/bikes.csv");
        std::fs::write(file, format!("site,bikes\nHafen,{bikes}\n")).unwrap();
        publish_configured_datasets(connector).unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn old_snapshots_are_kept_as_long_as_is_configured() {
        let mut federation = TestFederation::new();
        federation.set_up_participant("lindau", TERMS);
        let connector = federation.open("lindau");
        publish(&federation, &connector, 1);
        // Without the key, no version is readable.
        assert!(versions(&connector).is_empty());
        close_participant(connector).await;
        let file = federation.home("lindau").join("hansa.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        let title = "title = \"Bikes\"";
        let with = |keep: &str| {
            let text = text.replace(title, &format!("{title}\nkeep = \"{keep}\""));
            std::fs::write(&file, text).unwrap();
        };
        with("3d");
        let connector = federation.open("lindau");
        publish(&federation, &connector, 2);
        federation.advance_time(2 * DAY);
        publish(&federation, &connector, 3);
        assert_eq!(versions(&connector), ["2026-06-01.2", "2026-06-01.3"]);
        assert_eq!(connector.expire_snapshots().unwrap(), 0);
        federation.advance_time(DAY + DAY / 2);
        // The versions also stay after a restart.
        close_participant(connector).await;
        let connector = federation.open("lindau");
        assert_eq!(connector.expire_snapshots().unwrap(), 1);
        assert_eq!(versions(&connector), ["2026-06-01.3"]);
        let erased = records_of_kind(&connector, "erase");
        assert_eq!(erased.len(), 1);
        let objects = erased[0]
            .body
            .get("objects")
            .and_then(Json::as_list)
            .unwrap();
        assert_eq!(
            objects,
            [Json::from_display(
                "hansa://lindau.example/d/bikes@2026-06-01.2"
            )]
        );
        // Without the key, the versions are gone too.
        close_participant(connector).await;
        std::fs::write(&file, &text).unwrap();
        let connector = federation.open("lindau");
        assert_eq!(connector.expire_snapshots().unwrap(), 1);
        assert!(versions(&connector).is_empty());
        assert_eq!(connector.datasets.snapshots.holdings().len(), 1);
    }
}
