//! What members and operators rely on, in virtual time on a log in memory, and over gRPC.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod acceptance;
mod faults;
mod grpc;
mod installation;
mod limits;
mod markings;
mod marks;
mod memory;
mod restarts;
mod retractions;
mod shared;
mod shared_memory;
mod shared_races;
mod shared_services;
