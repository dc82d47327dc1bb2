//! Detection of JSON documents that are no GeoJSON, by their members.

use crate::ingest::json_reader::JsonValue;

/// Unsupported document, with a remedy.
#[derive(Debug)]
pub(super) struct ForeignDocument {
    /// Kind of the document, in lower case without a full stop.
    pub(super) sentence: String,
    /// Remedy.
    pub(super) help: Vec<String>,
}

impl ForeignDocument {
    fn new(what: &str, help: &str) -> Self {
        Self {
            sentence: format!("it is {what} and no GeoJSON"),
            help: vec![help.to_owned()],
        }
    }
}

/// Members found while an object is read.
#[derive(Debug, Default)]
pub(super) struct DocumentOutline {
    kind: Option<String>,
    names: Vec<String>,
    has_attributes: bool,
    /// Total number of features on the server, according to the document.
    matched: Option<u64>,
    is_cut: bool,
    features: u64,
}

impl DocumentOutline {
    /// Adds a member of the object.
    pub(super) fn note_member(&mut self, name: &str, value: &JsonValue) {
        if name == "type" {
            self.kind = value.text().map(str::to_owned);
        }
        match (name, value) {
            ("numberMatched" | "totalFeatures", JsonValue::Number(digits)) => {
                self.matched = digits.parse().ok();
            }
            ("exceededTransferLimit", JsonValue::Bool(true)) => self.is_cut = true,
            ("properties", properties) => {
                let cut = properties.member("exceededTransferLimit");
                self.is_cut |= cut == Some(&JsonValue::Bool(true));
            }
            _ => {}
        }
        if self.names.len() < MOST_NAMES {
            self.names.push(name.chars().take(60).collect());
        }
    }

    /// Adds one of its features.
    pub(super) fn note_feature(&mut self, feature: &JsonValue) {
        self.features = self.features.saturating_add(1);
        self.has_attributes |=
            feature.member("attributes").is_some() && feature.member("properties").is_none();
    }

    /// Kind of the document, if it is no GeoJSON collection.
    pub(super) fn detect_foreign_document(&self, has_features: bool) -> Option<ForeignDocument> {
        if has_features {
            if self.has_attributes {
                return Some(ForeignDocument::new(
                    "Esri JSON",
                    "ask the service for f=geojson, or save it as GeoJSON",
                ));
            }
            return match self.kind.as_deref() {
                Some("FeatureCollection") | None => self.detect_page(),
                Some(kind) => Some(ForeignDocument::new(
                    &format!("a document of the type `{}`", shorten_text(kind)),
                    AS_GEOJSON,
                )),
            };
        }
        Some(match self.kind.as_deref() {
            Some("FeatureCollection") => ForeignDocument {
                sentence: "the collection has no list `features`".to_owned(),
                help: vec!["a collection without features has \"features\": []".to_owned()],
            },
            Some("Topology") => ForeignDocument::new("TopoJSON", AS_GEOJSON),
            Some("CityJSON" | "CityJSONFeature") => ForeignDocument::new("CityJSON", AS_GEOJSON),
            Some(
                "Point" | "MultiPoint" | "LineString" | "MultiLineString" | "Polygon"
                | "MultiPolygon" | "GeometryCollection",
            ) => ForeignDocument::new(
                "a geometry without a feature around it",
                "put it into a feature with its properties",
            ),
            _ => self.by_members(),
        })
    }

    /// Refusal of a document that is one page of several. Totals over one page would be incomplete.
    fn detect_page(&self) -> Option<ForeignDocument> {
        let sentence = match self.matched {
            Some(matched) if matched > self.features => format!(
                "it says that it holds {} of {matched} features: it is one page of several",
                self.features
            ),
            _ if self.is_cut => "it says that the service cut it off at its limit".to_owned(),
            _ => return None,
        };
        Some(ForeignDocument {
            sentence,
            help: vec![
                "fetch all pages into one file; where a part is wanted, take numberMatched or exceededTransferLimit out of it"
                    .to_owned(),
            ],
        })
    }

    fn by_members(&self) -> ForeignDocument {
        let has = |name: &str| self.names.iter().any(|known| known == name);
        if has("last_updated") && has("ttl") && has("data") {
            return ForeignDocument::new(
                "a file of GBFS (shared mobility)",
                "GBFS is not read; save the list that is wanted, such as the stations, as CSV or as GeoJSON",
            );
        }
        if has("@context") {
            return ForeignDocument::new("JSON-LD, as NGSI-LD has it", AS_TABLE);
        }
        if has("@iot.count") || has("@iot.nextLink") || has("@iot.id") {
            return ForeignDocument::new("an answer of SensorThings", AS_TABLE);
        }
        if has("elements") && (has("osm3s") || has("generator")) {
            return ForeignDocument::new("an answer of OpenStreetMap's Overpass", AS_GEOJSON);
        }
        if has("help") && has("success") && has("result") {
            return ForeignDocument::new(
                "an answer of a CKAN portal",
                "take the file of the resource instead of the answer about it",
            );
        }
        let names: Vec<String> = self
            .names
            .iter()
            .take(6)
            .map(|name| format!("`{name}`"))
            .collect();
        let names = match names.as_slice() {
            [] => "a JSON object without members".to_owned(),
            names => format!("a JSON object with {}", names.join(", ")),
        };
        ForeignDocument::new(&names, AS_TABLE)
    }
}

/// Kind of a list, by its first value.
pub(super) fn of_list(first: Option<&JsonValue>) -> ForeignDocument {
    let is_feature =
        |value: &&JsonValue| value.member("type").and_then(JsonValue::text) == Some("Feature");
    match first {
        None => ForeignDocument::new("an empty list", AS_TABLE),
        Some(_) if first.as_ref().is_some_and(is_feature) => ForeignDocument::new(
            "a list of features without the collection around it",
            "write {\"type\": \"FeatureCollection\", \"features\": in front of it and } behind it",
        ),
        Some(JsonValue::Object(_)) => ForeignDocument::new(
            "a list of JSON objects, which are rows of a table",
            "kind = \"json\" reads it",
        ),
        Some(_) => ForeignDocument::new("a list of JSON values", AS_TABLE),
    }
}

fn shorten_text(text: &str) -> String {
    text.chars().take(60).collect()
}

const AS_GEOJSON: &str = "save it as GeoJSON (RFC 7946), with one point for each feature";

const AS_TABLE: &str =
    "save the rows as CSV or as a list of JSON objects; kind = \"json\" reads such a list";

const MOST_NAMES: usize = 64;
