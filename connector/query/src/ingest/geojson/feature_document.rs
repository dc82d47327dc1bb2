//! Features of a document: of a collection, of a single feature, or of a sequence of features.

use super::foreign_document::{self, DocumentOutline};
use crate::ingest::bounded_reader::{self, RowByteAllowance};
use crate::ingest::config::{SourceConfig, SourceKind};
use crate::ingest::json_reader::{JsonError, JsonReader, JsonValue};
use crate::ingest::source_content::SourceContent;
use crate::ingest::source_files::SourceFile;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::io::Read;

/// Receiver of features with the line numbers of their starts.
type FeatureSink<'e> = dyn FnMut(u64, JsonValue) -> Result<(), Refusal> + 'e;

/// Passes each feature to `each`, with the line number of its start.
///
/// # Errors
/// `SOURCE_UNREADABLE` if the file is no GeoJSON. A refusal of `each` ends the reading.
pub(super) fn read_features(
    file: &SourceFile,
    config: &SourceConfig,
    each: &mut FeatureSink<'_>,
) -> Result<(), Refusal> {
    let allowance = RowByteAllowance::of_features(config);
    let mut document = FeatureDocument {
        json: JsonReader::new(
            SourceContent::open_as(file, SourceKind::GeoJson)?,
            &allowance,
        ),
        allowance: &allowance,
        each,
    };
    document.read().map_err(|stop| match stop {
        ReadingStop::Refused(refusal) => *refusal,
        ReadingStop::Foreign(why) => {
            let refusal = unreadable_file_refusal(&file.display_name, None, &why.sentence);
            why.help.into_iter().fold(refusal, Refusal::with_help)
        }
        ReadingStop::Json(error) => {
            let refusal = unreadable_file_refusal(&file.display_name, Some(error.line), &error.why);
            if error.is_too_long {
                bounded_reader::with_help(refusal)
            } else {
                refusal
            }
        }
    })
}

/// Refusal of a complete file.
pub(super) fn unreadable_file_refusal(shown: &str, line: Option<u64>, why: &str) -> Refusal {
    Refusal::new(
        ErrorCode::SourceUnreadable,
        format!("`{shown}` can't be read: {why}"),
    )
    .with_place(shown, line, None)
}

/// Checks that the `crs` member is longitude and latitude in WGS 84. RFC 7946 has no such member, and its absence means WGS 84.
pub(super) fn is_wgs84(crs: Option<&JsonValue>) -> bool {
    let Some(crs) = crs.filter(|crs| **crs != JsonValue::Null) else {
        return true;
    };
    let properties = crs.member("properties");
    let name = properties.and_then(|all| all.member("name").or_else(|| all.member("code")));
    let name = match name {
        Some(JsonValue::Text(name) | JsonValue::Number(name)) => name,
        _ => return false,
    };
    let last = name.rsplit([':', '/']).next().unwrap_or_default();
    matches!(last, "CRS84" | "CRS84h" | "4326" | "4979")
}

/// Reason for the end of reading.
enum ReadingStop {
    Json(JsonError),
    Refused(Box<Refusal>),
    Foreign(foreign_document::ForeignDocument),
}

impl From<JsonError> for ReadingStop {
    fn from(error: JsonError) -> Self {
        Self::Json(error)
    }
}

struct FeatureDocument<'r, 'e, 's, R> {
    json: JsonReader<'r, R>,
    allowance: &'r RowByteAllowance,
    each: &'e mut FeatureSink<'s>,
}

impl<R: Read> FeatureDocument<'_, '_, '_, R> {
    fn read(&mut self) -> Result<(), ReadingStop> {
        match self.json.peek_record()? {
            Some(b'{') => {}
            Some(b'[') => return Err(self.read_list()),
            Some(_) => {
                return Err(self
                    .json
                    .error("it is not GeoJSON, which begins with `{`")
                    .into());
            }
            None => return Err(self.json.error("the file is empty").into()),
        }
        if self.read_first()? {
            return Ok(());
        }
        while self.json.peek_record()?.is_some() {
            let line = self.json.line();
            self.json.begin_row();
            let feature = self.json.value()?;
            if type_of(&feature) == Some("FeatureCollection") {
                let why = "a collection stands behind a feature, and either is read alone";
                return Err(self.json.error(why).into());
            }
            self.hand_out(line, feature)?;
        }
        Ok(())
    }

    /// Reads the first object of the document. Returns true if it is a collection, which is then the complete document.
    fn read_first(&mut self) -> Result<bool, ReadingStop> {
        let (line, begin) = (self.json.line(), self.json.bytes_read());
        let mut outline = DocumentOutline::default();
        let mut has_features = false;
        let mut feature = Vec::new();
        self.json.take_if(b'{')?;
        let mut is_first = true;
        loop {
            // Members beside the features are no rows; the row limit applies to each name and each value.
            self.json.begin_row();
            let Some(name) = self.json.next_name(is_first)? else {
                break;
            };
            is_first = false;
            self.json.begin_row();
            let is_list = self.json.peek_token()? == Some(b'[');
            if name == "features" && is_list {
                if has_features {
                    return Err(self.json.error("the name `features` stands twice").into());
                }
                has_features = true;
                self.read_feature_list(&mut outline)?;
                continue;
            }
            let value = self.json.value()?;
            outline.note_member(&name, &value);
            if FEATURE_MEMBERS.contains(&name.as_str()) {
                feature.push((name, value));
            } else if feature.len() < MOST_OTHERS {
                // The name is enough to show that other members exist.
                feature.push((name, JsonValue::Null));
            }
        }
        let feature = JsonValue::Object(feature);
        if !has_features && type_of(&feature) == Some("Feature") {
            let bytes = self.json.bytes_read().saturating_sub(begin);
            if self
                .allowance
                .is_exceeded(usize::try_from(bytes).unwrap_or(usize::MAX))
            {
                return Err(self.json.too_long().into());
            }
            self.hand_out(line, feature)?;
            return Ok(false);
        }
        if let Some(foreign) = outline.detect_foreign_document(has_features) {
            return Err(ReadingStop::Foreign(foreign));
        }
        if let Some(name) = feature.repeated_name() {
            let why = format!("the name `{name}` stands twice beside the features");
            return Err(self.json.error(why).into());
        }
        if !is_wgs84(feature.member("crs")) {
            let why = "its crs is not WGS 84 longitude and latitude";
            return Err(self.json.error(why).into());
        }
        if self.json.peek_record()?.is_some() {
            let why = "something stands behind the end of the collection";
            return Err(self.json.error(why).into());
        }
        Ok(true)
    }

    fn read_feature_list(&mut self, outline: &mut DocumentOutline) -> Result<(), ReadingStop> {
        self.json.take_if(b'[')?;
        let mut is_first = true;
        while {
            // Bytes between two features belong to neither of them.
            self.json.begin_row();
            self.json.has_next_value(is_first)?
        } {
            self.json.begin_row();
            self.json.peek_token()?;
            let line = self.json.line();
            self.json.begin_row();
            let feature = self.json.value()?;
            outline.note_feature(&feature);
            is_first = false;
            self.hand_out(line, feature)?;
        }
        self.json.begin_row();
        Ok(())
    }

    /// Reason why a list is no GeoJSON document.
    fn read_list(&mut self) -> ReadingStop {
        let mut first = || -> Result<Option<JsonValue>, JsonError> {
            self.json.take_if(b'[')?;
            if self.json.has_next_value(true)? {
                return self.json.value().map(Some);
            }
            Ok(None)
        };
        match first() {
            Ok(first) => ReadingStop::Foreign(foreign_document::of_list(first.as_ref())),
            Err(error) => error.into(),
        }
    }

    fn hand_out(&mut self, line: u64, feature: JsonValue) -> Result<(), ReadingStop> {
        (self.each)(line, feature).map_err(|refusal| ReadingStop::Refused(Box::new(refusal)))
    }
}

fn type_of(value: &JsonValue) -> Option<&str> {
    value.member("type")?.text()
}

/// Members of a feature that are read.
const FEATURE_MEMBERS: [&str; 6] = ["type", "id", "geometry", "properties", "bbox", "crs"];

/// Maximum number of other members that are kept from the first object.
const MOST_OTHERS: usize = 64;
