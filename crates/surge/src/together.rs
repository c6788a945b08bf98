/// So many columns count as usual in a whole, however much they report: those that stand out most. What two do by themselves is no surge of
/// all.
pub const SET_ASIDE: usize = 2;

/// The counts of a bin together, less what the [`SET_ASIDE`] that stand out most are above theirs. No count, however large, adds more than its
/// mean and what others were above theirs; and one more incident anywhere never makes it less.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Together {
    sum: u64,
    /// How far those are above their means, and which they are, the one that is farthest first; at zero none is.
    most: [(f64, usize); SET_ASIDE],
}

impl Together {
    /// Of each column's count and mean.
    pub(crate) fn of(counts: impl Iterator<Item = (u64, f64)>) -> Self {
        let mut all = Self::default();
        for (column, (count, mean)) in counts.enumerate() {
            all.sum += count;
            all.place(column, count as f64 - mean);
        }
        all
    }

    /// A column's count has risen by so many, to this.
    pub(crate) fn add(&mut self, column: usize, more: u64, (count, mean): (u64, f64)) {
        self.sum += more;
        let excess = count as f64 - mean;
        match self.most.iter_mut().find(|(most, of)| *of == column && *most > 0.0) {
            Some(known) => {
                known.0 = excess;
                self.most.sort_by(|one, other| other.0.total_cmp(&one.0));
            }
            None => self.place(column, excess),
        }
    }

    fn place(&mut self, column: usize, excess: f64) {
        let mut next = (excess, column);
        for place in &mut self.most {
            if next.0 > place.0 {
                std::mem::swap(place, &mut next);
            }
        }
    }

    pub(crate) fn total(&self) -> u64 {
        self.less(SET_ASIDE)
    }

    /// What a whole is learned from: as if one of those that are set aside were a member that floods, which takes that place from whoever else would
    /// have stood out. So a flood raises nothing that was not to be expected of it.
    pub(crate) fn total_beside_a_flood(&self) -> u64 {
        self.less(SET_ASIDE - 1)
    }

    fn less(&self, set_aside: usize) -> u64 {
        let above: f64 = self.most[..set_aside].iter().map(|(excess, _)| excess).sum();
        (self.sum as f64 - above).max(0.0).floor() as u64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn one_more_incident_never_makes_a_whole_less_and_two_make_it_no_surge(
            series in prop::collection::vec((0u64..30, 0.1f64..10.0), 3..12), at in 0usize..12, flood in 1u64..10_000,
        ) {
            let at = at % series.len();
            let of = |series: &[(u64, f64)]| Together::of(series.iter().copied()).total();
            let mut more = series.clone();
            more[at].0 += 1;
            prop_assert!(of(&more) >= of(&series));
            let mut flooded = series.clone();
            flooded[at].0 += flood;
            flooded[(at + 1) % series.len()].0 += flood;
            // As if all others stood as they do, and these two at their means.
            let others = (0..series.len()).filter(|other| *other != at && *other != (at + 1) % series.len());
            let most: f64 = others.map(|other| series[other].0 as f64).sum::<f64>() + series[at].1 + series[(at + 1) % series.len()].1;
            prop_assert!(of(&flooded) as f64 <= most + 1e-9);
        }

        #[test]
        fn what_rises_step_by_step_is_what_it_is_at_once(
            means in prop::collection::vec(0.1f64..4.0, 1..8), steps in prop::collection::vec((0usize..8, 1u64..4), 0..60),
        ) {
            let mut series: Vec<(u64, f64)> = means.into_iter().map(|mean| (0, mean)).collect();
            let mut running = Together::of(series.iter().copied());
            for (column, more) in steps {
                let column = column % series.len();
                series[column].0 += more;
                running.add(column, more, series[column]);
                prop_assert_eq!(running.total(), Together::of(series.iter().copied()).total());
            }
        }
    }
}
