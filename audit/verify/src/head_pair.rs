//! Check that a log continued from one signed head to another.

use crate::evidence_set::EvidenceSet;
use crate::finding::AuditFinding;
use crate::output::OutputCollector;
use hansa_audit_log::note::{self, SignedHead};
use hansa_policy::id::ParticipantId;
use serde_json::json;
use std::path::Path;

/// Two heads of one log, the smaller one first.
pub(crate) struct HeadPair {
    older: SignedHead,
    newer: SignedHead,
    owner: ParticipantId,
    file: String,
}

impl HeadPair {
    /// Reads both files. Of several heads in a file the last one counts.
    pub(crate) fn open(older: &Path, newer: &Path) -> Result<Self, String> {
        let file = newer.display().to_string();
        let (mut older, mut newer) = (read_last_head(older)?, read_last_head(newer)?);
        if older.checkpoint.origin != newer.checkpoint.origin {
            return Err("the two heads are of two logs".to_owned());
        }
        if older.checkpoint.size > newer.checkpoint.size {
            std::mem::swap(&mut older, &mut newer);
        }
        let domain = older.checkpoint.origin.split('/').next();
        let owner = format!("hansa://{}", domain.unwrap_or_default());
        Ok(Self {
            owner: owner
                .parse()
                .map_err(|_| "the heads do not name the owner of the log".to_owned())?,
            older,
            newer,
            file,
        })
    }
}

fn read_last_head(file: &Path) -> Result<SignedHead, String> {
    let shown = file.display();
    let bytes = std::fs::read(file).map_err(|fault| format!("`{shown}`: {fault}"))?;
    let text = format!("{}\n\n", String::from_utf8_lossy(&bytes).trim());
    let heads = note::read_all(&text).unwrap_or_default();
    heads
        .into_iter()
        .next_back()
        .ok_or_else(|| format!("`{shown}` holds no signed head"))
}

/// Judges if the newer head continues the older one.
pub(crate) fn judge_head_pair(
    pair: &HeadPair,
    case: &EvidenceSet,
    collector: &mut OutputCollector,
) -> Vec<AuditFinding> {
    let mut findings = case.findings.clone();
    let (from, to) = (&pair.older.checkpoint, &pair.newer.checkpoint);
    for head in [&pair.older, &pair.newer] {
        let size = head.checkpoint.size;
        match case.is_signed(&pair.owner, head) {
            Some(true) => {}
            Some(false) => findings.push(AuditFinding::broken_evidence(
                &pair.file,
                None,
                format!(
                    "the head over {size} records is not signed by {}",
                    pair.owner.domain()
                ),
            )),
            None => findings.push(AuditFinding::missing_evidence(
                &pair.file,
                None,
                format!("no key is known for the head over {size} records"),
            )),
        }
    }
    let closed = [from.size, to.size]
        .into_iter()
        .any(|size| case.is_stated(&pair.owner, size));
    let forked = |what: String| {
        let both = [pair.older.to_string(), pair.newer.to_string()];
        let finding = match closed {
            true => AuditFinding::incident(&pair.file, None, what),
            false => AuditFinding::broken_evidence(&pair.file, None, what),
        };
        finding.with_proving_heads(both)
    };
    let mut relation = "not shown";
    if from.size == to.size {
        if from.root == to.root {
            relation = "the same";
        } else {
            relation = "two histories";
            findings.push(forked(format!(
                "{} signed two histories: two heads over {} records with different roots",
                pair.owner.domain(),
                from.size
            )));
        }
    } else {
        for tree in case
            .participant_files(&pair.owner)
            .filter_map(|copy| copy.tree.as_ref())
        {
            if tree.size() < to.size {
                continue;
            }
            let holds = [from, to].map(|head| tree.root(head.size) == Some(head.root));
            match holds {
                [true, true] => relation = "goes on",
                [false, false] => {}
                [true, false] | [false, true] => {
                    relation = "two histories";
                    findings.push(forked(format!(
                        "the log does not go on from the head over {} records to the one over {}",
                        from.size, to.size
                    )));
                }
            }
        }
        if relation == "not shown" {
            findings.push(AuditFinding::missing_evidence(
                &pair.file,
                None,
                "no file holds the whole log that the heads are of",
            ));
        }
    }
    let text = format!(
        "{}: from {} to {} records: {relation}",
        pair.owner.domain(),
        from.size,
        to.size
    );
    let value = json!({
        "log": from.origin,
        "from": from.size,
        "to": to.size,
        "relation": relation,
    });
    collector.add_answer(value, &text);
    findings
}
