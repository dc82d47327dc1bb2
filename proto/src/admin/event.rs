//! Output events of a running command, in order. `Done` or `Failure` is the last one.

use crate::admin::pb;
use bytes::Bytes;
use hansa_policy::id::IdentifierError;
use hansa_policy::refusal::{ErrorCode, Refusal, SourceLocation};
use serde_json::Value;
use std::str::FromStr;

/// Output event of a running command.
#[derive(Debug, Clone, PartialEq)]
pub enum AdminEvent {
    /// JSON value of the result.
    Json(Value),
    /// Next chunk of an Arrow IPC stream.
    ArrowIpc(Bytes),
    /// Progress of the command.
    Progress {
        /// Counted unit.
        label: String,
        /// Amount done.
        done: u64,
        /// Total amount, if known.
        total: Option<u64>,
    },
    /// Line for people.
    Notice(String),
    /// Failure; no event follows.
    Failure(Box<Refusal>),
    /// Success; no event follows.
    Done {
        /// Exit code of the command line.
        exit_code: u8,
    },
}

/// Reads an event from its wire message.
///
/// # Errors
/// `MESSAGE_MALFORMED`.
pub fn from_wire(message: pb::Event) -> Result<AdminEvent, Refusal> {
    let pb::Event { of } = message;
    let of = of.ok_or_else(|| malformed_event_refusal("the event is empty"))?;
    Ok(match of {
        pb::event::Of::Json(text) => {
            AdminEvent::Json(serde_json::from_str(&text).map_err(|cause| {
                malformed_event_refusal("the result is no JSON").caused_by(cause)
            })?)
        }
        pb::event::Of::ArrowIpc(bytes) => AdminEvent::ArrowIpc(bytes),
        pb::event::Of::Progress(message) => {
            let pb::Progress { label, done, total } = message;
            AdminEvent::Progress {
                label,
                done,
                total: (total > 0).then_some(total),
            }
        }
        pb::event::Of::Notice(text) => AdminEvent::Notice(text),
        pb::event::Of::Failure(message) => {
            AdminEvent::Failure(Box::new(failure_from_wire(message)?))
        }
        pb::event::Of::Done(message) => {
            let pb::Done { exit_code } = message;
            AdminEvent::Done {
                exit_code: u8::try_from(exit_code).map_err(|cause| {
                    malformed_event_refusal("an exit code is at most 255").caused_by(cause)
                })?,
            }
        }
    })
}

/// Writes an event as a wire message.
#[must_use]
pub fn to_wire(event: AdminEvent) -> pb::Event {
    let of = match event {
        AdminEvent::Json(value) => pb::event::Of::Json(value.to_string()),
        AdminEvent::ArrowIpc(bytes) => pb::event::Of::ArrowIpc(bytes),
        AdminEvent::Progress { label, done, total } => pb::event::Of::Progress(pb::Progress {
            label,
            done,
            total: total.unwrap_or(0),
        }),
        AdminEvent::Notice(text) => pb::event::Of::Notice(text),
        AdminEvent::Failure(refusal) => pb::event::Of::Failure(failure_to_wire(*refusal)),
        AdminEvent::Done { exit_code } => pb::event::Of::Done(pb::Done {
            exit_code: u32::from(exit_code),
        }),
    };
    pb::Event { of: Some(of) }
}

fn failure_from_wire(message: pb::Failure) -> Result<Refusal, Refusal> {
    let pb::Failure {
        code,
        sentence,
        contract,
        clause,
        allowed,
        participant,
        place,
        help,
    } = message;
    let code = code.parse::<ErrorCode>().map_err(|cause| {
        malformed_event_refusal("the failure's code is not in the registry").caused_by(cause)
    })?;
    let mut refusal = Refusal::new(code, "");
    refusal.sentence = sentence;
    refusal.contract = parse_identifier(contract)?;
    refusal.clause = parse_identifier(clause)?;
    refusal.allowed = allowed;
    refusal.participant = parse_identifier(participant)?;
    refusal.location = place.map(|message| {
        let pb::Place { file, line, key } = message;
        SourceLocation { file, line, key }
    });
    refusal.help = help;
    Ok(refusal)
}

fn failure_to_wire(refusal: Refusal) -> pb::Failure {
    let Refusal {
        code,
        sentence,
        contract,
        clause,
        allowed,
        participant,
        location,
        help,
        // The cause stays in the trace of the failing process.
        cause: _,
    } = refusal;
    pb::Failure {
        code: code.as_str().to_owned(),
        sentence,
        contract: contract.map(|id| id.to_string()),
        clause: clause.map(|id| id.to_string()),
        allowed,
        participant: participant.map(|id| id.to_string()),
        place: location.map(|location| {
            let SourceLocation { file, line, key } = location;
            pb::Place { file, line, key }
        }),
        help,
    }
}

fn parse_identifier<T: FromStr<Err = IdentifierError>>(
    text: Option<String>,
) -> Result<Option<T>, Refusal> {
    text.map(|text| text.parse())
        .transpose()
        .map_err(|problem: IdentifierError| {
            malformed_event_refusal(&problem.to_string()).caused_by(problem)
        })
}

fn malformed_event_refusal(what: &str) -> Refusal {
    Refusal::new(ErrorCode::MessageMalformed, what)
}

#[cfg(test)]
mod tests {
    use super::{AdminEvent, from_wire, to_wire};
    use hansa_audit_log::digest::Digest;
    use hansa_policy::id::{ClauseId, ContractId};
    use hansa_policy::refusal::{ErrorCode, Refusal};

    #[test]
    fn what_brought_a_failure_about_stays_in_its_process() {
        let bytes = |refusal: Refusal| {
            let message = to_wire(AdminEvent::Failure(Box::new(refusal)));
            prost::Message::encode_to_vec(&message)
        };
        let refusal = Refusal::new(ErrorCode::StateBroken, "it can't be read");
        let caused = refusal.clone().caused_by(std::io::Error::other("sector 9"));
        assert_eq!(bytes(refusal), bytes(caused));
    }

    #[test]
    fn every_event_survives_the_round_trip() {
        let refusal = Refusal::new(ErrorCode::ConfigUnknownKey, "`portt` is no key")
            .with_contract(ContractId(Digest::of(b"x")))
            .with_clause(ClauseId(3), "nothing")
            .with_participant("hansa://munster.example".parse().unwrap())
            .with_place("hansa.toml", Some(3), Some("portt".to_owned()))
            .with_help("write `port`");
        for event in [
            AdminEvent::Json(serde_json::json!({"a": [1, 2.5, null]})),
            AdminEvent::ArrowIpc(bytes::Bytes::from_static(b"\xff\xff\xff\xff")),
            AdminEvent::Progress {
                label: "rows".to_owned(),
                done: 3,
                total: None,
            },
            AdminEvent::Progress {
                label: "rows".to_owned(),
                done: 3,
                total: Some(9),
            },
            AdminEvent::Notice("signed".to_owned()),
            AdminEvent::Failure(Box::new(refusal)),
            AdminEvent::Failure(Box::new(Refusal::new(ErrorCode::Internal, "so"))),
            AdminEvent::Done { exit_code: 130 },
        ] {
            assert_eq!(from_wire(to_wire(event.clone())).unwrap(), event);
        }
    }
}
