//! Generates the contracts with protox, so that no protoc is needed.

use std::path::PathBuf;
use std::{env, fs};

const FILES: [&str; 10] = [
    "chappe/v1/alert.proto",
    "chappe/v1/alert_service.proto",
    "chappe/v1/constituency.proto",
    "chappe/v1/handling.proto",
    "chappe/v1/incident.proto",
    "chappe/v1/incident_service.proto",
    "chappe/v1/log.proto",
    "chappe/v1/member_service.proto",
    "chappe/v1/search_service.proto",
    "google/rpc/status.proto",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../../proto");
    println!("cargo:rerun-if-changed={}", root.display());
    let descriptors = protox::compile(FILES.map(|file| root.join(file)), [&root])?;
    fs::write(
        PathBuf::from(env::var("OUT_DIR")?).join("descriptors.bin"),
        prost::Message::encode_to_vec(&descriptors),
    )?;
    // The status has a Rust type already.
    tonic_prost_build::configure()
        .bytes(".")
        .extern_path(".google.rpc.Status", "::tonic_types::Status")
        .compile_fds(descriptors)?;
    Ok(())
}
