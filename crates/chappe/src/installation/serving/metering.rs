//! Counts and times requests, whatever becomes of them.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use metrics::{Counter, Histogram, counter, histogram};
use prost::Message;
use prost_types::FileDescriptorSet;
use tonic::codegen::Service;
use tonic::codegen::http::{Request, Response};
use tonic::{Code, Status};
use tower_layer::Layer;

use crate::metric_names::{CODE, METHOD, REQUEST_SECONDS, REQUESTS};

/// What everything that the contracts do not name counts under: labels are bounded, whatever is asked for.
const OTHER: &str = "other";
/// The package of our own services; of other services, health and reflection, each method is [`OTHER`].
const PACKAGE: &str = "chappe.v1";

/// Puts [`Metered`] around the services.
#[derive(Clone, Debug)]
pub(in crate::installation) struct Metering {
    methods: Arc<Methods>,
}

#[derive(Debug)]
struct Methods {
    /// By path, such as `/chappe.v1.IncidentService/Submit`.
    named: HashMap<String, Meter>,
    other: Meter,
}

#[derive(Debug)]
struct Meter {
    method: String,
    seconds: Histogram,
    /// What nearly all end with, looked up once.
    ok: Counter,
}

impl Metering {
    /// For the methods of the contracts.
    pub(super) fn new() -> Self {
        // The set is made by the build: where it did not decode, everything would count as other.
        let set = FileDescriptorSet::decode(chappe_proto::FILE_DESCRIPTOR_SET).unwrap_or_default();
        let files = set.file.iter().filter(|file| file.package() == PACKAGE);
        let services = files.flat_map(|file| &file.service);
        let named = services.flat_map(|service| {
            service.method.iter().map(|method| {
                let name = format!("{}/{}", service.name(), method.name());
                (format!("/{PACKAGE}.{name}"), Meter::new(name))
            })
        });
        Self {
            methods: Arc::new(Methods {
                named: named.collect(),
                other: Meter::new(OTHER.to_owned()),
            }),
        }
    }
}

impl Meter {
    fn new(method: String) -> Self {
        Self {
            seconds: histogram!(REQUEST_SECONDS, METHOD => method.clone()),
            ok: counter!(REQUESTS, METHOD => method.clone(), CODE => name(Code::Ok)),
            method,
        }
    }

    fn count(&self, code: Code, since: Instant) {
        self.seconds.record(since.elapsed());
        match code {
            Code::Ok => self.ok.increment(1),
            code => counter!(REQUESTS, METHOD => self.method.clone(), CODE => name(code)).increment(1),
        }
    }
}

impl Methods {
    fn of(&self, path: &str) -> &Meter {
        self.named.get(path).unwrap_or(&self.other)
    }
}

impl<S> Layer<S> for Metering {
    type Service = Metered<S>;

    fn layer(&self, inner: S) -> Metered<S> {
        Metered {
            inner,
            methods: Arc::clone(&self.methods),
        }
    }
}

/// Services whose requests are counted.
#[derive(Clone, Debug)]
pub(in crate::installation) struct Metered<S> {
    inner: S,
    methods: Arc<Methods>,
}

impl<S, A, B> Service<Request<A>> for Metered<S>
where
    S: Service<Request<A>, Response = Response<B>>,
    S::Future: Send + 'static,
{
    type Response = Response<B>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<B>, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        let since = Instant::now();
        let (methods, path) = (Arc::clone(&self.methods), request.uri().path().to_owned());
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answer = answer.await;
            // Where nothing went wrong the code comes behind the body.
            let code = |response: &Response<B>| {
                Status::from_header_map(response.headers()).map_or(Code::Ok, |status| status.code())
            };
            let code = answer.as_ref().map_or(Code::Internal, code);
            methods.of(&path).count(code, since);
            answer
        })
    }
}

/// The code as the gRPC documentation writes it.
fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_methods_of_the_contracts_are_known_and_nothing_else() {
        let methods = Metering::new().methods;
        assert_eq!(
            methods.of("/chappe.v1.IncidentService/SubmitStream").method,
            "IncidentService/SubmitStream"
        );
        assert_eq!(
            methods.of("/chappe.v1.AlertService/Subscribe").method,
            "AlertService/Subscribe"
        );
        for path in [
            "/chappe.v1.IncidentService/Drop",
            "/grpc.health.v1.Health/Check",
            "/",
            "",
        ] {
            assert_eq!(methods.of(path).method, OTHER, "{path}");
        }
    }
}
