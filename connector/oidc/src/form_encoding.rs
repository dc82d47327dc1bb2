//! The media type `application/x-www-form-urlencoded`, written by the URL library of the HTTP client.

use reqwest::Url;

/// Field of a form or of a query.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FormField<'a> {
    /// Name of the field.
    pub(crate) name: &'a str,
    /// Value of the field.
    pub(crate) value: &'a str,
}

/// Adds fields to the query of an address. Fields that are there stay.
pub(crate) fn add_query(url: &mut Url, fields: &[FormField<'_>]) {
    let mut pairs = url.query_pairs_mut();
    for field in fields {
        pairs.append_pair(field.name, field.value);
    }
}

/// Encodes a form. `None` if the library of addresses does not work at all.
pub(crate) fn encode_form(fields: &[FormField<'_>]) -> Option<String> {
    let mut url = Url::parse("http://localhost/").ok()?;
    add_query(&mut url, fields);
    url.query().map(str::to_owned)
}

/// Encodes one text.
pub(crate) fn encode_text(text: &str) -> Option<String> {
    let mut url = Url::parse("http://localhost/").ok()?;
    url.query_pairs_mut().append_key_only(text);
    url.query().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_and_a_text_are_encoded() {
        let fields = [
            FormField {
                name: "code",
                value: "a+b/c=d&e",
            },
            FormField {
                name: "wort",
                value: "grün ;",
            },
        ];
        let form = encode_form(&fields).unwrap();
        assert_eq!(form, "code=a%2Bb%2Fc%3Dd%26e&wort=gr%C3%BCn+%3B");
        assert_eq!(encode_text("a:b c%").unwrap(), "a%3Ab+c%25");
    }
}
