//! Acts on an own dataset: its publication, its restriction, and its end in the catalogue.

use crate::frame::PageFrame;
use crate::message::message;
use crate::page::act_form::ActForm;
use crate::page::act_form::field::{ActField, FieldInput};
use crate::page::approval_act::AskedStep;
use crate::page::dataset::detail::render_restriction;
use crate::page::dataset::report::{DatasetReport, RestrictionClauseText};
use crate::part::address::decline_address;
use crate::part::contract_words::link_contract;
use crate::part::table::{DataTable, Fact, render_facts, render_table};
use crate::part::text::reveal_controls;
use crate::part::time::render_instant_text;
use hansa_policy::term::language::Language;
use maud::{Markup, html};
use serde::Deserialize;

/// Largest number of letters of the policy of a restriction.
const POLICY: usize = 20_000;

/// Lines of the policy that are seen at once.
const POLICY_ROWS: usize = 14;

/// Object of `hansa dataset publish --dry-run --json`. Unknown members are ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PublicationPreview {
    /// Name of the dataset.
    pub dataset: String,
    /// `false` if the published version would stay.
    pub changed: bool,
    /// Label of the version.
    pub version: String,
    /// Number of rows.
    pub rows: u64,
    /// Number of rows before.
    pub rows_before: Option<u64>,
    /// Rows of the newest segment of a feed.
    pub arrived: Option<u64>,
    /// Number of rows that can't be read.
    pub bad_rows: u64,
    /// Columns with values that can't be read.
    pub bad: Vec<UnreadColumn>,
    /// Changes of the columns, in English.
    pub schema_changes: Vec<String>,
    /// Contracts that were made for the columns before.
    pub breaks: Vec<String>,
    /// Damage of the published version, in English.
    pub repairs: Option<String>,
}

/// Column with values that can't be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct UnreadColumn {
    /// Name of the column.
    pub column: String,
    /// Number of values.
    pub count: u64,
    /// First of them.
    pub samples: Vec<UnreadValue>,
}

/// Place of a value that can't be read. The value itself may be about a person, and is not shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct UnreadValue {
    /// File of the value.
    pub file: String,
    /// Number of the line.
    pub line: u64,
    /// Reason, in English.
    pub why: String,
}

/// Publication of a dataset, with what it would change.
#[must_use]
pub fn describe_publication(frame: &PageFrame<'_>, preview: &PublicationPreview) -> ActForm {
    let language = frame.language;
    let mut form = ActForm::new(
        message!(language, "publish-title"),
        message!(language, "publish"),
        message!(language, "publish-done"),
    );
    form.consequences = match preview.changed {
        true => vec![
            message!(language, "publish-effect"),
            message!(language, "publish-contracts"),
        ],
        false => vec![message!(language, "publish-nothing-new")],
    };
    if !preview.breaks.is_empty() {
        let broken = u64::try_from(preview.breaks.len()).unwrap_or(u64::MAX);
        let number = language.format_number(broken);
        form.warnings
            .push(message!(language, "publish-breaks", number));
    }
    form.body = render_preview(frame, preview);
    form
}

/// Restriction of a dataset: a new one, or none any more.
#[must_use]
pub fn describe_guard(frame: &PageFrame<'_>, dataset: &str, report: &DatasetReport) -> ActForm {
    let language = frame.language;
    let mut form = ActForm::new(
        message!(language, "guard-title"),
        message!(language, "guard"),
        message!(language, "guard-done"),
    );
    form.consequences = vec![
        message!(language, "guard-effect"),
        message!(language, "guard-second"),
    ];
    form.body = html! {
        (render_facts(&list_dataset_facts(frame, dataset, report)))
        @match &report.restriction {
            Some(restriction) => { (render_restriction(language, Some(restriction))) }
            None => { p { (message!(language, "guard-none")) } }
        }
    };
    form.fields = vec![
        ActField::new(
            "policy",
            message!(language, "guard-policy"),
            message!(language, "guard-policy-fault"),
            FieldInput::Lines {
                most: POLICY,
                rows: POLICY_ROWS,
            },
        )
        .with_hint(message!(language, "guard-policy-hint"))
        .mark_optional(),
    ];
    if report.restriction.is_some() {
        form.fields.push(
            ActField::new(
                "remove",
                message!(language, "guard-remove"),
                message!(language, "guard-policy-fault"),
                FieldInput::Tick,
            )
            .mark_optional(),
        );
    }
    form
}

/// Object of `hansa dataset restrict --approve --dry-run --json`. Unknown members are ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct AskedGuard {
    /// Differences from the restriction of now, in English.
    pub changes: Vec<String>,
    /// Restriction that was asked for.
    pub asked: AskedGuardContent,
}

/// Restriction that was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct AskedGuardContent {
    /// `true` where the restriction of now would be taken away.
    pub removes: bool,
    /// Title.
    pub title: Option<String>,
    /// Clauses in words.
    pub clauses: Option<Vec<RestrictionClauseText>>,
}

/// Restriction that another person has asked for, beside that of now.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GuardApprovalView {
    /// Dataset with its restriction of now.
    pub report: DatasetReport,
    /// Request of the other person.
    pub step: AskedStep,
    /// Change that was asked for.
    pub asked: AskedGuard,
}

/// Approval of a restriction that another person has asked for. Nothing is typed: it is approved as it stands, or declined.
#[must_use]
pub fn describe_guard_approval(
    frame: &PageFrame<'_>,
    dataset: &str,
    view: &GuardApprovalView,
) -> ActForm {
    let language = frame.language;
    let GuardApprovalView {
        report,
        step,
        asked,
    } = view;
    let mut form = ActForm::new(
        message!(language, "guard-approve-title"),
        message!(language, "guard-approve"),
        message!(language, "guard-done"),
    );
    form.consequences = vec![
        message!(language, "guard-approve-effect"),
        message!(language, "guard-approve-as-is"),
    ];
    let mut facts = list_dataset_facts(frame, dataset, report);
    facts.push(Fact::new(
        message!(language, "act-second-by"),
        html! { code { (reveal_controls(&step.asked_by)) } },
    ));
    facts.push(Fact::new(
        message!(language, "step-asked-at"),
        render_instant_text(frame, &step.at),
    ));
    form.body = html! {
        (render_facts(&facts))
        (render_asked_guard(language, asked))
        @match &report.restriction {
            Some(restriction) => { (render_restriction(language, Some(restriction))) }
            None => { p { (message!(language, "guard-none")) } }
        }
        @if let Some(address) = decline_address(&step.approval) {
            p { a.act href=(address) { (message!(language, "act-second-decline")) } }
        }
    };
    form
}

/// Restriction that was asked for, with its differences from that of now.
fn render_asked_guard(language: Language, asked: &AskedGuard) -> Markup {
    let content = &asked.asked;
    let clauses = content.clauses.iter().flatten();
    let rows = clauses.map(|clause| {
        vec![
            html! { (reveal_controls(&clause.clause)) },
            html! { (reveal_controls(&clause.says)) },
        ]
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    html! {
        section aria-labelledby="guard-asked" {
            h2 id="guard-asked" { (message!(language, "guard-asked")) }
            @if content.removes {
                p { strong { (message!(language, "guard-asked-removal")) } }
            } @else {
                @if let Some(title) = &content.title {
                    p { (reveal_controls(title)) }
                }
                (render_table(&DataTable {
                    id: "guard-asked-caption",
                    caption: message!(language, "guard-asked-caption"),
                    columns: vec![
                        message!(language, "column-clause"),
                        message!(language, "term-text"),
                    ],
                    rows,
                }))
            }
            @if !asked.changes.is_empty() {
                h3 { (message!(language, "guard-asked-changes")) }
                ul lang="en" {
                    @for change in &asked.changes {
                        li { (reveal_controls(change)) }
                    }
                }
            }
        }
    }
}

/// End of a dataset in the catalogue.
#[must_use]
pub fn describe_dataset_withdrawal(
    frame: &PageFrame<'_>,
    dataset: &str,
    report: &DatasetReport,
) -> ActForm {
    let language = frame.language;
    let mut form = ActForm::new(
        message!(language, "dataset-withdraw-title"),
        message!(language, "dataset-withdraw"),
        message!(language, "dataset-withdraw-done"),
    );
    form.consequences = vec![
        message!(language, "dataset-withdraw-effect"),
        message!(language, "dataset-withdraw-contracts"),
        message!(language, "dataset-withdraw-source"),
    ];
    form.body = render_facts(&list_dataset_facts(frame, dataset, report));
    form.fields = vec![ActField::new(
        "read",
        message!(language, "dataset-withdraw-read"),
        message!(language, "dataset-withdraw-fault"),
        FieldInput::Tick,
    )];
    form
}

fn list_dataset_facts(frame: &PageFrame<'_>, dataset: &str, report: &DatasetReport) -> Vec<Fact> {
    let language = frame.language;
    let (in_force, all) = (
        language.format_number(report.contracts.in_force),
        language.format_number(report.contracts.all),
    );
    vec![
        Fact::new(
            message!(language, "column-dataset"),
            html! { code { (reveal_controls(dataset)) } },
        ),
        Fact::new(
            message!(language, "column-title"),
            html! { bdi { (reveal_controls(&report.entry.title)) } },
        ),
        Fact::new(
            message!(language, "column-contracts"),
            html! { (message!(language, "contracts-in-force-of", in_force, all)) },
        ),
    ]
}

fn render_preview(frame: &PageFrame<'_>, preview: &PublicationPreview) -> Markup {
    let language = frame.language;
    let number = |number: u64| html! { (language.format_number(number)) };
    let mut facts = vec![
        Fact::new(
            message!(language, "column-dataset"),
            html! { code { (reveal_controls(&preview.dataset)) } },
        ),
        Fact::new(
            message!(language, "publish-version"),
            html! { (reveal_controls(&preview.version)) },
        ),
        Fact::new(message!(language, "fact-rows"), number(preview.rows)),
    ];
    let before = preview.rows_before;
    facts.extend(
        before.map(|rows| Fact::new(message!(language, "publish-rows-before"), number(rows))),
    );
    let arrived = preview.arrived;
    facts
        .extend(arrived.map(|rows| Fact::new(message!(language, "publish-arrived"), number(rows))));
    if preview.changed {
        facts.push(Fact::new(
            message!(language, "publish-bad-rows"),
            number(preview.bad_rows),
        ));
    }
    html! {
        h2 { (message!(language, "publish-changes")) }
        (render_facts(&facts))
        @if let Some(damage) = &preview.repairs {
            p { (message!(language, "publish-repairs")) " " span lang="en" { (reveal_controls(damage)) } }
        }
        @if !preview.schema_changes.is_empty() {
            h3 { (message!(language, "publish-columns")) }
            ul lang="en" {
                @for change in &preview.schema_changes {
                    li { (reveal_controls(change)) }
                }
            }
        }
        (render_bad_values(language, &preview.bad))
        (render_broken_contracts(language, &preview.breaks))
    }
}

fn render_bad_values(language: Language, bad: &[UnreadColumn]) -> Markup {
    let rows = bad.iter().map(|column| {
        vec![
            html! { code { (reveal_controls(&column.column)) } },
            html! { (language.format_number(column.count)) },
            html! {
                ul {
                    @for sample in &column.samples {
                        @let line = language.format_number(sample.line);
                        li {
                            bdi { (reveal_controls(&sample.file)) } ", "
                            (message!(language, "publish-line", line)) ": "
                            span lang="en" { (reveal_controls(&sample.why)) }
                        }
                    }
                }
            },
        ]
    });
    html! {
        @if !bad.is_empty() {
            (render_table(&DataTable {
                id: "bad-caption",
                caption: message!(language, "publish-bad-caption"),
                columns: vec![
                    message!(language, "column-name"),
                    message!(language, "publish-bad-values"),
                    message!(language, "publish-bad-first"),
                ],
                rows: rows.collect(),
            }))
        }
    }
}

fn render_broken_contracts(language: Language, broken: &[String]) -> Markup {
    html! {
        @if !broken.is_empty() {
            h3 { (message!(language, "publish-broken")) }
            ul {
                @for contract in broken {
                    li { (link_contract(contract)) }
                }
            }
        }
    }
}
