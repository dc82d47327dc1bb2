//! Charts as SVG without style attributes. Each stands beside a table with its values.

use crate::part::text::reveal_controls;
use maud::{Markup, html};

/// Width of a chart, in its own units.
const WIDTH: f64 = 640.0;

/// Width of the labels before the bars.
const LABELS: f64 = 170.0;

/// Width of the values behind the bars.
const VALUES: f64 = 110.0;

/// Height of a bar with its distance.
const ROW: f64 = 24.0;

/// Height of a chart with a line.
const HEIGHT: f64 = 260.0;

/// Edge around the line.
const EDGE: f64 = 24.0;

/// Most letters of a label.
const LETTERS: usize = 22;

/// Point of a chart.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ChartPoint<'a> {
    /// Label of the point.
    pub(crate) label: &'a str,
    /// Value, finite.
    pub(crate) value: f64,
    /// Value as the table has it.
    pub(crate) text: &'a str,
}

/// Form of a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChartKind {
    /// One bar for each point, from zero on.
    Bars,
    /// A line through the points, in their order.
    Line,
}

/// Chart with its title, which says what it shows.
pub(crate) fn render_chart(kind: ChartKind, title: &str, points: &[ChartPoint<'_>]) -> Markup {
    let height = match kind {
        ChartKind::Bars => ROW * count_of(points) + 4.0,
        ChartKind::Line => HEIGHT,
    };
    let view = format!("0 0 {WIDTH} {height}");
    html! {
        figure.chart {
            figcaption { (title) }
            // The parser of HTML writes the name of the attribute as SVG has it (HTML, section 13.2.6.1).
            svg viewbox=(view) role="img" aria-label=(title) {
                @match kind {
                    ChartKind::Bars => { (render_bars(points)) }
                    ChartKind::Line => { (render_line(points)) }
                }
            }
        }
    }
}

/// Number of the points, of which a page has few.
fn count_of(points: &[ChartPoint<'_>]) -> f64 {
    f64::from(u32::try_from(points.len()).unwrap_or(u32::MAX))
}

/// Least and greatest value.
struct ValueRange {
    least: f64,
    greatest: f64,
}

impl ValueRange {
    fn of(points: &[ChartPoint<'_>], first: f64) -> Self {
        let values = || points.iter().map(|point| point.value);
        Self {
            least: values().fold(first, f64::min),
            greatest: values().fold(first, f64::max),
        }
    }

    /// Place of a value between 0 and 1. Halves keep the difference finite.
    fn place(&self, value: f64) -> f64 {
        let whole = self.greatest / 2.0 - self.least / 2.0;
        match whole > 0.0 {
            true => ((value / 2.0 - self.least / 2.0) / whole).clamp(0.0, 1.0),
            false => 0.5,
        }
    }
}

fn render_bars(points: &[ChartPoint<'_>]) -> Markup {
    let range = ValueRange::of(points, 0.0);
    let space = WIDTH - LABELS - VALUES;
    let is_flat = range.least >= range.greatest;
    let zero = if is_flat { 0.0 } else { range.place(0.0) };
    html! {
        @for (row, point) in points.iter().enumerate() {
            @let top = ROW * f64::from(u32::try_from(row).unwrap_or(u32::MAX));
            @let place = if is_flat { 0.0 } else { range.place(point.value) };
            @let from = LABELS + space * place.min(zero);
            @let width = (space * (place - zero).abs()).max(1.0);
            text.label x=(format!("{:.1}", LABELS - 8.0)) y=(format!("{:.1}", top + 16.0)) text-anchor="end" {
                (shorten_label(point.label))
            }
            rect.bar x=(format!("{from:.1}")) y=(format!("{:.1}", top + 3.0)) width=(format!("{width:.1}"))
                height=(format!("{:.1}", ROW - 6.0)) {}
            text.value x=(format!("{:.1}", WIDTH - VALUES + 6.0)) y=(format!("{:.1}", top + 16.0)) {
                (shorten_label(point.text))
            }
        }
    }
}

fn render_line(points: &[ChartPoint<'_>]) -> Markup {
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return html! {};
    };
    let range = ValueRange::of(points, first.value);
    let steps = (count_of(points) - 1.0).max(1.0);
    let (left, right) = (LABELS / 2.0, WIDTH - EDGE);
    let (top, bottom) = (EDGE, HEIGHT - 2.0 * EDGE);
    let places = points.iter().enumerate().map(|(at, point)| {
        let along = f64::from(u32::try_from(at).unwrap_or(u32::MAX)) / steps;
        let x = left + (right - left) * along;
        let y = bottom - (bottom - top) * range.place(point.value);
        format!("{x:.1},{y:.1}")
    });
    let places: Vec<String> = places.collect();
    let text_of = |value: f64| {
        let found = points.iter().find(|point| point.value == value);
        found.map(|point| shorten_label(point.text))
    };
    html! {
        line.axis x1=(left) y1=(top) x2=(left) y2=(bottom) {}
        line.axis x1=(left) y1=(bottom) x2=(right) y2=(bottom) {}
        polyline.line points=(places.join(" ")) fill="none" {}
        text.value x=(left - 6.0) y=(top + 5.0) text-anchor="end" { @if let Some(text) = text_of(range.greatest) { (text) } }
        text.value x=(left - 6.0) y=(bottom + 5.0) text-anchor="end" { @if let Some(text) = text_of(range.least) { (text) } }
        text.label x=(left) y=(bottom + EDGE) { (shorten_label(first.label)) }
        text.label x=(right) y=(bottom + EDGE) text-anchor="end" { (shorten_label(last.label)) }
    }
}

fn shorten_label(text: &str) -> String {
    let mut label: String = text.chars().take(LETTERS).collect();
    if text.chars().nth(LETTERS).is_some() {
        label.push('…');
    }
    reveal_controls(&label).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points<'a>(values: &'a [(&'a str, f64, &'a str)]) -> Vec<ChartPoint<'a>> {
        let points = values.iter().map(|(label, value, text)| ChartPoint {
            label,
            value: *value,
            text,
        });
        points.collect()
    }

    #[test]
    fn bars_begin_at_zero_also_for_negative_values() {
        let drawn = points(&[("a", 30.0, "30"), ("b", -10.0, "-10"), ("c", 0.0, "0")]);
        let text = render_chart(ChartKind::Bars, "bikes", &drawn).into_string();
        // 360 units from -10 to 30: zero is at 170 + 90.
        assert!(
            text.contains("x=\"260.0\" y=\"3.0\" width=\"270.0\""),
            "{text}"
        );
        assert!(
            text.contains("x=\"170.0\" y=\"27.0\" width=\"90.0\""),
            "{text}"
        );
        assert!(
            text.contains("x=\"260.0\" y=\"51.0\" width=\"1.0\""),
            "{text}"
        );
    }

    #[test]
    fn extreme_values_stay_in_the_chart() {
        let drawn = points(&[("a", f64::MAX, "a"), ("b", f64::MIN, "b"), ("c", 1.0, "c")]);
        for kind in [ChartKind::Bars, ChartKind::Line] {
            let text = render_chart(kind, "x", &drawn).into_string();
            assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
        }
        let flat = points(&[("a", 5.0, "5"), ("b", 5.0, "5")]);
        let text = render_chart(ChartKind::Line, "x", &flat).into_string();
        assert!(text.contains("points=\"85.0,118.0 616.0,118.0\""), "{text}");
    }
}
