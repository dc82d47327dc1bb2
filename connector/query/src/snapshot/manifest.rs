//! What lies beside the files of a snapshot: its entry, its digest, and what it was made of.

mod grid_json;
mod saved_query_json;
mod segments_json;

use crate::in_place_data::InPlaceLocation;
use crate::snapshot::block_digests::{BlockDigests, BlockDigestsJson};
use crate::snapshot::segments::FeedSegments;
use crate::snapshot::self_digest;
use grid_json::GridJson;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::dataset::{Dataset, DatasetColumn, DatasetDescription};
use saved_query_json::SavedQueryJson;
use segments_json::FeedSegmentsJson;
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
    pub in_place: Option<InPlaceLocation>,
    /// What it consists of, if it only grows.
    pub segments: Option<FeedSegments>,
    /// The digests of the blocks of each file, in order; absent where it was written before there were any.
    pub blocks: Option<Vec<BlockDigests>>,
}

/// As JSON.
#[must_use]
pub fn to_bytes(manifest: &Manifest) -> Vec<u8> {
    let shape = shape(manifest);
    self_digest::filled(serde_json::to_vec_pretty(&shape).unwrap_or_default())
}

fn shape(manifest: &Manifest) -> ManifestJson {
    let Manifest {
        dataset,
        files,
        digest,
        inputs,
        in_place,
        segments,
        blocks,
    } = manifest;
    let Dataset {
        id,
        title,
        licence,
        attribution,
        high_value,
        model,
        kind,
        description,
        queries,
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
    ManifestJson {
        format: FORMAT.to_owned(),
        dataset: id.to_string(),
        title: title.clone(),
        licence: licence.clone(),
        attribution: attribution.clone(),
        high_value: *high_value,
        model: model.clone(),
        kind: kind.map(|kind| kind.to_string()),
        description: (*description != DatasetDescription::default())
            .then(|| DescriptionJson::of(description)),
        queries: queries.iter().map(SavedQueryJson::of).collect(),
        unit_column: unit_column.as_ref().map(ToString::to_string),
        personal: *personal,
        columns: columns.iter().map(ManifestColumnJson::of).collect(),
        whole_schema: whole_schema.map(|digest| digest.to_string()),
        grid: grid.as_ref().map(GridJson::of),
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
        stays: in_place.clone(),
        segments: segments.as_ref().map(FeedSegmentsJson::of),
        blocks: blocks
            .as_ref()
            .map(|blocks| blocks.iter().map(BlockDigestsJson::of).collect()),
        sum: Some(self_digest::blank()),
    }
}

/// From JSON; `None` where anything in it is not as it was written.
#[must_use]
pub fn from_bytes(bytes: &[u8]) -> Option<Manifest> {
    let shape: ManifestJson = serde_json::from_slice(bytes).ok()?;
    let whole = shape
        .sum
        .as_ref()
        .is_none_or(|sum| self_digest::is_whole(bytes, sum));
    if shape.format != FORMAT || !whole {
        return None;
    }
    let time_span = match shape.time_span {
        None => None,
        Some((first, last)) => Some((
            first.parse::<UtcTimestamp>().ok()?,
            last.parse::<UtcTimestamp>().ok()?,
        )),
    };
    let unit_column = match shape.unit_column {
        None => None,
        Some(name) => Some(name.parse().ok()?),
    };
    let kind = match shape.kind {
        None => None,
        Some(word) => Some(word.parse().ok()?),
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
    let blocks = match shape.blocks {
        None => None,
        Some(blocks) => Some(
            blocks
                .into_iter()
                .map(BlockDigestsJson::back)
                .collect::<Option<Vec<_>>>()?,
        ),
    };
    if blocks
        .as_ref()
        .is_some_and(|blocks| blocks.len() != shape.files.len())
    {
        return None;
    }
    Some(Manifest {
        dataset: Dataset {
            id: shape.dataset.parse().ok()?,
            title: shape.title,
            licence: shape.licence,
            attribution: shape.attribution,
            high_value: shape.high_value,
            model: shape.model,
            kind,
            description: shape
                .description
                .map(DescriptionJson::back)
                .unwrap_or_default(),
            queries: shape
                .queries
                .into_iter()
                .map(SavedQueryJson::back)
                .collect::<Option<_>>()?,
            unit_column,
            personal: shape.personal,
            columns: shape
                .columns
                .into_iter()
                .map(ManifestColumnJson::back)
                .collect::<Option<_>>()?,
            whole_schema,
            grid,
            feed: segments.as_ref().map(FeedSegments::feed),
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
        in_place: shape.stays,
        segments,
        blocks,
    })
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ManifestJson {
    format: String,
    dataset: String,
    title: String,
    licence: String,
    attribution: Option<String>,
    high_value: bool,
    model: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<DescriptionJson>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    queries: Vec<SavedQueryJson>,
    unit_column: Option<String>,
    personal: bool,
    columns: Vec<ManifestColumnJson>,
    whole_schema: Option<String>,
    grid: Option<GridJson>,
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
    stays: Option<InPlaceLocation>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    segments: Option<FeedSegmentsJson>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    blocks: Option<Vec<BlockDigestsJson>>,
    /// The digest of all else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sum: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DescriptionJson {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    quality: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    uncertainty: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    collection_method: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    service_level: Option<String>,
}

impl DescriptionJson {
    fn of(description: &DatasetDescription) -> Self {
        let DatasetDescription {
            quality,
            uncertainty,
            collection_method,
            service_level,
        } = description.clone();
        Self {
            quality,
            uncertainty,
            collection_method,
            service_level,
        }
    }

    fn back(self) -> DatasetDescription {
        let Self {
            quality,
            uncertainty,
            collection_method,
            service_level,
        } = self;
        DatasetDescription {
            quality,
            uncertainty,
            collection_method,
            service_level,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ManifestColumnJson {
    name: String,
    kind: String,
    nullable: bool,
    unit: Option<String>,
    crs: Option<String>,
    personal: bool,
    meaning: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    uncertainty: Option<String>,
    conversion: Option<String>,
    #[serde(default)]
    own_keys: Option<String>,
    #[serde(default)]
    distinct: u64,
}

impl ManifestColumnJson {
    fn of(column: &DatasetColumn) -> Self {
        let DatasetColumn {
            name,
            kind,
            nullable,
            unit,
            crs,
            personal,
            meaning,
            uncertainty,
            conversion,
            own_keys,
            distinct,
        } = column;
        Self {
            name: name.to_string(),
            kind: kind.to_string(),
            nullable: *nullable,
            unit: unit.clone(),
            crs: crs.clone(),
            personal: *personal,
            meaning: meaning.clone(),
            uncertainty: uncertainty.clone(),
            conversion: conversion.clone(),
            own_keys: own_keys.as_ref().map(ToString::to_string),
            distinct: *distinct,
        }
    }

    fn back(self) -> Option<DatasetColumn> {
        let own_keys = match self.own_keys {
            None => None,
            Some(name) => Some(name.parse().ok()?),
        };
        Some(DatasetColumn {
            name: self.name.parse().ok()?,
            kind: self.kind.parse().ok()?,
            nullable: self.nullable,
            unit: self.unit,
            crs: self.crs,
            personal: self.personal,
            meaning: self.meaning,
            uncertainty: self.uncertainty,
            conversion: self.conversion,
            own_keys,
            distinct: self.distinct,
        })
    }
}

const FORMAT: &str = "hansa-snapshot/1";
