//! The budget of CPU slots that all targets share.
//!
//! A target holds as many slots as its `go build -p`, from before the step starts until it has ended, so the sum
//! over all running steps never exceeds the budget.

use std::sync::{Condvar, Mutex, PoisonError};

/// A fixed number of slots.
#[derive(Debug)]
pub struct SlotBudget {
    all: usize,
    free: Mutex<usize>,
    returned: Condvar,
}

/// Slots in use; they go back when this goes out of scope.
#[derive(Debug)]
pub struct Lease<'b> {
    budget: &'b SlotBudget,
    slots: usize,
}

impl SlotBudget {
    /// A budget of at least one slot.
    pub fn new(slots: usize) -> Self {
        SlotBudget { all: slots.max(1), free: Mutex::new(slots.max(1)), returned: Condvar::new() }
    }

    /// Waits until `slots` are free at once and takes them.
    pub fn take(&self, slots: usize) -> Lease<'_> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free =
            self.returned.wait_while(free, |free| *free < slots).unwrap_or_else(PoisonError::into_inner);
        *free -= slots;
        Lease { budget: self, slots }
    }
}

impl<'b> Lease<'b> {
    /// How many.
    pub fn slots(&self) -> usize {
        self.slots
    }

    /// Gives all but one back: what follows a build is work for one thread.
    pub fn shrink(&mut self) {
        self.give_back(self.slots - 1);
        self.slots = 1;
    }

    /// Waits until no other step runs, and keeps the others waiting.
    pub fn widen(&mut self, budget: &'b SlotBudget) {
        self.give_back(self.slots);
        self.slots = 0;
        let mut all = budget.take(budget.all);
        std::mem::swap(self, &mut all);
    }

    fn give_back(&self, slots: usize) {
        if slots > 0 {
            *self.budget.free.lock().unwrap_or_else(PoisonError::into_inner) += slots;
            self.budget.returned.notify_all();
        }
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        self.give_back(self.slots);
    }
}

/// How many slots each of `count` steps gets, in the order in which they start.
///
/// Steps run one per slot, which keeps every core busy where a single step would wait for its own longest
/// chain. What does not fill a round of `slots` steps goes first and wide, so that the last round is a full one
/// and no core idles behind a straggler.
pub fn waves(slots: usize, count: usize) -> Vec<usize> {
    let slots = slots.max(1);
    let first = count % slots;
    let wide = (0..first).map(|index| slots / first + usize::from(index < slots % first));
    wide.chain(std::iter::repeat_n(1, count - first)).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::{SlotBudget, waves};

    #[test]
    fn remainders_go_first_and_wide() {
        assert_eq!(waves(2, 4), [1, 1, 1, 1]);
        assert_eq!(waves(2, 3), [2, 1, 1]);
        assert_eq!(waves(2, 1), [2]);
        assert_eq!(waves(8, 3), [3, 3, 2]);
        assert_eq!(waves(8, 12), [2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1]);
        assert_eq!(waves(0, 2), [1, 1]);
        assert_eq!(waves(4, 0), Vec::<usize>::new());
        for slots in 1..20 {
            for count in 1..40 {
                assert!(waves(slots, count).iter().all(|share| (1..=slots).contains(share)));
            }
        }
    }

    #[test]
    fn the_sum_never_exceeds_the_budget() {
        let (budget, used, most) = (SlotBudget::new(5), AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for worker in 0..16 {
                let (budget, used, most) = (&budget, &used, &most);
                scope.spawn(move || {
                    for round in 0..50 {
                        let mut lease = budget.take(1 + (worker + round) % 5);
                        most.fetch_max(
                            used.fetch_add(lease.slots(), Ordering::SeqCst) + lease.slots(),
                            Ordering::SeqCst,
                        );
                        std::thread::yield_now();
                        used.fetch_sub(lease.slots() - 1, Ordering::SeqCst);
                        lease.shrink();
                        used.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert!((1..=5).contains(&most.load(Ordering::SeqCst)));
        assert_eq!(budget.take(5).slots(), 5);
    }
}
