//! How a dataset is released: by which column, up to where, and under which series.

use crate::source::when;
use catalog::dataset::{ColumnType, Dataset, Grid};
use enforce::bucket;
use evidence::digest::Digest;
use policy::refusal::{Code, Refusal};
use policy::term::release::{Late, Release};

/// What a series belongs to: with another schema, grid or way of releasing there is another. None where nothing is released.
pub(crate) fn basis(dataset: &Dataset) -> Option<Digest> {
    let (grid, release) = releasing(dataset)?;
    let listing: Vec<String> = dataset
        .columns
        .iter()
        .map(|column| {
            format!(
                "{} {} {}",
                column.name,
                column.kind.as_str(),
                column.nullable
            )
        })
        .collect();
    let dimensions: Vec<String> = grid
        .dimensions
        .iter()
        .map(|one| {
            let bucket = one.bucket.map_or("", policy::term::Bucket::as_str);
            format!(
                "{} {bucket} {}",
                one.column,
                one.zone.as_deref().unwrap_or_default()
            )
        })
        .collect();
    let late = Late::ALL.iter().find(|(_, late)| *late == release.late);
    let text = format!(
        "releases/1\n{}\n{}\n{}\n{} {} {}",
        grid.id,
        listing.join("\n"),
        dimensions.join("\n"),
        release.column,
        release.every.as_str(),
        late.map_or("", |(word, _)| word)
    );
    Some(Digest::of(text.as_bytes()))
}

pub(super) fn releasing(dataset: &Dataset) -> Option<(&Grid, &Release)> {
    let grid = dataset.grid.as_ref()?;
    Some((grid, grid.release.as_ref()?))
}

pub(super) fn is_day(dataset: &Dataset, release: &Release) -> bool {
    let mut columns = dataset.columns.iter();
    columns.any(|column| column.name == release.column && column.kind == ColumnType::Date)
}

/// The end of the last period that was over when the snapshot was published, in the unit of the column.
pub(super) fn cut(dataset: &Dataset, grid: &Grid, release: &Release) -> Result<i64, Refusal> {
    let own = grid
        .dimensions
        .iter()
        .find(|one| one.column == release.column);
    let zone = own.and_then(|own| own.zone.as_deref());
    let published = dataset.published_at.micros();
    let known = |name: &str| {
        when::zone(name).ok_or_else(|| {
            Refusal::new(
                Code::SchemaChanged,
                format!("there is no time zone `{name}`"),
            )
        })
    };
    if is_day(dataset, release) {
        let zone = known(zone.unwrap_or(&dataset.zone))?;
        let day = when::local_day(published, &zone).unwrap_or(i32::MIN);
        return Ok(i64::from(bucket::first_day(day, release.every)));
    }
    let zone = known(zone.unwrap_or("UTC"))?;
    Ok(bucket::bounds(published, release.every, &zone).0)
}
