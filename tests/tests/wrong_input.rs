//! Wrong input against the running program: each kind gets an error that says where and what to do, changes nothing and harms nobody.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "wrong_input/bystander.rs"]
mod bystander;
#[path = "wrong_input/bytes.rs"]
mod bytes;
#[path = "wrong_input/constituencies.rs"]
mod constituencies;
#[path = "wrong_input/everywhere.rs"]
mod everywhere;
#[path = "wrong_input/fields.rs"]
mod fields;
#[path = "wrong_input/files.rs"]
mod files;
#[path = "wrong_input/requests.rs"]
mod requests;
