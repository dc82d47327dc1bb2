//! Settings of the issuer, as section `[console.oidc]` has them.

use crate::issuer_address::AddressRule;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::fmt;

/// Longest client identifier and value of `acr`, bytes.
const LONGEST_WORD: usize = 255;

/// Settings of the issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerConfig {
    /// Issuer identifier, to the letter as the issuer's metadata and tokens state it.
    pub issuer: String,
    /// Client identifier of the console at the issuer.
    pub client: String,
    /// Secret of the client.
    pub secret: ClientSecret,
    /// Authentication context class that a step-up demands; absent: a fresh login alone.
    pub acr: Option<String>,
}

impl IssuerConfig {
    /// Checks the values. Nothing is asked.
    ///
    /// # Errors
    /// `CONFIG_INVALID`
    pub fn check(&self) -> Result<(), Refusal> {
        self.address_rule()?;
        let is_word = |text: &str| {
            !text.is_empty()
                && text.len() <= LONGEST_WORD
                && text.bytes().all(|byte| byte.is_ascii_graphic())
        };
        if !is_word(&self.client) {
            return Err(invalid_config("`client` is no client identifier"));
        }
        if self.secret.0.is_empty() {
            return Err(invalid_config("the secret of the client is empty"));
        }
        if self.acr.as_deref().is_some_and(|acr| !is_word(acr)) {
            return Err(invalid_config("`acr` is no single word"));
        }
        Ok(())
    }

    /// Rule for all addresses of the issuer.
    pub(crate) fn address_rule(&self) -> Result<AddressRule, Refusal> {
        AddressRule::of_issuer(&self.issuer)
            .map_err(|reason| invalid_config(&format!("`issuer` can't be used: {reason}")))
    }
}

/// Secret of a client. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientSecret(String);

impl ClientSecret {
    /// Secret from the text of its file, without the white space at the end.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.trim_end().to_owned())
    }

    /// Text of the secret, for the request to the issuer.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret(***)")
    }
}

fn invalid_config(reason: &str) -> Refusal {
    Refusal::new(
        ErrorCode::ConfigInvalid,
        format!("the sign-in by an issuer is set wrongly: {reason}"),
    )
}
