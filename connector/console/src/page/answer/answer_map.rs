//! Map of an answer with places: the marks of its first rows, and beside it the rows of one page.

use crate::frame::PageFrame;
use crate::message::message;
use crate::part::address::answer_address;
use crate::part::layout::{PageContent, render_layout};
use crate::part::map::{MOST_MARKS, MapArea, MapContent, MapOutlines, MapPoint, render_map};
use crate::part::map_note::render_outline_note;
use crate::part::table::{DataTable, render_table};
use crate::part::text::reveal_controls;
use hansa_policy::published_list::PublishedLists;
use hansa_policy::term::language::Language;
use maud::{Markup, html};

/// Most rows of an answer whose places a map shows.
pub const MOST_MAP_ROWS: usize = MOST_MARKS;

/// Names of columns with degrees east, in the order in which they are looked for.
const LONGITUDES: [&str; 3] = ["lon", "longitude", "lng"];

/// Names of columns with degrees north.
const LATITUDES: [&str; 2] = ["lat", "latitude"];

/// Columns of an answer that name a place, by their index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MapColumns {
    /// Column with degrees east.
    pub lon: usize,
    /// Column with degrees north.
    pub lat: usize,
}

impl MapColumns {
    /// Columns of an answer with these names; none where they name no place.
    #[must_use]
    pub fn of(names: &[String]) -> Option<Self> {
        let find = |wanted: &[&str]| {
            let mut wanted = wanted.iter();
            wanted.find_map(|wanted| {
                let mut names = names.iter();
                names.position(|name| name.eq_ignore_ascii_case(wanted))
            })
        };
        Some(Self {
            lon: find(&LONGITUDES)?,
            lat: find(&LATITUDES)?,
        })
    }
}

/// Row of an answer with its place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MapRow {
    /// Number of the row, from 1.
    pub number: u64,
    /// Name of the place: the first column of text; empty where there is none.
    pub label: String,
    /// Degrees east, as the answer has them.
    pub lon: String,
    /// Degrees north, as the answer has them.
    pub lat: String,
}

impl MapRow {
    fn point(&self) -> Option<MapPoint> {
        MapPoint::parse(&self.lon, &self.lat)
    }
}

/// Map of an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AnswerMapView {
    /// Identity of the answer.
    pub id: String,
    /// Number of rows of the answer.
    pub rows: u64,
    /// First rows of the answer, at most [`MOST_MAP_ROWS`].
    pub places: Vec<MapRow>,
    /// Number of the page of the list, from 1.
    pub page: usize,
    /// Rows of a page of the list.
    pub rows_per_page: usize,
    /// Outlines of published areas, as [`Self::add_outlines`] finds them.
    pub outlines: MapOutlines,
}

impl AnswerMapView {
    /// Adds the outlines of the published areas around the places.
    pub fn add_outlines(&mut self, lists: &PublishedLists) {
        if let Some(area) = MapArea::of(&self.find_points()) {
            self.outlines = MapOutlines::find_around(lists, area);
        }
    }

    fn find_points(&self) -> Vec<MapPoint> {
        self.places.iter().filter_map(MapRow::point).collect()
    }

    /// Rows of the list beside the map.
    fn listed_rows(&self) -> &[MapRow] {
        let first = (self.page.max(1) - 1).saturating_mul(self.rows_per_page);
        let rest = self.places.get(first..).unwrap_or_default();
        rest.get(..self.rows_per_page).unwrap_or(rest)
    }
}

/// Page with the map of an answer.
#[must_use]
pub fn render_answer_map(frame: &PageFrame<'_>, view: &AnswerMapView) -> String {
    let language = frame.language;
    let points = view.find_points();
    let listed: Vec<MapPoint> = view
        .listed_rows()
        .iter()
        .filter_map(MapRow::point)
        .collect();
    let number = language.format_number(count_of(points.len()));
    let title = message!(language, "answer-map-title", number);
    let body = html! {
        @match MapArea::of(&points) {
            Some(area) => {
                (render_map(&MapContent {
                    title: &title,
                    north: &message!(language, "map-north"),
                    area,
                    is_area_shown: false,
                    points: &points,
                    listed: &listed,
                    outlines: &view.outlines,
                }))
                p.hint { (message!(language, "map-hint")) " " (message!(language, "answer-map-marked")) }
                (render_outline_note(language, &view.outlines))
            }
            None => { p { (message!(language, "answer-map-none")) } }
        }
        (render_limits(language, view, points.len()))
        (render_list(language, view))
        @if let Some(address) = answer_address(&view.id) {
            (render_pager(language, view, &address))
            p { a href=(address) { (message!(language, "answer-map-back")) } }
        }
    };
    render_layout(
        frame,
        &PageContent::new(message!(language, "answer-map"), body),
    )
}

/// Note about rows that the map lacks: those after the first ones, and those without a place.
fn render_limits(language: Language, view: &AnswerMapView, points: usize) -> Markup {
    let shown = count_of(view.places.len());
    let without = view.places.len().saturating_sub(points);
    let rows = language.format_number(view.rows);
    let first = language.format_number(shown);
    let missing = language.format_number(count_of(without));
    html! {
        @if view.rows > shown {
            p { strong { (message!(language, "answer-map-first", first, rows)) } }
        }
        @if without > 0 {
            p { strong { (message!(language, "answer-map-without", missing)) } }
        }
    }
}

fn render_list(language: Language, view: &AnswerMapView) -> Markup {
    let listed = view.listed_rows();
    if listed.is_empty() {
        return html! {};
    }
    let rows = listed.iter().map(|row| {
        vec![
            html! { (language.format_number(row.number)) },
            html! { bdi { (reveal_controls(&row.label)) } },
            html! { (reveal_controls(&row.lon)) },
            html! { (reveal_controls(&row.lat)) },
        ]
    });
    render_table(&DataTable {
        id: "places-caption",
        caption: message!(language, "answer-map-list"),
        columns: vec![
            message!(language, "answer-map-row"),
            message!(language, "answer-map-label"),
            message!(language, "answer-map-lon"),
            message!(language, "answer-map-lat"),
        ],
        rows: rows.collect(),
    })
}

fn render_pager(language: Language, view: &AnswerMapView, address: &str) -> Markup {
    let count = view.places.len().div_ceil(view.rows_per_page.max(1));
    let to_page = |page: usize| format!("{address}/map?page={page}");
    let page = language.format_number(count_of(view.page));
    let pages = language.format_number(count_of(count));
    html! {
        @if count > 1 {
            nav.pager aria-label=(message!(language, "nav-answer-pages")) {
                ul {
                    @if view.page > 1 {
                        li { a href=(to_page(view.page - 1)) rel="prev" { (message!(language, "answer-previous-page")) } }
                    }
                    li { (message!(language, "answer-page-of", page, pages)) }
                    @if view.page < count {
                        li { a href=(to_page(view.page.saturating_add(1))) rel="next" { (message!(language, "answer-next-page")) } }
                    }
                }
            }
        }
    }
}

fn count_of(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
