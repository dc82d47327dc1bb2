//! Question in the ticket of a Flight `DoGet`.

use crate::peer::{field, pb};
use bytes::Bytes;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::{ContractId, PurposeId, RequestId};
use hansa_policy::query_request::RowScope;
use hansa_policy::refusal::{ErrorCode, Refusal};
use prost::Message as _;
use std::collections::BTreeSet;
use std::time::Duration;

/// Question, with the transport options of its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryRequestEnvelope {
    /// The question.
    pub ask: hansa_policy::query_request::QueryRequest,
    /// Time limit of the caller for the whole answer; absent: the provider's limit.
    pub deadline: Option<Duration>,
    /// Compressions that the caller can read; empty: uncompressed only.
    pub accept: BTreeSet<BufferCompression>,
    /// Credentials of the caller in their envelopes, not parsed.
    pub credentials: Vec<Bytes>,
    /// True if the caller reads compressed small messages.
    pub compact_answers: bool,
}

/// Compression of the buffers of record batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BufferCompression {
    /// LZ4 in frame format.
    Lz4,
    /// Zstandard.
    Zstd,
}

/// Most bytes of a ticket.
const TICKET: usize = 1024 * 1024;

/// Most credentials of one question.
pub const CREDENTIALS: usize = 8;

/// Most bytes of one credential.
const CREDENTIAL: usize = 32 * 1024;

/// Most contracts of one question.
const CONTRACTS: usize = 64;

/// Reads a ticket. Its bytes must equal the canonical encoding of its content, so no part of it is ignored.
///
/// # Errors
/// `MESSAGE_TOO_LARGE` or `MESSAGE_MALFORMED`.
pub fn from_ticket(ticket: &[u8]) -> Result<QueryRequestEnvelope, Refusal> {
    if ticket.len() > TICKET {
        return Err(Refusal::new(
            ErrorCode::MessageTooLarge,
            format!(
                "the question holds {} bytes; at most {TICKET} are read",
                ticket.len()
            ),
        ));
    }
    let message = pb::Ask::decode(ticket).map_err(|cause| {
        field::malformed_message_refusal("the ticket does not hold a question").caused_by(cause)
    })?;
    if message.encode_to_vec() != ticket {
        return Err(field::malformed_message_refusal(
            "the ticket holds something that this version does not know",
        ));
    }
    from_wire(message)
}

/// Writes a ticket.
#[must_use]
pub fn to_ticket(asking: &QueryRequestEnvelope) -> Bytes {
    to_wire(asking).encode_to_vec().into()
}

/// Reads a question from its wire message.
///
/// # Errors
/// `MESSAGE_MALFORMED` if a field is missing or unknown.
pub fn from_wire(message: pb::Ask) -> Result<QueryRequestEnvelope, Refusal> {
    let pb::Ask {
        request_id,
        contract_ids,
        sql,
        purpose,
        deadline_ms,
        accept,
        credentials,
        since,
        as_of,
        small,
    } = message;
    Ok(QueryRequestEnvelope {
        ask: hansa_policy::query_request::QueryRequest {
            request: RequestId(field::read_fixed_bytes("request_id", &request_id)?),
            contracts: read_contracts(&contract_ids)?,
            sql: if sql.is_empty() {
                return Err(field::malformed_message_refusal("the message lacks `sql`"));
            } else {
                sql
            },
            purpose: self::read_purpose(&purpose)?,
            rows: self::read_row_scope(&since, &as_of)?,
        },
        deadline: (deadline_ms > 0).then(|| Duration::from_millis(deadline_ms)),
        accept: read_compressions(&accept)?,
        credentials: self::read_credentials(credentials)?,
        compact_answers: small,
    })
}

/// Writes a question as a wire message.
#[must_use]
pub fn to_wire(asking: &QueryRequestEnvelope) -> pb::Ask {
    let QueryRequestEnvelope {
        ask,
        deadline,
        accept,
        credentials,
        compact_answers: small,
    } = asking;
    let hansa_policy::query_request::QueryRequest {
        request,
        contracts,
        sql,
        purpose,
        rows,
    } = ask;
    let (since, as_of) = match rows {
        RowScope::All => (Bytes::new(), String::new()),
        RowScope::Since(request) => (Bytes::copy_from_slice(&request.0), String::new()),
        RowScope::AsOf(at) => (Bytes::new(), at.to_string()),
    };
    pb::Ask {
        request_id: Bytes::copy_from_slice(&request.0),
        contract_ids: contracts
            .iter()
            .map(|id| field::digest_to_bytes(&id.0))
            .collect(),
        sql: sql.clone(),
        purpose: purpose
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        deadline_ms: deadline.map_or(0, |wait| {
            u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1)
        }),
        accept: accept
            .iter()
            .map(|compression| i32::from(compression_to_wire(*compression)))
            .collect(),
        credentials: credentials.clone(),
        since,
        as_of,
        small: *small,
    }
}

fn read_contracts(list: &[Bytes]) -> Result<Vec<ContractId>, Refusal> {
    if list.is_empty() || list.len() > CONTRACTS {
        return Err(field::malformed_message_refusal(format!(
            "the question names {} contracts instead of 1 to {CONTRACTS}",
            list.len()
        )));
    }
    let ids = list
        .iter()
        .map(|bytes| field::read_digest("contract_ids", bytes).map(ContractId))
        .collect::<Result<Vec<_>, _>>()?;
    if ids.iter().collect::<BTreeSet<_>>().len() < ids.len() {
        return Err(field::malformed_message_refusal(
            "the question names a contract twice",
        ));
    }
    Ok(ids)
}

fn read_credentials(list: Vec<Bytes>) -> Result<Vec<Bytes>, Refusal> {
    if list.len() > CREDENTIALS {
        return Err(field::malformed_message_refusal(format!(
            "the question brings {} credentials; at most {CREDENTIALS} are read",
            list.len()
        )));
    }
    if let Some(large) = list.iter().find(|one| one.len() > CREDENTIAL) {
        return Err(Refusal::new(
            ErrorCode::MessageTooLarge,
            format!(
                "a credential holds {} bytes; at most {CREDENTIAL} are read",
                large.len()
            ),
        ));
    }
    Ok(list)
}

fn read_row_scope(since: &Bytes, as_of: &str) -> Result<RowScope, Refusal> {
    match (since.is_empty(), as_of.is_empty()) {
        (true, true) => Ok(RowScope::All),
        (false, true) => Ok(RowScope::Since(RequestId(field::read_fixed_bytes(
            "since", since,
        )?))),
        (true, false) => {
            let at: UtcTimestamp = as_of.parse().map_err(|cause| {
                field::malformed_message_refusal("`as_of` is no instant").caused_by(cause)
            })?;
            if at.to_string() != as_of {
                return Err(field::malformed_message_refusal(
                    "`as_of` is not written as instants are",
                ));
            }
            Ok(RowScope::AsOf(at))
        }
        (false, false) => Err(field::malformed_message_refusal(
            "the question asks for rows since an answer and as of an instant",
        )),
    }
}

fn read_purpose(text: &str) -> Result<Option<PurposeId>, Refusal> {
    if text.is_empty() {
        return Ok(None);
    }
    match text.parse() {
        Ok(purpose) => Ok(Some(purpose)),
        Err(problem) => {
            Err(field::malformed_message_refusal(problem.to_string()).caused_by(problem))
        }
    }
}

fn read_compressions(list: &[i32]) -> Result<BTreeSet<BufferCompression>, Refusal> {
    list.iter()
        .map(|number| match pb::Compression::try_from(*number) {
            Ok(pb::Compression::Lz4) => Ok(BufferCompression::Lz4),
            Ok(pb::Compression::Zstd) => Ok(BufferCompression::Zstd),
            // The error holds only the number, which is in the sentence.
            Ok(pb::Compression::Unspecified) | Err(_) => Err(field::malformed_message_refusal(
                format!("`accept` names the compression {number}, which does not exist"),
            )),
        })
        .collect()
}

const fn compression_to_wire(compression: BufferCompression) -> pb::Compression {
    match compression {
        BufferCompression::Lz4 => pb::Compression::Lz4,
        BufferCompression::Zstd => pb::Compression::Zstd,
    }
}

#[cfg(test)]
mod tests {
    use super::{BufferCompression, QueryRequestEnvelope, from_ticket, to_ticket};
    use hansa_audit_log::digest::Digest;
    use hansa_policy::id::{ContractId, RequestId};
    use hansa_policy::query_request::RowScope;
    use std::time::Duration;

    fn sample() -> QueryRequestEnvelope {
        QueryRequestEnvelope {
            ask: hansa_policy::query_request::QueryRequest {
                request: RequestId([7; 16]),
                contracts: vec![ContractId(Digest::of(b"a")), ContractId(Digest::of(b"b"))],
                sql: "SELECT count(*) FROM trips".to_owned(),
                purpose: Some("dpv:ResearchAndDevelopment".parse().unwrap()),
                rows: RowScope::Since(RequestId([8; 16])),
            },
            deadline: Some(Duration::from_millis(1500)),
            accept: [BufferCompression::Lz4, BufferCompression::Zstd].into(),
            credentials: vec!["one".into(), "two".into()],
            compact_answers: true,
        }
    }

    #[test]
    fn what_the_library_said_of_a_ticket_is_kept() {
        let refusal = from_ticket(b"\xff").unwrap_err();
        let cause = std::error::Error::source(&refusal).unwrap();
        assert!(cause.is::<prost::DecodeError>(), "{cause}");
    }

    #[test]
    fn a_question_survives_the_round_trip() {
        let mut bare = sample();
        bare.ask.purpose = None;
        bare.deadline = None;
        bare.accept.clear();
        bare.compact_answers = false;
        bare.credentials.clear();
        let mut then = bare.clone();
        then.ask.rows = RowScope::AsOf("2026-11-20T12:00:00.5Z".parse().unwrap());
        bare.ask.rows = RowScope::All;
        for asking in [sample(), bare, then] {
            assert_eq!(from_ticket(&to_ticket(&asking)).unwrap(), asking);
        }
    }

    #[track_caller]
    fn refused(ticket: &[u8], code: &str, part: &str) {
        let refusal = from_ticket(ticket).unwrap_err();
        assert_eq!(refusal.code.as_str(), code, "{refusal}");
        assert!(refusal.sentence.contains(part), "{refusal}");
    }

    #[test]
    fn nothing_in_a_ticket_goes_unread() {
        let good = to_ticket(&sample()).to_vec();
        let mut unknown_field = good.clone();
        unknown_field.extend([0x78, 0x01]); // field 15 = 1
        refused(&unknown_field, "MESSAGE_MALFORMED", "does not know");
        refused(&good[..good.len() - 1], "MESSAGE_MALFORMED", "a question");
        refused(b"", "MESSAGE_MALFORMED", "request_id");
        refused(&vec![0; 2 << 20], "MESSAGE_TOO_LARGE", "at most");
    }

    #[test]
    fn every_field_is_checked() {
        let with = |change: fn(&mut crate::peer::pb::Ask)| {
            let mut message = super::to_wire(&sample());
            change(&mut message);
            prost::Message::encode_to_vec(&message)
        };
        let short = with(|m| m.request_id = vec![1].into());
        refused(&short, "MESSAGE_MALFORMED", "`request_id` holds 1 bytes");
        refused(&with(|m| m.sql.clear()), "MESSAGE_MALFORMED", "`sql`");
        refused(
            &with(|m| m.contract_ids.clear()),
            "MESSAGE_MALFORMED",
            "0 contracts",
        );
        let twice = with(|m| m.contract_ids = vec![m.contract_ids[0].clone(); 2]);
        refused(&twice, "MESSAGE_MALFORMED", "twice");
        let purpose = with(|m| m.purpose = "no purpose".to_owned());
        refused(&purpose, "MESSAGE_MALFORMED", "a purpose is");
        let many = with(|m| m.credentials = vec!["one".into(); 9]);
        refused(&many, "MESSAGE_MALFORMED", "9 credentials");
        let large = with(|m| m.credentials = vec![vec![b' '; 32 * 1024 + 1].into()]);
        refused(&large, "MESSAGE_TOO_LARGE", "at most");
        let short = with(|m| m.since = vec![1].into());
        refused(&short, "MESSAGE_MALFORMED", "`since` holds 1 bytes");
        let both = with(|m| m.as_of = "2026-11-20T12:00:00Z".to_owned());
        refused(&both, "MESSAGE_MALFORMED", "since an answer and as of");
        for text in ["yesterday", "2026-11-20T13:00:00+01:00"] {
            let mut message = super::to_wire(&sample());
            (message.since, message.as_of) = (bytes::Bytes::new(), text.to_owned());
            let ticket = prost::Message::encode_to_vec(&message);
            refused(&ticket, "MESSAGE_MALFORMED", "`as_of`");
        }
        refused(
            &with(|m| m.accept = vec![9]),
            "MESSAGE_MALFORMED",
            "compression 9",
        );
    }
}
