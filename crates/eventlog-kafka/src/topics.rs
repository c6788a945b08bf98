//! The topics at opening: created if absent, checked if not.

mod demands;
mod wait;

use std::{
    thread,
    time::{Duration, Instant},
};

use chappe_eventlog::{Durability, Topic};
use rdkafka::{
    admin::{AdminClient, AdminOptions, ConfigResource, NewTopic, ResourceSpecifier, TopicReplication},
    consumer::{BaseConsumer, Consumer},
    error::{KafkaError, RDKafkaErrorCode},
    metadata::MetadataTopic,
};

pub(crate) use self::wait::wait_for;
use crate::{
    context::{Listener, Said},
    error::OpenError,
    options::KafkaOptions,
    settings,
};

/// How long one question to the brokers may take at opening, unless less time is left.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(5);

/// Pause before the brokers are asked again.
const PAUSE: Duration = Duration::from_millis(100);

/// At most so many words of the client are heard between two tries.
const WORDS: usize = 100;

/// How the topics were found.
#[derive(Debug)]
pub(crate) struct Survey {
    pub(crate) durability: Durability,
    pub(crate) created: Vec<Topic>,
    pub(crate) brokers: usize,
}

/// What the brokers look like from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// How many brokers there are.
    pub brokers: usize,
    /// The names of topics that are not there yet; where there are none, all are as they must be.
    pub absent: Vec<String>,
}

/// A topic as the brokers tell of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) partitions: usize,
    /// The fewest of any partition.
    pub(crate) replication: usize,
}

/// Why another try is worth while, or why not.
enum Obstacle {
    Passing(String),
    Final(OpenError),
}

impl From<KafkaError> for Obstacle {
    fn from(error: KafkaError) -> Self {
        Self::Passing(error.to_string())
    }
}

/// A setting that is not as it must be is believed only after this long.
const SETTLING: Duration = Duration::from_secs(3);

/// The time that opening has.
pub(crate) struct Deadline<'a> {
    options: &'a KafkaOptions,
    consumer: &'a BaseConsumer<Listener>,
    at: Instant,
}

impl<'a> Deadline<'a> {
    pub(crate) fn new(options: &'a KafkaOptions, consumer: &'a BaseConsumer<Listener>) -> Self {
        Self {
            options,
            consumer,
            at: Instant::now() + options.timeouts.open,
        }
    }

    /// For one question.
    pub(crate) fn question(&self) -> Duration {
        let left = self.at.saturating_duration_since(Instant::now());
        // Not zero: a question without time would never be answered.
        left.clamp(PAUSE, QUESTION_TIMEOUT)
    }

    /// Pauses before the next try; an error once there is no time for one.
    pub(crate) fn pause(&self, reason: &str) -> Result<(), OpenError> {
        let said = self.listen();
        if Instant::now() >= self.at {
            return Err(OpenError::NotReady {
                brokers: self.options.brokers.clone(),
                seconds: self.options.timeouts.open.as_secs(),
                reason: said.and_last(reason),
            });
        }
        thread::park_timeout(PAUSE);
        Ok(())
    }

    /// Lets the client say what troubles it: it does so to whoever polls.
    fn listen(&self) -> &Said {
        let said = &self.consumer.context().0;
        for _ in 0..WORDS {
            match self.consumer.poll(Duration::ZERO) {
                Some(Err(error)) => tracing::debug!(%error, "trouble while opening"),
                Some(Ok(_)) => {}
                None => break,
            }
        }
        said
    }
}

/// Creates what is absent, waits until the brokers know all topics, and checks them.
pub(crate) fn prepare(options: &KafkaOptions, deadline: &Deadline<'_>) -> Result<Survey, OpenError> {
    let admin = admin(options, deadline)?;
    let mut created = Vec::new();
    let began = Instant::now();
    loop {
        match attempt(options, &admin, deadline, &mut created) {
            Ok((durability, brokers)) => {
                return Ok(Survey {
                    durability,
                    created,
                    brokers,
                });
            }
            // What another process has just created is not known to every broker with its settings at once.
            Err(Obstacle::Final(OpenError::Mismatch { topic, setting, .. })) if began.elapsed() < SETTLING => {
                deadline.pause(&format!("{setting} of {topic}"))?;
            }
            Err(Obstacle::Final(error)) => return Err(error),
            Err(Obstacle::Passing(reason)) => deadline.pause(&reason)?,
        }
    }
}

/// Looks at the topics and creates none. Where all are there they are checked; else those that are absent are named.
pub(crate) fn look(options: &KafkaOptions, deadline: &Deadline<'_>) -> Result<Outlook, OpenError> {
    let admin = admin(options, deadline)?;
    loop {
        match try_to_look(options, &admin, deadline) {
            Ok(seen) => return Ok(seen),
            Err(Obstacle::Final(error)) => return Err(error),
            Err(Obstacle::Passing(reason)) => deadline.pause(&reason)?,
        }
    }
}

fn admin(options: &KafkaOptions, deadline: &Deadline<'_>) -> Result<AdminClient<Listener>, OpenError> {
    let context = deadline.consumer.context().as_ref().clone();
    let made = settings::admin(options).create_with_context(context);
    made.map_err(|error: KafkaError| OpenError::Client {
        brokers: options.brokers.clone(),
        reason: error.to_string(),
    })
}

fn try_to_look(
    options: &KafkaOptions,
    admin: &AdminClient<Listener>,
    deadline: &Deadline<'_>,
) -> Result<Outlook, Obstacle> {
    // Of all topics: to ask for one by its name may create it, where brokers are set so.
    let metadata = deadline.consumer.fetch_metadata(None, deadline.question())?;
    let (mut shapes, mut absent) = (Vec::new(), Vec::new());
    for topic in Topic::ALL {
        let name = options.topic_name(topic);
        match metadata
            .topics()
            .iter()
            .find(|found| found.name() == name)
            .map(shape_of)
        {
            None | Some(Ok(None)) => absent.push(name),
            Some(Ok(Some(shape))) => shapes.push((topic, shape)),
            Some(Err(reason)) => return Err(Obstacle::Passing(format!("topic {topic}: {reason}"))),
        }
    }
    if absent.is_empty() {
        for ((topic, shape), config) in shapes.iter().zip(&describe(options, admin, deadline)?) {
            demands::check(options, *topic, *shape, config).map_err(Obstacle::Final)?;
        }
    }
    Ok(Outlook {
        brokers: metadata.brokers().len(),
        absent,
    })
}

fn attempt(
    options: &KafkaOptions,
    admin: &AdminClient<Listener>,
    deadline: &Deadline<'_>,
    created: &mut Vec<Topic>,
) -> Result<(Durability, usize), Obstacle> {
    let mut shapes = Vec::new();
    let mut absent = Vec::new();
    let mut brokers = 0;
    for topic in Topic::ALL {
        let metadata = deadline
            .consumer
            .fetch_metadata(Some(&options.topic_name(topic)), deadline.question())?;
        brokers = metadata.brokers().len();
        match metadata.topics().first().map(shape_of) {
            Some(Ok(Some(shape))) => shapes.push((topic, shape)),
            Some(Ok(None)) | None => absent.push(topic),
            Some(Err(reason)) => return Err(Obstacle::Passing(format!("topic {topic}: {reason}"))),
        }
    }
    if !absent.is_empty() {
        create(options, admin, deadline, &absent, created)?;
        return Err(Obstacle::Passing(
            "topics that were created are not known everywhere yet".into(),
        ));
    }
    let configs = describe(options, admin, deadline)?;
    for ((topic, shape), config) in shapes.iter().zip(&configs) {
        demands::check(options, *topic, *shape, config).map_err(Obstacle::Final)?;
    }
    let kept = shapes
        .iter()
        .zip(&configs)
        .filter(|((topic, _), _)| *topic != Topic::Pulse)
        .all(|((_, shape), config)| demands::survives_a_broker(*shape, config));
    let durability = if kept {
        Durability::Replicated
    } else {
        Durability::Process
    };
    Ok((durability, brokers))
}

/// The shape of a topic; none where there is no such topic; an error while it has no leader.
fn shape_of(topic: &MetadataTopic) -> Result<Option<Shape>, String> {
    if let Some(error) = topic.error() {
        return match RDKafkaErrorCode::from(error) {
            RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic => Ok(None),
            code => Err(code.to_string()),
        };
    }
    if let Some(leaderless) = topic.partitions().iter().find(|partition| partition.leader() < 0) {
        return Err(format!("partition {} has no leader", leaderless.id()));
    }
    let replicas = topic.partitions().iter().map(|partition| partition.replicas().len());
    Ok(Some(Shape {
        partitions: topic.partitions().len(),
        replication: replicas.min().unwrap_or(0),
    }))
}

/// A topic to create: its name on the brokers and its settings.
type Named = (Topic, String, Vec<(&'static str, String)>);

fn create(
    options: &KafkaOptions,
    admin: &AdminClient<Listener>,
    deadline: &Deadline<'_>,
    absent: &[Topic],
    created: &mut Vec<Topic>,
) -> Result<(), Obstacle> {
    let named: Vec<Named> = absent
        .iter()
        .map(|&topic| (topic, options.topic_name(topic), demands::settings(options, topic)))
        .collect();
    let new: Vec<NewTopic<'_>> = named
        .iter()
        .map(|(topic, name, settings)| {
            let partitions = i32::from(options.partitions.of(*topic));
            let replication = TopicReplication::Fixed(i32::from(options.replication));
            let new = NewTopic::new(name, partitions, replication);
            settings.iter().fold(new, |new, (key, value)| new.set(key, value))
        })
        .collect();
    let outcomes = wait_for(admin.create_topics(&new, &patience(deadline)))?;
    for (outcome, (topic, name, _)) in outcomes.into_iter().zip(&named) {
        match outcome {
            Ok(_) => created.push(*topic),
            // Another process was faster.
            Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            // Too few brokers are there yet, or the controller moves.
            Err((_, code @ (RDKafkaErrorCode::InvalidReplicationFactor | RDKafkaErrorCode::NotController)))
            | Err((_, code @ (RDKafkaErrorCode::RequestTimedOut | RDKafkaErrorCode::OperationTimedOut))) => {
                return Err(Obstacle::Passing(format!("topic {name} was not created: {code}")));
            }
            Err((_, code)) => {
                return Err(Obstacle::Final(OpenError::CannotCreate {
                    topic: name.clone(),
                    reason: code.to_string(),
                    command: demands::creation_command(options, *topic),
                }));
            }
        }
    }
    Ok(())
}

/// The settings of every topic, in the order of [`Topic::ALL`].
fn describe(
    options: &KafkaOptions,
    admin: &AdminClient<Listener>,
    deadline: &Deadline<'_>,
) -> Result<Vec<ConfigResource>, Obstacle> {
    let names = Topic::ALL.map(|topic| options.topic_name(topic));
    let asked: Vec<ResourceSpecifier<'_>> = names.iter().map(|name| ResourceSpecifier::Topic(name)).collect();
    let told = wait_for(admin.describe_configs(&asked, &patience(deadline)))?;
    let told: Result<Vec<ConfigResource>, RDKafkaErrorCode> = told.into_iter().collect();
    told.map_err(|code| Obstacle::Passing(format!("the topics' settings were not told: {code}")))
}

fn patience(deadline: &Deadline<'_>) -> AdminOptions {
    AdminOptions::new()
        .request_timeout(Some(deadline.question()))
        .operation_timeout(Some(deadline.question()))
}
