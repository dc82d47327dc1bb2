//! `serve` against `call` over real TLS.

mod crowds;
mod letters;
mod rows;
mod strangers;
