//! Parameters with which the browser comes back from the issuer (RFC 6749, section 4.1.2; RFC 9207).

use crate::answer_fault::sign_in_refusal;
use hansa_policy::refusal::Refusal;
use std::collections::BTreeMap;
use std::fmt;

/// Longest parameter, bytes.
const LONGEST: usize = 4 << 10;

/// Parameters of the authorization response. Others are ignored, as the standard demands. `Debug` hides them.
#[derive(Clone, Default)]
pub struct CallbackParameters {
    /// Value that binds the response to the request.
    pub state: Option<String>,
    /// Code, to be exchanged once.
    pub code: Option<String>,
    /// Issuer that the response names.
    pub iss: Option<String>,
    /// Error code of the issuer.
    pub error: Option<String>,
}

impl CallbackParameters {
    /// Parameters from a query whose names occur once.
    #[must_use]
    pub fn from_query(query: &BTreeMap<String, String>) -> Self {
        let find = |name: &str| query.get(name).cloned();
        Self {
            state: find("state"),
            code: find("code"),
            iss: find("iss"),
            error: find("error"),
        }
    }

    /// Checks that the response is of the issuer, and gives its code.
    ///
    /// # Errors
    /// `SIGN_IN_REFUSED`
    pub(crate) fn check_code(&self, issuer: &str, names_issuer: bool) -> Result<&str, Refusal> {
        match self.iss.as_deref() {
            Some(named) if named != issuer => {
                return Err(sign_in_refusal("the response is of another issuer"));
            }
            None if names_issuer => {
                return Err(sign_in_refusal("the response does not name its issuer"));
            }
            _ => {}
        }
        if let Some(error) = &self.error {
            let reason = format!("the issuer says `{}`", to_error_word(error));
            return Err(sign_in_refusal(&reason));
        }
        let code = self.code.as_deref();
        code.filter(|code| !code.is_empty() && code.len() <= LONGEST)
            .ok_or_else(|| sign_in_refusal("the response has no code"))
    }
}

impl fmt::Debug for CallbackParameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallbackParameters(***)")
    }
}

/// Error code of the issuer as it may be shown: a short word.
pub(crate) fn to_error_word(text: &str) -> String {
    text.chars()
        .filter(|letter| letter.is_ascii_alphanumeric() || "_-".contains(*letter))
        .take(40)
        .collect()
}
