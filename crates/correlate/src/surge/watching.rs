//! Bins begin and end, and reports count in them.

use chappe_model::limits::EU_MEMBERS;
use chappe_model::{AlertState, IncidentId, Timestamp};
use chappe_surge::{Bin, CountLaw, Lookout, OVER_AT, Of, Panel, StandingOut};
use serde::{Deserialize, Serialize};

use super::lesson::InForce;
use super::report::{Counts, seconds};
use super::seat::{Seat, seats};
use super::series::{Scope, Series};
use super::{Counted, Surges};

/// All series, and the bin that they are in.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Watching {
    pub(super) panel: Panel,
    /// The bin that has begun last.
    pub(super) bin: i64,
}

/// A series that an incident has changed, and whether the incident counts in it.
type Touched = (Series, bool);

/// How a series stood when it was last looked at: what is told of a surge.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Stood {
    pub(super) score: f64,
    pub(super) bin_seconds: u32,
    pub(super) threshold_milli: u32,
    pub(super) false_alarms_per_year: u32,
    pub(super) lesson: u32,
    /// Where each recent bin begins, how much is known of it, and the law of that.
    pub(super) bins: Vec<(Timestamp, u64, CountLaw)>,
    /// The countries that stand out together, and where their bin begins: where it is they that make the score.
    pub(super) together: Option<(Timestamp, StandingOut)>,
}

impl Stood {
    fn now(lesson: &InForce, score: f64, watching: &mut Watching, of: Of, column: Option<usize>) -> Self {
        let (head, newest) = (lesson.head(), watching.bin);
        let begins = |age: usize| begin_of(lesson.bin, newest - i64::try_from(age).unwrap_or(0));
        let set = column
            .is_none()
            .then(|| watching.panel.set(of, &lesson.delay))
            .flatten();
        let lookout = watching.panel.lookout(of, column);
        let recent = lookout.into_iter().flat_map(Lookout::recent);
        let bins = recent.map(|(age, recent)| (begins(age), recent.count, recent.law.thinned(lesson.delay.known(age))));
        Self {
            score,
            bin_seconds: head.bin_seconds,
            threshold_milli: head.threshold_milli,
            false_alarms_per_year: head.false_alarms_per_year,
            lesson: head.number,
            bins: bins.collect(),
            together: set.map(|set| (begins(set.age), set)),
        }
    }
}

/// Log time at which a bin begins.
fn begin_of(bin: Bin, at: i64) -> Timestamp {
    Timestamp::from_millis(u64::try_from(bin.begins(at)).unwrap_or(0) * 1_000)
}

impl Surges {
    /// When the next bin begins; none as long as there is no lesson.
    pub(super) fn next_bin(&self) -> Option<Timestamp> {
        if let (Some(watching), Some(lesson)) = (&self.state.watching, &self.lesson) {
            return Some(begin_of(lesson.bin, watching.bin + 1));
        }
        let (at, parts) = self.state.coming.first()?;
        let bin = Bin::of_seconds(parts.first()?.bin_seconds).unwrap_or(Bin::Hour);
        Some(begin_of(bin, bin.of(seconds(*at)) + 1))
    }

    /// A bin ends at `at`, and another begins.
    pub(super) fn pass_bin(&mut self, at: Timestamp) {
        self.end_bin();
        while let Some((since, parts)) = self.state.coming.first()
            && *since < at
        {
            let bin = parts.first().and_then(|part| Bin::of_seconds(part.bin_seconds));
            if bin.is_some_and(|bin| begin_of(bin, bin.of(seconds(at))) != at) {
                break; // its bins begin later
            }
            let (since, parts) = self.state.coming.remove(0);
            let follows = parts.first().is_some_and(|part| part.number == self.number() + 1);
            if let Some(lesson) = InForce::new(parts.clone()).filter(|_| follows) {
                self.take_lesson(lesson);
                self.state.lesson = Some((since, parts));
                self.state.past.forget(seconds(at));
            }
        }
        let (Some(lesson), Some(watching)) = (&mut self.lesson, &mut self.state.watching) else {
            return;
        };
        watching.bin = lesson.bin.of(seconds(at));
        let delay = lesson.delay.clone();
        if let Some(laws) = lesson.laws(watching.bin) {
            watching.panel.begin(laws, &delay);
        }
    }

    /// What stands out no more is over.
    fn end_bin(&mut self) {
        let gathered: Vec<Series> = self.state.gathered.keys().copied().collect();
        for series in gathered {
            let Some(score) = self.look_at(series) else { continue };
            if score <= OVER_AT {
                self.close(series);
            } else if self.is_open(series) {
                self.dirty.insert(series);
            }
        }
    }

    pub(super) fn is_open(&self, series: Series) -> bool {
        (self.state.gathered.get(&series)).is_some_and(|gathered| gathered.opened.is_some())
    }

    /// Nothing stands out of it any more, or it is watched no more.
    fn close(&mut self, series: Series) {
        let Some(gathered) = self.state.gathered.remove(&series) else {
            return;
        };
        if let Some(opened) = gathered.opened {
            let state = if gathered.standing.is_empty() {
                AlertState::Retracted
            } else {
                AlertState::Resolved
            };
            let alert = self.alert(series, &gathered, &opened, state);
            self.last_words.add(series, alert);
        }
    }

    /// Series that both lessons know go on as they were, where bins are as wide.
    fn take_lesson(&mut self, lesson: InForce) {
        let same_bins = self.lesson.as_ref().is_some_and(|before| before.bin == lesson.bin);
        let before = self.lesson.take().filter(|_| same_bins);
        let panel = self.state.watching.take().map(|watching| watching.panel);
        let gone = |series: &Series| !same_bins || lesson.place(*series).is_none();
        let dropped: Vec<Series> = self.state.gathered.keys().copied().filter(gone).collect();
        for series in dropped {
            self.close(series);
        }
        let head = lesson.head();
        let panel = Panel::new(
            head.types.len(),
            head.columns.len(),
            lesson.parts_watched(),
            |of, column| {
                let (before, panel) = (before.as_ref()?, panel.as_ref()?);
                let of = before.row_like(of, &lesson)?;
                let column = match column {
                    Some(column) => Some(*before.columns.get(&head.columns[column])?),
                    None => None,
                };
                panel.lookout(of, column).cloned()
            },
        );
        self.state.watching = Some(Watching { panel, bin: 0 });
        self.lesson = Some(lesson);
    }

    /// An incident that counted as `before` says counts as it says now.
    pub(super) fn watch(&mut self, at: Timestamp, incident: IncidentId, before: Option<Counted>, now: Option<&Counts>) {
        let (Some(lesson), Some(watching)) = (&self.lesson, &self.state.watching) else {
            return;
        };
        let before = before.filter(|before| !before.backfill);
        let now = now.filter(|now| !now.backfill);
        let was = before.map_or_else(Vec::new, |before| seats(lesson, watching.bin, &before));
        let mut is = now.map_or_else(Vec::new, |now| seats(lesson, watching.bin, &Counted::from(now)));
        is.retain(|seat| seat.place.is_some());
        let same_row = |of: Of, seats: &[Seat]| seats.iter().find(|seat| seat.of == of).copied();
        let left = was.iter().filter(|seat| same_row(seat.of, &is).is_none());
        let mut moves: Vec<(Option<Seat>, Option<Seat>)> = left.map(|seat| (Some(*seat), None)).collect();
        moves.extend(is.iter().map(|seat| (same_row(seat.of, &was), Some(*seat))));
        // A type's score over all countries rests on the rows of its sectors too: all rows are up to date before any is judged.
        let mut moved = Vec::with_capacity(moves.len());
        for (was, is) in moves {
            moved.push(self.move_in_row(at, incident, was, is.zip(now)));
        }
        for (series, counts) in moved.into_iter().flatten().flatten() {
            self.judge(series, at, incident, counts);
        }
    }

    /// An incident takes another seat in a row of series, or keeps it, with what it says now. The series that this touches.
    fn move_in_row(
        &mut self,
        at: Timestamp,
        incident: IncidentId,
        was: Option<Seat>,
        is: Option<(Seat, &Counts)>,
    ) -> [Option<Touched>; 4] {
        let Some(watching) = &mut self.state.watching else {
            return [None; 4];
        };
        let seat = is.map(|(seat, _)| seat);
        let stays = was.is_some() && was == seat;
        let mut counts = false;
        let place = |seat: Option<Seat>| seat.and_then(|seat| Some((seat.of, seat.place?)));
        if let Some((of, (column, age))) = place(seat).filter(|_| stays) {
            counts = watching.panel.holds(of, column, age);
        } else {
            if let Some((of, (column, age))) = place(was) {
                watching.panel.went(of, column, age, 1);
            }
            if let Some((of, (column, age))) = place(seat) {
                counts = watching.panel.came(of, column, age, 1);
            }
        }
        let of_old = was.map_or([None; 2], |seat| seat.series);
        let of_new = seat.map_or([None; 2], |seat| seat.series);
        // What stays where it was is looked at once.
        let another = |at: usize| of_new[at].filter(|of| !of_old.contains(&Some(*of)));
        let touched = [of_old[0], of_old[1], another(0), another(1)];
        if was.is_some() && !stays {
            for series in touched.iter().flatten() {
                if let Some(gathered) = self.state.gathered.get_mut(series) {
                    gathered.remove(incident);
                }
            }
        }
        if let Some((_, now)) = is.filter(|_| counts) {
            for series in of_new.into_iter().flatten() {
                let gathered = self.state.gathered.entry(series).or_default();
                gathered.add(at, incident, &now.voice);
            }
        }
        touched.map(|of| of.map(|series| (series, counts && of_new.contains(&of))))
    }

    /// Looks at a series that an incident has changed, which may begin a surge if it counts in it.
    fn judge(&mut self, series: Series, at: Timestamp, incident: IncidentId, counts: bool) {
        let Some(score) = self.look_at(series) else { return };
        let Some(lesson) = &self.lesson else { return };
        let threshold = f64::from(lesson.head().threshold_milli) / 1_000.0;
        let Some(gathered) = self.state.gathered.get_mut(&series) else {
            return;
        };
        let enough = matches!(series.1, Scope::Country(_)) || gathered.reach.len() >= EU_MEMBERS;
        if counts && gathered.opened.is_none() && score > threshold && enough {
            gathered.open(at, incident);
            self.look_at(series);
        }
        if self.is_open(series) {
            self.dirty.insert(series);
        }
    }

    /// The score of a series; how it stands is kept where a surge is on.
    fn look_at(&mut self, series: Series) -> Option<f64> {
        let (lesson, watching) = (self.lesson.as_ref()?, self.state.watching.as_mut()?);
        let (of, column) = lesson.place(series)?;
        let score = watching.panel.score(of, column, &lesson.delay);
        let gathered = self.state.gathered.get_mut(&series);
        if let Some(gathered) = gathered.filter(|gathered| gathered.opened.is_some()) {
            gathered.stood = Stood::now(lesson, score, watching, of, column);
        }
        Some(score)
    }
}
