//! Overview: items that wait for a person, then the figures of the connector.

mod renewal;
pub mod waiting_list;

use crate::frame::{PageFrame, PersonRole};
use crate::message::message;
use crate::page::first_steps::FIRST_STEPS_ADDRESS;
use crate::page::overview::renewal::{RENEWALS, document_word, has_steps, render_renewals};
use crate::page::overview::waiting_list::{WaitingItem, render_waiting_list};
use crate::part::chart::{ChartKind, ChartPoint, render_chart};
use crate::part::layout::{PageContent, render_layout};
use crate::part::log_verification::{LogVerification, render_last_result};
use crate::part::table::{DataTable, Fact, render_facts, render_table};
use crate::part::text::reveal_controls;
use crate::part::time::render_instant_text;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::term::language::Language;
use maud::{Markup, html};
use serde::Deserialize;

/// Days of the timeline of ends.
const DAYS_A_YEAR: u64 = 365;

/// Most bars of this timeline.
const MOST_ENDS: usize = 15;

/// State of a participant, as `hansa status --json` reports it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct StatusView {
    /// Items that wait for a person, the most urgent first.
    pub waiting: Vec<WaitingItem>,
    /// Figures since midnight.
    pub today: DailyFigures,
    /// Figures of the finished days of the last two weeks, the oldest first.
    #[serde(default)]
    pub days: Vec<FinishedDay>,
    /// Number of published datasets.
    pub datasets: u64,
    /// Number of contracts in force.
    pub contracts_in_force: u64,
    /// Number of answers that run.
    pub running: u64,
    /// Number of known peers.
    pub peers: u64,
    /// Ends of certificates, contracts and other documents.
    pub ends: Vec<DocumentEnd>,
    /// Number of later ends that are not in the list.
    #[serde(default)]
    pub ends_omitted: u64,
    /// Number of records in the log.
    pub records: u64,
    /// Verification of the log that runs, and the last result.
    #[serde(default)]
    pub verification: LogVerification,
    /// Newest time stamp of the log; none without an authority.
    #[serde(default)]
    pub time_stamp: Option<TimeStamp>,
    /// Number of the trust bundle.
    pub bundle: u64,
    /// Version of the rulebook in force.
    #[serde(default)]
    pub rulebook: Option<u64>,
    /// Version of the rulebook that is not accepted yet.
    #[serde(default)]
    pub rulebook_waiting: Option<u64>,
    /// Number of first steps that are missing, for those who see them. No command prints it.
    #[serde(skip)]
    pub open_steps: usize,
}

/// Figures of a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct DailyFigures {
    /// Answers that ended.
    pub answers: u64,
    /// Rows that left with them.
    pub rows: u64,
    /// Questions that were refused.
    pub refusals: u64,
}

/// Figures of a finished day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct FinishedDay {
    /// Day, such as `2026-11-26`.
    pub day: String,
    /// Answers that ended, and refused questions.
    #[serde(flatten)]
    pub figures: DailyFigures,
}

/// End of a certificate, a contract or another document.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DocumentEnd {
    /// Kind of the document, such as `tls_certificate`.
    pub what: String,
    /// Name of the document.
    pub name: String,
    /// Instant of its end.
    pub at: String,
    /// Command or step that renews it.
    pub renew: String,
}

/// Newest time stamp of the log, and what prevents the next one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct TimeStamp {
    /// Number of records that its head covers.
    #[serde(default)]
    pub size: Option<u64>,
    /// Instant before which the head existed.
    #[serde(default)]
    pub existed_before: Option<String>,
    /// Authority that states it.
    #[serde(default)]
    pub authority: Option<String>,
    /// Code of the fault that prevents the next one.
    #[serde(default)]
    pub code: Option<String>,
    /// Sentence of this fault.
    #[serde(default)]
    pub fault: Option<String>,
}

impl StatusView {
    /// State as far as an analyst may see it: faults of the connector, without requests and contracts of others.
    #[must_use]
    pub fn for_analyst(self) -> Self {
        let waiting = self.waiting.into_iter();
        Self {
            waiting: waiting
                .filter(|item| item.kind.concerns_everybody())
                .collect(),
            ..Self::default()
        }
    }
}

/// Page of the state of a participant.
#[must_use]
pub fn render_overview(frame: &PageFrame<'_>, view: &StatusView) -> String {
    let language = frame.language;
    let sees_all = frame
        .person
        .is_none_or(|person| sees_whole_state(person.roles));
    let open = view.open_steps;
    let body = html! {
        @if open > 0 {
            p.buttons { a href=(FIRST_STEPS_ADDRESS) { (message!(language, "steps-link", open)) } }
        }
        section aria-labelledby="waiting" {
            (render_waiting_list(frame, &view.waiting))
        }
        @if sees_all {
            (render_figures(frame, view))
        }
    };
    render_layout(
        frame,
        &PageContent::new(message!(language, "overview-title"), body),
    )
}

/// `true` for roles that see more of the state than faults.
#[must_use]
pub fn sees_whole_state(roles: &[PersonRole]) -> bool {
    roles.iter().any(|role| *role != PersonRole::Analyst)
}

fn render_figures(frame: &PageFrame<'_>, view: &StatusView) -> Markup {
    let language = frame.language;
    html! {
        section aria-labelledby="today" {
            h2 id="today" { (message!(language, "today")) }
            (render_facts(&list_daily_facts(language, view)))
            (render_days(language, view))
        }
        section aria-labelledby="stock" {
            h2 id="stock" { (message!(language, "stock")) }
            (render_facts(&list_stock_facts(frame, view)))
        }
        section aria-labelledby="ends" {
            h2 id="ends" { (message!(language, "ends")) }
            (render_ends_chart(frame, &view.ends))
            (render_ends(frame, &view.ends))
            @let number = view.ends_omitted;
            @if number > 0 { p.hint { (message!(language, "ends-omitted", number)) } }
            (render_renewals(language, &list_kinds(&view.ends)))
        }
    }
}

/// Kinds of documents whose renewal is known, in the order of the list.
fn list_kinds(ends: &[DocumentEnd]) -> Vec<&str> {
    let mut kinds: Vec<&str> = Vec::new();
    for end in ends {
        if has_steps(&end.what) && !kinds.contains(&end.what.as_str()) {
            kinds.push(&end.what);
        }
    }
    kinds
}

fn list_daily_facts(language: Language, view: &StatusView) -> Vec<Fact> {
    let number = |number: u64| html! { (language.format_number(number)) };
    vec![
        Fact::new(
            message!(language, "today-answers"),
            number(view.today.answers),
        ),
        Fact::new(message!(language, "today-rows"), number(view.today.rows)),
        Fact::new(
            message!(language, "today-refusals"),
            number(view.today.refusals),
        ),
        Fact::new(message!(language, "running"), number(view.running)),
    ]
}

/// Bars of the last two weeks with their table; empty before a day has ended.
fn render_days(language: Language, view: &StatusView) -> Markup {
    if view.days.is_empty() {
        return html! {};
    }
    let mut days = view.days.clone();
    days.push(FinishedDay {
        day: message!(language, "today"),
        figures: view.today,
    });
    let chart = |title: &str, value: fn(&DailyFigures) -> u64| {
        let texts = days.iter().map(|day| {
            let value = value(&day.figures);
            (value, language.format_number(value))
        });
        let texts: Vec<(u64, String)> = texts.collect();
        let points = days
            .iter()
            .zip(&texts)
            .map(|(day, (value, text))| ChartPoint {
                label: &day.day,
                value: to_float(*value),
                text,
            });
        render_chart(ChartKind::Bars, title, &points.collect::<Vec<_>>())
    };
    let rows = days.iter().rev().map(|day| {
        let number = |number: u64| html! { (language.format_number(number)) };
        vec![
            html! { (reveal_controls(&day.day)) },
            number(day.figures.answers),
            number(day.figures.rows),
            number(day.figures.refusals),
        ]
    });
    let (answers, refusals) = (
        message!(language, "today-answers"),
        message!(language, "today-refusals"),
    );
    html! {
        details {
            summary { (message!(language, "days-open")) }
            div.charts {
                (chart(&answers, |figures| figures.answers))
                (chart(&refusals, |figures| figures.refusals))
            }
            (render_table(&DataTable {
                id: "days-caption",
                caption: message!(language, "days-caption"),
                columns: vec![
                    message!(language, "days-day"),
                    answers.clone(),
                    message!(language, "today-rows"),
                    refusals.clone(),
                ],
                rows: rows.collect(),
            }))
        }
    }
}

/// Number of days or of answers, of which a page has few.
fn to_float(number: u64) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

/// Bars of the days until the ends of the next twelve months. Each end is in the table below, too.
fn render_ends_chart(frame: &PageFrame<'_>, ends: &[DocumentEnd]) -> Markup {
    const DAY: i64 = 86_400 * 1_000_000;
    let language = frame.language;
    let Some(now) = frame.as_of else {
        return html! {};
    };
    let days_to = |end: &DocumentEnd| {
        let at: UtcTimestamp = end.at.parse().ok()?;
        let days = u64::try_from(at.micros().saturating_sub(now.micros()) / DAY).ok()?;
        (days <= DAYS_A_YEAR).then_some(days)
    };
    let mut near: Vec<(u64, &DocumentEnd)> = ends
        .iter()
        .filter_map(|end| Some((days_to(end)?, end)))
        .collect();
    near.sort_by_key(|(days, _)| *days);
    near.truncate(MOST_ENDS);
    let texts: Vec<String> = near
        .iter()
        .map(|(days, _)| {
            let number = language.format_number(*days);
            message!(language, "ends-days", number)
        })
        .collect();
    let points = near
        .iter()
        .zip(&texts)
        .map(|((days, end), text)| ChartPoint {
            label: &end.name,
            value: to_float(*days),
            text,
        });
    let points: Vec<ChartPoint<'_>> = points.collect();
    let title = message!(language, "ends-chart");
    html! { @if points.len() > 1 { (render_chart(ChartKind::Bars, &title, &points)) } }
}

fn list_stock_facts(frame: &PageFrame<'_>, view: &StatusView) -> Vec<Fact> {
    let language = frame.language;
    let number = |number: u64| html! { (language.format_number(number)) };
    let mut facts = vec![
        Fact::new(message!(language, "log-records"), number(view.records)),
        Fact::new(
            message!(language, "last-verification"),
            render_last_result(frame, &view.verification),
        ),
        Fact::new(
            message!(language, "contracts-in-force"),
            number(view.contracts_in_force),
        ),
        Fact::new(message!(language, "datasets"), number(view.datasets)),
        Fact::new(message!(language, "peers"), number(view.peers)),
        // A name in figures, not a quantity.
        Fact::new(message!(language, "bundle"), html! { (view.bundle) }),
    ];
    facts.extend(view.rulebook.map(|version| {
        let value = html! { (message!(language, "version", version)) };
        Fact::new(message!(language, "rulebook"), value)
    }));
    facts.extend(view.rulebook_waiting.map(|version| {
        let value = html! { (message!(language, "version", version)) };
        Fact::new(message!(language, "rulebook-waiting"), value)
    }));
    let stamp = view.time_stamp.as_ref();
    facts.extend(stamp.map(|stamp| {
        let value = render_time_stamp(frame, stamp);
        Fact::new(message!(language, "time-stamp"), value)
    }));
    facts
}

/// Newest time stamp, and what prevents the next one.
pub(crate) fn render_time_stamp(frame: &PageFrame<'_>, stamp: &TimeStamp) -> Markup {
    let language = frame.language;
    html! {
        span.plain {
            @match &stamp.existed_before {
                Some(instant) => {
                    (message!(language, "time-stamp-before")) " " (render_instant_text(frame, instant))
                }
                None => { (message!(language, "time-stamp-none")) }
            }
            @if let Some(size) = stamp.size {
                @let size = language.format_number(size);
                " · " (message!(language, "time-stamp-size", size))
            }
            @if let Some(authority) = &stamp.authority {
                @let authority = reveal_controls(authority);
                " · " (message!(language, "time-stamp-authority", authority))
            }
            @if let Some(fault) = &stamp.fault {
                br;
                strong.fault { (message!(language, "time-stamp-fault")) } " "
                span lang="en" {
                    @if let Some(code) = &stamp.code { code { (reveal_controls(code)) } ": " }
                    (reveal_controls(fault))
                }
            }
        }
    }
}

fn render_ends(frame: &PageFrame<'_>, ends: &[DocumentEnd]) -> Markup {
    let language = frame.language;
    if ends.is_empty() {
        return html! { p { (message!(language, "ends-none")) } };
    }
    let rows = ends.iter().map(|end| {
        vec![
            html! { (document_word(language, &end.what)) },
            html! { (reveal_controls(&end.name)) },
            render_instant_text(frame, &end.at),
            html! {
                @if has_steps(&end.what) {
                    a href={ "#" (RENEWALS) } { (message!(language, "renewals-link")) }
                } @else {
                    span lang="en" { (reveal_controls(&end.renew)) }
                }
            },
        ]
    });
    render_table(&DataTable {
        id: "ends-caption",
        caption: message!(language, "ends-caption"),
        columns: vec![
            message!(language, "ends-what"),
            message!(language, "ends-name"),
            message!(language, "ends-at"),
            message!(language, "ends-renew"),
        ],
        rows: rows.collect(),
    })
}
