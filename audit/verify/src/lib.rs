//! Judges evidence that was taken out of the house: copies of logs, exported bundles, and the papers in them.
//!
//! It needs no configuration, no network and no connector, and believes nothing but signatures: those of the league's trust
//! bundle, under which stand the keys of the participants. Of two copies it also says how they fit each other.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::string_slice,
        reason = "tests"
    )
)]

mod args;
mod continuation;
mod deletion_statement;
mod documents;
mod evidence_set;
mod finding;
mod head_consistency;
mod head_pair;
mod incident;
mod key_disclosure;
mod output;
mod permit;
mod receipt;
mod reconciliation;
mod relied_statements;
mod subject_report;
mod usage_statement;

use args::{VerifyArgs, VerifyCommand};
use clap::Parser as _;
use evidence_set::EvidenceSet;
use finding::AuditVerdict;
use hansa_policy::safe_text::{printable_json, printable_lines};
use output::OutputCollector;
use std::ffi::OsString;

/// What a run wrote, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunOutput {
    /// For the standard output.
    pub out: String,
    /// For the standard error.
    pub err: String,
    /// 0 good, 2 wrong use, 7 broken, 8 incomplete, 9 can't be checked here.
    pub status: u8,
}

/// Does what the arguments ask for; the first one is the program's name.
pub fn run<I, T>(arguments: I) -> RunOutput
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    let args = match VerifyArgs::try_parse_from(arguments) {
        Ok(args) => args,
        Err(help) if help.use_stderr() => {
            return RunOutput::wrong_use(help.to_string()).neutral(false);
        }
        Err(help) => {
            return RunOutput {
                out: help.to_string(),
                err: String::new(),
                status: 0,
            };
        }
    };
    let told = judge(&args).unwrap_or_else(RunOutput::wrong_use);
    told.neutral(args.json)
}

/// Judges the files and answers the question; the error says what is wrong with how it was asked.
fn judge(args: &VerifyArgs) -> Result<RunOutput, String> {
    let mut teller = OutputCollector::new(args.json);
    if let VerifyCommand::Heads { older, newer, .. } = &args.ask {
        let pair = head_pair::HeadPair::open(older, newer)?;
        let case = EvidenceSet::open(args)?;
        let findings = head_pair::judge(&pair, &case, &mut teller);
        return Ok(teller.end(findings));
    }
    let case = EvidenceSet::open(args)?;
    let mut findings = case.findings.clone();
    findings.extend(case.shown.clone());
    findings.extend(permit::judge(&case));
    findings.extend(continuation::judge(&case));
    findings.extend(key_disclosure::judge(&case));
    findings.extend(receipt::judge(&case));
    findings.extend(deletion_statement::judge(&case));
    findings.extend(usage_statement::judge(&case));
    findings.extend(head_consistency::judge(&case));
    match &args.ask {
        VerifyCommand::Check { .. } => {
            for copy in &case.copies {
                let witnesses = head_consistency::witnesses(&case, copy).0;
                teller.copy(copy, &witnesses, usage_statement::uncounted(&case, copy));
            }
            findings.extend(reconciliation::judge(&case, None));
        }
        VerifyCommand::Reconcile { .. } => {
            if case.copies.len() != 2 {
                return Err("two files are compared: a provider's and a consumer's".to_owned());
            }
            findings.extend(reconciliation::judge(&case, Some(&mut teller)));
        }
        VerifyCommand::Question { id, .. } => subject_report::question(&case, id, &mut teller)?,
        VerifyCommand::Contract { id, at, .. } => {
            subject_report::contract(&case, id, at.as_deref(), &mut teller)?
        }
        VerifyCommand::Left {
            to,
            contract,
            from,
            until,
            ..
        } => {
            let wanted = subject_report::AnswerFilter::read(
                to.clone(),
                contract.clone(),
                from.as_deref(),
                until.as_deref(),
            )?;
            subject_report::disclosed(&case, &wanted, &mut teller);
        }
        VerifyCommand::Heads { .. } => {}
    }
    Ok(teller.end(findings))
}

impl RunOutput {
    /// The same, commanding no terminal: logs hold texts of others. JSON keeps its values.
    fn neutral(self, is_json: bool) -> Self {
        let out = match is_json {
            true => printable_json(&self.out).into_owned(),
            false => printable_lines(&self.out).into_owned(),
        };
        let err = printable_lines(&self.err).into_owned();
        Self { out, err, ..self }
    }

    fn wrong_use(sentence: String) -> Self {
        let err = if sentence.ends_with('\n') {
            sentence
        } else {
            format!("hansa-verify: {sentence}\n")
        };
        Self {
            out: String::new(),
            err,
            status: AuditVerdict::WRONG_USE,
        }
    }
}
