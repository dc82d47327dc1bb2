//! Going on after a stop: what the run before left in the reserve is taken into the log, and the segment that could not be
//! written is sealed as suspect.

use crate::archive::AbsentRecords;
use crate::log_dir::{self, TrailingBytes};
use crate::log_segment::LogSegment;
use crate::reserve::{self, ReserveContents};
use crate::segment_storage::SegmentStorage;
use crate::writer::LogWriter;
use crate::{LogConfig, refusal};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::note::origin;
use hansa_audit_log::record::Record;
use hansa_audit_log::record::answers::RefusalCountRecord;
use hansa_audit_log::record::body::{
    AnswerBody, ContractBody, RecordBody, RecordBodyError, UpkeepBody,
};
use hansa_audit_log::record::contracts::{GroupRecord, RestrictionRecord, WithdrawalRecord};
use hansa_audit_log::record::upkeep::{RepairRecord, SegmentRecord, StopRecord};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::BTreeMap;

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
        let from = taken.and_then(reserve_of);
        let known = from.is_some() && from == held.as_ref().map(|held| held.digest);
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
    ) -> std::io::Result<Option<(LogSegment, RecordBody)>> {
        let stop = self.fresh().and_then(ReserveContents::stop);
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

    /// What the log says of it: the stop, what was taken away since then, and the refusals for each participant.
    ///
    /// # Errors
    /// When the reserve holds a record that is not known here.
    fn record_bodies(&self) -> Result<Vec<RecordBody>, RecordBodyError> {
        let Some(held) = self.fresh() else {
            return Ok(Vec::new());
        };
        let from = Some(held.digest);
        let (mut bodies, mut counts) = (Vec::new(), BTreeMap::new());
        for record in &held.records {
            // Withdrawals, restrictions and groups are not summed up; they hold from when they were kept in the reserve.
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
                // Nothing else is kept there.
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
            // The first record was being written: that much is known.
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

    /// Records what opening found, durably, and empties the reserve.
    pub(super) fn settle(
        self,
        writer: &mut LogWriter,
        sealed: Option<RecordBody>,
        rest: Option<&TrailingBytes>,
    ) -> Result<(), Refusal> {
        let repaired = rest.map(repair);
        let kept = self.record_bodies().map_err(|unknown| {
            Refusal::new(ErrorCode::EvidenceBroken, format!("the reserve: {unknown}"))
                .with_place(writer.config.folder.display().to_string(), None, None)
                .caused_by(unknown)
        })?;
        let all: Vec<RecordBody> = sealed.into_iter().chain(repaired).chain(kept).collect();
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

/// The digest of the reserve that a record was taken from.
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

fn repair(rest: &TrailingBytes) -> RecordBody {
    RepairRecord {
        cut_bytes: u64::try_from(rest.bytes.len()).unwrap_or(u64::MAX),
        cut_sha256: Digest::of(&rest.bytes),
    }
    .into()
}

/// Adds a count of refusals to that of the same participant: the first time and the last stay.
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
    // All that were allowed and never counted may have been told.
    before.next = more.next.or(before.next);
    for (code, count) in more.codes {
        let counted = before.codes.entry(code).or_default();
        *counted = counted.saturating_add(count);
    }
}
