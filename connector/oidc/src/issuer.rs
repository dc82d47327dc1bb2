//! Issuer of the sign-in: its metadata, its keys, and the steps of a sign-in and of a logout.

use crate::answer_fault::{invalid_answer_refusal, logout_refusal, sign_in_refusal};
use crate::callback::CallbackParameters;
use crate::client_authentication::{ClientAuthentication, basic_authorization};
use crate::discovery_document::{
    IssuerMetadata, LONGEST_METADATA, metadata_address, read_metadata,
};
use crate::form_encoding::{FormField, add_query, encode_form};
use crate::id_token::check_id_token;
use crate::issuer_client::IssuerClient;
use crate::issuer_config::IssuerConfig;
use crate::issuer_keys::IssuerKeys;
use crate::key_set::{KeyFault, KeySet};
use crate::logout::{EndedSessions, check_logout_claims};
use crate::replay_memory::ReplayMemory;
use crate::sign_in::{
    LoginDemand, PendingSignIn, SignInEntropy, SignInOutcome, SignInStart, StepUpProof,
};
use crate::signed_token::{UnverifiedToken, VerifiedPayload};
use crate::token_claims::TokenParties;
use crate::token_response::{LONGEST_RESPONSE, ReceivedTokens, read_token_response};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::refusal::Refusal;
use parking_lot::Mutex;

/// Media types in the header of an ID token.
const ID_TOKEN: [&str; 1] = ["jwt"];
/// Media types in the header of a logout token. Issuers from before the final standard write `JWT`.
const LOGOUT_TOKEN: [&str; 2] = ["logout+jwt", "jwt"];

/// Issuer that was discovered.
#[derive(Debug)]
pub struct Issuer {
    config: IssuerConfig,
    metadata: IssuerMetadata,
    client: IssuerClient,
    keys: IssuerKeys,
    logouts: Mutex<ReplayMemory>,
}

impl Issuer {
    /// Reads the metadata and the keys of an issuer.
    ///
    /// # Errors
    /// `CONFIG_INVALID`, `ISSUER_UNREACHABLE`, or `ISSUER_ANSWER_INVALID`.
    pub async fn discover(config: IssuerConfig, now: UtcTimestamp) -> Result<Self, Refusal> {
        config.check()?;
        let rule = config.address_rule()?;
        let client = IssuerClient::build()?;
        let address = metadata_address(&config.issuer, rule)
            .map_err(|reason| invalid_answer_refusal(&reason))?;
        let bytes = client.get_document(address, LONGEST_METADATA).await?;
        let metadata = read_metadata(&bytes, &config.issuer, rule)?;
        let keys = IssuerKeys::fetch(client.clone(), metadata.key_set.clone(), now).await?;
        Ok(Self {
            config,
            metadata,
            client,
            keys,
            logouts: Mutex::new(ReplayMemory::default()),
        })
    }

    /// Settings with which the issuer was discovered.
    #[must_use]
    pub const fn config(&self) -> &IssuerConfig {
        &self.config
    }

    /// `true` if the issuer tells clients of a logout.
    #[must_use]
    pub const fn tells_logout(&self) -> bool {
        self.metadata.tells_logout
    }

    /// Begins a sign-in. `redirect_uri` is the address of the console to which the browser comes back. With `is_fresh` a login of
    /// earlier does not count, as after a sign-out.
    #[must_use]
    pub fn begin_sign_in(
        &self,
        redirect_uri: &str,
        is_fresh: bool,
        entropy: &SignInEntropy,
        now: UtcTimestamp,
    ) -> SignInStart {
        let demand = LoginDemand {
            is_fresh,
            acr: None,
            subject: None,
        };
        self.begin(redirect_uri, demand, entropy, now)
    }

    /// Begins a step-up: a fresh login of `subject`, of the authentication context class of the settings.
    #[must_use]
    pub fn begin_step_up(
        &self,
        redirect_uri: &str,
        subject: &str,
        entropy: &SignInEntropy,
        now: UtcTimestamp,
    ) -> SignInStart {
        let demand = LoginDemand {
            is_fresh: true,
            acr: self.config.acr.clone(),
            subject: Some(subject.to_owned()),
        };
        self.begin(redirect_uri, demand, entropy, now)
    }

    /// Finishes a sign-in: checks the response, exchanges the code, and checks the ID token. The pending sign-in is used up in each
    /// case.
    ///
    /// # Errors
    /// `SIGN_IN_REFUSED`, `ISSUER_UNREACHABLE`, or `ISSUER_ANSWER_INVALID`.
    pub async fn finish_sign_in(
        &self,
        pending: PendingSignIn,
        callback: &CallbackParameters,
        now: UtcTimestamp,
    ) -> Result<SignInOutcome, Refusal> {
        // INVARIANT: oidc-one-sign-in. The caller has taken the pending sign-in by the cookie of the browser.
        let state = callback.state.as_deref().unwrap_or_default();
        if verify_slices_are_equal(state.as_bytes(), pending.state.as_bytes()).is_err() {
            return Err(sign_in_refusal("the response is of another sign-in"));
        }
        if pending.issuer != self.config.issuer {
            return Err(sign_in_refusal("it began at another issuer"));
        }
        if pending.has_ended(now) {
            return Err(sign_in_refusal("it took longer than ten minutes"));
        }
        let code = callback.check_code(&self.config.issuer, self.metadata.names_issuer)?;
        let tokens = self.exchange_code(code, &pending).await?;
        let refuse = |reason: String| sign_in_refusal(&format!("the ID token: {reason}"));
        let payload = self
            .verify_token(&tokens.id_token, &ID_TOKEN, now, refuse)
            .await?;
        let access_token = tokens.access_token.as_deref();
        let subject = check_id_token(&payload, access_token, self.parties(), &pending, now)
            .map_err(refuse)?;
        Ok(match pending.demand.subject {
            Some(_) => SignInOutcome::SteppedUp(StepUpProof::of_checked_subject(subject)),
            None => SignInOutcome::SignedIn(subject),
        })
    }

    /// Checks a logout token (OpenID Connect Back-Channel Logout 1.0, section 2.6). Each token counts once.
    ///
    /// # Errors
    /// `LOGOUT_TOKEN_INVALID`, `ISSUER_UNREACHABLE`, or `ISSUER_ANSWER_INVALID`.
    pub async fn check_logout_token(
        &self,
        token: &str,
        now: UtcTimestamp,
    ) -> Result<EndedSessions, Refusal> {
        let refuse = |reason: String| logout_refusal(&reason);
        let payload = self.verify_token(token, &LOGOUT_TOKEN, now, refuse).await?;
        let logout = check_logout_claims(&payload, self.parties(), now).map_err(refuse)?;
        // INVARIANT: oidc-logout-once. Only a token that holds comes into the memory.
        let is_new = self.logouts.lock().remember(&logout.token, now);
        match is_new {
            true => Ok(logout.ended),
            false => Err(logout_refusal("it was used before")),
        }
    }

    fn parties(&self) -> TokenParties<'_> {
        TokenParties {
            issuer: &self.config.issuer,
            client: &self.config.client,
        }
    }

    fn begin(
        &self,
        redirect_uri: &str,
        demand: LoginDemand,
        entropy: &SignInEntropy,
        now: UtcTimestamp,
    ) -> SignInStart {
        let pending = PendingSignIn {
            state: URL_SAFE_NO_PAD.encode(entropy.state),
            nonce: URL_SAFE_NO_PAD.encode(entropy.nonce),
            code_verifier: URL_SAFE_NO_PAD.encode(entropy.code_verifier),
            issuer: self.config.issuer.clone(),
            redirect_uri: redirect_uri.to_owned(),
            demand,
            begun: now,
        };
        SignInStart {
            address: self.authorization_address(&pending),
            pending,
        }
    }

    fn authorization_address(&self, pending: &PendingSignIn) -> String {
        let challenge = pending.code_challenge();
        let field = |name, value| FormField { name, value };
        let mut fields = vec![
            field("response_type", "code"),
            field("scope", "openid"),
            field("client_id", &self.config.client),
            field("redirect_uri", &pending.redirect_uri),
            field("state", &pending.state),
            field("nonce", &pending.nonce),
            field("code_challenge", &challenge),
            field("code_challenge_method", "S256"),
        ];
        let demand = &pending.demand;
        if demand.is_fresh {
            fields.push(field("prompt", "login"));
            fields.push(field("max_age", "0"));
        }
        let claims = demand.acr.as_ref().map(|acr| {
            let essential = serde_json::json!({
                "id_token": {"acr": {"essential": true, "values": [acr]}}
            });
            essential.to_string()
        });
        if let (Some(acr), Some(claims)) = (&demand.acr, &claims) {
            fields.push(field("acr_values", acr));
            if self.metadata.reads_claims_parameter {
                fields.push(field("claims", claims));
            }
        }
        let mut url = self.metadata.authorization_endpoint.clone();
        add_query(&mut url, &fields);
        url.into()
    }

    async fn exchange_code(
        &self,
        code: &str,
        pending: &PendingSignIn,
    ) -> Result<ReceivedTokens, Refusal> {
        let IssuerConfig { client, secret, .. } = &self.config;
        let field = |name, value| FormField { name, value };
        let mut fields = vec![
            field("grant_type", "authorization_code"),
            field("code", code),
            field("redirect_uri", &pending.redirect_uri),
            field("code_verifier", &pending.code_verifier),
        ];
        let unwritable = || invalid_answer_refusal("its code can't be written in a form");
        let authorization = match self.metadata.authentication {
            ClientAuthentication::Basic => {
                let value = basic_authorization(client, secret.as_str());
                Some(value.ok_or_else(unwritable)?)
            }
            ClientAuthentication::Post => {
                fields.push(field("client_id", client));
                fields.push(field("client_secret", secret.as_str()));
                None
            }
        };
        let form = encode_form(&fields).ok_or_else(unwritable)?;
        let endpoint = self.metadata.token_endpoint.clone();
        let answer = self
            .client
            .post_form(endpoint, form, authorization, LONGEST_RESPONSE)
            .await?;
        read_token_response(&answer)
    }

    async fn verify_token(
        &self,
        token: &str,
        media_types: &[&str],
        now: UtcTimestamp,
        refuse: impl Fn(String) -> Refusal,
    ) -> Result<VerifiedPayload, Refusal> {
        let token = UnverifiedToken::parse(token).map_err(&refuse)?;
        if let Some(media_type) = token.media_type.as_deref()
            && !media_types.contains(&media_type)
        {
            return Err(refuse("it is a token of another kind".to_owned()));
        }
        let kid = token.kid.as_deref();
        let set = self.keys.find_key_set(kid, token.algorithm, now).await?;
        let verified = verify_by_set(&token, &set);
        if kid.is_some() || verified.is_ok() {
            return verified.map_err(refuse);
        }
        // A token that names no key may be by one that the issuer has had for less than an hour.
        let verified = match self.keys.renew_key_set(&set, now).await? {
            Some(newer) => verify_by_set(&token, &newer),
            None => verified,
        };
        verified.map_err(refuse)
    }
}

fn verify_by_set(token: &UnverifiedToken<'_>, set: &KeySet) -> Result<VerifiedPayload, String> {
    let key = set
        .find_key(token.kid.as_deref(), token.algorithm)
        .map_err(|fault| match fault {
            KeyFault::Unknown => "the issuer has no key of its identifier".to_owned(),
            KeyFault::Unfit => format!(
                "its key is not for signatures with {}",
                token.algorithm.as_str()
            ),
            KeyFault::Ambiguous => "several keys of the issuer fit".to_owned(),
        })?;
    token.verify(key)
}
