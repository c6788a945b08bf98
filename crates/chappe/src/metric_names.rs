//! The metrics of the program itself: its gRPC server, clock, process and disk. None bears a member, a type or a country.

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge};

pub(crate) const BUILD_INFO: &str = "chappe_build_info";
pub(crate) const CLOCK_SKEW_SECONDS: &str = "chappe_clock_skew_seconds";
pub(crate) const DATA_FREE_BYTES: &str = "chappe_data_free_bytes";
pub(crate) const DATA_SIZE_BYTES: &str = "chappe_data_size_bytes";
pub(crate) const DATA_FREE_FILES: &str = "chappe_data_free_files";
pub(crate) const CPU_MILLISECONDS: &str = "chappe_process_cpu_milliseconds_total";
pub(crate) const RESIDENT_BYTES: &str = "chappe_process_resident_bytes";
pub(crate) const OPEN_FILES: &str = "chappe_process_open_files";
pub(crate) const OPEN_FILES_LIMIT: &str = "chappe_process_open_files_limit";
pub(crate) const SERVING: &str = "chappe_serving";
pub(crate) const CONNECTIONS_OPEN: &str = "chappe_grpc_connections_open";
pub(crate) const CONNECTIONS_LIMIT: &str = "chappe_grpc_connections_limit";
pub(crate) const REQUESTS: &str = "chappe_grpc_requests_total";
pub(crate) const REQUEST_SECONDS: &str = "chappe_grpc_request_seconds";

/// The label of [`BUILD_INFO`].
pub(crate) const VERSION: &str = "version";
/// A label of [`REQUESTS`] and [`REQUEST_SECONDS`]: `IncidentService/Submit`, or `other` for what the contracts do not name.
pub(crate) const METHOD: &str = "method";
/// A label of [`REQUESTS`]: the code that the response began with, such as `OK` or `RESOURCE_EXHAUSTED`.
pub(crate) const CODE: &str = "code";

/// Tells the recorder in force what each metric means. Call it once, after installing the recorder.
pub(crate) fn describe_metrics() {
    describe_gauge!(BUILD_INFO, "1; the label says which version runs");
    describe_gauge!(
        CLOCK_SKEW_SECONDS,
        Unit::Seconds,
        "How far the machine's clock is ahead of the program's, which follows a step at 5 % of the time that passes; negative: behind"
    );
    describe_gauge!(
        DATA_FREE_BYTES,
        Unit::Bytes,
        "What the program may still write to the data folder's disk"
    );
    describe_gauge!(DATA_SIZE_BYTES, Unit::Bytes, "Size of the data folder's disk");
    describe_gauge!(
        DATA_FREE_FILES,
        "Files that may still be made on the data folder's disk; 0 also where it counts none"
    );
    describe_counter!(
        CPU_MILLISECONDS,
        "Time that the process had a processor, in milliseconds"
    );
    describe_gauge!(RESIDENT_BYTES, Unit::Bytes, "Memory that the process holds");
    describe_gauge!(OPEN_FILES, "Files and connections that the process has open");
    describe_gauge!(OPEN_FILES_LIMIT, "Files and connections that it may have open");
    describe_gauge!(
        SERVING,
        "1 while requests are welcome, as gRPC health says too; 0 before that, and while the process ends"
    );
    describe_gauge!(CONNECTIONS_OPEN, "Connections of members, open now");
    describe_gauge!(
        CONNECTIONS_LIMIT,
        "Connections that may be open at once; the next one waits"
    );
    describe_counter!(
        REQUESTS,
        "Requests by method and by the code that the response began with; a stream counts as OK once it is open"
    );
    describe_histogram!(
        REQUEST_SECONDS,
        Unit::Seconds,
        "From a request's head to the response's, by method; of a stream, until it is open"
    );
    gauge!(BUILD_INFO, VERSION => env!("CARGO_PKG_VERSION")).set(1.0);
    gauge!(SERVING).set(0.0);
    gauge!(CONNECTIONS_OPEN).set(0.0);
    counter!(CPU_MILLISECONDS).increment(0);
}
