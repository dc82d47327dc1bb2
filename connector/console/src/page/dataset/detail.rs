//! One own dataset.

use crate::frame::{PageFrame, PersonRole};
use crate::message::message;
use crate::page::dataset::profile::render_profile;
use crate::page::dataset::report::{
    DatasetReport, OfferSummary, ReleaseSummary, RestrictionSummary, SampledCell, SampledRow,
};
use crate::part::act_note::render_act_link;
use crate::part::address::{QueryAddress, page_below};
use crate::part::dataset_entry::{
    list_entry_facts, list_statements, render_area_map, render_columns, render_queries,
};
use crate::part::dataset_words::{StatedFault, audience_word, render_stated_fault, signing_word};
use crate::part::layout::{PageContent, render_layout};
use crate::part::look_form::{LookForm, render_look_form, render_look_record};
use crate::part::map::MapOutlines;
use crate::part::table::{DataTable, Fact, render_facts, render_table};
use crate::part::text::reveal_controls;
use crate::part::time::render_instant_text;
use hansa_policy::term::language::Language;
use maud::{Markup, html};

/// Most releases of a page.
const MOST_RELEASES: usize = 20;

/// One own dataset with the first rows of its source.
#[derive(Debug, Clone, PartialEq)]
pub struct DatasetView {
    /// Name of the dataset.
    pub name: String,
    /// Object of `hansa dataset show --json`.
    pub report: DatasetReport,
    /// First rows of the source.
    pub sample: DatasetSample,
    /// Forms that show rows and values about persons; none for a dataset that is not about persons.
    pub looks: Option<DatasetLooks>,
    /// Outlines of published areas, as [`DatasetReport::find_outlines`] finds them.
    pub outlines: MapOutlines,
}

/// Forms of a dataset about persons, and the content that one of them has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetLooks {
    /// Key of the form that shows the sample.
    pub sample_key: String,
    /// Key of the form that shows the profile.
    pub profile_key: String,
    /// Content that is shown, with the record of the look at it.
    pub shown: Option<DatasetLook>,
}

/// Look at a content about persons, by the number of its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatasetLook {
    /// Rows of the source.
    Sample(u64),
    /// Profile of the published version.
    Profile(u64),
}

impl DatasetLook {
    /// Word of the sample in forms and records.
    pub const SAMPLE: &str = "sample";
    /// Word of the profile in forms and records.
    pub const PROFILE: &str = "profile";
}

/// First rows of the source of a dataset.
#[derive(Debug, Clone, PartialEq)]
pub enum DatasetSample {
    /// Rows as they would be published.
    Rows(Vec<SampledRow>),
    /// None, since the source can't be read.
    Fault(StatedFault),
    /// None, since rows or columns are about persons.
    Personal,
    /// None, since the rows stay where they are, and reading them may take long.
    InPlace,
}

impl DatasetView {
    /// Look at a content about persons that the page shows.
    pub(super) fn look(&self) -> Option<DatasetLook> {
        self.looks.as_ref()?.shown
    }
}

/// Address of the page of a dataset. A name with other letters than those of a name has none of its own.
pub(super) fn dataset_address(name: &str) -> String {
    page_below("/datasets", &[name]).unwrap_or_else(|| "/datasets".to_owned())
}

/// Page of one own dataset.
#[must_use]
pub fn render_dataset(frame: &PageFrame<'_>, view: &DatasetView) -> String {
    let language = frame.language;
    let report = &view.report;
    let entry = &report.entry;
    let body = html! {
        @if let Some(fault) = &report.fault {
            p { strong { (message!(language, "dataset-damaged")) } " " (render_stated_fault(fault)) }
        }
        (render_facts(&list_facts(frame, view)))
        (render_acts(frame, &view.name))
        p { a href=(received_address(&view.name)) { (message!(language, "received-link")) } }
        section aria-labelledby="columns" {
            h2 id="columns" { (message!(language, "columns")) }
            (render_columns(language, message!(language, "columns-caption"), &entry.columns))
        }
        @if report.in_place.is_empty() {
            (render_profile(frame, view))
        }
        (render_area_map(language, entry, &view.outlines))
        (render_statements(language, report))
        (render_offers(frame, view))
        (render_restriction(language, report.restriction.as_ref()))
        (render_sample(language, view))
        (render_releases(frame, &report.releases))
        (render_queries(language, message!(language, "own-queries-caption"), &entry.queries))
    };
    let title = reveal_controls(&entry.title).into_owned();
    let content = PageContent {
        heading: html! { bdi { (title) } },
        title,
        body,
        is_error: false,
    };
    render_layout(frame, &content)
}

/// Links to the pages before the acts that the roles of the person permit.
fn render_acts(frame: &PageFrame<'_>, name: &str) -> Markup {
    let language = frame.language;
    let mut acts = Vec::new();
    if frame.has_role(PersonRole::Officer) {
        acts.push(("publish", message!(language, "publish")));
    }
    if frame.has_role(PersonRole::Signer) {
        acts.push(("guard", message!(language, "guard-link")));
        acts.push(("withdraw", message!(language, "dataset-withdraw")));
    }
    html! {
        @if let (Some(address), false) = (page_below("/datasets", &[name]), acts.is_empty()) {
            h2 { (message!(language, "dataset-acts")) }
            nav.buttons aria-label=(message!(language, "dataset-acts")) {
                ul {
                    @for (word, label) in acts {
                        li { a href={ (address) "/" (word) } { (label) "…" } }
                    }
                }
            }
        }
    }
}

fn received_address(name: &str) -> QueryAddress {
    QueryAddress::new("/evidence/received").with_value("dataset", name)
}

fn list_facts(frame: &PageFrame<'_>, view: &DatasetView) -> Vec<Fact> {
    let language = frame.language;
    let report = &view.report;
    let mut facts = vec![Fact::new(
        message!(language, "column-dataset"),
        html! { code { (reveal_controls(&view.name)) } },
    )];
    facts.extend(list_entry_facts(
        frame,
        &report.entry,
        report.covers.as_ref(),
    ));
    let (in_force, all) = (
        language.format_number(report.contracts.in_force),
        language.format_number(report.contracts.all),
    );
    let address = QueryAddress::new("/contracts").with_value("text", &view.name);
    facts.push(Fact::new(
        message!(language, "column-contracts"),
        html! { a href=(address) { (message!(language, "contracts-in-force-of", in_force, all)) } },
    ));
    let persons = match report.entry.is_about_persons() {
        true => message!(language, "about-persons-yes"),
        false => message!(language, "about-persons-no"),
    };
    facts.push(Fact::new(
        message!(language, "column-persons"),
        html! { (persons) },
    ));
    facts.extend((!report.in_place.is_empty()).then(|| {
        let value = html! {
            @for place in &report.in_place {
                code { (reveal_controls(place)) } " "
            }
        };
        Fact::new(message!(language, "fact-in-place"), value)
    }));
    facts.extend(report.digest.as_deref().map(|digest| {
        let value = html! { code { (reveal_controls(digest)) } };
        Fact::new(message!(language, "fact-digest"), value)
    }));
    facts
}

/// Statements of this participant, which its catalogue makes to others.
fn render_statements(language: Language, report: &DatasetReport) -> Markup {
    let mut facts: Vec<Fact> = list_statements(language, &report.entry.description)
        .into_iter()
        .map(|statement| {
            let value = html! { span.plain { (reveal_controls(statement.text)) } };
            Fact::new(statement.name, value)
        })
        .collect();
    let attribution = report.entry.attribution.as_deref();
    facts.extend(attribution.map(|attribution| {
        let value = html! { span.plain { (reveal_controls(attribution)) } };
        Fact::new(message!(language, "statement-attribution"), value)
    }));
    html! {
        section aria-labelledby="statements" {
            h2 id="statements" { (message!(language, "statements")) }
            @if facts.is_empty() {
                p { (message!(language, "statements-none")) }
            } @else {
                (render_facts(&facts))
            }
        }
    }
}

fn render_offers(frame: &PageFrame<'_>, view: &DatasetView) -> Markup {
    let language = frame.language;
    let offers = &view.report.offers;
    let rows = offers
        .iter()
        .map(|offer| offer_cells(frame, &view.name, offer));
    html! {
        section aria-labelledby="offers" {
            h2 id="offers" { (message!(language, "offers")) }
            @if offers.is_empty() {
                p { (message!(language, "offers-none")) }
            } @else {
                (render_table(&DataTable {
                    id: "offers-caption",
                    caption: message!(language, "offers-caption"),
                    columns: vec![
                        message!(language, "column-policy"),
                        message!(language, "column-title"),
                        message!(language, "offer-to"),
                        message!(language, "offer-signing"),
                        message!(language, "offer-from"),
                        message!(language, "column-end"),
                    ],
                    rows: rows.collect(),
                }))
            }
            (render_offer_links(frame, &view.name))
        }
    }
}

/// Links to the acts that offer the dataset, for those who may do them.
fn render_offer_links(frame: &PageFrame<'_>, name: &str) -> Markup {
    let language = frame.language;
    let link = |word: &str, role: PersonRole| {
        let address = page_below("/datasets", &[name, word]);
        address.filter(|_| frame.has_role(role))
    };
    html! {
        @if let Some(address) = link("offer", PersonRole::Officer) {
            (render_act_link(&address, &message!(language, "offer-add")))
        }
        @if let Some(address) = link("offer-signed", PersonRole::Signer) {
            (render_act_link(&address, &message!(language, "offer-add-signed")))
        }
    }
}

fn offer_cells(frame: &PageFrame<'_>, dataset: &str, offer: &OfferSummary) -> Vec<Markup> {
    let language = frame.language;
    let instant = |text: &Option<String>| {
        html! {
            @if let Some(text) = text { (render_instant_text(frame, text)) }
        }
    };
    vec![
        link_policy(&offer.policy, dataset),
        html! {
            (reveal_controls(offer.title.as_deref().unwrap_or_default()))
            @if let Some(fault) = &offer.fault {
                div { (render_stated_fault(fault)) }
            }
        },
        html! { (audience_word(language, &offer.to)) },
        html! { (signing_word(language, &offer.sign)) },
        instant(&offer.not_before),
        html! {
            (instant(&offer.not_after))
            @if let Some(address) = end_address(frame, dataset, &offer.policy) {
                " " a href=(address) { (message!(language, "offer-end")) "…" }
            }
        },
    ]
}

/// Address of the end of an offer, for those who may end it.
fn end_address(frame: &PageFrame<'_>, dataset: &str, policy: &str) -> Option<String> {
    let address = page_below("/datasets", &[dataset, "offers", policy, "end"]);
    address.filter(|_| frame.has_role(PersonRole::Officer))
}

/// Link to the page of a policy as it applies to a dataset.
pub(crate) fn link_policy(policy: &str, dataset: &str) -> Markup {
    let name = reveal_controls(policy);
    let address = page_below("/policies", &[policy]);
    let address = address.map(|path| QueryAddress::new(&path).with_filled("dataset", dataset));
    html! {
        @match address {
            Some(address) => { a href=(address) { code { (name) } } }
            None => { code { (name) } }
        }
    }
}

pub(super) fn render_restriction(
    language: Language,
    restriction: Option<&RestrictionSummary>,
) -> Markup {
    let Some(restriction) = restriction else {
        return html! {};
    };
    let rows = restriction.clauses.iter().flatten().map(|clause| {
        vec![
            html! { (reveal_controls(&clause.clause)) },
            html! { (reveal_controls(&clause.says)) },
        ]
    });
    html! {
        section aria-labelledby="restriction" {
            h2 id="restriction" { (message!(language, "restriction")) }
            @if let Some(title) = &restriction.title {
                p { (reveal_controls(title)) }
            }
            @if restriction.clauses.is_none() {
                p { strong.fault { (message!(language, "restriction-unreadable")) } }
            } @else {
                p.hint { (message!(language, "restriction-hint")) }
                (render_table(&DataTable {
                    id: "restriction-caption",
                    caption: message!(language, "restriction-caption"),
                    columns: vec![
                        message!(language, "column-clause"),
                        message!(language, "term-text"),
                    ],
                    rows: rows.collect(),
                }))
            }
        }
    }
}

fn render_sample(language: Language, view: &DatasetView) -> Markup {
    html! {
        section aria-labelledby="sample" {
            h2 id="sample" { (message!(language, "sample")) }
            @if let Some(DatasetLook::Sample(record)) = view.look() {
                (render_look_record(language, record))
            }
            @match &view.sample {
                DatasetSample::Personal => {
                    p { (message!(language, "sample-personal")) }
                    @if let Some(looks) = &view.looks {
                        (render_look_form(&LookForm {
                            action: &dataset_address(&view.name),
                            key: &looks.sample_key,
                            content: DatasetLook::SAMPLE,
                            pseudonym: "",
                            label: message!(language, "sample-show"),
                        }))
                        p.hint { (message!(language, "look-hint")) }
                    }
                }
                DatasetSample::InPlace => { p { (message!(language, "sample-in-place")) } }
                DatasetSample::Fault(fault) => {
                    p { (message!(language, "sample-fault")) " " (render_stated_fault(fault)) }
                }
                DatasetSample::Rows(rows) if rows.is_empty() => {
                    p { (message!(language, "sample-none")) }
                }
                DatasetSample::Rows(rows) => {
                    p.hint { (message!(language, "sample-hint")) }
                    (render_sampled_rows(language, view, rows))
                }
            }
        }
    }
}

/// Table of the columns of the entry alone: a column that only the configuration has is not shown before it is published.
fn render_sampled_rows(language: Language, view: &DatasetView, rows: &[SampledRow]) -> Markup {
    let names = view.report.entry.columns.iter();
    let names: Vec<&str> = names.map(|column| column.name.as_str()).collect();
    let cells = rows.iter().map(|row| {
        let line = html! { (language.format_number(row.line)) };
        let fields = names.iter().map(|name| render_cell(row.fields.get(*name)));
        std::iter::once(line).chain(fields).collect()
    });
    let heads = names.iter().map(|name| reveal_controls(name).into_owned());
    render_table(&DataTable {
        id: "sample-caption",
        caption: message!(language, "sample-caption"),
        columns: std::iter::once(message!(language, "sample-line"))
            .chain(heads)
            .collect(),
        rows: cells.collect(),
    })
}

fn render_cell(cell: Option<&SampledCell>) -> Markup {
    html! {
        @match cell {
            Some(SampledCell::Text(text)) => { bdi { (reveal_controls(text)) } }
            Some(SampledCell::Truth(truth)) => { (truth) }
            Some(SampledCell::Whole(number)) => { (number) }
            Some(SampledCell::Number(number)) => { (number) }
            Some(SampledCell::Missing) | None => { "–" }
        }
    }
}

fn render_releases(frame: &PageFrame<'_>, releases: &[ReleaseSummary]) -> Markup {
    let language = frame.language;
    if releases.is_empty() {
        return html! {};
    }
    let rows = releases.iter().rev().take(MOST_RELEASES).map(|release| {
        vec![
            render_instant_text(frame, &release.at),
            html! { (reveal_controls(&release.snapshot)) },
            render_instant_text(frame, &release.until),
            html! { (language.format_number(release.published)) },
            html! { (language.format_number(release.withheld)) },
        ]
    });
    let table = DataTable {
        id: "releases-caption",
        caption: message!(language, "releases-caption"),
        columns: vec![
            message!(language, "release-at"),
            message!(language, "column-version"),
            message!(language, "release-until"),
            message!(language, "release-published"),
            message!(language, "release-withheld"),
        ],
        rows: rows.collect(),
    };
    html! {
        section aria-labelledby="releases" {
            h2 id="releases" { (message!(language, "releases")) }
            (render_table(&table))
        }
    }
}
