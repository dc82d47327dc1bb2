//! Index from records. Daily work, a restart after a crash, and the rebuild of a lost index share this code.

mod approvals;
mod deletion_statements;
mod log_heads;
mod missing_archive;
mod notice;
mod passkeys;
mod prepaid_balances;

use crate::contract::quota_budget::piece_start;
use crate::league::rulebook_register;
use crate::token::access_tokens;
use hansa_audit_log::record::Record;
use hansa_audit_log::record::answers::{CloseRecord, QuotaReservation};
use hansa_audit_log::record::body::{
    AnswerBody, ConfigurationBody, ContractBody, MessageBody, PublicationBody, RecordBody,
    UpkeepBody,
};
use hansa_audit_log::record::messages::MessageRecord;
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_store::AuditLog;
use hansa_audit_store::retention::RetainedContracts;
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_store::state_index::StateIndex;
use hansa_store::state_index::index_transaction::IndexTransaction;
use hansa_store::state_index::row::{
    ActivatedContract, NegotiationRow, OpenedAnswer, PeerMessageRow, QuotaSpending, ReceiptRow,
};

/// Key of the place of the newest change of the people by a command.
pub(crate) const PEOPLE_CHANGED: &str = "people";

/// Beginning of the words of a command that changes the people.
const PEOPLE_CHANGE: &str = "person ";

/// Adds every durable record that is not yet in the index.
///
/// # Errors
/// If a record can't be read, does not match its type, or the index can't be written.
pub(crate) fn catch_up(log: &AuditLog, state: &mut StateIndex) -> Result<(), Refusal> {
    catch_up_by(log, state, PIECE)
}

/// Records in memory at once. The rebuild of a lost index reads all records.
const PIECE: usize = 4096;

/// Adds the missing records in batches of `piece`. A crash in between loses one batch at most.
pub(crate) fn catch_up_by(
    log: &AuditLog,
    state: &mut StateIndex,
    piece: usize,
) -> Result<(), Refusal> {
    loop {
        let from = state.position();
        if from >= log.size() {
            return Ok(());
        }
        let read = log.read(from).take(piece);
        let records: Vec<Record> = read
            .collect::<Result<_, _>>()
            .map_err(|refusal| missing_archive::with_missing_archive(log, from, refusal))?;
        let Some(last) = records.last() else {
            return Ok(());
        };
        state.apply_changes(last.seq.saturating_add(1), |change| {
            for record in &records {
                take_in(change, record)?;
            }
            Ok(())
        })?;
    }
}

fn take_in(change: &IndexTransaction<'_>, record: &Record) -> Result<(), Refusal> {
    let body = record.read_body().map_err(|unknown| {
        let sentence = format!("record {} can't be used: {unknown}", record.seq);
        Refusal::new(ErrorCode::EvidenceBroken, sentence).caused_by(unknown)
    })?;
    let place = RecordPlace { record };
    match &body {
        RecordBody::Answer(body) => apply_answer(change, place, body),
        RecordBody::Contract(body) => apply_contract(change, place, body),
        RecordBody::Message(body) => apply_message(change, place, body),
        RecordBody::Publication(body) => apply_publication(change, place, body),
        RecordBody::Configuration(body) => apply_configuration(change, place, body),
        RecordBody::Incident(body) => log_heads::apply_incident(change, place, body),
        RecordBody::Upkeep(body) => apply_upkeep(change, body),
    }
}

fn apply_answer(
    change: &IndexTransaction<'_>,
    place: RecordPlace<'_>,
    body: &AnswerBody,
) -> Result<(), Refusal> {
    let RecordPlace { record } = place;
    match body {
        AnswerBody::Permit(permit) => {
            let asker = &permit.peer;
            let receipt = match permit.program {
                Some(_) => ONE_SIDED,
                None => ReceiptRow::ISSUED,
            };
            change.open_answer(&OpenedAnswer {
                record: record.seq,
                request: &permit.request_id,
                peer: asker,
                contracts: &permit.contracts.join(" "),
                receipt,
                at: record.at,
            })?;
            change.bound_answer(record.seq, permit.at_most)?;
            notice::apply_first_use(change, &permit.contracts, record.at)?;
            deletion_statements::apply_permit(change, record.seq, permit)?;
            prepaid_balances::apply_charges(change, place, &permit.charges, None)?;
            for spending in quota_spendings(change, place, &permit.reservations, record.at)? {
                change.add_spending(&spending, asker, None)?;
            }
            Ok(())
        }
        AnswerBody::Progress(progress) => {
            let opened = progress.opened;
            if let Some(bound) = progress.at_most {
                change.bound_answer(opened, bound)?;
            }
            prepaid_balances::apply_charges(change, place, &progress.charges, Some(opened))?;
            let (asker, admitted) = change
                .asker(opened)?
                .unwrap_or_else(|| (String::new(), record.at));
            for spending in quota_spendings(change, place, &progress.reservations, admitted)? {
                change.add_spending(&spending, &asker, Some(opened))?;
            }
            Ok(())
        }
        AnswerBody::Close(body) => apply_close(change, record, body),
        AnswerBody::Refusal(refusal) => notice::apply_refusal(change, refusal, record.at),
        AnswerBody::ReceiptAcknowledgement(acknowledgement) => {
            let state = if acknowledgement.matches {
                "acknowledged"
            } else {
                "disputed"
            };
            let peer = place.parse("peer", &acknowledgement.peer)?;
            change.answered_receipt(&acknowledgement.request_id, &peer, state)
        }
        AnswerBody::OneSidedReceipt(receipt) => change.one_sided_receipt(
            &receipt.request_id,
            &place.parse("peer", &receipt.peer)?,
            &receipt.receipt.to_string(),
        ),
        AnswerBody::RemoteQuery(query) => change.add_sent_query(
            &query.request_id,
            &query.peer,
            &query.contracts.join(" "),
            record.at,
        ),
        AnswerBody::Received(received) => {
            change.end_sent_query(&received.request_id, &received.peer, record.at)?;
            change.write_receipt(&ReceiptRow {
                request: received.request_id.clone(),
                peer: place.parse("peer", &received.peer)?,
                role: "consumer".to_owned(),
                contract: received.contracts.join(" "),
                rows: received.rows,
                bytes: received.bytes,
                digest: received.result_digest.clone(),
                outcome: received.outcome.clone(),
                state: received.state.clone(),
                at: record.at,
                file: received.receipt.map(|file| file.to_string()),
            })
        }
        AnswerBody::NotReceived(end) => deletion_statements::not_received(change, end, record.at),
        AnswerBody::ModelSeen(seen) => change.of_model(
            place.parse("contract", &seen.contract)?,
            seen.model.as_deref(),
        ),
        AnswerBody::RefusalCount(_)
        | AnswerBody::NoNewData(_)
        | AnswerBody::OpenBlock(_)
        | AnswerBody::Cancellation(_)
        | AnswerBody::ActionCount(_) => Ok(()),
    }
}

fn apply_contract(
    change: &IndexTransaction<'_>,
    place: RecordPlace<'_>,
    body: &ContractBody,
) -> Result<(), Refusal> {
    let RecordPlace { record } = place;
    let note_unfiled = |envelope: &Option<String>| match envelope {
        Some(_) => change.add_unfiled_record(record.seq),
        None => Ok(()),
    };
    match body {
        ContractBody::Activation(activation) => change.activate_contract(
            ActivatedContract {
                contract: place.parse("contract", &activation.contract)?,
                dataset: &place.parse("dataset", &activation.dataset)?,
                begins: activation.not_before,
                ends: activation.not_after,
            },
            record.at,
        ),
        ContractBody::Withdrawal(withdrawal) => {
            note_unfiled(&withdrawal.envelope)?;
            // Without a stated instant, a withdrawal takes effect with its record.
            let effective = withdrawal.effective.unwrap_or(record.at);
            change.add_withdrawal(
                place.parse("contract", &withdrawal.contract)?,
                &place.parse::<ParticipantId>("party", &withdrawal.party)?,
                effective.max(record.at),
            )
        }
        ContractBody::Restriction(restriction) => {
            note_unfiled(&restriction.envelope)?;
            let document = restriction.restriction.map(|document| document.to_string());
            change.set_restriction(&restriction.dataset, document.as_deref(), record.seq)
        }
        ContractBody::Group(group) => {
            note_unfiled(&group.envelope)?;
            change.add_group_list(
                &group.group,
                group.serial,
                &group.file.to_string(),
                (group.event == "changed").then_some(record.seq),
            )
        }
        ContractBody::Approval(approval) => approvals::apply_approval(change, place, approval),
        ContractBody::TopUp(top_up) => {
            change.add_top_up(&top_up.contract, place.parse("amount", &top_up.amount)?)
        }
        ContractBody::Deletion(deletion) => {
            deletion_statements::apply_deletion(change, deletion, record.seq)
        }
        ContractBody::Notice(body) => notice::apply_notice(change, place, body),
        ContractBody::ReceivedNotice(event) => {
            change.add_contract_event(&event.contract, &event.topic, &event.detail, event.happened)
        }
        ContractBody::Usage(_) | ContractBody::Credential(_) | ContractBody::Template(_) => Ok(()),
    }
}

fn apply_message(
    change: &IndexTransaction<'_>,
    place: RecordPlace<'_>,
    body: &MessageBody,
) -> Result<(), Refusal> {
    match body {
        MessageBody::Message(message) => index_message(change, place, message),
        MessageBody::ReplacedMessage(replaced) => {
            let digest = replaced.digest.map(|digest| digest.to_string());
            change.replace_message(
                &place.parse("peer", &replaced.peer)?,
                replaced.number,
                &replaced.was.to_string(),
                digest.as_deref(),
            )
        }
        MessageBody::FetchedMessages(fetched) => {
            let peer = place.parse("peer", &fetched.peer)?;
            change.acknowledge_messages(&peer, fetched.number, fetched.carried)
        }
        MessageBody::PartnerMessage(_)
        | MessageBody::PartnerData(_)
        | MessageBody::PortalNotice(_) => Ok(()),
    }
}

fn apply_publication(
    change: &IndexTransaction<'_>,
    place: RecordPlace<'_>,
    body: &PublicationBody,
) -> Result<(), Refusal> {
    let RecordPlace { record } = place;
    match body {
        PublicationBody::Publication(publication) => {
            let text = String::from_utf8(hansa_audit_log::json::to_canonical_bytes(&record.body))
                .map_err(|cause| place.unreadable_field_refusal("body").caused_by(cause))?;
            change.set_publication(&publication.dataset, &text, record.seq)
        }
        PublicationBody::Unpublication(publication) => {
            change.remove_publication(&publication.dataset)
        }
        PublicationBody::Release(_) | PublicationBody::SnapshotCheck(_) => Ok(()),
    }
}

fn apply_configuration(
    change: &IndexTransaction<'_>,
    place: RecordPlace<'_>,
    body: &ConfigurationBody,
) -> Result<(), Refusal> {
    match body {
        ConfigurationBody::Trust(trust) => change.store_highest_number("bundle", trust.sequence),
        ConfigurationBody::Peer(peer) => {
            let id = place.parse("peer", &peer.peer)?;
            match (&peer.address, &peer.alias) {
                (Some(address), Some(alias)) => change.set_peer(&id, address, alias),
                (Some(_), None) => Err(place.unreadable_field_refusal("alias")),
                (None, _) => change.forget_peer(&id),
            }
        }
        ConfigurationBody::Rulebook(rulebook) => {
            let name = match rulebook.statement {
                Some(_) => rulebook_register::ACCEPTED,
                None => rulebook_register::INSTALLED,
            };
            change.store_highest_number(name, rulebook.version)
        }
        ConfigurationBody::AccessToken(token) => {
            let became = match token.event.as_str() {
                "created" => access_tokens::CREATED,
                _ => access_tokens::REVOKED,
            };
            change.store_highest_number(&access_tokens::index_key(&token.token), became)
        }
        ConfigurationBody::ConsoleAct(act) => passkeys::apply_act(change, act),
        ConfigurationBody::ConsolePasskey(passkey) => {
            passkeys::apply_passkey(change, place, passkey)
        }
        ConfigurationBody::Change(changed) if changed.change.starts_with(PEOPLE_CHANGE) => {
            change.store_highest_number(PEOPLE_CHANGED, place.record.seq)
        }
        ConfigurationBody::Change(_)
        | ConfigurationBody::Configuration(_)
        | ConfigurationBody::ConsoleSignIn(_)
        | ConfigurationBody::ConsoleRefusal(_)
        | ConfigurationBody::ConsoleView(_) => Ok(()),
    }
}

fn apply_upkeep(change: &IndexTransaction<'_>, body: &UpkeepBody) -> Result<(), Refusal> {
    match body {
        UpkeepBody::Expiry(expiry) => {
            let lasting = RetainedContracts {
                first_use: expiry.first_use_of.clone(),
                receipts: expiry.receipts_of.clone(),
            };
            change.expire_decisions(expiry.before, &lasting)
        }
        UpkeepBody::Erasure(erasure) => {
            let mut objects = erasure.objects.iter();
            objects.try_for_each(|object| change.mark_erased(object))
        }
        UpkeepBody::Segment(_)
        | UpkeepBody::Archival(_)
        | UpkeepBody::Pause(_)
        | UpkeepBody::Resume(_)
        | UpkeepBody::Stop(_)
        | UpkeepBody::Repair(_)
        | UpkeepBody::Clock(_) => Ok(()),
    }
}

/// State of a receipt to a client program, which no one countersigns.
const ONE_SIDED: &str = "one_sided";

fn apply_close(
    change: &IndexTransaction<'_>,
    record: &Record,
    body: &CloseRecord,
) -> Result<(), Refusal> {
    let CloseRecord {
        opened,
        rows,
        bytes,
        ..
    } = *body;
    change.note_answer_close(opened, rows, record.at)?;
    change.settle_charges(opened, rows, bytes)?;
    let asker = change
        .asker(opened)?
        .map(|(asker, _)| asker)
        .unwrap_or_default();
    for mut reserved in change.list_reservations(opened)? {
        let used = match reserved.counts.as_str() {
            "rows" => rows,
            "bytes" => bytes,
            _ => None,
        };
        // After a crash, the sent amount is unknown, so the whole reservation counts as used.
        if let Some(used) = used {
            reserved.amount = reserved.amount.saturating_sub(used);
            change.give_back(&reserved, &asker)?;
        }
    }
    let Some([request, peer, contracts, state]) = change.close_answer(opened, record.seq)? else {
        return Ok(());
    };
    let Ok(peer) = peer.parse::<ParticipantId>() else {
        return Ok(());
    };
    change.write_receipt(&ReceiptRow {
        request,
        peer,
        role: "provider".to_owned(),
        contract: contracts,
        rows: rows.unwrap_or(0),
        bytes: bytes.unwrap_or(0),
        digest: body.result_digest.clone().unwrap_or_default(),
        outcome: body.outcome.clone(),
        state,
        at: record.at,
        file: None,
    })
}

fn index_message(
    change: &IndexTransaction<'_>,
    place: RecordPlace<'_>,
    message: &MessageRecord,
) -> Result<(), Refusal> {
    let RecordPlace { record } = place;
    let peer: ParticipantId = place.parse("peer", &message.peer)?;
    let row = PeerMessageRow {
        peer: peer.clone(),
        incoming: message.direction == "in",
        id: message.id.clone(),
        kind: message.kind.clone(),
        negotiation: message.negotiation.clone(),
        digest: message.digest.to_string(),
        record: record.seq,
        at: record.at,
    };
    if message.outbox {
        let by_time = message.numbered_by.as_deref() == Some("time");
        change.add_outgoing_message(&row, by_time)?;
    } else {
        change.add_peer_message(&row)?;
    }
    if let Some(number) = message.number {
        change.set_last_processed_message(&peer, number)?;
    }
    let (Some(id), Some(state)) = (row.negotiation, message.state.clone()) else {
        return Ok(());
    };
    let there = |name: &str, value: &Option<String>| {
        let value = value.clone();
        value.ok_or_else(|| place.unreadable_field_refusal(name))
    };
    change.write_negotiation(&NegotiationRow {
        id,
        peer,
        role: there("role", &message.role)?,
        dataset: there("dataset", &message.dataset)?,
        state,
        contract: place.parse_optional("contract", message.contract.as_deref())?,
        beforehand: place.parse_optional("beforehand", message.beforehand.as_deref())?,
        reason: None,
        updated: record.at,
        title: message.title.clone(),
    })
}

/// Place of a record, for errors about it: a missing field is an error of the log, not of its reader.
#[derive(Clone, Copy)]
struct RecordPlace<'a> {
    record: &'a Record,
}

impl RecordPlace<'_> {
    fn parse<T>(self, name: &str, text: &str) -> Result<T, Refusal>
    where
        T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
    {
        text.parse()
            .map_err(|cause| self.unreadable_field_refusal(name).caused_by(cause))
    }

    fn parse_optional<T>(self, name: &str, text: Option<&str>) -> Result<Option<T>, Refusal>
    where
        T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
    {
        text.map(|text| self.parse(name, text)).transpose()
    }

    fn unreadable_field_refusal(self, name: &str) -> Refusal {
        let Record { seq, kind, .. } = self.record;
        let sentence = format!("record {seq} of type `{kind}` lacks a readable `{name}`");
        Refusal::new(ErrorCode::EvidenceBroken, sentence)
    }
}

/// Amounts that a record reserves for a question admitted at `admitted`. Clauses of one or several contracts that count equal
/// amounts of one dataset share them.
fn quota_spendings(
    change: &IndexTransaction<'_>,
    place: RecordPlace<'_>,
    reservations: &[QuotaReservation],
    admitted: UtcTimestamp,
) -> Result<Vec<QuotaSpending>, Refusal> {
    let mut all: Vec<QuotaSpending> = Vec::new();
    for reservation in reservations {
        let contract: ContractId = place.parse("reservations", &reservation.contract)?;
        let dataset = change.dataset_of(contract)?;
        let dataset = dataset.ok_or_else(|| place.unreadable_field_refusal("reservations"))?;
        let shared = all
            .iter_mut()
            .find(|known| known.dataset == dataset && known.counts == reservation.counts);
        match shared {
            Some(shared) => shared.amount = shared.amount.max(reservation.amount),
            None => all.push(QuotaSpending {
                dataset,
                counts: reservation.counts.clone(),
                at: piece_start(admitted),
                amount: reservation.amount,
            }),
        }
    }
    Ok(all)
}
