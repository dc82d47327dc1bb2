//! The readers of foreign bytes, each as one function: it takes any bytes, and says what is wrong with what the reader made
//! of them. What it takes it must write back as the same bytes. Used by the tests beside this file and by `tests/fuzz/`.

use arrow_flight::FlightData;
use hansa_audit_log::json::{Json, JsonLimits, parse_json, to_canonical_bytes};
use hansa_audit_log::note;
use hansa_audit_log::record::Record;
use hansa_identity::bundle::TrustBundle;
use hansa_policy::contract::SignedContract;
use hansa_policy::contract::mandate::Mandate;
use hansa_policy::contract::signature::{SignatoryRole, Signature};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::comment::CommentStatement;
use hansa_proto::credential::CredentialStatement;
use hansa_proto::deletion::DeletionStatement;
use hansa_proto::dispute::DisputeStatement;
use hansa_proto::group::GroupStatement;
use hansa_proto::notice::NoticeStatement;
use hansa_proto::rulebook_acceptance::RulebookAcceptanceStatement;
use hansa_proto::statement;
use hansa_proto::usage::UsageStatement;
use hansa_proto::{
    contract, credential, dataset, envelope, group, mandate, odrl, rulebook_acceptance,
    stored_message, strict_json, withdrawal,
};
use hansa_transport::peer::client::batch_decoder::BatchDecoder;

/// What is wrong, if anything is.
pub(crate) type RoundTripVerdict = Result<(), String>;

/// A reader: its name, which is that of its folder, and the function.
pub(crate) type FuzzTarget = (&'static str, fn(&[u8]) -> RoundTripVerdict);

/// All readers that need no query engine.
pub(crate) const TARGETS: [FuzzTarget; 20] = [
    ("contract", contract),
    ("json", json),
    ("odrl", odrl),
    ("bundle", bundle),
    ("receipt", receipt),
    ("statement", statement),
    ("record", record),
    ("head", head),
    ("flight", flight),
    ("small", small),
    ("ticket", ticket),
    ("stored_message", stored_message),
    ("entry", entry),
    ("group", group),
    ("deletion", deletion),
    ("usage", usage),
    ("notice", notice),
    ("mandate", mandate),
    ("credential", credential),
    ("acceptance", acceptance),
];

fn same(what: &str, written: &[u8], read: &[u8]) -> RoundTripVerdict {
    if written == read {
        return Ok(());
    }
    Err(format!("{what}: it is written otherwise than it was read"))
}

/// A contract in its envelope, complete, as an offer, or with one signature.
pub(crate) fn contract(bytes: &[u8]) -> RoundTripVerdict {
    let back = |signed: &SignedContract| {
        let payload = contract::to_bytes(&signed.agreement);
        same(
            "contract",
            &envelope::assemble_signed(&payload, &signed.signatures),
            bytes,
        )
    };
    let read = [
        envelope::parse_contract(bytes),
        envelope::parse_offer(bytes),
        envelope::parse_half(bytes, SignatoryRole::Provider),
        envelope::parse_half(bytes, SignatoryRole::Consumer),
    ];
    let taken = read.iter().flatten().count();
    if taken > 1 {
        return Err("the same bytes are two kinds of contract".to_owned());
    }
    read.iter().flatten().try_for_each(back)?;
    match contract::from_bytes(bytes) {
        Ok(agreement) => same("payload", &contract::to_bytes(&agreement), bytes),
        Err(_) => Ok(()),
    }
}

/// Strict JSON.
pub(crate) fn json(bytes: &[u8]) -> RoundTripVerdict {
    let limits = JsonLimits::default();
    if let Ok(value) = parse_json(bytes, limits) {
        let written = to_canonical_bytes(&value);
        let again = parse_json(&written, limits).map_err(|fault| format!("{fault}"))?;
        if again != value {
            return Err("another value after one way out and in".to_owned());
        }
    }
    match strict_json::read_document(bytes, limits, ErrorCode::ContractMalformed) {
        Ok(value) => same("document", &to_canonical_bytes(&value), bytes),
        Err(_) => Ok(()),
    }
}

/// A policy as ODRL.
pub(crate) fn odrl(bytes: &[u8]) -> RoundTripVerdict {
    let Ok(value) = parse_json(bytes, JsonLimits::default()) else {
        return Ok(());
    };
    match odrl::from_json(value.clone()) {
        Ok(policy) => same(
            "policy",
            &to_canonical_bytes(&odrl::to_json(&policy)),
            &to_canonical_bytes(&value),
        ),
        Err(_) => Ok(()),
    }
}

/// A trust bundle.
pub(crate) fn bundle(bytes: &[u8]) -> RoundTripVerdict {
    let Ok(bundle) = TrustBundle::read(bytes) else {
        return Ok(());
    };
    let again = TrustBundle::read(&bundle.to_bytes()).map_err(|refusal| refusal.to_string())?;
    if again.content() != bundle.content() || again.digest() != bundle.digest() {
        return Err("another bundle after one way out and in".to_owned());
    }
    Ok(())
}

/// A receipt.
pub(crate) fn receipt(bytes: &[u8]) -> RoundTripVerdict {
    match envelope::parse_receipt(bytes) {
        Ok(signed) => {
            let payload = statement::to_bytes(&signed.receipt);
            same(
                "receipt",
                &envelope::assemble_signed(&payload, &signed.signatures),
                bytes,
            )
        }
        Err(_) => Ok(()),
    }
}

/// A withdrawal, a comment or a dispute.
pub(crate) fn statement(bytes: &[u8]) -> RoundTripVerdict {
    if let Ok(read) = envelope::parse_withdrawal(bytes) {
        let payload = statement::to_bytes(&withdrawal::WithdrawalStatement {
            contract: read.contract,
            party: read.party,
            effective_at: read.effective_at,
            issued_at: read.issued_at,
            reason: read.reason,
        });
        same(
            "withdrawal",
            &envelope::assemble_signed(&payload, &[read.signature]),
            bytes,
        )?;
    }
    if let Ok(read) = statement::from_envelope::<CommentStatement>(bytes) {
        let payload = statement::to_bytes(&read.content);
        same(
            "comment",
            &envelope::assemble_signed(&payload, &[read.signature]),
            bytes,
        )?;
    }
    match statement::from_envelope::<DisputeStatement>(bytes) {
        Ok(read) => {
            let payload = statement::to_bytes(&read.content);
            same(
                "dispute",
                &envelope::assemble_signed(&payload, &[read.signature]),
                bytes,
            )
        }
        Err(_) => Ok(()),
    }
}

/// A record of the log.
pub(crate) fn record(bytes: &[u8]) -> RoundTripVerdict {
    match Record::from_bytes(bytes) {
        Ok(record) => {
            if let Ok(body) = record.read_body() {
                same(
                    "the body of a record",
                    &hansa_audit_log::to_canonical_bytes(&body.to_json()),
                    &hansa_audit_log::to_canonical_bytes(&record.body),
                )?;
            }
            same("record", &record.to_bytes(), bytes)
        }
        Err(_) => Ok(()),
    }
}

/// Signed heads.
pub(crate) fn head(bytes: &[u8]) -> RoundTripVerdict {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Ok(());
    };
    let Ok(heads) = note::read_all(text) else {
        return Ok(());
    };
    let written: String = heads.iter().map(|head| format!("{head}\n")).collect();
    if text.starts_with(&written) {
        return Ok(());
    }
    Err("heads are written otherwise than they were read".to_owned())
}

/// A message of an answer, behind a byte that says as which one it is read, and four for the length of its header.
pub(crate) fn flight(bytes: &[u8]) -> RoundTripVerdict {
    let Some((first, rest)) = bytes.split_first() else {
        return Ok(());
    };
    let Some((length, rest)) = rest.split_first_chunk::<4>() else {
        return Ok(());
    };
    let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
    let (header, body) = rest.split_at(length.min(rest.len()));
    let message = FlightData {
        flight_descriptor: None,
        data_header: header.to_vec().into(),
        app_metadata: Vec::new().into(),
        data_body: body.to_vec().into(),
    };
    if first % 2 == 0 {
        let _ = BatchDecoder::from_first(&message);
        return Ok(());
    }
    let schema = crate::messages::schema();
    let decoder = BatchDecoder::from_first(&schema).map_err(|refusal| refusal.to_string())?;
    if let Ok(batch) = decoder.decode_batch(&message) {
        // Whatever it is, it can be looked at.
        let rows = batch.columns().iter().map(|column| column.len());
        if rows.clone().any(|length| length != batch.num_rows()) {
            return Err("columns of several lengths".to_owned());
        }
        let _ = batch.get_array_memory_size();
        let _ = format!("{batch:?}").len();
    }
    Ok(())
}

/// A small message, packed or not.
pub(crate) fn small(bytes: &[u8]) -> RoundTripVerdict {
    let message = FlightData {
        app_metadata: bytes.to_vec().into(),
        ..FlightData::default()
    };
    let Ok(unpacked) = hansa_transport::peer::message_packer::unpack_message(message.clone())
    else {
        return Ok(());
    };
    if unpacked.app_metadata.len() + unpacked.data_header.len() + unpacked.data_body.len()
        > 64 * 1024
    {
        return Err("more than a small message holds".to_owned());
    }
    let again = hansa_transport::peer::message_packer::MessagePacker::default()
        .pack_message(unpacked.clone());
    match hansa_transport::peer::message_packer::unpack_message(again) {
        Ok(again) if again == unpacked => Ok(()),
        _ => Err("another message after one way in and out".to_owned()),
    }
}

/// A question in its ticket.
pub(crate) fn ticket(bytes: &[u8]) -> RoundTripVerdict {
    match hansa_proto::peer::query_request::from_ticket(bytes) {
        Ok(asking) => same(
            "ticket",
            &hansa_proto::peer::query_request::to_ticket(&asking),
            bytes,
        ),
        Err(_) => Ok(()),
    }
}

/// A message.
pub(crate) fn stored_message(bytes: &[u8]) -> RoundTripVerdict {
    let Ok(message) = stored_message::from_bytes(bytes) else {
        return Ok(());
    };
    let again = stored_message::from_bytes(&stored_message::to_bytes(&message));
    match again {
        Ok(again) if again == message => Ok(()),
        _ => Err("another message after one way out and in".to_owned()),
    }
}

/// An entry of the catalogue, or an offer of it.
pub(crate) fn entry(bytes: &[u8]) -> RoundTripVerdict {
    if let Ok(read) = dataset::from_bytes(bytes) {
        same("entry", &dataset::to_bytes(&read), bytes)?;
    }
    let _ = hansa_proto::offer::from_bytes(bytes);
    let _: Option<Json> = None;
    Ok(())
}

/// A statement with one signature, or its payload alone; each is written back as it was read.
fn stated<T>(
    bytes: &[u8],
    enveloped: Option<(Vec<u8>, Signature)>,
    read: Result<T, Refusal>,
    write: impl Fn(&T) -> Vec<u8>,
) -> RoundTripVerdict {
    if let Some((payload, signature)) = enveloped {
        let written = envelope::assemble_signed(&payload, &[signature]);
        same("statement", &written, bytes)?;
    }
    match read {
        Ok(read) => same("payload", &write(&read), bytes),
        Err(_) => Ok(()),
    }
}

/// The list of a group.
pub(crate) fn group(bytes: &[u8]) -> RoundTripVerdict {
    let enveloped = group::from_envelope(bytes).ok().map(|read| {
        let statement = group::GroupStatement {
            name: read.name,
            owner: read.owner,
            serial: read.serial,
            members: read.members,
            issued_at: read.issued_at,
        };
        (statement::to_bytes(&statement), read.signature)
    });
    stated(
        bytes,
        enveloped,
        statement::from_bytes::<GroupStatement>(bytes),
        statement::to_bytes,
    )
}

/// The acceptance of a rulebook.
pub(crate) fn acceptance(bytes: &[u8]) -> RoundTripVerdict {
    let enveloped = rulebook_acceptance::from_envelope(bytes).ok().map(|read| {
        let statement = rulebook_acceptance::RulebookAcceptanceStatement {
            participant: read.participant,
            rulebook: read.rulebook,
            version: read.version,
            accepted_at: read.accepted_at,
        };
        (statement::to_bytes(&statement), read.signature)
    });
    let read = statement::from_bytes::<RulebookAcceptanceStatement>(bytes);
    stated(bytes, enveloped, read, statement::to_bytes)
}

/// A statement of deletion.
pub(crate) fn deletion(bytes: &[u8]) -> RoundTripVerdict {
    let enveloped = statement::from_envelope::<DeletionStatement>(bytes).ok();
    let enveloped = enveloped.map(|read| (statement::to_bytes(&read.content), read.signature));
    let read = statement::from_bytes::<DeletionStatement>(bytes);
    stated(bytes, enveloped, read, statement::to_bytes)
}

/// A statement of use.
pub(crate) fn usage(bytes: &[u8]) -> RoundTripVerdict {
    let enveloped = statement::from_envelope::<UsageStatement>(bytes).ok();
    let enveloped = enveloped.map(|read| (statement::to_bytes(&read.content), read.signature));
    stated(
        bytes,
        enveloped,
        statement::from_bytes::<UsageStatement>(bytes),
        statement::to_bytes,
    )
}

/// A notice.
pub(crate) fn notice(bytes: &[u8]) -> RoundTripVerdict {
    let enveloped = statement::from_envelope::<NoticeStatement>(bytes).ok();
    let enveloped = enveloped.map(|read| (statement::to_bytes(&read.content), read.signature));
    stated(
        bytes,
        enveloped,
        statement::from_bytes::<NoticeStatement>(bytes),
        statement::to_bytes,
    )
}

/// A mandate.
pub(crate) fn mandate(bytes: &[u8]) -> RoundTripVerdict {
    let enveloped = mandate::from_envelope(bytes).ok();
    let enveloped = enveloped.map(|read| (statement::to_bytes(&read.mandate), read.signature));
    let read = statement::from_bytes::<Mandate>(bytes);
    stated(bytes, enveloped, read, statement::to_bytes)
}

/// A credential.
pub(crate) fn credential(bytes: &[u8]) -> RoundTripVerdict {
    let enveloped = credential::from_envelope(bytes).ok().map(|read| {
        let statement = credential::CredentialStatement {
            issuer: read.issuer,
            subject: read.subject,
            attributes: read.attributes,
            issued_at: read.issued_at,
            until: read.until,
        };
        (statement::to_bytes(&statement), read.signature)
    });
    let read = statement::from_bytes::<CredentialStatement>(bytes);
    stated(bytes, enveloped, read, statement::to_bytes)
}
