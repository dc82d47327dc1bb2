//! Going on after a stop: what the run before left in the reserve is taken into the log, and the segment that could not be
//! written is sealed as suspect.

use crate::archive::{AbsentRecords, BEFORE, EXPIRED_BEFORE};
use crate::log_dir::{self, TrailingBytes};
use crate::log_segment::LogSegment;
use crate::reserve::{self, ReserveContents};
use crate::segment_storage::SegmentStorage;
use crate::writer::LogWriter;
use crate::writer::job::InternalRecord;
use crate::{LogConfig, refusal};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::Json;
use hansa_audit_log::note::origin;
use hansa_audit_log::record::Record;
use hansa_policy::refusal::Refusal;
use std::collections::BTreeMap;

/// The record that says why nothing could be recorded.
pub(super) const STOP: &str = "stop";

/// The record that stands for many refusals.
pub(super) const REFUSALS: &str = "refuse_summary";

/// The records of what takes something away: they are not summed up, and hold from when they were kept in the reserve.
const ENDINGS: [&str; 3] = ["withdraw", "guard", "group"];

/// The member by which a record names the reserve that it was taken from.
const FROM: &str = "reserve_sha256";

/// What was left in the reserve and is not in the log yet.
pub(super) struct UnmergedReserve {
    held: Option<ReserveContents>,
    /// Whether it is in the log already: a crash came before the reserve was emptied.
    known: bool,
}

impl UnmergedReserve {
    /// Looks at the reserve. `taken` is what the last record about a stop in the log says.
    pub(super) fn find(config: &LogConfig, taken: Option<&Record>) -> Result<Self, Refusal> {
        let path = config.folder.as_path();
        let held = reserve::reserve_contents(path, &origin(&config.domain))
            .map_err(|error| log_dir::unavailable(&path.join(reserve::FILE), &error))?;
        let known = taken
            .and_then(|record| record.body.get(FROM))
            .is_some_and(|from| {
                let held = held.as_ref().map(|held| Json::text(held.digest));
                Some(from) == held.as_ref()
            });
        Ok(Self { held, known })
    }

    fn fresh(&self) -> Option<&ReserveContents> {
        self.held.as_ref().filter(|_| !self.known)
    }

    /// Seals the segment that could not be written, if this is the one, and begins another behind `records`; gives that one
    /// and what its first record says, also of what is `away`.
    ///
    /// What stands behind the last confirmed byte is written again: the system may show what the disk does not hold.
    pub(super) fn seal(
        &self,
        storage: &mut SegmentStorage,
        records: u64,
        away: AbsentRecords,
    ) -> std::io::Result<Option<(LogSegment, InternalRecord)>> {
        let stopped = self.fresh().and_then(|held| held.records.first());
        let named = stopped.and_then(|stop| stop.body.get("segment")?.as_text());
        if named.is_none_or(|named| named != storage.name()) || storage.length() == 0 {
            return Ok(None);
        }
        let confirmed = stopped.and_then(|stop| stop.body.get("segment_bytes")?.as_count());
        storage.write_again(confirmed.unwrap_or_default())?;
        let (segment, name, digest) = storage.rotate(records)?;
        let body = Json::object([
            ("previous", Json::text(name)),
            ("sha256", Json::text(digest)),
            (BEFORE, Json::count(away.archived)),
            (EXPIRED_BEFORE, Json::count(away.expired)),
            ("suspect", Json::Bool(true)),
        ]);
        let kind = "segment";
        Ok(Some((segment, InternalRecord { kind, body })))
    }

    /// What the log says of it: the stop, what was taken away since then, and the refusals for each participant.
    fn internal_records(&self) -> Vec<InternalRecord> {
        let Some(held) = self.fresh() else {
            return Vec::new();
        };
        let from = Json::text(held.digest);
        let (mut reported, mut sums) = (Vec::new(), BTreeMap::new());
        for record in &held.records {
            let mut kinds = [STOP].into_iter().chain(ENDINGS);
            match kinds.find(|kind| *kind == record.kind) {
                Some(kind) => reported.push(dated(kind, record)),
                None => add(&mut sums, record),
            }
        }
        let sums = sums.into_values().map(|body| InternalRecord {
            kind: REFUSALS,
            body,
        });
        reported.extend(sums);
        if reported.is_empty() {
            // The first record was being written: that much is known.
            let body = Json::object([("reason", Json::Null), ("rest", Json::count(held.rest))]);
            reported.push(InternalRecord { kind: STOP, body });
        }
        for own in &mut reported {
            own.body = with(&own.body, [(FROM, from.clone())]);
        }
        reported
    }

    /// Records what opening found, durably, and empties the reserve.
    pub(super) fn settle(
        self,
        writer: &mut LogWriter,
        sealed: Option<InternalRecord>,
        rest: Option<&TrailingBytes>,
    ) -> Result<(), Refusal> {
        let repaired = rest.map(repair);
        let all: Vec<InternalRecord> = sealed
            .into_iter()
            .chain(repaired)
            .chain(self.internal_records())
            .collect();
        let none = all.is_empty();
        for own in all {
            writer.stage_own(own).map_err(|u| refusal(&u))?;
        }
        if !none {
            let flushed = writer.flush().map_err(|u| refusal(&u))?;
            writer.keep_leaves(&flushed);
            writer.sign();
        }
        if self.held.is_some() {
            let path = writer.config.folder.as_path();
            reserve::empty(path)
                .map_err(|error| log_dir::unavailable(&path.join(reserve::FILE), &error))?;
        }
        Ok(())
    }
}

fn repair(rest: &TrailingBytes) -> InternalRecord {
    let length = u64::try_from(rest.bytes.len()).unwrap_or(u64::MAX);
    InternalRecord {
        kind: "repair",
        body: Json::object([
            ("cut_bytes", Json::count(length)),
            ("cut_sha256", Json::text(Digest::of(&rest.bytes))),
        ]),
    }
}

/// A record of the reserve as the log has it: with its time there.
fn dated(kind: &'static str, record: &Record) -> InternalRecord {
    let body = with(&record.body, [("at", Json::text(record.at))]);
    InternalRecord { kind, body }
}

fn with<const N: usize>(body: &Json, members: [(&str, Json); N]) -> Json {
    let mut all = body.as_object().cloned().unwrap_or_default();
    all.extend(
        members
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value)),
    );
    Json::Object(all)
}

/// Adds a sum of refusals to that of the same participant: the counts are added, the first time and the last stay.
fn add(sums: &mut BTreeMap<String, Json>, record: &Record) {
    let peer = record.body.get("peer").and_then(Json::as_text);
    let key = peer.unwrap_or_default().to_owned();
    let Some(before) = sums.get_mut(&key) else {
        sums.insert(key, record.body.clone());
        return;
    };
    let count = |body: &Json| body.get("count").and_then(Json::as_count).unwrap_or(0);
    let sum = count(before).saturating_add(count(&record.body));
    let known = |body: &Json, name: &str| body.get(name).filter(|at| **at != Json::Null).cloned();
    let either = |one: Option<Json>, other: Option<Json>| one.or(other).unwrap_or(Json::Null);
    let first = either(known(before, "first"), known(&record.body, "first"));
    let last = either(known(&record.body, "last"), known(before, "last"));
    // All that were allowed and never counted may have been told.
    let next = either(known(&record.body, "next"), None);
    let members = [
        ("count", Json::count(sum)),
        ("first", first),
        ("last", last),
        ("next", next),
        ("codes", codes(before, &record.body)),
    ];
    *before = with(before, members);
}

/// The counts by code, added.
fn codes(one: &Json, other: &Json) -> Json {
    let of = |body: &Json| body.get("codes").and_then(Json::as_object).cloned();
    let mut all = of(one).unwrap_or_default();
    for (code, count) in of(other).unwrap_or_default() {
        let before = all.get(&code).and_then(Json::as_count).unwrap_or(0);
        let sum = before.saturating_add(count.as_count().unwrap_or(0));
        all.insert(code, Json::count(sum));
    }
    Json::Object(all)
}
