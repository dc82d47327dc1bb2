//! Recovery after a stop: the records in the reserve are merged into the log, and the segment that could not be written is sealed
//! as suspect.

use crate::archive::AbsentRecords;
use crate::log_dir::{self, TrailingBytes};
use crate::log_segment::LogSegment;
use crate::reserve::{self, ReserveContents};
use crate::segment_storage::SegmentStorage;
use crate::writer::LogWriter;
use crate::{LogConfig, unwritable_log_refusal};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::note::log_origin;
use hansa_audit_log::record::Record;
use hansa_audit_log::record::answers::RefusalCountRecord;
use hansa_audit_log::record::body::{
    AnswerBody, ContractBody, RecordBody, RecordBodyError, UpkeepBody,
};
use hansa_audit_log::record::contracts::{GroupRecord, RestrictionRecord, WithdrawalRecord};
use hansa_audit_log::record::upkeep::{RepairRecord, SegmentRecord, StopRecord};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::BTreeMap;

/// Content of the reserve that is not in the log yet.
pub(super) struct UnmergedReserve {
    held: Option<ReserveContents>,
    /// True if the content is in the log already, after a crash before the reserve was emptied.
    known: bool,
}

impl UnmergedReserve {
    /// Reads the reserve. `taken` is the last record about a stop in the log.
    pub(super) fn find(config: &LogConfig, taken: Option<&Record>) -> Result<Self, Refusal> {
        let path = config.folder.as_path();
        let held = reserve::reserve_contents(path, &log_origin(&config.domain))
            .map_err(|error| log_dir::unavailable_log_refusal(&path.join(reserve::FILE), &error))?;
        let from = taken.and_then(reserve_of);
        let known = from.is_some() && from == held.as_ref().map(|held| held.digest);
        Ok(Self { held, known })
    }

    fn unmerged_contents(&self) -> Option<&ReserveContents> {
        self.held.as_ref().filter(|_| !self.known)
    }

    /// Seals the segment that could not be written, if this is the one, and begins another after `records`. Returns the new segment
    /// and the body of its first record, with the ranges of `away`.
    ///
    /// The bytes after the last confirmed one are written again, since the system may return bytes that the disk does not have.
    pub(super) fn seal_segment(
        &self,
        storage: &mut SegmentStorage,
        records: u64,
        away: AbsentRecords,
    ) -> std::io::Result<Option<(LogSegment, RecordBody)>> {
        let stop = self
            .unmerged_contents()
            .and_then(ReserveContents::stop_record);
        let named = stop.as_ref().and_then(|stop| stop.segment.as_deref());
        if named.is_none_or(|named| named != storage.name()) || storage.length() == 0 {
            return Ok(None);
        }
        let confirmed = stop.and_then(|stop| stop.segment_bytes);
        storage.write_again(confirmed.unwrap_or_default())?;
        let (segment, name, digest) = storage.rotate(records)?;
        let body = SegmentRecord {
            previous: name,
            sha256: digest,
            archived_before: away.archived,
            expired_before: away.expired,
            suspect: Some(true),
        };
        Ok(Some((segment, body.into())))
    }

    /// Bodies of the records for the log: the stop, the later withdrawals, and the refusals for each participant.
    ///
    /// # Errors
    /// When the reserve contains an unknown record.
    fn record_bodies(&self) -> Result<Vec<RecordBody>, RecordBodyError> {
        let Some(held) = self.unmerged_contents() else {
            return Ok(Vec::new());
        };
        let from = Some(held.digest);
        let (mut bodies, mut counts) = (Vec::new(), BTreeMap::new());
        for record in &held.records {
            // Withdrawals, restrictions and groups are not aggregated. They have effect from their time in the reserve.
            let body: RecordBody = match record.read_body()? {
                RecordBody::Upkeep(UpkeepBody::Stop(stop)) => StopRecord {
                    at: Some(record.at),
                    reserve_sha256: from,
                    ..*stop
                }
                .into(),
                RecordBody::Contract(ContractBody::Withdrawal(withdrawal)) => WithdrawalRecord {
                    at: Some(record.at),
                    reserve_sha256: from,
                    ..*withdrawal
                }
                .into(),
                RecordBody::Contract(ContractBody::Restriction(restriction)) => RestrictionRecord {
                    at: Some(record.at),
                    reserve_sha256: from,
                    ..*restriction
                }
                .into(),
                RecordBody::Contract(ContractBody::Group(group)) => GroupRecord {
                    at: Some(record.at),
                    reserve_sha256: from,
                    ..*group
                }
                .into(),
                RecordBody::Answer(AnswerBody::RefusalCount(count)) => {
                    add_refusals(&mut counts, *count);
                    continue;
                }
                // The reserve contains no other kinds.
                RecordBody::Answer(_)
                | RecordBody::Contract(_)
                | RecordBody::Message(_)
                | RecordBody::Publication(_)
                | RecordBody::Configuration(_)
                | RecordBody::Incident(_)
                | RecordBody::Upkeep(_) => {
                    return Err(RecordBodyError::Kind(record.kind.clone()));
                }
            };
            bodies.push(body);
        }
        let counts = counts.into_values().map(|count| RefusalCountRecord {
            reserve_sha256: from,
            ..count
        });
        bodies.extend(counts.map(RecordBody::from));
        if bodies.is_empty() {
            // The first record is incomplete; only the fact of the stop is known.
            let stop = StopRecord {
                reason: None,
                full: None,
                size: None,
                root: None,
                segment: None,
                segment_bytes: None,
                rest: Some(held.rest),
                at: None,
                reserve_sha256: from,
            };
            bodies.push(stop.into());
        }
        Ok(bodies)
    }

    /// Records the findings of the opening, durably, and empties the reserve.
    pub(super) fn record_findings(
        self,
        writer: &mut LogWriter,
        sealed: Option<RecordBody>,
        rest: Option<&TrailingBytes>,
    ) -> Result<(), Refusal> {
        let repaired = rest.map(repair_record_body);
        let kept = self.record_bodies().map_err(|unknown| {
            Refusal::new(ErrorCode::EvidenceBroken, format!("the reserve: {unknown}"))
                .with_place(writer.config.folder.display().to_string(), None, None)
                .caused_by(unknown)
        })?;
        let all: Vec<RecordBody> = sealed.into_iter().chain(repaired).chain(kept).collect();
        let none = all.is_empty();
        for own in all {
            writer
                .stage_own(own)
                .map_err(|u| unwritable_log_refusal(&u))?;
        }
        if !none {
            let flushed = writer.flush().map_err(|u| unwritable_log_refusal(&u))?;
            writer.keep_leaves(&flushed);
            writer.sign();
        }
        if self.held.is_some() {
            let path = writer.config.folder.as_path();
            reserve::empty_reserve(path).map_err(|error| {
                log_dir::unavailable_log_refusal(&path.join(reserve::FILE), &error)
            })?;
        }
        Ok(())
    }
}

/// Digest of the reserve from which a record was taken.
fn reserve_of(record: &Record) -> Option<Digest> {
    match record.read_body().ok()? {
        RecordBody::Upkeep(UpkeepBody::Stop(stop)) => stop.reserve_sha256,
        RecordBody::Answer(_)
        | RecordBody::Contract(_)
        | RecordBody::Message(_)
        | RecordBody::Publication(_)
        | RecordBody::Configuration(_)
        | RecordBody::Incident(_)
        | RecordBody::Upkeep(_) => None,
    }
}

fn repair_record_body(rest: &TrailingBytes) -> RecordBody {
    RepairRecord {
        cut_bytes: u64::try_from(rest.bytes.len()).unwrap_or(u64::MAX),
        cut_sha256: Digest::of(&rest.bytes),
    }
    .into()
}

/// Adds a count of refusals to that of the same participant, with the first and the last time of both.
fn add_refusals(
    counts: &mut BTreeMap<Option<String>, RefusalCountRecord>,
    more: RefusalCountRecord,
) {
    let Some(before) = counts.get_mut(&more.peer) else {
        counts.insert(more.peer.clone(), more);
        return;
    };
    before.count = before.count.saturating_add(more.count);
    before.first = before.first.or(more.first);
    before.last = more.last.or(before.last);
    // All refusals that were allowed and never counted may have been sent.
    before.next = more.next.or(before.next);
    for (code, count) in more.codes {
        let counted = before.codes.entry(code).or_default();
        *counted = counted.saturating_add(count);
    }
}
