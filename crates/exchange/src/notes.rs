//! What a submitter should know of a reading besides what was read and skipped.

/// Most notes on one reading; the last one then tells how many more there are.
pub const MAX_NOTES: usize = 100;

/// Notes for the submitter: each once, at most [`MAX_NOTES`].
#[derive(Debug, Default)]
pub(crate) struct Notes {
    list: Vec<String>,
    more: usize,
}

impl Notes {
    pub(crate) fn push(&mut self, note: String) {
        if self.list.contains(&note) {
            return;
        }
        if self.list.len() < MAX_NOTES - 1 {
            self.list.push(note);
        } else {
            self.more += 1;
        }
    }

    pub(crate) fn finish(mut self) -> Vec<String> {
        if self.more > 0 {
            self.list.push(format!("and {} more notes", self.more));
        }
        self.list
    }
}
