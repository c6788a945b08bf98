/// Values under numbers that are given again once they are free.
#[derive(Debug)]
pub(super) struct Slab<T> {
    slots: Vec<Option<Box<T>>>,
    free: Vec<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self {
            slots: vec![],
            free: vec![],
        }
    }
}

impl<T> Slab<T> {
    /// Boxed, so that the list grows without moving what it holds.
    pub(super) fn add(&mut self, value: T) -> u32 {
        let value = Some(Box::new(value));
        if let Some(number) = self.free.pop() {
            self.slots[number as usize] = value;
            return number;
        }
        self.slots.push(value);
        u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
    }

    pub(super) fn get(&self, number: u32) -> Option<&T> {
        self.slots.get(number as usize)?.as_deref()
    }

    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        self.slots.get_mut(number as usize)?.as_deref_mut()
    }

    pub(super) fn take(&mut self, number: u32) -> Option<Box<T>> {
        let taken = self.slots.get_mut(number as usize)?.take();
        if taken.is_some() {
            self.free.push(number);
        }
        taken
    }
}
