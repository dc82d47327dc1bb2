//! Columns that belong together: a date and a time of day that make an instant, and a table with one column for each station.

use super::inferred_column::InferredColumn;

/// Puts each column of dates and the one of times of day beside it together.
#[must_use]
pub fn join_dates_and_times(columns: Vec<InferredColumn>) -> Vec<InferredColumn> {
    let clocks: Vec<usize> = places(&columns, |column| column.clock.is_some());
    let dates: Vec<usize> = places(&columns, |column| column.kind == "date");
    let ([clock], Some(date)) = (
        clocks.as_slice(),
        dates
            .iter()
            .rev()
            .find(|date| clocks.first() > Some(*date))
            .or(dates.first()),
    ) else {
        return columns;
    };
    let pair = (columns.get(*date), columns.get(*clock));
    let (Some(day), Some(time)) = pair else {
        return columns;
    };
    let Some(instant) = day.join_time_of_day(time) else {
        return columns;
    };
    let mut instant = Some(instant);
    let mut all = Vec::new();
    for (place, column) in columns.into_iter().enumerate() {
        if place == *date || place == *clock {
            all.extend(instant.take());
        } else {
            all.push(column);
        }
    }
    all
}

/// One column for each station, and what makes rows of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WideTable {
    /// The regular expression that their names fit, and no other.
    pub pattern: String,
    /// The names.
    pub stations: Vec<String>,
}

/// Whether a table has one column for each station: times, and beside them nothing but numbers of one kind in many columns.
#[must_use]
pub fn wide(columns: &[InferredColumn]) -> Option<WideTable> {
    let (times, values): (Vec<&InferredColumn>, Vec<&InferredColumn>) =
        columns.iter().partition(|column| column.is_time());
    let reported: Vec<&&InferredColumn> = values.iter().filter(|column| !column.bare).collect();
    let kind = &reported.first()?.kind;
    let alike =
        matches!(&**kind, "int" | "float") && reported.iter().all(|column| column.kind == *kind);
    if times.is_empty() || !alike || reported.len() < LEAST {
        return None;
    }
    let stations: Vec<String> = values
        .iter()
        .flat_map(|column| column.from.clone())
        .collect();
    let names: Vec<String> = stations.iter().map(|name| regex::escape(name)).collect();
    Some(WideTable {
        pattern: format!("^(?<station>{})$", names.join("|")),
        stations,
    })
}

/// The columns of the rows that a wide table makes.
#[must_use]
pub fn long(columns: Vec<InferredColumn>) -> Vec<InferredColumn> {
    let mut reported = columns
        .iter()
        .filter(|column| !column.is_time() && !column.bare);
    let kind = reported
        .next()
        .map_or("text".into(), |column| column.kind.clone());
    let mut long: Vec<InferredColumn> = columns
        .into_iter()
        .filter(InferredColumn::is_time)
        .collect();
    let name = "the name of the column that the value stands in";
    long.push(InferredColumn::from_description(
        "station", "station", "text", name,
    ));
    long.push(InferredColumn::from_description(
        "value", "value", kind, "the cell",
    ));
    long
}

fn places(columns: &[InferredColumn], fits: impl Fn(&InferredColumn) -> bool) -> Vec<usize> {
    let all = columns.iter().enumerate();
    all.filter(|(_, column)| fits(column))
        .map(|(place, _)| place)
        .collect()
}

/// Fewer columns of numbers beside a time are mostly different things.
const LEAST: usize = 5;
