#![allow(clippy::unwrap_used)]

use std::io::Write;

use proptest::prelude::*;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use super::*;
use crate::spread::spread;

const COLUMNS: usize = 9;

/// One type with two parts, each a tenth of it; some bins have begun.
fn panel(delay: &Delay) -> Panel {
    let parts = [0.1, 0.1].map(|share| Part {
        kind: 0,
        shares: vec![share; COLUMNS],
    });
    let mut panel = Panel::new(1, COLUMNS, parts.into(), |_, _| None);
    for _ in 0..5 {
        begin(&mut panel, delay);
    }
    panel
}

fn begin(panel: &mut Panel, delay: &Delay) {
    let laws = Laws {
        cells: Grid::new(1, COLUMNS, |_, column| CountLaw::new(2.0 + column as f64, 1.5)),
        wholes: vec![Some(CountLaw::new(50.0, 1.5))],
        parts: vec![Some(CountLaw::new(5.0, 1.5)); 2],
    };
    panel.begin(&laws, delay);
}

/// An incident of the type, and of a part of it.
fn come(panel: &mut Panel, part: Option<usize>, column: usize, age: usize, incidents: u64) {
    panel.came(Of::Type(0), column, age, incidents);
    if let Some(part) = part {
        panel.came(Of::Part(part), column, age, incidents);
    }
}

fn go(panel: &mut Panel, part: Option<usize>, column: usize, age: usize, incidents: u64) {
    panel.went(Of::Type(0), column, age, incidents);
    if let Some(part) = part {
        panel.went(Of::Part(part), column, age, incidents);
    }
}

fn everywhere(panel: &mut Panel, delay: &Delay) -> (f64, Option<StandingOut>) {
    (panel.score(Of::Type(0), None, delay), panel.set(Of::Type(0), delay))
}

#[test]
fn hospitals_here_and_schools_there_are_one_wave() {
    let delay = Delay::none();
    let mut panel = panel(&delay);
    for column in 0..COLUMNS {
        come(&mut panel, Some(column % 2), column, 0, 4);
    }
    let (score, set) = everywhere(&mut panel, &delay);
    let set = set.unwrap();
    assert_eq!((set.parts, set.watched), (2, COLUMNS));
    assert!(set.columns > 5 && score > 15.0, "{score}: {set:?}");
    // Each part has it in half of the countries only, and all of the type hardly stands out.
    for part in [0, 1] {
        let of_part = panel.score(Of::Part(part), None, &delay);
        assert!(of_part < score - 3.0, "{of_part} of {score}");
    }
    // The score can be found again from what is told.
    let told = vec![set.surprise; set.columns];
    assert!((spread(&told, set.watched).0 - score).abs() < 1e-9);

    begin(&mut panel, &delay);
    assert_eq!(panel.set(Of::Type(0), &delay), None, "over with its bin");
}

/// Of fifty weeks, seven quiet ones before each, those in which 27 countries stand out above 7.7 over all (twelve a year by weeks, in the bench): a type with twelve
/// sectors of a twentieth each, and a wave that adds four incidents in each of nine countries, of another sector each.
fn weeks_above(wave: bool, sectors: usize) -> usize {
    let (columns, delay) = (27, Delay::none());
    let shares = (0..sectors).map(|_| Part {
        kind: 0,
        shares: vec![0.05; columns],
    });
    let mut panel = Panel::new(1, columns, shares.collect(), |_, _| None);
    let means = |column: usize| 4.0 + column as f64 / 4.0;
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
    let mut above = 0;
    for week in 1..=400 {
        let hit = week % 8 == 0;
        let law = |column| CountLaw::new(means(column), 1.3);
        panel.begin(
            &Laws {
                cells: Grid::new(1, columns, |_, column| law(column)),
                wholes: vec![Some(CountLaw::new((0..columns).map(means).sum(), 1.3))],
                parts: vec![None; sectors],
            },
            &delay,
        );
        for column in 0..columns {
            let usual = law(column).draw(&mut rng);
            let mut hits: Vec<(usize, u64)> = (0..usual).map(|_| (rng.next_u64() as usize % 20, 1)).collect();
            let own = rng.next_u64() as usize % 12;
            hits.extend(Some((own, 4)).filter(|_| wave && hit && column % 3 == 0));
            for (sector, incidents) in hits {
                let sector = Some(sector).filter(|sector| *sector < sectors);
                come(&mut panel, sector, column, 0, incidents);
            }
        }
        let score = panel.score(Of::Type(0), None, &delay);
        above += usize::from(hit && score > 7.7);
    }
    above
}

#[test]
fn a_wave_that_hits_another_sector_in_each_country_is_found_where_sectors_are_looked_at_together() {
    let [with, without] = [12, 0].map(|sectors| weeks_above(true, sectors));
    let quiet = [12, 0].map(|sectors| weeks_above(false, sectors));
    writeln!(
        std::io::stderr(),
        "found in {with} of 50 weeks, {without} without sectors; quiet weeks {quiet:?}"
    )
    .unwrap();
    assert!(with > 2 * without && with > 10, "{with}, {without}");
    assert!(quiet[0] == 0, "{quiet:?}");
}

proptest! {
    #[test]
    fn what_is_kept_between_reports_is_what_is_found_anew(
        steps in prop::collection::vec((prop::option::of(0usize..2), 0usize..COLUMNS, 0usize..4, 1u64..5, 0u8..5), 1..30),
        flood in 0u64..500,
    ) {
        let delay = Delay::new(vec![0.4, 0.7, 1.0]).unwrap();
        let (mut kept, mut anew, mut before) = (panel(&delay), panel(&delay), 0.0);
        for (part, column, age, incidents, what) in steps {
            match what {
                0 => [&mut kept, &mut anew].map(|panel| begin(panel, &delay)),
                1 => [&mut kept, &mut anew].map(|panel| {
                    come(panel, part, column, age, incidents);
                    go(panel, part, column, age, incidents);
                }),
                // What is counted already is said to be of a part.
                2 => [&mut kept, &mut anew].map(|panel| {
                    panel.came(Of::Part(part.unwrap_or(0)), column, age, incidents);
                }),
                _ => [&mut kept, &mut anew].map(|panel| come(panel, part, column, age, incidents)),
            };
            let found = everywhere(&mut kept, &delay);
            let of_parts = [0, 1].map(|part| kept.score(Of::Part(part), None, &delay));
            let most = of_parts.into_iter().fold(found.0, f64::max);
            prop_assert!(what < 2 || most >= before - 1e-9, "{most} after {before}");
            before = most;
            // What is skipped in a snapshot is found again from the rest.
            anew = postcard::from_bytes(&postcard::to_stdvec(&anew).unwrap()).unwrap();
            let again = everywhere(&mut anew, &delay);
            prop_assert!((again.0 - found.0).abs() < 1e-9 && again.1.map(|set| (set.age, set.columns)) == found.1.map(|set| (set.age, set.columns)));
        }
        // Two columns that flood say no more, in whatever part, than what the sum sets aside: nothing of themselves.
        let mut two = panel(&delay);
        for part in [0, 1] {
            come(&mut two, Some(part), part, 0, flood);
        }
        prop_assert_eq!(everywhere(&mut two, &delay), (0.0, None));
    }
}
