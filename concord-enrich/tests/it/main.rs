//! Tests of what the crate offers to others.

mod bad_input;
mod common;
mod golden;
mod ora;
mod prerank;
mod reference;

type TestResult = Result<(), Box<dyn std::error::Error>>;
