//! Answers that left, or may have left, from the logs of both sides: ordered and summed for the pages.

use crate::evidence_set::{EvidenceSet, ExportFile};
use crate::receipt;
use hansa_audit_log::reconcile::{ReconciliationFinding, reconcile_answers};
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_store::history::query_entry::QueryEntry;
use hansa_audit_store::history::received_answer::ReceivedAnswer;
use hansa_console::{
    AnswerGroup, AnswerLine, AnswerMonth, AnswerSide, AnswerSums, ClauseLine, FolderFrame,
    MonthLine, RecipientLine, RecipientView, WebLine, month_file_name, render_month,
};
use hansa_policy::id::ContractId;
use hansa_policy::term::language::Language;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Largest number of answers on one page. More of them have an index by month.
const MOST_ON_A_PAGE: usize = 5_000;

/// Largest number of lines of totals.
const MOST_LINES: usize = 1_000;

/// Answers of a case. An answer that reads several datasets has an entry for each.
pub(crate) struct DisclosureList<'a> {
    entries: Vec<Disclosure<'a>>,
    web: Vec<WebLine>,
    answers: u64,
}

/// Answer of one dataset, by the logs of both sides.
struct Disclosure<'a> {
    provider: &'a str,
    recipient: &'a str,
    dataset: Cow<'a, str>,
    contract: Option<Cow<'a, str>>,
    clauses: Vec<u64>,
    snapshot: Option<Cow<'a, str>>,
    at: UtcTimestamp,
    /// Month of the instant, such as `2026-11`.
    month: String,
    sent: Option<&'a QueryEntry>,
    received: Option<&'a ReceivedAnswer>,
    /// Result of the comparison of both logs; none where one of them has no record of that time.
    finding: Option<&'static str>,
    /// `true` for the first dataset of an answer, with which the answer is counted.
    is_first: bool,
}

/// Key of a group of answers, in the order of the pages.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct GroupKey<'a> {
    recipient: &'a str,
    provider: &'a str,
    dataset: &'a str,
    contract: Option<&'a str>,
    clauses: &'a [u64],
}

/// Dataset of an answer, by the permit or the receipt.
struct AnsweredDataset<'a> {
    dataset: Cow<'a, str>,
    contract: Option<Cow<'a, str>>,
    clauses: BTreeSet<u64>,
    snapshot: Option<Cow<'a, str>>,
}

/// Both sides of an answer.
struct BothSides<'a> {
    provider: &'a str,
    recipient: &'a str,
    at: UtcTimestamp,
    sent: Option<&'a QueryEntry>,
    received: Option<&'a ReceivedAnswer>,
    finding: Option<&'static str>,
}

/// Name of an answer: its participants and its question.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct AnswerName<'a> {
    provider: &'a str,
    recipient: &'a str,
    request: &'a str,
}

/// Page of a month, or of a part of it.
pub(crate) struct MonthPage {
    /// Name of the file.
    pub(crate) file: String,
    line: MonthLine,
    part: usize,
    groups: Vec<AnswerGroup>,
}

impl MonthPage {
    /// Text of the page.
    pub(crate) fn render_page(&self, frame: &FolderFrame<'_>) -> String {
        render_month(frame, &self.line, self.part, &self.groups)
    }
}

impl<'a> DisclosureList<'a> {
    /// Collects the answers of all files.
    pub(crate) fn collect_answers(case: &'a EvidenceSet) -> Self {
        let mut list = Self {
            entries: Vec::new(),
            web: Vec::new(),
            answers: 0,
        };
        let findings = compare_all(case);
        let mut received = received_answers(case);
        // A log may be among the files twice, whole and in part. Two records of a forked log have one place and two hashes.
        let mut seen = BTreeSet::new();
        for copy in &case.copies {
            let provider = copy.owner.domain();
            let mut web = WebLine {
                provider: provider.to_owned(),
                ..WebLine::default()
            };
            for question in &copy.history.questions {
                if !question.may_have_left() || !seen.insert((provider, question.leaf)) {
                    continue;
                }
                if question.is_web {
                    web.requests = web.requests.saturating_add(1);
                    web.bytes = web.bytes.saturating_add(sent_amount(question).bytes);
                } else if question.peer != copy.owner.as_str() {
                    let recipient = domain_of(&question.peer);
                    let name = AnswerName {
                        provider,
                        recipient,
                        request: &question.request,
                    };
                    let both = BothSides {
                        provider,
                        recipient,
                        at: question.at,
                        sent: Some(question),
                        received: received.remove(&name).map(|(_, answer)| answer),
                        finding: findings.get(&name.to_key()).copied(),
                    };
                    list.add_answer(&both, datasets_of_permit(question));
                }
            }
            for block in &copy.history.open_blocks {
                if !seen.insert((provider, block.leaf)) {
                    continue;
                }
                web.requests = web.requests.saturating_add(block.requests);
                web.bytes = web.bytes.saturating_add(block.bytes);
            }
            if web.requests > 0 {
                list.web.push(web);
            }
        }
        for (name, (copy, answer)) in received {
            let both = BothSides {
                provider: name.provider,
                recipient: name.recipient,
                at: answer.at,
                sent: None,
                received: Some(answer),
                finding: findings.get(&name.to_key()).copied(),
            };
            list.add_answer(&both, datasets_of_receipt(case, copy, answer));
        }
        list.sort_entries();
        list
    }

    fn add_answer(&mut self, both: &BothSides<'a>, datasets: Vec<AnsweredDataset<'a>>) {
        self.answers = self.answers.saturating_add(1);
        for (index, read) in datasets.into_iter().enumerate() {
            self.entries.push(Disclosure {
                provider: both.provider,
                recipient: both.recipient,
                dataset: read.dataset,
                contract: read.contract,
                clauses: read.clauses.into_iter().collect(),
                snapshot: read.snapshot,
                at: both.at,
                month: month_of(both.at),
                sent: both.sent,
                received: both.received,
                finding: both.finding,
                is_first: index == 0,
            });
        }
    }

    /// Sorts by group and time; where the answers have pages by month, by month first.
    fn sort_entries(&mut self) {
        let by_month = self.has_month_pages();
        self.entries.sort_by(|one, other| {
            let months = if by_month {
                one.month.cmp(&other.month)
            } else {
                Ordering::Equal
            };
            months
                .then_with(|| one.group_key().cmp(&other.group_key()))
                .then_with(|| (one.at, one.request_id()).cmp(&(other.at, other.request_id())))
        });
    }

    fn has_month_pages(&self) -> bool {
        self.entries.len() > MOST_ON_A_PAGE
    }

    /// Page with all recipients, in a language.
    pub(crate) fn build_view(&self, case: &EvidenceSet, language: Language) -> RecipientView {
        let mut totals: BTreeMap<[&str; 4], RecipientLine> = BTreeMap::new();
        for entry in &self.entries {
            let contract = entry.contract.as_deref();
            let key = [
                entry.recipient,
                entry.provider,
                &entry.dataset,
                contract.unwrap_or_default(),
            ];
            let line = totals.entry(key).or_insert_with(|| RecipientLine {
                provider: entry.provider.to_owned(),
                recipient: entry.recipient.to_owned(),
                dataset: entry.dataset.to_string(),
                contract: contract.map(str::to_owned),
                totals: AnswerSums::default(),
                first: entry.at.to_string(),
                last: entry.at.to_string(),
            });
            add_sums(&mut line.totals, entry.largest_amount());
            let at = entry.at.to_string();
            if at < line.first {
                line.first.clone_from(&at);
            }
            if at > line.last {
                line.last = at;
            }
        }
        let omitted = totals.len().saturating_sub(MOST_LINES);
        let has_months = self.has_month_pages();
        RecipientView {
            answers: self.answers,
            lines: totals.into_values().take(MOST_LINES).collect(),
            omitted: u64::try_from(omitted).unwrap_or(u64::MAX),
            months: if has_months {
                self.month_lines()
            } else {
                Vec::new()
            },
            groups: if has_months {
                Vec::new()
            } else {
                self.group_entries(case, language, &self.entries)
            },
            web: self.web.clone(),
        }
    }

    /// Months with the number of their pages. The entries are sorted by month.
    fn month_lines(&self) -> Vec<MonthLine> {
        self.entries
            .chunk_by(|one, other| one.month == other.month)
            .map(month_line)
            .collect()
    }

    /// Calls `each` with the pages of all months, one after another.
    pub(crate) fn for_each_month_page(
        &self,
        case: &EvidenceSet,
        language: Language,
        mut each: impl FnMut(&MonthPage) -> Result<(), String>,
    ) -> Result<(), String> {
        if !self.has_month_pages() {
            return Ok(());
        }
        let months = self.entries.chunk_by(|one, other| one.month == other.month);
        for entries in months {
            let line = month_line(entries);
            for (index, page) in entries.chunks(MOST_ON_A_PAGE).enumerate() {
                let part = index.saturating_add(1);
                each(&MonthPage {
                    file: month_file_name(&line.month, part),
                    line: line.clone(),
                    part,
                    groups: self.group_entries(case, language, page),
                })?;
            }
        }
        Ok(())
    }

    fn group_entries(
        &self,
        case: &EvidenceSet,
        language: Language,
        entries: &[Disclosure<'_>],
    ) -> Vec<AnswerGroup> {
        let same_group =
            |one: &Disclosure<'_>, other: &Disclosure<'_>| one.group_key() == other.group_key();
        let groups = entries.chunk_by(same_group);
        groups
            .filter_map(|entries| {
                let first = entries.first()?;
                let months = entries.chunk_by(|one, other| one.month == other.month);
                Some(AnswerGroup {
                    provider: first.provider.to_owned(),
                    recipient: first.recipient.to_owned(),
                    dataset: first.dataset.to_string(),
                    contract: first.contract.as_deref().map(str::to_owned),
                    clauses: first.clause_lines(case, language),
                    months: months.map(answer_month).collect(),
                })
            })
            .collect()
    }
}

impl AnswerName<'_> {
    /// Name that outlives the comparison of two logs.
    fn to_key(self) -> [String; 3] {
        [self.provider, self.recipient, self.request].map(str::to_owned)
    }
}

impl Disclosure<'_> {
    /// Key of the group.
    fn group_key(&self) -> GroupKey<'_> {
        GroupKey {
            recipient: self.recipient,
            provider: self.provider,
            dataset: &self.dataset,
            contract: self.contract.as_deref(),
            clauses: &self.clauses,
        }
    }

    fn request_id(&self) -> &str {
        match (self.sent, self.received) {
            (Some(question), _) => &question.request,
            (None, Some(answer)) => &answer.request,
            (None, None) => "",
        }
    }

    /// Amount that left, at most.
    fn largest_amount(&self) -> AnswerSums {
        match (self.sent, self.received) {
            (Some(question), _) => sent_amount(question),
            (None, Some(answer)) => AnswerSums {
                answers: 1,
                rows: answer.rows,
                bytes: answer.bytes,
            },
            (None, None) => AnswerSums::default(),
        }
    }

    fn clause_lines(&self, case: &EvidenceSet, language: Language) -> Vec<ClauseLine> {
        let id: Option<ContractId> = self.contract.as_deref().and_then(|id| id.parse().ok());
        let agreed = id.and_then(|id| case.documents.contracts.get(&id));
        self.clauses
            .iter()
            .map(|number| ClauseLine {
                clause: format!("#c{number}"),
                text: agreed.and_then(|agreed| {
                    let clauses = agreed.agreement().clauses.iter();
                    let mut named = clauses.filter(|clause| u64::from(clause.id.0) == *number);
                    named.next().map(|clause| clause.term.render(language))
                }),
            })
            .collect()
    }

    fn answer_line(&self) -> AnswerLine {
        let further = self.sent.map_or(&[][..], |question| &question.reads);
        let further: BTreeSet<&str> = further
            .iter()
            .map(|read| read.dataset.as_str())
            .filter(|dataset| *dataset != self.dataset)
            .collect();
        AnswerLine {
            at: self.at.to_string(),
            request: self.request_id().to_owned(),
            purpose: self.sent.and_then(|question| question.purpose.clone()),
            snapshot: self.snapshot.as_deref().map(str::to_owned),
            further: further.into_iter().map(str::to_owned).collect(),
            finding: self.finding.map(str::to_owned),
            sent: self.sent.map(sent_side),
            received: self.received.map(received_side),
        }
    }
}

/// Results of the comparisons of all pairs of logs, by provider, recipient and question. Of several copies of a log the worst result
/// stays, whatever the order of the files.
fn compare_all(case: &EvidenceSet) -> HashMap<[String; 3], &'static str> {
    let mut findings: HashMap<[String; 3], ReconciliationFinding> = HashMap::new();
    for provider in &case.copies {
        for consumer in &case.copies {
            if provider.owner == consumer.owner {
                continue;
            }
            let since = provider.answers.comparable_from(&consumer.answers);
            let sent = provider
                .answers
                .answers_to_peer(consumer.owner.as_str(), since);
            let received = consumer
                .answers
                .received_from(provider.owner.as_str(), since);
            for compared in reconcile_answers(&sent, &received).requests {
                let (from, to) = (provider.owner.domain(), consumer.owner.domain());
                keep_worse(
                    &mut findings,
                    [from.to_owned(), to.to_owned(), compared.request_id],
                    compared.finding,
                );
            }
        }
    }
    let words = findings.into_iter();
    words
        .map(|(name, finding)| (name, finding.as_str()))
        .collect()
}

fn keep_worse(
    findings: &mut HashMap<[String; 3], ReconciliationFinding>,
    name: [String; 3],
    finding: ReconciliationFinding,
) {
    let known = findings
        .entry(name)
        .or_insert(ReconciliationFinding::Matched);
    if severity_of(&finding) > severity_of(known) {
        *known = finding;
    }
}

/// Order of the results, from the harmless ones to those that accuse a side.
const fn severity_of(finding: &ReconciliationFinding) -> u8 {
    match finding {
        ReconciliationFinding::Matched => 0,
        ReconciliationFinding::OneSided => 1,
        ReconciliationFinding::NotTaken => 2,
        ReconciliationFinding::ProviderOnly { sent: false } => 3,
        ReconciliationFinding::CutOff => 4,
        ReconciliationFinding::Interrupted => 5,
        ReconciliationFinding::Unacknowledged { .. } => 6,
        ReconciliationFinding::ProviderOnly { sent: true } => 7,
        ReconciliationFinding::ConsumerOnly => 8,
        ReconciliationFinding::Repeated(_) => 9,
        ReconciliationFinding::Mismatch(_) => 10,
    }
}

/// Received answers of all logs.
fn received_answers(case: &EvidenceSet) -> HashMap<AnswerName<'_>, (&ExportFile, &ReceivedAnswer)> {
    let mut answers = HashMap::new();
    for copy in &case.copies {
        for answer in &copy.history.received {
            let name = AnswerName {
                provider: domain_of(&answer.peer),
                recipient: copy.owner.domain(),
                request: &answer.request,
            };
            answers.entry(name).or_insert((copy, answer));
        }
    }
    answers
}

fn domain_of(participant: &str) -> &str {
    participant.strip_prefix("hansa://").unwrap_or(participant)
}

fn datasets_of_permit(question: &QueryEntry) -> Vec<AnsweredDataset<'_>> {
    let mut datasets: Vec<AnsweredDataset<'_>> = Vec::new();
    for read in &question.reads {
        let contract = read.contract.as_deref();
        let same = |one: &&mut AnsweredDataset<'_>| {
            one.dataset == read.dataset && one.contract.as_deref() == contract
        };
        match datasets.iter_mut().find(same) {
            Some(one) => one.clauses.extend(&read.clauses),
            None => datasets.push(AnsweredDataset {
                dataset: Cow::Borrowed(&read.dataset),
                contract: contract.map(Cow::Borrowed),
                clauses: read.clauses.iter().copied().collect(),
                snapshot: read.snapshot.as_deref().map(Cow::Borrowed),
            }),
        }
    }
    if datasets.is_empty() {
        datasets.push(AnsweredDataset::without_name());
    }
    datasets
}

/// Datasets by the sender's signed receipt. The log of the recipient does not name them.
fn datasets_of_receipt<'a>(
    case: &EvidenceSet,
    copy: &ExportFile,
    answer: &ReceivedAnswer,
) -> Vec<AnsweredDataset<'a>> {
    let read = |name| receipt::read_receipt(case, copy, answer.index, name).ok();
    let signed = answer.receipt.as_deref().and_then(read).flatten();
    let datasets: Vec<AnsweredDataset<'a>> = signed
        .into_iter()
        .flat_map(|signed| signed.receipt.reads)
        .map(|read| AnsweredDataset {
            dataset: Cow::Owned(read.dataset.to_string()),
            contract: Some(Cow::Owned(read.contract.to_string())),
            clauses: BTreeSet::new(),
            snapshot: Some(Cow::Owned(read.snapshot)),
        })
        .collect();
    if datasets.is_empty() {
        vec![AnsweredDataset::without_name()]
    } else {
        datasets
    }
}

impl AnsweredDataset<'_> {
    const fn without_name() -> Self {
        Self {
            dataset: Cow::Borrowed(""),
            contract: None,
            clauses: BTreeSet::new(),
            snapshot: None,
        }
    }
}

fn month_of(at: UtcTimestamp) -> String {
    at.to_string().chars().take("2026-11".len()).collect()
}

const fn add_sums(sums: &mut AnswerSums, more: AnswerSums) {
    sums.answers = sums.answers.saturating_add(more.answers);
    sums.rows = sums.rows.saturating_add(more.rows);
    sums.bytes = sums.bytes.saturating_add(more.bytes);
}

/// Totals of a month. An answer from several datasets counts once.
fn month_line(entries: &[Disclosure<'_>]) -> MonthLine {
    let mut totals = AnswerSums::default();
    for entry in entries.iter().filter(|entry| entry.is_first) {
        add_sums(&mut totals, entry.largest_amount());
    }
    MonthLine {
        month: entries
            .first()
            .map_or_else(String::new, |entry| entry.month.clone()),
        pages: entries.len().div_ceil(MOST_ON_A_PAGE),
        totals,
    }
}

fn answer_month(entries: &[Disclosure<'_>]) -> AnswerMonth {
    let mut totals = AnswerSums::default();
    for entry in entries {
        add_sums(&mut totals, entry.largest_amount());
    }
    AnswerMonth {
        month: entries
            .first()
            .map_or_else(String::new, |entry| entry.month.clone()),
        totals,
        lines: entries.iter().map(Disclosure::answer_line).collect(),
    }
}

/// Amount that left by the sender's log, at most.
fn sent_amount(question: &QueryEntry) -> AnswerSums {
    let end = question.end.as_ref();
    let bound = question.at_most;
    AnswerSums {
        answers: 1,
        rows: end
            .and_then(|end| end.rows)
            .or(bound.map(|bound| bound.rows))
            .unwrap_or_default(),
        bytes: end
            .and_then(|end| end.bytes)
            .or(bound.map(|bound| bound.bytes))
            .unwrap_or_default(),
    }
}

fn sent_side(question: &QueryEntry) -> AnswerSide {
    let end = question.end.as_ref();
    let bound = question.at_most;
    let (receipt, state) = match (&question.acknowledged, &question.one_sided_receipt) {
        (Some((name, true)), _) => (Some(name), "countersigned"),
        (Some((name, false)), _) => (Some(name), "disputed"),
        (None, Some(name)) => (Some(name), "one-sided"),
        (None, None) => (None, "none"),
    };
    AnswerSide {
        record: question.index,
        rows: end.and_then(|end| end.rows),
        bytes: end.and_then(|end| end.bytes),
        rows_at_most: bound.map(|bound| bound.rows),
        bytes_at_most: bound.map(|bound| bound.bytes),
        digest: end.map(|end| end.digest.clone()),
        outcome: end.map(|end| match &end.code {
            Some(code) => format!("{}:{code}", end.outcome),
            None => end.outcome.clone(),
        }),
        receipt: receipt.cloned(),
        state: state.to_owned(),
    }
}

fn received_side(answer: &ReceivedAnswer) -> AnswerSide {
    let state = match &answer.receipt {
        Some(_) => "held",
        None => "none",
    };
    AnswerSide {
        record: answer.index,
        rows: Some(answer.rows),
        bytes: Some(answer.bytes),
        rows_at_most: None,
        bytes_at_most: None,
        digest: Some(answer.digest.clone()),
        outcome: Some(answer.outcome.clone()),
        receipt: answer.receipt.clone(),
        state: state.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hansa_audit_log::reconcile::FieldDifference;

    #[test]
    fn the_worse_result_stays_whatever_the_order_of_the_files() {
        let differing = || {
            ReconciliationFinding::Mismatch(vec![FieldDifference {
                field: "rows",
                provider: "1".to_owned(),
                consumer: "2".to_owned(),
            }])
        };
        let name = || ["p", "c", "q"].map(str::to_owned);
        for results in [
            [ReconciliationFinding::Matched, differing()],
            [differing(), ReconciliationFinding::Matched],
        ] {
            let mut findings = HashMap::new();
            for result in results {
                keep_worse(&mut findings, name(), result);
            }
            assert_eq!(findings[&name()].as_str(), "mismatch");
        }
    }
}
