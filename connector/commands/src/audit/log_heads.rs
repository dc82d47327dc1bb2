//! `hansa audit heads`: the heads of other logs that are held here, who holds heads of this one, and what does not fit.

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::cli::command_report::ReportRow;
use hansa_node::participant::Connector;
use hansa_policy::id::ParticipantId;
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Tells all of them, one a line.
pub(super) async fn report_log_heads(connector: &Arc<Connector>, out: &EventSink) -> CommandResult {
    let incidents = connector.incidents()?;
    let (shown, gossiped, witnesses, forks) = connector.records.index(|state| {
        Ok((
            state.heads()?,
            state.gossiped_heads()?,
            state.witnesses()?,
            state.forks()?,
        ))
    })?;
    // Of a log that has forked nothing goes on, whatever was proven before that was found.
    let forked: BTreeSet<&ParticipantId> = forks.iter().map(|(peer, _)| peer).collect();
    let mut rows = Vec::new();
    for row in shown {
        let forked = forked.contains(&row.peer);
        rows.push(HeadReport {
            size: parse_head_size(&row.note),
            proven: row.proven && !forked,
            log: row.peer,
            evidence: HeadEvidence::Shown { forked },
        });
    }
    for row in gossiped {
        let forked = forked.contains(&row.peer);
        rows.push(HeadReport {
            size: parse_head_size(&row.note),
            proven: row.proven && !forked,
            log: row.peer,
            evidence: HeadEvidence::PassedOn {
                forked,
                via: row.via,
            },
        });
    }
    for row in witnesses {
        rows.push(HeadReport {
            log: connector.id(),
            size: Some(row.size),
            proven: true,
            evidence: HeadEvidence::Cosigned {
                by: row.peer,
                record: row.record,
            },
        });
    }
    for (peer, record) in &forks {
        rows.push(HeadReport {
            log: peer.clone(),
            size: None,
            proven: false,
            evidence: HeadEvidence::Fork { record: *record },
        });
    }
    for (row, text) in incidents {
        let (from, upto) = row.fork.unzip();
        rows.push(HeadReport {
            log: row.peer,
            size: None,
            proven: false,
            evidence: HeadEvidence::Incident {
                record: row.record,
                cause: row.cause,
                from,
                upto,
                late: row.late,
                text,
            },
        });
    }
    out.send_list(&rows).await?;
    Ok(0)
}

/// Head of a log, or what does not fit in it.
#[derive(Debug, Serialize)]
struct HeadReport {
    log: ParticipantId,
    /// Records that the head covers.
    size: Option<u64>,
    /// `true` if the log has proven that it goes on from the head.
    proven: bool,
    #[serde(flatten)]
    evidence: HeadEvidence,
}

/// Origin of a head.
#[derive(Debug, Serialize)]
#[serde(tag = "is")]
enum HeadEvidence {
    /// Its log has shown it.
    #[serde(rename = "shown to us")]
    Shown { forked: bool },
    /// Another participant has passed it on.
    #[serde(rename = "passed on")]
    PassedOn { forked: bool, via: ParticipantId },
    /// A participant has cosigned a head of ours.
    #[serde(rename = "cosigned")]
    Cosigned { by: ParticipantId, record: u64 },
    /// Two heads contradict each other.
    #[serde(rename = "LOG_FORK")]
    Fork { record: u64 },
    /// The owner has stated an incident.
    #[serde(rename = "incident")]
    Incident {
        record: u64,
        cause: String,
        from: Option<u64>,
        upto: Option<u64>,
        late: u64,
        #[serde(skip)]
        text: String,
    },
}

impl ReportRow for HeadReport {
    const HEADER: &'static [&'static str] = &["LOG", "HEAD", "RECORDS", "GOES ON", ""];

    fn cells(&self) -> Vec<String> {
        let (origin, forked, more) = match &self.evidence {
            HeadEvidence::Shown { forked } => {
                let histories = match forked {
                    true => "of one of two histories",
                    false => "",
                };
                ("shown to us", *forked, histories.to_owned())
            }
            HeadEvidence::PassedOn { forked, via } => {
                ("passed on", *forked, format!("by {}", via.domain()))
            }
            HeadEvidence::Cosigned { by, record } => {
                let by = format!("by {}, record {record}", by.domain());
                ("cosigned", false, by)
            }
            HeadEvidence::Fork { record } => {
                let both = format!("both heads: hansa audit show {record}");
                ("LOG_FORK", true, both)
            }
            HeadEvidence::Incident { text, .. } => ("incident", false, text.clone()),
        };
        let goes_on = match &self.evidence {
            HeadEvidence::Incident { .. } => "stated",
            _ if self.proven => "yes",
            _ if forked => "no",
            _ => "not yet",
        };
        vec![
            self.log.domain().to_owned(),
            origin.to_owned(),
            self.size.map(|size| size.to_string()).unwrap_or_default(),
            goes_on.to_owned(),
            more,
        ]
    }
}

/// How many records a head covers.
fn parse_head_size(note: &str) -> Option<u64> {
    note.lines().nth(1)?.parse().ok()
}
