use super::*;

/// Instances on one log, in virtual time: every claim stands in the log at once, every beat is heard by all.
struct World {
    now: u64,
    all: Vec<Custody>,
    live: Vec<bool>,
}

impl World {
    fn of(names: &[&str]) -> Self {
        let custody = |(nonce, name): (usize, &&str)| Custody::new((*name).to_owned(), nonce as u64 + 1, 8, 0);
        let mut all: Vec<Custody> = names.iter().enumerate().map(custody).collect();
        all.iter_mut().for_each(Custody::make_ready);
        Self {
            now: 0,
            live: vec![true; all.len()],
            all,
        }
    }

    fn step(&mut self) {
        self.now += 250;
        let now = self.now;
        for speaker in 0..self.all.len() {
            if !self.live[speaker] {
                continue;
            }
            let beat = self.all[speaker].beat(|_, _| Some(Timestamp::ZERO));
            let claims = self.all[speaker].claims(now, |_| false);
            for (hearer, custody) in self.all.iter_mut().enumerate() {
                if self.live[hearer] {
                    custody.heard(beat.clone(), now);
                }
            }
            for claim in claims {
                for (hearer, custody) in self.all.iter_mut().enumerate() {
                    if self.live[hearer] {
                        custody.claimed(&claim);
                    }
                }
            }
        }
    }

    fn run(&mut self, ms: u64) {
        let until = self.now + ms;
        while self.now < until {
            self.step();
        }
    }

    fn owned(&self) -> Vec<usize> {
        let of = |custody: &Custody| (0..8).filter(|lot| custody.owned(*lot).is_some()).count();
        self.all.iter().map(of).collect()
    }
}

#[test]
fn one_instance_owns_everything_at_once() {
    let mut world = World::of(&["a"]);
    world.step();
    assert_eq!(world.owned(), [8]);
}

#[test]
fn the_work_is_shared_and_moves_when_one_goes() {
    let mut world = World::of(&["a", "b"]);
    world.live[1] = false;
    world.run(1_000);
    assert_eq!(world.owned(), [8, 0]);
    world.live[1] = true;
    for lot in 0..8 {
        // What the second one read of the log when it started.
        let epoch = world.all[0].owned(lot).unwrap();
        let (lots, instance) = (8, "a".to_owned());
        world.all[1].claimed(&Claim {
            lot,
            lots,
            instance,
            epoch,
        });
    }
    world.run(3_000);
    assert_eq!(world.owned(), [4, 4]);
    world.live[0] = false;
    world.run(SILENCE_MS + 500);
    assert_eq!(world.owned()[1], 8, "within two and a half seconds");
}

#[test]
fn a_third_takes_its_share_and_no_more_change_hands_than_must() {
    let mut world = World::of(&["a", "b", "c"]);
    world.run(5_000);
    assert_eq!(world.owned(), [3, 3, 2]);
    let before: Vec<_> = (0..8).map(|lot| world.all[0].owned(lot)).collect();
    world.run(10_000);
    let after: Vec<_> = (0..8).map(|lot| world.all[0].owned(lot)).collect();
    assert_eq!(before, after, "and then all is calm");
}

#[test]
fn of_two_claims_at_once_the_higher_epoch_stands_in_whatever_order() {
    let claim = |instance: &str, nonce: u64| Claim {
        lot: 0,
        lots: 8,
        instance: instance.to_owned(),
        epoch: (5 << NONCE_BITS) | nonce,
    };
    for (first, second, owner) in [(("a", 1), ("b", 2), "b"), (("b", 2), ("a", 1), "b")] {
        let mut custody = Custody::new("a".to_owned(), 1, 8, 0);
        custody.claimed(&claim(first.0, first.1));
        custody.claimed(&claim(second.0, second.1));
        assert_eq!(custody.owned(0).is_some(), owner == "a");
        assert!(
            !custody.admits(0, (5 << NONCE_BITS) | 1),
            "what the other writes is fenced"
        );
    }
}

#[test]
fn who_was_replaced_is_told_so_and_an_earlier_start_is_another() {
    let mut custody = Custody::new("a".to_owned(), 1, 8, 0);
    custody.make_ready();
    let mine = custody.claims(0, |_| false).remove(0);
    assert_eq!(custody.claimed(&mine), Some(Change::Gained(0, mine.epoch)));
    assert_eq!(custody.claimed(&mine), None, "made twice, it begins once");
    assert_eq!(custody.owned(0), Some(mine.epoch));
    let other = Claim {
        instance: "b".to_owned(),
        epoch: mine.epoch + (1 << NONCE_BITS),
        ..mine.clone()
    };
    assert_eq!(custody.claimed(&other), Some(Change::Lost(0)));
    assert_eq!(custody.claimed(&mine), None, "what comes late is fenced");
    let mut again = Custody::new("a".to_owned(), 9, 8, 0);
    assert_eq!(again.claimed(&mine), None);
    assert_eq!(again.owned(0), None, "it does not own what its earlier start owned");
}

#[test]
fn nobody_claims_before_it_is_ready_or_what_a_living_owner_may_hold() {
    let mut custody = Custody::new("a".to_owned(), 1, 8, 0);
    assert!(custody.claims(10_000, |_| false).is_empty());
    let mut late = Custody::new("b".to_owned(), 2, 8, 0);
    late.make_ready();
    for lot in 0..8 {
        let (lots, instance) = (8, "a".to_owned());
        late.claimed(&Claim {
            lot,
            lots,
            instance,
            epoch: 1 << NONCE_BITS,
        });
    }
    assert!(
        late.claims(SILENCE_MS - 1, |_| false).is_empty(),
        "it has not listened long enough"
    );
    assert_eq!(late.claims(SILENCE_MS, |_| false).len(), 8);
}
