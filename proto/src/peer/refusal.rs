//! Refusal on the wire: a gRPC status with `google.rpc.ErrorInfo` in its details, in both directions.

use hansa_audit_log::ledger::Recorded;
use hansa_policy::decision::PendingRefusal;
use hansa_policy::decision::refusal_summary::DisclosableRefusal;
use hansa_policy::decision::row_scope::NoNewDataDecision;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorClass, ErrorCode, Refusal};
use hansa_policy::safe_text::to_printable;
use prost::Message as _;
use std::collections::BTreeMap;
use std::fmt;

/// Writes a refusal with a durable record as a status.
#[must_use]
pub fn to_wire(declined: &Recorded<PendingRefusal>) -> tonic::Status {
    to_status(declined.refusal())
}

/// Writes an `INTERNAL` refusal as a status, with the number of its cause in the local trace.
#[must_use]
pub fn numbered_to_wire(declined: &Recorded<PendingRefusal>, number: &str) -> tonic::Status {
    to_status(&declined.refusal().clone().with_number(number))
}

/// Writes a refusal from a recorded sum as a status, with the number of its cause in the local trace.
#[must_use]
pub fn numbered_sum_to_wire(summed: &DisclosableRefusal, number: &str) -> tonic::Status {
    to_status(&summed.refusal().clone().with_number(number))
}

/// Writes a refusal from a recorded sum as a status.
#[must_use]
pub fn summed_to_wire(summed: &DisclosableRefusal) -> tonic::Status {
    to_status(summed.refusal())
}

/// Writes the status of a question without new rows, after its record.
#[must_use]
pub fn quiet_to_wire(quiet: &Recorded<NoNewDataDecision>) -> tonic::Status {
    to_status(&quiet.refusal())
}

/// Writes the status that ends an answer whose receipt was sent.
#[must_use]
pub fn cut_answer_status(refusal: &Refusal) -> tonic::Status {
    to_status(refusal)
}

/// Writes a refusal as a status for client programs. Most programs show only the message, so it also contains code, clause and
/// help. The first line has the code and the sentence. The status fits into the 8 KiB of headers that Java clients accept.
#[must_use]
pub fn for_client(refusal: &Refusal) -> tonic::Status {
    let mut message = format!("{}: ", refusal.code);
    if let Some(participant) = &refusal.participant {
        message.push_str(&format!("{}: ", participant.domain()));
    }
    message.extend(refusal.sentence.chars().take(CLIENT_SENTENCE));
    let allowed = refusal.allowed.as_ref();
    let allowed = allowed.map_or_else(String::new, |allowed| {
        let allowed: String = allowed.chars().take(CLIENT_HELP).collect();
        format!(": {allowed}")
    });
    match (refusal.contract, refusal.clause) {
        (Some(contract), Some(clause)) => message.push_str(&format!(
            "\n  contract {} clause {clause}{allowed}",
            contract.to_short_text()
        )),
        (Some(contract), None) => {
            message.push_str(&format!("\n  contract {}", contract.to_short_text()))
        }
        (None, Some(clause)) => message.push_str(&format!("\n  clause {clause}{allowed}")),
        (None, None) => {}
    }
    let remedy = [refusal.code.remedy().to_owned()];
    let help = match refusal.help.as_slice() {
        [] => &remedy,
        help => help,
    };
    for line in help.iter().take(HELP) {
        let line: String = line.chars().take(CLIENT_HELP).collect();
        message.push_str(&format!("\n  help: {line}"));
    }
    // Go programs show the message of the details instead of the status message.
    let mut metadata = BTreeMap::new();
    for (key, value) in [
        ("contract", refusal.contract.map(|id| id.to_string())),
        ("clause", refusal.clause.map(|id| id.to_string())),
        (
            "participant",
            refusal.participant.as_ref().map(ToString::to_string),
        ),
    ] {
        metadata.extend(value.map(|value| (key.to_owned(), value)));
    }
    with_info(refusal.code, message, metadata)
}

/// Status of a participant that can't record and therefore answers nothing, for a known peer. Its text is constant.
#[must_use]
pub fn refuse_unrecorded() -> tonic::Status {
    let refusal = Refusal::new(
        ErrorCode::EvidenceUnavailable,
        "nothing can be recorded here, so no question is answered",
    );
    to_status(&refusal.with_help(
        "ask again later; the operator of that participant sees the cause in `hansa status`",
    ))
}

/// Status of a participant whose connector is shutting down: it takes no questions and does not record this one. Its text is
/// constant.
#[must_use]
pub fn refuse_moved() -> tonic::Status {
    to_status(&Refusal::new(
        ErrorCode::Moved,
        "the connector is being stopped and takes no more questions",
    ))
}

/// Status that closes a connection above the caller's limit. It contains only the caller's own name and the limit; the log counts
/// it in a sum.
#[must_use]
pub fn refuse_connection(holder: &dyn fmt::Display, most: usize) -> tonic::Status {
    let refusal = Refusal::new(
        ErrorCode::TooManyConnections,
        format!("{holder} has {most} connections here, the most that it may have"),
    );
    to_status(&refusal.with_help(
        "close unused connections and ask over one that stays open; an unused connection ends by itself after some minutes",
    ))
}

/// Reads the details of such a status.
#[must_use]
pub fn read_connection_refusal(details: &[u8]) -> tonic::Status {
    let sentence = rpc::RpcStatus::read_message(details);
    let grpc = grpc_code(ErrorCode::TooManyConnections);
    tonic::Status::with_details(grpc, sentence, details.to_vec().into())
}

/// Status for an unknown caller. It has no reason.
#[must_use]
pub fn closed_status() -> tonic::Status {
    tonic::Status::unavailable("closed")
}

/// Reads a status of the participant `from`. Any content becomes a refusal that is safe for a terminal.
#[must_use]
pub fn from_wire(status: &tonic::Status, from: &ParticipantId) -> Refusal {
    let refusal = carried_refusal(status, from.domain())
        .unwrap_or_else(|| without_info(status, from).caused_by(status.clone()));
    refusal.with_participant(from.clone())
}

/// Returns the refusal in a status of `name`; `None` for a failure of the call or the connection.
#[must_use]
pub fn carried_refusal(status: &tonic::Status, name: &str) -> Option<Refusal> {
    let info = rpc::RpcErrorInfo::find(status.details())?;
    Some(from_info(info, status.message(), name))
}

/// Returns the gRPC code of a refusal.
#[must_use]
pub const fn grpc_code(code: ErrorCode) -> tonic::Code {
    if matches!(code, ErrorCode::EvidenceUnavailable | ErrorCode::DiskFull) {
        return tonic::Code::Unavailable;
    }
    match code.kind() {
        ErrorClass::Failed => tonic::Code::Internal,
        ErrorClass::Usage | ErrorClass::Invalid => tonic::Code::InvalidArgument,
        ErrorClass::Policy => tonic::Code::PermissionDenied,
        ErrorClass::Unknown => tonic::Code::NotFound,
        ErrorClass::State => tonic::Code::FailedPrecondition,
        ErrorClass::Exhausted => tonic::Code::ResourceExhausted,
        ErrorClass::Identity => tonic::Code::Unauthenticated,
        ErrorClass::OutOfReach => tonic::Code::Unavailable,
        ErrorClass::Evidence => tonic::Code::DataLoss,
        ErrorClass::Interrupted => tonic::Code::Cancelled,
    }
}

const DOMAIN: &str = "hansa";

/// Most bytes of each text: all texts are in one HTTP/2 header block.
const TEXT: usize = 1000;

/// Most lines of help.
const HELP: usize = 4;

/// Most characters of the sentence in the message for a client.
const CLIENT_SENTENCE: usize = 600;

/// Most characters of a line of help for a client.
const CLIENT_HELP: usize = 200;

fn to_status(refusal: &Refusal) -> tonic::Status {
    // The place is a local file, which peers must not see.
    let Refusal {
        code,
        sentence,
        contract,
        clause,
        allowed,
        participant,
        location: _,
        help,
        // INVARIANT: cause-stays. The texts of causes may contain values, paths and addresses.
        cause: _,
    } = refusal;
    let mut metadata = BTreeMap::new();
    let mut set = |key: String, value: Option<String>| {
        if let Some(value) = value {
            metadata.insert(key, truncate_text(&value));
        }
    };
    set("contract".to_owned(), contract.map(|id| id.to_string()));
    set("clause".to_owned(), clause.map(|id| id.to_string()));
    set("allowed".to_owned(), allowed.clone());
    set(
        "participant".to_owned(),
        participant.as_ref().map(ToString::to_string),
    );
    for (number, line) in (1..).zip(help.iter().take(HELP)) {
        set(help_key(number), Some(line.clone()));
    }
    with_info(*code, truncate_text(sentence), metadata)
}

fn with_info(
    code: ErrorCode,
    message: String,
    metadata: BTreeMap<String, String>,
) -> tonic::Status {
    let info = rpc::RpcErrorInfo {
        reason: code.as_str().to_owned(),
        domain: DOMAIN.to_owned(),
        metadata,
    };
    let grpc = grpc_code(code);
    let details = info.into_details(grpc, &message).encode_to_vec();
    tonic::Status::with_details(grpc, message, details.into())
}

fn from_info(info: rpc::RpcErrorInfo, sentence: &str, name: &str) -> Refusal {
    let rpc::RpcErrorInfo {
        reason,
        domain: _,
        metadata,
    } = info;
    let text = |key: &str| metadata.get(key).map(|value| sanitize_text(value));
    let sentence = sanitize_text(sentence);
    let Ok(code) = reason.parse::<ErrorCode>() else {
        return Refusal::new(
            ErrorCode::PeerDataInvalid,
            format!(
                "{name} refused with the code `{}`, which this version does not know: {sentence}",
                sanitize_text(&reason)
            ),
        );
    };
    let mut refusal = Refusal::new(code, sentence);
    refusal.contract = text("contract").and_then(|value| value.parse().ok());
    refusal.clause = text("clause").and_then(|value| value.parse().ok());
    refusal.allowed = text("allowed");
    refusal.help = (1..=HELP)
        .filter_map(|number| text(&help_key(number)))
        .collect();
    refusal
}

fn without_info(status: &tonic::Status, from: &ParticipantId) -> Refusal {
    let name = from.domain();
    let (code, what) = match status.code() {
        tonic::Code::Unavailable => (ErrorCode::PeerUnreachable, "does not answer"),
        tonic::Code::DeadlineExceeded => (ErrorCode::TimedOut, "did not answer in time"),
        tonic::Code::Cancelled => (ErrorCode::StreamCut, "cut the answer"),
        tonic::Code::OutOfRange => (
            ErrorCode::MessageTooLarge,
            "sent or was sent a message that is too large",
        ),
        tonic::Code::Unauthenticated => {
            (ErrorCode::PeerNotTrusted, "does not trust this connector")
        }
        tonic::Code::Unimplemented => (
            ErrorCode::VersionUnsupported,
            "does not know what it was asked for",
        ),
        tonic::Code::Ok
        | tonic::Code::Unknown
        | tonic::Code::InvalidArgument
        | tonic::Code::NotFound
        | tonic::Code::AlreadyExists
        | tonic::Code::PermissionDenied
        | tonic::Code::ResourceExhausted
        | tonic::Code::FailedPrecondition
        | tonic::Code::Aborted
        | tonic::Code::Internal
        | tonic::Code::DataLoss => (
            ErrorCode::PeerUnreachable,
            "ended the connection or the call without a reason",
        ),
    };
    Refusal::new(code, format!("{name} {what}"))
}

fn help_key(number: usize) -> String {
    format!("help{number}")
}

/// Cuts a text to at most [`TEXT`] bytes, between characters.
fn truncate_text(text: &str) -> String {
    if text.len() <= TEXT {
        return text.to_owned();
    }
    let mut short: String = text
        .char_indices()
        .take_while(|(at, c)| at.saturating_add(c.len_utf8()) <= TEXT)
        .map(|(_, c)| c)
        .collect();
    short.push('…');
    short
}

/// Makes a text of the other side safe for a terminal: one line of limited length, without control characters.
fn sanitize_text(text: &str) -> String {
    truncate_text(&to_printable(text))
}

/// Messages of `google.rpc` that a refusal needs.
mod rpc {
    use prost::Message as _;
    use std::collections::BTreeMap;

    const TYPE: &str = "type.googleapis.com/google.rpc.ErrorInfo";

    #[derive(Clone, PartialEq, Eq, prost::Message)]
    pub(super) struct RpcStatus {
        #[prost(int32, tag = "1")]
        code: i32,
        #[prost(string, tag = "2")]
        message: String,
        #[prost(message, repeated, tag = "3")]
        details: Vec<prost_types::Any>,
    }

    #[derive(Clone, PartialEq, Eq, prost::Message)]
    pub(super) struct RpcErrorInfo {
        #[prost(string, tag = "1")]
        pub(super) reason: String,
        #[prost(string, tag = "2")]
        pub(super) domain: String,
        #[prost(btree_map = "string, string", tag = "3")]
        pub(super) metadata: BTreeMap<String, String>,
    }

    impl RpcStatus {
        /// Sentence in the details; empty if they are malformed.
        pub(super) fn read_message(details: &[u8]) -> String {
            Self::decode(details).map_or_else(|_| String::new(), |status| status.message)
        }
    }

    impl RpcErrorInfo {
        pub(super) fn into_details(self, code: tonic::Code, message: &str) -> RpcStatus {
            RpcStatus {
                code: i32::from(code),
                message: message.to_owned(),
                details: vec![prost_types::Any {
                    type_url: TYPE.to_owned(),
                    value: self.encode_to_vec(),
                }],
            }
        }

        /// First entry of this domain in the details, if any.
        pub(super) fn find(details: &[u8]) -> Option<Self> {
            let status = RpcStatus::decode(details).ok()?;
            status
                .details
                .iter()
                .filter(|any| any.type_url == TYPE)
                .filter_map(|any| Self::decode(any.value.as_slice()).ok())
                .find(|info| info.domain == super::DOMAIN)
        }
    }
}

#[cfg(test)]
mod tests;
