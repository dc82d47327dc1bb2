//! Output of the results: text for people, or one JSON object.

use crate::RunOutput;
use crate::evidence_set::ExportFile;
use crate::finding::{AnswerVersions, AuditFinding, AuditVerdict};
use crate::head_consistency::CosignedHead;
use crate::passkey::PasskeyReport;
use crate::time_stamp::{DatedHead, TimeStampReport};
use hansa_audit_log::reconcile::FieldDifference;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Pages that were written.
#[derive(Debug)]
pub(crate) struct WrittenPages {
    /// Path of the first page.
    pub(crate) first: String,
    /// `true` if a browser was started with it; none where none was to be started.
    pub(crate) opened: Option<bool>,
}

/// Reports of the checks of one file.
pub(crate) struct FileReports<'a> {
    /// Heads of the file that others have signed.
    pub(crate) witnesses: &'a [CosignedHead],
    /// Time stamps.
    pub(crate) stamps: &'a TimeStampReport,
    /// Acts that were confirmed with passkeys.
    pub(crate) passkeys: &'a PasskeyReport,
}

/// Collector of the output.
pub(crate) struct OutputCollector {
    json: bool,
    text: String,
    answers: Vec<Value>,
    pages: Option<WrittenPages>,
}

impl OutputCollector {
    /// Empty collector.
    pub(crate) const fn new(json: bool) -> Self {
        Self {
            json,
            text: String::new(),
            answers: Vec::new(),
            pages: None,
        }
    }

    /// Adds an answer in both forms.
    pub(crate) fn add_answer(&mut self, value: Value, text: &str) {
        self.answers.push(value);
        self.text.push_str(text.trim_end());
        self.text.push('\n');
    }

    /// Adds a file with the reports of its checks, and the months of its statements of use that could not be recounted.
    pub(crate) fn add_file(
        &mut self,
        copy: &ExportFile,
        reports: &FileReports<'_>,
        uncounted: Option<String>,
    ) {
        let FileReports {
            witnesses,
            stamps,
            passkeys,
        } = *reports;
        let report = &copy.report;
        let unseen: Vec<&String> = report.unseen.iter().chain(&uncounted).collect();
        let span = report.span.map(|(from, to)| format!(", {from} to {to}"));
        let part = if report.is_part {
            ", a part of the log"
        } else {
            ""
        };
        let permitted = copy
            .history
            .questions
            .iter()
            .filter(|q| q.refused.is_none());
        let permitted = permitted.count();
        let summed = &copy.history.refusals;
        let one_by_one = copy.history.questions.len().saturating_sub(permitted);
        let refused = u64::try_from(one_by_one)
            .unwrap_or(u64::MAX)
            .saturating_add(summed.count());
        let mut text = format!(
            "{}: log {}{part}\n  {} records, {} of them under a signed head{}\n  {permitted} questions permitted, {refused} refused, {} answers received",
            copy.file,
            report.log,
            report.records,
            report.covered,
            span.unwrap_or_default(),
            copy.history.received.len(),
        );
        let questions = copy.history.questions.iter();
        let one_sided = questions.filter(|question| question.one_sided_receipt.is_some());
        let one_sided = one_sided.count();
        if one_sided > 0 {
            text.push_str(&format!(
                "\n  {one_sided} receipts are one-sided: programs without a connector got them, and nobody countersigned"
            ));
        }
        if summed.count() > 0 || summed.max_uncounted_refusals() > 0 {
            text.push_str(&format!(
                "\n  {} of the refusals stand in sums, and a crash may have left {} more uncounted",
                summed.count(),
                summed.max_uncounted_refusals()
            ));
        }
        if passkeys.checked > 0 {
            text.push_str(&format!(
                "\n  {} acts at the console were confirmed with a passkey, whose signature is good",
                passkeys.checked
            ));
        }
        if passkeys.not_linked > 0 {
            text.push_str(&format!(
                "\n  {} of them with a passkey that was added in another year: pseudonyms of two years can't be linked",
                passkeys.not_linked
            ));
        }
        if passkeys.by_login > 0 {
            text.push_str(&format!(
                "\n  {} acts at the console rest on a fresh login at an issuer: that is the word of the house, and can't be checked here",
                passkeys.by_login
            ));
        }
        for CosignedHead { by, size, at } in witnesses {
            text.push_str(&format!(
                "\n  witnessed by {}: the head over {size} records, on {at}",
                by.domain()
            ));
        }
        for DatedHead { size, stamp } in &stamps.dated {
            text.push_str(&format!(
                "\n  time stamp: the head over {size} records existed before {}, according to {}",
                stamp.existed_before, stamp.authority
            ));
        }
        if stamps.not_judged > 0 {
            text.push_str(&format!(
                "\n  {} time stamps are in the file and were not judged: name the authority's certificate with --tsa-trust",
                stamps.not_judged
            ));
        }
        if let Some(digest) = copy.report.digest {
            text.push_str(&format!("\n  sha256 {digest}"));
        }
        for unseen in &unseen {
            text.push_str(&format!("\n  not seen: {unseen}"));
        }
        let value = json!({
            "file": copy.file,
            "sha256": copy.report.digest.map(|digest| digest.to_string()),
            "log": report.log,
            "part": report.is_part,
            "records": report.records,
            "covered": report.covered,
            "from": report.span.map(|(from, _)| from.to_string()),
            "to": report.span.map(|(_, to)| to.to_string()),
            "permitted": permitted,
            "one_sided": one_sided,
            "refused": refused,
            "refusals": count_refusal_codes(copy),
            "refused_in_sums": summed.count(),
            "refused_uncounted_at_most": summed.max_uncounted_refusals(),
            "received": copy.history.received.len(),
            "witnesses": witnesses.iter().map(|one| {
                json!({"by": one.by.to_string(), "size": one.size, "at": one.at.to_string()})
            }).collect::<Vec<_>>(),
            "time_stamps": stamps.dated.iter().map(|one| json!({
                "size": one.size,
                "existed_before": one.stamp.existed_before.to_string(),
                "stated": one.stamp.at.to_string(),
                "authority": one.stamp.authority,
                "serial": one.stamp.serial,
                "policy": one.stamp.policy,
            })).collect::<Vec<_>>(),
            "time_stamps_not_judged": stamps.not_judged,
            "passkey_acts": passkeys.checked,
            "passkey_acts_not_linked": passkeys.not_linked,
            "login_acts": passkeys.by_login,
            "first_bad": report.fault.as_ref().map(|fault| fault.index),
            "unseen": unseen,
        });
        self.add_answer(value, &text);
    }

    /// Answers so far, as JSON.
    pub(crate) fn into_answers(self) -> Vec<Value> {
        self.answers
    }

    /// Adds the place of the pages.
    pub(crate) fn add_pages(&mut self, pages: WrittenPages) {
        self.pages = Some(pages);
    }

    /// Result of a check so far as JSON, with its findings.
    pub(crate) fn to_check(&self, findings: &JudgedFindings, league: Option<&str>) -> Value {
        json!({
            "verdict": findings.verdict.as_str(),
            "league": league,
            "answers": self.answers,
            "findings": findings.to_json(),
        })
    }

    /// Ends the output with the findings and the verdict. `league` is the thumbprint of the key under which a check judged.
    pub(crate) fn finish(mut self, findings: &JudgedFindings, league: Option<&str>) -> RunOutput {
        let verdict = findings.verdict;
        if self.json {
            let mut whole = json!({
                "verdict": verdict.as_str(),
                "answers": self.answers,
                "findings": findings.to_json(),
            });
            if let (Some(members), Some(league)) = (whole.as_object_mut(), league) {
                members.insert("league".to_owned(), Value::from(league));
            }
            if let (Some(members), Some(pages)) = (whole.as_object_mut(), &self.pages) {
                members.insert("pages".to_owned(), Value::from(pages.first.as_str()));
                if let Some(opened) = pages.opened {
                    members.insert("opened".to_owned(), Value::from(opened));
                }
            }
            self.text = format!("{whole}\n");
        } else {
            for finding in &findings.findings {
                self.text.push_str(&as_text(finding));
            }
            self.text
                .push_str(&format!("verdict: {}\n", verdict.as_str()));
            if let Some(pages) = &self.pages {
                self.text.push_str(&describe_pages(pages));
            }
        }
        RunOutput {
            out: self.text,
            err: String::new(),
            status: verdict.exit_status(),
        }
    }
}

/// Findings in their order, the worst first, with the verdict.
pub(crate) struct JudgedFindings {
    findings: Vec<AuditFinding>,
    verdict: AuditVerdict,
}

impl JudgedFindings {
    /// Sorts the findings; the worst one decides.
    pub(crate) fn judge(mut findings: Vec<AuditFinding>) -> Self {
        findings.sort_by(|one, other| {
            other
                .verdict
                .cmp(&one.verdict)
                .then_with(|| (&one.file, one.record).cmp(&(&other.file, other.record)))
        });
        findings.dedup();
        // A closed incident is shown, and does not affect later evidence.
        let verdict = match findings.first().map(|finding| finding.verdict) {
            None | Some(AuditVerdict::Incident) => AuditVerdict::Good,
            Some(worst) => worst,
        };
        Self { findings, verdict }
    }

    fn to_json(&self) -> Vec<Value> {
        self.findings.iter().map(as_json).collect()
    }
}

fn describe_pages(pages: &WrittenPages) -> String {
    let first = &pages.first;
    match pages.opened {
        Some(false) => {
            format!("pages: {first}\n  no browser could be started here: open this file with one\n")
        }
        Some(true) | None => format!("pages: {first}\n"),
    }
}

/// Number of refused questions by code.
fn count_refusal_codes(copy: &ExportFile) -> BTreeMap<&str, u64> {
    let summed = copy.history.refusals.codes.iter();
    let mut codes: BTreeMap<&str, u64> = summed.map(|(code, n)| (code.as_str(), *n)).collect();
    for why in copy
        .history
        .questions
        .iter()
        .filter_map(|q| q.refused.as_ref())
    {
        *codes.entry(why.code.as_str()).or_default() += 1;
    }
    codes
}

fn as_json(finding: &AuditFinding) -> Value {
    json!({
        "verdict": finding.verdict.as_str(),
        "about": finding.subject.as_str(),
        "file": finding.file,
        "record": finding.record,
        "what": finding.sentence,
        "proof": finding.proof,
        "versions": finding.versions.as_ref().map(versions_json),
    })
}

fn versions_json(versions: &AnswerVersions) -> Value {
    json!({
        "request": versions.request,
        "provider": versions.provider,
        "consumer": versions.consumer,
        "fields": versions.fields.iter().map(field_json).collect::<Vec<_>>(),
    })
}

/// Field of an answer with the values of both logs.
pub(crate) fn field_json(field: &FieldDifference) -> Value {
    json!({
        "field": field.field,
        "provider": field.provider,
        "consumer": field.consumer,
    })
}

fn as_text(finding: &AuditFinding) -> String {
    let mut text = format!(
        "{}: {}: {}\n",
        finding.verdict.as_str().to_uppercase(),
        finding.file,
        finding.sentence
    );
    for head in &finding.proof {
        text.push_str("  signed head:\n");
        for line in head.lines() {
            text.push_str(&format!("    {line}\n"));
        }
    }
    text
}
