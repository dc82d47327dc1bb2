//! `serve` against `call` over real TLS.

mod letters;
mod rows;
mod strangers;
