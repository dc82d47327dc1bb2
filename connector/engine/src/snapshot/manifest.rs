//! What lies beside the files of a snapshot: its entry, its digest, and what it was made of.

mod segments;

use crate::inplace::Stays;
use crate::snapshot::segments::Segments;
use catalog::dataset::{Column, ColumnType, Dataset, Grid, GridDimension};
use evidence::digest::Digest;
use evidence::time::Time;
use policy::term::Bucket;
use policy::term::release::{Late, Release};
use segments::SegmentsShape;
use serde::{Deserialize, Serialize};

/// A snapshot as it lies on disk.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// The catalogue entry.
    pub dataset: Dataset,
    /// Names of its files, in order.
    pub files: Vec<String>,
    /// The digest of its rows.
    pub digest: Digest,
    /// The digest of everything that it was made of.
    pub inputs: Digest,
    /// Where its rows stay, if it has no files.
    pub stays: Option<Stays>,
    /// What it consists of, if it only grows.
    pub segments: Option<Segments>,
}

/// As JSON.
#[must_use]
pub fn to_bytes(manifest: &Manifest) -> Vec<u8> {
    let Manifest {
        dataset,
        files,
        digest,
        inputs,
        stays,
        segments,
    } = manifest;
    let Dataset {
        id,
        title,
        licence,
        attribution,
        high_value,
        model,
        unit_column,
        personal,
        columns,
        whole_schema,
        grid,
        // What the segments say.
        feed: _,
        version,
        published_at,
        rows,
        bytes,
        time_span,
        area,
        zone,
    } = dataset;
    let shape = Shape {
        format: FORMAT.to_owned(),
        dataset: id.to_string(),
        title: title.clone(),
        licence: licence.clone(),
        attribution: attribution.clone(),
        high_value: *high_value,
        model: model.clone(),
        unit_column: unit_column.as_ref().map(ToString::to_string),
        personal: *personal,
        columns: columns.iter().map(ColumnShape::of).collect(),
        whole_schema: whole_schema.map(|digest| digest.to_string()),
        grid: grid.as_ref().map(GridShape::of),
        version: version.clone(),
        published_at: published_at.to_string(),
        rows: *rows,
        bytes: *bytes,
        time_span: time_span.map(|(first, last)| (first.to_string(), last.to_string())),
        area: *area,
        zone: zone.clone(),
        files: files.clone(),
        digest: digest.to_string(),
        inputs: inputs.to_string(),
        stays: stays.clone(),
        segments: segments.as_ref().map(SegmentsShape::of),
    };
    serde_json::to_vec_pretty(&shape).unwrap_or_default()
}

/// From JSON; `None` where anything in it is not as it was written.
#[must_use]
pub fn from_bytes(bytes: &[u8]) -> Option<Manifest> {
    let shape: Shape = serde_json::from_slice(bytes).ok()?;
    if shape.format != FORMAT {
        return None;
    }
    let time_span = match shape.time_span {
        None => None,
        Some((first, last)) => Some((first.parse::<Time>().ok()?, last.parse::<Time>().ok()?)),
    };
    let unit_column = match shape.unit_column {
        None => None,
        Some(name) => Some(name.parse().ok()?),
    };
    let whole_schema = match shape.whole_schema {
        None => None,
        Some(digest) => Some(digest.parse().ok()?),
    };
    let grid = match shape.grid {
        None => None,
        Some(grid) => Some(grid.back()?),
    };
    let segments = match shape.segments {
        None => None,
        Some(segments) => Some(segments.back()?),
    };
    Some(Manifest {
        dataset: Dataset {
            id: shape.dataset.parse().ok()?,
            title: shape.title,
            licence: shape.licence,
            attribution: shape.attribution,
            high_value: shape.high_value,
            model: shape.model,
            unit_column,
            personal: shape.personal,
            columns: shape
                .columns
                .into_iter()
                .map(ColumnShape::back)
                .collect::<Option<_>>()?,
            whole_schema,
            grid,
            feed: segments.as_ref().map(Segments::feed),
            version: shape.version,
            published_at: shape.published_at.parse().ok()?,
            rows: shape.rows,
            bytes: shape.bytes,
            time_span,
            area: shape.area,
            zone: shape.zone,
        },
        files: shape.files,
        digest: shape.digest.parse().ok()?,
        inputs: shape.inputs.parse().ok()?,
        stays: shape.stays,
        segments,
    })
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shape {
    format: String,
    dataset: String,
    title: String,
    licence: String,
    attribution: Option<String>,
    high_value: bool,
    model: Option<String>,
    unit_column: Option<String>,
    personal: bool,
    columns: Vec<ColumnShape>,
    whole_schema: Option<String>,
    grid: Option<GridShape>,
    version: String,
    published_at: String,
    rows: u64,
    bytes: u64,
    time_span: Option<(String, String)>,
    area: Option<[f64; 4]>,
    zone: String,
    files: Vec<String>,
    digest: String,
    inputs: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stays: Option<Stays>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    segments: Option<SegmentsShape>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ColumnShape {
    name: String,
    kind: String,
    nullable: bool,
    unit: Option<String>,
    crs: Option<String>,
    personal: bool,
    meaning: Option<String>,
    conversion: Option<String>,
    #[serde(default)]
    own_keys: Option<String>,
    #[serde(default)]
    distinct: u64,
}

impl ColumnShape {
    fn of(column: &Column) -> Self {
        let Column {
            name,
            kind,
            nullable,
            unit,
            crs,
            personal,
            meaning,
            conversion,
            own_keys,
            distinct,
        } = column;
        Self {
            name: name.to_string(),
            kind: kind.as_str().to_owned(),
            nullable: *nullable,
            unit: unit.clone(),
            crs: crs.clone(),
            personal: *personal,
            meaning: meaning.clone(),
            conversion: conversion.clone(),
            own_keys: own_keys.as_ref().map(ToString::to_string),
            distinct: *distinct,
        }
    }

    fn back(self) -> Option<Column> {
        let own_keys = match self.own_keys {
            None => None,
            Some(name) => Some(name.parse().ok()?),
        };
        Some(Column {
            name: self.name.parse().ok()?,
            kind: KINDS.into_iter().find(|kind| kind.as_str() == self.kind)?,
            nullable: self.nullable,
            unit: self.unit,
            crs: self.crs,
            personal: self.personal,
            meaning: self.meaning,
            conversion: self.conversion,
            own_keys,
            distinct: self.distinct,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GridShape {
    id: String,
    dimensions: Vec<(String, Option<String>, Option<String>)>,
    /// Column, period, and what becomes of late rows.
    #[serde(default)]
    release: Option<(String, String, String)>,
}

impl GridShape {
    fn of(grid: &Grid) -> Self {
        let dimensions = grid.dimensions.iter().map(|dimension| {
            let GridDimension {
                column,
                bucket,
                zone,
            } = dimension;
            (
                column.to_string(),
                bucket.and_then(name_of_bucket),
                zone.clone(),
            )
        });
        Self {
            id: grid.id.clone(),
            dimensions: dimensions.collect(),
            release: grid.release.as_ref().and_then(|release| {
                let Release {
                    column,
                    every,
                    late,
                } = release;
                let late = word_of(&Late::ALL, *late)?;
                Some((column.to_string(), name_of_bucket(*every)?, late))
            }),
        }
    }

    fn back(self) -> Option<Grid> {
        let mut dimensions = Vec::new();
        for (column, bucket, zone) in self.dimensions {
            let bucket = match bucket {
                None => None,
                Some(word) => Some(bucket_named(&word)?),
            };
            dimensions.push(GridDimension {
                column: column.parse().ok()?,
                bucket,
                zone,
            });
        }
        let release = match self.release {
            None => None,
            Some((column, every, late)) => Some(Release {
                column: column.parse().ok()?,
                every: bucket_named(&every)?,
                late: Late::ALL.iter().find(|(known, _)| *known == late)?.1,
            }),
        };
        Some(Grid {
            id: self.id,
            dimensions,
            release,
        })
    }
}

/// The name of a bucket in configuration and on disk.
#[must_use]
pub fn name_of_bucket(bucket: Bucket) -> Option<String> {
    word_of(&BUCKETS, bucket)
}

/// The bucket of that name.
#[must_use]
pub fn bucket_named(word: &str) -> Option<Bucket> {
    let hit = BUCKETS.iter().find(|(known, _)| *known == word);
    hit.map(|(_, bucket)| *bucket)
}

fn word_of<T: PartialEq>(list: &[(&str, T)], value: T) -> Option<String> {
    let hit = list.iter().find(|(_, known)| *known == value);
    hit.map(|(word, _)| (*word).to_owned())
}

/// The names of buckets in configuration and on disk.
pub const BUCKETS: [(&str, Bucket); 6] = [
    ("quarter-hour", Bucket::QuarterHour),
    ("hour", Bucket::Hour),
    ("day", Bucket::Day),
    ("week", Bucket::Week),
    ("month", Bucket::Month),
    ("year", Bucket::Year),
];

const KINDS: [ColumnType; 6] = [
    ColumnType::Text,
    ColumnType::Int,
    ColumnType::Float,
    ColumnType::Bool,
    ColumnType::Date,
    ColumnType::Instant,
];

const FORMAT: &str = "hansa-snapshot/1";
