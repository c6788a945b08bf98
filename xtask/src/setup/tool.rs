//! One tool: how to ask for its version, how to bring it, what to do by hand.

use std::time::Instant;

use crate::command;
use crate::place::Place;

/// A tool that something needs.
pub(crate) struct Tool {
    /// As people call it.
    pub(crate) name: &'static str,
    /// Its version, if it is there and works.
    pub(crate) version: fn(&Place) -> Option<String>,
    /// The version it must be, where that matters: a word of what `version` answers.
    pub(crate) wanted: Option<&'static str>,
    /// Ways to bring it, tried once each in this order until one works.
    pub(crate) ways: Vec<Way>,
    /// What a person types where none works.
    pub(crate) by_hand: String,
}

/// One way to bring a tool.
pub(crate) type Way = fn(&Place) -> anyhow::Result<()>;

/// What became of a tool.
#[derive(Debug, PartialEq)]
pub(crate) enum State {
    /// Its version; it was there.
    Present(String),
    /// Its version, and the seconds it took to bring it.
    Brought(String, f64),
    /// Why each way failed.
    Missing(String),
}

impl Tool {
    /// Brings the tool if it is not there in the wanted version.
    pub(crate) fn bring(&self, place: &Place) -> State {
        if let Some(version) = self.fitting_version(place) {
            return State::Present(version);
        }
        let started = Instant::now();
        let mut reasons = Vec::new();
        for way in &self.ways {
            match (way(place), self.fitting_version(place)) {
                (Ok(()), Some(version)) => return State::Brought(version, started.elapsed().as_secs_f64()),
                (Ok(()), None) => reasons.push(format!("set up, but it answers {}", self.answered(place))),
                (Err(error), _) => reasons.push(format!("{error:#}")),
            }
        }
        if reasons.is_empty() {
            reasons.push(format!("it answers {}", self.answered(place)));
        }
        State::Missing(reasons.join("; "))
    }

    /// What is printed about it.
    pub(crate) fn line(&self, state: &State) -> String {
        match state {
            State::Present(version) => format!("{:12} {version}", self.name),
            State::Brought(version, seconds) => format!("{:12} {version} (set up in {seconds:.1} s)", self.name),
            State::Missing(reason) => format!("{:12} FAILED: {reason}\n{:12} by hand: {}", self.name, "", self.by_hand),
        }
    }

    fn fitting_version(&self, place: &Place) -> Option<String> {
        let version = (self.version)(place)?;
        let fits = self.wanted.is_none_or(|wanted| {
            version
                .split_whitespace()
                .any(|word| word.trim_start_matches('v') == wanted)
        });
        fits.then_some(version)
    }

    fn answered(&self, place: &Place) -> String {
        let wanted = self
            .wanted
            .map(|wanted| format!(", wanted {wanted}"))
            .unwrap_or_default();
        let found = (self.version)(place).map_or_else(|| "nothing".to_owned(), |version| format!("\"{version}\""));
        format!("{found}{wanted}")
    }
}

/// The first line of what a program says of its version.
pub(crate) fn first_line(program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> Option<String> {
    let said = command::answer(std::process::Command::new(program).args(arguments))?;
    said.lines().next().map(|line| plain(line).trim().to_owned())
}

/// A line without the colour codes that some programs print even into a pipe.
fn plain(line: &str) -> String {
    let mut parts = line.split("\u{1b}[");
    let first = parts.next().unwrap_or_default();
    let after_code = |part: &str| {
        part.split_once('m')
            .map(|(_, rest)| rest.to_owned())
            .unwrap_or_default()
    };
    std::iter::once(first.to_owned()).chain(parts.map(after_code)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool(version: fn(&Place) -> Option<String>, ways: Vec<Way>) -> Tool {
        Tool {
            name: "thing",
            version,
            wanted: Some("1.2.0"),
            ways,
            by_hand: "get thing 1.2.0".to_owned(),
        }
    }

    #[test]
    fn a_tool_in_the_wanted_version_is_left_alone() {
        let place = Place::find().unwrap();
        let present = tool(
            |_| Some("thing v1.2.0".to_owned()),
            vec![|_| panic!("must not be called")],
        );
        assert_eq!(present.bring(&place), State::Present("thing v1.2.0".to_owned()));
    }

    #[test]
    fn colours_are_left_out_of_a_version() {
        assert_eq!(plain("\u{1b}[1mApache Maven 3.8.7\u{1b}[m"), "Apache Maven 3.8.7");
        assert_eq!(plain("buf 1.75.0"), "buf 1.75.0");
    }

    #[test]
    fn what_failed_is_named_with_what_to_do() {
        let place = Place::find().unwrap();
        let old = tool(
            |_| Some("thing 1.2".to_owned()),
            vec![|_| anyhow::bail!("no network"), |_| Ok(())],
        );
        let state = old.bring(&place);
        let line = old.line(&state);
        assert!(matches!(state, State::Missing(_)));
        for part in [
            "FAILED: no network",
            "it answers \"thing 1.2\", wanted 1.2.0",
            "by hand: get thing 1.2.0",
        ] {
            assert!(line.contains(part), "{line}");
        }
    }
}
