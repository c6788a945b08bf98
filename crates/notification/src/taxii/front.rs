//! From a request to its answer.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chappe_identity::Directory;
use chappe_model::{MemberId, Principal};
use chappe_taxii::{Collection, Endpoint, Query, Versions, accepts, is_taxii, resource, version_text};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body;
use hyper::header::{ACCEPT, CONTENT_TYPE};
use hyper::http::request::Parts;
use hyper::{Method, Request, StatusCode};
use metrics::counter;
use serde_json::Value;

use super::access;
use super::answering::{Answer, json, page};
use super::inbox::Inbox;
use super::library::{Found, Library};
use super::refusal::Refusal;
use super::rooms::Room;
use super::serving::joined;
use crate::grpc::apart;
use crate::metric_names as names;
use crate::options::LISTS_AT_ONCE;

/// Longest body that is taken, in bytes: `max_content_length`.
pub const TAXII_BODY_BYTES: usize = 4 * 1024 * 1024;
/// Bodies that arrive at once, each of up to [`TAXII_BODY_BYTES`].
const BODIES: usize = 32;
/// Of these, of one member.
const BODIES_PER_MEMBER: usize = 4;
/// Answers that are drawn up, or were not read yet, at once: a page may have 4 MiB and the size of an object.
const ANSWERS: usize = 128;
/// Of these, of one member.
pub(crate) const ANSWERS_PER_MEMBER: usize = 16;
/// Pages that are drawn up at once for one member, of the [`LISTS_AT_ONCE`] of all.
const LISTS_PER_MEMBER: usize = 4;
/// How long a body may take to arrive.
const BODY_PATIENCE: Duration = Duration::from_secs(30);

/// What every request is answered from.
pub(crate) struct Front {
    pub(crate) library: Arc<Library>,
    pub(crate) directory: Arc<Directory>,
    /// None where reports are taken by other processes.
    pub(crate) inbox: Option<Arc<Inbox>>,
    pub(crate) rooms: Rooms,
}

/// Room for what requests hold in memory.
pub(crate) struct Rooms {
    pub(crate) bodies: Arc<Room>,
    pub(crate) answers: Arc<Room>,
    pub(crate) lists: Arc<Room>,
}

impl Default for Rooms {
    fn default() -> Self {
        Self {
            bodies: Room::new(BODIES, BODIES_PER_MEMBER),
            answers: Room::new(ANSWERS, ANSWERS_PER_MEMBER),
            lists: Room::new(LISTS_AT_ONCE, LISTS_PER_MEMBER),
        }
    }
}

/// Answers a request.
pub(crate) async fn answer<B>(front: Arc<Front>, request: Request<B>) -> Answer
where
    B: Body<Data = Bytes> + Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Display,
{
    let answer = front.reply(request).await.unwrap_or_else(Refusal::into_answer);
    counter!(names::TAXII_REQUESTS, "status" => answer.status().as_str().to_owned()).increment(1);
    answer
}

impl Front {
    async fn reply<B>(&self, request: Request<B>) -> Result<Answer, Refusal>
    where
        B: Body<Data = Bytes> + Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Display,
    {
        let (head, body) = request.into_parts();
        let who = access::who(&self.directory, &head.headers)?;
        let place = self.rooms.answers.enter(&who.member);
        let place = place.ok_or_else(|| {
            let description = "too many answers are under way here, or not read: read those, and ask again later";
            Refusal::later(StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_ANSWERS", description)
        })?;
        let answer = self.of_member(who, &head, body).await?;
        Ok(answer.map(|content| content.held(place)))
    }

    async fn of_member<B>(&self, who: Arc<Principal>, head: &Parts, body: B) -> Result<Answer, Refusal>
    where
        B: Body<Data = Bytes> + Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Display,
    {
        if !accepts(&joined(&head.headers, ACCEPT)) {
            let description =
                "the header Accept names no media type of TAXII 2.1: send 'application/taxii+json;version=2.1'";
            return Err(Refusal::new(StatusCode::NOT_ACCEPTABLE, "NOT_ACCEPTABLE", description));
        }
        let endpoint = Endpoint::of(head.uri.path()).ok_or_else(|| Refusal::not_found("endpoint"))?;
        match (&head.method, endpoint) {
            (&Method::GET | &Method::HEAD, endpoint) => {
                self.get(who, endpoint, head.uri.query().unwrap_or_default()).await
            }
            (&Method::POST, Endpoint::Objects(name)) => self.add(&who, name, head, body).await,
            (&Method::DELETE, Endpoint::Object(name, _)) => {
                self.collection(name)?;
                Err(Refusal::forbidden(
                    "nothing is deleted here: an alert is withdrawn by retracting the reports behind it",
                ))
            }
            (_, endpoint) => Err(Refusal::method(endpoint.methods())),
        }
    }

    async fn get(&self, who: Arc<Principal>, endpoint: Endpoint<'_>, query: &str) -> Result<Answer, Refusal> {
        let found = |resource: &Value| Ok(json(StatusCode::OK, resource));
        match endpoint {
            Endpoint::Discovery => found(&resource::discovery()),
            Endpoint::Root => found(&resource::api_root(TAXII_BODY_BYTES)),
            Endpoint::Status(id) => {
                let status = self.inbox.as_ref().and_then(|inbox| inbox.status(&who.member, id));
                found(&status.ok_or_else(|| Refusal::not_found("status"))?)
            }
            Endpoint::Collections => found(&resource::collections(self.collections())),
            Endpoint::Collection(name) => found(&resource::collection(self.collection(name)?)),
            Endpoint::Objects(name) => {
                let page_of = self.whole(who, name, query).await?;
                Ok(page("objects", page_of, |listed| listed.object))
            }
            Endpoint::Manifest(name) => {
                let page_of = self.whole(who, name, query).await?;
                Ok(page("objects", page_of, |listed| {
                    resource::manifest_record(listed.id(), listed.added_us, listed.version_ms)
                }))
            }
            Endpoint::Object(name, id) => {
                let collection = self.readable(name)?;
                let page_of = self.one(who, collection, id, Query::parse(query)?).await?;
                Ok(page("objects", page_of, |listed| listed.object))
            }
            Endpoint::Versions(name, id) => {
                let collection = self.readable(name)?;
                let query = Query {
                    versions: Versions::All,
                    ..Query::parse(query)?
                };
                let page_of = self.one(who, collection, id, query).await?;
                Ok(page("versions", page_of, |listed| {
                    version_text(listed.version_ms).into()
                }))
            }
        }
    }

    /// A page of a whole collection.
    async fn whole(&self, who: Arc<Principal>, name: &str, query: &str) -> Result<chappe_taxii::Page, Refusal> {
        let collection = self.readable(name)?;
        let query = Query::parse(query)?;
        let (library, member) = (Arc::clone(&self.library), who.member.clone());
        self.looked_up(&member, move || Ok(library.page(&who, collection, &query)?))
            .await
    }

    /// A page of one object's versions. Its id is all that is matched.
    async fn one(
        &self,
        who: Arc<Principal>,
        collection: Collection,
        id: &str,
        query: Query,
    ) -> Result<chappe_taxii::Page, Refusal> {
        let (library, member, id) = (Arc::clone(&self.library), who.member.clone(), id.to_owned());
        let query = Query {
            ids: Some(BTreeSet::from([id.clone()])),
            types: None,
            ..query
        };
        let look = move || match library.object(&who, collection, &id, &query)? {
            Found::Page(page) => Ok(page),
            Found::Nothing => Err(Refusal::not_found("object")),
        };
        self.looked_up(&member, look).await
    }

    /// Looks up apart from what serves connections, so much at once.
    async fn looked_up<T: Send + 'static>(
        &self,
        member: &MemberId,
        look: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let place = self.rooms.lists.enter(member);
        let place = place.ok_or_else(|| {
            let description = "too many pages are being drawn up for you now: ask again later";
            Refusal::later(StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_LOOKUPS", description)
        })?;
        let look = move || {
            let found = look();
            drop(place);
            Ok(found)
        };
        apart(&self.library.board.lists, look).await?
    }

    async fn add<B>(&self, who: &Arc<Principal>, name: &str, head: &Parts, body: B) -> Result<Answer, Refusal>
    where
        B: Body<Data = Bytes> + Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Display,
    {
        let inbox = match (self.collection(name)?, &self.inbox) {
            (Collection::Inbox, Some(inbox)) => inbox,
            _ => {
                return Err(Refusal::forbidden(
                    "nothing is added to this collection: report to 'inbox'",
                ));
            }
        };
        if !is_taxii(&joined(&head.headers, CONTENT_TYPE)) {
            let description =
                "the header Content-Type is not that of TAXII 2.1: send 'application/taxii+json;version=2.1'";
            return Err(Refusal::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "UNSUPPORTED_MEDIA_TYPE",
                description,
            ));
        }
        let arriving = self.rooms.bodies.enter(&who.member);
        let arriving = arriving.ok_or_else(Refusal::too_many_additions)?;
        let envelope = whole_body(body).await?;
        // From here on the body counts among the envelopes that are read.
        drop(arriving);
        let status = Inbox::take(inbox, Arc::clone(who), envelope).await?;
        Ok(json(StatusCode::ACCEPTED, &status))
    }

    /// The collections that there are here.
    fn collections(&self) -> impl Iterator<Item = Collection> {
        let has_inbox = self.inbox.is_some();
        (Collection::ALL.into_iter()).filter(move |collection| collection.is_read() || has_inbox)
    }

    fn collection(&self, name: &str) -> Result<Collection, Refusal> {
        let named = Collection::named(name).filter(|named| named.is_read() || self.inbox.is_some());
        named.ok_or_else(|| Refusal::not_found("collection"))
    }

    fn readable(&self, name: &str) -> Result<Collection, Refusal> {
        match self.collection(name)? {
            collection if collection.is_read() => Ok(collection),
            _ => Err(Refusal::forbidden("nothing is read from this collection")),
        }
    }
}

/// A body that is no longer than [`TAXII_BODY_BYTES`], and here in time.
async fn whole_body<B>(body: B) -> Result<Bytes, Refusal>
where
    B: Body<Data = Bytes> + Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let too_large = || {
        let description = format!("the body has more than {TAXII_BODY_BYTES} bytes: add fewer objects at once");
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "TOO_LARGE", description)
    };
    // Told before it is sent, where its length is stated.
    if body.size_hint().lower() > TAXII_BODY_BYTES as u64 {
        return Err(too_large());
    }
    let collected = Limited::new(body, TAXII_BODY_BYTES).collect();
    match tokio::time::timeout(BODY_PATIENCE, collected).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            "BROKEN_OFF",
            "the body broke off",
        )),
        Err(_) => Err(Refusal::later(
            StatusCode::REQUEST_TIMEOUT,
            "TIMED_OUT",
            "the body did not arrive in time",
        )),
    }
}
