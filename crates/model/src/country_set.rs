use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Country;

const WORDS: usize = 4; // 249 codes, 64 a word

/// A set of countries as a bit set: union and membership cost a few instructions, whatever its size.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CountrySet([u64; WORDS]);

impl CountrySet {
    /// No country.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn insert(&mut self, country: Country) {
        let (word, bit) = place(country);
        self.0[word] |= bit;
    }

    /// Whether it is in.
    #[must_use]
    pub fn contains(&self, country: Country) -> bool {
        let (word, bit) = place(country);
        self.0[word] & bit != 0
    }

    /// Adds all of another.
    pub fn extend_from(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine |= theirs;
        }
    }

    /// Whether all of it is in `other`.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        self.0.iter().zip(other.0).all(|(mine, theirs)| mine & !theirs == 0)
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0 == [0; WORDS]
    }

    /// In alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = Country> + '_ {
        self.0.iter().enumerate().flat_map(|(word, bits)| {
            let bits = std::iter::successors(Some(*bits), |bits| Some(bits & bits.wrapping_sub(1)));
            bits.take_while(|bits| *bits != 0)
                .filter_map(move |bits| Country::of_index(word * 64 + bits.trailing_zeros() as usize))
        })
    }
}

fn place(country: Country) -> (usize, u64) {
    let index = usize::from(country.index());
    (index / 64, 1 << (index % 64))
}

impl FromIterator<Country> for CountrySet {
    fn from_iter<I: IntoIterator<Item = Country>>(countries: I) -> Self {
        let mut set = Self::new();
        countries.into_iter().for_each(|country| set.insert(country));
        set
    }
}

impl fmt::Debug for CountrySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.iter().map(|c| c.as_str().to_owned()))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_a_sorted_set() {
        let of = |codes: &[&str]| codes.iter().map(|c| Country::parse(c).unwrap()).collect::<CountrySet>();
        let mut set = of(&["SE", "AT", "ZW", "AT"]);
        assert_eq!(
            set.iter().map(|c| c.as_str().to_owned()).collect::<Vec<_>>(),
            ["AT", "SE", "ZW"]
        );
        assert!(of(&["AT"]).is_subset(&set) && !of(&["DE"]).is_subset(&set));
        set.extend_from(&of(&["DE"]));
        assert_eq!(set.len(), 4);
        assert!(CountrySet::new().is_empty());
    }
}
