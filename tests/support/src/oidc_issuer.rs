//! OpenID Connect issuer of the tests: an HTTP server on the own machine that signs whatever a test wants.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a harness reports by failing the test"
)]

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hansa_audit_log::digest::Digest;
use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Seconds since 1970 at which tests with a clock of their own run.
pub const NOW: i64 = 1_796_000_000;
/// Client identifier of the console.
pub const CLIENT: &str = "hansa-console";
/// Secret of the client.
pub const SECRET: &str = "sword fish:%";
/// Subject that logs in, where a test names no other one.
pub const SUBJECT: &str = "f3b1-maria";
/// Access token of each answer.
pub const ACCESS_TOKEN: &str = "an-access-token";

/// Signature of the issuer's tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenSigning {
    /// RSA, PKCS #1.
    Rs256,
    /// RSA, PSS.
    Ps256,
    /// Curve P-256.
    Es256,
    /// Ed25519.
    EdDsa,
    /// The algorithm `none`, without a signature.
    Unsigned,
    /// HS256 with the public RSA key as the secret.
    PublicKeyAsSecret,
    /// RS256 with a key that is not the issuer's.
    ForeignKey,
}

impl TokenSigning {
    fn algorithm(self) -> &'static str {
        match self {
            Self::Rs256 | Self::ForeignKey => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
            Self::Unsigned => "none",
            Self::PublicKeyAsSecret => "HS256",
        }
    }

    fn kid(self) -> &'static str {
        match self {
            Self::Rs256 | Self::ForeignKey | Self::Unsigned | Self::PublicKeyAsSecret => "rsa",
            Self::Ps256 => "pss",
            Self::Es256 => "p256",
            Self::EdDsa => "ed",
        }
    }
}

/// Keys of the issuers of all tests.
struct SigningKeys {
    rsa: RsaKeyPair,
    foreign: RsaKeyPair,
    p256: EcdsaKeyPair,
    ed25519: Ed25519KeyPair,
}

fn signing_keys() -> &'static SigningKeys {
    static KEYS: OnceLock<SigningKeys> = OnceLock::new();
    KEYS.get_or_init(|| SigningKeys {
        rsa: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
        foreign: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
        p256: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
        ed25519: Ed25519KeyPair::generate().unwrap(),
    })
}

/// Text of bytes, in base64url.
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Key set of the issuer, one key for each algorithm.
pub fn key_set() -> Value {
    let keys = signing_keys();
    // `RSAPublicKey` of PKCS #1: two numbers, the first of 2048 bits.
    let rsa = keys.rsa.public_key().as_ref();
    let (modulus, exponent) = (encode(&rsa[9..265]), encode(&rsa[267..]));
    let point = keys.p256.public_key().as_ref();
    json!({"keys": [
        {"kty": "RSA", "kid": "rsa", "use": "sig", "alg": "RS256", "n": modulus, "e": exponent, "x5t": "ignored"},
        {"kty": "RSA", "kid": "pss", "use": "sig", "alg": "PS256", "n": modulus, "e": exponent},
        {"kty": "RSA", "kid": "enc", "use": "enc", "alg": "RSA-OAEP", "n": modulus, "e": exponent},
        {"kty": "EC", "kid": "p256", "crv": "P-256", "x": encode(&point[1..33]), "y": encode(&point[33..])},
        {"kty": "OKP", "kid": "ed", "crv": "Ed25519", "key_ops": ["verify"], "x": encode(keys.ed25519.public_key().as_ref())},
        {"kty": "oct", "kid": "shared", "k": "c2VjcmV0"},
        {"kty": "FUTURE", "kid": "future"},
    ]})
}

/// Signs a token.
pub fn sign_token(header: &Value, claims: &Value, signing: TokenSigning) -> String {
    let keys = signing_keys();
    let random = SystemRandom::new();
    let message = format!(
        "{}.{}",
        encode(header.to_string().as_bytes()),
        encode(claims.to_string().as_bytes())
    );
    let bytes = message.as_bytes();
    let with_rsa = |pair: &RsaKeyPair, padding| {
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(padding, &random, bytes, &mut signature).unwrap();
        signature
    };
    let signature = match signing {
        TokenSigning::Rs256 => with_rsa(&keys.rsa, &RSA_PKCS1_SHA256),
        TokenSigning::ForeignKey => with_rsa(&keys.foreign, &RSA_PKCS1_SHA256),
        TokenSigning::Ps256 => with_rsa(&keys.rsa, &RSA_PSS_SHA256),
        TokenSigning::Es256 => keys.p256.sign(&random, bytes).unwrap().as_ref().to_vec(),
        TokenSigning::EdDsa => keys.ed25519.sign(bytes).as_ref().to_vec(),
        TokenSigning::Unsigned => Vec::new(),
        TokenSigning::PublicKeyAsSecret => {
            let secret = hmac::Key::new(hmac::HMAC_SHA256, keys.rsa.public_key().as_ref());
            hmac::sign(&secret, bytes).as_ref().to_vec()
        }
    };
    format!("{message}.{}", encode(&signature))
}

/// Behaviour of the issuer. Tests change it.
#[derive(Debug)]
pub struct IssuerBehaviour {
    /// Members of the metadata that differ; `null` removes one.
    pub metadata: Map<String, Value>,
    /// Key set, to the byte.
    pub key_set: Vec<u8>,
    /// Claims of the ID token that differ; `null` removes one.
    pub claims: Map<String, Value>,
    /// Members of the header of the token that differ; `null` removes one.
    pub header: Map<String, Value>,
    /// Signature of the ID token.
    pub signing: TokenSigning,
    /// Parameters of the authorization response that differ; `null` removes one.
    pub callback: Map<String, Value>,
    /// Members of the token response that differ; `null` removes one.
    pub token_response: Map<String, Value>,
    /// Raw response of a path in place of the usual one.
    pub raw: BTreeMap<String, Vec<u8>>,
    /// Requests by path.
    pub requests: BTreeMap<String, usize>,
    /// `Authorization` and form of the last token request.
    pub token_request: Option<(String, BTreeMap<String, String>)>,
    codes: BTreeMap<String, BTreeMap<String, String>>,
    /// Seconds since 1970; absent: those of the machine.
    now: Option<i64>,
}

/// Changes members; `null` removes one.
pub fn change(object: &mut Value, changes: &Map<String, Value>) {
    let object = object.as_object_mut().unwrap();
    for (name, value) in changes {
        match value {
            Value::Null => object.remove(name),
            value => object.insert(name.clone(), value.clone()),
        };
    }
}

/// Members of an object that a test writes.
pub fn members(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(members) => members,
        _ => panic!("no object"),
    }
}

/// Issuer that runs until it is dropped.
#[derive(Debug)]
pub struct TestIssuer {
    /// Issuer identifier.
    pub address: String,
    /// Behaviour, which a test changes while the issuer runs.
    pub behaviour: Arc<Mutex<IssuerBehaviour>>,
    has_ended: Arc<AtomicBool>,
    server: Option<JoinHandle<()>>,
}

impl Drop for TestIssuer {
    fn drop(&mut self) {
        self.has_ended.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address.trim_start_matches("http://"));
        if let Some(server) = self.server.take() {
            let _ = server.join();
        }
    }
}

impl TestIssuer {
    /// Starts an issuer whose clock stands at [`NOW`].
    pub fn start() -> Self {
        Self::start_at(Some(NOW))
    }

    /// Starts an issuer with the clock of the machine.
    pub fn start_now() -> Self {
        Self::start_at(None)
    }

    fn start_at(now: Option<i64>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let behaviour = Arc::new(Mutex::new(IssuerBehaviour {
            metadata: Map::new(),
            key_set: key_set().to_string().into_bytes(),
            claims: Map::new(),
            header: Map::new(),
            signing: TokenSigning::Rs256,
            callback: Map::new(),
            token_response: Map::new(),
            raw: BTreeMap::new(),
            requests: BTreeMap::new(),
            token_request: None,
            codes: BTreeMap::new(),
            now,
        }));
        let has_ended = Arc::new(AtomicBool::new(false));
        let server = std::thread::spawn({
            let (address, behaviour, has_ended) = (
                address.clone(),
                Arc::clone(&behaviour),
                Arc::clone(&has_ended),
            );
            move || {
                for connection in listener.incoming() {
                    if has_ended.load(Ordering::SeqCst) {
                        return;
                    }
                    let mut connection = connection.unwrap();
                    if let Some(request) = HttpRequest::read(&mut connection) {
                        let response = behaviour.lock().answer(&address, &request);
                        // The client may close the connection early.
                        let _ = connection.write_all(&response);
                    }
                }
            }
        });
        Self {
            address,
            behaviour,
            has_ended,
            server: Some(server),
        }
    }

    /// Changes the behaviour.
    pub fn change(&self, change: impl FnOnce(&mut IssuerBehaviour)) {
        change(&mut self.behaviour.lock());
    }

    /// Number of requests for a path.
    pub fn requests(&self, path: &str) -> usize {
        let behaviour = self.behaviour.lock();
        behaviour.requests.get(path).copied().unwrap_or_default()
    }

    /// Logout token with the clock of the machine (OpenID Connect Back-Channel Logout 1.0, section 2.4). `changes` differ; `null`
    /// removes a claim.
    pub fn sign_logout(&self, token: &str, changes: Value, signing: TokenSigning) -> String {
        let now = read_clock();
        let mut claims = json!({
            "iss": self.address, "aud": CLIENT, "iat": now, "exp": now + 120, "jti": token, "sub": SUBJECT,
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        });
        change(&mut claims, &members(changes));
        let header = json!({"alg": signing.algorithm(), "kid": signing.kid(), "typ": "logout+jwt"});
        sign_token(&header, &claims, signing)
    }
}

/// Seconds since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "a connector that runs as a process compares tokens with the clock of the machine"
)]
pub fn read_clock() -> i64 {
    let passed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(passed.as_secs()).unwrap_or(i64::MAX)
}

/// Parameters of an address, or of a form behind `?`.
pub fn query(address: &str) -> BTreeMap<String, String> {
    let (_, query) = address.split_once('?').unwrap_or_default();
    let query = query.split('#').next().unwrap_or_default();
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode_parameter(name), decode_parameter(value))
        })
        .collect()
}

fn decode_parameter(text: &str) -> String {
    let mut decoded = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [bytes.next().unwrap_or(b'0'), bytes.next().unwrap_or(b'0')];
                let digits = String::from_utf8_lossy(&digits).into_owned();
                u8::from_str_radix(&digits, 16).unwrap_or(b'?')
            }
            byte => byte,
        });
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// Text as a parameter of an address.
pub fn encode_parameter(text: &str) -> String {
    let encode = |byte: u8| match byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

struct HttpRequest {
    method: String,
    target: String,
    authorization: String,
    body: String,
}

impl HttpRequest {
    fn read(connection: &mut TcpStream) -> Option<Self> {
        let patience = Some(Duration::from_secs(10));
        connection.set_read_timeout(patience).unwrap();
        let mut seen = Vec::new();
        let mut piece = [0_u8; 4096];
        loop {
            let text = String::from_utf8_lossy(&seen).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let field = |name: &str| {
                    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
                    let found = lines.find(|(field, _)| field.eq_ignore_ascii_case(name));
                    found.map(|(_, value)| value.to_owned()).unwrap_or_default()
                };
                let length: usize = field("content-length").parse().unwrap_or_default();
                if body.len() >= length {
                    let mut words = head.split(' ');
                    return Some(Self {
                        method: words.next()?.to_owned(),
                        target: words.next()?.to_owned(),
                        authorization: field("authorization"),
                        body: body.to_owned(),
                    });
                }
            }
            match connection.read(&mut piece) {
                Ok(length) if length > 0 => seen.extend_from_slice(&piece[..length]),
                _ => return None,
            }
        }
    }
}

/// Response of HTTP/1.1.
pub fn response(status: &str, head: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n{head}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

fn json_response(status: &str, body: &Value) -> Vec<u8> {
    response(
        status,
        "content-type: application/json",
        body.to_string().as_bytes(),
    )
}

impl IssuerBehaviour {
    fn answer(&mut self, address: &str, request: &HttpRequest) -> Vec<u8> {
        let path = request.target.split('?').next().unwrap().to_owned();
        *self.requests.entry(path.clone()).or_default() += 1;
        if let Some(raw) = self.raw.get(&path) {
            return raw.clone();
        }
        match (request.method.as_str(), path.as_str()) {
            ("GET", "/.well-known/openid-configuration") => {
                let mut metadata = json!({
                    "issuer": address,
                    "authorization_endpoint": format!("{address}/authorize?realm=city"),
                    "token_endpoint": format!("{address}/token"),
                    "jwks_uri": format!("{address}/keys"),
                    "response_types_supported": ["code", "id_token"],
                    "subject_types_supported": ["public"],
                    "id_token_signing_alg_values_supported": ["RS256", "HS256"],
                    "code_challenge_methods_supported": ["plain", "S256"],
                    "authorization_response_iss_parameter_supported": true,
                    "claims_parameter_supported": true,
                    "backchannel_logout_supported": true,
                });
                change(&mut metadata, &self.metadata);
                json_response("200 OK", &metadata)
            }
            ("GET", "/keys") => response("200 OK", "content-type: application/json", &self.key_set),
            ("GET", "/authorize") => self.authorize(address, &request.target),
            ("POST", "/token") => self.exchange(address, request),
            _ => response("404 Not Found", "", b""),
        }
    }

    fn authorize(&mut self, address: &str, target: &str) -> Vec<u8> {
        let asked = query(&format!("{address}{target}"));
        let code = format!("code-{}", self.requests["/authorize"]);
        let mut callback = json!({
            "state": asked["state"], "code": code, "iss": address, "session_state": "unknown to the client"
        });
        change(&mut callback, &self.callback);
        let parameters: Vec<String> = callback
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| {
                let value = encode_parameter(value.as_str().unwrap());
                format!("{}={value}", encode_parameter(name))
            })
            .collect();
        let location = format!("{}?{}", asked["redirect_uri"], parameters.join("&"));
        self.codes.insert(code, asked);
        response("302 Found", &format!("location: {location}"), b"")
    }

    fn exchange(&mut self, address: &str, request: &HttpRequest) -> Vec<u8> {
        let form = query(&format!("{address}/?{}", request.body));
        self.token_request = Some((request.authorization.clone(), form.clone()));
        let refused = json_response("400 Bad Request", &json!({"error": "invalid_grant"}));
        // A code counts once, for the client that proves the verifier.
        let Some(asked) = self.codes.remove(&form["code"]) else {
            return refused;
        };
        let challenge = encode(Digest::of(form["code_verifier"].as_bytes()).as_bytes());
        if asked["code_challenge"] != challenge || asked["redirect_uri"] != form["redirect_uri"] {
            return refused;
        }
        let hash = Digest::of(ACCESS_TOKEN.as_bytes());
        let now = self.now.unwrap_or_else(read_clock);
        let mut claims = json!({
            "iss": address, "sub": SUBJECT, "aud": CLIENT, "exp": now + 300, "iat": now,
            "nonce": asked["nonce"], "auth_time": now, "acr": "2", "sid": "issuer-session",
            "at_hash": encode(&hash.as_bytes()[..16]), "email": "maria@example", "groups": ["admin"],
        });
        change(&mut claims, &self.claims);
        let signing = self.signing;
        let mut header = json!({
            "alg": signing.algorithm(), "kid": signing.kid(), "typ": "JWT", "x5t": "ignored"
        });
        change(&mut header, &self.header);
        let mut tokens = json!({
            "access_token": ACCESS_TOKEN, "token_type": "Bearer", "expires_in": 300,
            "id_token": sign_token(&header, &claims, signing), "refresh_token": "never used",
        });
        change(&mut tokens, &self.token_response);
        json_response("200 OK", &tokens)
    }
}
