//! Catalogue entry of a dataset: its columns, its facts, the statements of its owner, and its saved queries.

use crate::frame::PageFrame;
use crate::message::message;
use crate::part::dataset_words::{CoveredPeriod, describe_size, origin_word, render_period};
use crate::part::map::{MapArea, MapContent, MapOutlines, render_map};
use crate::part::map_note::render_outline_note;
use crate::part::table::{DataTable, Fact, render_table};
use crate::part::text::reveal_controls;
use crate::part::time::render_instant_text;
use hansa_policy::published_list::PublishedLists;
use hansa_policy::term::language::Language;
use maud::{Markup, html};
use serde::Deserialize;

/// Catalogue entry, as commands print it. Unknown members are ignored.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DatasetEntry {
    /// Identity of the dataset.
    pub id: String,
    /// Title for people.
    pub title: String,
    /// Licence.
    pub licence: String,
    /// Attribution that the owner asks for.
    pub attribution: Option<String>,
    /// `true` for a high-value dataset.
    pub high_value: bool,
    /// Model that the dataset conforms to.
    pub model: Option<String>,
    /// Origin of the values.
    pub kind: Option<String>,
    /// Statements of the owner.
    pub description: EntryDescription,
    /// Saved queries.
    pub queries: Vec<SavedQueryText>,
    /// `true` if rows are about persons.
    pub personal: bool,
    /// Columns in order.
    pub columns: Vec<EntryColumn>,
    /// Feed; none for a dataset that is replaced as a whole.
    pub feed: Option<EntryFeed>,
    /// Label of the snapshot.
    pub version: String,
    /// Instant of the publication.
    pub published_at: String,
    /// Number of rows; 0 where it is not disclosed.
    pub rows: u64,
    /// Size in bytes; 0 where it is not disclosed.
    pub bytes: u64,
    /// West, south, east and north in degrees.
    pub area: Option<[String; 4]>,
    /// Time zone of the civil times.
    pub zone: String,
}

/// Statements of the owner about quality and service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EntryDescription {
    /// Quality of the data.
    pub quality: Option<String>,
    /// Uncertainty of the values.
    pub uncertainty: Option<String>,
    /// Method of the collection.
    pub collection_method: Option<String>,
    /// Quality of the service.
    pub service_level: Option<String>,
}

/// Column of a dataset.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EntryColumn {
    /// Name of the column.
    pub name: String,
    /// Type of the values.
    #[serde(rename = "type")]
    pub kind: String,
    /// Unit of the values.
    pub unit: Option<String>,
    /// Coordinate reference system.
    pub crs: Option<String>,
    /// `true` if the values are about persons.
    pub personal: bool,
    /// Meaning of the column.
    pub meaning: Option<String>,
    /// Uncertainty of the values.
    pub uncertainty: Option<String>,
    /// Conversion at publication.
    pub conversion: Option<String>,
    /// Time zone whose days an instant belongs to.
    pub days_of: Option<String>,
}

/// Feed of a dataset.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EntryFeed {
    /// Number of segments; 0 where it is not disclosed.
    pub segments: u64,
    /// Newest segment.
    pub newest: Option<EntrySegment>,
}

/// Segment of a feed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EntrySegment {
    /// Instant of the publication.
    pub arrived: String,
    /// Number of rows.
    pub rows: u64,
}

/// Saved query of the owner.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SavedQueryText {
    /// Name of the query.
    pub name: String,
    /// Title for people.
    pub title: String,
    /// Use of the query.
    pub description: Option<String>,
    /// SQL text.
    pub sql: String,
}

impl DatasetEntry {
    /// Outlines of the published areas around the rows.
    pub(crate) fn find_outlines(&self, lists: &PublishedLists) -> MapOutlines {
        let area = self.area.as_ref().and_then(MapArea::parse);
        area.map_or_else(MapOutlines::default, |area| {
            MapOutlines::find_around(lists, area)
        })
    }

    /// `true` if rows or columns are about persons.
    pub(crate) fn is_about_persons(&self) -> bool {
        self.personal || self.columns.iter().any(|column| column.personal)
    }
}

/// Section with the area of the rows on a map; empty where none is known.
pub(crate) fn render_area_map(
    language: Language,
    entry: &DatasetEntry,
    outlines: &MapOutlines,
) -> Markup {
    let edges = entry.area.as_ref();
    let Some((edges, area)) = edges.and_then(|edges| Some((edges, MapArea::parse(edges)?))) else {
        return html! {};
    };
    let [west, south, east, north] = edges.each_ref().map(|edge| reveal_controls(edge));
    let title = message!(language, "area-degrees", west, south, east, north);
    html! {
        section aria-labelledby="map" {
            h2 id="map" { (message!(language, "map")) }
            (render_map(&MapContent {
                title: &title,
                north: &message!(language, "map-north"),
                area,
                is_area_shown: true,
                points: &[],
                listed: &[],
                outlines,
            }))
            p.hint { (message!(language, "map-hint")) }
            (render_outline_note(language, outlines))
        }
    }
}

/// Facts of a snapshot: its age, size, period, area, origin.
pub(crate) fn list_entry_facts(
    frame: &PageFrame<'_>,
    entry: &DatasetEntry,
    covers: Option<&CoveredPeriod>,
) -> Vec<Fact> {
    let language = frame.language;
    let version = reveal_controls(&entry.version);
    let mut facts = vec![Fact::new(
        message!(language, "fact-version"),
        html! {
            (version) " · " (render_instant_text(frame, &entry.published_at))
        },
    )];
    facts.extend((entry.rows > 0).then(|| {
        let value = html! { (language.format_number(entry.rows)) };
        Fact::new(message!(language, "fact-rows"), value)
    }));
    facts.extend((entry.bytes > 0).then(|| {
        let value = html! { (describe_size(language, entry.bytes)) };
        Fact::new(message!(language, "fact-size"), value)
    }));
    facts.extend(covers.map(|covers| {
        let value = render_period(frame, covers);
        Fact::new(message!(language, "fact-period"), value)
    }));
    facts.push(text_fact(message!(language, "fact-zone"), &entry.zone));
    facts.push(text_fact(
        message!(language, "fact-licence"),
        &entry.licence,
    ));
    facts.extend(entry.kind.as_deref().map(|kind| {
        let value = html! { (origin_word(language, kind)) };
        Fact::new(message!(language, "fact-origin"), value)
    }));
    let model = entry.model.as_deref();
    facts.extend(model.map(|model| text_fact(message!(language, "fact-model"), model)));
    facts.extend(entry.area.as_ref().map(|[west, south, east, north]| {
        let (west, south) = (reveal_controls(west), reveal_controls(south));
        let (east, north) = (reveal_controls(east), reveal_controls(north));
        let value = html! { (message!(language, "area-degrees", west, south, east, north)) };
        Fact::new(message!(language, "fact-area"), value)
    }));
    facts.extend(entry.feed.as_ref().map(|feed| {
        let value = render_feed(frame, feed);
        Fact::new(message!(language, "fact-feed"), value)
    }));
    facts.extend(entry.high_value.then(|| {
        let value = html! { (message!(language, "high-value-yes")) };
        Fact::new(message!(language, "fact-high-value"), value)
    }));
    facts
}

fn text_fact(name: String, text: &str) -> Fact {
    Fact::new(name, html! { bdi { (reveal_controls(text)) } })
}

fn render_feed(frame: &PageFrame<'_>, feed: &EntryFeed) -> Markup {
    let language = frame.language;
    html! {
        (message!(language, "feed-grows"))
        @if let Some(newest) = &feed.newest {
            @let number = language.format_number(newest.rows);
            " · " (message!(language, "feed-newest", number)) " " (render_instant_text(frame, &newest.arrived))
        }
    }
}

/// Table of the columns. The words of another participant about them are those of its author, whom the caption names.
pub(crate) fn render_columns(
    language: Language,
    caption: String,
    columns: &[EntryColumn],
) -> Markup {
    if columns.is_empty() {
        return html! { p { (message!(language, "columns-none")) } };
    }
    let rows = columns.iter().map(|column| {
        vec![
            html! { code { (reveal_controls(&column.name)) } },
            html! { (reveal_controls(&column.kind)) },
            html! { (reveal_controls(column.unit.as_deref().unwrap_or_default())) },
            render_meaning(language, column),
            html! {
                @if column.personal {
                    strong { (message!(language, "about-persons-yes")) }
                } @else {
                    (message!(language, "about-persons-no"))
                }
            },
        ]
    });
    render_table(&DataTable {
        id: "columns-caption",
        caption,
        columns: vec![
            message!(language, "column-name"),
            message!(language, "column-type"),
            message!(language, "column-unit"),
            message!(language, "column-meaning"),
            message!(language, "column-persons"),
        ],
        rows: rows.collect(),
    })
}

fn render_meaning(language: Language, column: &EntryColumn) -> Markup {
    html! {
        @if let Some(meaning) = &column.meaning {
            bdi lang="" { (reveal_controls(meaning)) }
        }
        @if let Some(zone) = &column.days_of {
            @let zone = reveal_controls(zone);
            div.hint { (message!(language, "column-days-of", zone)) }
        }
        @for (label, text) in [
            (message!(language, "column-uncertainty"), &column.uncertainty),
            (message!(language, "column-conversion"), &column.conversion),
            (message!(language, "column-crs"), &column.crs),
        ] {
            @if let Some(text) = text {
                div.hint { (label) " " bdi lang="" { (reveal_controls(text)) } }
            }
        }
    }
}

/// Statement of the owner with its name.
pub(crate) struct OwnerStatement<'a> {
    /// Name of the statement.
    pub(crate) name: String,
    /// Words of the owner.
    pub(crate) text: &'a str,
}

/// Statements that the owner has made.
pub(crate) fn list_statements(
    language: Language,
    description: &EntryDescription,
) -> Vec<OwnerStatement<'_>> {
    let all = [
        (
            message!(language, "statement-quality"),
            &description.quality,
        ),
        (
            message!(language, "statement-uncertainty"),
            &description.uncertainty,
        ),
        (
            message!(language, "statement-method"),
            &description.collection_method,
        ),
        (
            message!(language, "statement-service"),
            &description.service_level,
        ),
    ];
    let made = all.into_iter().filter_map(|(name, text)| {
        let text = text.as_deref()?;
        Some(OwnerStatement { name, text })
    });
    made.collect()
}

/// Table of the saved queries.
pub(crate) fn render_queries(
    language: Language,
    caption: String,
    queries: &[SavedQueryText],
) -> Markup {
    if queries.is_empty() {
        return html! {};
    }
    let rows = queries.iter().map(|query| {
        vec![
            html! { code { (reveal_controls(&query.name)) } },
            html! {
                bdi lang="" { (reveal_controls(&query.title)) }
                @if let Some(description) = &query.description {
                    div.hint lang="" { bdi { (reveal_controls(description)) } }
                }
            },
            html! { pre { code { (reveal_controls(&query.sql)) } } },
        ]
    });
    let table = DataTable {
        id: "queries-caption",
        caption,
        columns: vec![
            message!(language, "query-name"),
            message!(language, "query-title"),
            message!(language, "query-text"),
        ],
        rows: rows.collect(),
    };
    html! {
        section aria-labelledby="queries" {
            h2 id="queries" { (message!(language, "queries")) }
            (render_table(&table))
        }
    }
}
