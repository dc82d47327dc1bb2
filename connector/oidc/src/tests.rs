//! Sign-ins at an issuer of the tests, over HTTP on the own machine, and attacks on them.

mod authorization_address;
mod issuer_discovery;
mod issuer_keys;
mod keycloak;
mod logout_token;
mod sign_in;
mod signature_vectors;
mod step_up;
mod test_sign_in;
mod token_attacks;
