//! Real Apache Kafka brokers (KRaft) as processes on this machine: for tests and benchmarks of the log on Kafka.
//!
//! `cargo xtask setup kafka` brings what it needs: Java, and the brokers' jars below `target/tools/kafka-4.1.1`. The variable
//! `KAFKA_JARS` names another folder of jars. Where either is absent, [`is_available`] says so the way the project's tests do.
//!
//! # What it is not
//! No part of the product, and no client: it starts, kills, stops and restarts brokers and knows nothing of topics.
//!
//! # What holds
//! 1. No broker outlives the process that started it: each is watched by a shell that kills it once its standard input ends, also when that
//!    process is killed.
//! 2. A broker that was killed comes back on its own ports with its own data.
//! 3. Ports are free ones of the loopback address; several clusters may run side by side.
//!
//! # Example
//! ```no_run
//! use chappe_kafka_cluster::{Cluster, is_available};
//!
//! if is_available("the example") {
//!     let mut cluster = Cluster::start(3)?;
//!     println!("brokers answer at {}", cluster.bootstrap());
//!     cluster.kill(2)?;
//!     cluster.up(2)?;
//! }
//! # Ok::<(), chappe_kafka_cluster::ClusterError>(())
//! ```

mod cluster;
mod error;
mod node;
mod secured;
mod skips;

pub use self::{
    cluster::{Cluster, START_TIMEOUT},
    error::ClusterError,
    secured::Secured,
    skips::is_available,
};
