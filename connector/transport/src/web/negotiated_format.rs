//! Negotiation of the format of an answer.

use super::problem::WebError;
use super::request::WebRequest;
use http::{HeaderMap, StatusCode, header};

/// Format of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AnswerFormat {
    /// Comma-separated values that are safe in a spreadsheet: no text cell begins a formula.
    Csv,
    /// Comma-separated values with unchanged texts.
    PlainCsv,
    /// One JSON object.
    Json,
    /// Collection of points.
    GeoJson,
    /// Workbook of Office Open XML.
    Workbook,
}

impl AnswerFormat {
    /// All formats; the first one is the default.
    pub(super) const ALL: [Self; 5] = [
        Self::Csv,
        Self::PlainCsv,
        Self::Json,
        Self::GeoJson,
        Self::Workbook,
    ];

    /// Word in an address.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::PlainCsv => "csv-plain",
            Self::Json => "json",
            Self::GeoJson => "geojson",
            Self::Workbook => "xlsx",
        }
    }

    /// Media type.
    pub(super) const fn media_type(self) -> &'static str {
        match self {
            Self::Csv | Self::PlainCsv => "text/csv",
            Self::Json => "application/json",
            Self::GeoJson => "application/geo+json",
            Self::Workbook => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }

    /// Media type with its parameters.
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Csv | Self::PlainCsv => "text/csv; charset=utf-8; header=present",
            other => other.media_type(),
        }
    }

    /// File name extension.
    pub(super) const fn file_extension(self) -> &'static str {
        match self {
            Self::Csv | Self::PlainCsv => "csv",
            other => other.word(),
        }
    }

    /// Requested format: by the parameter `format`, or by the header `Accept`.
    ///
    /// # Errors
    /// When the requested format is not available.
    pub(super) fn from_request(
        request: &mut WebRequest,
        otherwise: Self,
    ) -> Result<Self, WebError> {
        if let Some(word) = request.take_parameter("format") {
            let found = Self::ALL.into_iter().find(|format| format.word() == word);
            return found.ok_or_else(|| {
                let sentence = format!("there is no format `{word}`");
                WebError::new(StatusCode::BAD_REQUEST, sentence).with_help(describe_formats())
            });
        }
        let Some(ranges) = accepted_media_types(&request.parts.headers) else {
            return Ok(otherwise);
        };
        let mut wanted = ranges.iter().filter_map(|(_, media)| match media.as_str() {
            "*/*" => Some(otherwise),
            "text/*" => Some(Self::Csv),
            "application/*" => Some(Self::Json),
            exact => Self::ALL
                .into_iter()
                .find(|format| format.media_type() == exact),
        });
        wanted.next().ok_or_else(|| {
            let sentence = "none of the forms that the header Accept names is there";
            WebError::new(StatusCode::NOT_ACCEPTABLE, sentence).with_help(describe_formats())
        })
    }
}

/// Media types in the header `Accept`, in lower case and without parameters, the preferred one first; none without such a header.
/// Types with weight 0 are left out.
pub(super) fn accepted_media_types(headers: &HeaderMap) -> Option<Vec<(f32, String)>> {
    let values = headers.get_all(header::ACCEPT).iter();
    let values = values.filter_map(|value| value.to_str().ok());
    let values = values.flat_map(|value| value.split(',')).map(str::trim);
    let values: Vec<&str> = values.filter(|value| !value.is_empty()).collect();
    if values.is_empty() {
        return None;
    }
    let weighed = values.into_iter().map(|value| {
        let mut parts = value.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts.find_map(|part| part.strip_prefix("q="));
        let weight = weight.map_or(Some(1.0), |text| text.parse().ok());
        (weight.unwrap_or(0.0), media)
    });
    let mut ranges: Vec<(f32, String)> = weighed.filter(|(weight, _)| *weight > 0.0).collect();
    // The sort is stable: of two equal weights the first one is preferred.
    ranges.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    Some(ranges)
}

fn describe_formats() -> String {
    let words =
        AnswerFormat::ALL.map(|format| format!("{} ({})", format.word(), format.media_type()));
    format!("the formats are {}", words.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn wanted(address: &str, accept: &str) -> Result<AnswerFormat, u16> {
        let request = Request::get(address)
            .header("host", "x")
            .header("accept", accept);
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let mut request = WebRequest::of(parts).unwrap();
        AnswerFormat::from_request(&mut request, AnswerFormat::Csv)
            .map_err(|error| error.response().status().as_u16())
    }

    #[test]
    fn a_form_is_named_or_preferred() {
        for (address, accept, expected) in [
            ("/", "", Ok(AnswerFormat::Csv)),
            ("/", "*/*", Ok(AnswerFormat::Csv)),
            ("/", "text/html, */*;q=0.1", Ok(AnswerFormat::Csv)),
            (
                "/",
                "text/csv;q=0.5, application/json",
                Ok(AnswerFormat::Json),
            ),
            ("/", "application/geo+json", Ok(AnswerFormat::GeoJson)),
            ("/", "application/json;q=0, text/csv", Ok(AnswerFormat::Csv)),
            ("/", "image/png", Err(406)),
            ("/?format=xlsx", "image/png", Ok(AnswerFormat::Workbook)),
            ("/?format=CSV", "*/*", Err(400)),
        ] {
            assert_eq!(wanted(address, accept), expected, "{address} {accept}");
        }
    }
}
