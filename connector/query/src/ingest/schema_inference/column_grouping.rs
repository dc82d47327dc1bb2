//! Groups of related columns: a date and a time of day that form a timestamp, and a table with one column for each station.

use super::inferred_column::InferredColumn;

/// Joins each date column with the only adjacent column of times of day.
#[must_use]
pub fn join_dates_and_times(columns: Vec<InferredColumn>) -> Vec<InferredColumn> {
    let clocks: Vec<usize> = column_places(&columns, |column| column.clock.is_some());
    let dates: Vec<usize> = column_places(&columns, |column| column.kind == "date");
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

/// Station columns of a wide table, and the pattern for their unpivot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WideTable {
    /// Regular expression that matches the station columns and no other.
    pub pattern: String,
    /// Names of the station columns.
    pub stations: Vec<String>,
}

/// Detects a table with one column for each station: a time column and many number columns of one kind.
#[must_use]
pub fn detect_wide_table(columns: &[InferredColumn]) -> Option<WideTable> {
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

/// Columns of the rows after the unpivot of a wide table.
#[must_use]
pub fn unpivot_columns(columns: Vec<InferredColumn>) -> Vec<InferredColumn> {
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

fn column_places(columns: &[InferredColumn], fits: impl Fn(&InferredColumn) -> bool) -> Vec<usize> {
    let all = columns.iter().enumerate();
    all.filter(|(_, column)| fits(column))
        .map(|(place, _)| place)
        .collect()
}

/// Minimum number of number columns. Fewer ones usually have different meanings.
const LEAST: usize = 5;
