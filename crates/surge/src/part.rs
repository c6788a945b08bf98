//! Parts of a type: those of its incidents that hit one sector.

use serde::{Deserialize, Serialize};

use crate::baseline::{Baseline, History, learn};
use crate::calendar::Calendar;
use crate::grid::Grid;
use crate::together::{SET_ASIDE, Together};

/// So many incidents of a column weigh as much as the share that all columns have.
const SHARE_INCIDENTS: f64 = 20.0;
/// No share is less: what was never seen is not impossible.
const LEAST_SHARE: f64 = 1e-4;

/// A part of a type. An incident may be of several parts, or of none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Of which type.
    pub kind: usize,
    /// Of each column: so many of the type's incidents are of the part, above 0 and at most 1.
    pub shares: Vec<f64>,
}

/// What was counted of a part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartHistory {
    /// Of which type.
    pub kind: usize,
    /// Of each column the bins that have any, rising, as places in the histories of the type; and how many incidents.
    pub columns: Vec<Vec<(u32, u32)>>,
}

/// What was learned of a part. What to expect of it in a column is the share of what is to be expected of the type there.
#[derive(Clone, Debug, PartialEq)]
pub struct PartBaseline {
    /// The part.
    pub part: Part,
    /// Over all columns, as [`Baselines::wholes`](crate::Baselines::wholes).
    pub whole: Option<Baseline>,
}

/// The wholes of all types, and the parts.
pub(crate) fn learn_wholes(
    calendars: &[Calendar],
    cells: &Grid<Baseline>,
    histories: &Grid<History>,
    parts: &[PartHistory],
) -> (Vec<Option<Baseline>>, Vec<PartBaseline>) {
    let common = calendars.first().filter(|_| cells.countries() > SET_ASIDE);
    let common = common.map(|calendar| calendar.clone().without_holidays());
    let of_part = |part: &PartHistory| Part {
        kind: part.kind,
        shares: shares(part, histories),
    };
    let known: Vec<Part> = parts.iter().map(of_part).collect();
    let (mut wholes, mut learned) = (vec![], vec![None; parts.len()]);
    for kind in 0..cells.types() {
        let of_kind: Vec<usize> = (0..parts.len()).filter(|part| parts[*part].kind == kind).collect();
        let sums = common.as_ref().and_then(|_| {
            let rows = of_kind
                .iter()
                .map(|part| (&parts[*part], known[*part].shares.as_slice()));
            totals(cells, histories, kind, &rows.collect::<Vec<_>>())
        });
        let mut sums = sums.into_iter().flatten();
        let mut next = || Some(learn(common.as_ref()?, &sums.next()?));
        wholes.push(next());
        for part in of_kind {
            learned[part] = next();
        }
    }
    let learned = known.into_iter().zip(learned);
    (
        wholes,
        learned.map(|(part, whole)| PartBaseline { part, whole }).collect(),
    )
}

/// Of each column which part of its incidents, drawn towards that of all.
fn shares(part: &PartHistory, histories: &Grid<History>) -> Vec<f64> {
    let of_part = |column: &Vec<(u32, u32)>| column.iter().map(|(_, count)| f64::from(*count)).sum::<f64>();
    let ours: Vec<f64> = part.columns.iter().map(of_part).collect();
    let all: Vec<f64> = histories
        .of_type(part.kind)
        .map(|history| history.counts.iter().sum::<u64>() as f64)
        .collect();
    let overall = ours.iter().sum::<f64>() / all.iter().sum::<f64>().max(1.0);
    let share = |(ours, all): (&f64, &f64)| (ours + SHARE_INCIDENTS * overall) / (all + SHARE_INCIDENTS);
    ours.iter()
        .zip(&all)
        .map(|of| share(of).clamp(LEAST_SHARE, 1.0))
        .collect()
}

/// What a type, and then each of its parts, would have counted over all columns.
fn totals(
    cells: &Grid<Baseline>,
    histories: &Grid<History>,
    kind: usize,
    parts: &[(&PartHistory, &[f64])],
) -> Option<Vec<History>> {
    let of_type: Vec<&History> = histories.of_type(kind).collect();
    let first = of_type.first()?;
    let bin = cells.of_type(kind).next()?.calendar().bin();
    let width = bin.in_coarse();
    let coarse = first.counts.len() / width;
    let mut rows = vec![Vec::with_capacity(coarse * width); parts.len() + 1];
    // How far each column of each part has been read.
    let mut read: Vec<Vec<usize>> = parts.iter().map(|(part, _)| vec![0; part.columns.len()]).collect();
    for day in 0..coarse {
        let at = bin.coarse_of(first.first) + day as i64;
        let means: Vec<Vec<f64>> = cells.of_type(kind).map(|cell| cell.means_of_coarse(at)).collect();
        for hour in 0..width {
            let place = day * width + hour;
            let known = of_type.iter().zip(&means);
            let known = known.map(|(history, means)| (history.counts.get(place).copied().unwrap_or(0), means[hour]));
            rows[0].push(Together::of(known).total_beside_a_flood());
            for (((part, shares), read), row) in parts.iter().zip(&mut read).zip(&mut rows[1..]) {
                let counts = part
                    .columns
                    .iter()
                    .zip(read)
                    .map(|(column, read)| next_at(column, read, place));
                let means = means.iter().zip(*shares).map(|(means, share)| means[hour] * share);
                row.push(Together::of(counts.zip(means)).total_beside_a_flood());
            }
        }
    }
    let history = |counts| History {
        first: first.first,
        counts,
    };
    Some(rows.into_iter().map(history).collect())
}

/// The count at a place, where places are asked for in rising order.
pub(crate) fn next_at(column: &[(u32, u32)], read: &mut usize, place: usize) -> u64 {
    while column.get(*read).is_some_and(|(at, _)| (*at as usize) < place) {
        *read += 1;
    }
    match column.get(*read) {
        Some((at, count)) if *at as usize == place => u64::from(*count),
        _ => 0,
    }
}
