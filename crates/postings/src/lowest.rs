//! The lowest of many numbers.

/// The lowest so many distinct numbers from one on. It holds at most four times as many.
#[derive(Debug)]
pub(crate) struct Lowest {
    from: u64,
    at_most: usize,
    held: Vec<u64>,
    /// Nothing above it is among the lowest any more.
    up_to: u64,
}

impl Lowest {
    pub(crate) fn new(from: u64, at_most: usize) -> Self {
        Self {
            from,
            at_most,
            held: Vec::new(),
            up_to: u64::MAX,
        }
    }

    pub(crate) fn from(&self) -> u64 {
        self.from
    }

    pub(crate) fn at_most(&self) -> usize {
        self.at_most
    }

    pub(crate) fn take(&mut self, number: u64) {
        if (self.from..=self.up_to).contains(&number) {
            self.held.push(number);
            if self.held.len() >= self.at_most.saturating_mul(4).max(64) {
                self.settle();
            }
        }
    }

    pub(crate) fn into_sorted(mut self) -> Vec<u64> {
        self.settle();
        self.held
    }

    fn settle(&mut self) {
        self.held.sort_unstable();
        self.held.dedup();
        if self.held.len() >= self.at_most {
            self.held.truncate(self.at_most);
            self.up_to = self.held.last().copied().unwrap_or(0);
        }
    }
}
