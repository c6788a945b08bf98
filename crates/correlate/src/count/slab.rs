//! Values at places that do not move, each under a small number.

/// Places made at once. A list of them grows without moving what it holds, and a place is found without looking up where it is.
const CHUNK: usize = 64;

/// See the module.
#[derive(Debug)]
pub(super) struct Slab<T> {
    chunks: Vec<Box<[Option<T>]>>,
    /// Places given out ever.
    len: usize,
    free: Vec<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self {
            chunks: vec![],
            len: 0,
            free: vec![],
        }
    }
}

impl<T> Slab<T> {
    pub(super) fn add(&mut self, value: T) -> u32 {
        let number = self.free.pop().unwrap_or_else(|| self.next());
        if let Some(place) = self.place(number) {
            *place = Some(value);
        }
        number
    }

    fn next(&mut self) -> u32 {
        if self.len == self.chunks.len() * CHUNK {
            self.chunks.push((0..CHUNK).map(|_| None).collect());
        }
        self.len += 1;
        u32::try_from(self.len - 1).unwrap_or(u32::MAX)
    }

    fn place(&mut self, number: u32) -> Option<&mut Option<T>> {
        let number = number as usize;
        self.chunks.get_mut(number / CHUNK)?.get_mut(number % CHUNK)
    }

    pub(super) fn get(&self, number: u32) -> Option<&T> {
        let number = number as usize;
        self.chunks.get(number / CHUNK)?.get(number % CHUNK)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        self.place(number)?.as_mut()
    }

    pub(super) fn take(&mut self, number: u32) -> Option<T> {
        let taken = self.place(number)?.take();
        if taken.is_some() {
            self.free.push(number);
        }
        taken
    }
}
